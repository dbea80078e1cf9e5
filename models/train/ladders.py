"""Ladders and the things a detector mistakes for ladders, as prisms in metres."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.train.raster import Array, Prism

Rng = np.random.Generator

ALUMINIUM = ((150, 215), 6)
MATERIALS: tuple[tuple[str, float], ...] = (
    ("aluminium", 0.48),
    ("wood", 0.17),
    ("fibreglass", 0.15),
    ("dark", 0.12),
    ("painted", 0.08),
)
FIBREGLASS_BGR = ((20, 110, 235), (30, 200, 240), (170, 90, 30), (60, 140, 40), (40, 40, 210))


@dataclass(frozen=True)
class Frame:
    """Where a thing stands: its foot, and its right, up and outward axes (unit, orthogonal)."""

    origin: Array
    right: Array
    up: Array
    out: Array

    def at(self, right_m: float, up_m: float, out_m: float = 0.0) -> Array:
        """The world point at these coordinates of the frame."""
        return self.origin + right_m * self.right + up_m * self.up + out_m * self.out


def colours(rng: Rng) -> tuple[Array, Array]:
    """Rail and rung colours (BGR) of one ladder."""
    names, weights = zip(*MATERIALS, strict=True)
    name = rng.choice(names, p=weights)
    grey = rng.uniform(130, 235)
    metal = np.clip(grey + rng.normal(0, 5, 3), 0, 255)
    if name == "aluminium":
        return metal, metal * rng.uniform(0.85, 1.1)
    if name == "wood":
        wood = np.array([90, 140, 185]) * rng.uniform(0.35, 1.25) + rng.normal(0, 10, 3)
        return np.clip(wood, 5, 255), np.clip(wood * rng.uniform(0.8, 1.15), 5, 255)
    if name == "fibreglass":
        rail = np.array(FIBREGLASS_BGR[rng.integers(len(FIBREGLASS_BGR))]) * rng.uniform(0.6, 1.1)
        return rail, metal
    if name == "dark":
        dark = np.full(3, rng.uniform(10, 70)) + rng.normal(0, 4, 3)
        return np.clip(dark, 0, 255), np.clip(dark * rng.uniform(0.8, 1.6), 0, 255)
    paint = rng.uniform(20, 240, 3)
    return paint, paint * rng.uniform(0.8, 1.1)


def straight_ladder(frame: Frame, length_m: float, rng: Rng) -> list[Prism]:
    """One flight: two rails and rungs, sometimes flared at the foot or tapering to the top."""
    rail, rung = colours(rng)
    width = rng.uniform(0.3, 0.52)
    spacing = rng.uniform(0.24, 0.36)
    foot, top = width * _maybe(rng, 0.25, 1.0, 1.5), width * _maybe(rng, 0.2, 0.6, 1.0)
    thick, deep = rng.uniform(0.012, 0.025), rng.uniform(0.025, 0.055)
    parts = [
        Prism(
            frame.at(s * foot / 2, 0), frame.at(s * top / 2, length_m), frame.out, thick, deep, rail
        )
        for s in (-1, 1)
    ]
    sides = 8 if rng.random() < 0.6 else 4
    radius = rng.uniform(0.012, 0.024)
    flat = rng.uniform(1.0, 2.2) if sides == 4 else 1.0
    for height in np.arange(rng.uniform(0.12, spacing), length_m - 0.05, spacing):
        half = (foot + (top - foot) * height / length_m) / 2
        ends = frame.at(-half, height), frame.at(half, height)
        parts.append(Prism(*ends, frame.out, radius, radius * flat, rung, sides))
    if rng.random() < 0.25:
        reach = rng.uniform(0.4, 0.7)
        ends = frame.at(-reach, 0.05), frame.at(reach, 0.05)
        parts.append(Prism(*ends, frame.out, 0.03, 0.03, rail))
    return parts


def extension_ladder(frame: Frame, length_m: float, rng: Rng) -> list[Prism]:
    """Two or three flights pushed past each other."""
    flight = length_m * rng.uniform(0.5, 0.85)
    state = rng.bit_generator.state
    lower = straight_ladder(frame, flight, rng)
    rng.bit_generator.state = state
    lifted = Frame(frame.at(0, length_m - flight, 0.07), frame.right, frame.up, frame.out)
    return lower + straight_ladder(lifted, flight, rng)


def step_ladder(frame: Frame, height_m: float, rng: Rng) -> list[Prism]:
    """An A-frame: flat treads in front, a braced or runged frame behind, sometimes a platform."""
    rail, tread = colours(rng)
    foot, top = rng.uniform(0.42, 0.62), rng.uniform(0.25, 0.38)
    spread = height_m * rng.uniform(0.35, 0.6)
    thick, deep = rng.uniform(0.012, 0.022), rng.uniform(0.025, 0.045)
    parts = []
    for out_m, scale in ((spread / 2, 1.0), (-spread / 2, rng.uniform(0.75, 1.0))):
        for s in (-1, 1):
            ends = frame.at(s * foot * scale / 2, 0, out_m), frame.at(s * top / 2, height_m)
            parts.append(Prism(*ends, frame.right, deep, thick, rail))
    spacing, tread_deep = rng.uniform(0.22, 0.34), rng.uniform(0.03, 0.07)
    behind = rng.random()
    for height in np.arange(spacing, height_m - 0.1, spacing):
        share = height / height_m
        half = (foot + (top - foot) * share) / 2
        front = spread / 2 * (1 - share)
        ends = frame.at(-half, height, front), frame.at(half, height, front)
        parts.append(Prism(*ends, frame.up, tread_deep, 0.012, tread))
        if behind < 0.4 or (behind < 0.8 and height < spacing * 1.5):
            ends = frame.at(-half, height, -front), frame.at(half, height, -front)
            parts.append(Prism(*ends, frame.up, 0.02, 0.012, rail))
    if rng.random() < 0.7:
        ends = frame.at(-top / 2, height_m), frame.at(top / 2, height_m)
        parts.append(Prism(*ends, frame.up, rng.uniform(0.05, 0.13), 0.025, tread))
    if rng.random() < 0.3:
        parts += [
            Prism(
                frame.at(s * top / 2, height_m),
                frame.at(s * top / 2, height_m + 0.5),
                frame.out,
                0.012,
                0.012,
                rail,
            )
            for s in (-1, 1)
        ]
    return parts


def fixed_ladder(frame: Frame, length_m: float, rng: Rng) -> list[Prism]:
    """A wall ladder on brackets, sometimes inside a safety cage of hoops."""
    parts = straight_ladder(frame, length_m, rng)
    colour = parts[0].colour
    if rng.random() < 0.4:
        radius = rng.uniform(0.3, 0.4)
        angles = np.linspace(0, np.pi, 7)
        ring = [(radius * np.cos(a), radius * 2 * np.sin(a)) for a in angles]
        for height in np.arange(min(2.2, length_m / 2), length_m, rng.uniform(0.6, 1.0)):
            points = [frame.at(x, height, y) for x, y in ring]
            parts += [
                Prism(a, b, frame.up, 0.03, 0.006, colour) for a, b in itertools.pairwise(points)
            ]
        for x, y in ring[1:-1]:
            ends = frame.at(x, min(2.2, length_m / 2), y), frame.at(x, length_m, y)
            parts.append(Prism(*ends, frame.out, 0.015, 0.006, colour))
    return parts


def picket_fence(frame: Frame, size_m: float, rng: Rng) -> list[Prism]:
    """Upright bars between rails: railings, balustrades, pickets, bar gates, window bars."""
    bar, _ = colours(rng)
    height = rng.uniform(0.7, 2.4)
    half = size_m * rng.uniform(0.5, 2.5)
    pitch = rng.uniform(0.08, 0.22)
    wide = rng.uniform(0.006, min(0.05, pitch * 0.4))
    parts = [
        Prism(frame.at(x, 0), frame.at(x, height), frame.out, wide, 0.012, bar)
        for x in np.arange(-half, half, max(pitch, half / 45))
    ]
    for share in rng.choice([0.05, 0.15, 0.5, 0.85, 0.97], size=rng.integers(1, 4), replace=False):
        ends = frame.at(-half, share * height, -0.03), frame.at(half, share * height, -0.03)
        parts.append(Prism(*ends, frame.out, 0.03, 0.02, bar))
    return parts


def rail_fence(frame: Frame, size_m: float, rng: Rng) -> list[Prism]:
    """Posts far apart with long horizontal rails: farm gates, guard rails, slatted fences."""
    bar, post = colours(rng)
    height, half = rng.uniform(0.8, 2.2), size_m * rng.uniform(1.0, 3.0)
    rails = rng.integers(2, 9)
    thick = rng.uniform(0.01, 0.06)
    parts = [
        Prism(frame.at(x, 0), frame.at(x, height), frame.out, 0.05, 0.05, post)
        for x in np.arange(-half, half + 0.1, rng.uniform(1.6, 3.0))
    ]
    for h in np.linspace(0.15, height - 0.05, rails):
        ends = frame.at(-half, h, 0.04), frame.at(half, h, 0.04)
        parts.append(Prism(*ends, frame.out, thick, 0.02, bar))
    if rng.random() < 0.4:
        parts.append(
            Prism(
                frame.at(-half, 0.1, 0.05),
                frame.at(half, height, 0.05),
                frame.out,
                thick,
                0.02,
                bar,
            )
        )
    return parts


def scaffold(frame: Frame, size_m: float, rng: Rng) -> list[Prism]:
    """Standards, ledgers, braces and decks."""
    tube, deck = colours(rng)
    bays, lifts = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    bay, lift, deep = rng.uniform(1.4, 2.4), rng.uniform(1.6, 2.1), rng.uniform(0.7, 1.2)
    scale = np.clip(size_m / 3, 0.6, 1.2)
    bay, lift, deep = bay * scale, lift * scale, deep * scale
    parts = []
    for out_m in (0.0, deep):
        for i in range(bays + 1):
            x = (i - bays / 2) * bay
            ends = frame.at(x, 0, out_m), frame.at(x, lifts * lift + 1, out_m)
            parts.append(Prism(*ends, frame.out, 0.025, 0.025, tube, 8))
        for j in range(1, lifts + 1):
            for extra in (0.0, 0.5, 1.0):
                ends = (
                    frame.at(-bays / 2 * bay, j * lift + extra, out_m),
                    frame.at(bays / 2 * bay, j * lift + extra, out_m),
                )
                parts.append(Prism(*ends, frame.out, 0.025, 0.025, tube, 8))
            ends = (
                frame.at(-bays / 2 * bay, (j - 1) * lift, out_m),
                frame.at((1 - bays / 2) * bay, j * lift, out_m),
            )
            parts.append(Prism(*ends, frame.out, 0.02, 0.02, tube, 8))
    for j in range(1, lifts + 1):
        ends = (
            frame.at(-bays / 2 * bay, j * lift, deep / 2),
            frame.at(bays / 2 * bay, j * lift, deep / 2),
        )
        parts.append(Prism(*ends, frame.up, deep / 2, 0.03, deck))
    return parts


def stairs(frame: Frame, size_m: float, rng: Rng) -> list[Prism]:
    """A wide flight of treads with or without a handrail."""
    side, tread = colours(rng)
    steps, half = int(rng.integers(3, 12)), rng.uniform(0.45, 1.4) * np.clip(size_m / 3, 0.6, 1.2)
    rise, going = rng.uniform(0.15, 0.2), rng.uniform(0.24, 0.32)
    solid = rng.random() < 0.6
    parts = []
    for i in range(steps):
        out_m = (steps - i) * going
        up_m = (i + 1) * rise
        ends = frame.at(-half, up_m, out_m), frame.at(half, up_m, out_m)
        parts.append(Prism(*ends, frame.up, going / 2, 0.02, tread))
        if solid:
            ends = frame.at(-half, up_m - rise / 2, out_m), frame.at(half, up_m - rise / 2, out_m)
            parts.append(Prism(*ends, frame.out, rise / 2, 0.02, side))
    for s in (-1, 1):
        ends = frame.at(s * half, 0, steps * going), frame.at(s * half, steps * rise, 0)
        parts.append(Prism(*ends, frame.up, 0.02, 0.1, side))
        if rng.random() < 0.5:
            ends = frame.at(s * half, 0.9, steps * going), frame.at(s * half, steps * rise + 0.9, 0)
            parts.append(Prism(*ends, frame.up, 0.025, 0.025, side))
    return parts


def shelf(frame: Frame, size_m: float, rng: Rng) -> list[Prism]:
    """Shelves, racks, pallets on edge, benches: broad boards between broad sides."""
    side, board = colours(rng)
    half, height = rng.uniform(0.35, 1.2), rng.uniform(0.6, 2.2) * np.clip(size_m / 3, 0.6, 1.2)
    deep = rng.uniform(0.12, 0.25)
    back = Prism(
        frame.at(0, 0, -deep), frame.at(0, height, -deep), frame.out, half, 0.01, side * 0.6
    )
    parts = [back] if rng.random() < 0.6 else []
    parts += [
        Prism(frame.at(s * half, 0), frame.at(s * half, height), frame.out, 0.02, deep, side)
        for s in (-1, 1)
    ]
    for h in np.linspace(0.05, height, int(rng.integers(3, 7))):
        ends = frame.at(-half, h), frame.at(half, h)
        parts.append(Prism(*ends, frame.out, 0.015, deep, board))
    return parts


def lattice(frame: Frame, size_m: float, rng: Rng) -> list[Prism]:
    """A pylon, truss or crane mast: chords with zig-zag bracing."""
    bar, _ = colours(rng)
    height, foot = size_m * rng.uniform(1.0, 2.5), rng.uniform(0.4, 1.6)
    top = foot * rng.uniform(0.2, 1.0)
    lift = rng.uniform(0.4, 1.2)
    parts = [
        Prism(
            frame.at(s * foot / 2, 0, o * foot / 2),
            frame.at(s * top / 2, height, o * top / 2),
            frame.out,
            0.03,
            0.03,
            bar,
        )
        for s in (-1, 1)
        for o in (-1, 1)
    ]
    side = 1
    for low in np.arange(0, height - lift, lift):
        a = (foot + (top - foot) * low / height) / 2
        b = (foot + (top - foot) * (low + lift) / height) / 2
        for o in (-1, 1):
            ends = frame.at(-side * a, low, o * a), frame.at(side * b, low + lift, o * b)
            parts.append(Prism(*ends, frame.out, 0.018, 0.018, bar))
        side = -side
    return parts


def beams(frame: Frame, size_m: float, rng: Rng) -> list[Prism]:
    """Parallel joists, planks and poles, lone or in a loose pile, without rails."""
    bar, _ = colours(rng)
    count, length = int(rng.integers(1, 9)), size_m * rng.uniform(0.5, 1.6)
    gap, tilt = rng.uniform(0.1, 0.7), rng.uniform(-0.4, 0.4)
    parts = []
    for i in range(count):
        jitter = rng.normal(0, 0.06)
        x = (i - count / 2) * gap
        ends = frame.at(x, 0, jitter), frame.at(x + tilt + jitter, length, jitter)
        parts.append(Prism(*ends, frame.out, rng.uniform(0.015, 0.06), 0.03, bar))
    return parts


LADDERS: tuple[Callable[[Frame, float, Rng], list[Prism]], ...] = (
    straight_ladder,
    extension_ladder,
    fixed_ladder,
)
LOOKALIKES: tuple[Callable[[Frame, float, Rng], list[Prism]], ...] = (
    picket_fence,
    rail_fence,
    scaffold,
    stairs,
    shelf,
    lattice,
    beams,
)


def _maybe(rng: Rng, chance: float, low: float, high: float) -> float:
    return float(rng.uniform(low, high)) if rng.random() < chance else 1.0
