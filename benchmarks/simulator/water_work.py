"""Being in the river: wading in, swimming, treading water, getting out over the bank."""

from dataclasses import dataclass

import numpy as np

from benchmarks.simulator import postures
from benchmarks.simulator.bodies import Body
from benchmarks.simulator.pose import Array, Hand, Stance, vec
from benchmarks.simulator.postures import Place
from benchmarks.simulator.timeline import Moment, smooth, turned
from benchmarks.simulator.waterside import RiverSpec

WADE_M = 1.4  # from the edge to where the water carries
_WADE_DEEP_M = 0.95
_STROKE_M = 1.3  # covered by a stroke of each arm
_OUT_M = 0.9  # beyond the edge where who got out stands
_BANK_REACH_M = 3.0
_BANK_DEEP_M = 0.50
_TURN_S = 1.2
_CRAWLED, _UP = 0.55, 0.65  # shares of getting out: on all fours until, crouching until


def swim(body: Body, place: Place, cycle: float) -> Stance:
    """Swims with the head up, arms reaching forward in turn; `place` is under the head."""
    phase = 2 * np.pi * cycle
    shoulder = float(body.joint("upperarm.L")[2] - body.joint("hips")[2])
    pitch = 1.15
    hips = vec(-shoulder * np.sin(pitch), 0.0, -0.02 - shoulder * np.cos(pitch))
    hips[2] += 0.02 * np.sin(2 * phase)
    hands, feet = [], []
    for sign, offset in ((1.0, 0.0), (-1.0, np.pi)):
        a = phase + offset
        lift = 0.26 if np.sin(a) > 0 else 0.40  # over the water forwards, under it back
        reach = place.world(0.10 + 0.48 * np.cos(a), sign * 0.24, 0.02 + lift * np.sin(a))
        hands.append(Hand(reach, pole=place.world(0.0, sign, 0.8) - place.at, grip=0.1))
        kick = 0.12 * np.sin(3 * phase + offset)
        feet.append(place.world(hips[0] - 0.80, sign * 0.10, hips[2] - 0.25 + kick))
    return Stance(
        hips=place.world(*hips),
        yaw=place.yaw,
        pitch=pitch,
        roll=0.22 * float(np.sin(phase)),
        neck=-1.0,
        look=0.2 * float(np.sin(phase)),
        feet=(feet[0], feet[1]),
        foot_pitch=(1.2, 1.2),
        hands=(hands[0], hands[1]),
    )


def tread(body: Body, place: Place, t_s: float, seed: int = 0) -> Stance:
    """Keeps the head above the water on the spot."""
    phase = 2 * np.pi * 0.7 * t_s + seed
    shoulder = float(body.joint("upperarm.L")[2] - body.joint("hips")[2])
    hips = vec(-0.05, 0.0, -shoulder - 0.02 + 0.03 * np.sin(phase))
    hands = [
        Hand(place.world(0.32 + 0.08 * np.cos(phase), s * (0.42 + 0.1 * np.sin(phase)), 0.0))
        for s in (1.0, -1.0)
    ]
    feet = [place.world(0.1 * s * np.sin(phase), s * 0.15, hips[2] - 0.75) for s in (1.0, -1.0)]
    return Stance(
        hips=place.world(*hips),
        yaw=place.yaw,
        pitch=0.15,
        neck=-0.2,
        look=0.6 * float(np.sin(0.4 * t_s + seed)),
        feet=(feet[0], feet[1]),
        hands=(hands[0], hands[1]),
    )


@dataclass(frozen=True)
class Swimming:
    """Swims from a place along a way; who comes from land (`enters`) wades first."""

    body: Body
    river: RiverSpec
    start: Place
    way: Array
    speed_mps: float
    enters: bool

    @property
    def length_s(self) -> float:
        """How long it takes."""
        return float(np.linalg.norm(self.way)) / self.speed_mps

    @property
    def heading(self) -> float:
        """Where it leads, radians."""
        return float(np.arctan2(self.way[1], self.way[0]))

    def __call__(self, t_s: float) -> Moment:
        """The moment `t_s` seconds after it began."""
        share = min(t_s / self.length_s, 1.0)
        at, gone = self.start.at + self.way * share, self.speed_mps * t_s
        ground = (float(at[0]), float(at[1]))
        yaw = turned(self.start.yaw, self.heading, smooth(t_s / _TURN_S))
        inside = self.river.inside_m(ground[1])
        if self.enters and inside < WADE_M and share < 0.5:
            deep = _WADE_DEEP_M * float(np.clip(inside / WADE_M, 0, 1))
            place = Place(at - vec(0, 0, deep), yaw)
            stride = postures.stride_m(self.body, self.speed_mps)
            stance = postures.gait(self.body, place, gone / stride, self.speed_mps, low=0.3)
            return Moment(stance, "wade", ground)
        return Moment(swim(self.body, Place(at, yaw), gone / _STROKE_M), "swim", ground)


@dataclass(frozen=True)
class GettingOut:
    """Crawls from the water over the river's nearer edge and stands up on land."""

    body: Body
    river: RiverSpec
    start: Place
    length_s: float

    @property
    def reachable(self) -> bool:
        """Whether the edge is near enough."""
        return 0 <= self.river.inside_m(float(self.start.at[1])) <= _BANK_REACH_M

    @property
    def lands(self) -> Place:
        """Where and how it stands afterwards."""
        x, y = float(self.start.at[0]), float(self.start.at[1])
        up = abs(y - self.river.y1_m) <= abs(y - self.river.y0_m)
        edge = self.river.y1_m + _OUT_M if up else self.river.y0_m - _OUT_M
        return Place(vec(x, edge, 0.0), float(np.pi / 2 if up else -np.pi / 2))

    def __call__(self, t_s: float) -> Moment:
        """The moment `t_s` seconds after it began."""
        share, lands = t_s / self.length_s, self.lands
        mix = smooth(share / _CRAWLED)
        at = self.start.at * (1 - mix) + lands.at * mix
        ground = (float(at[0]), float(at[1]))
        if share < _CRAWLED:
            out = float(np.clip((self.river.inside_m(ground[1]) + 0.3) / 0.9, 0, 1))
            place = Place(at - vec(0, 0, _BANK_DEEP_M * smooth(out)), lands.yaw)
            gone = float(np.linalg.norm(at - self.start.at))
            return Moment(postures.crawl(self.body, place, gone / 0.7), "bank", ground)
        if share < _UP:
            return Moment(postures.crouch(self.body, lands, t_s), "bank", ground)
        rising = smooth((share - _UP) / (1 - _UP))
        stance = postures.gait(self.body, lands, 0.0, 0.2, low=1.0 - rising)
        return Moment(stance, "bank", ground)
