"""Somebody is in a zone: inside for a dwell, then outside for a grace."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from detector.rules.base import Episode, Sighting, Story, ZoneRuleSettings, sightings
from detector.scene import Scene
from detector.scene.settings import Labels
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


class ZoneIntrusionSettings(ZoneRuleSettings):
    """Settings of ``zone_intrusion``.

    Attributes:
        dwell_s: how long the anchor has to be inside without a break.
        leave_grace_s: how long it has to be outside until the episode ends.
        objects: labels that count, where the zone does not narrow them.
    """

    kind: Literal["zone_intrusion"] = "zone_intrusion"
    severity: Severity = Severity.DETECTION
    dwell_s: float = Field(default=0.5, ge=0.0)
    leave_grace_s: float = Field(default=2.0, ge=0.0)
    objects: Labels = ("person",)


@dataclass(slots=True)
class _Visit:
    since_s: float
    last_inside_s: float
    seen: int = 0
    episode: Episode | None = None


class ZoneIntrusion:
    """One episode per track and visit; time counts in seconds of the stream, never in frames."""

    kind = RuleKind.ZONE_INTRUSION

    def __init__(self, name: str, settings: ZoneIntrusionSettings, scene: Scene) -> None:
        self.name = name
        self._settings = settings
        self._zone = scene.zones[settings.zone]
        self._classes = tuple(
            c for c in ObjectClass if c.label in settings.objects and self._zone.wants(c)
        )
        self._story = Story(name, self.kind, settings.zone, settings.severity)
        self._visits: dict[TrackId, _Visit] = {}

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture."""
        inside = dict(zip(tracks.track_id.tolist(), self._zone.contains(tracks.xyxy), strict=True))
        told = [
            self._enter(sighting) if inside[sighting.track_id] else self._leave(sighting)
            for sighting in sightings(tracks, *self._classes)
        ]
        told += [self._end(track_id, tracks.at, "lost") for track_id in tracks.gone]
        return tuple(transition for transition in told if transition is not None)

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:
        """End every open visit."""
        told = [self._end(track_id, at, reason) for track_id in list(self._visits)]
        return tuple(transition for transition in told if transition is not None)

    def _enter(self, sighting: Sighting) -> Transition | None:
        at, settings = sighting.at, self._settings
        visit = self._visits.setdefault(sighting.track_id, _Visit(at, at))
        visit.seen += 1
        visit.last_inside_s = at
        if visit.episode is not None:
            visit.episode.last = sighting
            return None
        dwell_s, inertia = at - visit.since_s, self._zone.settings.inertia
        if dwell_s < settings.dwell_s or visit.seen < inertia:
            return None
        visit.episode = self._story.begin(visit.since_s, sighting)
        reasons = (
            Reason(f"{self._zone.settings.anchor.value} inside, s", dwell_s, settings.dwell_s),
            Reason("observations inside", visit.seen, inertia),
        )
        return visit.episode.tell(Phase.NEW, at, reasons=reasons)

    def _leave(self, sighting: Sighting) -> Transition | None:
        visit = self._visits.get(sighting.track_id)
        if visit is None:
            return None
        if visit.episode is None:
            del self._visits[sighting.track_id]
            return None
        visit.episode.last = sighting
        outside_s = sighting.at - visit.last_inside_s
        if outside_s < self._settings.leave_grace_s:
            return None
        reason = Reason("outside, s", outside_s, self._settings.leave_grace_s)
        return self._end(sighting.track_id, sighting.at, "left", reason)

    def _end(
        self, track_id: TrackId, at: float, outcome: str, *reasons: Reason
    ) -> Transition | None:
        visit = self._visits.pop(track_id, None)
        if visit is None or visit.episode is None:
            return None
        return visit.episode.tell(
            Phase.END, at, until_s=visit.last_inside_s, outcome=outcome, reasons=reasons
        )
