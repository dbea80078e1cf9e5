"""Compares variants of the shipped network, what they cost and what they find, in one run.

    python -m benchmarks.variants --graphs build/train/variants

The graphs are what ``python -m models.train.quantise`` made of the same network. In each round
every variant looks at the same pictures, in an order that is drawn anew. Reported are ratios to the
network as shipped on the CPU provider. What cannot run here has a row that says why. A variant
wins if it takes at most nine tenths of the processor time in every case and no average precision
falls by more than 0.01; one that does not win is not shipped.
"""

import argparse
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from benchmarks.inference import agreement, machine, measure
from benchmarks.machine import ROOT, stamp, write_result
from benchmarks.mot import SHARED_DATA
from benchmarks.reshaped import EVERY_BOX, model_of
from benchmarks.variants_page import Row, as_markdown
from detector.errors import ModelError
from detector.types import U8, Detections, ObjectClass
from detector.vision import ClassScores, Detector, ModelSettings
from detector.vision.manifest import Manifest, read_manifest
from detector.vision.onnx_detector import load_detector
from detector.vision.settings import PrecisionChoice, ProviderChoice
from models.train.evaluate import CLASSES, Sample, judge, real_sets
from models.train.network import Found

FULL_PX, TILE_PX = (640, 384), (416, 416)
BASE = "fp32"
LEAST_GAIN, MOST_LOSS = 0.9, 0.01
EVERY = {"pets": 4, "hituav_val": 4, "llvip_ir": 1, "llvip_vis": 1, "ladder_photos": 1}
"""Of these sets every n-th picture; the look-alikes without ladders are judged with the photos."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A graph and where it runs."""

    name: str
    graph: Path
    provider: ProviderChoice = "cpu"
    precision: PrecisionChoice = "fp32"


@dataclass(frozen=True, slots=True)
class Case:
    """How pictures are put to a variant."""

    size_px: tuple[int, int]
    batch: int
    threads: int

    def __str__(self) -> str:
        """Give the head of its column."""
        many = f" x{self.batch}" if self.batch > 1 else ""
        return f"{self.size_px[0]}x{self.size_px[1]}{many}, {self.threads} thread(s)"


CASES = tuple(
    Case(size, batch, threads)
    for threads in (1, 2)
    for size, batch in ((FULL_PX, 1), (TILE_PX, 1), (TILE_PX, 4))
)


def variants(shipped: Path, graphs: Path) -> list[Variant]:
    """Give all that is compared, the shipped network first.

    Raises:
        SystemExit: the folder has no graphs.
    """
    made = sorted(graphs.glob("*.onnx"))
    if not made:
        raise SystemExit(
            f"{graphs}: expected graphs that `python -m models.train.quantise` made "
            "(it needs `pip install -e '.[train]'`), found none"
        )
    plain = [Variant(BASE, shipped), *(Variant(graph.stem, graph) for graph in made)]
    openvino = [
        Variant("OpenVINO fp32", shipped, "openvino"),
        Variant("OpenVINO bf16", shipped, "openvino", "bf16"),
        *(Variant(f"OpenVINO {g.stem}", g, "openvino") for g in made if g.stem == "int8-body"),
    ]
    return plain + openvino


class Loader:
    """Starts variants at any input shape; what it writes lies in a folder of its own."""

    def __init__(self, like: Manifest, folder: Path) -> None:
        self._like = like
        self._folder = folder
        self.scores = like.scores

    def load(self, variant: Variant, case: Case, min_score: float | None = None) -> Detector:
        """Start a variant.

        Raises:
            ModelError: it cannot run here.
        """
        folder = self._folder / variant.graph.stem
        path = model_of(variant.graph, self._like, case.size_px, folder, min_score)
        settings = ModelSettings(
            path=path,
            provider=variant.provider,
            precision=variant.precision,
            threads=case.threads,
            batch=case.batch,
        )
        return load_detector(settings)


def runnable(loader: Loader, given: Sequence[Variant]) -> tuple[list[Variant], list[Row]]:
    """Tell which variants run here; the rows of the others say why not."""
    running, rows = [], []
    for variant in given:
        row = Row(variant.name, variant.graph.stat().st_size / 1e6)
        try:
            loader.load(variant, CASES[0])
            running.append(variant)
        except ModelError as error:
            row.missing = str(error).rpartition(".yaml: ")[2]
        rows.append(row)
    return running, rows


def time_cases(
    loader: Loader, running: Sequence[Variant], pictures: Sequence[U8], rounds: int
) -> dict[str, dict[str, tuple[float, float]]]:
    """Give processor and wall seconds per picture by case and variant, interleaved in each case."""
    times = {}
    for case in CASES:
        work: dict[str, Callable[[Sequence[U8]], object]] = {
            variant.name: loader.load(variant, case).detect for variant in running
        }
        times[str(case)] = measure(work, pictures, rounds)
    return times


def judged_sets(data: Path, thin: int) -> dict[str, list[Sample]]:
    """Read the pictures that judge, each set thinned as :data:`EVERY` says and ``thin`` fold more.

    Raises:
        SystemExit: a set has no pictures.
    """
    sets = real_sets(data)
    read = {name: list(islice(sets[name], 0, None, n * thin)) for name, n in EVERY.items()}
    read["ladder_photos"] += list(islice(sets["ladder_negatives"], 0, None, thin))
    for name, samples in read.items():
        if not samples:
            raise SystemExit(f"{data}: expected pictures of the set {name}, found none")
    return read


def as_found(boxes: Detections) -> Found:
    """Give boxes the way the training's evaluation wants them."""
    return Found(boxes.xyxy, boxes.confidence, boxes.class_id)


def given_out(boxes: Detections, scores: Mapping[ObjectClass, ClassScores]) -> Detections:
    """Keep what the service would see of these boxes."""
    floors = np.array([scores[ObjectClass(number)].min_score for number in boxes.class_id])
    return boxes[np.flatnonzero(boxes.confidence >= floors)]


def judge_all(
    loader: Loader, running: Sequence[Variant], sets: dict[str, list[Sample]], rows: dict[str, Row]
) -> None:
    """Fill in what each variant finds, at the full frame's input."""
    case = Case(FULL_PX, 1, 2)
    first: list[Detections] = []
    for variant in running:
        detector, row = loader.load(variant, case, EVERY_BOX), rows[variant.name]
        everything: list[Detections] = []
        for name, samples in sets.items():
            found = detector.detect([sample.image for sample in samples])
            everything += found
            for number, label in enumerate(CLASSES):
                judged = judge([as_found(boxes) for boxes in found], samples, number)
                if judged.truths:
                    row.ap50[f"{name} {label}"] = judged.average_precision()
        shown = [given_out(boxes, loader.scores) for boxes in everything]
        first = first or shown
        row.found_again, row.added, _ = agreement(first, shown, loader.scores)


def decide(rows: dict[str, Row]) -> None:
    """Say of every variant that ran whether it wins against the first."""
    base = rows[BASE]
    for row in rows.values():
        if row is not base and not row.missing:
            fast = max(row.cpu.values()) <= LEAST_GAIN
            good = all(row.ap50[name] >= value - MOST_LOSS for name, value in base.ap50.items())
            row.wins = fast and good


def compare(args: argparse.Namespace, manifest: Manifest, folder: Path) -> list[Row]:
    """Run everything; gives a row for every variant, whether it could run or not."""
    loader = Loader(manifest, folder)
    running, listed = runnable(loader, variants(args.model / manifest.file, args.graphs))
    rows = {row.name: row for row in listed}
    sets = judged_sets(args.data, args.thin)
    pictures = [sample.image for sample in sets["pets"]]
    for case, times in time_cases(loader, running, pictures, args.rounds).items():
        for name, (cpu, wall) in times.items():
            rows[name].cpu[case] = cpu / times[BASE][0]
            rows[name].wall[case] = wall / times[BASE][1]
    judge_all(loader, running, sets, rows)
    decide(rows)
    return listed


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", type=Path, default=ROOT / "models/barrier-n")
    parser.add_argument("--graphs", type=Path, required=True, help="folder of variants")
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="the real sets")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--thin", type=int, default=1, help="every n-th picture, for a quick look")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks/results/variants")
    return parser.parse_args()


def main() -> None:
    """Measure and write ``<out>.json`` and ``<out>.md``."""
    args = parse()
    cv2.setNumThreads(1)
    manifest = read_manifest(args.model)
    with tempfile.TemporaryDirectory() as folder:
        rows = compare(args, manifest, Path(folder))
    record = {
        **stamp(),
        **machine(),
        "model": f"{manifest.name} {manifest.version}",
        "sha256": manifest.sha256,
        "rounds": args.rounds,
        "thinned": args.thin,
        "rows": [asdict(row) for row in rows],
    }
    head = (
        f"`python -m benchmarks.variants` · {record['date']} · {record['processor']}, "
        f"{record['cores']} cores, {record['instruction sets']} · onnxruntime "
        f"{record['onnxruntime']} · commit {record['commit']} · {record['model']} "
        f"({manifest.sha256[:12]})"
    )
    note = (
        f"A variant wins with at most {LEAST_GAIN} of the processor time in every case and no AP50 "
        f"lower by more than {MOST_LOSS}."
    )
    page = as_markdown(head, rows, note)
    write_result(args.out.parent, args.out.name, record, page)
    print(page)


if __name__ == "__main__":
    main()
