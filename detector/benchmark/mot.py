"""Makes truth files from MOTChallenge ground truth and a line on the ground.

A row of ``gt.txt`` is ``frame, id, left, top, width, height, …`` with frames from 1 and pixels
(https://motchallenge.net); every row is taken for a person.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from detector.benchmark.truth import Truth
from detector.errors import ConfigError, Problem
from detector.geometry import bottom_centers
from detector.types import F32, F64, I64, Xy

HYSTERESIS_PX = 8.0
"""Feet nearer to the line than this are on neither side."""
_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class Line:
    """A line on the ground, in pixels, drawn from ``start`` to ``stop``."""

    start: Xy
    stop: Xy

    @property
    def length_px(self) -> float:
        """How long it is."""
        return math.dist(self.start, self.stop)


@dataclass(frozen=True, slots=True)
class Crossing:
    """Somebody crossed: who, when, from which side, and where the feet were."""

    key: int
    at: float
    direction: Literal["left_to_right", "right_to_left"]
    foot: Xy


@dataclass(frozen=True, slots=True)
class Recording:
    """What has to be known of a recording besides its rows."""

    media: str
    fps: float
    frames: int
    size_px: tuple[int, int]


def line_crossings(at_s: F64, key: I64, xyxy: F32, line: Line) -> list[Crossing]:
    """Find who crossed a line, by a plain rule of its own, in order of time.

    The middle of a box's lower edge went from one side to the other, by more than 8 px each.

    Args:
        at_s: (N,) seconds of each box, rising for each key.
        key: (N,) identity.
        xyxy: (N, 4) pixels.
        line: to be crossed within its length.
    """
    (x1, y1), (x2, y2) = line.start, line.stop
    along = ((x2 - x1) / line.length_px, (y2 - y1) / line.length_px)
    found = []
    for who in np.unique(key):
        own, side = key == who, 0
        feet = bottom_centers(xyxy[own]).tolist()
        for at, (x, y) in zip(at_s[own].tolist(), feet, strict=True):
            # In a picture whose y points down, left of the walker is where this is positive.
            left_px = (x - x1) * along[1] - (y - y1) * along[0]
            if abs(left_px) < HYSTERESIS_PX:
                continue
            now = 1 if left_px > 0 else -1
            reach = ((x - x1) * along[0] + (y - y1) * along[1]) / line.length_px
            if side and now != side and 0 <= reach <= 1:
                way: Any = "right_to_left" if now > 0 else "left_to_right"
                found.append(Crossing(int(who), at, way, (x, y)))
            side = now
    return sorted(found, key=lambda crossing: crossing.at)


def read_rows(path: Path) -> F64:
    """Read the rows of a ``gt.txt``: (N, 6) frame, id, left, top, width, height.

    Raises:
        ConfigError: it cannot be read or has other columns.
    """
    try:
        rows = np.loadtxt(path, delimiter=",", ndmin=2)
    except (OSError, ValueError) as error:
        raise ConfigError(Problem(str(path), "MOTChallenge rows", str(error))) from error
    if rows.size and rows.shape[1] < _COLUMNS:
        expected = "frame,id,left,top,width,height in each row"
        raise ConfigError(Problem(str(path), expected, f"{rows.shape[1]} columns"))
    return rows.reshape(-1, max(rows.shape[1], _COLUMNS))[:, :_COLUMNS]


def to_truth(rows: F64, recording: Recording, where: str, line: Line, tags: Sequence[str]) -> Truth:
    """Make the truth of a recording: boxes in every picture, and who crossed the line when."""
    at_s = (rows[:, 0] - 1) / recording.fps
    xyxy = np.concatenate((rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]), axis=1)
    order = np.lexsort((at_s, rows[:, 1]))
    crossings = line_crossings(
        at_s[order], rows[order, 1].astype(np.int64), xyxy[order].astype(np.float32), line
    )
    width, height = recording.size_px
    return Truth.model_validate(
        {
            "schema": "barrier-truth/1",
            "media": recording.media,
            "duration_s": recording.frames / recording.fps,
            "fps": recording.fps,
            "size_px": recording.size_px,
            "tags": tuple(tags),
            "barrier": {
                "name": where,
                "points": [[x / width, y / height] for x, y in (line.start, line.stop)],
            },
            "tracks": {str(int(key)): {"class": "person"} for key in np.unique(rows[:, 1])},
            "events": tuple(_event(crossing, where) for crossing in crossings),
            "frames": _frames(rows, xyxy, recording),
        }
    )


def _event(crossing: Crossing, where: str) -> dict[str, Any]:
    return {
        "kind": "barrier_crossing",
        "start_s": round(crossing.at, 3),
        "end_s": round(crossing.at, 3),
        "where": where,
        "tracks": (crossing.key,),
        "direction": crossing.direction,
    }


def _frames(rows: F64, xyxy: F64, recording: Recording) -> tuple[dict[str, Any], ...]:
    frames = []
    for number in range(recording.frames):
        here = rows[:, 0] == number + 1
        objects = [
            {"id": int(key), "class": "person", "visible": tuple(round(v, 2) for v in box)}
            for key, box in zip(rows[here, 1].tolist(), xyxy[here].tolist(), strict=True)
        ]
        at_s = round(number / recording.fps, 4)
        frames.append({"frame": number, "t_s": at_s, "objects": tuple(objects)})
    return tuple(frames)
