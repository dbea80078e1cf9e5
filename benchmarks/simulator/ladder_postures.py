"""What people do with a ladder and on a barrier: carry, hold, climb, straddle, hang."""

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.simulator.bodies import Body
from benchmarks.simulator.pose import Array, Hand, Stance, turn, unit, vec
from benchmarks.simulator.postures import Place, ankle_m, arm_m, hip_m


def carry_shoulder(body: Body, stance: Stance, side: float) -> tuple[Stance, Array]:
    """Puts a load on one shoulder, `side` +1 left; returns the stance and the load's point."""
    level = turn(stance.yaw)
    rise = float(body.joint("upperarm.L")[2] - hip_m(body))
    top = stance.hips + level @ vec(0.06 + 0.35 * stance.pitch, side * 0.20, rise + 0.10)
    front = Hand(top + level @ vec(0.36, side * 0.03, -0.02), grip=0.9)
    hands: tuple[Hand | None, Hand | None] = (front, None) if side > 0 else (None, front)
    return replace(stance, roll=stance.roll - side * 0.03).with_hands(*hands), top


def carry_low(_body: Body, stance: Stance, side: float) -> tuple[Stance, Array]:
    """Carries a load at the hanging arm, `side` +1 left; returns the stance and the grip."""
    level = turn(stance.yaw)
    grip = stance.hips + level @ vec(0.04, side * (0.24 + 0.04), -0.02)
    hand = Hand(grip + vec(0, 0, 0.05), grip=1.0)
    hands: tuple[Hand | None, Hand | None] = (hand, None) if side > 0 else (None, hand)
    return replace(stance, roll=stance.roll + side * 0.04).with_hands(*hands), grip


def hold(body: Body, stance: Stance, left: Array, right: Array) -> Stance:
    """Grips two world points with both hands, leaning to them when they are far."""
    middle = (left + right) / 2
    shoulder = stance.hips + vec(0, 0, float(body.joint("upperarm.L")[2] - hip_m(body)))
    reach = arm_m(body) * 0.92
    far = max(float(np.linalg.norm(middle - shoulder)) - reach, 0.0)
    low = max(shoulder[2] - middle[2] - 0.3, 0.0)
    lean = float(np.clip(far * 1.0 + 0.35 * low, 0.0, 1.1))
    palm = unit(np.cross(left - right, vec(0, 0, 1.0)) + 1e-6)
    ahead = turn(stance.yaw) @ vec(1.0, 0, 0)
    palm = palm if palm @ ahead > 0 else -palm
    return replace(
        stance,
        pitch=stance.pitch + 0.5 * lean,
        abdomen=0.3 * lean,
        chest=0.3 * lean,
        neck=-0.4 * lean,
    ).with_hands(
        Hand(left, palm=palm, along=vec(0, 0, 1.0), grip=1.0),
        Hand(right, palm=palm, along=vec(0, 0, 1.0), grip=1.0),
    )


@dataclass(frozen=True)
class Rails:
    """A ladder to climb: foot and top of its centre line, half width and rung pitch."""

    foot: Array
    top: Array
    across: Array
    half_width: float
    pitch: float

    @property
    def up(self) -> Array:
        """Unit vector along the rails."""
        return unit(self.top - self.foot)

    @property
    def out(self) -> Array:
        """Unit vector out of the ladder's plane, away from what it leans on."""
        normal = unit(np.cross(self.across, self.up))
        return normal if normal[2] > 0 else -normal

    def rung(self, index: float) -> Array:
        """Middle of a rung; fractions lie between."""
        return self.foot + self.up * self.pitch * (index + 0.8)


def climb(body: Body, rails: Rails, height_m: float) -> Stance:
    """Climbs a leaning ladder; `height_m` is how far along the rails the feet are."""
    steps = height_m / rails.pitch
    out, up, across = rails.out, rails.up, rails.across
    yaw = float(np.arctan2(-out[1], -out[0]))
    left_axis = turn(yaw) @ vec(0, 1.0, 0)
    side = across if across @ left_axis > 0 else -across
    feet, hands = [], []
    for i, sign in enumerate((1.0, -1.0)):
        phase = (steps + i) / 2.0
        base, part = np.floor(phase), phase % 1.0
        moving = float(np.clip((part - 0.45) / 0.55, 0, 1))
        eased = moving * moving * (3 - 2 * moving)
        rung = max(2 * base - i + 2 * eased, 0.0) - 0.8
        swing = 0.10 * np.sin(np.pi * moving)
        feet.append(
            rails.rung(rung)
            + side * sign * min(0.10, rails.half_width * 0.6)
            + out * (0.10 + swing)
            + vec(0, 0, ankle_m(body))
        )
        grip_at = rails.foot + up * (
            (2 * np.floor(phase + 0.5) - i + 2 * _late(phase + 0.5)) * rails.pitch
            + 1.42 * body.height_m / 1.75
        )
        hands.append(
            Hand(
                grip_at + side * sign * rails.half_width + out * 0.05,
                pole=side * sign * 0.8 - up * 0.7 + out * 0.4,
                along=unit(-out + up * 0.6),
                palm=-side * sign,
                grip=1.0,
            )
        )
    hips = (
        rails.foot
        + up * (height_m + hip_m(body) * 0.80)
        + out * 0.36
        + side * 0.03 * np.sin(np.pi * steps)
    )
    lean = float(np.arccos(np.clip(up[2], -1, 1)))
    return Stance(
        hips=hips,
        yaw=yaw,
        pitch=lean * 0.6 + 0.08,
        abdomen=0.05,
        chest=0.05,
        neck=-0.3,
        feet=(feet[0], feet[1]),
        foot_pitch=(-0.1, -0.1),
        knee_out=0.35,
        hands=(hands[0], hands[1]),
    )


def _late(phase: float) -> float:
    moving = float(np.clip((phase % 1.0 - 0.45) / 0.55, 0, 1))
    return moving * moving * (3 - 2 * moving)


def straddle(at: Array, yaw: float, share: float) -> Stance:
    """Goes over the top at a world point facing `yaw`: belly low, one leg after the other."""
    place = Place(vec(at[0], at[1], 0.0), yaw)
    top = float(at[2])
    x = (share - 0.5) * 0.9
    leg = [
        place.world(
            x - 0.35 + 0.9 * float(np.clip(share * 2 - k, 0, 1)),
            s * 0.2,
            top - 0.35 + 0.55 * float(np.sin(np.pi * np.clip(share * 2 - k, 0, 1))),
        )
        for k, s in ((0.0, 1), (0.6, -1))
    ]
    return Stance(
        hips=place.world(x - 0.1, 0, top + 0.28),
        yaw=yaw,
        pitch=0.9 - 0.5 * share,
        neck=-0.6,
        feet=(leg[0], leg[1]),
        knee_out=0.6,
        hands=(
            Hand(place.world(0.08, 0.28, top), grip=1.0),
            Hand(place.world(0.08, -0.28, top), grip=1.0),
        ),
    )


def hang(body: Body, at: Array, yaw: float, drop: float) -> Stance:
    """Hangs from or drops below a top at a world point, facing it; `drop` is metres fallen."""
    place = Place(vec(at[0], at[1], 0.0), yaw)
    top = float(at[2])
    hips = max(top - 1.05 - drop, hip_m(body) * 0.7)
    reach = place.world(0.25, 0, top) if drop < 0.15 else place.world(0.3, 0, hips + 0.75)
    side = turn(yaw) @ vec(0, 0.25, 0)
    floor = max(hips - hip_m(body) * 0.95, ankle_m(body))
    return Stance(
        hips=vec(place.at[0], place.at[1], hips),
        yaw=yaw,
        pitch=0.05,
        neck=-0.3,
        feet=(place.world(0.02, 0.12, floor), place.world(-0.08, -0.12, floor)),
        hands=(Hand(reach + side, grip=1.0), Hand(reach - side, grip=1.0)),
    )
