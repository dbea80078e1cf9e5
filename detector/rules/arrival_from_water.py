"""Somebody comes ashore: was in the water, and is on land.

Who climbs out changes shape and is hidden by the bank, so the tracker often begins anew there. A
track that begins by the shore just after another one was lost in the water takes over from it.
"""

from dataclasses import dataclass
from math import hypot
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from detector.rules.base import Sighting, Story, sightings
from detector.rules.water import Shore, WaterRuleSettings
from detector.scene import Scene
from detector.types import (
    ObjectClass,
    Phase,
    Reason,
    RuleKind,
    Severity,
    TrackId,
    Tracks,
    Transition,
)

_HEIR_WAY_M, _SWIM_M_S = 2.0, 1.0  # nobody gets farther while unseen


class ArrivalFromWaterSettings(WaterRuleSettings):
    """Settings of ``arrival_from_water``.

    Attributes:
        water_s: how long somebody has to have been in the water.
        ashore_m: how far onto land somebody has to be.
        ashore_s: for how long.
        heir_m: a track that begins this near to the shore may be one that was lost in the water.
        heir_s: how long ago that may have been.
    """

    kind: Literal["arrival_from_water"] = "arrival_from_water"
    severity: Severity = Severity.DETECTION
    water_s: float = Field(default=0.5, ge=0.0)
    ashore_m: float = Field(default=0.5, ge=0.0)
    ashore_s: float = Field(default=0.5, ge=0.0)
    heir_m: float = Field(default=1.5, ge=0.0)
    heir_s: float = Field(default=20.0, ge=0.0)


class _Spot(NamedTuple):
    """A person: in the water or not, metres from its border (NaN unknown), px per metre."""

    sighting: Sighting
    inside: bool
    shore_m: float
    scale: float


@dataclass(slots=True)
class _Person:
    last: Sighting
    since_s: float | None = None  # in the water without a break
    in_water_s: float = 0.0  # last there
    wet: Reason | None = None  # why this is somebody from the water
    ashore_since: float | None = None
    parent: TrackId | None = None  # whose history this is, while that may come back
    is_gone: bool = False  # its track will never come back


class ArrivalFromWater:
    """One episode per arrival, which is over when it is told.

    Forgets a track when it is gone, and one that was last seen in the water ``heir_s`` after that.
    """

    kind = RuleKind.ARRIVAL_FROM_WATER

    def __init__(self, name: str, settings: ArrivalFromWaterSettings, scene: Scene) -> None:
        self.name = name
        self._settings = settings
        self._scene = scene
        self._zone = scene.zones[settings.zone]
        self._shore = Shore(scene, self._zone)
        self._classes = tuple(c for c in (ObjectClass.PERSON,) if self._zone.wants(c))
        self._story = Story(name, self.kind, settings.zone, settings.severity)
        self._persons: dict[TrackId, _Person] = {}

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture."""
        spots = self._spots(tracks)
        seen = {spot.sighting.track_id for spot in spots}
        for person in self._persons.values():
            if person.parent in seen:  # not the same person after all
                person.parent, person.wet = None, None
        told = []
        for spot in spots:
            person = self._persons.get(spot.sighting.track_id) or self._begin(spot, seen)
            self._persons[spot.sighting.track_id] = person
            told.append(self._step(person, spot))
        self._forget(tracks)
        return tuple(transition for transition in told if transition is not None)

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:  # noqa: ARG002
        """Forget all tracks; nothing is ever open."""
        self._persons.clear()
        return ()

    def _forget(self, tracks: Tracks) -> None:
        """Drop the tracks that are gone, but for those that may still come ashore as another."""
        for track_id in tracks.gone:
            if track_id in self._persons:
                self._persons[track_id].is_gone = True
        oldest_s = tracks.at - self._settings.heir_s
        self._persons = {
            track_id: person
            for track_id, person in self._persons.items()
            if not person.is_gone or (person.wet is not None and person.in_water_s >= oldest_s)
        }

    def _spots(self, tracks: Tracks) -> list[_Spot]:
        persons = sightings(tracks, *self._classes)
        rows = np.isin(tracks.class_id, self._classes)
        feet = np.array([s.foot for s in persons], np.float64).reshape(-1, 2)
        scale = self._scene.scale(tracks.xyxy, tracks.class_id)[rows]
        return [
            _Spot(*row)
            for row in zip(
                persons,
                self._zone.contains(tracks.xyxy)[rows].tolist(),
                self._shore.away_m(feet, scale).tolist(),
                scale.tolist(),
                strict=True,
            )
        ]

    def _begin(self, spot: _Spot, seen: set[TrackId]) -> _Person:
        """Begin a track; by the shore it takes over from one that was just lost in the water."""
        now, settings = spot.sighting, self._settings
        person = _Person(now)
        if spot.inside or not spot.shore_m <= settings.heir_m:
            return person
        heirs = {other.parent for other in self._persons.values()}
        near = [
            (hypot(now.foot[0] - p.last.foot[0], now.foot[1] - p.last.foot[1]), track_id)
            for track_id, p in self._persons.items()
            if track_id not in seen | heirs
            and p.wet is not None
            and now.at - p.in_water_s <= settings.heir_s
        ]
        gap_px, parent = min(near, default=(float("inf"), None))
        if parent is None:
            return person
        lost = self._persons[parent]
        if gap_px > (_HEIR_WAY_M + _SWIM_M_S * (now.at - lost.last.at)) * spot.scale:
            return person
        person.parent, person.in_water_s = parent, lost.in_water_s
        dry_s = now.at - lost.in_water_s
        person.wet = Reason("after a track was lost in the water, s", dry_s, settings.heir_s)
        return person

    def _step(self, person: _Person, spot: _Spot) -> Transition | None:
        person.last, at = spot.sighting, spot.sighting.at
        if spot.inside:
            self._swim(person, at)
            return None
        person.since_s = None
        if person.wet is None or not spot.shore_m >= self._settings.ashore_m:
            person.ashore_since = None
            return None
        if person.ashore_since is None:
            person.ashore_since = at
        ashore_s = at - person.ashore_since
        if ashore_s < self._settings.ashore_s:
            return None
        reasons = (
            person.wet,
            Reason("onto land, m", spot.shore_m, self._settings.ashore_m),
            Reason("there, s", ashore_s, self._settings.ashore_s),
        )
        self._forget_forebears(person)
        person.wet, person.parent, person.ashore_since = None, None, None
        return self._story.begin(person.in_water_s, spot.sighting).tell(
            Phase.NEW,
            at,
            until_s=at,
            outcome="arrived",
            estimated=self._scene.estimated,
            reasons=reasons,
        )

    def _forget_forebears(self, person: _Person) -> None:
        """Drop whose history somebody took over: one swimmer arrives once."""
        parent = person.parent
        while parent is not None:
            forebear = self._persons.pop(parent, None)
            parent = None if forebear is None else forebear.parent

    def _swim(self, person: _Person, at: float) -> None:
        """Note that somebody is in the water."""
        if person.since_s is None:
            person.since_s = at
        person.in_water_s, person.ashore_since = at, None
        swum_s = at - person.since_s
        if swum_s >= self._settings.water_s:
            person.wet = Reason("in the water before, s", swum_s, self._settings.water_s)
