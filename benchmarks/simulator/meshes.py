"""Triangle soup with materials: the one vertex format that the renderer draws."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

VERTEX = np.dtype(
    [("pos", "f4", 3), ("nrm", "f4", 3), ("tex", "f4", 3), ("col", "u1", 4), ("mat", "u1", 4)]
)
VERTEX_FORMAT = "3f 3f 3f 4f1 4f1"
VERTEX_NAMES = ("in_pos", "in_nrm", "in_tex", "in_col", "in_mat")


class Kind(IntEnum):
    """How the fragment shader textures a surface; the numbers are those of `world.frag`."""

    PLAIN = 0
    GROUND = 1
    CLOTH = 2
    SKIN = 3
    LEAF = 4
    METAL = 5
    SHEET = 6
    WOOD = 7
    MASONRY = 8
    VEIL = 9
    LAMP = 10
    BARK = 11
    WATER = 12


@dataclass(frozen=True)
class Material:
    """Colour (sRGB 0..1), infrared reflectance, warmth (0 cold, 1 hot), shine, sway."""

    rgb: tuple[float, float, float]
    kind: Kind = Kind.PLAIN
    nir: float = 0.35
    thermal: float = 0.35
    gloss: float = 0.1
    sway: float = 0.0


Mesh = NDArray[np.void]


def merge(meshes: Iterable[Mesh]) -> Mesh:
    """Concatenates meshes; none gives an empty one."""
    parts = [m for m in meshes if len(m)]
    return np.concatenate(parts) if parts else np.zeros(0, VERTEX)


def soup(pos: Array, nrm: Array, tex: Array, material: Material, rgb: Array | None = None) -> Mesh:
    """Makes a mesh from per-vertex arrays (N, 3); `rgb` (N, 3) overrides the material's colour."""
    mesh = np.zeros(len(pos), VERTEX)
    mesh["pos"], mesh["nrm"], mesh["tex"] = pos, nrm, tex
    colour = np.broadcast_to(np.array(material.rgb), (len(pos), 3)) if rgb is None else rgb
    mesh["col"][:, :3] = np.round(np.clip(colour, 0, 1) * 255)
    mesh["col"][:, 3] = int(material.kind)
    mesh["mat"] = [
        round(255 * float(np.clip(v, 0, 1)))
        for v in (material.nir, material.thermal, material.gloss, material.sway)
    ]
    return mesh


_FACES = [(axis, sign) for axis in range(3) for sign in (-1.0, 1.0)]


def _unit_box() -> tuple[Array, Array]:
    pos, nrm = [], []
    for axis, sign in _FACES:
        u, v = (axis + 1) % 3, (axis + 2) % 3
        corner = np.zeros((4, 3))
        corner[:, axis] = sign
        corner[:, u] = np.array([-1, 1, 1, -1])
        corner[:, v] = np.array([-1, -1, 1, 1])
        order = [0, 1, 2, 0, 2, 3] if sign > 0 else [0, 2, 1, 0, 3, 2]
        pos.append(corner[order])
        normal = np.zeros(3)
        normal[axis] = sign
        nrm.append(np.tile(normal, (6, 1)))
    return np.concatenate(pos), np.concatenate(nrm)


_BOX_POS, _BOX_NRM = _unit_box()


def boxes(
    centres: Array,
    halves: Array,
    material: Material,
    axes: Array | None = None,
    rgb: Array | None = None,
) -> Mesh:
    """Makes N boxes: centres (N, 3), half sizes (N, 3), axes (N, 3, 3) columns, rgb (N, 3)."""
    centres, halves = np.atleast_2d(centres), np.atleast_2d(halves)
    count = max(len(centres), len(halves))
    local = np.broadcast_to(halves, (count, 3))[:, None, :] * _BOX_POS
    frame = np.broadcast_to(np.eye(3) if axes is None else axes, (count, 3, 3))
    pos = np.einsum("nij,nkj->nki", frame, local) + np.broadcast_to(centres, (count, 3))[:, None, :]
    nrm = np.einsum("nij,kj->nki", frame, _BOX_NRM)
    colour = None if rgb is None else np.repeat(np.broadcast_to(rgb, (count, 3)), 36, axis=0)
    return soup(pos.reshape(-1, 3), nrm.reshape(-1, 3), local.reshape(-1, 3), material, colour)


def beams(
    starts: Array, ends: Array, size: tuple[float, float], material: Material, side: Array
) -> Mesh:
    """Makes boxes from start to end points (N, 3); `size` metres across and along `side`."""
    starts, ends = np.atleast_2d(starts).astype(float), np.atleast_2d(ends).astype(float)
    along = ends - starts
    length = np.linalg.norm(along, axis=1)
    x = along / np.maximum(length, 1e-9)[:, None]
    s = side - x * (x @ side)[:, None]
    s /= np.maximum(np.linalg.norm(s, axis=1, keepdims=True), 1e-9)
    axes = np.stack([x, s, np.cross(x, s)], axis=2)
    halves = np.stack(
        [length / 2, np.full_like(length, size[1] / 2), np.full_like(length, size[0] / 2)], 1
    )
    return boxes((starts + ends) / 2, halves, material, axes)


def tubes(starts: Array, ends: Array, radii: Array, material: Material, sides: int = 6) -> Mesh:
    """Makes N open cylinders or cones: radii (N, 2) at start and end in metres."""
    starts, ends = np.atleast_2d(starts).astype(float), np.atleast_2d(ends).astype(float)
    radii = np.broadcast_to(np.atleast_2d(radii), (len(starts), 2))
    along = ends - starts
    length = np.linalg.norm(along, axis=1, keepdims=True)
    x = along / np.maximum(length, 1e-9)
    helper = np.where(np.abs(x[:, 2:]) < 0.9, [[0.0, 0, 1]], [[1.0, 0, 0]])
    u = np.cross(x, helper)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    w = np.cross(x, u)
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    ring = u[:, None] * np.cos(angle)[None, :, None] + w[:, None] * np.sin(angle)[None, :, None]
    low = starts[:, None] + ring * radii[:, :1, None]
    high = ends[:, None] + ring * radii[:, 1:, None]
    quad = [low[:, :-1], low[:, 1:], high[:, 1:], low[:, :-1], high[:, 1:], high[:, :-1]]
    pos = np.stack(quad, axis=2).reshape(-1, 3)
    normals = [ring[:, :-1], ring[:, 1:], ring[:, 1:], ring[:, :-1], ring[:, 1:], ring[:, :-1]]
    nrm = np.stack(normals, axis=2).reshape(-1, 3)
    turns = np.broadcast_to(angle[None, :, None], (len(starts), sides + 1, 1))
    zero = np.zeros_like(turns)
    tex_low = np.concatenate([turns, zero, zero], 2)
    tex_high = np.concatenate([turns, zero, zero + length[:, None]], 2)
    tq = [
        tex_low[:, :-1],
        tex_low[:, 1:],
        tex_high[:, 1:],
        tex_low[:, :-1],
        tex_high[:, 1:],
        tex_high[:, :-1],
    ]
    return soup(pos, nrm, np.stack(tq, axis=2).reshape(-1, 3), material)


def cards(
    centres: Array,
    edges: tuple[Array, Array],
    layer: Array,
    material: Material,
    rgb: Array | None = None,
    normal: Array | None = None,
) -> Mesh:
    """Makes N textured quads; edges are half right and half up (N, 3), layer (N,) the sprite."""
    right, up = edges
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, -1), (1, 1), (-1, 1)], float)
    pos = centres[:, None] + right[:, None] * signs[None, :, :1] + up[:, None] * signs[None, :, 1:]
    n = np.cross(right, up) if normal is None else normal
    n = n / np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)
    tex = np.empty((len(centres), 6, 3))
    tex[:, :, :2] = (signs + 1) / 2
    tex[:, :, 2] = layer[:, None]
    colour = None if rgb is None else np.repeat(rgb, 6, axis=0)
    return soup(pos.reshape(-1, 3), np.repeat(n, 6, axis=0), tex.reshape(-1, 3), material, colour)


def moved(mesh: Mesh, rotation: Array, shift: Array) -> Mesh:
    """Rotates and shifts a mesh; texture coordinates stay."""
    out = mesh.copy()
    out["pos"] = mesh["pos"] @ rotation.T.astype(np.float32) + shift.astype(np.float32)
    out["nrm"] = mesh["nrm"] @ rotation.T.astype(np.float32)
    return out
