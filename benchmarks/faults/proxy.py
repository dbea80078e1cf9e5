"""Stands between service and camera and moves the camera's clock: its RTCP sender reports.

RTSP over TCP only: RTP and RTCP are interleaved with the answers there (RFC 2326, 10.12).
"""

import contextlib
import socket
import socketserver
import struct
import threading
from typing import BinaryIO

SENDER_REPORT = 200  # RFC 3550, 6.4.1


class ClockProxy:
    """A relay to a port of this machine; ``shift_s`` is added to every sender report's NTP time."""

    def __init__(self, upstream_port: int) -> None:
        self.shift_s = 0
        self._upstream = ("127.0.0.1", upstream_port)
        relay = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError, EOFError):
                    relay.serve(self.request)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._server.shutdown()
        self._server.server_close()

    def serve(self, client: socket.socket) -> None:
        """Relay one connection until either side ends it."""
        with socket.create_connection(self._upstream) as upstream:
            threading.Thread(target=_copy, args=(client, upstream), daemon=True).start()
            with upstream.makefile("rb") as answers:
                while True:
                    client.sendall(self.shifted(_message(answers)))

    def shifted(self, message: bytes) -> bytes:
        """Give the message with its time moved, where it is a sender report."""
        is_report = message[:1] == b"$" and message[1] % 2 == 1 and message[5] == SENDER_REPORT
        if not is_report or len(message) < 4 + 28:
            return message
        moved = bytearray(message)
        (seconds,) = struct.unpack_from(">I", moved, 4 + 8)
        struct.pack_into(">I", moved, 4 + 8, (seconds + self.shift_s) & 0xFFFFFFFF)
        return bytes(moved)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def _message(stream: BinaryIO) -> bytes:
    """Read one interleaved packet, or one RTSP message with its body, else raise EOFError."""
    first = stream.read(1)
    if not first:
        raise EOFError
    if first == b"$":
        head = stream.read(3)
        return first + head + stream.read(struct.unpack(">BH", head)[1])
    text, length = first, 0
    while not text.endswith(b"\r\n\r\n"):
        line = stream.readline()
        if not line:
            raise EOFError
        text += line
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return text + stream.read(length)
