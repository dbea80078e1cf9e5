"""An incident system for tests: a process of its own that verifies and writes down what it gets.

``python tests/receiver.py PORT RECORD SECRET`` answers every POST with 204 unless told otherwise by
a POST of JSON to ``/control``: ``{"next": [answer, …], "always": answer}``, an answer being
``{"status": 500, "headers": {}, "delay_s": 0, "body": ""}``.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import urllib.request
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from standardwebhooks import Webhook, WebhookVerificationError

TAKEN = {"status": 204}
CONTROL = "/control"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    record: Path
    webhook: Webhook
    lock = threading.Lock()
    following: ClassVar[deque[dict[str, Any]]] = deque()
    always: ClassVar[dict[str, Any]] = TAKEN

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if len(body) < int(self.headers["content-length"]):  # the sender was killed
            self.close_connection = True
            return
        if self.path == CONTROL:
            self._control(json.loads(body))
            answer = TAKEN
        else:
            with self.lock:
                answer = self.following.popleft() if self.following else self.always
            time.sleep(answer.get("delay_s", 0))
            self._write_down(body, answer["status"])
        content = answer.get("body", "").encode()
        self.send_response(answer["status"])
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _control(self, wish: dict[str, Any]) -> None:
        with self.lock:
            type(self).following = deque(wish.get("next", []))
            type(self).always = wish.get("always", TAKEN)

    def _write_down(self, body: bytes, status: int) -> None:
        try:
            self.webhook.verify(body, dict(self.headers.items()))
            verified = True
        except WebhookVerificationError:
            verified = False
        event = json.loads(body)
        entry = {
            "id": self.headers["webhook-id"],
            "event_id": event["id"],
            "seq": int(event["sequence"]),
            "incident": event["correlationid"],
            "verified": verified,
            "status": status,
            "at": time.time(),
            "timestamp": int(self.headers["webhook-timestamp"]),
            "signatures": len(self.headers["webhook-signature"].split()),
            "type": self.headers["content-type"],
            "host": self.headers["host"],
            "authorization": self.headers.get("authorization", ""),
            "body": body.decode(),
        }
        with self.lock, self.record.open("a") as record:
            record.write(json.dumps(entry) + "\n")
            record.flush()
            os.fsync(record.fileno())

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Say nothing of senders that were killed, but fail on any other error."""
        if not isinstance(sys.exception(), ConnectionError):
            traceback.print_exc()
            os._exit(1)


class Receiver:
    """Starts, tells, asks and kills the process."""

    def __init__(self, record: Path, secret: str) -> None:
        self.record = record
        self.secret = secret
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it listens."""
        arguments = [str(self.port), str(self.record), self.secret]
        self._process = subprocess.Popen([sys.executable, __file__, *arguments])
        deadline_s = time.monotonic() + 20
        while time.monotonic() < deadline_s:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise TimeoutError("the receiver did not start")

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def tell(self, **wish: object) -> None:
        """Set what it answers next, and always."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{CONTROL}", json.dumps(wish).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310
            pass

    def requests(self) -> list[dict[str, Any]]:
        """Give all it was sent, in order of arrival."""
        lines = self.record.read_text().splitlines() if self.record.exists() else []
        return [json.loads(line) for line in lines]

    def taken(self) -> list[int]:
        """Give the numbers of the events it took, in order of arrival."""
        return [entry["seq"] for entry in self.requests() if 200 <= entry["status"] < 300]


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main(port: str, record: str, secret: str) -> None:
    """Serve until killed."""
    _Handler.record, _Handler.webhook = Path(record), Webhook(secret)
    _Server(("127.0.0.1", int(port)), _Handler).serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
