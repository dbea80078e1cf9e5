"""Scripts become timelines: who is in which posture where at every instant, and where the ladders are."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.simulator import postures
from benchmarks.simulator.bodies import Body
from benchmarks.simulator.ladders import Ladder
from benchmarks.simulator.pose import Array, Stance, turn, unit, vec
from benchmarks.simulator.postures import Place, Rails
from benchmarks.simulator.scene import (
    ActorSpec,
    ClimbStep,
    FenceStep,
    LayStep,
    MoveStep,
    OverStep,
    PutStep,
    Scene,
    SceneError,
    StayStep,
    TakeStep,
)

_SPEED_MPS = {"walk": 1.3, "run": 3.2, "creep": 0.8, "crawl": 0.45}
_TURN_S = 0.6
_STRADDLE_S, _HANG_S, _LAND_S = 2.4, 1.0, 1.0
_GRAVITY = 9.81


@dataclass(frozen=True)
class LadderPose:
    """A ladder's foot (3,), unit direction foot to top, unit across, and what is done with it."""

    foot: Array
    along: Array
    across: Array
    state: str


@dataclass(frozen=True)
class Moment:
    """An actor at an instant: posture, state word, soles' ground point and height, ladder in hand."""

    stance: Stance
    state: str
    ground: tuple[float, float]
    sole_m: float
    ladder: str | None = None
    ladder_pose: LadderPose | None = None


Sampler = Callable[[float], Moment]


@dataclass
class _Segment:
    start_s: float
    length_s: float
    sample: Sampler
    leaves: tuple[str, LadderPose] | None = None


@dataclass
class Timeline:
    """An actor's compiled script."""

    actor: ActorSpec
    segments: list[_Segment] = field(default_factory=list)

    def at(self, t_s: float) -> Moment | None:
        """The actor's moment at a time, None before it enters."""
        if t_s < self.actor.enters_s:
            return None
        for segment in self.segments:
            if t_s < segment.start_s + segment.length_s:
                return segment.sample(t_s - segment.start_s)
        last = self.segments[-1]
        return last.sample(last.length_s)

    def left_behind(self, t_s: float) -> list[tuple[float, str, LadderPose]]:
        """Ladders that the actor has put down by a time: since when, name, pose."""
        ended = [(s.start_s + s.length_s, s.leaves) for s in self.segments]
        return [(end, *leaves) for end, leaves in ended if leaves is not None and end <= t_s]


def smooth(x: float) -> float:
    """Smoothstep of x clipped to 0..1."""
    x = float(np.clip(x, 0.0, 1.0))
    return x * x * (3 - 2 * x)


def turned(a: float, b: float, share: float) -> float:
    """Angle between a and b by the shorter way."""
    delta = (b - a + np.pi) % (2 * np.pi) - np.pi
    return float(a + delta * share)


class Compiler:
    """Compiles one actor after the other; ladders put down by one are there for the next."""

    def __init__(self, scene: Scene, ladders: dict[str, Ladder]) -> None:
        self._scene, self._ladders = scene, ladders
        self._leaning: dict[str, LadderPose] = {}

    def compile(self, actor: ActorSpec, body: Body) -> Timeline:
        """Makes the timeline of an actor; raises `SceneError` on a script that cannot be played."""
        work = _Work(self._scene, self._ladders, self._leaning, actor, body)
        for number, step in enumerate(actor.script):
            try:
                work.add(step)
            except SceneError as error:
                raise SceneError(f"{self._scene.name}: actors.{actor.name}.script.{number}: {error}") from error
        return work.timeline


class _Work:
    def __init__(
        self, scene: Scene, ladders: dict[str, Ladder], leaning: dict[str, LadderPose], actor: ActorSpec, body: Body
    ) -> None:
        self._scene, self._ladders, self._leaning, self._body, self._actor = scene, ladders, leaning, body, actor
        self.timeline = Timeline(actor)
        self._now = actor.enters_s
        self._at = vec(actor.at[0], actor.at[1], 0.0)
        first = next((s.to for s in actor.script if isinstance(s, MoveStep)), (actor.at[0], 0.0))
        self._yaw = float(np.arctan2(first[1] - actor.at[1], first[0] - actor.at[0]))
        self._carry: tuple[str, str] | None = None
        self._cycle = actor.outfit * 0.37
        self._side = -1.0

    def add(self, step: object) -> None:
        """Appends a step."""
        if isinstance(step, MoveStep):
            self._move(step)
        elif isinstance(step, StayStep):
            self._stay(step)
        elif isinstance(step, FenceStep):
            self._cut(step)
        elif isinstance(step, TakeStep):
            self._carry = (step.ladder, step.how)
        elif isinstance(step, PutStep):
            self._put(step)
        elif isinstance(step, LayStep):
            self._lay(step)
        elif isinstance(step, ClimbStep):
            self._climb(step)
        elif isinstance(step, OverStep):
            self._over()

    def _push(self, length_s: float, sample: Sampler, leaves: tuple[str, LadderPose] | None = None) -> None:
        self.timeline.segments.append(_Segment(self._now, length_s, sample, leaves))
        self._now += length_s

    def _moment(self, stance: Stance, state: str, at: Array, sole: float = 0.0) -> Moment:
        moment = Moment(stance, state, (float(at[0]), float(at[1])), sole)
        return moment if self._carry is None else self._loaded(moment, *self._carry)

    def _loaded(self, moment: Moment, name: str, how: str) -> Moment:
        ladder, stance = self._ladders[name], moment.stance
        load = postures.carry_low if how == "low" else postures.carry_shoulder
        stance, grip = load(self._body, stance, -1.0)
        ahead = turn(stance.yaw) @ vec(1.0, 0.0, 0.0)
        middle = grip - vec(0, 0, ladder.width_m * (0.45 if how == "low" else 0.18)) - turn(stance.yaw) @ vec(0, 0.03, 0)
        pose = LadderPose(middle + ahead * ladder.length_m * 0.5, -ahead, vec(0, 0, 1.0), "carried")
        return Moment(stance, "carry" if moment.state in ("walk", "run", "stand") else moment.state,
                      moment.ground, moment.sole_m, name, pose)  # fmt: skip

    def _turn_to(self, yaw: float) -> None:
        start, at = self._yaw, self._at
        if abs((yaw - start + np.pi) % (2 * np.pi) - np.pi) < 0.3:
            return
        carry = self._carry

        def sample(t: float) -> Moment:
            now = turned(start, yaw, smooth(t / _TURN_S))
            stance = postures.gait(self._body, Place(at, now), t / _TURN_S, 0.3)
            return self._with(carry, stance, "stand", at)

        self._push(_TURN_S, sample)
        self._yaw = yaw

    def _with(self, carry: tuple[str, str] | None, stance: Stance, state: str, at: Array, sole: float = 0.0) -> Moment:
        kept, self._carry = self._carry, carry
        moment = self._moment(stance, state, at, sole)
        self._carry = kept
        return moment

    def _move(self, step: MoveStep) -> None:
        goal = vec(step.to[0], step.to[1], 0.0)
        way = goal - self._at
        distance = float(np.linalg.norm(way))
        if distance < 0.05:
            return
        self._turn_to(float(np.arctan2(way[1], way[0])))
        speed = step.speed_mps or _SPEED_MPS[step.do]
        self._yaw = yaw = float(np.arctan2(way[1], way[0]))
        start, cycle, carry, body = self._at, self._cycle, self._carry, self._body
        stride = 0.7 if step.do == "crawl" else postures.stride_m(body, speed)

        def sample(t: float) -> Moment:
            gone = min(speed * t, distance)
            at = start + unit(way) * gone
            place = Place(at, yaw)
            if step.do == "crawl":
                stance = postures.crawl(body, place, cycle + gone / stride)
            else:
                low = 0.8 if step.do == "creep" else 0.0
                stance = postures.gait(body, place, cycle + gone / stride, speed, low=low)
            return self._with(carry, stance, step.do, at)

        self._push(distance / speed, sample)
        self._at, self._cycle = goal, cycle + distance / stride

    def _stay(self, step: StayStep) -> None:
        if step.face_deg is not None:
            self._turn_to(float(np.radians(step.face_deg)))
        place, carry, seed, body = Place(self._at, self._yaw), self._carry, self._actor.outfit, self._body

        def sample(t: float) -> Moment:
            makers: dict[str, Callable[[], Stance]] = {
                "stand": lambda: postures.stand(body, place, t, seed),
                "crouch": lambda: postures.crouch(body, place, t, seed),
                "sit": lambda: postures.sit(body, place, t, seed),
                "lie": lambda: postures.lie(body, place),
            }
            return self._with(carry, makers[step.do](), step.do, place.at)

        self._push(step.for_s, sample)

    def _facing_barrier(self) -> float:
        return -np.pi / 2 if self._at[1] > 0 else np.pi / 2

    def _cut(self, step: FenceStep) -> None:
        if abs(self._at[1]) > 1.5:
            raise SceneError(f"cut: expected within 1.5 m of the barrier, found {abs(self._at[1]):.1f} m")
        self._turn_to(self._facing_barrier())
        place, seed, body = Place(self._at, self._yaw), self._actor.outfit, self._body
        make = postures.work_standing if step.standing else postures.kneel
        self._push(step.for_s, lambda t: self._with(None, make(body, place, t, seed), "work", place.at))

    def _put(self, step: PutStep) -> None:
        if self._carry is None:
            raise SceneError("put: expected a ladder in hand, found none; `take` one before")
        name, _ = self._carry
        ladder = self._ladders[name]
        side = self._side = 1.0 if self._at[1] > 0 else -1.0
        lean = np.radians(step.lean_deg)
        rise = min(ladder.length_m * np.sin(lean), self._scene.world.barrier.height_m)
        foot = vec(self._at[0], side * (rise / np.tan(lean) + 0.08), 0.0)
        out, across = vec(0, side, 0), vec(1.0, 0, 0)
        self._move(MoveStep(do="walk", to=(float(foot[0]), float(foot[1] + side * ladder.length_m * 0.5))))
        self._turn_to(self._facing_barrier())
        begin = self._loaded(self._moment(postures.stand(self._body, Place(self._at, self._yaw)), "stand", self._at), *self._carry)
        carried = begin.ladder_pose
        if carried is None:
            raise SceneError("put: the ladder has no pose")
        yaw, body, start_at = self._yaw, self._body, self._at
        low = float(np.arcsin(min(1.35 / (0.5 * ladder.length_m), 0.9)))
        tip = 0.28

        def direction(angle: float) -> Array:
            return out * np.cos(angle) + vec(0, 0, 1.0) * np.sin(angle)

        def sample(t: float) -> Moment:
            share = t / step.for_s
            if share < tip:
                mix = smooth(share / tip)
                at_foot = carried.foot * (1 - mix) + foot * mix
                along = unit(carried.along * (1 - mix) + direction(low) * mix)
                over = unit(carried.across * (1 - mix) + across * mix)
                pose = LadderPose(at_foot, along, over, "tipped")
                reach, where, state = ladder.length_m * 0.5, start_at, "tip"
            else:
                mix = smooth((share - tip) / (1 - tip))
                angle = low + (np.pi - lean - low) * mix
                pose = LadderPose(foot, direction(angle), across, "raised" if mix < 0.97 else "leaning")
                reach = min(1.55 / max(np.sin(angle), 0.25), 0.5 * ladder.length_m)
                hand = foot + direction(angle) * reach
                where, state = vec(foot[0], hand[1] + side * 0.42 * smooth(mix * 1.3), 0), "raise"
            grip = pose.foot + pose.along * reach
            half = ladder.width_m / 2 * (pose.across if side < 0 else -pose.across)
            place = Place(where, yaw)
            speed_cycle = abs(where[1] - start_at[1]) / 0.9
            moving = tip < share < 0.93
            stance = postures.gait(body, place, speed_cycle, 0.5) if moving else postures.stand(body, place)
            stance = postures.hold(body, stance, grip - half, grip + half)
            return Moment(stance, state, (float(where[0]), float(where[1])), 0.0, name, pose)

        self._leaning[name] = LadderPose(foot, direction(np.pi - lean), across, "leaning")
        self._push(step.for_s, sample, (name, self._leaning[name]))
        self._carry = None
        end = sample(step.for_s)
        self._at = vec(end.ground[0], end.ground[1], 0.0)

    def _lay(self, step: LayStep) -> None:
        if self._carry is None:
            raise SceneError("lay: expected a ladder in hand, found none; `take` one before")
        name, how = self._carry
        place, body = Place(self._at, self._yaw), self._body
        begin = self._loaded(self._moment(postures.stand(body, place), "stand", self._at), name, how).ladder_pose
        if begin is None:
            raise SceneError("lay: the ladder has no pose")
        side = turn(self._yaw) @ vec(0, -1.0, 0)
        end = LadderPose(vec(begin.foot[0], begin.foot[1], 0.06) + side * 0.35, begin.along, side, "lying")

        def sample(t: float) -> Moment:
            mix = smooth(t / step.for_s)
            pose = LadderPose(begin.foot * (1 - mix) + end.foot * mix, end.along,
                              unit(begin.across * (1 - mix) + end.across * mix), "lying")  # fmt: skip
            stance = postures.crouch(body, place) if 0.25 < mix < 0.95 else postures.stand(body, place)
            return Moment(stance, "lay", (float(place.at[0]), float(place.at[1])), 0.0, name, pose)

        self._push(step.for_s, sample, (name, end))
        self._carry = None
        self._leaning[name] = end

    def _rails(self, name: str) -> tuple[Rails, float]:
        pose, ladder = self._leaning.get(name), self._ladders[name]
        if pose is None or pose.state != "leaning":
            raise SceneError(f"climb: expected ladder {name!r} to lean at the barrier, found it does not yet")
        rails = Rails(pose.foot, pose.foot + pose.along * ladder.length_m, pose.across, ladder.width_m / 2, ladder.rung_pitch_m)
        top = min(self._scene.world.barrier.height_m / max(pose.along[2], 0.1) - 0.55, ladder.length_m - 0.9)
        return rails, float(top)

    def _climb(self, step: ClimbStep) -> None:
        rails, top = self._rails(step.ladder)
        side = self._side = float(np.sign(rails.foot[1]))
        if not step.down:
            foot = rails.foot + vec(0, side * 0.40, 0)
            self._move(MoveStep(do="walk", to=(float(foot[0]), float(foot[1])), speed_mps=0.8))
            self._turn_to(-side * np.pi / 2)
        body, base = self._body, 0.02

        def sample(t: float) -> Moment:
            gone = min(base + step.speed_mps * t, top)
            height = top - gone + base if step.down else gone
            stance = postures.climb(body, rails, height)
            at = rails.foot + rails.up * height
            return Moment(stance, "climb", (float(stance.hips[0]), float(stance.hips[1])), float(at[2]))

        self._push((top - base) / step.speed_mps, sample)
        self._at = rails.foot + vec(0, side * 0.40, 0)
        self._yaw = -side * np.pi / 2

    def _over(self) -> None:
        height, side, body, x = self._scene.world.barrier.height_m, self._side, self._body, float(self._at[0])
        yaw = -side * np.pi / 2
        top = vec(x, 0.0, height)
        hip = float(body.joint("hips")[2])
        fall = max(height - 1.05 - hip * 0.95, 0.1)
        drop_s = float(np.sqrt(2 * fall / _GRAVITY))

        def sample(t: float) -> Moment:
            if t < _STRADDLE_S:
                share = smooth(t / _STRADDLE_S)
                stance = postures.straddle(body, top, yaw, share)
                y = float(stance.hips[1])
                return Moment(stance, "over", (x, y), height - 0.4)
            t -= _STRADDLE_S
            at = vec(x, -side * 0.30, height)
            if t < _HANG_S + drop_s:
                fallen = 0.5 * _GRAVITY * max(t - _HANG_S, 0.0) ** 2
                stance = postures.hang(body, at, yaw + np.pi, min(fallen, fall))
                return Moment(stance, "drop", (x, float(at[1])), max(float(stance.hips[2]) - hip, 0.0))
            landed = (t - _HANG_S - drop_s) / _LAND_S
            spot = vec(x, -side * 0.55, 0)
            rising = smooth(landed * 1.4 - 0.4)
            stance = postures.gait(body, Place(spot, yaw), 0.0, 0.2, low=1.0 - rising)
            return Moment(stance, "land", (x, float(spot[1])), 0.0)

        self._push(_STRADDLE_S + _HANG_S + drop_s + _LAND_S, sample)
        self._at, self._yaw = vec(x, -side * 0.55, 0.0), yaw
