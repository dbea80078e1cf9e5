"""Ladders and the persons around them: what the three ladder rules measure alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from detector.geometry import box_gaps, ios
from detector.rules.base import CommonSettings, Sighting, sightings
from detector.scene import Scene
from detector.types import F64, ObjectClass, Tracks, Xy, Xyxy

_SAME_PLACE = 0.3  # of the smaller box: a new id there is the ladder that was there


class LadderRuleSettings(CommonSettings):
    """A rule about ladders anywhere in the picture, or in one zone.

    Attributes:
        zone: name of the zone, "" for the whole picture.
    """

    zone: str = ""


class LadderView(NamedTuple):
    """The ladders and persons of one picture.

    Attributes:
        ladders: L sightings.
        persons: P sightings.
        apart_m: (L, P) from ladder box to person box, 0 where they touch.
        feet_apart_m: (L, P) from ladder box to the person's feet.
        scale: (L,) px per metre at the ladders.
        person_scale: (P,) px per metre at the persons.
    """

    ladders: list[Sighting]
    persons: list[Sighting]
    apart_m: F64
    feet_apart_m: F64
    scale: F64
    person_scale: F64


def view_ladders(tracks: Tracks, scene: Scene, zone: str = "") -> LadderView:
    """Measure the ladders of a picture (those in ``zone``, where it is given) and all persons."""
    scale = scene.scale(tracks.xyxy, tracks.class_id)
    persons = sightings(tracks, ObjectClass.PERSON)
    ladders = sightings(tracks, ObjectClass.LADDER)
    ladder_scale = scale[tracks.class_id == ObjectClass.LADDER]
    if zone and ladders:
        inside = scene.zones[zone].contains([ladder.xyxy for ladder in ladders])
        ladders = [ladder for ladder, is_in in zip(ladders, inside, strict=True) if is_in]
        ladder_scale = ladder_scale[inside]
    person_scale = scale[tracks.class_id == ObjectClass.PERSON]
    boxes = np.array([s.xyxy for s in ladders], np.float64).reshape(-1, 4)
    bodies = np.array([s.xyxy for s in persons], np.float64).reshape(-1, 4)
    feet = np.array([(*s.foot, *s.foot) for s in persons], np.float64).reshape(-1, 4)
    return LadderView(
        ladders,
        persons,
        box_gaps(boxes, bodies) / person_scale,
        box_gaps(boxes, feet) / person_scale,
        ladder_scale,
        person_scale,
    )


def middle(xyxy: Xyxy) -> Xy:
    """Middle of a box."""
    x1, y1, x2, y2 = xyxy
    return (x1 + x2) / 2, (y1 + y2) / 2


@dataclass(slots=True)
class Spot:
    """A place where a ladder is; it survives a change of the ladder's id.

    Attributes:
        last: the latest sighting there.
    """

    last: Sighting


SpotT = TypeVar("SpotT", bound=Spot)


def find_spot(spots: Sequence[SpotT], ladder: Sighting) -> SpotT | None:
    """Find where a ladder was before: by its id, else by its place."""
    for spot in spots:
        if spot.last.track_id == ladder.track_id:
            return spot
    overlaps = ios([ladder.xyxy], [spot.last.xyxy for spot in spots])[0] if spots else []
    return next((s for s, o in zip(spots, overlaps, strict=True) if o >= _SAME_PLACE), None)
