"""Situations with a ladder, frozen in one instant, for training pictures."""

import numpy as np

from benchmarks.simulator import ladder_postures, postures
from benchmarks.simulator.arrangements import (
    LADDER,
    PERSON,
    Arrangement,
    Ground,
    Item,
    somebody,
    walker,
)
from benchmarks.simulator.bodies import Body
from benchmarks.simulator.ladders import Ladder, ladder_axes, ladder_mesh
from benchmarks.simulator.meshes import moved
from benchmarks.simulator.pose import Array, Stance, turn, unit, vec
from benchmarks.simulator.postures import Place


def random_ladder(rng: np.random.Generator, *, step: bool = False) -> Ladder:
    """Shapes a ladder at random."""
    material = str(
        rng.choice(["aluminium", "wood", "rough_wood", "painted"], p=[0.5, 0.2, 0.12, 0.18])
    )
    width = float(rng.uniform(0.28, 0.58))
    rgb: tuple[float, float, float] | None = None
    if material == "painted" or rng.random() < 0.25:
        tone = np.array(
            [
                (0.75, 0.25, 0.1),
                (0.85, 0.7, 0.1),
                (0.1, 0.2, 0.5),
                (0.85, 0.85, 0.85),
                (0.1, 0.1, 0.1),
                (0.15, 0.4, 0.2),
                (0.7, 0.1, 0.1),
            ][rng.integers(7)]
        )
        r, g, b = np.clip(tone * rng.uniform(0.7, 1.15, 3), 0.02, 0.95)
        rgb = (float(r), float(g), float(b))
    elif material == "aluminium":
        grey = rng.uniform(0.45, 0.9)
        rgb = (float(grey), float(grey * 1.005), float(grey * 1.01))
    else:
        r, g, b = np.array((0.60, 0.45, 0.28)) * rng.uniform(0.45, 1.35)
        rgb = (float(min(r, 0.95)), float(g), float(b))
    thick = float(rng.uniform(0.045, 0.10))
    return Ladder(
        length_m=float(rng.uniform(1.4, 2.8) if step else rng.uniform(2.5, 7.0)),
        width_m=width,
        top_width_m=width * float(rng.choice([1.0, rng.uniform(0.6, 0.95)], p=[0.6, 0.4])),
        rung_pitch_m=float(rng.uniform(0.22, 0.40)),
        rail_m=(thick, float(rng.uniform(0.02, 0.045))),
        rung_m=float(rng.uniform(0.022, 0.045)),
        material=material,
        rgb=rgb,
        kind="step" if step else str(rng.choice(["single", "extension"], p=[0.7, 0.3])),
        overlap=float(rng.uniform(0.15, 0.7)),
        open_m=float(rng.uniform(0.6, 1.4)),
        seed=int(rng.integers(1000)),
    )


def _put(ladder: Ladder, foot: Array, along: Array, across: Array) -> Item:
    return LADDER, moved(ladder_mesh(ladder), ladder_axes(along, across), foot)


def _load(body: Body, stance: Stance, side: float, *, low: bool) -> tuple[Stance, Array]:
    return (ladder_postures.carry_low if low else ladder_postures.carry_shoulder)(
        body, stance, side
    )


def carried(ground: Ground, at: Array, rng: np.random.Generator) -> list[Item]:
    """One walks with a ladder at the arm or on the shoulder."""
    yaw, side, low = (
        rng.uniform(0, 2 * np.pi),
        float(rng.choice([-1, 1])),
        bool(rng.random() < 0.45),
    )
    who, stance = walker(ground, at, yaw, rng)
    stance, grip = _load(who.body, stance, side, low=low)
    ladder = random_ladder(rng)
    along = turn(yaw + rng.normal(0, 0.06)) @ unit(vec(1.0, 0.0, rng.normal(0, 0.10)))
    edge = low or rng.random() < 0.6
    across = vec(0, 0, 1.0) if edge else turn(yaw) @ vec(0, 1.0, 0.1)
    middle = (
        grip - vec(0, 0, ladder.width_m * (0.45 if low else 0.2))
        if edge
        else grip + vec(0, 0, 0.03)
    )
    middle = middle + turn(yaw) @ vec(0, side * 0.03, 0)
    foot = middle - along * ladder.length_m * rng.uniform(0.40, 0.58)
    return [(PERSON, who.mesh(stance)), _put(ladder, foot, along, across)]


def carried_by_two(ground: Ground, at: Array, rng: np.random.Generator) -> list[Item]:
    """Two walk one behind the other with a ladder between them."""
    yaw, side, low = rng.uniform(0, 2 * np.pi), float(rng.choice([-1, 1])), bool(rng.random() < 0.6)
    ladder = random_ladder(rng)
    apart = ladder.length_m * rng.uniform(0.55, 0.8)
    items, grips = [], []
    for k in (0.5, -0.5):
        who, stance = walker(ground, at + turn(yaw) @ vec(apart * k, 0, 0), yaw, rng)
        stance, grip = _load(who.body, stance, side, low=low)
        items.append((PERSON, who.mesh(stance)))
        grips.append(grip)
    along = unit(grips[0] - grips[1])
    middle = (grips[0] + grips[1]) / 2 - vec(0, 0, ladder.width_m * (0.45 if low else 0.2))
    return [*items, _put(ladder, middle - along * ladder.length_m / 2, along, vec(0, 0, 1.0))]


def raised(ground: Ground, at: Array, rng: np.random.Generator) -> list[Item]:
    """One tips, raises or holds up a ladder whose foot is on the ground."""
    ladder = random_ladder(rng)
    yaw = rng.uniform(0, 2 * np.pi)
    angle = float(rng.uniform(0.12, 1.55))
    across = turn(yaw) @ vec(0, 1.0, 0)
    along = turn(yaw) @ vec(-np.cos(angle), 0.0, np.sin(angle))
    along = turn(0.0) @ (along + across * rng.normal(0, 0.12))
    along = unit(along)
    who = somebody(ground, rng)
    height = min(0.80 * who.body.height_m, ladder.length_m * 0.9 * np.sin(angle) + 0.1)
    reach = min(height / max(np.sin(angle), 0.2), ladder.length_m * 0.85)
    grip = at + along * reach
    half = ladder.width_m / 2 * unit(across - along * (across @ along))
    back = 0.42 if angle > 0.8 else 0.1
    stand_at = vec(grip[0], grip[1], 0) - turn(yaw) @ vec(back, 0, 0)
    stance = postures.stand(who.body, Place(stand_at, yaw), seed=who.seed)
    stance = ladder_postures.hold(who.body, stance, grip + half, grip - half)
    return [(PERSON, who.mesh(stance)), _put(ladder, at, along, across)]


def _lean(
    ground: Ground, at: Array, ladder: Ladder, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Foot, direction and across of a ladder leaning on y = 0 (or free when there is nothing)."""
    side = 1.0 if at[1] > 0.2 else -1.0
    angle = rng.uniform(1.02, 1.40)
    height = ground.barrier_m or 6.0
    reach = min(ladder.length_m * np.sin(angle), height + 0.02)
    out = reach / np.tan(angle) + 0.10
    foot = vec(at[0], side * out, 0.0)
    along = unit(vec(rng.normal(0, 0.10), -side * (out - 0.08), reach))
    return foot, along, vec(1.0, 0, 0)


def leaning(ground: Ground, at: Array, rng: np.random.Generator) -> list[Item]:
    """A ladder leans at the barrier or house; perhaps somebody holds it or stands by."""
    ladder = random_ladder(rng)
    foot, along, across = _lean(ground, at, ladder, rng)
    items = [_put(ladder, foot, along, across)]
    if rng.random() < 0.5:
        side = float(np.sign(foot[1]))
        who = somebody(ground, rng)
        yaw = -side * np.pi / 2
        stance = postures.stand(who.body, Place(foot + vec(0, side * 0.35, 0), yaw), seed=who.seed)
        grip = foot + along * 1.35
        half = vec(ladder.width_m / 2, 0, 0) * (-1.0 if side > 0 else 1.0)
        if rng.random() < 0.5:
            items.append(
                (PERSON, who.mesh(ladder_postures.hold(who.body, stance, grip - half, grip + half)))
            )
        else:
            spot = Place(
                foot + vec(rng.uniform(-2, 2), side * rng.uniform(0.5, 2), 0), rng.uniform(0, 6.3)
            )
            items.append((PERSON, who.mesh(postures.stand(who.body, spot, seed=who.seed))))
    return items


def climbed(ground: Ground, at: Array, rng: np.random.Generator) -> list[Item]:
    """Somebody, sometimes two, climbs a leaning ladder."""
    ladder = random_ladder(rng)
    foot, along, across = _lean(ground, at, ladder, rng)
    rails = ladder_postures.Rails(
        foot, foot + along * ladder.length_m, across, ladder.width_m / 2, ladder.rung_pitch_m
    )
    items = [_put(ladder, foot, along, across)]
    top = max(ladder.length_m - 1.2, 0.6)
    heights = [float(rng.uniform(0.1, top))]
    if top > 2.4 and rng.random() < 0.25:
        heights = [float(rng.uniform(0.1, 0.4)), float(rng.uniform(2.1, top))]
    for height in heights:
        who = somebody(ground, rng)
        items.append((PERSON, who.mesh(ladder_postures.climb(who.body, rails, height))))
    return items


def lying(_ground: Ground, at: Array, rng: np.random.Generator) -> list[Item]:
    """A ladder lies on the ground, flat or on its edge."""
    ladder = random_ladder(rng)
    yaw = rng.uniform(0, 2 * np.pi)
    flat = rng.random() < 0.75
    across = turn(yaw) @ vec(0, 1.0, 0) if flat else vec(0, 0, 1.0)
    lift = 0.06 if flat else ladder.width_m / 2
    along = turn(yaw) @ vec(1.0, 0, 0)
    return [_put(ladder, at + vec(0, 0, lift) - along * ladder.length_m / 2, along, across)]


def step_ladder(ground: Ground, at: Array, rng: np.random.Generator) -> list[Item]:
    """A step ladder stands open; perhaps somebody is on it."""
    ladder = random_ladder(rng, step=True)
    yaw = rng.uniform(0, 2 * np.pi)
    angle = np.pi / 2 - np.arcsin(min(ladder.open_m / 2 / ladder.length_m, 0.6))
    along = turn(yaw) @ vec(-np.cos(angle), 0, np.sin(angle))
    across = turn(yaw) @ vec(0, -1.0, 0)
    items = [_put(ladder, at, along, across)]
    if rng.random() < 0.45:
        who = somebody(ground, rng)
        rails = ladder_postures.Rails(
            at, at + along * ladder.length_m, across, ladder.width_m / 2, ladder.rung_pitch_m
        )
        items.append(
            (
                PERSON,
                who.mesh(
                    ladder_postures.climb(
                        who.body, rails, float(rng.uniform(0.1, ladder.length_m - 0.9))
                    )
                ),
            )
        )
    return items


WITH_LADDER: dict[str, Arrangement] = {
    make.__name__: make
    for make in (carried, carried_by_two, raised, leaning, climbed, lying, step_ladder)
}
