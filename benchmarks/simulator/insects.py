"""Insects and spiders that walk over the housing close to the lens, far out of focus."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.nuisances import InsectSpec
from benchmarks.simulator.pose import Array

Tone = NDArray[np.float32]
_TONES = (0.07, 0.98, 0.40)  # by the sensor's mode: against the light, lit by the lamp, lukewarm
_COVER = (0.85, 0.95, 0.55)
_LEGS = 4  # on each side
_BLUR = 0.040  # of its size, on top of a pixel
_WAYPOINTS = 5
_REST = 0.35  # how much of the pace comes and goes: it walks, stops, walks


@dataclass(frozen=True)
class Blot:
    """Something before the lens: where its middle is in pixels, how it covers (N, N), its tone."""

    at: tuple[float, float]
    cover: Tone
    tone: float

    def over(self, picture: Tone) -> None:
        """Lays itself over a picture (H, W, 3) in place."""
        height, width = picture.shape[:2]
        side = self.cover.shape[0]
        x0, y0 = (round(v - side / 2) for v in self.at)
        left, top = max(x0, 0), max(y0, 0)
        right, bottom = min(x0 + side, width), min(y0 + side, height)
        if right <= left or bottom <= top:
            return
        cover = self.cover[top - y0 : bottom - y0, left - x0 : right - x0, None]
        part = picture[top:bottom, left:right]
        part += (np.float32(self.tone) - part) * cover


def blot(
    spec: InsectSpec, t_s: float, size_px: tuple[int, int], mode: int, seed: int
) -> Blot | None:
    """The insect at a time, None while it is not there; `mode` is the sensor's."""
    share = (t_s - spec.starts_s) / spec.for_s
    if not 0.0 <= share <= 1.0:
        return None
    way = np.array(spec.path or _wandering(seed)) * np.array(size_px)
    at, heading, gone = _along(way, share)
    steps = gone / (0.45 * spec.size_px)
    return Blot(
        (float(at[0]), float(at[1])),
        _COVER[mode] * _drawn(spec.size_px, heading, steps),
        _TONES[mode],
    )


def _wandering(seed: int) -> list[tuple[float, float]]:
    """A way from one edge of the picture over some places in it and out again, relative."""
    rng = np.random.default_rng([seed, 43])
    inner = rng.uniform(0.15, 0.85, (_WAYPOINTS, 2))
    start, end = (-0.12, float(rng.uniform(0, 1))), (1.12, float(rng.uniform(0, 1)))
    return [start, *((float(x), float(y)) for x, y in inner), end]


def _along(way: Array, share: float) -> tuple[Array, float, float]:
    """Place, heading (radians, picture axes) and length gone after a share of the time."""
    legs = np.linalg.norm(np.diff(way, axis=0), axis=1)
    ends = np.concatenate([[0.0], np.cumsum(legs)])
    pace = 2 * np.pi * 4 * share
    gone = float(ends[-1]) * float(np.clip(share - _REST * np.sin(pace) / (2 * np.pi * 4), 0, 1))
    at = np.array([np.interp(gone, ends, way[:, axis]) for axis in (0, 1)])
    near = 0.06 * float(ends[-1])
    before, after = (
        np.array([np.interp(gone + d, ends, way[:, axis]) for axis in (0, 1)])
        for d in (-near, near)
    )
    to = after - before
    return at, float(np.arctan2(to[1], to[0])), gone


def _drawn(size_px: float, heading: float, steps: float) -> Tone:
    """How it covers the picture around its middle: body, legs in step, all out of focus."""
    side = int(np.ceil(size_px * 1.9)) | 1
    canvas = np.zeros((side, side), np.float32)
    c, s = np.cos(heading), np.sin(heading)

    def place(ahead: float, left: float) -> tuple[int, int]:
        x, y = (
            side / 2 + size_px * (c * ahead + s * left),
            side / 2 + size_px * (s * ahead - c * left),
        )
        return round(x), round(y)

    thick = max(1, round(size_px * 0.06))
    for k in range(_LEGS):
        base = 0.10 - 0.07 * k
        for left in (1.0, -1.0):
            swing = 0.10 * np.sin(2 * np.pi * steps + np.pi * (k + (left > 0)))
            knee = place(base + (0.16 - 0.12 * k) + 0.6 * swing, left * 0.24)
            foot = place(base + (0.32 - 0.24 * k) + swing, left * 0.44)
            for a, b in ((place(base, left * 0.05), knee), (knee, foot)):
                cv2.line(canvas, a, b, 0.8, thick, cv2.LINE_AA)
    degrees = float(np.degrees(heading))
    for ahead, long, wide in ((-0.17, 0.21, 0.14), (0.10, 0.12, 0.09)):
        axes = (max(1, round(size_px * long)), max(1, round(size_px * wide)))
        cv2.ellipse(canvas, place(ahead, 0.0), axes, degrees, 0, 360, 1.0, -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 1.0 + _BLUR * size_px), np.float32)
