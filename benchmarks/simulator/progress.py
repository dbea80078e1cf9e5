"""Where an actor is while its script is compiled, and the moves that every step is made of."""

from dataclasses import dataclass, field

import numpy as np

from benchmarks.simulator import postures
from benchmarks.simulator.bodies import Body
from benchmarks.simulator.ladder_work import Load
from benchmarks.simulator.ladders import Ladder
from benchmarks.simulator.pose import Stance, vec
from benchmarks.simulator.postures import Place
from benchmarks.simulator.scene import ActorSpec, Scene, SceneError
from benchmarks.simulator.steps import HelpStep, MoveStep, SwimStep
from benchmarks.simulator.timeline import (
    LadderPose,
    Moment,
    Sampler,
    Segment,
    Timeline,
    smooth,
    turned,
)

_TURN_S, _TURN_LEAST_RAD = 0.6, 0.3
_TURN_LEAST_SHARED_RAD, _SWING_MPS = 0.02, 1.2


@dataclass
class Props:
    """What the actors of a scene share: its ladders and what those before them did."""

    scene: Scene
    ladders: dict[str, Ladder]
    left: dict[str, LadderPose] = field(default_factory=dict)
    timelines: list[Timeline] = field(default_factory=list)

    def shared(self, ladder: str) -> bool:
        """Whether somebody helps to carry a ladder."""
        steps = [step for actor in self.scene.actors for step in actor.script]
        return any(isinstance(step, HelpStep) and step.ladder == ladder for step in steps)


class Progress:
    """How far an actor is while its script is compiled: time, place, heading, load."""

    def __init__(self, props: Props, actor: ActorSpec, body: Body) -> None:
        world = props.scene.world
        self.barrier_m, self.river = world.barrier.height_m, world.river
        self.props, self.body, self.seed = props, body, actor.outfit
        self.ladders, self.left = props.ladders, props.left
        self.timeline = Timeline(actor)
        self.now = actor.enters_s
        goals = (s.to for s in actor.script if isinstance(s, MoveStep | SwimStep))
        first = next(goals, (actor.at[0], 0.0))
        yaw = float(np.arctan2(first[1] - actor.at[1], first[0] - actor.at[0]))
        self.place = Place(vec(actor.at[0], actor.at[1], 0.0), yaw)
        self.load: Load | None = None
        self.cycle = actor.outfit * 0.37
        self.side = -1.0
        self.afloat = self.in_river(actor.at)

    def push(
        self, length_s: float, sample: Sampler, leaves: tuple[str, LadderPose] | None = None
    ) -> None:
        """Appends a stretch of time; `leaves` is a ladder that it puts down."""
        self.timeline.segments.append(Segment(self.now, length_s, sample, leaves))
        self.now += length_s

    def pose(self, load: Load | None, stance: Stance, state: str, place: Place) -> Moment:
        """The moment of a stance at a place, with the load in its hands."""
        moment = Moment(stance, state, (float(place.at[0]), float(place.at[1])))
        return moment if load is None else load.carried(self.body, moment)

    def turn_to(self, yaw: float) -> None:
        """Turns on the spot to a heading in radians; the next step takes up small differences."""
        start, load = self.place, self.load
        angle = abs((yaw - start.yaw + np.pi) % (2 * np.pi) - np.pi)
        shared = load is not None and self.props.shared(load.name)
        if angle < (_TURN_LEAST_SHARED_RAD if shared else _TURN_LEAST_RAD):
            return
        length_s = _TURN_S
        if shared and load is not None:  # whoever is at the far end has a way to walk
            far_m = (1.0 - load.ahead) * load.ladder.length_m
            length_s = max(_TURN_S, angle * far_m / _SWING_MPS)

        def sample(t_s: float) -> Moment:
            place = Place(start.at, turned(start.yaw, yaw, smooth(t_s / length_s)))
            stance = postures.gait(self.body, place, t_s / _TURN_S, 0.3)
            return self.pose(load, stance, "stand", place)

        self.push(length_s, sample)
        self.place = Place(start.at, yaw)

    def face_barrier(self) -> None:
        """Turns to the barrier, from whichever side."""
        self.side = 1.0 if self.place.at[1] > 0 else -1.0
        self.turn_to(-self.side * np.pi / 2)

    def in_river(self, point: tuple[float, float]) -> bool:
        """Whether a ground point is in the water."""
        return self.river is not None and self.river.inside_m(point[1]) > 0

    def ashore(self, what: str) -> None:
        """Raises `SceneError` when a step that needs land under the feet starts in the river."""
        if self.afloat:
            raise SceneError(f"{what}: expected to be on land, found in the river; `bank` before")

    def stays_dry(self, what: str, to: tuple[float, float]) -> None:
        """Raises `SceneError` when the way to a point leads into or over the river."""
        if self.river is None:
            return
        y = sorted((float(self.place.at[1]), to[1]))
        if self.in_river(to) or (y[0] < self.river.y0_m and y[1] > self.river.y1_m):
            raise SceneError(f"{what}: expected a way on land, found the river before {list(to)}")
