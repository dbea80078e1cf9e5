"""A camera that does not answer, then does: what the running service says about it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from detector.config import load_config
from detector.events import EventData
from detector.service import Service
from detector.store import EventQuery
from tests.receiver import free_port
from tests.site_folder import make_config, write

OFFLINE_AFTER_S = 2.0
SCENE = np.random.default_rng(7).integers(0, 255, (18, 32, 3), np.uint8)


class _Camera(BaseHTTPRequestHandler):
    """Sends a still scene with a sensor's noise, ten pictures a second, until it is to stop."""

    stopping: threading.Event

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
        self.end_headers()
        noise = np.random.default_rng(1)
        scene = cv2.resize(SCENE, (640, 360), interpolation=cv2.INTER_NEAREST).astype(np.int16)
        while not self.stopping.wait(0.1):
            noisy = np.clip(scene + noise.integers(-9, 10, scene.shape), 0, 255).astype(np.uint8)
            jpeg = cv2.imencode(".jpg", noisy)[1].tobytes()
            head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            try:
                self.wfile.write(head.encode() + jpeg + b"\r\n")
            except OSError:
                return

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def camera_at(port: int) -> Iterator[None]:
    stopping = threading.Event()
    handler = type("Camera", (_Camera,), {"stopping": stopping})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = False  # joined at the end: OpenCV aborts a process that ends meanwhile
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def site(folder: Path, port: int, record_at: str | None = None, **of_input: Any) -> Path:
    inputs = [{"path": f"http://127.0.0.1:{port}/video.mjpg"} | of_input]
    if record_at:
        inputs.append({"path": record_at, "roles": ["record"]})
    given: dict[str, Any] = {
        "ffmpeg": {"inputs": inputs},
        "integrity": {"offline": {"after_s": OFFLINE_AFTER_S}},
        "reconnect": {"first_s": 0.5, "cap_s": 1.0},
    }
    return write(folder, make_config(folder, cameras={"north": given}))


def said(service: Service) -> list[EventData]:
    return [e.event().data for e in service.store.events(EventQuery(limit=100))]


def until(condition: Callable[[], object], patience_s: float) -> None:
    deadline_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come true in time"
        time.sleep(0.05)


def test_a_dead_camera_is_said_once_over_a_restart_and_is_restored_when_it_comes(
    tmp_path: Path,
) -> None:
    port = free_port()
    loaded = load_config(site(tmp_path, port))
    with Service(loaded) as service:
        until(lambda: said(service), OFFLINE_AFTER_S + 2)
        (first,) = said(service)
        assert (first.rule, first.phase, first.object_class) == ("camera_offline", "new", "camera")
    with Service(loaded) as service:
        time.sleep(OFFLINE_AFTER_S + 2)
        assert {d.incident_id for d in said(service)} == {first.incident_id}
        assert [d.phase for d in said(service)].count("new") == 1, "a restart does not double it"
        assert "end" not in [d.phase for d in said(service)], "stopping is not restoring"
        with camera_at(port):
            until(lambda: said(service)[-1].phase == "end", 30)
            last = said(service)[-1]
            assert (last.incident_id, last.outcome) == (first.incident_id, "restored")
            time.sleep(4)
            assert said(service)[-1] == last, "a camera that is well is no event"
