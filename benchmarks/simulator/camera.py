"""A fixed pinhole camera over the ground, and the homography that calibrates it."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.simulator.pose import Array, unit, vec


@dataclass(frozen=True)
class Camera:
    """Eye and target in metres, horizontal field of view in degrees, size in pixels."""

    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    hfov_deg: float
    width_px: int
    height_px: int
    roll_deg: float = 0.0
    near_m: float = 0.3
    far_m: float = 260.0

    @property
    def basis(self) -> Array:
        """Rows right, up, back (3, 3) of the camera in the world."""
        back = unit(np.array(self.eye) - np.array(self.target))
        right = unit(np.cross(vec(0, 0, 1), back))
        up = np.cross(back, right)
        c, s = np.cos(np.radians(self.roll_deg)), np.sin(np.radians(self.roll_deg))
        return np.stack([c * right + s * up, c * up - s * right, back])

    @property
    def focal_px(self) -> float:
        """Focal length in pixels."""
        return self.width_px / 2 / float(np.tan(np.radians(self.hfov_deg) / 2))

    def widened(self, margin_px: int) -> "Camera":
        """The same camera with so many more pixels on each side."""
        if margin_px == 0:
            return self
        width = self.width_px + 2 * margin_px
        hfov = 2 * np.degrees(np.arctan(width / 2 / self.focal_px))
        height = self.height_px + 2 * margin_px
        return replace(self, hfov_deg=float(hfov), width_px=width, height_px=height)

    def matrix(self) -> Array:
        """World to clip space (4, 4), OpenGL convention."""
        view = np.eye(4)
        view[:3, :3] = self.basis
        view[:3, 3] = -self.basis @ np.array(self.eye)
        f, n, far = 2 * self.focal_px, self.near_m, self.far_m
        projection = np.zeros((4, 4))
        projection[0, 0], projection[1, 1] = f / self.width_px, f / self.height_px
        projection[2, 2], projection[2, 3] = -(far + n) / (far - n), -2 * far * n / (far - n)
        projection[3, 2] = -1.0
        return projection @ view

    def depth(self, points: Array) -> Array:
        """Distance along the optical axis (N,) of world points (N, 3), metres."""
        return np.asarray(-(np.atleast_2d(points) - np.array(self.eye)) @ self.basis[2])

    def project(self, points: Array) -> Array:
        """Projects world points (N, 3) to pixels (N, 2), x right, y down; NaN when behind."""
        local = (np.atleast_2d(points) - np.array(self.eye)) @ self.basis.T
        depth = np.where(-local[:, 2] > self.near_m, -local[:, 2], np.nan)
        u = self.width_px / 2 + self.focal_px * local[:, 0] / depth
        v = self.height_px / 2 - self.focal_px * local[:, 1] / depth
        return np.stack([u, v], axis=1)

    def box(self, points: Array) -> tuple[float, float, float, float] | None:
        """Amodal box x0, y0, x1, y1 in pixels of points; None when most are behind the camera."""
        pixels = self.project(points)
        seen = pixels[np.isfinite(pixels[:, 0])]
        if len(seen) < 0.6 * len(pixels):
            return None
        low, high = seen.min(0), seen.max(0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def ground(self, u: float, v: float) -> Array | None:
        """Ground point (2,) in metres seen at a pixel, None above the horizon."""
        direction = self.basis.T @ vec(
            u - self.width_px / 2, self.height_px / 2 - v, -self.focal_px
        )
        if direction[2] > -1e-6:
            return None
        ray: Array = np.array(self.eye) - direction * (self.eye[2] / direction[2])
        return ray[:2]
