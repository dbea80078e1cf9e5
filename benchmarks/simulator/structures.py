"""Things that stand about, many of them ladder-like and none of them a ladder."""

from collections.abc import Callable

import numpy as np

from benchmarks.simulator.meshes import (
    Array,
    Kind,
    Material,
    Mesh,
    beams,
    boxes,
    merge,
    moved,
    tubes,
)
from benchmarks.simulator.pose import turn

_Y = np.array([0.0, 1.0, 0.0])
_Z = np.array([0.0, 0.0, 1.0])


def _metal(rng: np.random.Generator) -> Material:
    tone = [
        (0.55, 0.56, 0.57),
        (0.16, 0.17, 0.18),
        (0.70, 0.68, 0.65),
        (0.55, 0.15, 0.10),
        (0.75, 0.62, 0.12),
    ]
    return Material(tone[rng.integers(len(tone))], Kind.METAL, nir=0.45, thermal=0.3, gloss=0.3)


def _timber(rng: np.random.Generator) -> Material:
    tone = np.array((0.50, 0.40, 0.28)) * rng.uniform(0.6, 1.3)
    return Material(
        (float(tone[0]), float(tone[1]), float(tone[2])),
        Kind.WOOD,
        nir=0.5,
        thermal=0.36,
        gloss=0.0,
    )


def gate(rng: np.random.Generator) -> Mesh:
    """A field gate: frame, five to seven level bars and a brace."""
    metal = _metal(rng) if rng.random() < 0.6 else _timber(rng)
    width, height, bars = rng.uniform(2.5, 4.5), rng.uniform(1.0, 1.6), int(rng.integers(4, 8))
    z = np.linspace(0.15, height, bars)
    left = np.stack([np.full(bars, -width / 2), np.zeros(bars), z], 1)
    level = tubes(left, left + np.array([width, 0, 0]), np.array([[0.022, 0.022]]), metal)
    x = np.array([-width / 2, 0.0, width / 2])
    foot = np.stack([x, np.zeros(3), np.full(3, 0.05)], 1)
    upright = beams(foot, foot + _Z * height, (0.05, 0.05), metal, _Y)
    brace = beams(
        np.array([[-width / 2, 0, 0.15]]),
        np.array([[width / 2, 0, height]]),
        (0.04, 0.03),
        metal,
        _Y,
    )
    return merge([level, upright, brace])


def railing(rng: np.random.Generator) -> Mesh:
    """A long low railing of close uprights between two rails."""
    metal = _metal(rng)
    length, height, step = rng.uniform(3, 8), rng.uniform(0.9, 1.2), rng.uniform(0.1, 0.35)
    x = np.arange(-length / 2, length / 2, step)
    foot = np.stack([x, np.zeros_like(x), np.full_like(x, 0.1)], 1)
    bars = tubes(foot, foot + _Z * (height - 0.1), np.array([[0.012, 0.012]]), metal, 5)
    z = np.array([0.1, height])
    start = np.stack([np.full(2, -length / 2), np.zeros(2), z], 1)
    rails = beams(start, start + np.array([length, 0, 0]), (0.04, 0.04), metal, _Y)
    return merge([bars, rails])


def rail_fence(rng: np.random.Generator) -> Mesh:
    """A paddock fence: posts and two to four planks."""
    wood = _timber(rng)
    length, rails = rng.uniform(4, 10), int(rng.integers(2, 5))
    z = np.linspace(0.35, 1.2, rails)
    start = np.stack([np.full(rails, -length / 2), np.zeros(rails), z], 1)
    planks = beams(start, start + np.array([length, 0, 0]), (0.12, 0.03), wood, _Y)
    x = np.arange(-length / 2, length / 2 + 0.1, 2.0)
    foot = np.stack([x, np.full_like(x, 0.05), np.zeros_like(x)], 1)
    return merge([planks, tubes(foot, foot + _Z * 1.3, np.array([[0.06, 0.06]]), wood)])


def scaffold(rng: np.random.Generator) -> Mesh:
    """A scaffold of tubes, decks and braces, one to three storeys."""
    metal = Material((0.60, 0.61, 0.62), Kind.METAL, nir=0.6, thermal=0.28, gloss=0.4)
    bays, storeys = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    width, depth, rise = rng.uniform(1.6, 2.5), 0.8, 2.0
    parts = []
    for i in range(bays + 1):
        for y in (0.0, depth):
            foot = np.array([[i * width, y, 0.0]])
            parts.append(
                tubes(foot, foot + _Z * (storeys * rise + 1.0), np.array([[0.024, 0.024]]), metal)
            )
    deck = _timber(rng)
    for level in range(1, storeys + 1):
        for extra in (0.0, 0.5, 1.0):
            start = np.array(
                [[0, 0, level * rise + extra], [0, depth, level * rise + extra]], float
            )
            parts.append(
                tubes(
                    start, start + np.array([bays * width, 0, 0]), np.array([[0.022, 0.022]]), metal
                )
            )
        centre = np.array([[bays * width / 2, depth / 2, level * rise]])
        parts.append(boxes(centre, np.array([[bays * width / 2, depth / 2, 0.025]]), deck))
        start = np.array([[0, 0, (level - 1) * rise]])
        parts.append(
            tubes(start, start + np.array([width, 0, rise]), np.array([[0.02, 0.02]]), metal)
        )
    return merge(parts)


def stairs(rng: np.random.Generator) -> Mesh:
    """An open flight of steps with a handrail."""
    material = _metal(rng) if rng.random() < 0.5 else _timber(rng)
    steps, width = int(rng.integers(4, 12)), rng.uniform(0.8, 1.6)
    i = np.arange(steps)
    centre = np.stack([i * 0.28, np.zeros(steps), 0.18 * (i + 1)], 1)
    treads = boxes(centre, np.array([[0.14, width / 2, 0.02]]), material)
    ends = np.array([[steps * 0.28, 0, 0.18 * steps]])
    parts = [treads]
    for y in (-width / 2, width / 2):
        parts.append(
            beams(np.array([[0, y, 0.05]]), ends + np.array([[0, y, 0]]), (0.2, 0.03), material, _Y)
        )
        parts.append(
            tubes(
                np.array([[0, y, 0.95]]),
                ends + np.array([[0, y, 0.95]]),
                np.array([[0.02, 0.02]]),
                material,
            )
        )
        foot = np.stack([i[::3] * 0.28, np.full(len(i[::3]), y), 0.18 * i[::3]], 1)
        parts.append(tubes(foot, foot + _Z * 0.95, np.array([[0.015, 0.015]]), material))
    return merge(parts)


def pylon(rng: np.random.Generator) -> Mesh:
    """A lattice mast: tapering legs, level and crossing bars."""
    metal = _metal(rng)
    height, foot, panels = rng.uniform(7, 16), rng.uniform(0.5, 1.6), int(rng.integers(6, 14))
    z = np.linspace(0, height, panels + 1)
    half = foot / 2 * (1 - 0.7 * z / height)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], float)
    parts = []
    ring = np.stack([np.concatenate([c[None] * half[:, None], z[:, None]], 1) for c in corners])
    for k in range(4):
        nxt = ring[(k + 1) % 4]
        parts.append(tubes(ring[k][:-1], ring[k][1:], np.array([[0.035, 0.035]]), metal, 4))
        parts.append(tubes(ring[k][1:], nxt[1:], np.array([[0.018, 0.018]]), metal, 4))
        parts.append(tubes(ring[k][:-1], nxt[1:], np.array([[0.016, 0.016]]), metal, 4))
    return merge(parts)


def power_pole(rng: np.random.Generator) -> Mesh:
    """A wooden pole with cross-arms."""
    wood, height = _timber(rng), rng.uniform(6, 9)
    pole = tubes(np.zeros((1, 3)), np.array([[0, 0, height]]), np.array([[0.13, 0.09]]), wood, 8)
    z = height - np.arange(1, 1 + int(rng.integers(1, 4))) * 0.5
    arms = np.stack([np.full_like(z, -0.9), np.zeros_like(z), z], 1)
    return merge([pole, beams(arms, arms + np.array([1.8, 0, 0]), (0.10, 0.08), wood, _Y)])


def shelf(rng: np.random.Generator) -> Mesh:
    """An open rack with boards and boxes on it."""
    material = _metal(rng)
    width, height, boards = rng.uniform(0.8, 2.2), rng.uniform(1.4, 2.4), int(rng.integers(3, 7))
    z = np.linspace(0.15, height, boards)
    centre = np.stack([np.zeros(boards), np.zeros(boards), z], 1)
    parts = [boxes(centre, np.array([[width / 2, 0.22, 0.015]]), material)]
    foot = np.array([(x, y, 0.0) for x in (-width / 2, width / 2) for y in (-0.22, 0.22)])
    parts.append(beams(foot, foot + _Z * height, (0.03, 0.03), material, _Y))
    return merge(parts)


def pallets(rng: np.random.Generator) -> Mesh:
    """A stack of pallets, or one leaning."""
    wood, count = _timber(rng), int(rng.integers(1, 7))
    parts = []
    for k in range(count):
        x = np.linspace(-0.55, 0.55, 7)
        slat = np.stack([x, np.zeros(7), np.full(7, 0.13 + 0.145 * k)], 1)
        parts.append(boxes(slat, np.array([[0.05, 0.4, 0.011]]), wood))
        beam = np.array([[0, y, 0.06 + 0.145 * k] for y in (-0.35, 0, 0.35)])
        parts.append(boxes(beam, np.array([[0.6, 0.05, 0.045]]), wood))
    stack = merge(parts)
    return moved(stack, turn(0, -1.25), np.array([0, 0, 0.55])) if count == 1 else stack


def shed(rng: np.random.Generator) -> Mesh:
    """A small building with a door, windows and a flat or lean-to roof."""
    tone = np.array(
        [(0.75, 0.72, 0.65), (0.55, 0.35, 0.28), (0.45, 0.47, 0.5), (0.62, 0.58, 0.42)][
            rng.integers(4)
        ]
    )
    wall = Material(
        (float(tone[0]), float(tone[1]), float(tone[2])),
        Kind.MASONRY,
        nir=0.5,
        thermal=0.42,
        gloss=float(rng.integers(0, 3) / 2),
    )
    x, y, z = rng.uniform(2, 5), rng.uniform(1.5, 3), rng.uniform(1.25, 3.0)
    body = boxes(np.array([[0, 0, z]]), np.array([[x, y, z]]), wall)
    roof = boxes(
        np.array([[0, 0, 2 * z + 0.08]]), np.array([[x + 0.25, y + 0.25, 0.08]]), _timber(rng)
    )
    glass = Material((0.10, 0.12, 0.15), Kind.PLAIN, nir=0.1, thermal=0.45, gloss=0.9)
    parts = [body, roof]
    panes = [
        (k, side * y, 1.45 + 2.4 * level)
        for level in range(int(z // 1.2))
        for k in np.arange(-x + 0.9, x - 0.6, 1.6)
        for side in (-1, 1)
    ]
    if panes:
        parts.append(boxes(np.array(panes), np.array([[0.4, 0.03, 0.5]]), glass))
    return merge(parts)


def sign(rng: np.random.Generator) -> Mesh:
    """A sign on a post."""
    post = tubes(np.zeros((1, 3)), np.array([[0, 0, 2.1]]), np.array([[0.03, 0.03]]), _metal(rng))
    tone = [(0.85, 0.85, 0.82), (0.85, 0.75, 0.10), (0.7, 0.1, 0.1), (0.15, 0.3, 0.6)][
        rng.integers(4)
    ]
    board = boxes(
        np.array([[0, 0, 1.8]]),
        np.array([[0.3, 0.012, 0.22]]),
        Material(tone, nir=0.7, thermal=0.3),
    )
    return merge([post, board])


def vehicle(rng: np.random.Generator) -> Mesh:
    """A parked van, coarse; some carry a roof rack."""
    tone = [(0.8, 0.8, 0.8), (0.12, 0.13, 0.15), (0.35, 0.38, 0.40), (0.15, 0.25, 0.45)][
        rng.integers(4)
    ]
    paint = Material(tone, Kind.PLAIN, nir=0.5, thermal=0.45, gloss=0.7)
    dark = Material((0.04, 0.04, 0.05), Kind.PLAIN, nir=0.08, thermal=0.4, gloss=0.8)
    body = boxes(
        np.array([[0, 0, 0.75], [-0.5, 0, 1.45]]),
        np.array([[2.2, 0.9, 0.42], [1.6, 0.85, 0.42]]),
        paint,
    )
    glass = boxes(np.array([[-0.5, 0, 1.5]]), np.array([[1.62, 0.86, 0.24]]), dark)
    wheel = np.array([(x, y, 0.34) for x in (-1.4, 1.4) for y in (-0.9, 0.75)])
    wheels = tubes(wheel, wheel + np.array([0, 0.15, 0]), np.array([[0.34, 0.34]]), dark, 12)
    parts = [body, glass, wheels]
    if rng.random() < 0.5:
        x = np.linspace(-1.9, 0.9, 5)
        bar = np.stack([x, np.full(5, -0.75), np.full(5, 1.98)], 1)
        parts.append(
            tubes(bar, bar + np.array([0, 1.5, 0]), np.array([[0.018, 0.018]]), _metal(rng))
        )
    return merge(parts)


MAKERS: dict[str, Callable[[np.random.Generator], Mesh]] = {
    "gate": gate,
    "railing": railing,
    "rail_fence": rail_fence,
    "scaffold": scaffold,
    "stairs": stairs,
    "pylon": pylon,
    "power_pole": power_pole,
    "shelf": shelf,
    "pallets": pallets,
    "shed": shed,
    "sign": sign,
    "vehicle": vehicle,
}


def structure(kind: str, at: Array, yaw: float, rng: np.random.Generator) -> Mesh:
    """Builds one structure on the ground point (2,) turned by `yaw` radians."""
    mesh = MAKERS[kind](rng)
    return moved(mesh, turn(yaw), np.array([at[0], at[1], 0.0]))
