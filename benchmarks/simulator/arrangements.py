"""Situations without a ladder, frozen in one instant, for training pictures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.simulator import ladder_postures, postures, water_work
from benchmarks.simulator.bodies import Body
from benchmarks.simulator.meshes import Mesh
from benchmarks.simulator.people import Person, random_outfit, wetsuit
from benchmarks.simulator.pose import Array, Stance, vec
from benchmarks.simulator.postures import Place

PERSON, LADDER, SWIMMER = "person", "ladder", "swimmer"
Item = tuple[str, Mesh]
ACTS = ("walk", "stand", "run", "creep", "crouch", "crawl", "sit", "kneel", "lie", "work")


@dataclass(frozen=True)
class Ground:
    """What an arrangement stands on: the bodies to draw from, the barrier's height, 0 for none.

    `acts` are the weights of what somebody alone does.
    """

    bodies: tuple[Body, ...]
    barrier_m: float
    barrier_kind: str
    acts: Mapping[str, float]


def draw(weights: Mapping[str, float], rng: np.random.Generator) -> str:
    """Draws one of weighted names; the weights need not add up to 1."""
    share = np.array(list(weights.values()))
    return list(weights)[int(rng.choice(len(share), p=share / share.sum()))]


def somebody(ground: Ground, rng: np.random.Generator) -> Person:
    """Picks a body and dresses it."""
    return Person(
        ground.bodies[rng.integers(len(ground.bodies))], random_outfit(rng), int(rng.integers(1000))
    )


def walker(
    ground: Ground, at: Array, yaw: float, rng: np.random.Generator
) -> tuple[Person, Stance]:
    """Somebody who stands or walks at a place towards `yaw`."""
    who = somebody(ground, rng)
    if rng.random() < 0.2:
        return who, postures.stand(who.body, Place(at, yaw), rng.uniform(0, 9), who.seed)
    speed = rng.uniform(0.7, 1.9)
    return who, postures.gait(
        who.body, Place(at, yaw), rng.random(), speed, low=float(rng.choice([0, 0, 0.5]))
    )


def alone(ground: Ground, at: Array, rng: np.random.Generator) -> list[Item]:
    """One person does something ordinary."""
    who = somebody(ground, rng)
    body, t = who.body, rng.uniform(0, 30)
    place = Place(at, rng.uniform(0, 2 * np.pi))
    near = ground.barrier_m > 0 and rng.random() < 0.25
    if near:
        side = 1.0 if at[1] > 0 else -1.0
        place = Place(vec(at[0], side * 0.55, 0), -side * np.pi / 2)
    act = draw(ground.acts, rng)
    makers: dict[str, Callable[[], Stance]] = {
        "walk": lambda: postures.gait(body, place, rng.random(), rng.uniform(0.8, 1.8)),
        "run": lambda: postures.gait(body, place, rng.random(), rng.uniform(2.6, 4.2)),
        "creep": lambda: postures.gait(
            body, place, rng.random(), rng.uniform(0.5, 1.0), low=rng.uniform(0.5, 1)
        ),
        "stand": lambda: postures.stand(body, place, t, who.seed),
        "crouch": lambda: postures.crouch(body, place, t, who.seed),
        "crawl": lambda: postures.crawl(body, place, rng.random()),
        "sit": lambda: postures.sit(body, place, t, who.seed),
        "kneel": lambda: postures.kneel(body, place, t, who.seed),
        "lie": lambda: postures.lie(body, place),
        "work": lambda: postures.work_standing(body, place, t, who.seed),
    }
    return [(PERSON, who.mesh(makers[act]()))]


def group(ground: Ground, at: Array, rng: np.random.Generator) -> list[Item]:
    """Three to eight people together, mostly walking the same way."""
    yaw = rng.uniform(0, 2 * np.pi)
    items: list[Item] = []
    for _ in range(int(rng.integers(3, 9))):
        spot = at + vec(rng.normal(0, 1.5), rng.normal(0, 1.5), 0)
        who, stance = walker(ground, spot, yaw + rng.normal(0, 0.3), rng)
        items.append((PERSON, who.mesh(stance)))
    return items


def over_the_top(ground: Ground, at: Array, rng: np.random.Generator) -> list[Item]:
    """Somebody straddles the barrier's top or hangs from it."""
    if not ground.barrier_m:
        return alone(ground, at, rng)
    who = somebody(ground, rng)
    yaw = float(rng.choice([-1, 1])) * np.pi / 2
    if rng.random() < 0.6:
        top = vec(at[0], 0.0, ground.barrier_m)
        return [(PERSON, who.mesh(ladder_postures.straddle(top, yaw, rng.random())))]
    side = -np.sign(np.sin(yaw))
    top = vec(at[0], side * 0.28, ground.barrier_m)
    return [
        (PERSON, who.mesh(ladder_postures.hang(who.body, top, yaw, float(rng.uniform(0, 0.12)))))
    ]


def swimming(ground: Ground, at: Array, rng: np.random.Generator) -> list[Item]:
    """One or two swim or tread water, in a wetsuit or in clothes; `at` is in the river."""
    items: list[Item] = []
    yaw = rng.uniform(0, 2 * np.pi)
    for _ in range(1 + int(rng.random() < 0.35)):
        body = ground.bodies[rng.integers(len(ground.bodies))]
        dress = wetsuit if rng.random() < 0.5 else random_outfit
        who = Person(body, dress(rng), int(rng.integers(1000)))
        place = Place(at + vec(rng.normal(0, 1.2), rng.normal(0, 0.3), 0), yaw)
        if rng.random() < 0.75:
            stance = water_work.swim(body, place, rng.random())
        else:
            stance = water_work.tread(body, place, rng.uniform(0, 9), who.seed)
        items.append((SWIMMER, who.mesh(stance)))
    return items


Arrangement = Callable[[Ground, Array, np.random.Generator], list[Item]]
WITHOUT_LADDER: dict[str, Arrangement] = {
    make.__name__: make for make in (alone, group, over_the_top, swimming)
}
