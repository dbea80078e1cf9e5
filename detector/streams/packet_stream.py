"""A live source that is only recorded: packets are taken off the wire, none is decoded."""

import time
from collections.abc import Iterator

import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from detector.errors import SourceBroken
from detector.streams.base import Closing
from detector.streams.camera_clock import CameraClock
from detector.streams.faults import translate
from detector.streams.live import UNTIMED
from detector.streams.packets import Packet
from detector.streams.pictures import SourceRequest
from detector.streams.tap import PacketTap, read_clock
from detector.types import ClockSource


class PacketStream(Closing):
    """The packets of a live camera's best video track, each of them also in the request's ring.

    Iterating never ends well: it raises the StreamError that ended the connection. Raises
    SourceBroken if there is no video track or no known codec.
    """

    def __init__(self, request: SourceRequest, container: InputContainer) -> None:
        stream = container.streams.best("video")
        if not isinstance(stream, VideoStream) or stream.codec_context is None:
            container.close()
            raise SourceBroken(f"{request.where}: expected a video track of a known codec")
        if request.ring is None:
            raise ValueError("a ring is what packets are read for")
        self._request = request
        self._container = container
        self._stream = stream
        self._untimed = container.format.name in UNTIMED
        self._tap = PacketTap(request.ring, stream, untimed=self._untimed)
        self._clock = request.progress.clock or CameraClock(request.settings.clock_alarm_s)
        self._clock.connect()
        request.progress.clock = self._clock
        self.clock = ClockSource.ARRIVAL
        request.progress.codec = stream.codec_context.name

    def __iter__(self) -> Iterator[Packet]:
        """Give the packets as they come, after they went to the ring."""
        where, stall_s = self._request.where, self._request.settings.stall_s
        progress = self._request.progress
        try:
            for packet in self._container.demux(self._stream):
                arrived_at, arrived_s = time.time(), time.monotonic()
                raw_s = None
                if packet.pts is not None and not self._untimed:
                    raw_s = float(packet.pts * packet.time_base)
                    read_clock(self._clock, packet, raw_s, (arrived_at, arrived_s))
                captured_at, self.clock = self._clock.utc(raw_s, arrived_at)
                kept = self._tap.add(packet, captured_at, arrived_at)
                if kept is not None:
                    progress.width, progress.height = kept.coding.width, kept.coding.height
                    progress.frames += 1
                    yield kept
        except av.error.FFmpegError as error:  # the cause names the URL with its password
            raise translate(error, where, stall_s) from None
        raise SourceBroken(f"{where}: the other side ended the stream")

    def describe(self) -> str:
        """Say in one line what it is."""
        name, stream = self._container.format.name, self._stream
        codec = self._request.progress.codec
        return f"recorded {name} {codec} {stream.width}x{stream.height}, not decoded"

    def close(self) -> None:
        """Let go of the connection."""
        self._container.close()
