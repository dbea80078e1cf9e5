"""Working with a ladder over time: carrying, raising, laying down, climbing, going over the top."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.simulator import ladder_postures, postures
from benchmarks.simulator.bodies import Body
from benchmarks.simulator.ladder_postures import Rails
from benchmarks.simulator.ladders import Ladder
from benchmarks.simulator.pose import Array, turn, unit, vec
from benchmarks.simulator.postures import Place
from benchmarks.simulator.timeline import LadderPose, Moment, smooth

_TIPPING = 0.28  # share of the raising in which the front end goes down
_GRIP_M, _CHEST_M = 1.55, 1.35
_BEFORE_M = 0.42  # from the ladder's foot to who holds it
_GRAVITY = 9.81
_STRADDLE_S, _HANG_S, _LAND_S = 2.4, 1.0, 1.0
_SOLE_UNDER_TOP_M = 0.4


@dataclass(frozen=True)
class Load:
    """A ladder in somebody's hands: on the shoulder or low at the arm.

    `ahead` is the share of it before the hands: less than half where another holds the rear.
    """

    name: str
    ladder: Ladder
    how: str
    ahead: float = 0.5

    def carried(self, body: Body, moment: Moment) -> Moment:
        """The same moment with the ladder carried on the right."""
        low = self.how == "low"
        load = ladder_postures.carry_low if low else ladder_postures.carry_shoulder
        stance, grip = load(body, moment.stance, -1.0)
        level = turn(stance.yaw)
        ahead = level @ vec(1.0, 0.0, 0.0)
        below = self.ladder.width_m * (0.45 if low else 0.18)
        middle = grip - vec(0, 0, below) - level @ vec(0, 0.03, 0)
        front = middle + ahead * self.ladder.length_m * self.ahead
        pose = LadderPose(front, -ahead, vec(0, 0, 1.0), "carried")
        state = "carry" if moment.state in ("walk", "run", "stand") else moment.state
        return replace(moment, stance=stance, state=state, ladder=self.name, ladder_pose=pose)


def leaning_foot(ladder: Ladder, lean_rad: float, barrier_m: float, x: float, side: float) -> Array:
    """Where a ladder's foot stands so that it rests on a barrier of a height; side +1 is y > 0."""
    rise = min(ladder.length_m * np.sin(lean_rad), barrier_m)
    return vec(x, side * (rise / np.tan(lean_rad) + 0.08), 0.0)


@dataclass(frozen=True)
class Raising:
    """Tips a carried ladder down at its front end, walks it up and lets it lean."""

    body: Body
    load: Load
    carried: LadderPose
    foot: Array
    lean_rad: float
    side: float
    start: Place
    length_s: float

    def __call__(self, t_s: float) -> Moment:
        """The moment `t_s` seconds after it began."""
        share = t_s / self.length_s
        length = self.load.ladder.length_m
        if share < _TIPPING:
            pose, reach, where = self._tipped(smooth(share / _TIPPING)), length * 0.5, self.start.at
        else:
            pose, reach, where = self._walked_up(smooth((share - _TIPPING) / (1 - _TIPPING)))
        grip = pose.foot + pose.along * reach
        half = self.load.ladder.width_m / 2 * pose.across * -self.side
        place = Place(where, self.start.yaw)
        stance = postures.stand(self.body, place)
        if _TIPPING < share < 0.93:
            stance = postures.gait(self.body, place, abs(where[1] - self.start.at[1]) / 0.9, 0.5)
        stance = ladder_postures.hold(self.body, stance, grip - half, grip + half)
        state = "tip" if share < _TIPPING else "raise"
        return Moment(stance, state, (float(where[0]), float(where[1])), 0.0, self.load.name, pose)

    @property
    def end(self) -> LadderPose:
        """How the ladder is left."""
        return LadderPose(self.foot, self._direction(np.pi - self.lean_rad), _ACROSS, "leaning")

    def _direction(self, angle: float) -> Array:
        return vec(0, self.side * np.cos(angle), np.sin(angle))

    @property
    def _low(self) -> float:
        return float(np.arcsin(min(_CHEST_M / (0.5 * self.load.ladder.length_m), 0.9)))

    def _tipped(self, mix: float) -> LadderPose:
        foot = self.carried.foot * (1 - mix) + self.foot * mix
        along = unit(self.carried.along * (1 - mix) + self._direction(self._low) * mix)
        return LadderPose(
            foot, along, unit(self.carried.across * (1 - mix) + _ACROSS * mix), "tipped"
        )

    def _walked_up(self, mix: float) -> tuple[LadderPose, float, Array]:
        angle = self._low + (np.pi - self.lean_rad - self._low) * mix
        along = self._direction(angle)
        pose = LadderPose(self.foot, along, _ACROSS, "raised" if mix < 0.97 else "leaning")
        reach = min(_GRIP_M / max(np.sin(angle), 0.25), 0.5 * self.load.ladder.length_m)
        y = self.foot[1] + along[1] * reach + self.side * _BEFORE_M * smooth(mix * 1.3)
        return pose, float(reach), vec(self.foot[0], y, 0.0)


_ACROSS = vec(1.0, 0.0, 0.0)


@dataclass(frozen=True)
class Laying:
    """Lays a carried ladder flat on the ground beside the way."""

    body: Body
    load: Load
    carried: LadderPose
    place: Place
    length_s: float

    @property
    def end(self) -> LadderPose:
        """How the ladder is left."""
        side = turn(self.place.yaw) @ vec(0, -1.0, 0)
        foot = vec(self.carried.foot[0], self.carried.foot[1], 0.06) + side * 0.35
        return LadderPose(foot, self.carried.along, side, "lying")

    def __call__(self, t_s: float) -> Moment:
        """The moment `t_s` seconds after it began."""
        mix = smooth(t_s / self.length_s)
        foot = self.carried.foot * (1 - mix) + self.end.foot * mix
        across = unit(self.carried.across * (1 - mix) + self.end.across * mix)
        pose = LadderPose(foot, self.end.along, across, "lying")
        low = 0.25 < mix < 0.95
        stance = (postures.crouch if low else postures.stand)(self.body, self.place)
        at = (float(self.place.at[0]), float(self.place.at[1]))
        return Moment(stance, "lay", at, 0.0, self.load.name, pose)


@dataclass(frozen=True)
class Climbing:
    """Climbs a leaning ladder between its foot and `top_m` along the rails, up or down."""

    body: Body
    rails: Rails
    top_m: float
    speed_mps: float
    down: bool

    @property
    def length_s(self) -> float:
        """How long it takes."""
        return self.top_m / self.speed_mps

    def __call__(self, t_s: float) -> Moment:
        """The moment `t_s` seconds after it began."""
        gone = float(np.clip(self.speed_mps * t_s, 0.0, self.top_m))
        height = self.top_m - gone if self.down else gone
        stance = ladder_postures.climb(self.body, self.rails, height)
        sole = float((self.rails.foot + self.rails.up * height)[2])
        return Moment(stance, "climb", (float(stance.hips[0]), float(stance.hips[1])), sole)


@dataclass(frozen=True)
class GoingOver:
    """Straddles the barrier's top at x, hangs from it, drops and gets up on the other side."""

    body: Body
    x_m: float
    height_m: float
    side: float

    @property
    def length_s(self) -> float:
        """How long it takes."""
        return _STRADDLE_S + _HANG_S + self._drop_s + _LAND_S

    @property
    def lands(self) -> Place:
        """Where and how it stands afterwards."""
        return Place(vec(self.x_m, -self.side * 0.55, 0.0), self._yaw)

    @property
    def _yaw(self) -> float:
        return -self.side * np.pi / 2

    @property
    def _hip(self) -> float:
        return float(self.body.joint("hips")[2])

    @property
    def _fall_m(self) -> float:
        return max(self.height_m - 1.05 - self._hip * 0.95, 0.1)

    @property
    def _drop_s(self) -> float:
        return float(np.sqrt(2 * self._fall_m / _GRAVITY))

    def __call__(self, t_s: float) -> Moment:
        """The moment `t_s` seconds after it began."""
        if t_s < _STRADDLE_S:
            top = vec(self.x_m, 0.0, self.height_m)
            stance = ladder_postures.straddle(top, self._yaw, smooth(t_s / _STRADDLE_S))
            at = (self.x_m, float(stance.hips[1]))
            return Moment(stance, "over", at, self.height_m - _SOLE_UNDER_TOP_M)
        hanging = t_s - _STRADDLE_S - _HANG_S
        if hanging < self._drop_s:
            fallen = min(0.5 * _GRAVITY * max(hanging, 0.0) ** 2, self._fall_m)
            top = vec(self.x_m, -self.side * 0.30, self.height_m)
            stance = ladder_postures.hang(self.body, top, self._yaw + np.pi, fallen)
            sole = max(float(stance.hips[2]) - self._hip, 0.0)
            return Moment(stance, "drop", (self.x_m, float(top[1])), sole)
        rising = smooth((hanging - self._drop_s) / _LAND_S * 1.4 - 0.4)
        stance = postures.gait(self.body, self.lands, 0.0, 0.2, low=1.0 - rising)
        return Moment(stance, "land", (self.x_m, float(self.lands.at[1])))
