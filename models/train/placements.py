"""Puts ladders where ladders are (leaning, lying, carried, fixed) and look-alikes around them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.train import ladders
from models.train.ladders import Frame
from models.train.raster import Array, Prism

if TYPE_CHECKING:
    from collections.abc import Callable

Rng = np.random.Generator

# Labels of the mask: ladders count from the first, people from the second, all else is OTHER
FIRST_LADDER, FIRST_PERSON, OTHER = 1, 100, 200
UP = np.array([0.0, 1.0, 0.0])


@dataclass(frozen=True)
class Thing:
    """Prisms with their mask label and distance from the wall."""

    prisms: list[Prism]
    label: int
    foot: Array


def place_things(rng: Rng, length_m: float) -> list[Thing]:
    """Some ladders near the origin, before a wall in the plane z = 0, and some look-alikes."""
    count = int(rng.choice([0, 1, 2, 3], p=[0.2, 0.58, 0.16, 0.06]))
    things = []
    for index in range(count):
        size = length_m * (1 if index == 0 else rng.uniform(0.5, 1.2))
        spot = np.array([rng.normal(0, 0.6 + 0.9 * index), 0.0, 0.0])
        prisms = _place_ladder(rng, spot, float(np.clip(size, 1.2, 8)))
        foot = np.mean([prism.start for prism in prisms], axis=0)
        things.append(Thing(prisms, FIRST_LADDER + index, foot))
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.35, 0.35, 0.2, 0.1]))):
        builder = ladders.LOOKALIKES[rng.integers(len(ladders.LOOKALIKES))]
        spot = np.array([rng.normal(0, length_m), 0.0, rng.uniform(-3.0, 2.5)])
        lift = rng.uniform(0, 3) if rng.random() < 0.15 else 0.0
        frame = _standing(spot + lift * UP, rng.normal(0, 0.7))
        prisms = builder(frame, length_m, rng)
        if prisms:
            things.append(Thing(prisms, OTHER, spot))
    return things


def _place_ladder(rng: Rng, spot: Array, size_m: float) -> list[Prism]:
    placements = (_leaning, _stepping, _fixed, _lying, _on_edge, _carried, _askew)
    chances = (0.40, 0.27, 0.07, 0.06, 0.05, 0.11, 0.04)
    placement: Callable[[Rng, Array, float], list[Prism]] = placements[
        int(rng.choice(len(placements), p=chances))
    ]
    return placement(rng, spot, size_m)


def _leaning(rng: Rng, spot: Array, size_m: float) -> list[Prism]:
    lean, tilt = np.radians(rng.uniform(3, 32)), np.radians(rng.normal(0, 5))
    foot = spot - np.array([0, 0, size_m * np.sin(lean) + rng.uniform(0.05, 0.4)])
    up = np.array([np.tan(tilt), np.cos(lean), np.sin(lean)])
    return _flight(rng, _frame(foot, up, rng.normal(0, 0.35)), size_m)


def _stepping(rng: Rng, spot: Array, size_m: float) -> list[Prism]:
    foot = spot - np.array([0, 0, rng.uniform(0.4, 3.5)])
    height = float(np.clip(size_m * 0.5, 0.9, 3.2))
    frame = _standing(foot, float(rng.normal(0, 0.8)))
    return ladders.step_ladder(frame, height, rng)


def _fixed(rng: Rng, spot: Array, size_m: float) -> list[Prism]:
    foot = spot + np.array([0, rng.uniform(0, 1.5), -0.15])
    return ladders.fixed_ladder(_standing(foot, rng.normal(0, 0.05)), size_m, rng)


def _lying(rng: Rng, spot: Array, size_m: float) -> list[Prism]:
    yaw = rng.uniform(0, 2 * np.pi)
    along = np.array([np.cos(yaw), 0, np.sin(yaw)])
    foot = spot - along * size_m / 2 + np.array([0, 0.05, -rng.uniform(1, 3)])
    return _flight(rng, Frame(foot, np.cross(along, UP), along, UP), size_m)


def _on_edge(rng: Rng, spot: Array, size_m: float) -> list[Prism]:
    along = np.array([1.0, rng.normal(0, 0.04), rng.normal(0, 0.15)])
    along /= np.linalg.norm(along)
    lean = np.array([0, np.cos(0.15), np.sin(0.15)])
    foot = spot - along * size_m / 2 + np.array([0, rng.uniform(0.25, 1.6), -rng.uniform(0.1, 1.5)])
    return _flight(rng, Frame(foot, lean, along, np.cross(lean, along)), size_m)


def _carried(rng: Rng, spot: Array, size_m: float) -> list[Prism]:
    yaw, pitch = rng.uniform(-1.2, 1.2), rng.normal(0, 0.22)
    along = np.array([np.cos(yaw) * np.cos(pitch), np.sin(pitch), np.sin(yaw) * np.cos(pitch)])
    size = min(size_m, 5.0)
    foot = spot - along * size / 2 + np.array([0, rng.uniform(0.75, 1.55), -rng.uniform(0.8, 3)])
    out = np.cross(along, UP)
    out /= np.linalg.norm(out)
    roll = rng.normal(0, 0.5)
    right = np.cos(roll) * np.cross(out, along) + np.sin(roll) * out
    return _flight(rng, Frame(foot, right, along, np.cross(right, along)), size)


def _askew(rng: Rng, spot: Array, size_m: float) -> list[Prism]:
    up = rng.normal(0, 1, 3)
    up[1] = abs(up[1]) + 0.3
    return _flight(rng, _frame(spot - np.array([0, 0, 1.5]), up, rng.uniform(-1.5, 1.5)), size_m)


def _flight(rng: Rng, frame: Frame, size_m: float) -> list[Prism]:
    builder = ladders.straight_ladder if rng.random() < 0.55 else ladders.extension_ladder
    return builder(frame, size_m, rng)


def _standing(foot: Array, yaw: float) -> Frame:
    return _frame(foot, UP, yaw)


def _frame(foot: Array, up: Array, yaw: float) -> Frame:
    up = up / np.linalg.norm(up)
    right = np.array([np.cos(yaw), 0, np.sin(yaw)])
    right = right - up * float(right @ up)
    right /= np.linalg.norm(right)
    return Frame(foot, right, up, np.cross(up, right))
