"""Keeps the packets of a recording that is played as a camera, as those of a camera are kept."""

import time
from typing import TYPE_CHECKING

from av.bitstream import BitStreamFilterContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from detector.streams.packets import PacketTaker
from detector.streams.pictures import quarters_of
from detector.streams.tap import PacketTap, says_when_shown

if TYPE_CHECKING:  # generic for the type checker only
    from av.packet import Packet as AvPacket

_TO_START_CODES = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
_DEFAULT_FPS = 25.0
_MOST_WAITING = 64  # more than any decoder holds back


class PlayedTap:
    """Hands packets of a recording to ``ring``, dated by when their pictures are played.

    Packets are read in bursts, up to the next picture that is to be analysed, so the clock at
    reading says little: a packet came as long after the newest played picture as it is shown after
    it. Containers that keep parameter sets apart (MP4, Matroska) get them back into the stream.
    Whether a recording lies on its side only its pictures say: until the first one packets wait.

    Args:
        ring: where they go.
        stream: whose packets they are.
        fps: nominal pictures per second, None where unknown; for packets without a time.
        begun_at: UTC epoch seconds of the first picture as configured; None: it is taken when it
            is played.
    """

    def __init__(
        self, ring: PacketTaker, stream: VideoStream, fps: float | None, begun_at: float | None
    ) -> None:
        self._ring = ring
        self._stream = stream
        self._tap: PacketTap | None = None
        self._waiting: list[tuple[AvPacket[VideoStream], float, float]] = []
        name = _TO_START_CODES.get(stream.codec_context.codec.canonical_name)
        self._filter = BitStreamFilterContext(name, stream) if name else None
        self._interval_s = 1.0 / (fps or _DEFAULT_FPS)
        self._begun_at = begun_at
        self._played: tuple[float, float, float] | None = None  # own seconds, timeline, UTC
        self._untimed = 0
        self._begin_s = 0.0

    def begin(self, pts: float) -> None:
        """Say where on the timeline the recording begins, before its first packet; by default 0."""
        self._begin_s = pts

    def decoded(self, picture: VideoFrame) -> None:
        """Note a decoded picture; before it is asked for, the first one at least."""
        if self._tap is not None:
            return
        stream, quarters = self._stream, quarters_of(picture)
        untimed = not says_when_shown(stream)
        tap = PacketTap(self._ring, stream, untimed=untimed, quarters=quarters)
        for packet, captured_at, arrived_at in self._waiting:
            tap.add(packet, captured_at, arrived_at)
        self._tap, self._waiting = tap, []

    def played(self, raw_s: float, pts: float) -> None:
        """Note that the picture with timestamp ``raw_s``, ``pts`` on the timeline, is due now."""
        self._played, self._untimed = (raw_s, pts, time.time()), 0

    def add(self, packet: "AvPacket[VideoStream]") -> None:
        """Keep ``packet``; the empty one that ends a recording is none."""
        if not packet.size:
            return
        stamp = packet.pts if packet.pts is not None else packet.dts
        raw_s = None if stamp is None else float(stamp * packet.time_base)
        if self._played is None:
            self._played = (raw_s or 0.0, self._begin_s, time.time())
        own_s, pts, at = self._played
        self._untimed += raw_s is None
        after_s = self._untimed * self._interval_s if raw_s is None else raw_s - own_s
        captured_at = None if self._begun_at is None else self._begun_at + pts + after_s
        for kept in self._filter.filter(packet) if self._filter else [packet]:
            self._keep(kept, captured_at or at + after_s, at + after_s)

    def _keep(self, packet: "AvPacket[VideoStream]", captured_at: float, arrived_at: float) -> None:
        if self._tap is not None:
            self._tap.add(packet, captured_at, arrived_at)
            return
        if len(self._waiting) >= _MOST_WAITING:  # nothing can be decoded: they show nothing
            self._waiting.clear()
        self._waiting.append((packet, captured_at, arrived_at))
