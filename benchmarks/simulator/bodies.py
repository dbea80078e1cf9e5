"""Baked human bodies: rest meshes, skeleton joints and linear blend skinning."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DATA_FILE = Path(__file__).parent / "data" / "bodies.npz"

_SIDED = (
    "clavicle",
    "upperarm",
    "forearm",
    "hand",
    "knuckles",
    "fingertips",
    "thigh",
    "shin",
    "foot",
    "toes",
)
BONES = (
    "hips",
    "abdomen",
    "chest",
    "neck",
    "head",
    *(f"{bone}.{side}" for side in "LR" for bone in _SIDED),
)
INDEX = {bone: i for i, bone in enumerate(BONES)}

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Body:
    """One baked body, x forward, y left, z up, soles at z = 0, in metres.

    `vertices` is (V, 3), `joints` (26, 3) the rest position of each bone's head, `faces` (F, 3),
    `bone_index` and `bone_weight` (V, 4) the skinning.
    """

    vertices: Array
    joints: Array
    faces: NDArray[np.int64]
    bone_index: NDArray[np.int64]
    bone_weight: Array

    @property
    def height_m(self) -> float:
        """Height of the crown of the head."""
        return float(self.vertices[:, 2].max())

    def joint(self, bone: str) -> Array:
        """Rest position (3,) of a bone's head."""
        return np.asarray(self.joints[INDEX[bone]])

    def skin(self, rotation: Array, position: Array, offset: Array) -> tuple[Array, Array]:
        """Poses the mesh: bone rotations (26, 3, 3) and head positions (26, 3) in the world.

        `offset` (V, 3) is added to the rest vertices (clothes). Returns vertices and unit normals.
        """
        shift = position - np.einsum("bij,bj->bi", rotation, self.joints)
        blend_r = np.einsum("vk,vkij->vij", self.bone_weight, rotation[self.bone_index])
        blend_t = np.einsum("vk,vki->vi", self.bone_weight, shift[self.bone_index])
        posed = np.einsum("vij,vj->vi", blend_r, self.vertices + offset) + blend_t
        return posed, vertex_normals(posed, self.faces)


def vertex_normals(vertices: Array, faces: NDArray[np.int64]) -> Array:
    """Area-weighted unit normals (V, 3)."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    face_normal = np.cross(b - a, c - a)
    normal = np.stack(
        [
            np.bincount(faces.ravel(), np.repeat(face_normal[:, axis], 3), len(vertices))
            for axis in range(3)
        ],
        axis=1,
    )
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    return np.asarray(normal / np.maximum(length, 1e-12))


@cache
def bodies() -> tuple[Body, ...]:
    """Loads the baked bodies."""
    with np.load(DATA_FILE) as data:
        weight = data["bone_weight"].astype(float)
        weight /= weight.sum(1, keepdims=True)
        shared = (data["faces"].astype(np.int64), data["bone_index"].astype(np.int64), weight)
        return tuple(
            Body(vertices.astype(float), joints.astype(float), *shared)
            for vertices, joints in zip(data["vertices"], data["joints"], strict=True)
        )
