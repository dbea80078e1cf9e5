"""What an actor does when: segments of a compiled script, each a function of time."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.simulator.pose import Array, Stance
from benchmarks.simulator.scene import ActorSpec


@dataclass(frozen=True)
class LadderPose:
    """A ladder's foot (3,), unit direction foot to top, unit across, and what is done with it."""

    foot: Array
    along: Array
    across: Array
    state: str


@dataclass(frozen=True)
class Moment:
    """An actor at an instant: posture, state word, ground point and height of the soles in metres.

    `ladder` and `ladder_pose` are those of a ladder in the hands, `helps` is one that another
    carries and whose rear end is in the hands.
    """

    stance: Stance
    state: str
    ground: tuple[float, float]
    sole_m: float = 0.0
    ladder: str | None = None
    ladder_pose: LadderPose | None = None
    helps: str | None = None


Sampler = Callable[[float], Moment]


@dataclass(frozen=True)
class Segment:
    """A stretch of time; `sample` takes seconds since its start, `leaves` is a ladder put down."""

    start_s: float
    length_s: float
    sample: Sampler
    leaves: tuple[str, LadderPose] | None = None

    @property
    def end_s(self) -> float:
        """When the next segment begins."""
        return self.start_s + self.length_s


@dataclass
class Timeline:
    """An actor's compiled script."""

    actor: ActorSpec
    segments: list[Segment] = field(default_factory=list)

    def at(self, t_s: float) -> Moment | None:
        """The actor's moment at a time, None before it enters; after the last step it stays."""
        if t_s < self.actor.enters_s:
            return None
        for segment in self.segments:
            if t_s < segment.end_s:
                return segment.sample(t_s - segment.start_s)
        last = self.segments[-1]
        return last.sample(last.length_s)

    def left_behind(self, t_s: float) -> list[tuple[float, str, LadderPose]]:
        """Ladders that the actor has put down by a time: since when, name, pose."""
        return [(s.end_s, *s.leaves) for s in self.segments if s.leaves and s.end_s <= t_s]


def smooth(x: float) -> float:
    """Smoothstep of x clipped to 0..1."""
    x = float(np.clip(x, 0.0, 1.0))
    return x * x * (3 - 2 * x)


def turned(a: float, b: float, share: float) -> float:
    """Angle between a and b by the shorter way."""
    delta = (b - a + np.pi) % (2 * np.pi) - np.pi
    return float(a + delta * share)
