"""Compares input shapes of the network: what a frame costs, and what is found in it.

    python -m benchmarks.shapes --scenes build/scenes/dev

Whole frames are shrunk into the input. Tiles are cut at the recording's own pixels, as a grid with
an overlap, besides a whole frame at the shipped input, and put together as the service does. The
pictures are spread over the recordings that have a truth; use the dev scenes, since a shape is
chosen by this. Times are ratios to the first row, interleaved.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

import cv2
import numpy as np

from benchmarks.inference import machine, measure
from benchmarks.machine import ROOT, stamp, write_result
from benchmarks.reshaped import EVERY_BOX, model_of
from detector.benchmark.truth import SUFFIX, TrueObject, read_truth
from detector.types import U8, Detections
from detector.vision import Detector, ModelSettings
from detector.vision.manifest import Manifest, read_manifest
from detector.vision.merge import merge
from detector.vision.onnx_detector import load_detector
from detector.vision.tiles import Region
from models.train.evaluate import CLASSES, Sample, judge
from models.train.network import Found

WHOLE_PX = ((640, 384), (512, 320), (768, 448))
TILES_PX = ((640, 384), (416, 416), (320, 320), (512, 512))
SMALL_PX = 48
OVERLAP_PX = 64
"""A small person and some room."""
LEAST_VISIBLE, LEAST_PX = 0.3, 8


@dataclass(frozen=True, slots=True)
class Plan:
    """How a frame is looked at: the whole of it in one shape, and perhaps tiles of another."""

    whole: Detector
    tile: Detector | None

    def regions(self, frame_px: tuple[int, int]) -> list[Region]:
        """Give the tiles of a frame of (width, height): a grid, evenly spread."""
        if self.tile is None:
            return []
        size = self.tile.info.input_size
        lefts, tops = (starts(frame, inner) for frame, inner in zip(frame_px, size, strict=True))
        return [
            Region(x, y, min(x + size[0], frame_px[0]), min(y + size[1], frame_px[1]))
            for y, x in product(tops, lefts)
        ]

    def look(self, images: Sequence[U8]) -> list[Detections]:
        """Find boxes in each frame."""
        return [self._look(image) for image in images]

    def _look(self, image: U8) -> Detections:
        frame_px = image.shape[1], image.shape[0]
        (found,) = self.whole.detect([image])
        if self.tile is None:
            return found
        regions = self.regions(frame_px)
        seen = self.tile.detect([region.cut(image) for region in regions])
        parts = [(Region.whole(frame_px), found), *zip(regions, seen, strict=True)]
        return merge(frame_px, parts)


@dataclass(frozen=True, slots=True)
class Row:
    """One way to look at a frame against the first.

    Attributes:
        inferences: per frame.
        cpu: processor time per frame, as a multiple of the first row's.
        ap50: average precision by class.
        recall: share of true persons at or above the threshold, by their height in the recording.
        false_per_frame: wrong boxes of persons at or above the threshold.
    """

    name: str
    inferences: int
    cpu: float
    ap50: dict[str, float]
    recall: dict[str, float]
    false_per_frame: float


def starts(frame: int, inner: int) -> list[int]:
    """Give where tiles of a length begin so that they cover a frame and overlap enough."""
    if frame <= inner:
        return [0]
    count = -(-(frame - OVERLAP_PX) // max(inner - OVERLAP_PX, 1))
    return [round(step * (frame - inner) / (count - 1)) for step in range(count)]


def samples(scenes: Path, each: int) -> Iterator[Sample]:
    """Give ``each`` frames of every recording with its visible persons and ladders.

    Raises:
        SystemExit: there is no recording with a truth.
    """
    truths = sorted(scenes.glob(f"*{SUFFIX}"))
    if not truths:
        raise SystemExit(f"{scenes}: expected recordings with truth files (*{SUFFIX}), found none")
    for path in truths:
        truth = read_truth(path)
        wanted = {len(truth.frames) * (2 * k + 1) // (2 * each) for k in range(each)}
        capture = cv2.VideoCapture(str(path.parent / truth.media))
        for number in range(len(truth.frames)):
            ok, image = capture.read()
            if not ok:
                raise SystemExit(
                    f"{truth.media}: expected {len(truth.frames)} pictures, found {number}"
                )
            if number in wanted:
                shown = [one for one in truth.frames[number].objects if counts(one)]
                ids = np.array([CLASSES.index(one.label) for one in shown], np.int64)
                boxes = np.array([one.visible for one in shown], np.float32).reshape(-1, 4)
                yield Sample(np.asarray(image, np.uint8), ids, boxes)


def counts(thing: TrueObject) -> bool:
    """Tell whether enough of it can be seen for a miss to be one."""
    box = thing.visible
    tall = box is not None and box[3] - box[1] >= LEAST_PX
    return tall and thing.visibility >= LEAST_VISIBLE


def plans(model: Path, manifest: Manifest, folder: Path, threads: int) -> dict[str, Plan]:
    """Start every shape once and give the ways to look, the shipped one first."""
    graph = model / manifest.file
    shapes = {
        size: load_detector(
            ModelSettings(
                path=model_of(graph, manifest, size, folder, EVERY_BOX),
                provider="cpu",
                threads=threads,
            )
        )
        for size in dict.fromkeys((*WHOLE_PX, *TILES_PX))
    }
    whole = {f"whole {w}x{h}": Plan(shapes[w, h], None) for w, h in WHOLE_PX}
    tiled = {f"and tiles {w}x{h}": Plan(shapes[WHOLE_PX[0]], shapes[w, h]) for w, h in TILES_PX}
    return whole | tiled


def recall_by_height(
    found: Sequence[Detections], truth: Sequence[Sample], threshold: float
) -> dict[str, float]:
    """Give the share found of small persons and of the others, with how many there are."""
    shares = {}
    for name, low, high in (
        (f"< {SMALL_PX} px", 0, SMALL_PX),
        (f">= {SMALL_PX} px", SMALL_PX, 1e9),
    ):
        kept = []
        for sample in truth:
            tall = sample.xyxy[:, 3] - sample.xyxy[:, 1]
            here = (tall >= low) & (tall < high) & (sample.class_id == 0)
            kept.append(Sample(sample.image, sample.class_id[here], sample.xyxy[here]))
        judged = judge([as_found(boxes) for boxes in found], kept, 0)
        shares[f"{name} ({judged.truths})"] = judged.recall(threshold)
    return shares


def as_found(boxes: Detections) -> Found:
    """Give boxes the way the training's evaluation wants them."""
    return Found(boxes.xyxy, boxes.confidence, boxes.class_id)


def compare(ways: dict[str, Plan], truth: Sequence[Sample], rounds: int) -> list[Row]:
    """Hold every way to look against the first."""
    images = [sample.image for sample in truth]
    work: dict[str, Callable[[Sequence[U8]], object]] = {n: way.look for n, way in ways.items()}
    times = measure(work, images, rounds)
    first = next(iter(ways))
    frame_px = images[0].shape[1], images[0].shape[0]
    rows = []
    for name, way in ways.items():
        found = way.look(images)
        scores = dict(way.whole.info.scores)
        judged = [judge([as_found(boxes) for boxes in found], list(truth), n) for n in (0, 1)]
        threshold = scores[min(scores)].threshold
        rows.append(
            Row(
                name=name,
                inferences=1 + len(way.regions(frame_px)),
                cpu=times[name][0] / times[first][0],
                ap50={c: j.average_precision() for c, j in zip(CLASSES, judged, strict=True)},
                recall=recall_by_height(found, truth, threshold),
                false_per_frame=judged[0].false_per_picture(threshold),
            )
        )
    return rows


def as_markdown(head: str, rows: Sequence[Row]) -> str:
    """Write the result as a page."""
    bins = list(rows[0].recall)
    heads = ["inferences", "CPU", *(f"AP50 {c}" for c in CLASSES), *(f"recall {b}" for b in bins)]
    lines = [
        f"| look at | {' | '.join(heads)} | false persons a frame |",
        f"|---|{'--:|' * (len(heads) + 1)}",
    ]
    for row in rows:
        figures = [*row.ap50.values(), *row.recall.values(), row.false_per_frame]
        shown = " | ".join(f"{figure:.3f}" for figure in figures)
        lines.append(f"| {row.name} | {row.inferences} | {row.cpu:.2f} | {shown} |")
    note = (
        "CPU is processor time per frame as a multiple of the first row's. Recall and false boxes "
        "are of persons at the manifest's threshold; heights are those of what is seen of "
        "them in the recording, in brackets how many. Tiles are cut at its own pixels with an "
        f"overlap of {OVERLAP_PX} px, over the whole frame and besides it: more than the service "
        "cuts, which tiles along barriers only."
    )
    return "\n\n".join(["# Input shapes", head, note, "\n".join(lines)]) + "\n"


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", type=Path, default=ROOT / "models/barrier-n")
    parser.add_argument("--scenes", type=Path, required=True, help="recordings with truth files")
    parser.add_argument("--each", type=int, default=3, help="frames of each recording")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/shapes")
    return parser.parse_args()


def main() -> None:
    """Measure and write ``<out>.json`` and ``<out>.md``."""
    args = parse()
    cv2.setNumThreads(1)
    manifest = read_manifest(args.model)
    truth = list(samples(args.scenes, args.each))
    with tempfile.TemporaryDirectory() as folder:
        rows = compare(plans(args.model, manifest, Path(folder), args.threads), truth, args.rounds)
    height, width = truth[0].image.shape[:2]
    record = {
        **stamp(),
        **machine(),
        "model": f"{manifest.name} {manifest.version}",
        "sha256": manifest.sha256,
        "frames": f"{len(truth)} of {width}x{height}, {args.scenes.name} scenes",
        "rows": [asdict(row) for row in rows],
    }
    head = (
        f"`python -m benchmarks.shapes` · {record['date']} · {record['processor']}, "
        f"{record['instruction sets']} · commit {record['commit']} · {record['model']} "
        f"({manifest.sha256[:12]}) · {record['frames']}"
    )
    page = as_markdown(head, rows)
    write_result(args.out.parent, args.out.name, record, page)
    print(page)


if __name__ == "__main__":
    main()
