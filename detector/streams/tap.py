"""Keeps a stream's packets as they came, for evidence, beside whoever decodes them."""

import io
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import av.error
from av.video.stream import VideoStream

from detector.streams.camera_clock import CameraClock
from detector.streams.frame_numbers import KeyFrameParts
from detector.streams.packets import BEGINNINGS, START_CODE, Coding, Packet, PacketTaker

if TYPE_CHECKING:  # generic for the type checker only
    from av.packet import Packet as AvPacket

_DEFAULT_BASE = Fraction(1, 90_000)


def read_clock(
    clock: CameraClock,
    packet: "AvPacket[VideoStream]",
    raw_s: float,
    arrived: tuple[float, float],
) -> None:
    """Let ``clock`` see the camera's UTC, which FFmpeg hands on from the RTCP sender report.

    ``arrived``: UTC epoch and monotonic seconds of this machine.
    """
    if packet.has_sidedata("prft"):
        utc_us = int.from_bytes(bytes(packet.get_sidedata("prft"))[:8], "little", signed=True)
        clock.observe(utc_us / 1e6, raw_s, *arrived)


def coding_of(stream: VideoStream, quarters: int = 0) -> Coding:
    """Say what a decoder must know of ``stream``, as it declares itself; ``quarters``: its turn."""
    context = stream.codec_context
    return Coding(
        context.codec.canonical_name,
        context.width,
        context.height,
        bytes(context.extradata or b""),
        stream.time_base or _DEFAULT_BASE,
        quarters,
    )


def says_when_shown(stream: VideoStream) -> bool:
    """Whether the timestamps of a recording's packets are those at which pictures are shown.

    AVI has none, and FFmpeg counts packets as if they were shown in the order of decoding.
    """
    return not (stream.container.format.name == "avi" and stream.codec_context.has_b_frames)


class PacketTap:
    """Hands the packets of one connection to ``ring``.

    The coding is made once per connection, and anew where a key frame brings other parameter sets:
    a camera whose resolution is changed goes on sending over the same connection.

    Args:
        ring: where they go.
        stream: whose packets they are.
        untimed: the timestamps were made up by FFmpeg, and are not kept.
        quarters: counter-clockwise quarter turns that make its pictures upright.
    """

    def __init__(
        self, ring: PacketTaker, stream: VideoStream, *, untimed: bool, quarters: int = 0
    ) -> None:
        self._ring = ring
        self._untimed = untimed
        self._sets: bytes | None = None
        self._coding = coding_of(stream, quarters)
        self._parts = KeyFrameParts(self._coding.codec, self._coding.extradata)

    def add(
        self, packet: "AvPacket[VideoStream]", captured_at: float, arrived_at: float
    ) -> Packet | None:
        """Keep ``packet``; None for the empty one that ends a stream."""
        if not packet.size:
            return None
        data = bytes(packet)
        pts, dts = (None, None) if self._untimed else (packet.pts, packet.dts)
        is_rest = self._parts.continues(packet.pts, data, is_key=packet.is_keyframe)
        is_key = packet.is_keyframe and not is_rest
        if is_key:
            self._follow(data)
        kept = Packet(data, self._coding, pts, dts, is_key, captured_at, arrived_at)
        if is_rest:
            self._ring.join(data)
        else:
            self._ring.add(kept)
        return kept

    def _follow(self, key: bytes) -> None:
        sets = parameter_sets(self._coding.codec, key)
        if not sets or sets == self._sets:
            return
        first, self._sets = self._sets is None, sets
        if first and sets == self._coding.extradata:
            return
        old = self._coding
        width, height = _size(old.codec, sets + key) or (old.width, old.height)
        self._coding = replace(old, width=width, height=height, extradata=sets)


def parameter_sets(codec: str, data: bytes) -> bytes:
    """Give the parameter sets that stand before the picture in ``data``, with start codes.

    Empty for codecs without any, and where none precede the picture. The types are those of
    ITU-T H.264, table 7-1, and H.265, table 7-1.
    """
    if codec not in ("h264", "hevc") or not data.startswith(BEGINNINGS):
        return b""
    found, at = b"", data.find(START_CODE)
    while at >= 0:
        kind = data[at + 3] & 0x1F if codec == "h264" else data[at + 3] >> 1 & 0x3F
        pictures, wanted = ((1, 5), (7, 8)) if codec == "h264" else ((0, 31), (32, 34))
        if pictures[0] <= kind <= pictures[1]:
            break
        after = data.find(START_CODE, at + 3)
        if wanted[0] <= kind <= wanted[1]:
            unit = data[at + 3 : after if after >= 0 else len(data)].rstrip(b"\x00")
            found += b"\x00" + START_CODE + unit
        at = after
    return found


def _size(codec: str, data: bytes) -> tuple[int, int] | None:
    """Give (width, height) of the pictures that ``data`` begins; None where it does not say."""
    try:
        with av.open(io.BytesIO(data), format=codec) as container:
            stream = container.streams.video[0]
            return (stream.width, stream.height) if stream.width else None
    except (av.error.FFmpegError, IndexError):
        return None
