"""Somebody comes to a barrier: how near, how soon, and how it ended."""

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from pydantic import Field

from detector.rules.base import BarrierRuleSettings, Episode, Facts, Sighting, Story
from detector.rules.line import BarrierView, Cut, LineWatch, Place
from detector.scene import Scene
from detector.types import Phase, Reason, RuleKind, Severity, TrackId, Tracks, Transition

_WINDOW_S = 1.5  # of the straight line that gives distance and closing speed
_LEAST_SPAN_S = 0.4  # shorter histories have no speed
_SLOWEST_M_S = 0.1  # an arrival time from less says nothing
_ETA_STEPS_S = (60.0, 30.0, 15.0, 5.0)  # getting below one of them is told at once


class ApproachSettings(BarrierRuleSettings):
    """Settings of ``approach``.

    Attributes:
        near_m: distance to the barrier below which coming nearer counts.
        hysteresis_m: how much nearer than the farthest point so far.
        closing_m_s: slowest closing speed.
        turned_back_m: how far away from the nearest point is turned back.
        from_side: only those who come from this side, seen along the barrier.
        update_s: least time between two updates.
        update_m: least change of distance that is worth an update.
    """

    kind: Literal["approach"] = "approach"
    severity: Severity = Severity.DETECTION
    near_m: float = Field(default=15.0, gt=0.0)
    hysteresis_m: float = Field(default=1.0, ge=0.0)
    closing_m_s: float = Field(default=0.2, ge=0.0)
    turned_back_m: float = Field(default=5.0, gt=0.0)
    from_side: Literal["any", "left", "right"] = "any"
    update_s: float = Field(default=2.0, gt=0.0)
    update_m: float = Field(default=1.0, gt=0.0)


@dataclass(slots=True)
class _Way:
    recent: deque[tuple[float, float]] = field(default_factory=deque)  # (at, distance)
    distance_m: float = np.inf
    closing_m_s: float = 0.0
    farthest_m: float = 0.0
    since_s: float = 0.0
    episode: Episode | None = None
    nearest_m: float = np.inf
    side: int = 0
    told_at: float = 0.0
    told_m: float = 0.0
    eta_step: int = 0

    def add(self, at: float, distance_m: float, near_m: float) -> None:
        """Fit distance and closing speed to the last observations."""
        before = self.distance_m
        self.recent.append((at, distance_m))
        while at - self.recent[0][0] > _WINDOW_S:
            self.recent.popleft()
        self.distance_m, self.closing_m_s = _fit(self.recent)
        if self.distance_m >= self.farthest_m:
            self.farthest_m, self.since_s = self.distance_m, at
        elif self.distance_m <= near_m < before:
            self.since_s = at

    @property
    def eta_s(self) -> float | None:
        """Seconds until the barrier at the present speed."""
        if self.closing_m_s < _SLOWEST_M_S:
            return None
        return self.distance_m / self.closing_m_s


def _fit(recent: deque[tuple[float, float]]) -> tuple[float, float]:
    """Give the present distance and the closing speed of a straight line through (at, distance)."""
    at, distance = np.array(recent, np.float64).T
    span = at - at.mean()
    if at[-1] - at[0] < _LEAST_SPAN_S:
        return float(distance[-1]), 0.0
    slope = float(span @ distance / (span @ span))
    return max(float(distance.mean() + slope * span[-1]), 0.0), -slope


class Approach:
    """One episode per person and coming: NEW, updates, then crossed, turned_back or lost."""

    kind = RuleKind.APPROACH

    def __init__(self, name: str, settings: ApproachSettings, scene: Scene) -> None:
        self.name = name
        self._settings = settings
        self._barrier = scene.barriers[settings.barrier]
        self._estimated = scene.estimated
        self._view = BarrierView(scene, self._barrier)
        self._watch = LineWatch(self._barrier)
        self._story = Story(name, self.kind, settings.barrier, settings.severity)
        self._ways: dict[TrackId, _Way] = {}

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture."""
        places = self._view.update(tracks)
        cuts = self._watch.update(places, tracks.gone)
        for child, parent in self._watch.adopted.items():
            if parent in self._ways:
                self._ways[child] = self._ways.pop(parent)
        told = [self._step(place, cuts.get(place.sighting.track_id)) for place in places]
        told += [self._lose(track_id, tracks.at, "lost") for track_id in tracks.gone]
        return tuple(transition for transition in told if transition is not None)

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:
        """End every open approach."""
        told = [self._lose(track_id, at, reason) for track_id in list(self._ways)]
        self._view.clear()
        self._watch.clear()
        return tuple(transition for transition in told if transition is not None)

    def _step(self, place: Place, cut: Cut | None) -> Transition | None:
        if np.isnan(place.distance_m):
            return None
        now = place.sighting
        way = self._ways.setdefault(now.track_id, _Way())
        way.add(now.at, place.distance_m, self._settings.near_m)
        if cut is not None:
            return self._crossed(way, now, cut)
        if way.episode is None:
            way.side = place.side or way.side
            return self._begin(way, now)
        episode = way.episode
        episode.last = now
        way.nearest_m = min(way.nearest_m, way.distance_m)
        away_m = way.distance_m - way.nearest_m
        if away_m > self._settings.turned_back_m:
            reason = Reason("away from the nearest point, m", away_m, self._settings.turned_back_m)
            return self._end(way, now.at, "turned_back", reason)
        return self._update(way, episode, now.at)

    def _begin(self, way: _Way, now: Sighting) -> Transition | None:
        settings = self._settings
        nearer_m = way.farthest_m - way.distance_m
        wanted = {"any": way.side, "left": 1, "right": -1}[settings.from_side]
        if (
            way.distance_m > settings.near_m
            or nearer_m < settings.hysteresis_m
            or way.closing_m_s < settings.closing_m_s
            or way.side != wanted
        ):
            return None
        way.episode = self._story.begin(way.since_s, now)
        way.nearest_m = way.distance_m
        self._note(way, now.at)
        reasons = (
            Reason("distance to the barrier, m", way.distance_m, settings.near_m),
            Reason("nearer than before, m", nearer_m, settings.hysteresis_m),
            Reason("closing speed, m/s", way.closing_m_s, settings.closing_m_s),
        )
        return way.episode.tell(Phase.NEW, now.at, **self._facts(way, reasons))

    def _update(self, way: _Way, episode: Episode, at: float) -> Transition | None:
        settings = self._settings
        moved_m = abs(way.distance_m - way.told_m)
        sooner = _eta_step(way.eta_s) > way.eta_step
        due = at - way.told_at >= settings.update_s and moved_m >= settings.update_m
        if not due and not sooner:
            return None
        self._note(way, at)
        reasons = (
            Reason("distance changed, m", moved_m, settings.update_m),
            Reason("closing speed, m/s", way.closing_m_s, settings.closing_m_s),
        )
        return episode.tell(Phase.UPDATE, at, **self._facts(way, reasons))

    def _crossed(self, way: _Way, now: Sighting, cut: Cut) -> Transition | None:
        ended = None
        if way.episode is not None:
            way.episode.last = now
            reason = Reason("past the line, m", cut.place.distance_m, self._watch.past_m)
            facts = self._facts(way, (reason,), "crossed")
            facts["direction"] = cut.direction
            facts["side_to"] = self._barrier.side_name(cut.side_to)
            facts["distance_m"] = cut.place.distance_m
            ended = way.episode.tell(Phase.END, now.at, until_s=cut.at, **facts)
        self._ways[now.track_id] = _Way(farthest_m=cut.place.distance_m, since_s=now.at)
        return ended

    def _lose(self, track_id: TrackId, at: float, outcome: str) -> Transition | None:
        way = self._ways.pop(track_id, None)
        return None if way is None else self._end(way, at, outcome)

    def _end(self, way: _Way, at: float, outcome: str, *reasons: Reason) -> Transition | None:
        episode = way.episode
        if episode is None:
            return None
        way.episode, way.farthest_m, way.since_s = None, way.distance_m, at
        way.eta_step = 0
        nearest = Reason("nearest, m", way.nearest_m, self._settings.near_m)
        facts = self._facts(way, (*reasons, nearest), outcome)
        return episode.tell(Phase.END, at, until_s=episode.last.at, **facts)

    def _note(self, way: _Way, at: float) -> None:
        way.told_at, way.told_m = at, way.distance_m
        way.eta_step = max(way.eta_step, _eta_step(way.eta_s))

    def _facts(self, way: _Way, reasons: tuple[Reason, ...], outcome: str = "") -> Facts:
        return {
            "distance_m": way.distance_m,
            "eta_s": None if outcome else way.eta_s,
            "estimated": self._estimated,
            "side_from": self._barrier.side_name(way.side),
            "outcome": outcome,
            "reasons": reasons,
        }


def _eta_step(eta_s: float | None) -> int:
    """How many of the steps an arrival time is below."""
    return 0 if eta_s is None else sum(eta_s < step for step in _ETA_STEPS_S)
