"""The static world of a scene: ground, barrier, vegetation and things that stand about.

The barrier runs along the x axis at y = 0; metres, z up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from benchmarks.simulator.barriers import barrier_mesh
from benchmarks.simulator.meshes import Kind, Material, Mesh, boxes, merge
from benchmarks.simulator.structures import MAKERS, structure
from benchmarks.simulator.terrain import Band, colour_at, ground_map
from benchmarks.simulator.vegetation import bush, grass, tree, turf, weeds
from benchmarks.simulator.waterside import RiverSpec, grown_on_land, shores

BARRIER_SPAN_M = (-20.0, 80.0)
HOUSE_X_M = (7.5, 24.5)
_FOOT_RGB = np.array([0.31, 0.32, 0.18])  # what grows where no mower reaches
_SHRUB_RGB = np.array([0.24, 0.28, 0.15])


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BandSpec(_Spec):
    """A band of ground along the barrier."""

    soil: str
    y0_m: float
    y1_m: float
    edge_m: float = 0.5


class StructureSpec(_Spec):
    """One thing standing in the world."""

    kind: str
    x_m: float
    y_m: float
    yaw_deg: float = 0.0


class BarrierSpec(_Spec):
    """The barrier; `kind` none leaves it out."""

    kind: str = "sheet"
    height_m: float = Field(3.0, gt=0.5, le=8.0)
    coil: bool = True


class WorldSpec(_Spec):
    """What a world is made of; everything not named follows from the seed."""

    seed: int = 0
    soil: str = "grass"
    barrier: BarrierSpec = BarrierSpec()
    bands: tuple[BandSpec, ...] = (
        BandSpec(soil="dirt", y0_m=-2.0, y1_m=0.8),
        BandSpec(soil="dirt", y0_m=-8.0, y1_m=-4.8),
    )
    grass_per_m2: float = Field(6.0, ge=0.0)
    grass_height_m: float = 0.28
    bushes: int = 14
    trees: int = 26
    conifers: float = 0.4
    forest_y_m: float = 17.0
    structures: tuple[StructureSpec, ...] = ()
    house: bool = False
    river: RiverSpec | None = None


@dataclass(frozen=True)
class World:
    """Meshes and ground map ready for the renderer."""

    spec: WorldSpec
    solid: Mesh
    veil: Mesh
    ground: NDArray[np.uint8]


def build(spec: WorldSpec, look: tuple[float, float] = (-5.0, 60.0)) -> World:
    """Builds a world; `look` is the range of x in metres that the cameras watch."""
    rng = np.random.default_rng(spec.seed)
    bands = tuple(Band(b.soil, b.y0_m, b.y1_m, b.edge_m) for b in spec.bands)
    ground = ground_map(spec.soil, (*bands, *shores(spec.river)), rng)
    parts: list[Mesh] = []
    veil = merge([])
    if spec.barrier.kind != "none":
        solid, veil = barrier_mesh(
            spec.barrier.kind, spec.barrier.height_m, BARRIER_SPAN_M, rng, coil=spec.barrier.coil
        )
        parts.append(solid)
    growth = np.random.default_rng([spec.seed, 1])  # of its own: plants do not change structures
    parts += [*_grass(spec, growth, look, ground), *_woods(spec, growth, look)]
    parts += [
        structure(s.kind, np.array([s.x_m, s.y_m]), np.radians(s.yaw_deg), rng)
        for s in spec.structures
    ]
    if spec.house:
        parts.append(_house(rng))
    return World(spec, merge(grown_on_land(parts, spec.river)), veil, ground)


def _grass(
    spec: WorldSpec,
    rng: np.random.Generator,
    look: tuple[float, float],
    ground: NDArray[np.uint8],
) -> list[Mesh]:
    """Grass in the colour of the ground it grows from, so that no tuft stands out like a thing."""
    if spec.grass_per_m2 == 0:
        return []
    density, height = spec.grass_per_m2, spec.grass_height_m
    at = _scattered(spec, rng, look, 1.3 * density)
    tall = height * np.exp(rng.normal(0, 0.33, len(at)))
    cover = _scattered(spec, rng, look, 3.0 * density)
    short = 0.45 * height * np.exp(rng.normal(0, 0.30, len(cover)))
    stalks = _scattered(spec, rng, look, 0.03 * density)
    foot = np.stack(
        [rng.uniform(*look, 500), rng.choice([-1, 1], 500) * rng.gamma(2, 0.12, 500)], 1
    )
    foot_tall = 0.7 * height * np.exp(rng.normal(0, 0.4, len(foot)))
    rooted = [grass(foot, foot_tall, rng, np.tile(_FOOT_RGB, (len(foot), 1)))]
    return [
        grass(at, tall, rng, colour_at(ground, at)),
        turf(cover, short, rng, colour_at(ground, cover)),
        weeds(
            stalks,
            2.2 * height * rng.uniform(0.6, 1.2, len(stalks)),
            rng,
            colour_at(ground, stalks),
        ),
        *(rooted if spec.barrier.kind != "none" else []),
    ]


def _scattered(
    spec: WorldSpec, rng: np.random.Generator, look: tuple[float, float], per_m2: float
) -> NDArray[np.float64]:
    """Ground points (N, 2) in patches, denser near the camera and rare on the bands."""
    width = look[1] - look[0]
    count = int(min(per_m2 * width * 40, 60000))
    at = np.stack([look[0] + width * rng.random(count) ** 1.5, rng.uniform(-20, 20, count)], 1)
    clump = np.sin(at[:, 0] * 0.9 + 2 * np.sin(at[:, 1] * 0.7)) + np.sin(
        at[:, 1] * 1.3 + at[:, 0] * 0.4
    )
    keep = rng.random(count) < np.clip(0.6 + 0.28 * clump, 0.12, 1.0)
    for band in spec.bands:
        edge = rng.normal(0, 0.25, count)
        on = (at[:, 1] > band.y0_m + edge) & (at[:, 1] < band.y1_m - edge)
        keep &= ~(on & (rng.random(count) < 0.985))
    return np.asarray(at[keep])


def _woods(spec: WorldSpec, rng: np.random.Generator, look: tuple[float, float]) -> list[Mesh]:
    parts = []
    autumn = rng.random() < 0.2
    for _ in range(spec.trees):
        side = rng.choice([-1, 1], p=[0.25, 0.75])
        at = np.array(
            [
                rng.uniform(look[0] - 10, look[1] + 45),
                side * (spec.forest_y_m + rng.gamma(2.0, 5.0)),
            ]
        )
        green = np.array([0.20, 0.26, 0.11]) * rng.uniform(0.75, 1.3) + rng.normal(0, 0.02, 3)
        if autumn and rng.random() < 0.5:
            green = np.array([0.42, 0.33, 0.15]) * rng.uniform(0.7, 1.1)
        conifer = bool(rng.random() < spec.conifers)
        parts.append(
            tree(
                at,
                rng.uniform(7, 15),
                rng,
                np.array([0.13, 0.19, 0.12]) if conifer else green,
                conifer=conifer,
            )
        )
        for _ in range(int(rng.integers(1, 4))):  # undergrowth hides where trunks meet the ground
            beside = at + rng.normal(0, 1.8, 2)
            if abs(beside[1]) > spec.forest_y_m - 2:
                parts.append(
                    bush(beside, rng.uniform(0.8, 2.4), rng, _SHRUB_RGB * rng.uniform(0.8, 1.3))
                )
    for _ in range(spec.bushes):
        y = rng.uniform(6, spec.forest_y_m + 2) * rng.choice([-1, 1])
        at = np.array([rng.uniform(look[0], look[1] + 10), y])
        green = _SHRUB_RGB * rng.uniform(0.75, 1.3) + rng.normal(0, 0.02, 3)
        parts.append(bush(at, rng.uniform(0.8, 2.6), rng, green))
    for _ in range(2 * spec.bushes):  # rough ground far off, which would else look like a lawn
        y = (spec.forest_y_m + rng.gamma(2.0, 9.0)) * rng.choice([-1, 1], p=[0.25, 0.75])
        at = np.array([rng.uniform(look[0], look[1] + 60), y])
        parts.append(bush(at, rng.uniform(0.5, 1.8), rng, _SHRUB_RGB * rng.uniform(0.8, 1.4)))
    return parts


def _house(rng: np.random.Generator) -> Mesh:
    tone = rng.uniform(0.45, 0.85, 3) * 0.3 + rng.uniform(0.4, 0.8) * 0.7
    plaster = Material(
        (float(tone[0]), float(tone[1]), float(tone[2])),
        Kind.MASONRY,
        nir=0.5,
        thermal=0.45,
        gloss=float(rng.integers(0, 3) / 2),
    )
    height = rng.uniform(4.5, 7.5)
    body = boxes(np.array([[16.0, 4.0, height / 2]]), np.array([[9.0, 4.0, height / 2]]), plaster)
    body["tex"] = body["pos"]
    glass = Material((0.07, 0.09, 0.12), nir=0.1, thermal=0.5, gloss=0.9)
    frame = Material((0.8, 0.8, 0.78), nir=0.6, thermal=0.42)
    x = np.arange(8.6, 24.5, rng.uniform(2.0, 3.2))
    parts = [body]
    for z in np.arange(1.5, height - 0.8, 2.7):
        at = np.stack([x, np.full_like(x, 0.0), np.full_like(x, z)], 1)
        parts += [
            boxes(at, np.array([[0.55, 0.04, 0.65]]), frame),
            boxes(at, np.array([[0.47, 0.06, 0.57]]), glass),
        ]
        parts.append(boxes(at, np.array([[0.02, 0.07, 0.57]]), frame))
    parts.append(boxes(np.array([[16.0, 4.0, height + 0.15]]), np.array([[9.4, 4.5, 0.15]]), frame))
    return merge(parts)


def random_structures(
    rng: np.random.Generator, count: int, kinds: tuple[str, ...] = tuple(MAKERS)
) -> tuple[StructureSpec, ...]:
    """Scatters structures that are not ladders."""
    out = []
    for _ in range(count):
        y = float(rng.choice([-1, 1]) * rng.uniform(1.2, 11))
        out.append(
            StructureSpec(
                kind=str(rng.choice(kinds)),
                x_m=float(rng.uniform(3, 32)),
                y_m=y,
                yaw_deg=float(rng.uniform(0, 360)),
            )
        )
    return tuple(out)
