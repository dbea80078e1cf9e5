"""An RTSP camera on the loopback: PORT CLIP.h264 [USER:PASSWORD]; orders come as lines on stdin.

Runs under the system's Python, which has the GObject bindings of gst-rtsp-server. The clip's access
units are sent as they are, 25 a second, again and again, with ever rising timestamps.
"""

import sys
import threading
import time
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

FPS = 25
DELIMITER = b"\x00\x00\x00\x01\x09"
PIPELINE = (
    "( appsrc name=camera is-live=true format=time "
    "caps=video/x-h264,stream-format=byte-stream,alignment=au "
    "! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)


def access_units(clip: str) -> list[bytes]:
    """Split an Annex B stream at its access unit delimiters."""
    return [DELIMITER + unit for unit in Path(clip).read_bytes().split(DELIMITER)[1:]]


class Camera(GstRtspServer.RTSPMediaFactory):
    """Sends the units of the clip to whoever is connected."""

    def __init__(self, clip: str) -> None:
        super().__init__()
        self.units = access_units(clip)
        self.frozen = False
        self.set_shared(True)

    def do_create_element(self, _url: object) -> object:
        """Build the pipeline of a new session."""
        return Gst.parse_launch(PIPELINE)

    def do_configure(self, media: object) -> None:
        """Begin to send."""
        source, over = media.get_element().get_by_name("camera"), threading.Event()
        media.connect("unprepared", lambda _media: over.set())
        threading.Thread(target=self.send, args=(source, over), daemon=True).start()

    def send(self, source: object, over: threading.Event) -> None:
        """Push one unit every 40 ms."""
        began_s, number = time.monotonic(), 0
        while not over.wait(max(0.0, began_s + number / FPS - time.monotonic())):
            units = self.units
            buffer = Gst.Buffer.new_wrapped(units[number % len(units)])
            buffer.pts = buffer.dts = number * Gst.SECOND // FPS
            buffer.duration = Gst.SECOND // FPS
            number += 1
            if not self.frozen and source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return

    def obey(self) -> None:
        """Take orders until stdin is closed: "freeze", "go on", or the path of another clip."""
        for line in sys.stdin:
            order = line.strip()
            if order in ("freeze", "go on"):
                self.frozen = order == "freeze"
            else:
                self.units = access_units(order)


def protect(server: object, camera: object, login: str) -> None:
    """Let nobody in but the one user, by digest."""
    user, _, password = login.partition(":")
    permissions = GstRtspServer.RTSPPermissions()
    for right in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role("user", right, True)  # noqa: FBT003  (GStreamer's)
    camera.set_permissions(permissions)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    guard = GstRtspServer.RTSPAuth()
    guard.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    guard.add_digest(user, password, token)
    server.set_auth(guard)


def main(port: str, clip: str, login: str = "") -> None:
    """Serve until killed."""
    Gst.init(None)
    server, camera = GstRtspServer.RTSPServer(), Camera(clip)
    server.set_address("127.0.0.1")
    server.set_service(port)
    server.get_mount_points().add_factory("/cam", camera)
    if login:
        protect(server, camera, login)
    if not server.attach(None):
        raise SystemExit(f"cannot listen on port {port}")
    GLib.timeout_add_seconds(2, lambda: (server.get_session_pool().cleanup(), True)[1])
    threading.Thread(target=camera.obey, daemon=True).start()
    print("READY", flush=True)  # noqa: T201  (the tests wait for it)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
