"""Scripts become timelines: who is in which posture where at every instant, with which ladder."""

from functools import singledispatchmethod
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.simulator import postures
from benchmarks.simulator.bodies import Body
from benchmarks.simulator.ladder_postures import Rails
from benchmarks.simulator.ladder_work import (
    Climbing,
    GoingOver,
    Laying,
    Load,
    Raising,
    leaning_foot,
)
from benchmarks.simulator.ladders import Ladder
from benchmarks.simulator.pose import Stance, unit, vec
from benchmarks.simulator.postures import Place
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
from benchmarks.simulator.timeline import (
    LadderPose,
    Moment,
    Sampler,
    Segment,
    Timeline,
    smooth,
    turned,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_SPEED_MPS = {"walk": 1.3, "run": 3.2, "creep": 0.8, "crawl": 0.45}
_CRAWL_CYCLE_M = 0.7
_TURN_S, _TURN_LEAST_RAD = 0.6, 0.3
_FENCE_REACH_M = 1.5
_CLIMBER_BEFORE_M = 0.40
_UNDER_TOP_M, _OVER_HEAD_M = (
    0.55,
    0.9,
)  # along the rails: soles under the barrier's top, the ladder's end


class Compiler:
    """Compiles one actor after the other; ladders put down by one are there for the next."""

    def __init__(self, scene: Scene, ladders: dict[str, Ladder]) -> None:
        self._scene, self._ladders = scene, ladders
        self._left: dict[str, LadderPose] = {}

    def compile(self, actor: ActorSpec, body: Body) -> Timeline:
        """Makes the timeline of an actor; raises `SceneError` on a script that cannot be played."""
        work = _Work(self._scene, self._ladders, self._left, actor, body)
        for number, step in enumerate(actor.script):
            try:
                work.add(step)
            except SceneError as error:
                where = f"{self._scene.name}: actors.{actor.name}.script.{number}"
                raise SceneError(f"{where}: {error}") from error
        return work.timeline


class _Work:
    """The state of an actor while its script is compiled: time, place, heading, load."""

    def __init__(
        self,
        scene: Scene,
        ladders: dict[str, Ladder],
        left: dict[str, LadderPose],
        actor: ActorSpec,
        body: Body,
    ) -> None:
        self._barrier_m = scene.world.barrier.height_m
        self._ladders, self._left, self._body, self._seed = ladders, left, body, actor.outfit
        self.timeline = Timeline(actor)
        self._now = actor.enters_s
        first = next((s.to for s in actor.script if isinstance(s, MoveStep)), (actor.at[0], 0.0))
        yaw = float(np.arctan2(first[1] - actor.at[1], first[0] - actor.at[0]))
        self._place = Place(vec(actor.at[0], actor.at[1], 0.0), yaw)
        self._load: Load | None = None
        self._cycle = actor.outfit * 0.37
        self._side = -1.0

    @singledispatchmethod
    def add(self, step: object) -> None:
        """Appends a step."""
        raise SceneError(f"expected a step, found {step!r}")

    def _push(
        self, length_s: float, sample: Sampler, leaves: tuple[str, LadderPose] | None = None
    ) -> None:
        self.timeline.segments.append(Segment(self._now, length_s, sample, leaves))
        self._now += length_s

    def _pose(self, load: Load | None, stance: Stance, state: str, place: Place) -> Moment:
        moment = Moment(stance, state, (float(place.at[0]), float(place.at[1])))
        return moment if load is None else load.carried(self._body, moment)

    def _turn_to(self, yaw: float) -> None:
        start, load = self._place, self._load
        if abs((yaw - start.yaw + np.pi) % (2 * np.pi) - np.pi) < _TURN_LEAST_RAD:
            return

        def sample(t_s: float) -> Moment:
            place = Place(start.at, turned(start.yaw, yaw, smooth(t_s / _TURN_S)))
            stance = postures.gait(self._body, place, t_s / _TURN_S, 0.3)
            return self._pose(load, stance, "stand", place)

        self._push(_TURN_S, sample)
        self._place = Place(start.at, yaw)

    def _face_barrier(self) -> None:
        self._side = 1.0 if self._place.at[1] > 0 else -1.0
        self._turn_to(-self._side * np.pi / 2)

    @add.register
    def _move(self, step: MoveStep) -> None:
        way = vec(step.to[0], step.to[1], 0.0) - self._place.at
        distance = float(np.linalg.norm(way))
        if distance < 0.05:
            return
        yaw = float(np.arctan2(way[1], way[0]))
        self._turn_to(yaw)
        speed = step.speed_mps or _SPEED_MPS[step.do]
        start, cycle, load, body = self._place.at, self._cycle, self._load, self._body
        stride = _CRAWL_CYCLE_M if step.do == "crawl" else postures.stride_m(body, speed)

        def sample(t_s: float) -> Moment:
            gone = min(speed * t_s, distance)
            place = Place(start + unit(way) * gone, yaw)
            if step.do == "crawl":
                stance = postures.crawl(body, place, cycle + gone / stride)
            else:
                low = 0.8 if step.do == "creep" else 0.0
                stance = postures.gait(body, place, cycle + gone / stride, speed, low=low)
            return self._pose(load, stance, step.do, place)

        self._push(distance / speed, sample)
        self._place, self._cycle = Place(start + way, yaw), cycle + distance / stride

    @add.register
    def _stay(self, step: StayStep) -> None:
        if step.face_deg is not None:
            self._turn_to(float(np.radians(step.face_deg)))
        place, load, body, seed = self._place, self._load, self._body, self._seed
        makers: dict[str, Callable[[float], Stance]] = {
            "stand": lambda t_s: postures.stand(body, place, t_s, seed),
            "crouch": lambda t_s: postures.crouch(body, place, t_s, seed),
            "sit": lambda t_s: postures.sit(body, place, t_s, seed),
            "lie": lambda _: postures.lie(body, place),
        }
        make = makers[step.do]
        self._push(step.for_s, lambda t_s: self._pose(load, make(t_s), step.do, place))

    @add.register
    def _cut(self, step: FenceStep) -> None:
        away = abs(float(self._place.at[1]))
        if away > _FENCE_REACH_M:
            raise SceneError(
                f"cut: expected within {_FENCE_REACH_M} m of the barrier, found {away:.1f} m"
            )
        self._face_barrier()
        place, body, seed = self._place, self._body, self._seed
        make = postures.work_standing if step.standing else postures.kneel
        self._push(
            step.for_s,
            lambda t_s: self._pose(None, make(body, place, t_s, seed), "work", place),
        )

    @add.register
    def _take(self, step: TakeStep) -> None:
        self._load = Load(step.ladder, self._ladders[step.ladder], step.how)

    def _in_hand(self, what: str) -> tuple[Load, LadderPose]:
        """The load and how it is held while standing here."""
        if self._load is None:
            raise SceneError(f"{what}: expected a ladder in hand, found none; `take` one before")
        stance = postures.stand(self._body, self._place)
        pose = self._pose(self._load, stance, "stand", self._place).ladder_pose
        if pose is None:
            raise SceneError(f"{what}: expected the load to have a pose, found none")
        return self._load, pose

    @add.register
    def _put(self, step: PutStep) -> None:
        load, _ = self._in_hand("put")
        side = 1.0 if self._place.at[1] > 0 else -1.0
        lean = float(np.radians(step.lean_deg))
        foot = leaning_foot(load.ladder, lean, self._barrier_m, float(self._place.at[0]), side)
        stands = float(foot[1] + side * load.ladder.length_m * 0.5)
        self._move(MoveStep(do="walk", to=(float(foot[0]), stands)))
        self._face_barrier()
        _, carried = self._in_hand("put")
        raising = Raising(self._body, load, carried, foot, lean, side, self._place, step.for_s)
        self._leave(load, raising, raising.end, step.for_s)
        end = raising(step.for_s).ground
        self._place = Place(vec(end[0], end[1], 0.0), self._place.yaw)

    @add.register
    def _lay(self, step: LayStep) -> None:
        load, carried = self._in_hand("lay")
        laying = Laying(self._body, load, carried, self._place, step.for_s)
        self._leave(load, laying, laying.end, step.for_s)

    def _leave(self, load: Load, sample: Sampler, end: LadderPose, length_s: float) -> None:
        self._left[load.name] = end
        self._push(length_s, sample, (load.name, end))
        self._load = None

    @add.register
    def _climb(self, step: ClimbStep) -> None:
        pose, ladder = self._left.get(step.ladder), self._ladders[step.ladder]
        if pose is None or pose.state != "leaning":
            raise SceneError(
                f"climb: expected ladder {step.ladder!r} to lean at the barrier, "
                "found that nobody put it there before"
            )
        side = self._side = float(np.sign(pose.foot[1]))
        foot = pose.foot + vec(0, side * _CLIMBER_BEFORE_M, 0)
        if not step.down:
            to = (float(foot[0]), float(foot[1]))
            self._move(MoveStep(do="walk", to=to, speed_mps=0.8))
            self._turn_to(-side * np.pi / 2)
        head = pose.foot + pose.along * ladder.length_m
        rails = Rails(pose.foot, head, pose.across, ladder.width_m / 2, ladder.rung_pitch_m)
        under = self._barrier_m / max(float(pose.along[2]), 0.1) - _UNDER_TOP_M
        top = min(under, ladder.length_m - _OVER_HEAD_M)
        climbing = Climbing(self._body, rails, top, step.speed_mps, step.down)
        self._push(climbing.length_s, climbing)
        self._place = Place(foot, -side * np.pi / 2)

    @add.register
    def _over(self, step: OverStep) -> None:
        del step
        over = GoingOver(self._body, float(self._place.at[0]), self._barrier_m, self._side)
        self._push(over.length_s, over)
        self._place = over.lands
