"""Scores line crossings: boxes -> our tracker -> the ``barrier_crossing`` rule, against labels.

    python -m benchmarks.crossings [--model FOLDER|FILE.onnx]

The true crossings derive from the labelled boxes alone, by a plain rule of its own: the middle of a
box's lower edge went from one side to the other, by more than 8 px each. Needs the shared footage.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from benchmarks.detections import COCO_NETWORK, detect, model_folder, scores
from benchmarks.floor import calibration as synthetic_calibration
from benchmarks.floor import positions as synthetic_floor
from benchmarks.machine import stamp, write_result
from benchmarks.mot import CLIPS, ROOT, SHARED_DATA, Boxes, Clip, read_truth, sampled
from detector.benchmark.mot import Crossing, Line, line_crossings
from detector.geometry import bottom_centers, offsets_to_polyline
from detector.rules import BarrierCrossingSettings, build_rules
from detector.scene import BarrierSettings, CalibrationSettings, Scene
from detector.tracking import Tracker, TrackingSettings
from detector.types import ObjectClass, Tracks, Transition, Xy
from detector.vision.manifest import read_manifest

RATES_HZ = (10.0, 5.0, 2.0)
WITHIN_S = 1.0
BARRIER = "line"


@dataclass(frozen=True, slots=True)
class ClipLine:
    """A line on the ground of a clip."""

    clip: str
    line: Line
    scored: bool

    @property
    def start(self) -> Xy:
        """Where it begins, pixels."""
        return self.line.start

    @property
    def stop(self) -> Xy:
        """Where it ends, pixels."""
        return self.line.stop

    @property
    def label(self) -> str:
        """Give the line as text."""
        return f"({self.start[0]:g},{self.start[1]:g})-({self.stop[0]:g},{self.stop[1]:g})"


LINES = (
    ClipLine("pets_s2l1", Line((425, 150), (425, 420)), scored=True),
    ClipLine("ped_semi", Line((450, 60), (450, 350)), scored=False),
    ClipLine("synthetic_x1", Line((400, 120), (400, 590)), scored=False),
    ClipLine("synthetic_x1", Line((10, 300), (790, 300)), scored=False),
)


def true_crossings(truth: Boxes, line: ClipLine, fps: float) -> list[Crossing]:
    """Find the crossings of labelled boxes, in order of time."""
    return line_crossings(truth.frame / fps, truth.key, truth.xyxy, line.line)


def check_against_shipped(found: Sequence[Crossing], line: ClipLine, fps: float) -> None:
    """Raise SystemExit unless the list that came with the footage says the same."""
    name = f"events_line_{line.start[0]:g}_{line.start[1]:g}_{line.stop[0]:g}_{line.stop[1]:g}.csv"
    file = (SHARED_DATA / CLIPS[line.clip].truth).with_name(name)
    if not file.exists():
        return
    rows = [row.split(",") for row in file.read_text(encoding="utf-8").splitlines()]
    shipped = sorted((int(row[0]), row[2]) for row in rows)
    ours = sorted(
        (round(crossing.at * fps), "+" if crossing.direction == "right_to_left" else "-")
        for crossing in found
    )
    if shipped != ours:
        raise SystemExit(f"{name} does not hold the crossings that follow from the labels")


def scene_of(line: ClipLine, calibration: CalibrationSettings | None = None) -> Scene:
    """Draw the line into its clip's frame."""
    width, height = CLIPS[line.clip].size
    points = tuple((x / width, y / height) for x, y in (line.start, line.stop))
    return Scene.build((width, height), {}, {BARRIER: BarrierSettings(points=points)}, calibration)


def track(
    boxes: Boxes, clip: Clip, rate_hz: float, limits: dict[ObjectClass, tuple[float, float]]
) -> list[Tracks]:
    """Follow boxes through a clip at a rate."""
    tracker = Tracker(TrackingSettings(), limits)
    return [
        tracker.update(boxes.at(frame).detections(), frame / clip.fps)
        for frame in sampled(clip, rate_hz)
    ]


def reported(tracks: Sequence[Tracks], line: ClipLine) -> list[Transition]:
    """Give what the rule says about the tracks."""
    (rule,) = build_rules({"crossing": BarrierCrossingSettings(barrier=BARRIER)}, scene_of(line))
    return [transition for seen in tracks for transition in rule.update(seen)]


def match(truth: Sequence[Crossing], told: Sequence[Transition]) -> list[tuple[int, int]]:
    """Pair true and reported crossings that lie within a second of each other.

    As many as possible; where several people cross at once, those that are nearest in place.
    """
    if not truth or not told:
        return []
    when = np.array([[abs(_cut_at(b) - a.at) for b in told] for a in truth])
    where = np.array([[math.dist(a.foot, b.foot) for b in told] for a in truth])
    possible = when <= WITHIN_S
    cost = np.where(possible, when / WITHIN_S + where / where.max(), 1e3)
    pairs = zip(*linear_sum_assignment(cost), strict=True)
    return [(int(i), int(j)) for i, j in pairs if possible[i, j]]


def _cut_at(transition: Transition) -> float:
    return transition.at if transition.until_s is None else transition.until_s


def score(truth: Sequence[Crossing], told: Sequence[Transition]) -> dict[str, Any]:
    """Count hits; ``delay_s`` is from the true crossing to the rule's decision."""
    pairs = match(truth, told)
    right_way = sum(truth[i].direction == told[j].direction for i, j in pairs)
    delays = [told[j].at - truth[i].at for i, j in pairs]
    precision = len(pairs) / len(told) if told else math.nan
    recall = len(pairs) / len(truth)
    return {
        "true": len(truth),
        "reported": len(told),
        "hits": len(pairs),
        "precision": precision,
        "recall": recall,
        "f1": 2 * len(pairs) / (len(told) + len(truth)),
        "direction": right_way / len(pairs) if pairs else math.nan,
        "delay_median_s": float(np.median(delays)) if delays else math.nan,
        "delay_max_s": max(delays, default=math.nan),
        "missed_at": [round(a.at, 1) for i, a in enumerate(truth) if i not in dict(pairs)],
        "false_at": [
            round(_cut_at(b), 1) for j, b in enumerate(told) if j not in {q for _, q in pairs}
        ],
    }


def distance_errors(tracks: Sequence[Tracks], line: ClipLine) -> dict[str, float]:
    """Compare measured places and distances to the line with the true ones, in metres.

    Each track is held against the person who is nearest on the floor.
    """
    clip, floor = CLIPS[line.clip], synthetic_floor()
    scene = scene_of(line, synthetic_calibration())
    barrier = scene.barriers[BARRIER]
    places, distances = [], []
    for seen in tracks:
        frame = round(seen.at * clip.fps)
        if not len(seen) or frame > len(floor):
            continue
        feet = bottom_centers(seen.xyxy)
        ground, scale = scene.ground.plane(feet), scene.scale(seen.xyxy, seen.class_id)
        apart = np.linalg.norm(ground[:, None] - floor[frame - 1][None], axis=2)
        true = floor[frame - 1][apart.argmin(axis=1)]
        places.extend(apart.min(axis=1).tolist())
        measured = scene.offsets(barrier, feet, scale).distance
        distances.extend(
            np.abs(measured - offsets_to_polyline(true, barrier.plane).distance).tolist()
        )
    return {
        "place_median_m": float(np.median(places)),
        "place_p90_m": float(np.quantile(places, 0.9)),
        "distance_median_m": float(np.median(distances)),
        "distance_p90_m": float(np.quantile(distances, 0.9)),
    }


def measure(model: Path) -> dict[str, Any]:
    """Run all lines; give the whole result as JSON values."""
    folder = model_folder(model)
    manifest = read_manifest(folder)
    limits = scores(manifest)
    rows: list[dict[str, Any]] = []
    metres: list[dict[str, Any]] = []
    for line in LINES:
        clip = CLIPS[line.clip]
        labels = read_truth(clip)
        truth = true_crossings(labels, line, clip.fps)
        check_against_shipped(truth, line, clip.fps)
        for source, boxes in (("truth", labels), ("detector", detect(clip, folder))):
            for rate_hz in RATES_HZ:
                about = {"clip": line.clip, "boxes": source, "rate_hz": rate_hz}
                tracks = track(boxes, clip, rate_hz, limits)
                told = reported(tracks, line)
                rows.append({**about, "line": line.label, **score(truth, told)})
                if line.clip == "synthetic_x1":
                    errors = distance_errors(tracks, line)
                    metres.append({**about, "line": line.label, **errors})
    return {
        **stamp(),
        "model": {"name": manifest.name, "sha256": manifest.sha256},
        "person_scores": limits[ObjectClass.PERSON],
        "within_s": WITHIN_S,
        "lines": [asdict(line) for line in LINES],
        "rows": rows,
        "metres": metres,
    }


HEAD = """\
# Line crossings

{date}, {machine}, commit {commit}. Detector: {model}.

Labelled or detected boxes -> tracker -> rule `barrier_crossing` with default settings and no
calibration. A report is a hit when the labels have a crossing within {within_s:g} s of it, one for
one. The delay runs from the labelled crossing (feet 8 px past the line) to the rule's decision.
Only {scored} was not tuned on.

| clip | line | boxes | Hz | true | told | precision | recall | F1 | direction | delay s, max |
|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"""

METRES_HEAD = """
## Metres

{clip} has true floor positions. Medians and 90 % quantiles of the error of a person's place and of
its distance to the line, with the four ground points that came with the clip.

| line | boxes | Hz | place m | p90 | distance m | p90 |
|---|---|--:|--:|--:|--:|--:|"""


def to_markdown(result: dict[str, Any]) -> str:
    """Write the result as tables."""
    model, machine = result["model"], result["machine"]
    lines = [
        HEAD.format(
            date=result["date"],
            machine=f"{machine['processor']}, {machine['cores']} cores",
            commit=result["commit"],
            model=f"{model['name']} (sha256 {model['sha256'][:12]})",
            within_s=WITHIN_S,
            scored=", ".join(sorted({line.clip for line in LINES if line.scored})),
        )
    ]
    for row in result["rows"]:
        rates = " | ".join(f"{row[k]:.2f}" for k in ("precision", "recall", "f1", "direction"))
        lines.append(
            f"| {row['clip']} | {row['line']} | {row['boxes']} | {row['rate_hz']:g} "
            f"| {row['true']} | {row['reported']} | {rates} "
            f"| {row['delay_median_s']:.1f}, {row['delay_max_s']:.1f} |"
        )
    lines.append(METRES_HEAD.format(clip="synthetic_x1"))
    keys = ("place_median_m", "place_p90_m", "distance_median_m", "distance_p90_m")
    for row in result["metres"]:
        numbers = " | ".join(f"{row[k]:.2f}" for k in keys)
        lines.append(f"| {row['line']} | {row['boxes']} | {row['rate_hz']:g} | {numbers} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write ``crossings.json`` and ``crossings.md``; another model adds its name."""
    parser = argparse.ArgumentParser(prog="benchmarks.crossings", description=__doc__)
    parser.add_argument("--model", type=Path, default=COCO_NETWORK)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    given = parser.parse_args()
    result = measure(given.model)
    table = to_markdown(result)
    name = "crossings" if given.model == COCO_NETWORK else f"crossings-{result['model']['name']}"
    write_result(given.out, name, result, table)
    print(table)


if __name__ == "__main__":
    main()
