"""The actors, ladders and animals of a scene at an instant, as things to draw."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.simulator.bodies import bodies
from benchmarks.simulator.fauna import animal
from benchmarks.simulator.frames import Drawable, Instant
from benchmarks.simulator.ladders import Ladder, ladder_axes, ladder_mesh
from benchmarks.simulator.meshes import moved
from benchmarks.simulator.nuisances import HeadlightsSpec
from benchmarks.simulator.people import Outfit, Person, patrol, random_outfit, wetsuit
from benchmarks.simulator.pose import Array, vec
from benchmarks.simulator.scene import ActorSpec, LadderSpec, Scene
from benchmarks.simulator.script import Compiler
from benchmarks.simulator.timeline import LadderPose, Moment, Timeline


@dataclass(frozen=True)
class PersonNow:
    """An actor in this frame."""

    identity: int
    name: str
    moment: Moment


@dataclass(frozen=True)
class LadderNow:
    """A ladder in this frame.

    `holder` is the identity of who has it in the hands, `helper` of who holds its rear end, 0 for
    nobody.
    """

    identity: int
    name: str
    pose: LadderPose
    holder: int
    length_m: float
    helper: int = 0

    @property
    def ground(self) -> tuple[float, float]:
        """Ground point of the foot on the ground, or under the middle while it is carried."""
        at = self.pose.foot
        if self.pose.state in ("carried", "lying"):
            at = at + self.pose.along * self.length_m / 2
        return float(at[0]), float(at[1])


def shape_of(spec: LadderSpec, seed: int) -> Ladder:
    """The ladder of a scene's specification."""
    return Ladder(
        length_m=spec.length_m,
        width_m=spec.width_m,
        top_width_m=spec.width_m * 0.9,
        rung_pitch_m=spec.rung_pitch_m,
        material=spec.material,
        kind=spec.kind,
        rgb=spec.rgb,
        seed=seed,
    )


def dressed(actor: ActorSpec) -> Person:
    """The actor's body in clothes drawn from its `outfit` number."""
    rng = np.random.default_rng(7919 + actor.outfit)
    makers = {"ordinary": random_outfit, "wetsuit": wetsuit, "patrol": patrol}
    outfit: Outfit = makers[actor.outfit_kind](rng)
    if actor.dark_clothes is not None:
        tone = 0.07 if actor.dark_clothes else 0.5
        outfit = replace(
            outfit, shirt=(tone, tone, tone * 1.1), trousers=(tone * 0.9, tone * 0.9, tone)
        )
    everyone = bodies()
    return Person(everyone[actor.body % len(everyone)], outfit, actor.outfit)


class Stage:
    """Everything that moves in a scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._ladders = {
            n: shape_of(s, scene.seed + k) for k, (n, s) in enumerate(scene.ladders.items())
        }
        self._ladder_meshes = {n: ladder_mesh(shape) for n, shape in self._ladders.items()}
        self._people = [dressed(a) for a in scene.actors]
        compiler = Compiler(scene, self._ladders)
        pairs = zip(scene.actors, self._people, strict=True)
        self.timelines: list[Timeline] = [compiler.compile(a, p.body) for a, p in pairs]

    def at(self, t_s: float) -> tuple[list[PersonNow], list[LadderNow]]:
        """People and ladders at a time."""
        people: list[PersonNow] = []
        held: dict[str, tuple[LadderPose, int]] = {}
        helpers: dict[str, int] = {}
        resting = [rest for timeline in self.timelines for rest in timeline.left_behind(t_s)]
        poses = {name: pose for _, name, pose in sorted(resting, key=lambda rest: rest[0])}
        for number, timeline in enumerate(self.timelines):
            moment = timeline.at(t_s)
            if moment is None:
                continue
            people.append(PersonNow(number + 1, timeline.actor.name, moment))
            if moment.ladder is not None and moment.ladder_pose is not None:
                held[moment.ladder] = (moment.ladder_pose, number + 1)
            if moment.helps is not None:
                helpers[moment.helps] = number + 1
        poses |= {name: pose for name, (pose, _) in held.items()}
        ladders = []
        for k, (name, shape) in enumerate(self._ladders.items()):
            if name in poses:
                holder = held[name][1] if name in held else 0
                identity = len(self.timelines) + 1 + k
                now = LadderNow(identity, name, poses[name], holder, shape.length_m)
                ladders.append(replace(now, helper=helpers.get(name, 0)))
        return people, ladders

    def drawables(
        self, people: list[PersonNow], ladders: list[LadderNow], t_s: float
    ) -> list[Drawable]:
        """Meshes of everything that moves; animals have identity 0."""
        things = [
            Drawable(self._people[p.identity - 1].mesh(p.moment.stance), p.identity) for p in people
        ]
        for ladder in ladders:
            axes = ladder_axes(ladder.pose.along, ladder.pose.across)
            things.append(
                Drawable(
                    moved(self._ladder_meshes[ladder.name], axes, ladder.pose.foot), ladder.identity
                )
            )
        for spec in self._scene.nuisances.animals:
            mesh = animal(spec, t_s)
            if mesh is not None:
                things.append(Drawable(mesh, 0))
        return things

    def instant(self, t_s: float, people: list[PersonNow]) -> Instant:
        """Sway, cloud shadows, headlights and stirred water at a time."""
        nuisances, river = self._scene.nuisances, self._scene.world.river
        base = Instant(t_s, 0.012 * nuisances.sway, nuisances.cloud_shadows)
        if river is not None:
            at = [p.moment.ground for p in people]
            base = replace(base, swimmers=tuple(p for p in at if river.inside_m(p[1]) > 0))
        for lights in nuisances.headlights:
            if 0 <= t_s - lights.starts_s <= lights.for_s:
                return _lit(base, lights, (t_s - lights.starts_s) / lights.for_s)
        return base


def _lit(base: Instant, lights: HeadlightsSpec, share: float) -> Instant:
    start, end, to = (
        np.array(p, dtype=float) for p in (lights.start_m, lights.end_m, lights.towards_m)
    )
    at: Array = start + (end - start) * share
    aim = to - at
    fade = lights.strength * float(np.sin(np.pi * np.clip(share, 0, 1)) ** 0.5)
    aim = aim if np.linalg.norm(aim) > 0 else vec(1.0, 0, 0)
    return replace(
        base,
        spot_pos=(float(at[0]), float(at[1]), float(at[2])),
        spot_dir=(float(aim[0]), float(aim[1]), float(aim[2])),
        spot_rgb=(fade, fade * 0.95, fade * 0.85),
    )
