"""Do detectors see rendered people as they see real ones? The simulator's measure of realism.

`python -m benchmarks.simulator.realism` renders people in every sensor, posture and size, takes
real footage of the shared data beside them, and compares the scores that COCO detectors give.
A score is that of the best person box on somebody (intersection over union at least 0.4), else 0;
a height is that of the person's box in the 640 pixels that the detector sees.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import ROOT, stamp, write_result
from benchmarks.mot import SHARED_DATA
from benchmarks.simulator.footage import REFERENCES, Box, Image, real_pictures
from benchmarks.simulator.person_finder import PersonFinder, best_score

OUT = ROOT / "benchmarks" / "results"
MODELS = ("yolo26n_coco_deq_e2e_640.onnx", "yolo11n_coco_deq_640.onnx")
EDGES_PX = (16, 24, 32, 48, 64, 96, 128)
BINS = (*(f"{low}-{high}" for low, high in pairwise(EDGES_PX)), "128+")
SEED, WORLDS = 2026, 3
FOUND = 0.3
ENOUGH = 8  # people in a cell before its quantiles say anything
UPRIGHT = "upright"

Key = tuple[str, str, str, str]  # detector, set or sensor, posture, bin
Scores = dict[Key, list[float]]


@dataclass(frozen=True)
class Spread:
    """How scores spread: quantiles 0..1 and the share of people found at 0.3."""

    people: int
    low: float
    quarter: float
    median: float
    three_quarters: float
    high: float
    found: float


def bin_of(height_px: float) -> str | None:
    """The name of the bin of a height, None below the smallest."""
    place = int(np.searchsorted(EDGES_PX, height_px, side="right"))
    return BINS[place - 1] if place else None


def spread(scores: list[float]) -> Spread | None:
    """Sums scores up: quantiles 10, 25, 50, 75, 90 %; None when there are none."""
    if not scores:
        return None
    quantiles = np.quantile(scores, (0.1, 0.25, 0.5, 0.75, 0.9)).round(3).tolist()
    found = round(float(np.mean(np.array(scores) >= FOUND)), 3)
    return Spread(len(scores), *quantiles, found)


def verdict(rendered: Spread | None, real: Spread | None) -> str:
    """Where the rendered median lies against the real 10 to 90 % range."""
    if real is None:
        return "no real reference"
    if rendered is None or rendered.people < ENOUGH or real.people < ENOUGH:
        return "too few"
    if rendered.median < real.low:
        return "below"
    return "above" if rendered.median > real.high else "within"


def score(
    finders: list[PersonFinder], image: Image, boxes: list[Box], where: tuple[str, str], out: Scores
) -> None:
    """Adds the scores of a picture's people under (set or sensor, posture) to `out`."""
    if not boxes:
        return
    for finder in finders:
        found = finder(image)
        for box in boxes:
            name = bin_of(box[3] - box[1])
            if name is not None:
                out[(finder.name, *where, name)].append(best_score(*found, box))


def measured(finders: list[PersonFinder], worlds: int) -> tuple[Scores, Scores]:
    """Scores of rendered people by sensor and posture, and of real ones by set."""
    from benchmarks.simulator.lineup import lineup  # noqa: PLC0415 - needs EGL, the rest does not

    rendered: Scores = defaultdict(list)
    for sample in lineup(SEED, worlds):
        score(finders, sample.image, sample.boxes, (sample.sensor, sample.pose), rendered)
    real: Scores = defaultdict(list)
    for name in sorted({s for reference in REFERENCES.values() for s in reference.sets}):
        for image, boxes in real_pictures(name):
            score(finders, image, boxes, (name, UPRIGHT), real)
    return rendered, real


def compared(rendered: Scores, real: Scores, detectors: Iterable[str]) -> list[dict[str, Any]]:
    """A row for each detector, sensor, posture and bin; only upright people have real ones."""
    rows = []
    sensors = [(s, p) for s in REFERENCES for p in _postures(rendered)]
    for detector in detectors:
        for sensor, pose in sensors:
            for name in BINS:
                ours = spread(rendered.get((detector, sensor, pose, name), []))
                theirs = None
                if pose == UPRIGHT:
                    sets = REFERENCES[sensor].sets
                    keys = [(detector, s, UPRIGHT, name) for s in sets]
                    theirs = spread([v for key in keys for v in real.get(key, [])])
                rows.append(
                    {
                        "detector": detector,
                        "sensor": sensor,
                        "posture": pose,
                        "height_px": name,
                        "rendered": asdict(ours) if ours else None,
                        "real": asdict(theirs) if theirs else None,
                        "verdict": verdict(ours, theirs),
                    }
                )
    return rows


def _postures(rendered: Scores) -> list[str]:
    return sorted({key[2] for key in rendered}, key=lambda pose: (pose != UPRIGHT, pose))


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, action="append", help="YOLO export, 640 pixels")
    parser.add_argument("--worlds", type=int, default=WORLDS)
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    from benchmarks.simulator.realism_report import markdown, plot  # noqa: PLC0415 - matplotlib

    began = time.process_time()
    finders = [PersonFinder(p) for p in args.model or [SHARED_DATA / "weights" / m for m in MODELS]]
    rendered, real = measured(finders, args.worlds)
    result = {
        "command": "python -m benchmarks.simulator.realism",
        **stamp(),
        "models": [{"name": f.name, "sha256": f.sha256} for f in finders],
        "seed": SEED,
        "worlds": args.worlds,
        "cpu_s": round(time.process_time() - began),
        "references": {sensor: asdict(r) for sensor, r in REFERENCES.items()},
        "rows": compared(rendered, real, [f.name for f in finders]),
    }
    write_result(args.out, "realism", result, markdown(result))
    plot(result, rendered, args.out / "realism.png")


if __name__ == "__main__":
    main()
