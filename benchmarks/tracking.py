"""Scores our tracker beside ByteTrack of the package ``trackers``: identities, feet, CPU time.

    python -m benchmarks.tracking [--model FOLDER|FILE.onnx] [--peer-python PYTHON]

Needs the shared footage. The peer runs in an environment of its own (``pip install trackers``); its
Python is named by ``--peer-python``, and without it the table says that the peer is missing.
"""

import argparse
import io
import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.crowd import simulate
from benchmarks.detections import COCO_NETWORK, detect, model_folder, scores
from benchmarks.machine import stamp, write_result
from benchmarks.mot import CLIPS, ROOT, Boxes, Clip, foot_errors, from_tracks, read_truth
from benchmarks.mot import sampled as frames_at
from benchmarks.mot import score as mot_score
from detector.geometry import iou
from detector.tracking import Tracker, TrackingSettings
from detector.types import ObjectClass, Tracks
from detector.vision.manifest import read_manifest

SCORED, TUNED_ON = ("pets_s2l1",), ("ped_semi", "synthetic_x1")
CROWDS = (5, 8, 10)
RATES_HZ = (10.0, 5.0, 2.0)
ROUNDS = 3
PEER = Path(__file__).with_name("peer_bytetrack.py")
SETTINGS = TrackingSettings()

HEAD = """\
# Tracking

{date}, {machine}, commit {commit}. Detector: {model}. Peer: {peer}.

`truth` feeds the labelled boxes to the trackers, `detector` those that the network found,
`simulated` those of `benchmarks/crowd.py`. Scored with trackeval on every picture that was looked
at. {scored} was not tuned on, though one rule came from looking at it
(docs/decisions/0007-tracker.md); {tuned_on} and the crowds were: their rows show no more
than that nothing broke. PETS says 7 pictures a second, its container 10; the container's time is
used throughout. CPU is relative to ours in the same run, the smallest mean of {rounds} turns.

| clip | boxes | Hz | tracker | HOTA | DetA | AssA | IDF1 | MOTA | IDSW | ids | CPU |
|---|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|"""

FEET_HEAD = """
## Feet

Error of the bottom centre against the labels, in percent of the person's height; jitter is its
change from picture to picture.

| clip | Hz | boxes | rms x | rms y | jitter x | jitter y |
|---|--:|---|--:|--:|--:|--:|"""


@dataclass(frozen=True, slots=True)
class Row:
    """One tracker on one clip at one rate."""

    clip: str
    boxes: str
    rate_hz: float
    tracker: str
    micros_per_update: float
    scores: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What both trackers are given: the boxes of every picture that is looked at."""

    clip: Clip
    truth: Boxes
    source: str
    boxes: Boxes
    rate_hz: float
    limits: dict[ObjectClass, tuple[float, float]]

    @property
    def frames(self) -> list[int]:
        """Give the numbers of the pictures that are looked at."""
        return frames_at(self.clip, self.rate_hz)


def ours(case: Case) -> tuple[list[Tracks], list[float]]:
    """Run our tracker; give its tracks and the CPU microseconds of every update."""
    tracker, tracks, micros = Tracker(SETTINGS, case.limits), [], []
    for frame in case.frames:
        detections = case.boxes.at(frame).detections()
        began = time.thread_time_ns()
        tracks.append(tracker.update(detections, frame / case.clip.fps))
        micros.append((time.thread_time_ns() - began) / 1e3)
    return tracks, micros


def peer_options(case: Case) -> dict[str, dict[str, float]]:
    """Give the peer's arguments: as it comes, and with our thresholds, hits and lost budget."""
    threshold = case.limits[ObjectClass.PERSON][1]
    return {
        "ByteTrack, defaults": {"frame_rate": case.rate_hz},
        "ByteTrack, our limits": {
            "frame_rate": case.rate_hz,
            "lost_track_buffer": round(30 * SETTINGS.max_lost_s.person),
            "track_activation_threshold": threshold,
            "high_conf_det_threshold": threshold,
            "minimum_consecutive_frames": SETTINGS.min_hits,
        },
    }


def peer(python: str, case: Case, options: dict[str, float]) -> tuple[Boxes, list[float], str]:
    """Run the peer in its own process; give its tracks, CPU microseconds and version."""
    given = io.BytesIO()
    np.savez(
        given,
        frame=case.boxes.frame,
        xyxy=case.boxes.xyxy,
        confidence=case.boxes.confidence,
        frames=np.array(case.frames),
        seconds=np.array(case.frames) / case.clip.fps,
        options=np.array(json.dumps(options)),
    )
    done = subprocess.run([python, PEER], input=given.getvalue(), capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"the peer failed:\n{done.stderr.decode()}")
    with np.load(io.BytesIO(done.stdout)) as data:
        found = Boxes(
            data["frame"].astype(np.int64),
            data["key"].astype(np.int64) + 1,
            data["xyxy"].astype(np.float32),
            np.ones(len(data["key"]), np.float32),
        )
        return found, data["micros"].tolist(), str(data["version"])


def compare(case: Case, python: str | None) -> tuple[list[Row], str]:
    """Run all trackers on one case, turn by turn; give their rows and the peer's version."""
    version = ""
    results: dict[str, Boxes] = {}
    micros: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        tracks, spent = ours(case)
        results["ours"] = from_tracks(case.frames, tracks)
        micros.setdefault("ours", []).append(float(np.mean(spent)))
        for name, options in peer_options(case).items() if python else ():
            results[name], spent, version = peer(str(python), case, options)
            micros.setdefault(name, []).append(float(np.mean(spent)))
    rows = [
        Row(
            clip=case.clip.name,
            boxes=case.source,
            rate_hz=case.rate_hz,
            tracker=name,
            micros_per_update=min(micros[name]),
            scores=mot_score(case.truth, result, case.frames),
        )
        for name, result in results.items()
    ]
    return rows, version


def feet(case: Case) -> dict[str, dict[str, float]]:
    """Compare the feet of our tracks with those of the detections they were made of."""
    given_out = from_tracks(case.frames, ours(case)[0])
    nearest = given_out.xyxy.copy()
    for frame in case.frames:
        here, raw = given_out.frame == frame, case.boxes.at(frame).xyxy
        if here.any():
            nearest[here] = raw[iou(given_out.xyxy[here], raw).argmax(axis=1)]
    raw_boxes = Boxes(given_out.frame, given_out.key, nearest, given_out.confidence)
    return {
        "detections": foot_errors(case.truth, raw_boxes, case.frames),
        "tracks": foot_errors(case.truth, given_out, case.frames),
    }


def cases(folder: Path, limits: dict[ObjectClass, tuple[float, float]]) -> Iterator[Case]:
    """Give everything that is run, the scored footage first."""
    given: list[tuple[Clip, Boxes, str, Boxes]] = []
    for name in (*SCORED, *TUNED_ON):
        clip = CLIPS[name]
        truth = read_truth(clip)
        given.append((clip, truth, "truth", truth))
        given.append((clip, truth, "detector", detect(clip, folder)))
    for people in CROWDS:
        clip, truth, found = simulate(people, people)
        given.append((clip, truth, "simulated", found))
    for clip, truth, source, boxes in given:
        for rate_hz in RATES_HZ:
            yield Case(clip, truth, source, boxes, rate_hz, limits)


def measure(model: Path, python: str | None) -> dict[str, Any]:
    """Run everything; give the whole result as JSON values."""
    folder = model_folder(model)
    manifest = read_manifest(folder)
    limits = scores(manifest)
    rows: list[Row] = []
    foot_rows: list[dict[str, Any]] = []
    version = ""
    for case in cases(folder, limits):
        more, found = compare(case, python)
        rows, version = [*rows, *more], found or version
        about = {"clip": case.clip.name, "rate_hz": case.rate_hz}
        if case.source != "truth":
            foot_rows.extend({**about, "boxes": what, **e} for what, e in feet(case).items())
    return {
        **stamp(),
        "model": {
            "name": manifest.name,
            "sha256": manifest.sha256,
            "person": limits[ObjectClass.PERSON],
        },
        "settings": SETTINGS.model_dump(),
        "peer": f"trackers {version}" if version else "missing",
        "rows": [asdict(row) for row in rows],
        "feet": foot_rows,
    }


def to_markdown(result: dict[str, Any]) -> str:
    """Write the result as tables."""
    model, machine = result["model"], result["machine"]
    lines = [
        HEAD.format(
            date=result["date"],
            machine=f"{machine['processor']}, {machine['cores']} cores",
            commit=result["commit"],
            model=f"{model['name']} (sha256 {model['sha256'][:12]}), scores {model['person']}",
            peer=result["peer"],
            scored=", ".join(SCORED),
            tuned_on=", ".join(TUNED_ON),
            rounds=ROUNDS,
        )
    ]
    unit = 1.0
    for row in result["rows"]:
        unit = row["micros_per_update"] if row["tracker"] == "ours" else unit
        s = row["scores"]
        numbers = " | ".join(f"{s[k]:.1f}" for k in ("HOTA", "DetA", "AssA", "IDF1", "MOTA"))
        lines.append(
            f"| {row['clip']} | {row['boxes']} | {row['rate_hz']:g} | {row['tracker']} | {numbers} "
            f"| {s['IDSW']} | {s['ids']} | {row['micros_per_update'] / unit:.1f} |"
        )
    lines.append(FEET_HEAD)
    for row in result["feet"]:
        numbers = " | ".join(f"{row[k]:.1f}" for k in ("rms_x", "rms_y", "jitter_x", "jitter_y"))
        lines.append(f"| {row['clip']} | {row['rate_hz']:g} | {row['boxes']} | {numbers} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write ``tracking.json`` and ``tracking.md``; another model adds its name."""
    parser = argparse.ArgumentParser(prog="benchmarks.tracking", description=__doc__)
    parser.add_argument("--model", type=Path, default=COCO_NETWORK)
    parser.add_argument("--peer-python", help="Python of an environment that has `trackers`")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    given = parser.parse_args()
    result = measure(given.model, given.peer_python)
    table = to_markdown(result)
    name = "tracking" if given.model == COCO_NETWORK else f"tracking-{result['model']['name']}"
    write_result(given.out, name, result, table)
    print(table)


if __name__ == "__main__":
    main()
