"""Somebody crossed the line of a barrier, from which side to which."""

from typing import Literal

from pydantic import Field

from detector.rules.base import BarrierRuleSettings, Story
from detector.rules.line import OBSERVATIONS, PAST_M, BarrierView, CrossingDirection, Cut, LineWatch
from detector.scene import Scene
from detector.types import Phase, Reason, RuleKind, Severity, Tracks, Transition


class BarrierCrossingSettings(BarrierRuleSettings):
    """Settings of ``barrier_crossing``.

    Attributes:
        direction: which crossings count, seen walking from the barrier's first to its last point.
        past_m: how far past the line an observation has to be, and half the undecided band.
        observations: how many of them in a row.
    """

    kind: Literal["barrier_crossing"] = "barrier_crossing"
    severity: Severity = Severity.ALERT
    direction: Literal["any"] | CrossingDirection = "any"
    past_m: float = Field(default=PAST_M, ge=0.0)
    observations: int = Field(default=OBSERVATIONS, ge=1)


class BarrierCrossing:
    """One NEW per crossing, already over: it has no UPDATE and no END."""

    kind = RuleKind.BARRIER_CROSSING

    def __init__(self, name: str, settings: BarrierCrossingSettings, scene: Scene) -> None:
        self.name = name
        self._settings = settings
        self._barrier = scene.barriers[settings.barrier]
        self._estimated = scene.estimated
        self._view = BarrierView(scene, self._barrier)
        self._watch = LineWatch(self._barrier, settings.past_m, settings.observations)
        self._story = Story(name, self.kind, settings.barrier, settings.severity)

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture."""
        cuts = self._watch.update(self._view.update(tracks), tracks.gone)
        return tuple(
            self._tell(cut)
            for cut in cuts.values()
            if self._settings.direction in ("any", cut.direction)
        )

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:  # noqa: ARG002
        """Forget all tracks; nothing is ever open."""
        self._view.clear()
        self._watch.clear()
        return ()

    def _tell(self, cut: Cut) -> Transition:
        place = cut.place
        side_from, side_to = map(self._barrier.side_name, (cut.side_from, cut.side_to))
        episode = self._story.begin(cut.at, place.sighting)
        return episode.tell(
            Phase.NEW,
            place.sighting.at,
            until_s=cut.at,
            distance_m=place.distance_m,
            estimated=self._estimated,
            direction=cut.direction,
            side_from=side_from,
            side_to=side_to,
            outcome="crossed",
            escalates=True,
            reasons=(
                Reason("side of the line", side_to, side_from),
                Reason("past the line, m", place.distance_m, self._settings.past_m),
                Reason("observations past the line", cut.observations, self._settings.observations),
            ),
        )
