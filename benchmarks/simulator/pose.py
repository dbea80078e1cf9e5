"""Poses a body from where its hips, feet and hands are, by two-bone inverse kinematics."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.bodies import BONES, INDEX, Body

Array = NDArray[np.float64]
SIDES = ("L", "R")
_REACH = 0.995  # of the full limb: a straight knee flips


def vec(x: float, y: float, z: float) -> Array:
    """Makes a 3-vector."""
    return np.array([x, y, z], dtype=float)


def unit(v: Array) -> Array:
    """Scales a vector to length one."""
    return v / max(float(np.linalg.norm(v)), 1e-9)


def turn(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Array:
    """Rotation (3, 3) in radians: roll about x, pitch (leans forward), then yaw about z."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    rz = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1.0]])
    ry = np.array([[cp, 0, sp], [0, 1.0, 0], [-sp, 0, cp]])
    rx = np.array([[1.0, 0, 0], [0, cr, -sr], [0, sr, cr]])
    return np.asarray(rz @ ry @ rx)


def about(axis: Array, angle: float) -> Array:
    """Rotation (3, 3) by `angle` radians about a unit axis (Rodrigues)."""
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k)


def frame(direction: Array, pole: Array) -> Array:
    """Orthonormal frame whose first column is `direction` and second leans to `pole`."""
    d = unit(direction)
    p = pole - d * (pole @ d)
    if p @ p < 1e-9:
        p = np.cross(d, vec(0.3, 0.5, 0.8))
    p = unit(p)
    return np.stack([d, p, np.cross(d, p)], axis=1)


def bend(
    root: Array, target: Array, lengths: tuple[float, float], pole: Array
) -> tuple[Array, Array]:
    """Places the middle and end joint of a two-bone limb; the end stops short of a far target."""
    upper, lower = lengths
    to = target - root
    distance = float(
        np.clip(np.linalg.norm(to), abs(upper - lower) + 1e-3, _REACH * (upper + lower))
    )
    along = unit(to)
    cos = (upper**2 + distance**2 - lower**2) / (2 * upper * distance)
    side = frame(along, pole)[:, 1]
    middle = root + upper * (along * cos + side * np.sqrt(max(1 - cos**2, 0.0)))
    return middle, root + along * distance


@dataclass(frozen=True)
class Hand:
    """Where a wrist goes and how the hand closes.

    `at` is in the world; `along` (fingers) and `palm` are directions, None follows the forearm.
    """

    at: Array
    pole: Array | None = None
    along: Array | None = None
    palm: Array | None = None
    grip: float = 0.3


@dataclass(frozen=True)
class Stance:
    """A whole-body posture in the world: hips, spine bends (radians), feet and hands.

    `feet` are ankle targets with the foot's heading and pitch; `hands` None hang down.
    """

    hips: Array
    yaw: float
    pitch: float = 0.0
    roll: float = 0.0
    abdomen: float = 0.0
    chest: float = 0.0
    twist: float = 0.0
    neck: float = 0.0
    look: float = 0.0
    feet: tuple[Array, Array] = field(default_factory=lambda: (np.zeros(3), np.zeros(3)))
    foot_pitch: tuple[float, float] = (0.0, 0.0)
    knee_out: float = 0.12
    hands: tuple[Hand | None, Hand | None] = (None, None)
    swing: tuple[float, float] = (0.0, 0.0)

    def with_hands(self, left: Hand | None, right: Hand | None) -> "Stance":
        """Returns the stance with other hands; None keeps what was there."""
        old = self.hands
        return replace(self, hands=(left or old[0], right or old[1]))


def resolve(body: Body, stance: Stance) -> tuple[Array, Array]:
    """Returns bone rotations (26, 3, 3) and head positions (26, 3) in the world."""
    rotation = np.tile(np.eye(3), (len(BONES), 1, 1))
    position = np.zeros((len(BONES), 3))

    def put(bone: str, parent: str | None, r: Array) -> None:
        rotation[INDEX[bone]] = r
        if parent is not None:
            rest = body.joint(bone) - body.joint(parent)
            position[INDEX[bone]] = position[INDEX[parent]] + rotation[INDEX[parent]] @ rest

    hips = turn(stance.yaw, stance.pitch, stance.roll)
    put("hips", None, hips)
    position[INDEX["hips"]] = stance.hips
    put("abdomen", "hips", hips @ turn(stance.twist * 0.4, stance.abdomen))
    put("chest", "abdomen", rotation[INDEX["abdomen"]] @ turn(stance.twist * 0.6, stance.chest))
    chest = rotation[INDEX["chest"]]
    put("neck", "chest", chest @ turn(stance.look * 0.4, stance.neck * 0.5))
    put("head", "neck", rotation[INDEX["neck"]] @ turn(stance.look * 0.6, stance.neck * 0.5))
    for i, side in enumerate(SIDES):
        _leg(body, stance, i, side, rotation, position)
        put(f"clavicle.{side}", "chest", chest)
        put(f"upperarm.{side}", f"clavicle.{side}", chest)
        _arm(body, stance, i, side, rotation, position)
    return rotation, position


def _leg(body: Body, stance: Stance, i: int, side: str, rotation: Array, position: Array) -> None:
    sign = 1.0 if side == "L" else -1.0
    names = [f"{b}.{side}" for b in ("thigh", "shin", "foot", "toes")]
    thigh, shin, foot, toes = (INDEX[n] for n in names)
    rest = [body.joint(n) for n in names]
    hips = rotation[INDEX["hips"]]
    position[thigh] = position[INDEX["hips"]] + hips @ (rest[0] - body.joint("hips"))
    lengths = (float(np.linalg.norm(rest[1] - rest[0])), float(np.linalg.norm(rest[2] - rest[1])))
    pole = hips @ vec(1.0, sign * stance.knee_out, 0.25)
    position[shin], position[foot] = bend(position[thigh], stance.feet[i], lengths, pole)
    forward = vec(1.0, 0.0, 0.0)
    bent = frame(position[foot] - position[thigh], pole)[:, 1]
    for bone, start, end, upper, lower in (
        (thigh, rest[0], rest[1], position[thigh], position[shin]),
        (shin, rest[1], rest[2], position[shin], position[foot]),
    ):
        rotation[bone] = frame(lower - upper, bent) @ frame(end - start, forward).T
    rotation[foot] = turn(stance.yaw + sign * 0.15, stance.foot_pitch[i])
    position[toes] = position[foot] + rotation[foot] @ (rest[3] - rest[2])
    rotation[toes] = turn(stance.yaw + sign * 0.15, min(stance.foot_pitch[i], 0.0))


def _arm(body: Body, stance: Stance, i: int, side: str, rotation: Array, position: Array) -> None:
    sign = 1.0 if side == "L" else -1.0
    names = [f"{b}.{side}" for b in ("upperarm", "forearm", "hand", "knuckles", "fingertips")]
    upperarm, forearm, hand = (INDEX[n] for n in names[:3])
    rest = [body.joint(n) for n in names]
    chest = rotation[INDEX["chest"]]
    lengths = (float(np.linalg.norm(rest[1] - rest[0])), float(np.linalg.norm(rest[2] - rest[1])))
    target = stance.hands[i] or _hanging(
        position[upperarm], chest, sum(lengths), stance.swing[i], sign
    )
    pole = chest @ vec(-0.9, sign * 0.5, -0.5) if target.pole is None else target.pole
    position[forearm], position[hand] = bend(position[upperarm], target.at, lengths, pole)
    bent = frame(position[hand] - position[upperarm], pole)[:, 1]
    back = vec(-1.0, 0.0, 0.0)
    rotation[upperarm] = (
        frame(position[forearm] - position[upperarm], bent) @ frame(rest[1] - rest[0], back).T
    )
    rotation[forearm] = (
        frame(position[hand] - position[forearm], bent) @ frame(rest[2] - rest[1], back).T
    )
    finger_rest = unit(rest[3] - rest[2])
    palm_rest = -sign * np.cross(vec(1.0, 0.0, 0.0), finger_rest)
    rotation[hand] = rotation[forearm]
    if target.along is not None and target.palm is not None:
        rotation[hand] = frame(target.along, target.palm) @ frame(finger_rest, palm_rest).T
    curl = unit(np.cross(finger_rest, palm_rest))
    angle = target.grip
    for name, parent, share in ((names[3], hand, 1.3), (names[4], INDEX[names[3]], 1.5)):
        bone = INDEX[name]
        position[bone] = position[parent] + rotation[parent] @ (
            body.joints[bone] - body.joints[parent]
        )
        rotation[bone] = rotation[parent] @ about(curl, share * angle)


def _hanging(shoulder: Array, chest: Array, length: float, swing: float, sign: float) -> Hand:
    level = turn(float(np.arctan2(chest[1, 0], chest[0, 0])))
    down = level @ vec(np.sin(swing) + 0.06, sign * 0.16, -np.cos(swing))
    bent = 0.96 - 0.12 * max(swing, 0.0)
    return Hand(shoulder + unit(down) * length * bent, grip=0.35)
