"""A headless browser, driven by the W3C WebDriver protocol: plain HTTP, no package needed."""

import base64
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The key of element references, fixed by the standard."""


class Browser:
    """One window."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self._client = client
        self._session = session

    def ask(self, method: str, path: str, **body: Any) -> Any:
        answer = self._client.request(
            method, f"/session/{self._session}{path}", json=body if method == "POST" else None
        )
        assert answer.is_success, answer.text
        return answer.json()["value"]

    def open(self, url: str) -> None:
        self.ask("POST", "/url", url=url)

    def script(self, code: str) -> Any:
        return self.ask("POST", "/execute/sync", script=code, args=[])

    def text(self, css: str = "body") -> str:
        return str(self.script(f"return document.querySelector({css!r})?.innerText ?? ''"))

    def find(self, css: str) -> str:
        found = self.ask("POST", "/element", using="css selector", value=css)
        return str(found[ELEMENT])

    def click(self, css: str) -> None:
        self.ask("POST", f"/element/{self.find(css)}/click")

    def type(self, css: str, text: str) -> None:
        self.ask("POST", f"/element/{self.find(css)}/value", text=text)

    def errors(self) -> list[str]:
        """What the page's scripts complained about, and what its policy forbade."""
        entries = self.ask("POST", "/se/log", type="browser")
        return [entry["message"] for entry in entries if entry["level"] == "SEVERE"]

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.ask("GET", "/screenshot")))

    def wait(self, code: str, timeout_s: float = 30) -> None:
        """Wait until a JavaScript expression is true."""
        deadline = time.monotonic() + timeout_s
        while not self.script(f"return Boolean({code})"):
            assert time.monotonic() < deadline, f"never true: {code}\n{self.text()}"
            time.sleep(0.1)


@contextmanager
def browsing(profile: Path, width: int = 1600, height: int = 1000) -> Iterator[Browser]:
    """Start a browser whose window has the given size."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    driver = subprocess.Popen(
        [str(DRIVER), f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _wait_until_ready(client)
            arguments = [
                *ARGUMENTS,
                f"--window-size={width},{height}",
                f"--user-data-dir={profile}",
            ]
            options = {"binary": BROWSER, "args": arguments}
            wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            answer = client.post("/session", json={"capabilities": {"alwaysMatch": wanted}})
            assert answer.is_success, answer.text
            session = answer.json()["value"]["sessionId"]
            try:
                yield Browser(client, session)
            finally:
                client.delete(f"/session/{session}")
    finally:
        driver.terminate()
        driver.wait(20)


def _wait_until_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            if client.get("/status").json()["value"]["ready"]:
                return
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the driver does not answer"
            time.sleep(0.1)
