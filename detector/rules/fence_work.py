"""Somebody works at the barrier: stays at one place beside it while much stirs in the box.

Cutting a fence looks like standing still to a tracker. What tells it from waiting, sitting or
keeping watch is how much of the box changes from picture to picture, and for how long.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import hypot
from statistics import median
from typing import Literal

from pydantic import Field

from detector.rules.base import BarrierRuleSettings, Episode, Story
from detector.rules.line import BarrierView, LineWatch, Place
from detector.scene import Scene
from detector.types import Phase, Reason, RuleKind, Severity, TrackId, Tracks, Transition, Xy

_WINDOW_S = 2.0  # speed and stir are those of so long
_SAME_PLACE_M = 0.3  # feet that near to where somebody stopped were there already


class FenceWorkSettings(BarrierRuleSettings):
    """Settings of ``fence_work``; how near is the barrier's ``strip_m``.

    Attributes:
        work_s: how long somebody has to work.
        still_m_s: feet slower than this stay where they are.
        stir_share: least share of the box that changes, the median of two seconds.
        pause_s: longest interruption; who is away or on the move for longer has left.
    """

    kind: Literal["fence_work"] = "fence_work"
    severity: Severity = Severity.ALERT
    work_s: float = Field(default=20.0, ge=0.0)
    still_m_s: float = Field(default=0.2, gt=0.0)
    stir_share: float = Field(default=0.025, ge=0.0, le=1.0)
    pause_s: float = Field(default=2.0, ge=0.0)


@dataclass(frozen=True, slots=True)
class _Moment:
    at: float
    foot: Xy
    stir: float


@dataclass(slots=True)
class _Worker:
    recent: deque[_Moment] = field(default_factory=deque)  # the last two seconds
    since_s: float | None = None  # of the work that may be told
    worked_s: float = 0.0  # when it was last seen
    stayed_s: float = 0.0  # when the person was last still and at the barrier
    episode: Episode | None = None

    def add(self, now: _Moment) -> None:
        """Remember the last two seconds."""
        self.recent.append(now)
        while now.at - self.recent[0].at > _WINDOW_S:
            self.recent.popleft()

    @property
    def stir(self) -> float:
        """Share of the box that changes, the median."""
        return median(moment.stir for moment in self.recent)

    def speed_m_s(self, scale: float) -> float:
        """Speed of the feet between the halves of the time, inf for a single picture."""
        first, last = self.recent[0].at, self.recent[-1].at
        early = [m for m in self.recent if m.at - first <= (last - first) / 2]
        late = [m for m in self.recent if m.at - first > (last - first) / 2]
        if not late:
            return float("inf")
        gap = hypot(
            _mean(m.foot[0] for m in late) - _mean(m.foot[0] for m in early),
            _mean(m.foot[1] for m in late) - _mean(m.foot[1] for m in early),
        )
        return gap / scale / (_mean(m.at for m in late) - _mean(m.at for m in early))

    def here_since_s(self, scale: float) -> float:
        """Since when the feet have been where they are, as far as is remembered."""
        x, y = self.recent[-1].foot
        since_s = self.recent[-1].at
        for moment in reversed(self.recent):
            if hypot(moment.foot[0] - x, moment.foot[1] - y) > _SAME_PLACE_M * scale:
                break
            since_s = moment.at
        return since_s


class FenceWork:
    """One episode per worker: NEW after a while of work, END left or lost."""

    kind = RuleKind.FENCE_WORK

    def __init__(self, name: str, settings: FenceWorkSettings, scene: Scene) -> None:
        self.name = name
        self._settings = settings
        self._scene = scene
        self._barrier = scene.barriers[settings.barrier]
        self._view = BarrierView(scene, self._barrier)
        self._watch = LineWatch(self._barrier)
        self._story = Story(name, self.kind, settings.barrier, settings.severity)
        self._workers: dict[TrackId, _Worker] = {}

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture."""
        places = self._view.update(tracks)
        self._watch.update(places, tracks.gone)
        for child, parent in self._watch.adopted.items():
            if parent in self._workers:
                self._workers[child] = self._workers.pop(parent)
        stir = dict(zip(tracks.track_id.tolist(), tracks.stir.tolist(), strict=True))
        told = [self._step(place, stir[place.sighting.track_id]) for place in places]
        told += [self._end(self._workers.pop(i, None), tracks.at, "lost") for i in tracks.gone]
        return tuple(transition for transition in told if transition is not None)

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:
        """End every open episode."""
        told = [self._end(worker, at, reason) for worker in self._workers.values()]
        self._workers.clear()
        self._view.clear()
        self._watch.clear()
        return tuple(transition for transition in told if transition is not None)

    def _step(self, place: Place, stir: float) -> Transition | None:
        now, settings = place.sighting, self._settings
        worker = self._workers.setdefault(now.track_id, _Worker())
        worker.add(_Moment(now.at, now.foot, stir))
        near = place.distance_m <= self._strip_m
        speed_m_s = worker.speed_m_s(place.scale)
        if near and speed_m_s < settings.still_m_s:
            worker.stayed_s = now.at
            if worker.stir >= settings.stir_share:
                worker.worked_s = now.at
                if worker.since_s is None:
                    worker.since_s = worker.here_since_s(place.scale)
        if worker.episode is not None:
            worker.episode.last = now
            return self._leave(worker, now.at)
        if now.at - worker.worked_s > settings.pause_s:
            worker.since_s = None
        return self._begin(worker, place, speed_m_s)

    def _begin(self, worker: _Worker, place: Place, speed_m_s: float) -> Transition | None:
        """Tell the work once it has lasted, in a picture that shows it."""
        now, settings = place.sighting, self._settings
        if worker.since_s is None or worker.worked_s < now.at:
            return None
        worked_s = now.at - worker.since_s
        if worked_s < settings.work_s:
            return None
        worker.episode = self._story.begin(worker.since_s, now)
        return worker.episode.tell(
            Phase.NEW,
            now.at,
            distance_m=place.distance_m,
            estimated=self._scene.estimated,
            side_from=self._barrier.side_name(place.side),
            reasons=(
                Reason("at work, s", worked_s, settings.work_s),
                Reason("distance to the barrier, m", place.distance_m, self._strip_m),
                Reason("speed of the feet, m/s", speed_m_s, settings.still_m_s),
                Reason("share of the box that stirs, median", worker.stir, settings.stir_share),
            ),
        )

    @property
    def _strip_m(self) -> float:
        return self._barrier.settings.strip_m

    def _leave(self, worker: _Worker, at: float) -> Transition | None:
        """End the episode of somebody who is away or moving; a pause in the work is no end."""
        away_s = at - worker.stayed_s
        if away_s <= self._settings.pause_s:
            return None
        return self._end(worker, at, "left", Reason("away, s", away_s, self._settings.pause_s))

    def _end(
        self, worker: _Worker | None, at: float, outcome: str, *reasons: Reason
    ) -> Transition | None:
        if worker is None or worker.episode is None:
            return None
        episode, worker.episode, worker.since_s = worker.episode, None, None
        return episode.tell(
            Phase.END,
            at,
            until_s=worker.stayed_s,
            outcome=outcome,
            estimated=self._scene.estimated,
            reasons=reasons,
        )


def _mean(values: Iterable[float]) -> float:
    some = list(values)
    return sum(some) / len(some)
