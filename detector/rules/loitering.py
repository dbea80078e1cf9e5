"""Somebody stays at one place: one stay, keyed by the place, not a thousand alerts."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace
from math import expm1, hypot
from typing import Literal

from pydantic import Field

from detector.rules.base import Episode, Sighting, Story, ZoneRuleSettings, sightings
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
    Xy,
)

_DRIFT_S = 60.0  # the place follows a person's slow shifting with this time constant
_LOST_S = 5.0  # a stay too short to be told survives a lost track for so long


class LoiteringSettings(ZoneRuleSettings):
    """Settings of ``loitering``.

    Attributes:
        stay_s: how long at one place; the zone's ``loitering_time`` overrides it where it is set.
        leave_s: how long the place has to be empty until the stay ends.
        place_m: how far from its middle is still the same place.
        heartbeats_s: after how long it is told again; the last interval repeats.
        welfare_s: from then on the severity is welfare.
    """

    kind: Literal["loitering"] = "loitering"
    severity: Severity = Severity.DETECTION
    stay_s: float = Field(default=120.0, ge=0.0)
    leave_s: float = Field(default=60.0, ge=0.0)
    place_m: float = Field(default=2.0, gt=0.0)
    heartbeats_s: tuple[float, ...] = Field(default=(600.0, 3600.0, 21600.0, 86400.0), min_length=1)
    welfare_s: float = Field(default=3600.0, ge=0.0)


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody at one place, as a value that outlives a restart.

    Attributes:
        foot: the place, pixels.
        radius_px: how far it reaches.
        since_s: since when, on the stream's timeline.
        last_s: when somebody was last seen there.
        sighting: the last one.
        number: of its episode, 0 while it is too short to be told.
        heartbeats: how many were told.
    """

    foot: Xy
    radius_px: float
    since_s: float
    last_s: float
    sighting: Sighting
    number: int = 0
    heartbeats: int = 0

    def holds(self, foot: Xy) -> bool:
        """Tell whether a foot is at this place."""
        return hypot(foot[0] - self.foot[0], foot[1] - self.foot[1]) <= self.radius_px


class Loitering:
    """One episode per stay; an id switch or a restart goes on with it, a second person has an own.

    A person takes a stay over only where the track began at the place (a new id, a restart) or
    belonged to it before: who walks by does not keep it alive.
    """

    kind = RuleKind.LOITERING

    def __init__(self, name: str, settings: LoiteringSettings, scene: Scene) -> None:
        self.name = name
        self._settings = settings
        self._scene = scene
        self._zone = scene.zones[settings.zone]
        self._stay_s = self._zone.settings.loitering_time or settings.stay_s
        self._story = Story(name, self.kind, settings.zone, settings.severity)
        self._stays: dict[int, Stay] = {}  # by an own running number, the key
        self._keys = 0
        self._where: dict[TrackId, int] = {}  # key of the stay a track is in
        self._home: dict[TrackId, int] = {}  # key of the told stay a track belongs to
        self._known: set[TrackId] = set()  # persons seen before, in the zone or out of it
        self._restored = False

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture."""
        self._wake(tracks.at)
        ids = tracks.track_id.tolist()
        scale = self._scene.scale(tracks.xyxy, tracks.class_id)
        radius = dict(zip(ids, (scale * self._settings.place_m).tolist(), strict=True))
        inside = dict(zip(ids, self._zone.contains(tracks.xyxy).tolist(), strict=True))
        persons = sightings(tracks, ObjectClass.PERSON)
        present = [s for s in persons if inside[s.track_id]]
        taken = self._stayers(present)
        for sighting in present:
            if sighting.track_id not in taken.values():
                taken[self._settle(sighting, radius[sighting.track_id], taken)] = sighting.track_id
        self._where |= {track_id: key for key, track_id in taken.items()}
        seen = {s.track_id: s for s in present}
        told = [self._see(key, seen[track_id]) for key, track_id in taken.items()]
        told += [self._expire(key, tracks.at) for key in list(self._stays)]
        self._known |= {s.track_id for s in persons}
        for track_id in tracks.gone:
            self._known.discard(track_id)
            self._where.pop(track_id, None)
            self._home.pop(track_id, None)
        return tuple(transition for transition in told if transition is not None)

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:
        """End every told stay; take :meth:`state` before, to go on with them after a restart."""
        told = [self._end(key, at, reason) for key in list(self._stays)]
        self._where.clear()
        self._home.clear()
        self._known.clear()
        return tuple(transition for transition in told if transition is not None)

    def state(self) -> tuple[Stay, ...]:
        """Give all stays, told or not, as values."""
        return tuple(self._stays.values())

    def restore(self, stays: Iterable[Stay], shift_s: float = 0.0) -> None:
        """Go on with stays of an earlier run, before the first update.

        ``shift_s`` is added to their times: the new timeline less the old one at one moment.
        Nobody could be seen in between, so all have their full grace from the first picture on.
        """
        self._restored = True
        for stay in stays:
            self._keys += 1
            self._stays[self._keys] = replace(
                stay, since_s=stay.since_s + shift_s, last_s=stay.last_s + shift_s
            )
            self._story.told = max(self._story.told, stay.number)

    def _wake(self, at: float) -> None:
        if self._restored:
            self._stays = {key: replace(s, last_s=at) for key, s in self._stays.items()}
            self._restored = False

    def _stayers(self, present: list[Sighting]) -> dict[int, TrackId]:
        """Give the stays of those who are still where they were, one person each."""
        still: dict[int, TrackId] = {}
        for now in present:
            key = self._where.get(now.track_id)
            if key not in self._stays or not self._stays[key].holds(now.foot):
                continue
            if key not in still or self._stays[key].sighting.track_id == now.track_id:
                still[key] = now.track_id
        return still

    def _settle(self, now: Sighting, radius_px: float, taken: Container[int]) -> int:
        """Give the key of a stay to take over, or of a new one."""
        before = self._where.pop(now.track_id, None)
        if before in self._stays and before not in taken and not self._stays[before].number:
            del self._stays[before]  # moved on before it was worth telling
        home = self._home.get(now.track_id)
        born_here = now.track_id not in self._known
        for key, stay in self._stays.items():
            if (born_here or key == home) and key not in taken and stay.holds(now.foot):
                return key
        self._keys += 1
        self._stays[self._keys] = Stay(now.foot, radius_px, now.at, now.at, now)
        return self._keys

    def _see(self, key: int, now: Sighting) -> Transition | None:
        """Note that the place is taken, and tell it when it is time."""
        stay = self._stays[key]
        share = -expm1(-(now.at - stay.last_s) / _DRIFT_S)
        foot = tuple(
            old + share * (new - old) for old, new in zip(stay.foot, now.foot, strict=True)
        )
        stay = replace(stay, foot=(foot[0], foot[1]), last_s=now.at, sighting=now)
        stay_s, phase = now.at - stay.since_s, Phase.UPDATE
        due_s = self._heartbeat_s(stay.heartbeats)
        if not stay.number:
            due_s, phase = self._stay_s, Phase.NEW
        self._stays[key] = stay
        if stay.number:
            self._home[now.track_id] = key
        if stay_s < due_s:
            return None
        if phase is Phase.NEW:
            self._story.told += 1
            stay = replace(stay, number=self._story.told)
        while self._heartbeat_s(stay.heartbeats) <= stay_s:
            stay = replace(stay, heartbeats=stay.heartbeats + 1)
        self._stays[key] = stay
        self._home[now.track_id] = key
        return self._episode(stay).tell(
            phase,
            now.at,
            escalates=phase is Phase.UPDATE and stay_s >= self._settings.welfare_s,
            reasons=(Reason("at one place, s", stay_s, due_s),),
        )

    def _heartbeat_s(self, told: int) -> float:
        """After how long the next heartbeat is due, when so many were told."""
        steps = self._settings.heartbeats_s
        return steps[told] if told < len(steps) else steps[-1] * (told - len(steps) + 2)

    def _expire(self, key: int, at: float) -> Transition | None:
        """End a stay whose place has been empty too long."""
        stay = self._stays[key]
        grace_s = self._settings.leave_s if stay.number else _LOST_S
        empty_s = at - stay.last_s
        if empty_s < grace_s:
            return None
        return self._end(key, at, "left", Reason("place empty, s", empty_s, grace_s))

    def _end(self, key: int, at: float, outcome: str, *reasons: Reason) -> Transition | None:
        stay = self._stays.pop(key)
        if not stay.number:
            return None
        return self._episode(stay).tell(
            Phase.END, at, until_s=stay.last_s, outcome=outcome, reasons=reasons
        )

    def _episode(self, stay: Stay) -> Episode:
        """Give the episode of a told stay, with the severity of its length."""
        long = stay.last_s - stay.since_s >= self._settings.welfare_s
        severity = Severity.WELFARE if long else self._settings.severity
        return Episode(self._story, stay.number, stay.since_s, severity, stay.sighting)
