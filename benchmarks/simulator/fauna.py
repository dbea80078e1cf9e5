"""Animals of round limbs that trot or fly along a path: a nuisance, never labelled."""

from dataclasses import dataclass

import numpy as np

from benchmarks.simulator.meshes import Array, Kind, Material, Mesh, merge, moved, tubes
from benchmarks.simulator.nuisances import AnimalSpec
from benchmarks.simulator.pose import turn

_FLIGHT_M = 2.4  # over the ground
_BEAT_M = 0.55  # flown on one beat of the wings


@dataclass(frozen=True)
class _Shape:
    """How a four-legged animal differs from a dog; lengths as shares of its height at the back.

    `legs` scales the legs' thickness, `neck` and `head` say how far these reach up, `tail` how
    long and `brush` how thick it is.
    """

    rgb: tuple[float, float, float]
    size_m: float
    trunk: float = 1.0
    legs: float = 1.0
    neck: float = 0.0
    head: float = 1.0
    tail: float = 1.0
    brush: float = 1.0


_SHAPES = {
    "dog": _Shape((0.30, 0.22, 0.14), 0.6),
    "deer": _Shape((0.34, 0.22, 0.13), 0.95, 0.95, 0.6, 0.28, 0.85, 0.35, 0.8),
    "fox": _Shape((0.48, 0.22, 0.08), 0.38, 0.8, 0.6, -0.08, 0.8, 2.4, 2.4),
}
_FEATHERS = Material((0.10, 0.10, 0.11), Kind.CLOTH, nir=0.45, thermal=0.62, gloss=0.0)
_BIRD_M = 0.45


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
            return moved(_posed(spec, gone), turn(yaw), at)
        gone -= length
    return None


def _posed(spec: AnimalSpec, gone_m: float) -> Mesh:
    """The animal along +x after a way gone."""
    if spec.kind == "bird":
        return _bird(spec.size_m or _BIRD_M, gone_m / _BEAT_M)
    shape = _SHAPES[spec.kind]
    size = spec.size_m or shape.size_m
    return _beast(size, gone_m / (size * 1.1), shape)


def _limb(points: list[Array], radii: list[float], size: float, fur: Material) -> Mesh:
    p, r = np.array(points) * size, np.array(radii) * size
    return tubes(p[:-1], p[1:], np.stack([r[:-1], r[1:]], 1), fur, 9)


def _beast(size: float, cycle: float, shape: _Shape) -> Mesh:
    """Body along +x, `size` metres high at the back; `cycle` counts strides."""
    fur = Material(shape.rgb, Kind.CLOTH, nir=0.55, thermal=0.75, gloss=0.0)
    bob = 0.02 * np.sin(4 * np.pi * cycle)
    n, h, t = shape.neck, shape.head, shape.trunk

    def v(x: float, z: float) -> Array:
        return np.array([x, 0.0, z + bob])

    back = [v(-0.62, 0.80), v(-0.45, 0.82), v(0.0, 0.78), v(0.42, 0.84), v(0.56, 0.90)]
    neck = [v(0.46, 0.90), v(0.72, 1.16 + n), v(0.78, 1.20 + n)]
    face = [
        v(0.72, 1.20 + n),
        v(0.72 + 0.14 * h, 1.17 + n),
        v(0.72 + 0.30 * h, 1.12 + n),
    ]
    tail = [v(-0.58, 0.85), v(-0.58 - 0.17 * shape.tail, 0.85 - 0.15 * min(shape.tail, 1.5))]
    parts = [
        _limb(back, [0.03, 0.15 * t, 0.19 * t, 0.17 * t, 0.08], size, fur),
        _limb(neck, [0.11, 0.09 * h, 0.09 * h], size, fur),
        _limb(face, [0.09 * h, 0.08 * h, 0.03 * h], size, fur),
        _limb(tail, [0.035 * shape.brush, 0.02 * shape.brush], size, fur),
    ]
    for x, y, phase in (
        (0.38, 0.10, 0.0),
        (0.38, -0.10, 0.5),
        (-0.45, 0.10, 0.5),
        (-0.45, -0.10, 0.0),
    ):
        swing = np.sin(2 * np.pi * (cycle + phase))
        lift = max(0.0, np.cos(2 * np.pi * (cycle + phase))) * 0.10
        leg = [
            np.array([x, y, 0.75 + bob]),
            np.array([x + 0.12 * swing, y, 0.40]),
            np.array([x + 0.26 * swing, y, lift]),
        ]
        thick = [0.08 * shape.legs, 0.05 * shape.legs, 0.035 * shape.legs]
        parts.append(_limb(leg, thick, size, fur))
    return merge(parts)


def _bird(size: float, beat: float) -> Mesh:
    """Flies along +x with a body `size` metres long; `beat` counts beats of the wings."""
    flap = float(np.sin(2 * np.pi * beat))
    rise = np.array([0.0, 0.0, _FLIGHT_M / size - 0.06 * flap])
    v = np.array
    body = [v([-0.5, 0, 0.0]), v([-0.2, 0, 0.0]), v([0.15, 0, 0.03]), v([0.42, 0, 0.06])]
    beak = [v([0.40, 0, 0.07]), v([0.60, 0, 0.05])]
    parts = [
        _limb([p + rise for p in body], [0.03, 0.11, 0.13, 0.08], size, _FEATHERS),
        _limb([p + rise for p in beak], [0.04, 0.01], size, _FEATHERS),
    ]
    for side in (1.0, -1.0):
        for chord in np.linspace(-0.16, 0.16, 5):  # quills side by side make the wing
            wing = [
                v([0.08 + chord, side * 0.08, 0.05]),
                v([0.05 + chord, side * 0.55, 0.05 + 0.30 * flap]),
                v([-0.12 + 0.5 * chord, side * 1.0, 0.05 + 0.62 * flap]),
            ]
            parts.append(_limb([p + rise for p in wing], [0.05, 0.045, 0.01], size, _FEATHERS))
    return merge(parts)
