import asyncio
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from detector.delivery import Answer, Delivery, DeliveryState, Outcome
from detector.sinks.webhook import WebhookSettings, WebhookSink
from tests.happenings import START, make_event
from tests.rig import KEY, SECRET


class Quiet(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.hosts.append(self.headers["host"])  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[list[str]]:
    hosts: list[str] = []
    server.hosts = hosts  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hosts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class SixServer(ThreadingHTTPServer):
    address_family = socket.AF_INET6


def post(url: str, monkeypatch: pytest.MonkeyPatch, **more: object) -> Outcome:
    monkeypatch.setenv(KEY, SECRET)
    given = {"url": url, "secrets": [{"env": KEY}], "timeout_s": 10}
    sink = WebhookSink("hook", WebhookSettings.model_validate(given | more))
    event = make_event().committed(1, START)
    delivery = Delivery(
        id=1,
        sink="hook",
        seq=1,
        event_id=event.id,
        incident_id=event.correlationid,
        state=DeliveryState.PENDING,
        attempts=0,
        queued_at=START,
        due_at=START,
        body=event.to_json(),
    )

    async def attempt() -> Outcome:
        await sink.start()
        try:
            return await sink.send(delivery)
        finally:
            await sink.close()

    return asyncio.run(attempt())


def test_an_ipv6_receiver_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        server = SixServer(("::1", 0), Quiet)
    except OSError:
        pytest.skip("no IPv6 on this machine")
    with serving(server) as hosts:
        port = server.server_address[1]
        assert post(f"http://[::1]:{port}/", monkeypatch).answer is Answer.ACCEPTED
    assert hosts == [f"[::1]:{port}"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate")
def test_certificates_are_verified_against_the_name_though_the_address_is_pinned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    make = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate]
    subprocess.run(["openssl", *make.split(), *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  (handshakes will fail)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    port = server.server_address[1]
    with serving(server) as hosts:
        by_name = post(f"https://localhost:{port}/", monkeypatch, ca_file=certificate)
        by_address = post(f"https://127.0.0.1:{port}/", monkeypatch, ca_file=certificate)
        unknown = post(f"https://localhost:{port}/", monkeypatch)
    assert by_name.answer is Answer.ACCEPTED
    assert hosts == [f"localhost:{port}"]
    for refused in (by_address, unknown):
        assert refused.answer is Answer.UNREACHED
        assert "CERTIFICATE_VERIFY_FAILED" in refused.detail


def test_a_large_event_stays_below_the_limit_of_standard_webhooks() -> None:
    crowd = make_event(track_ids=tuple(range(100_000, 100_500)), count=500)
    assert len(crowd.committed(1, START).to_json().encode()) < 20_000
