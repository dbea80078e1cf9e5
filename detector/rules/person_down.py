"""Somebody lies where nobody lay: a box clearly wider than high that stays, after it stood upright.

Who falls changes shape so much that the tracker often begins anew. So what is known belongs to a
place, too: a track that begins where another one was lost goes on with it.
"""

from dataclasses import dataclass
from math import hypot
from typing import Literal

from pydantic import Field

from detector.rules.base import CommonSettings, Episode, Sighting, Story, sightings
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

_UPRIGHT, _UPRIGHT_S = 1.3, 1.0  # height in widths, for so long
_GAP_S = 1.0  # a box that is wrong for so long is noise
_MEMORY_S, _HEIR_M = 10.0, 2.0  # a track that begins so soon and so near is the same person


class PersonDownSettings(CommonSettings):
    """Settings of ``person_down``.

    Attributes:
        zone: only there; empty for the whole picture.
        down_s: how long somebody has to lie.
        flatness: from how many widths per height on a box is somebody who lies. Who crouches with
            arms or heels apart reaches 1.1, who lies 2.3 and more; along the view it is less.
        still_m: how far the middle of the box may move meanwhile.
    """

    kind: Literal["person_down"] = "person_down"
    severity: Severity = Severity.WELFARE
    zone: str = ""
    down_s: float = Field(default=10.0, ge=0.0)
    flatness: float = Field(default=1.2, ge=1.0)
    still_m: float = Field(default=0.5, gt=0.0)


@dataclass(slots=True)
class _Person:
    last: Sighting
    upright_since: float | None = None
    scale: float | None = None  # px per metre when last seen upright; None: never was
    place: Xy = (0.0, 0.0)  # middle of the box where it lies
    since_s: float | None = None  # lying there
    down_s: float = 0.0  # last seen lying there
    episode: Episode | None = None


class PersonDown:
    """One episode per person and place: NEW, then END got_up, moved or lost."""

    kind = RuleKind.PERSON_DOWN

    def __init__(self, name: str, settings: PersonDownSettings, scene: Scene) -> None:
        self.name = name
        self._settings = settings
        self._scene = scene
        self._zone = scene.zones[settings.zone] if settings.zone else None
        self._story = Story(name, self.kind, settings.zone, settings.severity)
        self._persons: dict[TrackId, _Person] = {}

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture."""
        ids = tracks.track_id.tolist()
        scale = self._scene.scale(tracks.xyxy, tracks.class_id).tolist()
        scales = dict(zip(ids, scale, strict=True))
        inside = dict.fromkeys(ids, True)
        if self._zone is not None:
            inside = dict(zip(ids, self._zone.contains(tracks.xyxy).tolist(), strict=True))
        told = [self._expire(track_id, tracks.at) for track_id in list(self._persons)]
        for now in sightings(tracks, ObjectClass.PERSON):
            person = self._persons.get(now.track_id) or self._begin(now, scales)
            self._persons[now.track_id] = person
            told.append(self._step(person, now, scales[now.track_id], inside=inside[now.track_id]))
        return tuple(transition for transition in told if transition is not None)

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:
        """End every open episode."""
        told = [self._end(person, at, reason) for person in self._persons.values()]
        self._persons.clear()
        return tuple(transition for transition in told if transition is not None)

    def _begin(self, now: Sighting, scales: dict[int, float]) -> _Person:
        """Begin a track; it goes on with a person who stood upright and was lost here just now."""
        here = _middle(now)
        near = [
            (_gap(here, _middle(person.last)) / person.scale, track_id)
            for track_id, person in self._persons.items()
            if track_id not in scales and person.scale is not None
        ]
        gap_m, parent = min(near, default=(float("inf"), None))
        if parent is None or gap_m > _HEIR_M:
            return _Person(now)
        return self._persons.pop(parent)

    def _step(
        self, person: _Person, now: Sighting, scale: float, *, inside: bool
    ) -> Transition | None:
        person.last = now
        if person.episode is not None:
            person.episode.last = now
        width, height = now.xyxy[2] - now.xyxy[0], now.xyxy[3] - now.xyxy[1]
        self._stand(person, now.at, scale, upright=height >= _UPRIGHT * width)
        if person.scale is None:
            return None
        moved_m = _gap(_middle(now), person.place) / person.scale
        flat = width > self._settings.flatness * height
        lies = flat and inside
        if person.since_s is not None and lies and moved_m <= self._settings.still_m:
            person.down_s = now.at
            return self._lie(person, now, moved_m, width / max(height, 1.0))
        if person.since_s is not None and now.at - person.down_s <= _GAP_S:
            return None
        ended = self._end(person, now.at, "moved" if flat else "got_up")
        if lies:
            person.place, person.since_s, person.down_s = _middle(now), now.at, now.at
        return ended

    @staticmethod
    def _stand(person: _Person, at: float, scale: float, *, upright: bool) -> None:
        """Note that somebody stands, and how large metres are there."""
        if not upright:
            person.upright_since = None
            return
        if person.upright_since is None:
            person.upright_since = at
        if at - person.upright_since >= _UPRIGHT_S:
            person.scale = scale

    def _lie(
        self, person: _Person, now: Sighting, moved_m: float, flatness: float
    ) -> Transition | None:
        """Tell it once it has lasted."""
        since_s = now.at if person.since_s is None else person.since_s
        if person.episode is not None or now.at - since_s < self._settings.down_s:
            return None
        person.episode = self._story.begin(since_s, now)
        return person.episode.tell(
            Phase.NEW,
            now.at,
            estimated=self._scene.estimated,
            reasons=(
                Reason("lying, s", now.at - since_s, self._settings.down_s),
                Reason("width of the box in heights", flatness, self._settings.flatness),
                Reason("moved, m", moved_m, self._settings.still_m),
                Reason("stood upright before", "yes", f"{_UPRIGHT_S:g} s"),
            ),
        )

    def _expire(self, track_id: TrackId, at: float) -> Transition | None:
        """Forget who has not been seen for a while; a lost track may begin anew before."""
        person = self._persons[track_id]
        if at - person.last.at <= _MEMORY_S:
            return None
        del self._persons[track_id]
        return self._end(person, at, "lost")

    def _end(self, person: _Person, at: float, outcome: str) -> Transition | None:
        episode, person.episode, person.since_s = person.episode, None, None
        if episode is None:
            return None
        return episode.tell(
            Phase.END,
            at,
            until_s=person.down_s,
            outcome=outcome,
            estimated=self._scene.estimated,
        )


def _middle(sighting: Sighting) -> Xy:
    x1, y1, x2, y2 = sighting.xyxy
    return ((x1 + x2) / 2, (y1 + y2) / 2)


def _gap(one: Xy, other: Xy) -> float:
    return hypot(one[0] - other[0], one[1] - other[1])
