"""Recordings: files of any container, local or over HTTP, read once from begin to end."""

from collections.abc import Iterator
from datetime import UTC, datetime

import av
import av.error
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from detector.errors import SourceBroken, StreamError
from detector.streams.base import Closing
from detector.streams.faults import translate
from detector.streams.pictures import Pictures, SourceRequest
from detector.streams.played_tap import PlayedTap
from detector.types import ClockSource, Frame

_DEFAULT_FPS = 25.0  # what FFmpeg assumes where a file does not say
_DELAY = 4.5  # pictures a decoder may hold back
_SHORT_S = 1.0  # a recording may end so much before its declared end


class Recording(Closing):
    """A file whose readable pictures are given to the last one, however it ends.

    Stream time is seconds since the first picture. A ring gets the packets as if they came when
    their pictures are asked for, so it is of use only where the recording is played. Iterating
    raises SourceBroken after the last readable frame where the file has none, breaks off or is
    shorter than it says.
    """

    live = False
    bursty = False

    def __init__(self, request: SourceRequest, container: InputContainer) -> None:
        self._request = request
        self._container = container
        self._pictures = Pictures(request, container)
        self.fps = self._pictures.fps
        self.duration_s = _declared_s(container, self._pictures.stream)
        self.progress = request.progress
        self._begun_at, self._clock = _begun(request, container, self._pictures.stream)
        self._broke: StreamError | None = None
        configured = self._begun_at if self._clock is ClockSource.CONFIGURED else None
        ring, stream = request.ring, self._pictures.stream
        self._tap = None if ring is None else PlayedTap(ring, stream, self.fps, configured)

    def __iter__(self) -> Iterator[Frame]:
        """Give the frames that are due, each at its own time."""
        timeline, pictures = self._request.timeline, self._pictures
        before, interval_s = self.progress.decoded, 1.0 / (self.fps or _DEFAULT_FPS)
        begin_s = timeline.last_s + interval_s if before else 0.0
        end_s, elapsed_s = begin_s, 0.0
        if self._tap is not None:
            self._tap.begin(begin_s)
        for picture in self._decoded():
            raw_s = pictures.raw_s(picture)
            if not elapsed_s:
                timeline.connect(begin_s, self._origin_s(raw_s, interval_s))
            pts = timeline.place(raw_s, elapsed_s)
            end_s, elapsed_s = pts + max(_shown_s(picture), interval_s), interval_s
            frame = pictures.frame(picture, pts, (self._begun_at + pts, self._clock))
            if frame is not None:
                yield frame
                if self._tap is not None and raw_s is not None:
                    self._tap.played(raw_s, pts)
        self._check_whole(self.progress.decoded - before, end_s - begin_s)

    def describe(self) -> str:
        """Say in one line what it is."""
        size = f"{self._pictures.stream.width}x{self._pictures.stream.height}"
        fps = f"{self.fps:.3g} fps" if self.fps else "unknown rate"
        length = f"{self.duration_s:.1f} s" if self.duration_s is not None else "unknown length"
        return (
            f"recording {self.progress.codec} {size}, {fps}, {length}, clock: {self._clock.value}"
        )

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    def _decoded(self) -> Iterator[VideoFrame]:
        """Give every picture; what breaks the file off is kept for after the last one."""
        try:
            for packet in self._container.demux(self._pictures.stream):
                self._request.check()
                for picture in self._pictures.decode(packet):
                    if self._tap is not None:
                        self._tap.decoded(picture)
                    yield picture
                if self._tap is not None:  # now it is known when its picture was played
                    self._tap.add(packet)
        except IndexError:  # PyAV's flush at the end trips over tracks that damage made up
            yield from self._pictures.decode(None)
        except av.error.FFmpegError as error:
            self._broke = translate(error, self._request.where, self._request.settings.stall_s)
            yield from self._pictures.decode(None)

    def _origin_s(self, first_s: float | None, interval_s: float) -> float | None:
        """Give the timestamp that means stream time 0, None for the first picture's.

        Where the first pictures cannot be decoded (a cut within a group of pictures) their time
        passes. A few missing intervals are none: AVI counts the decoder's delay as time.
        """
        start, base = self._pictures.stream.start_time, self._pictures.stream.time_base
        if first_s is None or start is None or base is None:
            return None
        start_s = float(start * base)
        return start_s if first_s - start_s > _DELAY * interval_s else None

    def _check_whole(self, pictures: int, length_s: float) -> None:
        where = self._request.where
        if not pictures:
            damaged = self.progress.corrupt
            raise SourceBroken(
                f"{where}: expected pictures, found none ({damaged} packets could not be decoded)"
            ) from self._broke
        declared_s = self.duration_s or 0.0
        if self._broke or declared_s - length_s > _SHORT_S:
            of = f" of the {declared_s:.1f} s it declares" if declared_s else ""
            raise SourceBroken(
                f"{where}: breaks off after {length_s:.1f} s{of}; what came before was read"
            ) from self._broke


def _shown_s(picture: VideoFrame) -> float:
    """How long the picture is to be shown; 0 where the file does not say."""
    return float(picture.duration * picture.time_base) if picture.time_base else 0.0


def _declared_s(container: InputContainer, stream: VideoStream) -> float | None:
    """Give the length of the video track as the file declares it: the least of all it says.

    The container's own length includes longer audio, the track's includes what an edit list hides.
    """
    lengths = []
    if container.duration:
        lengths.append(container.duration / av.time_base)
    if stream.duration and stream.time_base:
        lengths.append(float(stream.duration * stream.time_base))
    tag = stream.metadata.get("DURATION", "").split(":")  # Matroska, hh:mm:ss.nnnnnnnnn
    if len(tag) == 3:  # noqa: PLR2004  (hours, minutes, seconds)
        lengths.append(int(tag[0]) * 3600 + int(tag[1]) * 60 + float(tag[2]))
    return min(lengths, default=None)


def _begun(
    request: SourceRequest, container: InputContainer, stream: VideoStream
) -> tuple[float, ClockSource]:
    """Give the UTC epoch seconds of stream time 0: as configured, else as written in the file."""
    if request.settings.start_time is not None:
        return request.settings.start_time.timestamp(), ClockSource.CONFIGURED
    written = container.metadata.get("creation_time") or stream.metadata.get("creation_time")
    try:
        begun = datetime.fromisoformat(written or "")
    except ValueError:
        return 0.0, ClockSource.NONE
    return begun.replace(tzinfo=begun.tzinfo or UTC).timestamp(), ClockSource.CONTAINER
