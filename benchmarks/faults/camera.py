"""An RTSP camera in a process of its own, which can be told to misbehave."""

import functools
import random
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

RTSP_SERVER = Path(__file__).with_name("rtsp_server.py")
SYSTEM_PYTHON = "/usr/bin/python3"  # Debian's GObject bindings live there


def quiet_port() -> int:
    """Find a port below those that connections are given, and so free while the camera is dead."""
    while True:
        port = random.randrange(15_000, 32_000)  # noqa: S311  (any will do)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


@functools.cache
def missing_gstreamer() -> str:
    """Why no RTSP server can be run here; "" if one can."""
    ask = (
        "import gi; gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0');"
        "from gi.repository import Gst, GstRtspServer; Gst.init(None);"
        "parts = [Gst.ElementFactory.find(n) for n in ('appsrc', 'h264parse', 'rtph264pay')];"
        "assert all(parts), 'plug-ins good and bad'"
    )
    try:
        done = subprocess.run(
            [SYSTEM_PYTHON, "-c", ask], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return f"no {SYSTEM_PYTHON}"
    return done.stderr.strip().rpartition("\n")[2] if done.returncode else ""


@dataclass
class RtspCamera:
    """A GStreamer RTSP server; it keeps its port when it is killed and started again.

    Attributes:
        clip: H.264 elementary stream with access unit delimiters.
        fps: pictures a second it sends.
        login: ``USER:PASSWORD`` it asks for, by digest; "" lets everybody in.
        mount: path where the stream is.
        certificate: PEM file with a certificate and its key, with which it speaks TLS.
    """

    clip: Path
    port: int = field(default_factory=quiet_port)
    login: str = ""
    fps: int = 25
    mount: str = "/cam"
    certificate: Path | None = None
    process: subprocess.Popen[str] | None = None

    def url(self, login: str = "", path: str = "/cam") -> str:
        """Give the address for somebody who knows ``login``."""
        scheme = "rtsps" if self.certificate else "rtsp"
        return f"{scheme}://{login}{'@' if login else ''}127.0.0.1:{self.port}{path}"

    def start(self) -> None:
        """Start it and wait until it listens; raises RuntimeError if it does not."""
        command = [SYSTEM_PYTHON, str(RTSP_SERVER), str(self.port), str(self.clip)]
        command += ["--fps", str(self.fps), "--login", self.login, "--mount", self.mount]
        if self.certificate:
            command += ["--certificate", str(self.certificate)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if self.process.stdout is None or self.process.stdout.readline() != "READY\n":
            self.kill()
            raise RuntimeError(f"the RTSP server did not start on port {self.port}")

    def tell(self, order: str) -> None:
        """Give an order; ``rtsp_server.py`` lists them."""
        if self.process is None or self.process.stdin is None:
            raise RuntimeError(f"no camera on port {self.port} to tell: {order}")
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()

    def suspend(self) -> None:
        """Stop its process: connections stay, nothing is answered."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a suspended process go on."""
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None
