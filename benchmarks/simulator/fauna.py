"""An animal of round limbs that trots along a path: a nuisance, never labelled."""

import numpy as np

from benchmarks.simulator.meshes import Array, Kind, Material, Mesh, merge, moved, tubes
from benchmarks.simulator.nuisances import AnimalSpec
from benchmarks.simulator.pose import turn

_FUR = Material((0.30, 0.22, 0.14), Kind.CLOTH, nir=0.55, thermal=0.75, gloss=0.0)


def animal(spec: AnimalSpec, t_s: float) -> Mesh | None:
    """The animal's mesh at a time, None before it enters and after its path ends."""
    gone = (t_s - spec.enters_s) * spec.speed_mps
    if gone < 0:
        return None
    for a, b in zip(spec.path, spec.path[1:], strict=False):
        length = float(np.hypot(b[0] - a[0], b[1] - a[1]))
        if gone <= length:
            share = gone / length
            at = np.array([a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, 0.0])
            yaw = float(np.arctan2(b[1] - a[1], b[0] - a[0]))
            return moved(_beast(spec.size_m, gone / (spec.size_m * 1.1)), turn(yaw), at)
        gone -= length
    return None


def _beast(size: float, cycle: float) -> Mesh:
    """Body along +x, `size` metres high at the back; `cycle` counts strides."""

    def limb(points: list[Array], radii: list[float]) -> Mesh:
        p, r = np.array(points) * size, np.array(radii) * size
        return tubes(p[:-1], p[1:], np.stack([r[:-1], r[1:]], 1), _FUR, 9)

    v = np.array
    bob = 0.02 * np.sin(4 * np.pi * cycle)
    parts = [
        limb(
            [
                v([-0.62, 0, 0.80 + bob]),
                v([-0.45, 0, 0.82 + bob]),
                v([0.0, 0, 0.78 + bob]),
                v([0.42, 0, 0.84 + bob]),
                v([0.56, 0, 0.90 + bob]),
            ],
            [0.03, 0.15, 0.19, 0.17, 0.08],
        ),
        limb(
            [v([0.46, 0, 0.90 + bob]), v([0.72, 0, 1.16 + bob]), v([0.78, 0, 1.20 + bob])],
            [0.11, 0.09, 0.09],
        ),
        limb(
            [v([0.72, 0, 1.20 + bob]), v([0.86, 0, 1.17 + bob]), v([1.02, 0, 1.12 + bob])],
            [0.09, 0.08, 0.03],
        ),
        limb([v([-0.58, 0, 0.85 + bob]), v([-0.75, 0, 0.70 + bob])], [0.035, 0.02]),
    ]
    for x, y, phase in (
        (0.38, 0.10, 0.0),
        (0.38, -0.10, 0.5),
        (-0.45, 0.10, 0.5),
        (-0.45, -0.10, 0.0),
    ):
        swing = np.sin(2 * np.pi * (cycle + phase))
        lift = max(0.0, np.cos(2 * np.pi * (cycle + phase))) * 0.10
        parts.append(
            limb(
                [
                    v([x, y, 0.75 + bob]),
                    v([x + 0.12 * swing, y, 0.40]),
                    v([x + 0.26 * swing, y, lift]),
                ],
                [0.08, 0.05, 0.035],
            )
        )
    return merge(parts)
