"""Writes H.264 clips as a camera would."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from numpy.typing import NDArray


class VideoWriter:
    """An mp4 file of 8-bit BGR frames at a constant rate; close it or use `with`."""

    def __init__(self, path: Path, size_px: tuple[int, int], fps: float, crf: int) -> None:
        self._container = av.open(str(path), "w", options={"movflags": "+faststart"})
        rate = round(fps * 1000)
        self._stream = self._container.add_stream("libx264", rate=Fraction(rate, 1000))
        self._stream.width, self._stream.height = size_px
        self._stream.pix_fmt = "yuv420p"
        self._stream.codec_context.gop_size = max(1, round(2 * fps))
        self._stream.codec_context.thread_count = 1
        self._stream.options = {"crf": str(crf), "preset": "medium"}

    def write(self, image: NDArray[np.uint8]) -> None:
        """Appends a frame (H, W, 3)."""
        for packet in self._stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")):
            self._container.mux(packet)

    def close(self) -> None:
        """Flushes the encoder and finishes the file."""
        for packet in self._stream.encode():
            self._container.mux(packet)
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
