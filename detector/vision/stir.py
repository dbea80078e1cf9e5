"""How much stirs inside boxes: who works with the hands changes the picture without moving on.

Two pictures a fraction of a second apart are compared in grey, at a reduced size and a little
blurred, which averages the noise of sensor and coding: hands move edges, noise moves pixels. What
counts as changed is measured on the same two pictures: more than nearly all of what lies outside of
the boxes. Rain, headlights and a shaking mast so raise the limit instead of stirring everybody.
"""

from collections import deque
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from detector.types import F32, U8

APART_S = 0.4
"""Least time between the two pictures, so that 25 pictures a second stir as much as 5."""

WIDTH_PX = 640
"""Pictures are halved until they are no wider than this."""

_KEPT_APART_S = 0.2  # pictures kept to be compared with; at most three of them
_SLACK_S = 0.01  # times of pictures are not that exact
_STILL_SHARE = 0.99  # of what is outside of the boxes changes less than the limit
_LEAST_GREY = 6  # of 255; coding makes smaller steps in pictures that are otherwise the same
_GREYS = 256
_BLUR_PX = 3

_Window = tuple[slice, slice]


@dataclass(frozen=True)
class _Picture:
    at: float
    image: U8

    @cached_property
    def grey(self) -> U8:
        """The picture in grey, small and blurred; made only where somebody is in it."""
        shrink = 1
        while self.image.shape[1] > WIDTH_PX * shrink:
            shrink *= 2
        size = (max(self.image.shape[1] // shrink, 1), max(self.image.shape[0] // shrink, 1))
        small = cv2.resize(self.image, size, interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        return np.asarray(cv2.blur(grey, (_BLUR_PX, _BLUR_PX)), np.uint8)


class StirMeter:
    """Compares each picture of one camera with an earlier one; owned by one thread."""

    def __init__(self) -> None:
        self._kept: deque[_Picture] = deque()

    def measure(self, image: U8, at: float, xyxy: F32) -> F32:
        """Give the share of each box that changed visibly.

        Args:
            image: (H, W, 3) uint8 BGR, always of the same size; kept for the next calls.
            at: its stream time in seconds; never decreases.
            xyxy: (M, 4) float32 pixels of ``image``.

        Returns:
            (M,) float32 in 0..1; zeros while there is no picture to compare with.
        """
        before, now = self._before(at), _Picture(at, image)
        if not self._kept or at - self._kept[-1].at >= _KEPT_APART_S - _SLACK_S:
            self._kept.append(now)
        if before is None or not len(xyxy):
            return np.zeros(len(xyxy), np.float32)
        change = np.asarray(cv2.absdiff(before.grey, now.grey), np.uint8)
        windows = _windows(xyxy, image.shape[1] / change.shape[1], change.shape)
        limit = _noise(change, windows)
        return np.array([_share_above(change[window], limit) for window in windows], np.float32)

    def _before(self, at: float) -> _Picture | None:
        """Give the newest picture that is old enough, and forget those before it."""
        while len(self._kept) > 1 and at - self._kept[1].at >= APART_S - _SLACK_S:
            self._kept.popleft()
        old_enough = bool(self._kept) and at - self._kept[0].at >= APART_S - _SLACK_S
        return self._kept[0] if old_enough else None


def _windows(xyxy: F32, shrink: float, shape: tuple[int, ...]) -> list[_Window]:
    """Give the part of the reduced picture under each box; empty for boxes outside of it."""
    low = np.clip(np.floor(xyxy[:, :2] / shrink).astype(int), 0, [shape[1], shape[0]])
    high = np.clip(np.ceil(xyxy[:, 2:] / shrink).astype(int), 0, [shape[1], shape[0]])
    return [
        (slice(y1, y2), slice(x1, x2))
        for (x1, y1), (x2, y2) in zip(low.tolist(), high.tolist(), strict=True)
    ]


def _noise(change: U8, windows: list[_Window]) -> int:
    """Give what nearly all pixels outside of the windows stay below, in grey levels."""
    outside = np.full(change.shape, 255, np.uint8)
    for window in windows:
        outside[window] = 0
    counts = cv2.calcHist([change], [0], outside, [_GREYS], [0, _GREYS]).ravel()
    below = np.cumsum(counts)
    return max(int(np.searchsorted(below, _STILL_SHARE * below[-1])), _LEAST_GREY)


def _share_above(change: npt.NDArray[np.uint8], limit: int) -> float:
    return float(np.count_nonzero(change > limit)) / change.size if change.size else 0.0
