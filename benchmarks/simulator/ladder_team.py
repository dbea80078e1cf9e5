"""Carrying a ladder as two: somebody behind, at the rear end of a ladder that another carries."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.simulator import ladder_postures, postures
from benchmarks.simulator.bodies import Body
from benchmarks.simulator.ladders import Ladder
from benchmarks.simulator.pose import Array, Hand, turn, vec
from benchmarks.simulator.postures import Place, hip_m
from benchmarks.simulator.timeline import LadderPose, Moment, Timeline, smooth

_FROM_END_M = 0.45  # where along the ladder the hand is
_BESIDE_M = 0.28  # the ladder is this far to the right of the hips
_SHOULDER_M = 0.20
_FIRST_REACH_M, _JOIN_S = 2.5, 1.0
_STEP_S = 0.1
_STANDS_MPS = 0.12


class NotCarriedError(ValueError):
    """Nobody carries the ladder then, or its rear end is out of reach; says what was found."""


@dataclass(frozen=True)
class Rear:
    """The rear end of a ladder that the actors of earlier timelines carry."""

    name: str
    ladder: Ladder
    others: tuple[Timeline, ...]

    def pose(self, t_s: float) -> LadderPose | None:
        """How the ladder is carried at a time, None while it is not."""
        for other in self.others:
            moment = other.at(t_s)
            if moment is None or moment.ladder != self.name or moment.ladder_pose is None:
                continue
            if moment.ladder_pose.state == "carried":
                return moment.ladder_pose
        return None

    def grip(self, pose: LadderPose) -> Array:
        """Where the hand holds it."""
        along = self.ladder.length_m - _FROM_END_M
        return pose.foot + pose.along * along + vec(0, 0, self.ladder.width_m * 0.45)


class HelpingCarry:
    """Walks at the rear end from `begin_s` on, `for_s` long or until the ladder is not carried."""

    def __init__(self, body: Body, rear: Rear, start: Place, begin_s: float, for_s: float) -> None:
        self._body, self._rear, self._start, self._begin_s = body, rear, start, begin_s
        spots = []
        for t_s in np.arange(0.0, for_s + _STEP_S / 2, _STEP_S):
            pose = rear.pose(begin_s + float(t_s))
            if pose is None:
                break
            spots.append(self._spot(pose))
        if len(spots) < 2:
            raise NotCarriedError(
                f"expected an actor earlier in the file to carry ladder {rear.name!r} "
                f"at {begin_s:.1f} s, found that nobody does"
            )
        away = float(np.linalg.norm(spots[0].at - start.at))
        if away > _FIRST_REACH_M:
            x, y = spots[0].at[:2]
            raise NotCarriedError(
                f"expected to stand within {_FIRST_REACH_M} m of the rear end of ladder "
                f"{rear.name!r}, at {begin_s:.1f} s at [{x:.1f}, {y:.1f}], found {away:.1f} m"
            )
        self.length_s = (len(spots) - 1) * _STEP_S
        self._at = np.array([s.at for s in spots])
        legs = np.linalg.norm(np.diff(self._at, axis=0), axis=1)
        self._gone = np.concatenate([[0.0], np.cumsum(legs)])

    @property
    def lets_go(self) -> Place:
        """Where it stands when it lets go."""
        pose = self._rear.pose(self._begin_s + self.length_s - 1e-3)
        return self._start if pose is None else self._spot(pose)

    def _high(self, pose: LadderPose) -> bool:
        return float(pose.foot[2]) > hip_m(self._body) * 1.2

    def _spot(self, pose: LadderPose) -> Place:
        """The ground beside the grip, heading along the ladder."""
        yaw = float(np.arctan2(-pose.along[1], -pose.along[0]))
        beside = _SHOULDER_M if self._high(pose) else _BESIDE_M
        at = self._rear.grip(pose) + turn(yaw) @ vec(-0.04, beside, 0.0)
        return Place(vec(at[0], at[1], 0.0), yaw)

    def __call__(self, t_s: float) -> Moment:
        """The moment `t_s` seconds after it began."""
        t_s = min(t_s, self.length_s - 1e-3)
        pose = self._rear.pose(self._begin_s + t_s)
        if pose is None:
            raise NotCarriedError(f"ladder {self._rear.name!r} is not carried at {t_s:.2f} s")
        spot, joined = self._spot(pose), smooth(t_s / _JOIN_S)
        at = self._start.at * (1 - joined) + spot.at * joined
        index = t_s / _STEP_S
        gone = float(np.interp(index, np.arange(len(self._gone)), self._gone))
        ahead = float(np.interp(index + 5, np.arange(len(self._gone)), self._gone))
        speed = (ahead - gone) / (5 * _STEP_S)
        place = Place(at, spot.yaw)
        if speed < _STANDS_MPS:
            stance = postures.stand(self._body, place, t_s)
        else:
            cycle = gone / postures.stride_m(self._body, max(speed, 0.6))
            stance = postures.gait(self._body, place, cycle, speed)
        grip = self._rear.grip(pose)
        if self._high(pose):
            stance, _ = ladder_postures.carry_shoulder(self._body, stance, -1.0)
        else:
            stance, _ = ladder_postures.carry_low(self._body, stance, -1.0)
        stance = stance.with_hands(None, Hand(grip, grip=1.0))
        moment = Moment(stance, "carry", (float(at[0]), float(at[1])))
        return replace(moment, helps=self._rear.name)
