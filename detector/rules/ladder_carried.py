"""Somebody carries a ladder: both move alike and touch."""

from collections import deque
from dataclasses import dataclass, field
from math import hypot
from typing import Literal

import numpy as np
from pydantic import Field

from detector.rules.base import Episode, Sighting, Story
from detector.rules.ladders import LadderRuleSettings, LadderView, middle, view_ladders
from detector.scene import Scene
from detector.types import Phase, Reason, RuleKind, Severity, TrackId, Tracks, Transition, Xy

_SPEED_S = 0.8  # speed is measured over this time
_LEAST_SPAN_S = 0.2


class LadderCarriedSettings(LadderRuleSettings):
    """Settings of ``ladder_carried``.

    Attributes:
        hold_s: how long they move alike and touch.
        apart_s: how long they have to be apart until the episode ends.
        touch_m: boxes nearer than this touch.
        moving_m_s: slower than this is standing.
        alike: largest difference of the two velocities, as a share of the person's speed.
    """

    kind: Literal["ladder_carried"] = "ladder_carried"
    severity: Severity = Severity.ALERT
    hold_s: float = Field(default=0.5, ge=0.0)
    apart_s: float = Field(default=2.0, ge=0.0)
    touch_m: float = Field(default=0.3, ge=0.0)
    moving_m_s: float = Field(default=0.3, gt=0.0)
    alike: float = Field(default=0.6, gt=0.0)


@dataclass(slots=True)
class _Motion:
    """The way of a box's middle over the last moment."""

    way: deque[tuple[float, Xy]] = field(default_factory=deque)

    def add(self, sighting: Sighting) -> None:
        self.way.append((sighting.at, middle(sighting.xyxy)))
        while sighting.at - self.way[0][0] > _SPEED_S:
            self.way.popleft()

    @property
    def px_s(self) -> Xy:
        """Velocity; (0, 0) where the way is too short to say."""
        (start, (x0, y0)), (stop, (x1, y1)) = self.way[0], self.way[-1]
        span_s = stop - start
        if span_s < _LEAST_SPAN_S:
            return 0.0, 0.0
        return (x1 - x0) / span_s, (y1 - y0) / span_s


@dataclass(slots=True)
class _Carry:
    together_since: float | None = None
    touched_s: float = 0.0
    episode: Episode | None = None
    carriers: tuple[TrackId, ...] = ()


class LadderCarried:
    """One episode per ladder: NEW while it moves with a person, END when they are apart."""

    kind = RuleKind.LADDER_CARRIED

    def __init__(self, name: str, settings: LadderCarriedSettings, scene: Scene) -> None:
        self.name = name
        self._settings = settings
        self._scene = scene
        self._story = Story(name, self.kind, settings.zone, settings.severity)
        self._motions: dict[TrackId, _Motion] = {}
        self._carries: dict[TrackId, _Carry] = {}

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture."""
        view = view_ladders(tracks, self._scene, self._settings.zone)
        for sighting in (*view.ladders, *view.persons):
            self._motions.setdefault(sighting.track_id, _Motion()).add(sighting)
        told = [self._step(view, index) for index in range(len(view.ladders))]
        for track_id in tracks.gone:
            self._motions.pop(track_id, None)
            told.append(self._end(track_id, tracks.at, "lost"))
        return tuple(transition for transition in told if transition is not None)

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:
        """End every open episode."""
        told = [self._end(track_id, at, reason) for track_id in list(self._carries)]
        self._motions.clear()
        return tuple(transition for transition in told if transition is not None)

    def _step(self, view: LadderView, index: int) -> Transition | None:
        ladder = view.ladders[index]
        carry = self._carries.setdefault(ladder.track_id, _Carry())
        touching = np.flatnonzero(view.apart_m[index] <= self._settings.touch_m)
        if carry.episode is None:
            return self._begin(carry, view, ladder, touching.tolist())
        carry.episode.last = ladder
        if touching.size:
            carry.touched_s = ladder.at
        apart_s = ladder.at - carry.touched_s
        if touching.size or apart_s < self._settings.apart_s:
            return None
        reason = Reason("apart, s", apart_s, self._settings.apart_s)
        return self._end(ladder.track_id, ladder.at, "put_down", reason)

    def _begin(
        self, carry: _Carry, view: LadderView, ladder: Sighting, touching: list[int]
    ) -> Transition | None:
        movers = {
            view.persons[p].track_id: speed
            for p in touching
            if (speed := self._common_m_s(ladder, view.persons[p], float(view.person_scale[p])))
        }
        if not movers:
            carry.together_since = None
            return None
        if carry.together_since is None:
            carry.together_since = ladder.at
        held_s = ladder.at - carry.together_since
        if held_s < self._settings.hold_s:
            return None
        carry.touched_s, carry.carriers = ladder.at, tuple(movers)
        carry.episode = self._story.begin(carry.together_since, ladder)
        return carry.episode.tell(
            Phase.NEW,
            ladder.at,
            track_ids=(ladder.track_id, *carry.carriers),
            count=len(movers),
            estimated=self._scene.estimated,
            escalates=True,
            reasons=(
                Reason("moving together and touching, s", held_s, self._settings.hold_s),
                Reason("speed, m/s", max(movers.values()), self._settings.moving_m_s),
            ),
        )

    def _common_m_s(self, ladder: Sighting, person: Sighting, scale: float) -> float:
        """Give the speed of a person a ladder moves with, 0 where it does not."""
        vx, vy = self._motions[person.track_id].px_s
        lx, ly = self._motions[ladder.track_id].px_s
        speed = hypot(vx, vy) / scale
        alike = hypot(vx - lx, vy - ly) / scale <= self._settings.alike * speed
        return speed if alike and speed >= self._settings.moving_m_s else 0.0

    def _end(
        self, track_id: TrackId, at: float, outcome: str, *reasons: Reason
    ) -> Transition | None:
        carry = self._carries.pop(track_id, None)
        if carry is None or carry.episode is None:
            return None
        return carry.episode.tell(
            Phase.END,
            at,
            until_s=carry.touched_s,
            track_ids=(track_id, *carry.carriers),
            count=len(carry.carriers),
            estimated=self._scene.estimated,
            outcome=outcome,
            reasons=reasons,
        )
