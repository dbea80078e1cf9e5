"""Coded video as it came: packets, and the last seconds of them of one stream."""

import dataclasses
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Protocol

START_CODE = b"\x00\x00\x01"
BEGINNINGS = (START_CODE, b"\x00" + START_CODE)
"""Of data whose units start codes part (ITU-T H.264 and H.265, annex B)."""


@dataclass(frozen=True, slots=True)
class Coding:
    """What a decoder must know before the first packet; another object for every connection.

    Attributes:
        codec: FFmpeg's name of the codec ("h264", "hevc", "mjpeg").
        width: pixels, as the stream declares it.
        height: pixels, likewise.
        extradata: parameter sets and the like; b"" where they come within the stream.
        time_base: seconds per tick of the packets' ``pts`` and ``dts``.
        quarters: counter-clockwise quarter turns that make its pictures upright, 0..3.
    """

    codec: str
    width: int
    height: int
    extradata: bytes
    time_base: Fraction
    quarters: int = 0


@dataclass(frozen=True, slots=True)
class Packet:
    """One coded picture as it was received.

    Attributes:
        data: its bytes.
        coding: how to decode it; packets of one connection share the object.
        pts: presentation time in ticks of ``coding.time_base``; None where the stream has none.
        dts: decoding time, likewise.
        is_key: decoding may begin here.
        captured_at: UTC epoch seconds at which the camera took it, as well as is known.
        arrived_at: UTC epoch seconds by this machine's clock when it came.
    """

    data: bytes
    coding: Coding
    pts: int | None
    dts: int | None
    is_key: bool
    captured_at: float
    arrived_at: float


class PacketTaker(Protocol):
    """What a reader hands packets to: a ring, or a way into one."""

    def add(self, packet: Packet) -> None:
        """Keep ``packet``."""
        ...

    def join(self, rest: bytes) -> None:
        """Add ``rest`` to the newest packet: both are of one picture."""
        ...


class PacketRing:
    """The newest packets of one stream, from a key frame on; written by its reader, read by anyone.

    Whole groups of pictures are let go of, the oldest first, once ``keep_s`` seconds or
    ``keep_bytes`` bytes remain without them; the newest group always stays, however long it is, as
    long as it is within ``keep_bytes``.
    """

    def __init__(self, keep_s: float, keep_bytes: int) -> None:
        self._keep_s = keep_s
        self._keep_bytes = keep_bytes
        self._lock = threading.Lock()
        self._groups: deque[list[Packet]] = deque()
        self._bytes = 0

    def add(self, packet: Packet) -> None:
        """Keep ``packet``; those before the first key frame of a connection are of no use."""
        with self._lock:
            last = self._groups[-1][-1] if self._groups else None
            joined = last is None or last.coding is not packet.coding
            if joined and not packet.is_key:
                return
            if packet.is_key:
                self._groups.append([])
            self._groups[-1].append(packet)
            self._bytes += len(packet.data)
            self._let_go(packet.arrived_at)

    def join(self, rest: bytes) -> None:
        """Add ``rest`` to the newest packet: both are of one picture."""
        with self._lock:
            if self._groups:
                last = self._groups[-1][-1]
                self._groups[-1][-1] = dataclasses.replace(last, data=last.data + rest)
                self._bytes += len(rest)

    def between(self, begin_at: float, end_at: float) -> Sequence[Packet]:
        """Give the packets that arrived in this time, begun at the key frame at or before it.

        The times are UTC epoch seconds of this machine. Where nothing reaches back so far, what
        there is is given; where nothing arrived in that time, nothing is.
        """
        with self._lock:
            groups = list(self._groups)
            first = 0
            for number, (_, later) in enumerate(pairwise(groups), start=1):
                if later[0].arrived_at <= begin_at:
                    first = number
            found = [p for group in groups[first:] for p in group if p.arrived_at <= end_at]
        return found if found and found[-1].arrived_at >= begin_at else []

    @property
    def bytes_held(self) -> int:
        """Bytes of video in memory."""
        return self._bytes

    def _let_go(self, now: float) -> None:
        while len(self._groups) > 1:
            enough = now - self._groups[1][0].arrived_at >= self._keep_s
            if not enough and self._bytes <= self._keep_bytes:
                return
            self._bytes -= sum(len(packet.data) for packet in self._groups.popleft())
        if self._bytes > self._keep_bytes:  # one endless group: a clip could not begin in it
            self._groups.clear()
            self._bytes = 0
