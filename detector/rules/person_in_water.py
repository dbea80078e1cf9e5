"""Somebody is in the water: told first as a matter of welfare, and never ended silently there."""

from dataclasses import dataclass
from math import hypot
from typing import Literal

from pydantic import Field

from detector.rules.base import Episode, Sighting, Story, sightings
from detector.rules.water import WaterRuleSettings
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

_HEIR_S, _HEIR_M = 3.0, 3.0  # a new id that begins so soon and so near is the same person


class PersonInWaterSettings(WaterRuleSettings):
    """Settings of ``person_in_water``.

    Attributes:
        dwell_s: how long the anchor has to be in the water without a break.
        leave_grace_s: how long it has to be outside until the episode ends.
    """

    kind: Literal["person_in_water"] = "person_in_water"
    severity: Severity = Severity.WELFARE
    dwell_s: float = Field(default=0.5, ge=0.0)
    leave_grace_s: float = Field(default=2.0, ge=0.0)


@dataclass(slots=True)
class _Person:
    last: Sighting
    since_s: float | None = None  # in the water
    in_water_s: float = 0.0  # last there
    seen: int = 0
    episode: Episode | None = None

    @property
    def is_in_water(self) -> bool:
        """Tell whether the last sighting was in the water."""
        return self.since_s is not None and self.in_water_s == self.last.at


class PersonInWater:
    """One episode per person: NEW, then END left, or lost_in_water for who was last seen in it."""

    kind = RuleKind.PERSON_IN_WATER

    def __init__(self, name: str, settings: PersonInWaterSettings, scene: Scene) -> None:
        self.name = name
        self._settings = settings
        self._scene = scene
        self._zone = scene.zones[settings.zone]
        self._classes = tuple(c for c in (ObjectClass.PERSON,) if self._zone.wants(c))
        self._story = Story(name, self.kind, settings.zone, settings.severity)
        self._persons: dict[TrackId, _Person] = {}

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture."""
        ids = tracks.track_id.tolist()
        scale = self._scene.scale(tracks.xyxy, tracks.class_id).tolist()
        scales = dict(zip(ids, scale, strict=True))
        inside = dict(zip(ids, self._zone.contains(tracks.xyxy).tolist(), strict=True))
        told = []
        for now in sightings(tracks, *self._classes):
            person = self._persons.get(now.track_id)
            if person is None:
                person = self._arrive(now, scales, born_in_water=inside[now.track_id])
            told.append(self._step(person, now, inside=inside[now.track_id]))
        told += [self._lose(track_id, tracks.at) for track_id in tracks.gone]
        return tuple(transition for transition in told if transition is not None)

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:
        """End every open episode."""
        told = [self._end(person, at, reason) for person in self._persons.values()]
        self._persons.clear()
        return tuple(transition for transition in told if transition is not None)

    def _arrive(self, now: Sighting, scales: dict[int, float], *, born_in_water: bool) -> _Person:
        """Begin a track; in the water it goes on with one that went under just here and now."""
        near = [
            (hypot(now.foot[0] - p.last.foot[0], now.foot[1] - p.last.foot[1]), track_id)
            for track_id, p in self._persons.items()
            if track_id not in scales and p.is_in_water and now.at - p.last.at <= _HEIR_S
        ]
        gap_px, parent = min(near, default=(float("inf"), None))
        if born_in_water and parent is not None and gap_px <= _HEIR_M * scales[now.track_id]:
            self._persons[now.track_id] = self._persons.pop(parent)
        else:
            self._persons[now.track_id] = _Person(now)
        return self._persons[now.track_id]

    def _step(self, person: _Person, now: Sighting, *, inside: bool) -> Transition | None:
        person.last = now
        if person.episode is not None:
            person.episode.last = now
        return self._swim(person, now) if inside else self._leave(person, now.at)

    def _swim(self, person: _Person, now: Sighting) -> Transition | None:
        if person.since_s is None:
            person.since_s, person.seen = now.at, 0
        person.in_water_s = now.at
        person.seen += 1
        dwell_s, inertia = now.at - person.since_s, self._zone.settings.inertia
        if person.episode or dwell_s < self._settings.dwell_s or person.seen < inertia:
            return None
        person.episode = self._story.begin(person.since_s, now)
        reasons = (
            Reason(
                f"{self._zone.settings.anchor.value} in the water, s",
                dwell_s,
                self._settings.dwell_s,
            ),
            Reason("observations in the water", person.seen, inertia),
        )
        return person.episode.tell(Phase.NEW, now.at, reasons=reasons)

    def _leave(self, person: _Person, at: float) -> Transition | None:
        if person.episode is None:
            person.since_s = None
            return None
        outside_s = at - person.in_water_s
        if outside_s < self._settings.leave_grace_s:
            return None
        reason = Reason("outside, s", outside_s, self._settings.leave_grace_s)
        return self._end(person, at, "left", reason)

    def _lose(self, track_id: TrackId, at: float) -> Transition | None:
        person = self._persons.pop(track_id, None)
        if person is None:
            return None
        return self._end(person, at, "lost_in_water" if person.is_in_water else "lost")

    def _end(self, person: _Person, at: float, outcome: str, *reasons: Reason) -> Transition | None:
        episode, person.episode, person.since_s = person.episode, None, None
        if episode is None:
            return None
        return episode.tell(
            Phase.END,
            at,
            until_s=person.in_water_s,
            outcome=outcome,
            escalates=outcome == "lost_in_water",
            reasons=reasons,
        )
