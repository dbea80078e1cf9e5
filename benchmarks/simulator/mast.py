"""The camera's mast in the wind: the picture shakes and drifts, and the boxes with it."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.boxes import XYXY, Seen, visible_box
from benchmarks.simulator.frames import Shot
from benchmarks.simulator.nuisances import DriftSpec, ShakeSpec
from benchmarks.simulator.pose import Array

_MOST_MARGIN_PX = 64
_TONES = (0.31, 0.62, 1.0, 1.43)  # of the mast, as shares of its main frequency
_LOUD = (0.25, 0.25, 0.35, 0.15)
_GUST_HZ = 0.07
_ROLL_PX = 0.4  # at the picture's corner, for each pixel of shake


@dataclass(frozen=True)
class Mast:
    """How the picture of a size in pixels moves over time; the same seed moves it the same way."""

    size_px: tuple[int, int]
    shake: ShakeSpec | None
    drift: DriftSpec | None
    seed: int

    def margin_px(self, duration_s: float) -> int:
        """How much more than the picture must be rendered on each side; even, at most 64.

        Farther out the picture is continued by its own reflection.
        """
        most = 0.0
        if self.shake is not None:
            most += self.shake.px * (1 + _ROLL_PX)
        if self.drift is not None:
            most += abs(self.drift.px_per_min) * duration_s / 60
        return min(2 * int(np.ceil((most + 1) / 2)), _MOST_MARGIN_PX) if most else 0

    def at(self, t_s: float) -> Array:
        """Matrix (2, 3) that takes pixels of the unmoved picture to where they are at a time."""
        x = y = roll = 0.0
        if self.shake is not None:
            px = self.shake.px
            x, y, wave = (px * self._wave(axis, t_s, self.shake.hz) for axis in range(3))
            roll = _ROLL_PX * wave / (0.5 * float(np.hypot(*self.size_px)))
        if self.drift is not None:
            gone = self.drift.px_per_min * t_s / 60
            angle = np.radians(self.drift.direction_deg)
            x, y = x + gone * float(np.cos(angle)), y - gone * float(np.sin(angle))
        c, s = float(np.cos(roll)), float(np.sin(roll))
        turn = np.array([[c, -s], [s, c]])
        middle = np.array(self.size_px) / 2
        shift = middle - turn @ middle + np.array([x, y])
        return np.concatenate([turn, shift[:, None]], axis=1)

    def _wave(self, axis: int, t_s: float, hz: float) -> float:
        """Smooth noise within -1..1 that swells and ebbs with the gusts."""
        phase = np.random.default_rng([self.seed, 41, axis]).uniform(0, 2 * np.pi, len(_TONES) + 1)
        swing = sum(
            loud * np.sin(2 * np.pi * hz * tone * t_s + start)
            for loud, tone, start in zip(_LOUD, _TONES, phase, strict=False)
        )
        gust = 0.7 + 0.3 * np.sin(2 * np.pi * _GUST_HZ * t_s + phase[-1])
        return float(swing * gust)


@dataclass(frozen=True)
class Moved:
    """A shot with a margin, seen through a mast that has moved."""

    matrix: Array
    margin_px: int
    size_px: tuple[int, int]

    def shot(self, wide: Shot, scale: int) -> Shot:
        """The moved picture and its mask, cut to size."""
        linear = self._warped(wide.linear, 1, cv2.INTER_CUBIC)
        identities = self._warped(wide.identities, scale, cv2.INTER_NEAREST)
        return Shot(np.maximum(linear, 0).astype(np.float32), identities.astype(np.uint8))

    def _warped(self, image: NDArray[np.generic], scale: int, how: int) -> NDArray[np.generic]:
        turn, shift = self.matrix[:, :2], self.matrix[:, 2]
        shift = (shift - turn @ np.full(2, float(self.margin_px))) * scale
        shift = shift + turn @ np.full(2, 0.5) - 0.5  # OpenCV counts from the pixels' middles
        matrix = np.concatenate([turn, shift[:, None]], axis=1)
        size = (self.size_px[0] * scale, self.size_px[1] * scale)
        edge = cv2.BORDER_REFLECT_101 if how == cv2.INTER_CUBIC else cv2.BORDER_CONSTANT
        return np.asarray(cv2.warpAffine(np.asarray(image), matrix, size, None, how, edge))

    def look(self, wide: Seen, shot: Shot, scale: int) -> Seen:
        """How a thing of the wide shot appears in the moved one."""
        visible, count = visible_box(shot.identities, wide.identity, scale)
        amodal = None if wide.amodal is None else self._box(wide.amodal)
        share = wide.visibility * count / wide.pixels if wide.pixels else 0.0
        return replace(
            wide, visible=visible, amodal=amodal, visibility=round(min(share, 1.0), 3), pixels=count
        )

    def _box(self, box: XYXY) -> XYXY:
        """The box around the moved corners of a box of the wide picture."""
        x0, y0, x1, y1 = (v - self.margin_px for v in box)
        corners = np.array([(x0, y0, 1), (x1, y0, 1), (x0, y1, 1), (x1, y1, 1)]) @ self.matrix.T
        low, high = corners.min(0), corners.max(0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])
