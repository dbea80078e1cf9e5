"""A ladder was left: nobody has been near it for a while."""

from dataclasses import dataclass
from math import hypot
from typing import Literal

import numpy as np
from pydantic import Field

from detector.rules.base import Episode, Sighting, Story
from detector.rules.ladders import LadderRuleSettings, Spot, find_spot, middle, view_ladders
from detector.scene import Scene
from detector.types import Phase, Reason, RuleKind, Severity, Tracks, Transition, Xy


class LadderLeftSettings(LadderRuleSettings):
    """Settings of ``ladder_left``.

    Attributes:
        alone_m: nobody is nearer than this.
        alone_s: for how long.
        moved_m: a ladder that moved so far did not lie there, and is picked up.
        gone_s: how long it has to be unseen until the episode ends.
    """

    kind: Literal["ladder_left"] = "ladder_left"
    severity: Severity = Severity.DETECTION
    alone_m: float = Field(default=3.0, gt=0.0)
    alone_s: float = Field(default=20.0, ge=0.0)
    moved_m: float = Field(default=1.0, gt=0.0)
    gone_s: float = Field(default=10.0, ge=0.0)


@dataclass(slots=True)
class _Lying(Spot):
    alone_since: float
    place: Xy
    episode: Episode | None = None


class LadderLeft:
    """One episode per ladder and place: NEW when it was left, END picked_up or gone."""

    kind = RuleKind.LADDER_LEFT

    def __init__(self, name: str, settings: LadderLeftSettings, scene: Scene) -> None:
        self.name = name
        self._settings = settings
        self._scene = scene
        self._story = Story(name, self.kind, settings.zone, settings.severity)
        self._lying: list[_Lying] = []

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture."""
        view = view_ladders(tracks, self._scene, self._settings.zone)
        told = []
        for index, ladder in enumerate(view.ladders):
            nearest_m = float(view.feet_apart_m[index].min(initial=np.inf))
            told.append(self._see(ladder, nearest_m, float(view.scale[index])))
        told += [self._expire(lying, tracks.at) for lying in list(self._lying)]
        return tuple(transition for transition in told if transition is not None)

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:
        """End every open episode."""
        told = [self._end(lying, at, reason) for lying in self._lying]
        self._lying.clear()
        return tuple(transition for transition in told if transition is not None)

    def _see(self, ladder: Sighting, nearest_m: float, scale: float) -> Transition | None:
        settings, here = self._settings, middle(ladder.xyxy)
        lying = find_spot(self._lying, ladder)
        if lying is None:
            lying = _Lying(ladder, ladder.at, here)
            self._lying.append(lying)
        lying.last = ladder
        moved_m = hypot(here[0] - lying.place[0], here[1] - lying.place[1]) / scale
        if moved_m > settings.moved_m:
            lying.place, lying.alone_since = here, ladder.at
        if lying.episode is not None:
            lying.episode.last = ladder
            if moved_m <= settings.moved_m:
                return None
            reason = Reason("moved, m", moved_m, settings.moved_m)
            return self._end(lying, ladder.at, "picked_up", reason)
        if nearest_m < settings.alone_m:
            lying.alone_since = ladder.at
        return self._leave(lying, ladder, nearest_m)

    def _leave(self, lying: _Lying, ladder: Sighting, nearest_m: float) -> Transition | None:
        alone_s = ladder.at - lying.alone_since
        if alone_s < self._settings.alone_s:
            return None
        lying.episode = self._story.begin(lying.alone_since, ladder)
        nearest: float | str = "nobody in view" if np.isinf(nearest_m) else nearest_m
        return lying.episode.tell(
            Phase.NEW,
            ladder.at,
            estimated=self._scene.estimated,
            count=0,
            reasons=(
                Reason("ladder alone, s", alone_s, self._settings.alone_s),
                Reason("nearest person, m", nearest, self._settings.alone_m),
            ),
        )

    def _expire(self, lying: _Lying, at: float) -> Transition | None:
        unseen_s = at - lying.last.at
        if unseen_s < self._settings.gone_s:
            return None
        self._lying.remove(lying)
        return self._end(lying, at, "gone", Reason("unseen, s", unseen_s, self._settings.gone_s))

    def _end(self, lying: _Lying, at: float, outcome: str, *reasons: Reason) -> Transition | None:
        episode, lying.episode = lying.episode, None
        if episode is None:
            return None
        return episode.tell(
            Phase.END,
            at,
            until_s=lying.last.at,
            estimated=self._scene.estimated,
            count=0,
            outcome=outcome,
            reasons=reasons,
        )
