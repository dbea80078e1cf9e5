"""Writes clips as a camera would: H.264, H.265 or Motion JPEG, constant quality or rate."""

from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import av
import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.scene import VideoSpec

_ENCODERS = {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg"}
_JPEG_WORST = 31  # of the scale 1..31 on which FFmpeg measures JPEG quality
_BUFFER_S = 1.0  # of a constant rate: how long the rate may be off


class VideoWriter:
    """An mp4 file of 8-bit BGR frames at a constant rate; close it or use `with`."""

    def __init__(self, path: Path, size_px: tuple[int, int], fps: float, spec: VideoSpec) -> None:
        self._container = av.open(str(path), "w", options={"movflags": "+faststart"})
        rate = Fraction(round(fps * 1000), 1000)
        stream = self._container.add_stream(_ENCODERS[spec.codec], rate=rate)
        self._stream = cast("av.VideoStream", stream)
        self._stream.width, self._stream.height = size_px
        self._stream.pix_fmt = "yuvj420p" if spec.codec == "mjpeg" else "yuv420p"
        self._stream.codec_context.gop_size = max(1, round(spec.gop_s * fps))
        self._stream.codec_context.thread_count = 1
        self._stream.options = _options(spec)
        if spec.codec == "hevc":
            self._stream.codec_context.codec_tag = "hvc1"

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


def _options(spec: VideoSpec) -> dict[str, object]:
    """The encoder's options; a crf of 0..51 spans the whole quality scale of Motion JPEG."""
    options: dict[str, object] = {} if spec.codec == "mjpeg" else {"preset": "medium"}
    if spec.codec == "hevc":
        options["x265-params"] = "log-level=error:pools=none:frame-threads=1"
    if spec.kbps is not None:
        rate = str(round(spec.kbps * 1000))
        window = str(round(spec.kbps * 1000 * _BUFFER_S))
        return options | {"b": rate, "minrate": rate, "maxrate": rate, "bufsize": window}
    if spec.codec == "mjpeg":
        scale = 1 + round(spec.crf / 51 * (_JPEG_WORST - 1))
        return options | {"qmin": str(scale), "qmax": str(scale)}
    return options | {"crf": str(spec.crf)}
