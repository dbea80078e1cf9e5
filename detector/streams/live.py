"""Live sources: RTSP, MJPEG and HLS over HTTP, and local capture devices."""

import time
from collections.abc import Iterator

import av.error
from av.container import InputContainer

from detector.errors import SourceBroken, SourceTimeout
from detector.streams.base import Closing
from detector.streams.camera_clock import CameraClock
from detector.streams.faults import translate
from detector.streams.idle import Arrived, IdleDecoder, Shown
from detector.streams.lag import CatchUp
from detector.streams.pictures import Pictures, SourceRequest
from detector.streams.tap import PacketTap, read_clock
from detector.types import Frame

UNTIMED = ("mpjpeg", "mjpeg")  # no timestamps on the wire: FFmpeg invents 25 a second


class LiveStream(Closing):
    """A camera that sends at its own pace; every packet is taken at once, whoever listens.

    Iterating never ends well: it raises the StreamError that ended the connection.
    """

    live = True
    duration_s = None

    def __init__(self, request: SourceRequest, container: InputContainer) -> None:
        self._request = request
        self._container = container
        self._pictures = Pictures(request, container)
        self.fps = self._pictures.fps
        self.progress = request.progress
        self.bursty = container.format.name == "hls"
        self._untimed = container.format.name in UNTIMED
        self._picture_s = 0.0  # monotonic seconds of the newest picture
        self._whole_s = 0.0  # and of the newest whole one
        request.check()
        self._clock = request.progress.clock or CameraClock(request.settings.clock_alarm_s)
        self._clock.connect()
        self.progress.clock = self._clock
        ring, stream = request.ring, self._pictures.stream
        self._idler = self._make_idler()
        self._tap = None if ring is None else PacketTap(ring, stream, untimed=self._untimed)

    def __iter__(self) -> Iterator[Frame]:
        """Give the frames that are due, as they come."""
        timeline, pictures = self._request.timeline, self._pictures
        joined: int | None = self.progress.corrupt
        self._picture_s = self._whole_s = time.monotonic()
        try:
            for arrived in self._packets():
                for shown in self._decode(arrived):
                    picture, arrived_s = shown.picture, shown.s
                    if joined is not None:  # what came before the first key frame is undecodable
                        self.progress.corrupt, joined = joined, None  # by nature, not damaged
                    raw_s = None if self._untimed else pictures.raw_s(picture)
                    pts = timeline.place(raw_s, arrived_s - self._picture_s)
                    self._picture_s = arrived_s
                    utc = self._clock.utc(raw_s, shown.at)
                    frame = pictures.frame(picture, pts, utc, self._clock.reading)
                    self._whole_s = arrived_s if pictures.whole else self._whole_s
                    if frame is not None:
                        yield frame
                self._check_silence(arrived.s)
        except av.error.FFmpegError as error:
            settings = self._request.settings  # the cause names the URL with its password
            raise translate(error, self._request.where, settings.stall_s) from None
        raise SourceBroken(f"{self._request.where}: the other side ended the stream")

    def describe(self) -> str:
        """Say in one line what it is."""
        stream, fps = self._pictures.stream, f"{self.fps:.3g} fps" if self.fps else "unknown rate"
        name = self._container.format.name
        return f"live {name} {self.progress.codec} {stream.width}x{stream.height}, {fps}"

    def close(self) -> None:
        """Let go of the connection."""
        self._container.close()

    def _make_idler(self) -> IdleDecoder | None:
        """Prepare to decode key frames only at times, where that is wanted."""
        switch = self._request.idle
        if switch is None:
            return None
        segments = "its pictures come in segments" if self.bursty else ""
        switch.connect(segments or ("its pictures have no timestamps" if self._untimed else ""))
        return IdleDecoder(self._pictures, switch)

    def _decode(self, arrived: Arrived) -> Iterator[Shown]:
        """Give the pictures of a packet; while idle none, or those of several."""
        if self._idler is None:
            for picture in self._pictures.decode(arrived.packet):
                yield Shown(picture, arrived.at, arrived.s)
            return
        progress = self.progress
        for shown in self._idler.decode(arrived):
            progress.decoding, progress.decoding_reason = self._idler.state
            yield shown

    def _packets(self) -> Iterator[Arrived]:
        """Give the packets to decode."""
        catch_up = None if self._untimed or self.bursty else CatchUp()
        asked_s = time.monotonic()
        for packet in self._container.demux(self._pictures.stream):
            self._request.check()  # it may have hung in there until it was given up
            arrived_at, arrived_s = time.time(), time.monotonic()
            waited_s, skipped = arrived_s - asked_s, False
            raw_s = None if packet.pts is None else float(packet.pts * packet.time_base)
            if raw_s is not None:
                read_clock(self._clock, packet, raw_s, (arrived_at, arrived_s))
            if self._tap is not None:  # before anything is skipped: evidence wants all of them
                own_s = None if self._untimed else raw_s
                self._tap.add(packet, self._clock.utc(own_s, arrived_at)[0], arrived_at)
            if raw_s is not None:
                skipped = catch_up is not None and catch_up.skip(
                    raw_s, arrived_s, waited_s, is_key=packet.is_keyframe
                )
            if skipped:
                self.progress.skipped += 1
                self._check_silence(arrived_s)
            else:
                yield Arrived(packet, arrived_at, arrived_s)
            asked_s = time.monotonic()

    def _check_silence(self, now_s: float) -> None:
        """Packets alone are not life: a camera is blind if no whole picture comes out of them."""
        stall_s, where = self._request.settings.stall_s, self._request.where
        if now_s - self._picture_s > stall_s:
            raise SourceTimeout(
                f"{where}: expected pictures, found only packets "
                f"that could not be decoded for {stall_s:g} s"
            )
        if now_s - self._whole_s > stall_s:
            raise SourceTimeout(
                f"{where}: expected a key frame, found only pictures "
                f"that build on lost or damaged ones for {stall_s:g} s"
            )
