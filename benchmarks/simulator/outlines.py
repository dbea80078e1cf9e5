"""Polygons on the ground: what is inside, how far outside, how they look in the picture."""

from collections.abc import Callable

import cv2
import numpy as np

from benchmarks.simulator.camera import Camera


def polygon(points: tuple[tuple[float, float], ...]) -> Callable[[float, float], bool]:
    """Makes the inside test of a closed polygon (even-odd rule)."""

    def inside(x: float, y: float) -> bool:
        odd = False
        for (x0, y0), (x1, y1) in zip(points, (*points[1:], points[0]), strict=True):
            if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
                odd = not odd
        return odd

    return inside


def outside_m(points: tuple[tuple[float, float], ...]) -> Callable[[float, float], float]:
    """Makes the distance in metres to a closed polygon; negative inside it."""
    contour = np.array(points, np.float32)[:, None]
    return lambda x, y: -cv2.pointPolygonTest(contour, (x, y), measureDist=True)


def clipped(camera: Camera, points: tuple[tuple[float, float], ...]) -> list[list[float]]:
    """A ground polygon in relative picture coordinates, cut at the picture's edges."""
    dense = []
    for (x0, y0), (x1, y1) in zip(points, (*points[1:], points[0]), strict=True):
        for s in np.linspace(0, 1, 60, endpoint=False):
            u, v = camera.project(np.array([[x0 + (x1 - x0) * s, y0 + (y1 - y0) * s, 0.0]]))[0]
            if np.isfinite(u):
                dense.append([float(u / camera.width_px), float(v / camera.height_px)])
    shape = dense
    for axis, limit, keep in ((0, 0.0, 1), (0, 1.0, -1), (1, 0.0, 1), (1, 1.0, -1)):
        shape = _cut(shape, axis, limit, keep)
    return [
        [round(min(max(u, 0.0), 1.0), 4), round(min(max(v, 0.0), 1.0), 4)]
        for u, v in _thinned(shape)
    ]


def _cut(shape: list[list[float]], axis: int, limit: float, keep: int) -> list[list[float]]:
    """Cuts a polygon at an axis-parallel line (Sutherland and Hodgman 1974)."""
    out = []
    for a, b in zip(shape, [*shape[1:], *shape[:1]], strict=True):
        in_a, in_b = keep * (a[axis] - limit) >= 0, keep * (b[axis] - limit) >= 0
        if in_a:
            out.append(a)
        if in_a != in_b:
            share = (limit - a[axis]) / (b[axis] - a[axis])
            out.append([a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share])
    return out


def _thinned(shape: list[list[float]]) -> list[list[float]]:
    """Leaves out points that lie on the line between their neighbours."""
    kept: list[list[float]] = []
    count = len(shape)
    for i, point in enumerate(shape):
        before, after = kept[-1] if kept else shape[i - 1], shape[(i + 1) % count]
        area = (point[0] - before[0]) * (after[1] - before[1]) - (point[1] - before[1]) * (
            after[0] - before[0]
        )
        if abs(area) > 1e-6:
            kept.append(point)
    return kept
