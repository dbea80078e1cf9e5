"""Films made on the spot, and servers that behave like cameras, all on the loopback."""

import itertools
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame

from benchmarks.faults.camera import RtspCamera, missing_gstreamer
from tests.receiver import free_port

Film = Callable[..., Path]


def level(number: int) -> int:
    """Grey level that tells the pictures of a film apart, modulo 50; tests read it back."""
    return 20 + 4 * (number % 50)


def write_film(  # noqa: PLR0913  (what the tests vary)
    path: Path,
    times_s: Sequence[float],
    *,
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264",
    b_frames: int = 0,
    muxing: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    mark_top_left: bool = False,
    interlaced: bool = False,
) -> Path:
    """Write grey pictures shown at ``times_s``; ``muxing`` are the container's options."""
    if muxing is None:
        muxing = {"movflags": "+faststart"} if path.suffix == ".mp4" else {}
    settings = {"g": "10", "bf": str(b_frames)}
    if codec == "libx264":
        settings |= {"preset": "ultrafast", "crf": "5"}
        settings |= {"x264-params": "aud=1:threads=1:slices=1:b-adapt=0"}
    muxer = {".h264": "h264", ".m3u8": "hls"}.get(path.suffix)
    with av.open(str(path), "w", format=muxer, options=muxing) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=25, options=settings)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        if interlaced:
            stream.codec_context.flags |= 1 << 18 | 1 << 29  # interlaced DCT and motion estimation
        if codec == "libx264" and path.suffix != ".avi":  # AVI knows even rates only
            stream.codec_context.time_base = Fraction(1, 1000)
        for number, at_s in enumerate(times_s):
            image = np.full((size[1], size[0], 3), level(number), np.uint8)
            if mark_top_left:
                image[:16, :16] = 250
            picture = VideoFrame.from_ndarray(image, format="bgr24")
            picture.pts, picture.time_base = round(at_s * 1000), Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.fixture
def film(tmp_path: Path) -> Film:
    """Write a film of ``count`` pictures at 25 a second, or at the times given."""

    def make(name: str, count: int = 50, times_s: Sequence[float] = (), **settings: object) -> Path:
        times_s = list(times_s) or [number / 25 for number in range(count)]
        return write_film(tmp_path / name, times_s, **settings)

    return make


@pytest.fixture
def rtsp_camera(film: Film) -> Iterator[Callable[..., RtspCamera]]:
    """Start RTSP cameras that play a film of 100 pictures again and again."""
    if missing := missing_gstreamer():
        pytest.skip(f"needs gst-rtsp-server and its GObject bindings: {missing}")
    cameras: list[RtspCamera] = []

    def start(login: str = "", certificate: Path | None = None) -> RtspCamera:
        clip = film("camera.h264", 100)
        cameras.append(RtspCamera(clip, login=login, certificate=certificate))
        cameras[-1].start()
        return cameras[-1]

    yield start
    for camera in cameras:
        camera.kill()


@dataclass
class HttpCamera:
    """An HTTP server with the faces of a camera, and the port where it listens."""

    server: ThreadingHTTPServer
    scheme: str = "http"

    def url(self, path: str, login: str = "") -> str:
        host = f"{login}{'@' if login else ''}127.0.0.1:{self.server.server_port}"
        return f"{self.scheme}://{host}/{path}"


class CameraHandler(BaseHTTPRequestHandler):
    """``/<status>`` refuses, ``/cam.mjpg`` never ends, ``/live.m3u8`` slides; else files."""

    folder: Path
    began_s: float
    stopping: threading.Event

    def do_GET(self) -> None:
        name = self.path.strip("/")
        if name.isdigit():
            self.send_error(int(name))
        elif name == "cam.mjpg":
            self.send_mjpeg()
        elif name == "live.m3u8":
            self.send(self.window().encode())
        elif (self.folder / name).is_file():
            self.send((self.folder / name).read_bytes())
        else:
            self.send_error(404)

    def send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_mjpeg(self) -> None:
        """Send 20 pictures a second until the client leaves or the server stops."""
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for number in itertools.count():
            jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), level(number), np.uint8))[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            try:
                self.wfile.write(head.encode() + jpeg + b"\r\n")
            except OSError:
                return
            if self.stopping.wait(0.05):
                return

    def window(self) -> str:
        """Give the playlist of a camera that has been running since the server began."""
        segments = sorted(self.folder.glob("seg*.ts"))
        newest = int(time.monotonic() - self.began_s) + 3
        lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:1"]
        lines.append(f"#EXT-X-MEDIA-SEQUENCE:{newest - 2}")
        for number in range(newest - 2, newest + 1):
            lines += ["#EXTINF:1.0,", segments[number % len(segments)].name]
        return "\n".join([*lines, ""])

    def log_message(self, *_: object) -> None:
        """Keep the tests' output clean."""


@pytest.fixture
def http_camera(tmp_path: Path) -> Iterator[HttpCamera]:
    """Serve the files of ``tmp_path``, an MJPEG camera, a live playlist, and refusals."""
    stopping = threading.Event()
    facts = {"folder": tmp_path, "began_s": time.monotonic(), "stopping": stopping}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (CameraHandler,), facts))
    server.daemon_threads = False  # joined at the end: OpenCV aborts a process that ends meanwhile
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield HttpCamera(server)
    stopping.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """Give a folder with certificates for 127.0.0.1 that signed themselves, keys beside them.

    ``own.pem`` and ``other.pem``, and ``server.pem``: the first with its key.
    """
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make certificates")
    folder = tmp_path / "certificates"
    folder.mkdir()
    for name in ("other", "own"):
        make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        make += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
        make += ["-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"]
        subprocess.run(make, check=True, capture_output=True)
    both = [folder / "own.pem", folder / "own.key"]
    (folder / "server.pem").write_bytes(b"".join(path.read_bytes() for path in both))
    return folder


@pytest.fixture
def https_camera(http_camera: HttpCamera, certificates: Path) -> HttpCamera:
    """The same server behind the certificate ``own.pem``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem")
    http_camera.scheme = "https"
    http_camera.server.socket = context.wrap_socket(
        http_camera.server.socket, server_side=True, do_handshake_on_connect=False
    )
    return http_camera


@pytest.fixture
def mute_port() -> Iterator[int]:
    """A port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        yield int(listener.getsockname()[1])


@pytest.fixture
def unused_port() -> int:
    """A port where nobody listens."""
    return free_port()
