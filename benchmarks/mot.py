"""Footage with MOTChallenge ground truth: reading it, detecting on it, scoring tracks."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from benchmarks.machine import ROOT
from detector.benchmark.identity import Seen, evaluate
from detector.geometry import bottom_centers, iou
from detector.types import F32, I64, Detections, ObjectClass, Tracks

SHARED_DATA = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording with ground truth.

    Attributes:
        name: short name for tables.
        video: its file, relative to the shared data.
        truth: its ground truth (frame,id,left,top,width,height,…; frames from 1).
        fps: pictures a second by its container.
        frames: pictures that are labelled, from the first.
        size: (width, height) in pixels.
    """

    name: str
    video: str
    truth: str
    fps: float
    frames: int
    size: tuple[int, int]


CLIPS = {
    clip.name: clip
    for clip in (
        Clip(
            "pets_s2l1",
            "video/pets_s2l1/vtest.avi",
            "video/pets_s2l1/gt.txt",
            10.0,
            795,
            (768, 576),
        ),
        Clip(
            "ped_semi",
            "video/ped_semi/ped_626x360.mp4",
            "video/ped_semi/gt.txt",
            30.0,
            180,
            (626, 360),
        ),
        Clip(
            "synthetic_x1",
            "video/synthetic_x1/Cam_x1_0_10fps.mp4",
            "video/synthetic_x1/Cam_x1_0_10fps.gt.txt",
            10.0,
            800,
            (800, 600),
        ),
    )
}


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """Boxes of a whole clip.

    Attributes:
        frame: (N,) int64, from 1.
        key: (N,) int64 identity, or 0 where there is none.
        xyxy: (N, 4) float32 pixels.
        confidence: (N,) float32.
    """

    frame: I64
    key: I64
    xyxy: F32
    confidence: F32

    def at(self, frame: int) -> "Boxes":
        """Give those of one frame."""
        here = self.frame == frame
        return Boxes(self.frame[here], self.key[here], self.xyxy[here], self.confidence[here])

    def detections(self) -> Detections:
        """Give them as a detector would: all persons, no identities."""
        person = np.full(len(self.frame), ObjectClass.PERSON, np.int64)
        return Detections(self.xyxy, self.confidence, person)


def read_truth(clip: Clip) -> Boxes:
    """Read a clip's ground truth."""
    rows = np.loadtxt(SHARED_DATA / clip.truth, delimiter=",", ndmin=2)
    rows = rows[rows[:, 0] <= clip.frames]
    xyxy = np.concatenate((rows[:, 2:4], rows[:, 2:4] + rows[:, 4:6]), axis=1)
    return Boxes(
        rows[:, 0].astype(np.int64),
        rows[:, 1].astype(np.int64),
        xyxy.astype(np.float32),
        np.ones(len(rows), np.float32),
    )


def from_tracks(frames: Iterable[int], tracks: Iterable[Tracks]) -> Boxes:
    """Lay the tracks of several pictures end to end."""
    pairs = list(zip(frames, tracks, strict=True))
    return Boxes(
        np.concatenate([np.full(len(t), f, np.int64) for f, t in pairs]),
        np.concatenate([t.track_id for _, t in pairs]),
        np.concatenate([t.xyxy for _, t in pairs]),
        np.concatenate([t.confidence for _, t in pairs]),
    )


def sampled(clip: Clip, fps: float) -> list[int]:
    """Frame numbers that an analysis at ``fps`` pictures a second sees."""
    return list(range(1, clip.frames + 1, max(1, round(clip.fps / fps))))


def score(truth: Boxes, result: Boxes, frames: Sequence[int]) -> dict[str, float]:
    """Score tracks with trackeval on the given frames.

    Returns:
        HOTA, DetA, AssA, IDF1 and MOTA in percent, and the numbers of id switches, of
        fragmentations and of ids given out.
    """
    pairs = [(truth.at(f), result.at(f)) for f in frames]
    metrics = evaluate([[Seen(true.key, true.xyxy, own.key, own.xyxy) for true, own in pairs]])
    hota, clear, identity = metrics["HOTA"], metrics["CLEAR"], metrics["Identity"]
    return {
        "HOTA": 100 * float(np.mean(hota["HOTA"])),
        "DetA": 100 * float(np.mean(hota["DetA"])),
        "AssA": 100 * float(np.mean(hota["AssA"])),
        "IDF1": 100 * float(identity["IDF1"]),
        "MOTA": 100 * float(clear["MOTA"]),
        "IDSW": int(clear["IDSW"]),
        "Frag": int(clear["Frag"]),
        "ids": len(np.unique(np.concatenate([own.key for _, own in pairs]))),
    }


def foot_errors(truth: Boxes, result: Boxes, frames: Sequence[int]) -> dict[str, float]:
    """Say how far the feet of boxes are from those of the true persons they overlap by half.

    Returns:
        In percent of the person's height: ``rms_x``, ``rms_y`` of the foot point's error, and
        ``jitter_x``, ``jitter_y``, its change from one frame to the next (standard deviation
        divided by the square root of two).
    """
    errors: list[npt.NDArray[np.floating]] = []
    steps: list[npt.NDArray[np.floating]] = []
    before: dict[int, npt.NDArray[np.floating]] = {}
    for frame in frames:
        true, found = truth.at(frame), result.at(frame)
        overlap = iou(true.xyxy, found.xyxy)
        i, j = linear_sum_assignment(-overlap)
        half = overlap[i, j] >= 0.5
        i, j = i[half], j[half]
        height = true.xyxy[i, 3] - true.xyxy[i, 1]
        apart = bottom_centers(found.xyxy[j]) - bottom_centers(true.xyxy[i])
        now = dict(zip(true.key[i].tolist(), apart / height[:, None], strict=True))
        errors.extend(now.values())
        steps.extend(now[key] - before[key] for key in now.keys() & before.keys())
        before = now
    rms = 100 * np.sqrt(np.mean(np.square(errors), axis=0))
    jitter = 100 * np.std(steps, axis=0) / np.sqrt(2)
    return {
        "rms_x": float(rms[0]),
        "rms_y": float(rms[1]),
        "jitter_x": float(jitter[0]),
        "jitter_y": float(jitter[1]),
    }
