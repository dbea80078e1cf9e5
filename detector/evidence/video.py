"""Writes pictures as an H.264 recording that browsers play."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.error import FFmpegError
from av.video.frame import VideoFrame

from detector.errors import DetectorError
from detector.types import U8

_TIME_BASE = Fraction(1, 90_000)


class VideoWriter:
    """A recording being written; pictures keep their own times, whatever their rate.

    Args:
        path: an MP4 file, whatever its name ends with; replaced if it exists.
        rate: nominal pictures per second, for players that ask.
        notes: what is written into the file about it, such as "comment".

    Raises:
        DetectorError: the file cannot be written.
    """

    def __init__(self, path: Path, rate: float, notes: Mapping[str, str] | None = None) -> None:
        self._path = path
        try:
            self._container = av.open(
                str(path), "w", format="mp4", options={"movflags": "faststart"}
            )
        except (FFmpegError, OSError) as error:
            raise DetectorError(
                f"{path}: expected a video file to write, found: {error}"
            ) from error
        self._container.metadata.update(notes or {})
        self._stream = self._container.add_stream(
            "libx264", rate=Fraction(rate).limit_denominator()
        )
        self._stream.pix_fmt = "yuv420p"
        self._stream.time_base = _TIME_BASE
        self._stream.codec_context.time_base = _TIME_BASE  # 1/rate by default: too coarse
        self._stream.options = {"crf": "23", "preset": "veryfast"}
        self._size: tuple[int, int] | None = None
        self._last = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, image: U8, pts_s: float) -> None:
        """Append a (H, W, 3) uint8 BGR picture shown at ``pts_s`` seconds.

        The first picture gives the size; later ones of another size are scaled to it.
        """
        height, width = image.shape[:2]
        if self._size is None:
            self._size = (width - width % 2, height - height % 2)  # 4:2:0 needs even sizes
            self._stream.width, self._stream.height = self._size
        frame = VideoFrame.from_ndarray(image, format="bgr24")
        frame = frame.reformat(*self._size, format="yuv420p")
        frame.time_base = _TIME_BASE
        self._last = frame.pts = max(self._last + 1, round(pts_s / _TIME_BASE))
        self._mux(frame)

    def close(self) -> None:
        """Finish the file; may be called twice. It is closed even if it cannot be finished."""
        try:
            if self._size is not None:
                self._size = None
                self._mux(None)
        finally:
            self._close()

    def _close(self) -> None:
        try:
            self._container.close()
        except (FFmpegError, OSError) as error:
            raise self._failure(error) from error

    def _mux(self, frame: VideoFrame | None) -> None:
        try:
            self._container.mux(self._stream.encode(frame))
        except (FFmpegError, OSError) as error:
            self._size = None  # to begin a file again whose header failed crashes FFmpeg
            raise self._failure(error) from error

    def _failure(self, error: FFmpegError | OSError) -> DetectorError:
        """Say what went wrong; the file is named once, FFmpeg's own text names it again."""
        said = error.strerror or error
        return DetectorError(f"{self._path}: the video cannot be written: {said}")
