"""Somebody climbs a barrier: feet leave the ground at its foot, or the head comes over its top.

One picture cannot tell a climber from a walker behind a see-through fence: both have their feet
above the foot line. They differ in size: who walks away shrinks, who climbs keeps the height. So a
climb begins with somebody who was at the barrier, rose, and did not shrink as the ground would make
him. Who comes into view on the face of a solid wall is on it, too.
"""

from itertools import chain
from statistics import median
from typing import Literal

import numpy as np
from pydantic import Field

from detector.rules.base import BarrierRuleSettings, Episode, Story
from detector.rules.climber import Climber, Stance
from detector.rules.line import BarrierView, LineWatch, Place
from detector.scene import Scene
from detector.types import Direction, Phase, Reason, RuleKind, Severity, TrackId, Tracks, Transition

_RISING_M = 0.1  # moving up is so much in a second
_OBSERVATIONS = 3
_LANDED_M, _LANDED_S = 0.5, 1.0  # feet that low behind the line for so long stand there
_AS_LOW_M = 0.3  # stances that near to the lowest one give the height on the ground
_ON_WALL_M = 0.5  # feet that far from the foot and the top of a solid wall are on it
_SHRUNK = 0.8  # of the height at the foot of the barrier: sunk behind it or walked away
_CROUCHED = 0.8  # of a standing person's height
_STRICTEST = 0.95  # heights in pixels are not more certain than that


class ClimbingSettings(BarrierRuleSettings):
    """Settings of ``climbing``.

    Attributes:
        rise_m: how far the feet are above the ground at the barrier: its foot line, or where they
            stood behind that.
        above_foot_m: the same where the head is above the top line of a barrier higher than a man.
        above_top_m: how far it has to be above that line.
        height_kept: share of the height at the foot of the barrier that a climber keeps; where the
            calibration says how much a walker would shrink, the middle between that and 1.
        tell_crossing: tell a ``barrier_crossing``, too, when somebody gets over and is not seen
            again on the ground, as behind a wall; ``barrier_crossing`` itself sees all others.
    """

    kind: Literal["climbing"] = "climbing"
    severity: Severity = Severity.ALERT
    rise_m: float = Field(default=0.8, gt=0.0)
    above_foot_m: float = Field(default=0.3, ge=0.0)
    above_top_m: float = Field(default=0.1, ge=0.0)
    height_kept: float = Field(default=0.9, gt=0.0, le=1.0)
    tell_crossing: bool = True


class Climbing:
    """One episode per climb: NEW, UPDATE on the top, then over, down_same_side or lost.

    Who gets over and sinks behind the barrier has crossed it, and nobody else can tell.
    """

    kind = RuleKind.CLIMBING

    def __init__(self, name: str, settings: ClimbingSettings, scene: Scene) -> None:
        self.name = name
        self._settings = settings
        self._scene = scene
        self._barrier = scene.barriers[settings.barrier]
        self._view = BarrierView(scene, self._barrier)
        self._watch = LineWatch(self._barrier)
        self._story = Story(name, self.kind, settings.barrier, settings.severity)
        crossing = RuleKind.BARRIER_CROSSING
        self._crossings = Story(name, crossing, settings.barrier, settings.severity)
        self._climbers: dict[TrackId, Climber] = {}

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture."""
        places = self._view.update(tracks)
        self._watch.update(places, tracks.gone)
        for child, parent in self._watch.adopted.items():
            if parent in self._climbers:
                self._climbers[child] = self._climbers.pop(parent)
        told = [self._step(stance) for stance in self._stances(places)]
        told += [self._lose(track_id, tracks.at) for track_id in tracks.gone]
        return tuple(chain.from_iterable(told))

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:
        """End every open climb."""
        told = [self._end(climber, at, reason) for climber in self._climbers.values()]
        self._climbers.clear()
        self._view.clear()
        self._watch.clear()
        return tuple(chain.from_iterable(told))

    def _stances(self, places: list[Place]) -> list[Stance]:
        if not places:
            return []
        boxes = np.array([place.sighting.xyxy for place in places])
        scale = np.array([place.scale for place in places])
        feet = np.array([place.sighting.foot for place in places])
        heads = np.stack([feet[:, 0], boxes[:, 1]], axis=1)
        barrier = self._barrier
        whole = np.abs(feet[:, 1] - boxes[:, 3]) < 1  # no legs that are only supposed
        on_wall = barrier.on_face(feet) & whole & (not barrier.settings.see_through)
        rows = zip(
            places,
            (barrier.above_foot(feet) / scale).tolist(),
            (barrier.above_top(heads) / scale).tolist(),
            (barrier.above_top((feet + heads) / 2) / scale).tolist(),
            ((barrier.above_foot(feet) - barrier.above_top(feet)) / scale).tolist(),
            np.where(on_wall, -barrier.above_top(feet) / scale, np.nan).tolist(),
            (boxes[:, 3] - boxes[:, 1]).tolist(),
            self._scene.expected_height_px(feet).tolist(),
            strict=True,
        )
        return [Stance(*row) for row in rows]

    def _step(self, now: Stance) -> tuple[Transition, ...]:
        climber = self._climbers.setdefault(now.place.sighting.track_id, Climber())
        climber.add(now, self._barrier.settings.strip_m)
        if climber.episode is None:
            reasons = self._signs(climber, now)
            climber.votes = climber.votes + 1 if reasons else 0
            begins = climber.votes >= _OBSERVATIONS
            return (self._begin(climber, now, reasons),) if begins else ()
        climber.episode.last = now.place.sighting
        return self._follow(climber, now)

    def _signs(self, climber: Climber, now: Stance) -> tuple[Reason, ...]:
        """Say why this looks like a climb; nothing where it does not."""
        base = min(climber.ground, key=lambda stance: stance.feet_m, default=None)
        if base is None:
            on_wall = now.wall_m >= _ON_WALL_M and now.feet_m >= _ON_WALL_M
            if climber.was_below or not on_wall:
                return ()
            return (Reason("feet on the wall, m above its foot", now.feet_m, _ON_WALL_M),)
        kept, limit = self._height_kept(climber, base, now)
        if kept < limit:
            return ()
        settings, size = self._settings, Reason("height kept, share", kept, limit)
        rise_m = now.feet_m - max(base.feet_m, 0.0)
        rising_m = now.feet_m - climber.recent[0].feet_m
        if rise_m >= settings.rise_m and rising_m >= _RISING_M:
            return (Reason("feet off the ground, m", rise_m, settings.rise_m), size)
        if (
            now.head_m >= settings.above_top_m
            and now.barrier_m >= self._scene.ground.person_height_m
            and rise_m >= settings.above_foot_m
            and not climber.started_behind
        ):
            return (
                Reason("head above the top line, m", now.head_m, settings.above_top_m),
                Reason("feet off the ground, m", rise_m, settings.above_foot_m),
                size,
            )
        return ()

    def _height_kept(self, climber: Climber, base: Stance, now: Stance) -> tuple[float, float]:
        """Give the share of the height that was kept, and how much a climber keeps at least."""
        low = [s for s in climber.ground if s.feet_m <= base.feet_m + _AS_LOW_M]
        shrunk = now.expected_px / base.expected_px
        known = not np.isnan(shrunk)
        if known:  # who crouched and stands up has not kept a height
            low = [s for s in low if s.height_px >= _CROUCHED * s.expected_px]
            if not low:  # how tall somebody stands is not known: be sure
                return climber.height_px / base.expected_px, 1.0
        before = median(s.height_px for s in low)
        limit = (1 + shrunk) / 2 if known else self._settings.height_kept
        return climber.height_px / before, min(limit, _STRICTEST)

    def _begin(self, climber: Climber, now: Stance, reasons: tuple[Reason, ...]) -> Transition:
        sighting, ground = now.place.sighting, list(climber.ground)
        if ground:
            climber.base = min(ground, key=lambda stance: stance.feet_m)
            climber.from_behind = climber.started_behind
            climber.side = next((s.place.side for s in ground if s.place.side), 0)
        since_s = climber.recent[0].place.sighting.at
        climber.episode = self._story.begin(since_s, sighting)
        return climber.episode.tell(
            Phase.NEW,
            sighting.at,
            side_from=self._side_from(climber),
            estimated=self._scene.estimated,
            escalates=True,
            reasons=reasons,
        )

    def _follow(self, climber: Climber, now: Stance) -> tuple[Transition, ...]:
        """Tell the top once, and how it ended."""
        outcome = self._outcome(climber, now)
        if outcome:
            seen = climber.from_behind or climber.landed_s is not None
            sunk = outcome == "over" and not seen
            return self._end(climber, now.place.sighting.at, outcome, sunk=sunk)
        if climber.on_top or climber.episode is None or not now.middle_m >= 0:
            return ()
        climber.on_top = True
        top = climber.episode.tell(
            Phase.UPDATE,
            now.place.sighting.at,
            side_from=self._side_from(climber),
            estimated=self._scene.estimated,
            escalates=True,
            reasons=(Reason("middle of the box above the top line, m", now.middle_m, 0.0),),
        )
        return (top,)

    def _outcome(self, climber: Climber, now: Stance) -> str:
        """Say how the climb ended, "" while it lasts."""
        climber.in_front = climber.in_front + 1 if now.feet_m < 0 else 0
        if climber.in_front >= _OBSERVATIONS:
            return "over" if climber.from_behind else "down_same_side"
        landed = self._has_landed(climber, now)
        if climber.from_behind:
            return "down_same_side" if landed else ""
        was_up = climber.on_top or not len(self._barrier.top)
        return "over" if was_up and (landed or self._has_sunk(climber, now)) else ""

    def _has_landed(self, climber: Climber, now: Stance) -> bool:
        """Tell whether the feet have been near the ground behind the barrier for a while."""
        at, base = now.place.sighting.at, climber.base
        ground_m = base.feet_m if base is not None and climber.from_behind else 0.0
        if not 0 <= now.feet_m <= ground_m + _LANDED_M:
            climber.landed_s = None
        elif climber.landed_s is None:
            climber.landed_s = at
        return climber.landed_s is not None and at - climber.landed_s >= _LANDED_S

    def _has_sunk(self, climber: Climber, now: Stance) -> bool:
        """Tell whether somebody who came from the front got smaller away from the barrier."""
        base = climber.base
        small = base is not None and climber.height_px < _SHRUNK * base.height_px
        near = now.place.distance_m <= self._barrier.settings.strip_m
        climber.shrunk = climber.shrunk + 1 if small and not near else 0
        return climber.shrunk >= _OBSERVATIONS

    def _lose(self, track_id: TrackId, at: float) -> tuple[Transition, ...]:
        """End the climb of a track that is gone: behind the wall, where it had been on its top."""
        climber = self._climbers.pop(track_id, None)
        if climber is None:
            return ()
        over = climber.on_top and not climber.from_behind  # sank behind the barrier
        return self._end(climber, at, "over" if over else "lost", sunk=over)

    def _end(
        self, climber: Climber, at: float, outcome: str, *, sunk: bool = False
    ) -> tuple[Transition, ...]:
        """End a climb; ``sunk`` behind the barrier, who got over is not seen on the ground."""
        episode = climber.episode
        if episode is None:
            return ()
        climber.episode, climber.votes, climber.on_top, climber.landed_s = None, 0, False, None
        climber.in_front = climber.shrunk = 0
        climber.ground.clear()
        ended = episode.tell(
            Phase.END,
            at,
            until_s=episode.last.at,
            outcome=outcome,
            side_from=self._side_from(climber),
            side_to=self._side_to(climber) if outcome == "over" else "",
            estimated=self._scene.estimated,
            escalates=outcome == "over",
        )
        if not (sunk and self._settings.tell_crossing):
            return (ended,)
        return (ended, self._crossed(climber, episode, at))

    def _crossed(self, climber: Climber, climb: Episode, at: float) -> Transition:
        """Tell the crossing of somebody who sank behind the barrier."""
        directions: dict[int, Direction] = {1: "left_to_right", -1: "right_to_left"}
        return self._crossings.begin(climb.since_s, climb.last).tell(
            Phase.NEW,
            at,
            until_s=climb.last.at,
            direction=directions.get(climber.side, ""),
            side_from=self._side_from(climber),
            side_to=self._side_to(climber),
            estimated=self._scene.estimated,
            outcome="crossed",
            escalates=True,
            reasons=(Reason("climbed to the top and sank behind", "over", "over"),),
        )

    def _side_to(self, climber: Climber) -> str:
        """Name the side behind the barrier, "" where nobody saw where the climb began."""
        return self._barrier.side_name(-climber.side)

    def _side_from(self, climber: Climber) -> str:
        """Name the side the climb began on, "" where nobody saw it begin."""
        return self._barrier.side_name(climber.side)
