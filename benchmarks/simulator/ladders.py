"""Ladders: single, extension and step ladders of aluminium, wood or painted steel."""

from dataclasses import dataclass

import numpy as np

from benchmarks.simulator.meshes import Array, Kind, Material, Mesh, beams, merge, tubes

MATERIALS = {
    "aluminium": Material((0.74, 0.75, 0.76), Kind.METAL, nir=0.75, thermal=0.12, gloss=0.6),
    "wood": Material((0.60, 0.45, 0.28), Kind.WOOD, nir=0.55, thermal=0.38, gloss=0.05),
    "rough_wood": Material((0.42, 0.33, 0.24), Kind.WOOD, nir=0.5, thermal=0.38, gloss=0.0),
    "painted": Material((0.75, 0.25, 0.10), Kind.METAL, nir=0.5, thermal=0.33, gloss=0.3),
}


@dataclass(frozen=True)
class Ladder:
    """Shape of a ladder in metres; `kind` single, extension or step, which `open_m` spreads."""

    length_m: float = 4.0
    width_m: float = 0.42
    top_width_m: float = 0.36
    rung_pitch_m: float = 0.28
    rail_m: tuple[float, float] = (0.065, 0.025)
    rung_m: float = 0.032
    material: str = "aluminium"
    rgb: tuple[float, float, float] | None = None
    kind: str = "single"
    overlap: float = 0.35
    open_m: float = 1.1
    seed: int = 0

    @property
    def surface(self) -> Material:
        """Material of the rails."""
        base = MATERIALS[self.material]
        return (
            base
            if self.rgb is None
            else Material(self.rgb, base.kind, base.nir, base.thermal, base.gloss)
        )


def _section(ladder: Ladder, start: float, length: float, lift: float, shrink: float) -> Mesh:
    """One ladder section along +x from `start`, its width along y, at `lift` along z."""
    half0, half1 = ladder.width_m / 2 * shrink, ladder.top_width_m / 2 * shrink
    rng = np.random.default_rng(ladder.seed + 7)
    crooked = 0.02 if ladder.material == "rough_wood" else 0.0
    rail_start = np.array([[start, half0, lift], [start, -half0, lift]])
    rail_end = np.array([[start + length, half1, lift], [start + length, -half1, lift]])
    rail_end[:, 1:] += rng.normal(0, crooked, (2, 2))
    rails = beams(rail_start, rail_end, ladder.rail_m, ladder.surface, np.array([0.0, 1.0, 0.0]))
    at = np.arange(ladder.rung_pitch_m * 0.8, length - 0.06, ladder.rung_pitch_m)
    at = at + rng.normal(0, crooked, len(at))
    half = half0 + (half1 - half0) * at / length
    left = np.stack([start + at, half, np.full_like(at, lift)], 1)
    right = left * np.array([1.0, -1.0, 1.0])
    right[:, 0] += rng.normal(0, crooked, len(at))
    radius = np.array([[ladder.rung_m / 2, ladder.rung_m / 2]])
    if ladder.material in ("wood", "aluminium") or crooked:
        rungs = tubes(left, right, radius, ladder.surface, 6)
    else:
        rungs = beams(
            left, right, (ladder.rung_m, ladder.rung_m), ladder.surface, np.array([1.0, 0, 0])
        )
    return merge([rails, rungs])


def ladder_mesh(ladder: Ladder) -> Mesh:
    """Builds the ladder along +x from its foot at the origin; y across, z out of its plane."""
    if ladder.kind == "extension":
        lower = ladder.length_m * (0.5 + ladder.overlap / 2)
        return merge(
            [
                _section(ladder, 0.0, lower, 0.0, 1.0),
                _section(ladder, ladder.length_m - lower, lower, ladder.rail_m[0] * 0.9, 0.9),
            ]
        )
    if ladder.kind == "step":
        front = _section(ladder, 0.0, ladder.length_m, 0.0, 1.0)
        spread = ladder.open_m / ladder.length_m
        back = _section(ladder, 0.0, ladder.length_m, 0.0, 0.92)
        for name in ("pos", "nrm"):
            x, z = back[name][:, 0].copy(), back[name][:, 2].copy()
            angle = 2 * np.arcsin(min(spread / 2, 0.9))
            shift = ladder.length_m if name == "pos" else 0.0
            back[name][:, 0] = (x - shift) * np.cos(angle) - z * np.sin(angle) + shift
            back[name][:, 2] = (x - shift) * np.sin(angle) + z * np.cos(angle)
        return merge([front, back])
    return _section(ladder, 0.0, ladder.length_m, 0.0, 1.0)


def ladder_axes(direction: Array, across: Array) -> Array:
    """Rotation (3, 3) that takes the ladder's x to `direction` and y towards `across`."""
    x = direction / np.linalg.norm(direction)
    y = across - x * (x @ across)
    y = y / np.linalg.norm(y)
    return np.stack([x, y, np.cross(x, y)], axis=1)
