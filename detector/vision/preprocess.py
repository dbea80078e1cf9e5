"""Letterboxing: a picture of any size into the network's input, and boxes back onto the picture.

Coordinates are those of pixel edges: a picture of width w spans 0..w. Each axis has its own scale,
because the scaled picture has whole pixels; with one common scale a 2 x 400 picture comes back off.
The grey border of 114 and the linear interpolation are those under which the networks were trained.
"""

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from detector.types import F32, U8

BORDER_GREY = 114


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a picture lies in the network's input.

    Attributes:
        source: (width, height) of the picture in pixels.
        scaled: (width, height) that it has within the input.
        offset: (left, top) at which it lies there.
    """

    source: tuple[int, int]
    scaled: tuple[int, int]
    offset: tuple[int, int]

    @classmethod
    def fit(cls, source: tuple[int, int], target: tuple[int, int]) -> Self:
        """Scale as large as fits, keep the aspect, centre.

        Args:
            source: (width, height) of the picture, at least 1 x 1.
            target: (width, height) of the network's input.

        >>> Letterbox.fit((1920, 1080), (640, 384))
        Letterbox(source=(1920, 1080), scaled=(640, 360), offset=(0, 12))
        """
        if min(source) < 1:
            raise ValueError(f"picture: expected at least 1x1 pixels, found {source}")
        scale = min(target[0] / source[0], target[1] / source[1])
        width, height = (max(1, round(side * scale)) for side in source)
        return cls(source, (width, height), ((target[0] - width) // 2, (target[1] - height) // 2))

    def to_input(self, xyxy: F32) -> F32:
        """Move boxes, (N, 4) pixels of the picture, into the input."""
        return xyxy * self._scale() + self._shift()

    def to_source(self, xyxy: F32) -> F32:
        """Move boxes, (N, 4) pixels of the input, onto the picture and clip them to it."""
        boxes = (xyxy - self._shift()) / self._scale()
        return boxes.clip(0, np.array(self.source * 2, np.float32))

    def _scale(self) -> F32:
        scale = (self.scaled[0] / self.source[0], self.scaled[1] / self.source[1])
        return np.array(scale * 2, np.float32)

    def _shift(self) -> F32:
        return np.array(self.offset * 2, np.float32)


class Preprocessor:
    """Writes pictures into an input tensor without allocating; owned by one thread.

    Args:
        input_size: (width, height) of the network's input.
    """

    def __init__(self, input_size: tuple[int, int]) -> None:
        self._input_size = input_size
        width, height = input_size
        self._canvas: U8 = np.full((height, width, 3), BORDER_GREY, np.uint8)
        self._planes = [np.empty((height, width), np.uint8) for _ in range(3)]
        self._last: Letterbox | None = None

    def write(self, image: U8, tensor: F32) -> Letterbox:
        """Write one picture, RGB in 0..1, into its place of the input.

        Args:
            image: (H, W, 3) uint8 BGR.
            tensor: (3, height, width) float32, overwritten.

        Returns:
            The letterbox with which boxes come back.
        """
        box = Letterbox.fit((image.shape[1], image.shape[0]), self._input_size)
        if box != self._last:  # the border stays grey as long as pictures have the same shape
            self._canvas.fill(BORDER_GREY)
            self._last = box
        (left, top), (width, height) = box.offset, box.scaled
        inside = self._canvas[top : top + height, left : left + width]
        cv2.resize(image, box.scaled, dst=inside, interpolation=cv2.INTER_LINEAR)
        cv2.split(self._canvas, self._planes)
        for channel, plane in zip(tensor[::-1], self._planes, strict=True):  # BGR to RGB
            np.multiply(plane, np.float32(1 / 255), out=channel)
        return box
