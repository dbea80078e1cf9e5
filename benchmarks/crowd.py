"""A simulated crowd with the faults of a detector: what the tracker was tuned on, beside footage.

People walk to places, turn, wait and leave on ground seen by a camera 4.5 m up. Boxes scatter with
errors that last (half a second) and errors that do not, get worse and vanish behind other people
and behind a pole, and come from nothing: lamp posts that look a little like people, and noise.
"""

from dataclasses import dataclass

import numpy as np

from benchmarks.mot import Boxes, Clip
from detector.types import F64

FPS = 10.0
SECONDS = 40
SIZE = (800, 600)
FOCAL_PX, CAMERA_M, TILT = 800.0, 4.5, np.deg2rad(14)
POLE_PX = (300.0, 330.0)
LASTING_S = 0.5
LASTING = np.array([0.03, 0.015, 0.04, 0.03])  # of the height: centre x, centre y, width, height
FLEETING = np.array([0.015, 0.012, 0.035, 0.025])


@dataclass(slots=True, eq=False)
class _Walkers:
    """Everybody on the ground; arrays of one entry per person, metres and metres a second."""

    key: F64
    place: F64
    goal: F64
    velocity: F64
    speed: F64
    height_m: F64
    waits_s: F64
    lasting: F64

    @classmethod
    def somewhere(cls, rng: np.random.Generator, n: int) -> "_Walkers":
        return cls(
            key=np.arange(1.0, n + 1),
            place=np.c_[rng.uniform(-6, 6, n), rng.uniform(10, 24, n)],
            goal=np.c_[rng.uniform(-7, 7, n), rng.uniform(9, 26, n)],
            velocity=np.zeros((n, 2)),
            speed=rng.uniform(0.8, 2, n),
            height_m=rng.uniform(1.55, 1.9, n),
            waits_s=np.zeros(n),
            lasting=np.zeros((n, 4)),
        )

    def walk(self, rng: np.random.Generator) -> None:
        """Go on for one picture; who has arrived takes a new goal, some after a rest."""
        way = self.goal - self.place
        left_m = np.linalg.norm(way, axis=1)
        for i in np.flatnonzero(left_m < 0.5):
            self.goal[i] = rng.uniform(-9, 9), rng.uniform(9, 26)
            self.waits_s[i] = rng.uniform(1, 5) if rng.random() < 0.3 else 0.0
        self.waits_s -= 1 / FPS
        pace = np.where(self.waits_s > 0, 0.0, self.speed) / np.maximum(left_m, 0.1)
        self.velocity += (way * pace[:, None] - self.velocity) / FPS / 0.4
        self.place += self.velocity / FPS
        kept = np.exp(-1 / FPS / LASTING_S)
        fresh = rng.normal(0, 1, self.lasting.shape) * LASTING
        self.lasting = kept * self.lasting + np.sqrt(1 - kept**2) * fresh

    def boxes(self, at: float) -> F64:
        """Give corners (N, 4) in pixels; legs swing."""
        foot, head = _project(self.place, 0.0), _project(self.place, self.height_m)
        height = foot[:, 1] - head[:, 1]
        stride = np.linalg.norm(self.velocity, axis=1) / 1.4
        half = height * (0.33 + 0.1 * np.abs(np.sin(6 * at * stride + self.key))) / 2
        return np.column_stack((foot[:, 0] - half, head[:, 1], foot[:, 0] + half, foot[:, 1]))

    def leave(self, rng: np.random.Generator, boxes: F64) -> None:
        """Replace those who are well out of the picture by somebody who comes in."""
        for i in np.flatnonzero((boxes[:, 2] < -60) | (boxes[:, 0] > SIZE[0] + 60)):
            self.key[i] = self.key.max() + 1
            depth = rng.uniform(10, 24)
            self.place[i] = rng.choice([-1, 1]) * 0.53 * depth, depth
            self.goal[i] = rng.uniform(-5, 5), rng.uniform(10, 24)
            self.velocity[i] = 0


def _project(place: F64, up_m: float | F64) -> F64:
    """Map ground places (N, 2) and heights above them to pixels (N, 2)."""
    down = CAMERA_M - up_m
    depth = place[:, 1] * np.cos(TILT) + down * np.sin(TILT)
    low = down * np.cos(TILT) - place[:, 1] * np.sin(TILT)
    middle = np.array(SIZE) / 2
    return np.column_stack(
        (middle[0] + FOCAL_PX * place[:, 0] / depth, middle[1] + FOCAL_PX * low / depth)
    )


def _hidden(boxes: F64, depth: F64) -> F64:
    """Give the share of each box that the worst single thing in front of it covers."""
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(axis=2) * (depth[None] < depth[:, None])
    behind_pole = np.clip(
        np.minimum(boxes[:, 2], POLE_PX[1]) - np.maximum(boxes[:, 0], POLE_PX[0]), 0, None
    ) / (boxes[:, 2] - boxes[:, 0])
    covered: F64 = np.maximum((common / area[:, None]).max(axis=1), behind_pole)
    return covered


def _found(rng: np.random.Generator, walkers: _Walkers, boxes: F64, seen: F64) -> F64:
    """Give what a detector makes of people: (M, 5) corners and score."""
    hidden = _hidden(boxes, walkers.place[:, 1])
    n = len(boxes)
    score = 0.85 - 0.9 * np.maximum(0, hidden - 0.3) + rng.normal(0, 0.07, n)
    score -= 0.4 * (rng.random(n) < 0.04)
    worse = (1 + 3 * hidden) * (1 + 2 * (rng.random(n) < 0.05))
    error = walkers.lasting + rng.normal(0, 1, (n, 4)) * FLEETING * worse[:, None]
    height = boxes[:, 3] - boxes[:, 1]
    center = (boxes[:, :2] + boxes[:, 2:]) / 2 + error[:, :2] * height[:, None]
    half = (boxes[:, 2:] - boxes[:, :2] + error[:, 2:] * height[:, None]) / 2
    kept = (seen > 0) & (rng.random(n) > 0.03) & (score > 0.08) & (hidden < 0.8)
    return np.column_stack((center - half, center + half, np.minimum(score, 0.97)))[kept]


def _nobody(rng: np.random.Generator, posts: F64) -> F64:
    """Give boxes where nobody is: (M, 5) corners and score."""
    shown = posts[rng.random(len(posts)) < 0.6]
    noise = np.c_[rng.uniform(0, SIZE[0], 3), rng.uniform(200, SIZE[1], 3)]
    noise = noise[: rng.poisson(0.15)]
    foot = np.concatenate((shown, noise))
    score = np.r_[rng.normal(0.25, 0.09, len(shown)), rng.uniform(0.08, 0.55, len(noise))]
    height = 70 + 0.08 * foot[:, 1] + rng.normal(0, 2, len(foot))
    left, top = foot[:, 0] - 0.18 * height, foot[:, 1] - height
    return np.column_stack(
        (left, top, foot[:, 0] + 0.18 * height, foot[:, 1], np.clip(score, 0.05, 0.6))
    )


def simulate(seed: int, people: int) -> tuple[Clip, Boxes, Boxes]:
    """Give a clip without pictures, its true boxes and what a detector would find."""
    rng = np.random.default_rng(seed)
    walkers = _Walkers.somewhere(rng, people)
    posts = np.c_[rng.uniform(100, 700, 3), rng.uniform(250, 500, 3)]
    frames = round(SECONDS * FPS)
    truth, found = [], []
    for frame in range(1, frames + 1):
        walkers.walk(rng)
        boxes = walkers.boxes(frame / FPS)
        walkers.leave(rng, boxes)
        seen = (boxes[:, 2] > 5) & (boxes[:, 0] < SIZE[0] - 5)
        here = np.clip(boxes[seen], 0, [*SIZE, *SIZE])
        truth.append(np.c_[np.full(len(here), frame), walkers.key[seen], here, np.ones(len(here))])
        made = np.concatenate(
            (_found(rng, walkers, boxes, seen.astype(np.float64)), _nobody(rng, posts))
        )
        found.append(np.c_[np.full(len(made), frame), np.zeros(len(made)), made])
    clip = Clip(f"crowd_{people}", "", "", FPS, frames, SIZE)
    return clip, _boxes(np.concatenate(truth)), _boxes(np.concatenate(found))


def _boxes(rows: F64) -> Boxes:
    return Boxes(
        rows[:, 0].astype(np.int64),
        rows[:, 1].astype(np.int64),
        rows[:, 2:6].astype(np.float32),
        rows[:, 6].astype(np.float32),
    )
