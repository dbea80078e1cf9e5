"""Events of people who may need help: in the water, out of it, lying down after they stood.

From world positions, like `happenings`; limits are those of the product's rules.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from benchmarks.simulator.happenings import (
    ANYWHERE,
    ZONE_DWELL_S,
    ZONE_LEAVE_S,
    Bools,
    Happening,
    PersonTrack,
    runs,
)

IN_WATER_S = ZONE_DWELL_S
ASHORE_M, ASHORE_S = 0.5, 0.5
DOWN_S = 10.0
UPRIGHT = ("stand", "walk", "run", "creep", "carry", "work", "wade", "tip", "raise")


@dataclass(frozen=True)
class Water:
    """A zone of water: its name, whether a ground point is in it, and how far onto land (m)."""

    name: str
    inside: Callable[[float, float], bool]
    ashore_m: Callable[[float, float], float]


def water_happenings(track: PersonTrack, fps: float, water: Water) -> Iterator[Happening]:
    """Yields when somebody is in a zone of water, and arrives on land from there."""
    where = list(zip(track.x_m, track.y_m, track.visible, strict=True))
    within = np.array([bool(v) and np.isfinite(x) and water.inside(x, y) for x, y, v in where])
    ashore = np.array(
        [bool(v) and np.isfinite(x) and water.ashore_m(x, y) >= ASHORE_M for x, y, v in where]
    )
    for first, last in runs(within, bridge=round(ZONE_LEAVE_S * fps)):
        if (last - first) / fps < IN_WATER_S:
            continue
        yield Happening(
            "person_in_water",
            first / fps,
            first / fps + IN_WATER_S,
            last / fps,
            (track.identity,),
            water.name,
        )
        arrived = _held(ashore, last + 1, round(ASHORE_S * fps))
        again = np.flatnonzero(within[last + 1 :])
        if arrived is not None and (len(again) == 0 or arrived < last + 1 + again[0]):
            start_s, true_s = (last + 1) / fps, arrived / fps
            yield Happening(
                "arrival_from_water", start_s, true_s, true_s, (track.identity,), water.name
            )


def _held(flags: Bools, start: int, frames: int) -> int | None:
    """The frame from `start` on at which the flags have held for some frames, None if never."""
    for first, last in runs(flags[start:]):
        if last - first >= frames:
            return start + first + frames
    return None


def down_happenings(track: PersonTrack, fps: float) -> Iterator[Happening]:
    """Yields when somebody who was seen upright lies for long enough."""
    lying = np.array([s == "lie" for s in track.states]) & track.visible
    upright = np.array([s in UPRIGHT for s in track.states]) & track.visible
    for first, last in runs(lying, bridge=round(fps)):
        if (last - first) / fps >= DOWN_S and upright[:first].any():
            yield Happening(
                "person_down",
                first / fps,
                first / fps + DOWN_S,
                last / fps,
                (track.identity,),
                ANYWHERE,
            )
