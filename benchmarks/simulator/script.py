"""Scripts become timelines: who is in which posture where at every instant, with which ladder."""

from functools import singledispatchmethod
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.simulator import postures
from benchmarks.simulator.bodies import Body
from benchmarks.simulator.ladder_postures import Rails
from benchmarks.simulator.ladder_team import HelpingCarry, NotCarriedError, Rear
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
from benchmarks.simulator.progress import Progress, Props
from benchmarks.simulator.scene import ActorSpec, Scene, SceneError
from benchmarks.simulator.steps import (
    BankStep,
    ClimbStep,
    FenceStep,
    HelpStep,
    LayStep,
    MoveStep,
    OverStep,
    PutStep,
    StayStep,
    SwimStep,
    TakeStep,
)
from benchmarks.simulator.timeline import (
    LadderPose,
    Moment,
    Sampler,
    Timeline,
)
from benchmarks.simulator.water_work import GettingOut, Swimming, tread

if TYPE_CHECKING:
    from collections.abc import Callable

_SPEED_MPS = {"walk": 1.3, "run": 3.2, "creep": 0.8, "crawl": 0.45}
_CRAWL_CYCLE_M = 0.7
_FENCE_REACH_M = 1.5
_AHEAD_SHARED = 0.3  # of a ladder that two carry, before the one in front
_CLIMBER_BEFORE_M, _LETS_GO_S = 0.40, 0.3
_UNDER_TOP_M, _OVER_HEAD_M = (
    0.55,
    0.9,
)  # along the rails: soles under the barrier's top, the ladder's end


class Compiler:
    """Compiles one actor after the other; ladders put down by one are there for the next."""

    def __init__(self, scene: Scene, ladders: dict[str, Ladder]) -> None:
        self._scene = scene
        self._props = Props(scene, ladders)

    def compile(self, actor: ActorSpec, body: Body) -> Timeline:
        """Makes the timeline of an actor; raises `SceneError` on a script that cannot be played."""
        work = _Work(self._props, actor, body)
        for number, step in enumerate(actor.script):
            try:
                work.add(step)
            except SceneError as error:
                where = f"{self._scene.name}: actors.{actor.name}.script.{number}"
                raise SceneError(f"{where}: {error}") from error
        self._props.timelines.append(work.timeline)
        return work.timeline


class _Work(Progress):
    """Takes an actor through its steps."""

    @singledispatchmethod
    def add(self, step: object) -> None:
        """Appends a step."""
        raise SceneError(f"expected a step, found {step!r}")

    @add.register
    def _move(self, step: MoveStep) -> None:
        self.ashore(step.do)
        self.stays_dry(step.do, step.to)
        way = vec(step.to[0], step.to[1], 0.0) - self.place.at
        distance = float(np.linalg.norm(way))
        if distance < 0.05:
            return
        yaw = float(np.arctan2(way[1], way[0]))
        self.turn_to(yaw)
        speed = step.speed_mps or _SPEED_MPS[step.do]
        start, cycle, load, body = self.place.at, self.cycle, self.load, self.body
        stride = _CRAWL_CYCLE_M if step.do == "crawl" else postures.stride_m(body, speed)

        def sample(t_s: float) -> Moment:
            gone = min(speed * t_s, distance)
            place = Place(start + unit(way) * gone, yaw)
            if step.do == "crawl":
                stance = postures.crawl(body, place, cycle + gone / stride)
            else:
                low = 0.8 if step.do == "creep" else 0.0
                stance = postures.gait(body, place, cycle + gone / stride, speed, low=low)
            return self.pose(load, stance, step.do, place)

        self.push(distance / speed, sample)
        self.place, self.cycle = Place(start + way, yaw), cycle + distance / stride

    @add.register
    def _stay(self, step: StayStep) -> None:
        if self.afloat and step.do == "stand":
            here, who, start = self.place, self.body, self.seed
            at = (float(here.at[0]), float(here.at[1]))
            self.push(step.for_s, lambda t_s: Moment(tread(who, here, t_s, start), "swim", at))
            return
        self.ashore(step.do)
        if step.face_deg is not None:
            self.turn_to(float(np.radians(step.face_deg)))
        place, load, body, seed = self.place, self.load, self.body, self.seed
        makers: dict[str, Callable[[float], Stance]] = {
            "stand": lambda t_s: postures.stand(body, place, t_s, seed),
            "crouch": lambda t_s: postures.crouch(body, place, t_s, seed),
            "sit": lambda t_s: postures.sit(body, place, t_s, seed),
            "lie": lambda _: postures.lie(body, place),
        }
        make = makers[step.do]
        self.push(step.for_s, lambda t_s: self.pose(load, make(t_s), step.do, place))

    @add.register
    def _cut(self, step: FenceStep) -> None:
        self.ashore("cut")
        away = abs(float(self.place.at[1]))
        if away > _FENCE_REACH_M:
            raise SceneError(
                f"cut: expected within {_FENCE_REACH_M} m of the barrier, found {away:.1f} m"
            )
        self.face_barrier()
        place, body, seed = self.place, self.body, self.seed
        make = postures.work_standing if step.standing else postures.kneel
        self.push(
            step.for_s,
            lambda t_s: self.pose(None, make(body, place, t_s, seed), "work", place),
        )

    @add.register
    def _take(self, step: TakeStep) -> None:
        self.ashore("take")
        ahead = _AHEAD_SHARED if self.props.shared(step.ladder) else 0.5
        self.load = Load(step.ladder, self.ladders[step.ladder], step.how, ahead)

    def _in_hand(self, what: str) -> tuple[Load, LadderPose]:
        """The load and how it is held while standing here."""
        if self.load is None:
            raise SceneError(f"{what}: expected a ladder in hand, found none; `take` one before")
        stance = postures.stand(self.body, self.place)
        pose = self.pose(self.load, stance, "stand", self.place).ladder_pose
        if pose is None:
            raise SceneError(f"{what}: expected the load to have a pose, found none")
        return self.load, pose

    @add.register
    def _put(self, step: PutStep) -> None:
        load, _ = self._in_hand("put")
        side = 1.0 if self.place.at[1] > 0 else -1.0
        lean = float(np.radians(step.lean_deg))
        foot = leaning_foot(load.ladder, lean, self.barrier_m, float(self.place.at[0]), side)
        stands = float(foot[1] + side * load.ladder.length_m * 0.5)
        self._move(MoveStep(do="walk", to=(float(foot[0]), stands)))
        self.face_barrier()
        _, carried = self._in_hand("put")
        raising = Raising(self.body, load, carried, foot, lean, side, self.place, step.for_s)
        self._leave(load, raising, raising.end, step.for_s)
        end = raising(step.for_s).ground
        self.place = Place(vec(end[0], end[1], 0.0), self.place.yaw)

    @add.register
    def _lay(self, step: LayStep) -> None:
        load, carried = self._in_hand("lay")
        laying = Laying(self.body, load, carried, self.place, step.for_s)
        self._leave(load, laying, laying.end, step.for_s)

    def _leave(self, load: Load, sample: Sampler, end: LadderPose, length_s: float) -> None:
        self.left[load.name] = end
        self.push(length_s, sample, (load.name, end))
        self.load = None

    @add.register
    def _climb(self, step: ClimbStep) -> None:
        pose, ladder = self.left.get(step.ladder), self.ladders[step.ladder]
        if pose is None or pose.state != "leaning":
            raise SceneError(
                f"climb: expected ladder {step.ladder!r} to lean at the barrier, "
                "found that nobody put it there before"
            )
        side = self.side = float(np.sign(pose.foot[1]))
        foot = pose.foot + vec(0, side * _CLIMBER_BEFORE_M, 0)
        if not step.down:
            to = (float(foot[0]), float(foot[1]))
            self._move(MoveStep(do="walk", to=to, speed_mps=0.8))
            self.turn_to(-side * np.pi / 2)
        head = pose.foot + pose.along * ladder.length_m
        rails = Rails(pose.foot, head, pose.across, ladder.width_m / 2, ladder.rung_pitch_m)
        under = self.barrier_m / max(float(pose.along[2]), 0.1) - _UNDER_TOP_M
        top = min(under, ladder.length_m - _OVER_HEAD_M)
        climbing = Climbing(self.body, rails, top, step.speed_mps, step.down)
        self.push(climbing.length_s, climbing)
        self.place = Place(foot, -side * np.pi / 2)

    @add.register
    def _over(self, step: OverStep) -> None:
        del step
        over = GoingOver(self.body, float(self.place.at[0]), self.barrier_m, self.side)
        self.push(over.length_s, over)
        self.place = over.lands

    @add.register
    def _help(self, step: HelpStep) -> None:
        self.ashore("help_carry")
        rear = Rear(step.ladder, self.ladders[step.ladder], tuple(self.props.timelines))
        try:
            helping = HelpingCarry(self.body, rear, self.place, self.now, step.for_s)
        except NotCarriedError as error:
            raise SceneError(f"help_carry: {error}") from error
        self.push(helping.length_s, helping)
        self.place = helping.lets_go
        self._stay(StayStep(do="stand", for_s=_LETS_GO_S))

    @add.register
    def _swim(self, step: SwimStep) -> None:
        river = self.river
        if river is None or not self.in_river(step.to):
            raise SceneError(f"swim: expected a point in the river, found {list(step.to)} on land")
        if self.load is not None:
            raise SceneError(f"swim: expected empty hands, found ladder {self.load.name!r}")
        enters = not self.afloat
        if enters:
            start, y = self.place.at, float(self.place.at[1])
            edge = river.y1_m if y >= river.y1_m else river.y0_m
            x = start[0] + (step.to[0] - start[0]) * (edge - y) / (step.to[1] - y)
            self._move(MoveStep(do="walk", to=(float(x), edge)))
        way = vec(step.to[0], step.to[1], 0.0) - self.place.at
        if float(np.linalg.norm(way)) < 0.05:
            return
        swimming = Swimming(self.body, river, self.place, way, step.speed_mps, enters)
        self.push(swimming.length_s, swimming)
        self.place, self.afloat = Place(self.place.at + way, swimming.heading), True

    @add.register
    def _bank(self, step: BankStep) -> None:
        if self.river is None or not self.afloat:
            raise SceneError("bank: expected to be in the river, found on land; `swim` before")
        out = GettingOut(self.body, self.river, self.place, step.for_s)
        if not out.reachable:
            inside = self.river.inside_m(float(self.place.at[1]))
            raise SceneError(f"bank: expected within 3 m of the edge, found {inside:.1f} m away")
        self.push(out.length_s, out)
        self.place, self.afloat = out.lands, False
