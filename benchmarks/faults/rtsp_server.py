"""An RTSP camera on the loopback that fails on demand: orders come as lines on stdin.

    rtsp_server.py PORT CLIP.h264 [--fps 25] [--login USER:PASSWORD] [--certificate PEM]
                   [--mount /cam]

Runs under the system's Python, which has the GObject bindings of gst-rtsp-server. The clip's access
units are sent as they are, again and again, with ever rising timestamps. Orders:

    go on           all is well again
    freeze          the session stays, nothing is sent
    same            the key frame sent last is sent again and again
    no keyframes    key frames are left out
    corrupt         one byte in 300 of each access unit is overwritten
    loss 0.02       this share of the RTP packets is never sent
    CLIP.h264       that clip is sent from now on
"""

import argparse
import os
import random
import sys
import threading
import time
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

DELIMITER = b"\x00\x00\x00\x01\x09"
KEY_SLICE = b"\x00\x00\x01\x65"
HEADER = 60  # bytes of an access unit that corruption spares: delimiter, parameter sets
DEFECTS = ("freeze", "same", "no keyframes", "corrupt")
PIPELINE = (
    "( appsrc name=camera is-live=true format=time "
    "caps=video/x-h264,stream-format=byte-stream,alignment=au "
    "! h264parse ! rtph264pay pt=96 config-interval=-1 "
    "! identity name=pay0 )"  # the last element before the network: it can lose packets
)


def access_units(clip: str) -> list[bytes]:
    """Split an Annex B stream at its access unit delimiters."""
    return [DELIMITER + unit for unit in Path(clip).read_bytes().split(DELIMITER)[1:]]


def damaged(unit: bytes, dice: random.Random) -> bytes:
    """Overwrite one byte in 300 behind the headers."""
    spoilt = bytearray(unit)
    first = min(HEADER, len(spoilt) - 1)
    for _ in range(max(1, len(spoilt) // 300)):
        spoilt[dice.randrange(first, len(spoilt))] = dice.randrange(256)
    return bytes(spoilt)


class Camera(GstRtspServer.RTSPMediaFactory):
    """Sends the units of the clip to whoever is connected."""

    def __init__(self, clip: str, fps: int) -> None:
        super().__init__()
        self.units = access_units(clip)
        self.fps = fps
        self.defect = ""
        self.loss = 0.0
        self.network: object = None  # the element that loses packets, once there is a session
        self.dice = random.Random(7)  # noqa: S311  (which bytes are spoilt)
        self.set_shared(True)

    def do_create_element(self, _url: object) -> object:
        """Build the pipeline of a new session."""
        return Gst.parse_launch(PIPELINE)

    def do_configure(self, media: object) -> None:
        """Begin to send."""
        source, over = media.get_element().get_by_name("camera"), threading.Event()
        self.network = media.get_element().get_by_name("pay0")
        self.network.set_property("drop-probability", self.loss)
        media.connect("unprepared", lambda _media: over.set())
        threading.Thread(target=self.send, args=(source, over), daemon=True).start()

    def send(self, source: object, over: threading.Event) -> None:
        """Push one unit at a time, evenly."""
        began_s, number, key = time.monotonic(), 0, b""
        while not over.wait(max(0.0, began_s + number / self.fps - time.monotonic())):
            units = self.units
            unit = units[number % len(units)]
            if KEY_SLICE in unit and self.defect != "same":
                key = unit
            stamp, number = number * Gst.SECOND // self.fps, number + 1
            unit = self.spoil(unit, key)
            if not unit:
                continue
            buffer = Gst.Buffer.new_wrapped(unit)
            buffer.pts = buffer.dts = stamp
            buffer.duration = Gst.SECOND // self.fps
            if source.emit("push-buffer", buffer) != Gst.FlowReturn.OK:
                return

    def spoil(self, unit: bytes, key: bytes) -> bytes:
        """Give what the present defect makes of a unit; nothing is sent where that is empty."""
        if self.defect == "freeze" or (self.defect == "no keyframes" and KEY_SLICE in unit):
            return b""
        if self.defect == "same":
            return key
        return damaged(unit, self.dice) if self.defect == "corrupt" else unit

    def obey(self) -> None:
        """Take orders until stdin is closed, and end with it."""
        for line in sys.stdin:
            order = line.strip()
            if order == "go on" or order.startswith("loss "):
                self.defect = ""
                self.lose(float(order.removeprefix("loss ")) if order != "go on" else 0.0)
            elif order in DEFECTS:
                self.defect = order
            else:
                self.units = access_units(order)
        os._exit(0)

    def lose(self, share: float) -> None:
        """Let this share of the packets never arrive."""
        self.loss = share
        if self.network is not None:
            self.network.set_property("drop-probability", share)


def guard_of(camera: object, login: str, certificate: str) -> object:
    """Let the one user in, by digest, or everybody; over TLS where there is a certificate."""
    permissions = GstRtspServer.RTSPPermissions()
    for right in ("media.factory.access", "media.factory.construct"):
        permissions.add_permission_for_role("user", right, True)  # noqa: FBT003  (GStreamer's)
    camera.set_permissions(permissions)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "user")
    guard = GstRtspServer.RTSPAuth()
    if login:
        user, _, password = login.partition(":")
        guard.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        guard.add_digest(user, password, token)
    else:
        guard.set_default_token(token)
    if certificate:
        guard.set_tls_certificate(Gio.TlsCertificate.new_from_file(certificate))
    return guard


def main() -> None:
    """Serve until killed, or until whoever started it has ended."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("port")
    parser.add_argument("clip")
    parser.add_argument("--fps", type=int, default=25)
    parser.add_argument("--login", default="")
    parser.add_argument("--certificate", default="", help="PEM file with its key: speaks TLS")
    parser.add_argument("--mount", default="/cam")
    given = parser.parse_args()
    Gst.init(None)
    server, camera = GstRtspServer.RTSPServer(), Camera(given.clip, given.fps)
    server.set_address("127.0.0.1")
    server.set_service(given.port)
    server.get_mount_points().add_factory(given.mount, camera)
    server.set_auth(guard_of(camera, given.login, given.certificate))
    if not server.attach(None):
        raise SystemExit(f"cannot listen on port {given.port}")
    GLib.timeout_add_seconds(2, lambda: (server.get_session_pool().cleanup(), True)[1])
    threading.Thread(target=camera.obey, daemon=True).start()
    print("READY", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
