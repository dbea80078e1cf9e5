"""Draws small 3-D things (prisms) into a picture with a perspective camera and a painter's sort."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Image = npt.NDArray[np.uint8]

NEAR_M = 0.15
SUBPIXEL_BITS = 4


@dataclass(frozen=True)
class Camera:
    """A pinhole camera; the world is X right, Y up, Z away, in metres."""

    eye: Array
    target: Array
    focal_px: float
    size_px: tuple[int, int]
    roll_rad: float = 0.0

    @property
    def rotation(self) -> Array:
        """Rows are the camera's right, down and forward axes in the world, shape (3, 3)."""
        forward = _unit(self.target - self.eye)
        right = _unit(np.cross(np.array([0.0, 1.0, 0.0]), forward))
        down = -np.cross(forward, right)
        cos, sin = np.cos(self.roll_rad), np.sin(self.roll_rad)
        return np.stack([cos * right + sin * down, cos * down - sin * right, forward])

    def view(self, points: Array) -> Array:
        """World points (..., 3) in the camera's frame."""
        moved: Array = (points - self.eye) @ self.rotation.T
        return moved

    def project(self, points: Array) -> Array:
        """World points (..., 3) to pixels (..., 2); those behind the eye are pinned near it."""
        seen = self.view(points)
        depth = np.maximum(seen[..., 2:], NEAR_M)
        centre = np.array(self.size_px, dtype=np.float64) / 2
        pixels: Array = seen[..., :2] / depth * self.focal_px + centre
        return pixels


@dataclass(frozen=True)
class Prism:
    """A straight bar from `start` to `end` with a rectangular (4 sides) or round (8) section."""

    start: Array
    end: Array
    up: Array
    half_width_m: float
    half_depth_m: float
    colour: Array
    sides: int = 4

    def rings(self) -> tuple[Array, Array]:
        """The two end polygons, each (sides, 3), in the same order around the axis."""
        axis = _unit(self.end - self.start)
        depth = self.up - axis * float(self.up @ axis)
        if np.linalg.norm(depth) < 1e-6:
            depth = _cross(axis, np.array([0.577, 0.577, 0.577]))
        depth = _unit(depth)
        width = _cross(axis, depth)
        angle = (np.arange(self.sides) + 0.5) * 2 * np.pi / self.sides
        reach = np.sqrt(2.0) if self.sides == 4 else 1.0
        offsets = reach * (
            np.cos(angle)[:, None] * width * self.half_width_m
            + np.sin(angle)[:, None] * depth * self.half_depth_m
        )
        return self.start + offsets, self.end + offsets


@dataclass(frozen=True)
class Light:
    """A sun or lamp far away; `shine` is how metallic the surfaces glint."""

    direction: Array
    ambient: float = 0.5
    shine: float = 0.2


def faces_of(prisms: list[Prism]) -> tuple[Array, Array]:
    """All faces as quads in the world (N, 4, 3) and their colours (N, 3); round ends stay open."""
    quads: list[Array] = []
    colours: list[Array] = []
    for prism in prisms:
        first, second = prism.rings()
        sides = np.stack(
            [first, np.roll(first, -1, axis=0), np.roll(second, -1, axis=0), second], axis=1
        )
        ends = np.stack([first[::-1], second]) if prism.sides == 4 else np.zeros((0, 4, 3))
        quads.append(np.concatenate([sides, ends]))
        colours.append(np.broadcast_to(prism.colour, (len(sides) + len(ends), 3)))
    return np.concatenate(quads), np.concatenate(colours)


def draw(
    picture: Image, mask: Image, prisms: list[Prism], camera: Camera, light: Light, label: int
) -> None:
    """Paint the prisms into `picture`, far faces first, and write `label` where they are seen."""
    if not prisms:
        return
    quads, colours = faces_of(prisms)
    centres = quads.mean(axis=1)
    normals = np.cross(quads[:, 1] - quads[:, 0], quads[:, 2] - quads[:, 1])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    facing = np.einsum("ij,ij->i", normals, camera.eye - centres) > 0
    whole = camera.view(quads)[..., 2].min(axis=1) > NEAR_M
    shaded = np.clip(colours * _shade(normals, centres, camera, light)[:, None], 0, 255)
    points = _fixed_point(camera.project(quads))
    depth = camera.view(centres)[:, 2]
    for index in np.argsort(-depth):
        if facing[index] and whole[index]:
            quad, colour = points[index], shaded[index].tolist()
            cv2.fillConvexPoly(picture, quad, colour, cv2.LINE_AA, SUBPIXEL_BITS)
            cv2.fillConvexPoly(mask, quad, int(label), cv2.LINE_8, SUBPIXEL_BITS)


def shadow_mask(
    prisms: list[Prism], camera: Camera, light: Light, plane: tuple[Array, Array]
) -> Image:
    """Where the prisms shade the plane (point, unit normal): 255 in full shadow, picture-sized."""
    width, height = camera.size_px
    mask = np.zeros((height, width), np.uint8)
    point, normal = plane
    slope = float(light.direction @ normal)
    if abs(slope) < 0.05:
        return mask
    for prism in prisms:
        corners = np.concatenate(prism.rings())
        travel = ((corners - point) @ normal) / slope
        if travel.min() < -0.05:
            continue
        landed = corners - travel[:, None] * light.direction
        if camera.view(landed)[:, 2].min() > NEAR_M:
            hull = cv2.convexHull(camera.project(landed).astype(np.float32))[:, 0]
            cv2.fillConvexPoly(mask, _fixed_point(hull), 255, cv2.LINE_AA, SUBPIXEL_BITS)
    return mask


def plane_homography(camera: Camera, origin: Array, across: Array, along: Array) -> Array:
    """The 3x3 map from metres (a, b) on the plane `origin + a*across + b*along` to pixels."""
    centre = np.array(camera.size_px, dtype=np.float64) / 2
    calibration = np.array(
        [[camera.focal_px, 0, centre[0]], [0, camera.focal_px, centre[1]], [0, 0, 1]]
    )
    basis = np.stack([across, along, origin - camera.eye], axis=1)
    homography: Array = calibration @ camera.rotation @ basis
    return homography


def _shade(normals: Array, centres: Array, camera: Camera, light: Light) -> Array:
    diffuse = np.clip(normals @ light.direction, 0, None)
    to_eye = camera.eye - centres
    to_eye /= np.linalg.norm(to_eye, axis=1, keepdims=True)
    half = to_eye + light.direction
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    glint = np.clip(np.einsum("ij,ij->i", normals, half), 0, None) ** 12
    shade: Array = light.ambient + (1 - light.ambient) * 1.3 * diffuse + light.shine * glint
    return shade


def _fixed_point(pixels: Array) -> npt.NDArray[np.int32]:
    return np.clip(pixels * (1 << SUBPIXEL_BITS), -(2**24), 2**24).round().astype(np.int32)


def _cross(a: Array, b: Array) -> Array:
    # np.cross spends ten times as long on single vectors
    return np.array(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    )


def _unit(vector: Array) -> Array:
    length = float(np.sqrt(vector @ vector))
    unit: Array = vector / max(length, 1e-12)
    return unit
