"""Barriers along the world's x axis at y = 0: sheet, mesh, bars, concertina, wall."""

import numpy as np

from benchmarks.simulator.meshes import (
    Array,
    Kind,
    Material,
    Mesh,
    beams,
    boxes,
    merge,
    soup,
    tubes,
)

KINDS = ("sheet", "mesh", "bars", "concertina", "wall")
_STEEL = Material((0.46, 0.47, 0.48), Kind.METAL, nir=0.45, thermal=0.3, gloss=0.2)
_RAZOR = Material((0.60, 0.61, 0.61), Kind.METAL, nir=0.55, thermal=0.28, gloss=0.5)
_STEPS = 20  # straight pieces in a turn of a coil


def barrier_mesh(
    kind: str, height_m: float, span: tuple[float, float], rng: np.random.Generator, *, coil: bool
) -> tuple[Mesh, Mesh]:
    """Builds a barrier; returns its solid part and the see-through veil blended over people."""
    make = {
        "sheet": _sheet,
        "mesh": _mesh,
        "bars": _bars,
        "concertina": _concertina,
        "wall": _wall,
    }[kind]
    solid, veil = make(height_m, span, rng)
    if coil and kind != "concertina":
        arms = np.arange(span[0], span[1], 3.0)
        base = np.stack([arms, np.zeros_like(arms), np.full_like(arms, height_m)], 1)
        tip = base + np.array([0.0, 0.0, 0.5])
        posts = tubes(base, tip, np.array([[0.02, 0.02]]), _STEEL, 4)
        solid = merge([solid, coils(span, (0.0, height_m + 0.30), 0.30, rng), posts])
    return solid, veil


def coils(
    span: tuple[float, float], at: tuple[float, float], radius: float, rng: np.random.Generator
) -> Mesh:
    """Razor-wire coil along x around (y, z) = `at`, uneven as stretched by hand."""
    pitch = float(rng.uniform(0.16, 0.26))
    turns = int((span[1] - span[0]) / pitch)
    s = np.arange(turns * _STEPS + 1) / _STEPS
    angle = 2 * np.pi * s
    stretch = np.cumsum(np.exp(_drift(s, 6, 0.28, rng) + _drift(s, 1, 0.08, rng)))
    x = span[0] + (span[1] - span[0]) * stretch / stretch[-1]
    clipped = 0.22 * pitch * float(rng.uniform(0.0, 1.0))  # clips join each turn to both neighbours
    weave = clipped * np.sin(3 * angle) * np.where(np.floor(s) % 2 == 0, 1.0, -1.0)
    tilt = radius * (_drift(s, 9, 0.13, rng) + _drift(s, 2, 0.07, rng))
    squash = 1 + _drift(s, 5, 0.06, rng) + _drift(s, 2, 0.03, rng)
    sag = _drift(s, 9, 0.05, rng) - 0.12 * radius * (1 - np.cos(2 * np.pi * (x - span[0]) / 3.0))
    turned = angle + _drift(s, 4, 0.2, rng)
    across = at[0] + radius * squash * np.cos(turned) + _drift(s, 11, 0.05, rng)
    up = at[1] + sag + radius * (2 - squash) * np.sin(turned)
    points = np.stack([x + weave + tilt * np.sin(angle), across, up], axis=1)
    wire = tubes(points[:-1], points[1:], np.array([[0.0065, 0.0065]]), _RAZOR, 3)
    glint = rng.uniform(0.75, 1.12, len(points) - 1).repeat(len(wire) // (len(points) - 1))
    wire["col"][:, :3] = np.clip(wire["col"][:, :3] * glint[:, None], 0, 255)
    barbed = points[::2]
    barb = rng.normal(0, 0.011, barbed.shape)
    blades = tubes(barbed - barb, barbed + barb, np.array([[0.002, 0.006]]), _RAZOR, 3)
    return merge([wire, blades])


def _drift(s: Array, turns: int, spread: float, rng: np.random.Generator) -> Array:
    """A random course along a coil that changes every so many turns, of the given spread."""
    knots = np.arange(0, s[-1] + 2 * turns, turns)
    return np.asarray(np.interp(s, knots, rng.normal(0, spread, len(knots))))


def _posts(
    span: tuple[float, float], step: float, height: float, size: float, material: Material
) -> Mesh:
    x = np.arange(span[0], span[1] + step, step)
    centre = np.stack([x, np.zeros_like(x), np.full_like(x, height / 2)], 1)
    return boxes(centre, np.array([[size / 2, size / 2, height / 2]]), material)


def _panel(
    along: tuple[float, float],
    rise: tuple[float, float],
    y: float,
    material: Material,
    rgb: Array | None = None,
) -> Mesh:
    (x0, x1), (z0, z1) = along, rise
    corner = np.array([(x0, z0), (x1, z0), (x1, z1), (x0, z0), (x1, z1), (x0, z1)])
    pos = np.stack([corner[:, 0], np.full(6, y), corner[:, 1]], 1)
    nrm = np.tile([0.0, -1.0, 0.0], (6, 1))
    return soup(pos, nrm, pos, material, None if rgb is None else np.tile(rgb, (6, 1)))


def _sheet(height: float, span: tuple[float, float], rng: np.random.Generator) -> tuple[Mesh, Mesh]:
    tone = np.array(
        [(0.55, 0.57, 0.60), (0.42, 0.47, 0.43), (0.50, 0.42, 0.36), (0.30, 0.33, 0.36)][
            rng.integers(4)
        ]
    )
    steel = Material((0.5, 0.5, 0.5), Kind.SHEET, nir=0.5, thermal=0.3, gloss=0.35)
    width = float(rng.uniform(1.0, 2.5))
    parts = []
    for x in np.arange(span[0], span[1], width):
        shade = tone * rng.uniform(0.90, 1.06) + rng.normal(0, 0.008, 3)
        top = height + rng.normal(0, 0.012)
        lap = (x - 0.03, x + width + 0.03)  # sheets overlap: no light between them
        parts.append(_panel(lap, (0.04, top), rng.normal(0, 0.008), steel, shade))
    rail = np.array([[span[0], 0.05, 0.4], [span[0], 0.05, height - 0.3]])
    rails = beams(
        rail,
        rail + np.array([span[1] - span[0], 0, 0]),
        (0.08, 0.05),
        _STEEL,
        np.array([0, 1.0, 0]),
    )
    return merge([*parts, rails, _posts(span, 2.5, height, 0.09, _STEEL)]), merge([])


def _mesh(height: float, span: tuple[float, float], rng: np.random.Generator) -> tuple[Mesh, Mesh]:
    tone = [(0.12, 0.30, 0.20), (0.45, 0.47, 0.48), (0.15, 0.16, 0.17)][rng.integers(3)]
    wire = Material(tone, Kind.VEIL, nir=0.35, thermal=0.3, gloss=float(rng.choice([0.1, 0.9])))
    post = Material(tone, Kind.METAL, nir=0.35, thermal=0.3)
    step = float(rng.choice([2.0, 2.5, 3.0]))
    veil = merge(
        [
            _panel((x, x + step), (0.05, height), 0.0, wire)
            for x in np.arange(span[0], span[1], step)
        ]
    )
    rail = np.array([[span[0], 0.0, height]])
    top = tubes(
        rail, rail + np.array([[span[1] - span[0], 0, 0]]), np.array([[0.02, 0.02]]), post, 5
    )
    return merge([_posts(span, step, height + 0.05, 0.07, post), top]), veil


def _bars(height: float, span: tuple[float, float], rng: np.random.Generator) -> tuple[Mesh, Mesh]:
    tone = [(0.20, 0.22, 0.24), (0.15, 0.28, 0.22), (0.40, 0.27, 0.20), (0.55, 0.56, 0.56)][
        rng.integers(4)
    ]
    steel = Material(tone, Kind.METAL, nir=0.3, thermal=0.3, gloss=0.25)
    step, size = float(rng.uniform(0.11, 0.17)), float(rng.uniform(0.02, 0.05))
    x = np.arange(span[0], span[1], step)
    centre = np.stack([x, np.zeros_like(x), np.full_like(x, height / 2)], 1)
    bars = boxes(centre, np.array([[size / 2, size / 2, height / 2]]), steel)
    rail = np.array([[span[0], 0.0, 0.3], [span[0], 0.0, height - 0.25]])
    rails = beams(
        rail, rail + np.array([span[1] - span[0], 0, 0]), (0.05, 0.04), steel, np.array([0, 1.0, 0])
    )
    return merge([bars, rails, _posts(span, 2.7, height, 0.08, steel)]), merge([])


def _concertina(
    height: float, span: tuple[float, float], rng: np.random.Generator
) -> tuple[Mesh, Mesh]:
    radius = min(0.48, height / 4)
    parts = [coils(span, (-0.4, radius), radius, rng), coils(span, (0.4, radius), radius, rng)]
    parts.append(coils(span, (0.0, radius * 2.6), radius, rng))
    if height > 2.2:
        parts.append(coils(span, (0.0, height - radius), radius, rng))
    return merge([*parts, _posts(span, 4.0, height, 0.07, _STEEL)]), merge([])


def _wall(height: float, span: tuple[float, float], rng: np.random.Generator) -> tuple[Mesh, Mesh]:
    tone = [(0.62, 0.60, 0.56), (0.55, 0.36, 0.28), (0.70, 0.68, 0.62), (0.5, 0.5, 0.5)][
        rng.integers(4)
    ]
    plaster = Material(
        tone, Kind.MASONRY, nir=0.5, thermal=0.36, gloss=float(rng.integers(0, 3) / 2.0)
    )
    centre = np.array([[(span[0] + span[1]) / 2, 0.0, height / 2]])
    half = np.array([[(span[1] - span[0]) / 2, 0.15, height / 2]])
    body = boxes(centre, half, plaster)
    body["tex"] = body["pos"]
    cap = boxes(
        centre + np.array([[0, 0, height / 2 + 0.05]]),
        half * np.array([[1, 1.4, 0]]) + np.array([[0, 0, 0.05]]),
        plaster,
    )
    return merge([body, cap]), merge([])
