"""What people do on the ground: gait with planted feet, stand, crouch, crawl, sit, work."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from benchmarks.simulator.bodies import Body
from benchmarks.simulator.pose import Array, Hand, Stance, turn, vec


@dataclass(frozen=True)
class Place:
    """Where a figure stands: a ground point in metres and the heading in radians."""

    at: Array
    yaw: float

    def world(self, x: float, y: float, z: float) -> Array:
        """Takes a point ahead, left and up of the figure into the world."""
        return self.at + turn(self.yaw) @ vec(x, y, z)


def ankle_m(body: Body) -> float:
    """Height of the ankles of a standing body."""
    return float(body.joint("foot.L")[2])


def hip_m(body: Body) -> float:
    """Height of the hips of a standing body."""
    return float(body.joint("hips")[2])


def arm_m(body: Body) -> float:
    """Length of the arm to the wrist."""
    joints = [body.joint(f"{b}.L") for b in ("upperarm", "forearm", "hand")]
    return float(sum(np.linalg.norm(b - a) for a, b in pairwise(joints)))


def stand(body: Body, place: Place, t: float = 0.0, seed: int = 0) -> Stance:
    """Stands, shifting weight a little over seconds."""
    shift = 0.02 * np.sin(0.7 * t + seed)
    foot = [
        place.world(0.05 * (1 if i else -1) * np.sin(seed), s * 0.11, ankle_m(body))
        for i, s in enumerate((1, -1))
    ]
    return Stance(
        hips=place.world(0.0, shift, hip_m(body) * 0.975),
        yaw=place.yaw,
        roll=shift,
        chest=0.04 + 0.02 * np.sin(1.1 * t + seed),
        look=0.5 * np.sin(0.31 * t + 2.1 * seed),
        feet=(foot[0], foot[1]),
        swing=(0.05 + shift, 0.05 - shift),
    )


def stride_m(body: Body, speed_mps: float) -> float:
    """Length of a gait cycle (two steps) at a speed."""
    return body.height_m * float(np.clip(0.55 + 0.25 * speed_mps, 0.5, 1.6))


def gait(body: Body, place: Place, cycle: float, speed_mps: float, *, low: float = 0.0) -> Stance:
    """Walks or runs; `cycle` counts gait cycles, `low` 0..1 bends down to creep."""
    stride = stride_m(body, speed_mps)
    running = float(np.clip((speed_mps - 2.0) / 1.5, 0.0, 1.0))
    duty = 0.62 - 0.26 * running
    ankle, feet, pitches = ankle_m(body), [], []
    for offset, sign in ((0.0, 1.0), (0.5, -1.0)):
        p = (cycle + offset) % 1.0
        if p < duty:
            x, lift = (0.5 - p / duty) * stride * duty, 0.0
            pitch = 0.5 * max(p / duty - 0.7, 0.0) / 0.3 - 0.25 * max(0.2 - p / duty, 0.0) / 0.2
        else:
            q = (p - duty) / (1 - duty)
            eased = q * q * (3 - 2 * q)
            x = (eased - 0.5) * stride * duty
            lift = (0.10 + 0.28 * running) * np.sin(np.pi * q) ** 1.2
            pitch = (0.75 + 0.5 * running) * (1 - q) - 0.25 * q
        heel = max(pitch, 0.0) * 0.12
        feet.append(place.world(x, sign * 0.075, ankle + lift + heel))
        pitches.append(float(pitch))
    bob = 0.018 * np.cos(4 * np.pi * cycle) - 0.02 - 0.05 * running
    wave = float(np.cos(2 * np.pi * cycle))
    arms = 0.35 + 0.5 * running
    lean = 0.05 + 0.14 * running + 0.5 * low
    stance = Stance(
        hips=place.world(-0.12 * low, 0.0, hip_m(body) * (0.965 - 0.25 * low) + bob),
        yaw=place.yaw,
        pitch=lean * 0.6,
        roll=0.03 * float(np.sin(2 * np.pi * cycle)),
        abdomen=0.5 * lean,
        chest=0.5 * lean,
        twist=-0.16 * wave,
        neck=-lean,
        feet=(feet[0], feet[1]),
        foot_pitch=(pitches[0], pitches[1]),
        swing=(-arms * wave, arms * wave),
    )
    if running < 0.4:
        return stance
    hands = [
        Hand(
            place.world(0.18 + 0.22 * s * -wave, s * 0.26, hip_m(body) * 1.2 + 0.12 * s * -wave),
            grip=0.9,
        )
        for s in (1.0, -1.0)
    ]
    return stance.with_hands(hands[0], hands[1])


def crouch(body: Body, place: Place, t: float = 0.0, seed: int = 0) -> Stance:
    """Squats with the hands before the knees."""
    ankle = ankle_m(body)
    sway = 0.02 * np.sin(0.9 * t + seed)
    return Stance(
        hips=place.world(-0.18, sway, 0.30 + 0.05 * np.sin(seed)),
        yaw=place.yaw,
        pitch=0.55,
        abdomen=0.25,
        chest=0.15,
        neck=-0.7,
        look=0.6 * np.sin(0.4 * t + seed),
        feet=(place.world(0.05, 0.16, ankle), place.world(-0.06, -0.16, ankle + 0.03)),
        foot_pitch=(0.0, 0.25),
        knee_out=0.5,
        hands=(Hand(place.world(0.38, 0.14, 0.36)), Hand(place.world(0.36, -0.12, 0.32))),
    )


def kneel(body: Body, place: Place, t: float, seed: int = 0) -> Stance:
    """Works with both hands at a fence ahead: cuts, pulls, shifts."""
    work = 0.05 * np.sin(5.3 * t + seed), 0.04 * np.sin(3.1 * t)
    height = 0.62 + 0.12 * np.sin(0.23 * t + seed)
    ankle = ankle_m(body)
    return Stance(
        hips=place.world(-0.10, 0.03 * np.sin(0.8 * t), 0.42),
        yaw=place.yaw,
        pitch=0.3,
        abdomen=0.15,
        chest=0.12 + 0.05 * np.sin(1.7 * t),
        neck=-0.15,
        look=0.3 * np.sin(0.5 * t),
        feet=(place.world(0.12, 0.14, ankle), place.world(-0.42, -0.12, ankle + 0.06)),
        foot_pitch=(0.0, 1.2),
        hands=(
            Hand(place.world(0.42 + work[1], 0.12, height + work[0]), grip=0.9),
            Hand(place.world(0.42 - work[1], -0.10, height - work[0]), grip=0.9),
        ),
    )


def work_standing(body: Body, place: Place, t: float, seed: int = 0) -> Stance:
    """Stands at a fence and works at breast height."""
    stance = stand(body, place, t, seed)
    height = 1.15 + 0.15 * np.sin(0.3 * t + seed)
    pull = 0.05 * np.sin(4.7 * t)
    return replace(
        stance, pitch=0.12, chest=0.15, neck=0.1, twist=0.08 * np.sin(1.3 * t)
    ).with_hands(
        Hand(place.world(0.42 + pull, 0.12, height + 0.04 * np.sin(6 * t)), grip=0.9),
        Hand(place.world(0.42 - pull, -0.12, height - 0.04 * np.sin(5 * t)), grip=0.9),
    )


def sit(body: Body, place: Place, t: float = 0.0, seed: int = 0) -> Stance:
    """Sits on the ground, knees drawn up, arms around them."""
    ankle = ankle_m(body)
    return Stance(
        hips=place.world(-0.25, 0.0, 0.12),
        yaw=place.yaw,
        pitch=-0.15,
        abdomen=0.35,
        chest=0.25,
        neck=0.05 * np.sin(0.3 * t + seed),
        look=0.4 * np.sin(0.2 * t + seed),
        feet=(place.world(0.34, 0.12, ankle), place.world(0.30, -0.12, ankle)),
        hands=(Hand(place.world(0.18, 0.10, 0.42)), Hand(place.world(0.18, -0.10, 0.40))),
    )


def crawl(body: Body, place: Place, cycle: float) -> Stance:
    """Crawls on hands and knees; `cycle` counts crawl cycles of about 0.7 m."""
    phase = 2 * np.pi * cycle
    step = 0.16
    shin = float(body.joint("shin.L")[2] - ankle_m(body))
    thigh = float(body.joint("thigh.L")[2] - body.joint("shin.L")[2])
    feet, hands = [], []
    for sign in (1.0, -1.0):
        wave = np.cos(phase) * sign
        lift = max(0.0, np.sin(phase) * sign)
        feet.append(place.world(-0.20 - shin + step * wave, sign * 0.13, 0.09 + 0.05 * lift))
        hands.append(
            Hand(
                place.world(
                    0.42 - step * wave, sign * 0.20, 0.07 + 0.07 * max(0.0, -np.sin(phase) * sign)
                ),
                along=turn(place.yaw) @ vec(1.0, 0.0, -0.1),
                palm=vec(0.0, 0.0, -1.0),
                grip=0.0,
            )
        )
    return Stance(
        hips=place.world(-0.22, 0.02 * np.sin(phase), thigh + 0.07),
        yaw=place.yaw,
        pitch=1.30,
        abdomen=0.05,
        chest=0.10,
        neck=-0.9,
        feet=(feet[0], feet[1]),
        foot_pitch=(1.5, 1.5),
        hands=(hands[0], hands[1]),
    )


def lie(body: Body, place: Place) -> Stance:
    """Lies on the back, one arm out."""
    ankle = ankle_m(body)
    return Stance(
        hips=place.world(0.0, 0.0, 0.14),
        yaw=place.yaw,
        pitch=-1.52,
        feet=(
            place.world(body.height_m * 0.46, 0.14, ankle),
            place.world(body.height_m * 0.44, -0.20, ankle),
        ),
        foot_pitch=(-1.0, -1.0),
        hands=(Hand(place.world(-0.25, 0.6, 0.08)), Hand(place.world(0.0, -0.34, 0.10))),
    )
