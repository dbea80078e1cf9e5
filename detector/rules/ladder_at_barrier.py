"""A ladder is at a barrier: the one object that turns a passer-by into a crossing."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from detector.rules.base import BarrierRuleSettings, Episode, Sighting, Story
from detector.rules.ladders import Spot, find_spot, view_ladders
from detector.scene import Scene
from detector.types import F64, Phase, Reason, RuleKind, Severity, Tracks, Transition

_BREAK_S = 2.0  # a ladder that is not told yet may be unseen for so long


class LadderAtBarrierSettings(BarrierRuleSettings):
    """Settings of ``ladder_at_barrier``.

    Attributes:
        observations: how often its box meets the strip; there is no other dwell.
        gone_s: how long it has to be away until the episode ends.
    """

    kind: Literal["ladder_at_barrier"] = "ladder_at_barrier"
    severity: Severity = Severity.ALERT
    observations: int = Field(default=3, ge=1)
    gone_s: float = Field(default=10.0, ge=0.0)


@dataclass(slots=True)
class _Standing(Spot):
    first_s: float
    distance_m: float
    seen: int = 0
    episode: Episode | None = None


class LadderAtBarrier:
    """One episode per ladder and place; a new id at the same place goes on with it.

    A ladder meets the strip with its lower edge: within ``strip_m`` of the barrier's foot. One
    whose foot cannot be seen meets it where its box stands on the barrier's face and ends above
    the top line.
    """

    kind = RuleKind.LADDER_AT_BARRIER

    def __init__(self, name: str, settings: LadderAtBarrierSettings, scene: Scene) -> None:
        self.name = name
        self._settings = settings
        self._scene = scene
        self._barrier = scene.barriers[settings.barrier]
        self._story = Story(name, self.kind, settings.barrier, settings.severity)
        self._standing: list[_Standing] = []

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture."""
        view = view_ladders(tracks, self._scene)
        told = []
        for ladder, scale in zip(view.ladders, view.scale.tolist(), strict=True):
            distance_m = self._distance_m(ladder, scale)
            if distance_m <= self._barrier.settings.strip_m:
                told.append(self._meet(ladder, distance_m))
        told += [self._expire(standing, tracks.at) for standing in list(self._standing)]
        return tuple(transition for transition in told if transition is not None)

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:
        """End every open episode."""
        told = [self._end(standing, at, reason) for standing in self._standing]
        self._standing.clear()
        return tuple(transition for transition in told if transition is not None)

    def _distance_m(self, ladder: Sighting, scale: float) -> float:
        """Give how far the ladder's lower edge is from the barrier, 0 on its face up to the top."""
        x1, y1, x2, y2 = ladder.xyxy
        across = (x1 + x2) / 2
        on_face = self._barrier.on_face([(across, y2)])[0]
        if on_face and self._barrier.above_top([(across, y1)])[0] >= 0:
            return 0.0
        # A leaning ladder stands on one end of its lower edge, a lying or carried one on neither.
        xs = (across,) if x2 - x1 > y2 - y1 else (x1, across, x2)
        feet: F64 = np.array([(x, y2) for x in xs])
        metres = self._scene.offsets(self._barrier, feet, np.full(len(xs), scale)).distance
        return float(np.nan_to_num(metres, nan=np.inf).min())

    def _meet(self, ladder: Sighting, distance_m: float) -> Transition | None:
        standing = find_spot(self._standing, ladder)
        if standing is None:
            standing = _Standing(ladder, ladder.at, distance_m)
            self._standing.append(standing)
        standing.last, standing.distance_m = ladder, distance_m
        standing.seen += 1
        if standing.episode is not None:
            standing.episode.last = ladder
            return None
        if standing.seen < self._settings.observations:
            return None
        standing.episode = self._story.begin(standing.first_s, ladder)
        return standing.episode.tell(
            Phase.NEW,
            ladder.at,
            distance_m=distance_m,
            estimated=self._scene.estimated,
            count=0,
            escalates=True,
            reasons=(
                Reason("ladder from the barrier, m", distance_m, self._barrier.settings.strip_m),
                Reason("observations there", standing.seen, self._settings.observations),
            ),
        )

    def _expire(self, standing: _Standing, at: float) -> Transition | None:
        away_s = at - standing.last.at
        limit_s = self._settings.gone_s if standing.episode else _BREAK_S
        if away_s < limit_s:
            return None
        self._standing.remove(standing)
        return self._end(standing, at, "gone", Reason("away, s", away_s, limit_s))

    def _end(
        self, standing: _Standing, at: float, outcome: str, *reasons: Reason
    ) -> Transition | None:
        if standing.episode is None:
            return None
        return standing.episode.tell(
            Phase.END,
            at,
            until_s=standing.last.at,
            distance_m=standing.distance_m,
            estimated=self._scene.estimated,
            count=0,
            outcome=outcome,
            reasons=reasons,
        )
