"""Matrices and uniforms of camera, light and shadows, and which part of a picture changes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.simulator.camera import Camera
from benchmarks.simulator.lighting import Light
from benchmarks.simulator.meshes import Array
from benchmarks.simulator.pose import unit, vec
from benchmarks.simulator.terrain import EXTENT


@dataclass(frozen=True)
class Area:
    """A rectangle of the picture in pixels, counted from below as GL does."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def empty(self) -> bool:
        """Whether nothing is in it."""
        return self.x1 <= self.x0 or self.y1 <= self.y0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.x1 - self.x0, self.y1 - self.y0

    def scissor(self, scale: int = 1) -> tuple[int, int, int, int]:
        """As x, y, width, height in pixels that are `scale` times as fine."""
        return self.x0 * scale, self.y0 * scale, self.size[0] * scale, self.size[1] * scale

    def grown(self, by: int, width_px: int, height_px: int) -> "Area":
        """The same with so many pixels more on each side, cut at the picture's edges."""
        return Area(
            max(self.x0 - by, 0),
            max(self.y0 - by, 0),
            min(self.x1 + by, width_px),
            min(self.y1 + by, height_px),
        )


def around(boxes: list[tuple[float, float, float, float]], camera: Camera) -> Area:
    """The area around boxes (x0, y0, x1, y1, y down), with two pixels to spare, in the picture."""
    if not boxes:
        return Area(0, 0, 0, 0)
    corners = np.array(boxes)
    (x0, y0), (x1, y1) = corners[:, :2].min(0), corners[:, 2:].max(0)
    h = camera.height_px
    whole = Area(int(np.floor(x0)), int(np.floor(h - y1)), int(np.ceil(x1)), int(np.ceil(h - y0)))
    return whole.grown(2, camera.width_px, h)


def no_shadows() -> dict[str, Any]:
    """Uniforms that say that nothing that moves casts a shadow."""
    return {"u_dyn_vp": np.eye(4), "u_dyn_soft": 0.0, "u_dyn_rect": (2.0, 2.0, 2.0, 2.0)}


def uniforms(camera: Camera, light: Light) -> dict[str, Any]:
    """What every program that draws the world must know of camera and light."""
    return {
        "u_vp": camera.matrix(),
        "u_inverse": np.linalg.inv(camera.matrix()),
        "u_eye": camera.eye,
        "u_axis": tuple(-camera.basis[2]),
        "u_mode": light.mode,
        "u_sun_dir": light.sun_dir,
        "u_sun_rgb": light.sun_rgb,
        "u_sky_rgb": light.sky_rgb,
        "u_bounce_rgb": light.bounce_rgb,
        "u_lamp": (light.lamp, light.lamp, light.lamp, light.lamp_reach_m),
        "u_fog": (*light.fog_rgb, light.fog_per_m),
        "u_extent": EXTENT,
        "u_zenith": light.zenith,
        "u_horizon": light.horizon,
        "u_cloud_rgb": light.cloud_rgb,
        "u_clouds": light.clouds,
    }


def ortho(
    direction: tuple[float, float, float], points: Array, margin: float
) -> tuple[Array, float]:
    """Matrix (4, 4) looking along -direction that holds all points; and its width in metres."""
    back = unit(np.array(direction))
    right = unit(np.cross(vec(0.01, 0.02, 1.0), back))
    basis = np.stack([right, np.cross(back, right), back])
    local = points @ basis.T
    low, high = local.min(0) - margin, local.max(0) + margin
    size = high - low
    matrix = np.eye(4)
    for axis in range(3):
        sign = -1.0 if axis == 2 else 1.0
        matrix[axis, :3] = sign * 2 * basis[axis] / size[axis]
        matrix[axis, 3] = -sign * (high[axis] + low[axis]) / size[axis]
    return matrix, float(size[:2].max())


def ground_in_view(camera: Camera, reach_m: float = 55.0) -> Array:
    """Corners (4, 3) of the ground near enough to need shadows."""
    eye = np.array(camera.eye)
    points = []
    for u in (0.0, camera.width_px):
        for v in (0.35 * camera.height_px, camera.height_px * 1.0):
            hit = camera.ground(u, v)
            away = None if hit is None else hit - eye[:2]
            if away is None or float(np.hypot(*away)) > reach_m:
                ray = camera.basis.T @ vec(u - camera.width_px / 2, 0.0, -camera.focal_px)
                away = reach_m * unit(ray[:2])
            points.append([*(eye[:2] + away), 0.0])
    return np.array(points)


def shadow_rect(camera: Camera, points: Array, soft_m: float) -> tuple[float, float, float, float]:
    """Where in the picture shadows between points can fall, relative, from below.

    The whole picture when some of them lie behind the camera.
    """
    where = camera.project(points)
    if not np.isfinite(where).all():
        return (0.0, 0.0, 1.0, 1.0)
    nearest = max(float(camera.depth(points).min()), 1.0)
    pad = 12 + camera.focal_px * soft_m / nearest
    low, high = where.min(0) - pad, where.max(0) + pad
    w, h = camera.width_px, camera.height_px
    return (low[0] / w, 1 - high[1] / h, high[0] / w, 1 - low[1] / h)
