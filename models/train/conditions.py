"""Measures a detector by condition: sensor, posture, ladder state, height, look-alikes, climbers.

python -m models.train.conditions models/barrier-n/model.onnx --data ../shared/data \
    --scenes build/scenes/test --judge build/judge --out after-conditions.jsonl

and for what comes before (COCO: its person only, its one input size):

python -m models.train.conditions START.onnx --classes 0:0 --size 640 640 --tile 640 … \
    --out before-conditions.jsonl

`--scenes` is what `python -m benchmarks.simulator render-set` makes of `benchmarks/scenes/test`;
`--judge` holds `heights` and `postures`, made likewise, and `ladder_likes` and `ladders_held_out`,
made by `… pictures --recipe benchmarks/scenes/judge/NAME.yaml --seed S --count 144` with the seeds
9500 and 9600. Nothing is chosen
here: operating points come from `--dev` (the lines of `thresholds`) or the manifest beside the
network, and where there is neither, only the score 0.25 is reported.
"""

import argparse
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from detector.benchmark.statistics import poisson, wilson
from detector.vision.manifest import MANIFEST_NAME, read_manifest
from models.train import climbers, heights, labels
from models.train.card import read_rows
from models.train.evaluate import CLASSES, Sample, folder_samples, judge
from models.train.network import Network
from models.train.rendered import LADDER_STATES, POSTURES, clips, shots
from models.train.rendered import SENSORS as SENSOR_BY_TAG
from models.train.slices import Asked, Matched, Picture, groups, judged, matched, score_at_false

Row = dict[str, object]

FIXED_SCORE = 0.25
TALL_PX = 48.0
MOSTLY_SEEN = 0.7
SENSORS = ("all", "day", "nir", "thermal")
PHOTO_SIZE = (640, 640)
"""(height, width) in which photographs are judged, as `evaluate` does: they have any aspect.

Look-alikes are judged in the service's own size as well.
"""


@dataclass(frozen=True)
class Points:
    """From which score on a box counts, by class and name (threshold, fixed)."""

    by_class: dict[str, dict[str, float]]

    @classmethod
    def read(cls, model: Path, dev: Path | None) -> "Points":
        """The operating points of `dev`, else of the manifest beside the network, else none."""
        chosen: dict[str, float] = {}
        if dev is not None:
            chosen = {name: row["threshold"] for name, row in read_rows(dev).items()}
        elif model.with_name(MANIFEST_NAME).exists():
            scores = read_manifest(model.parent).scores
            chosen = {one.label: limits.threshold for one, limits in scores.items()}
        fixed = {"fixed": FIXED_SCORE}
        return cls(
            {
                name: ({"threshold": chosen[name]} if name in chosen else {}) | fixed
                for name in CLASSES
            }
        )


@dataclass(frozen=True)
class Shown:
    """The pictures of the rendered clips, by sensor and clip, with what was found in them."""

    pictures: list[tuple[str, str, Picture]]

    def of(self, sensor: str, class_id: int) -> list[Matched]:
        """One class on the pictures of one sensor, or of all."""
        return [matched(one, class_id) for kind, _, one in self.pictures if sensor in ("all", kind)]


@dataclass(frozen=True)
class Slice:
    """A class, a sensor (or all), the name of a condition and which things are in it."""

    class_name: str
    sensor: str
    condition: str
    asked: Asked


HIDING: dict[str, Asked] = {
    "behind mesh": lambda thing: thing.behind,
    "mostly seen": lambda thing: thing.visibility >= MOSTLY_SEEN,
    "partly hidden": lambda thing: thing.visibility < MOSTLY_SEEN,
}
"""Who is on the other side of a see-through barrier (mesh, bars, concertina) than the camera, in
whatever posture; and by the share that can be seen, 0.25 at least."""


def look_at_clips(network: Network, folder: Path, every: int) -> Shown:
    """Find everything in every n-th picture of the clips of a folder."""
    return Shown(
        [
            (shot.sensor, shot.clip, Picture(network.find(shot.image), shot.things))
            for media, truth in clips(folder)
            for shot in shots(media, truth, every)
        ]
    )


def ladder_rows(shown: Shown, points: Points) -> Iterator[Row]:
    """AP50 of ladders by sensor and state; wrong boxes are those in all pictures of the sensor.

    `climbed` is a leaning ladder with somebody's box in the state climb, over or drop upon it;
    `carried` in hands or on shoulders; `raised` while it is tipped up or set.
    """
    states = ("all", *dict.fromkeys([*LADDER_STATES.values(), "climbed"]))
    for sensor in SENSORS:
        pictures = shown.of(sensor, 1)
        for state in states:
            part = Slice("ladder", sensor, state, _in_state(state))
            yield from _rows(part, pictures, points)


def person_rows(shown: Shown, points: Points) -> Iterator[Row]:
    """AP50 of people by sensor, and by posture and hiding over all sensors.

    `recall_at_1_false` is the recall of those whose longer side
    (hidden parts too; the height of who stands, the length of who crawls) is at least 48 px, at
    the score at which all pictures together have one wrong person box a picture.
    """
    everybody = shown.of("all", 0)
    score = score_at_false(judged(everybody, lambda _: True), 1.0)
    postures = dict.fromkeys(POSTURES.values())
    parts = [Slice("person", sensor, "all", _in_state("all")) for sensor in SENSORS]
    parts += [Slice("person", "all", posture, _in_state(posture)) for posture in postures]
    parts += [Slice("person", "all", name, asked) for name, asked in HIDING.items()]
    for part in parts:
        yield from _rows(part, shown.of(part.sensor, 0), points, score)


def posture_rows(shown: Shown, points: Points, one_false: float) -> Iterator[Row]:
    """Recall by posture on clips made for it: the test scenes have few who crouch or crawl near.

    In front of the fence, and behind it seen through mesh or bars; `one_false` is the score of one
    wrong box a picture on the test scenes.
    """
    everybody = shown.of("all", 0)
    for sensor in SENSORS:
        for name, asked in HIDING.items() if sensor == "all" else {"all": _in_state("all")}.items():
            yield _posture_row(Slice("person", sensor, name, asked), shown, points, one_false)
    seen = dict.fromkeys(t.condition for one in everybody for t in one.things if t.counts)
    for posture in seen:
        for behind in (False, True):
            place = "behind mesh" if behind else "in front"
            yield _posture_row(
                Slice("person", "all", f"{posture}, {place}", _posed(posture, behind=behind)),
                shown,
                points,
                one_false,
            )


def _posture_row(part: Slice, shown: Shown, points: Points, one_false: float) -> Row:
    rows = list(_rows(part, shown.of(part.sensor, 0), points, one_false))
    empty: Row = {"sensor": part.sensor, "condition": part.condition, "boxes": 0}
    return (rows[0] if rows else empty) | {"measure": "posture"}


def _posed(posture: str, *, behind: bool) -> Asked:
    return lambda thing: thing.condition == posture and thing.behind == behind


def still_rows(network: Network, folder: Path, points: Points) -> Iterator[Row]:
    """AP50 of both classes by sensor on labelled stills with `pictures.jsonl` beside them.

    Many more ladders than the test scenes have; their states are not known.
    """
    notes = [json.loads(line) for line in (folder / "pictures.jsonl").read_text().splitlines()]
    sensor_by_name = {note["picture"]: SENSOR_BY_TAG[note["sensor"]] for note in notes}
    names = [path.stem for path in labels.pictures(folder / "images")]
    samples = list(folder_samples(folder / "images"))
    found = [network.find(sample.image) for sample in samples]
    for class_id in network.class_ids:
        name = CLASSES[class_id]
        for sensor in SENSORS:
            rows = [i for i, n in enumerate(names) if sensor in ("all", sensor_by_name[n])]
            result = judge([found[i] for i in rows], [samples[i] for i in rows], class_id)
            row: Row = {
                "measure": "stills",
                "class": name,
                "sensor": sensor,
                "pictures": len(rows),
                "boxes": result.truths,
                "ap50": round(result.average_precision(), 4),
            }
            for at, score in points.by_class[name].items():
                row[f"recall_{at}"] = round(result.recall(score), 4)
                row[f"false_{at}"] = round(result.false_per_picture(score), 4)
            yield row


def _in_state(state: str) -> Asked:
    return lambda thing: state in ("all", thing.condition)


def _rows(
    part: Slice, pictures: Sequence[Matched], points: Points, one_false: float | None = None
) -> Iterator[Row]:
    """One line of results; none where nothing is asked for."""
    result = judged(pictures, part.asked)
    if not result.truths:
        return
    row: Row = {
        "measure": part.class_name,
        "sensor": part.sensor,
        "condition": part.condition,
        "ap50": round(result.average_precision(), 4),
        "boxes": result.truths,
        "things": groups(pictures, part.asked),
        "pictures": result.pictures,
    }
    for name, score in points.by_class[part.class_name].items():
        row[f"recall_{name}"] = round(result.recall(score), 4)
        row[f"false_{name}"] = round(result.false_per_picture(score), 4)
    if one_false is not None:
        tall = judged(pictures, lambda thing: part.asked(thing) and thing.size_px >= TALL_PX)
        row["score_at_1_false"] = round(one_false, 4)
        row["tall_boxes"] = tall.truths
        row["recall_at_1_false"] = round(tall.recall(one_false), 4) if tall.truths else None
    yield row


def climber_rows(network: Network, folder: Path, points: Points, one_false: float) -> Iterator[Row]:
    """Recall of climbing people cut out of photographs, by height: see `climbers`.

    `one_false` is the score of one wrong box a picture on the rendered clips; on these pictures
    nothing else could be found.
    """
    for height_px in climbers.HEIGHTS_PX:
        samples = list(climbers.samples(folder, height_px))
        result = judge([network.find(sample.image) for sample in samples], samples, 0)
        scores = points.by_class["person"] | {"at_1_false": one_false}
        yield {
            "measure": "climb_crops",
            "height_px": height_px,
            "crops": result.truths,
            **{f"recall_{name}": round(result.recall(score), 4) for name, score in scores.items()},
        }


def look_alike_rows(
    name: str, network: Network, samples: Sequence[Sample], points: Points
) -> Iterator[Row]:
    """Ladder boxes in pictures without any ladder, per 100 pictures, with exact 95 % intervals.

    Raises:
        SystemExit: a picture with a ladder in it.
    """
    if not samples:
        raise SystemExit(f"{name}: expected pictures without ladders, found none")
    found = [network.find(sample.image) for sample in samples]
    result = judge(found, list(samples), 1)
    if result.truths:
        raise SystemExit(f"{name}: expected pictures without ladders, found {result.truths}")
    for at, score in points.by_class["ladder"].items():
        count = int((result.score >= score).sum())
        low, high = poisson(count, len(samples) / 100) or (0.0, 0.0)
        hit = sum(int(((f.class_id == 1) & (f.score >= score)).any()) for f in found)
        yield {
            "measure": "look_alikes",
            "set": name,
            "at": at,
            "score": round(score, 3),
            "pictures": len(samples),
            "false_boxes": count,
            "false_per_100": round(100 * count / max(len(samples), 1), 2),
            "false_per_100_95": [round(low, 2), round(high, 2)],
            "pictures_with_one_95": wilson(hit, len(samples)),
        }


def measure(arguments: argparse.Namespace) -> Iterator[Row]:
    """All lines, as they are measured; the first says what was measured and how."""
    model: Path = arguments.model
    pairs = [pair.split(":") for pair in arguments.classes.split(",")]
    classes = {int(a): int(b) for a, b in pairs}
    wide = Network(model, tuple(arguments.size), classes)
    square = Network(model, PHOTO_SIZE, classes)
    tiles = Network(model, (arguments.tile, arguments.tile), classes)
    points = Points.read(model, arguments.dev)
    yield {
        "measure": "about",
        "model": model.parent.name if model.stem == "model" else model.stem,
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "size": list(arguments.size),
        "tile": arguments.tile,
        "every": arguments.every,
        "points": points.by_class,
    }
    shown = look_at_clips(wide, arguments.scenes, arguments.every)
    if 1 in classes.values():
        yield from ladder_rows(shown, points)
        photos = list(folder_samples(arguments.data / "ladder/neg_images"))
        for network in (square, wide):
            height, width = network.size
            yield from look_alike_rows(f"photographs, {width}x{height}", network, photos, points)
        drawn = list(folder_samples(arguments.judge / "ladder_likes/images"))
        yield from look_alike_rows("rendered", wide, drawn, points)
    yield from person_rows(shown, points)
    one_false = score_at_false(judged(shown.of("all", 0), lambda _: True), 1.0)
    yield from still_rows(wide, arguments.judge / "ladders_held_out", points)
    posed = look_at_clips(wide, arguments.judge / "postures", arguments.every_posture)
    yield from posture_rows(posed, points, one_false)
    crops = arguments.data / "person/climb_crops/images"
    yield from climber_rows(wide, crops, points, one_false)
    ways = heights.look(
        wide, tiles, arguments.tile, arguments.judge / "heights", arguments.every_heights
    )
    yield from heights.rows(ways, points.by_class["person"])


def main() -> None:
    """Write one line of JSON per result."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    for name in ("data", "scenes", "judge", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--dev", type=Path, help="lines of `thresholds`; else the manifest's")
    parser.add_argument("--size", type=int, nargs=2, default=(384, 640), help="height width")
    parser.add_argument("--tile", type=int, default=416, help="side of tiles at scale 1")
    parser.add_argument("--classes", default="0:0,1:1", help="network id:our id, COCO is 0:0")
    parser.add_argument("--every", type=int, default=10, help="of the clips' pictures")
    parser.add_argument("--every-posture", type=int, default=2, help="of the posture clips'")
    parser.add_argument("--every-heights", type=int, default=4, help="of the height clips'")
    arguments = parser.parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with arguments.out.open("w", encoding="utf-8") as out:
        for row in measure(arguments):
            print(json.dumps(row), file=out, flush=True)
            print(json.dumps(row))


if __name__ == "__main__":
    main()
