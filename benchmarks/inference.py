"""Compares providers, precisions, threads and batches of the detector side by side in one run.

    python -m benchmarks.inference --model models/barrier-n --pictures FOLDER [--labels FOLDER]

In each round every variant looks at the same pictures, in an order that is drawn anew, so that
whatever else the machine does hits all alike. Reported are ratios to the first variant (CPU
provider, one thread, one picture at a time) and how far what is found differs from what it finds.
"""

import argparse
import itertools
import platform
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cv2
import numpy as np

from benchmarks.machine import write_result
from detector.errors import ModelError
from detector.geometry import iou
from detector.types import U8, Detections, ObjectClass
from detector.vision import ClassScores, Detector, ModelSettings
from detector.vision.cpu import CPUINFO, cores, cpu_flags
from detector.vision.onnx_detector import load_detector
from detector.vision.preprocess import Preprocessor

MATCH_IOU = 0.5
BATCH = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One variant against the first.

    Attributes:
        cpu: processor time per picture, as a multiple of the first variant's.
        wall: passed time per picture, likewise.
        found_again: share of the first variant's boxes at or above the threshold that it finds too.
        added: its boxes at or above the threshold that the first does not have, as a share.
        score_change: mean absolute change of the confidence of boxes that both find.
        recall: share of labelled persons found at the threshold, None without labels.
        precision: share of its persons that are labelled, None without labels.
    """

    name: str
    effective: str
    cpu: float
    wall: float
    found_again: float
    added: float
    score_change: float
    recall: float | None
    precision: float | None


def variants(path: Path) -> dict[str, ModelSettings]:
    """Give all settings that are compared; the first is the measure of the others."""
    threads = sorted({1, min(2, cores())})
    plain = {
        f"{provider} {precision} {count} thread(s)": ModelSettings(
            path=path, provider=provider, precision=precision, threads=count
        )
        for (provider, precision), count in itertools.product(
            [("cpu", "fp32"), ("openvino", "fp32"), ("openvino", "bf16"), ("cuda", "fp32")], threads
        )
    }
    batched = {
        f"{name} batch {BATCH}": settings.model_copy(update={"batch": BATCH})
        for name, settings in plain.items()
        if settings.threads == 1
    }
    return plain | batched


def load_all(path: Path) -> tuple[dict[str, Detector], dict[str, str]]:
    """Start what can be started here, and say why the rest cannot."""
    running: dict[str, Detector] = {}
    missing: dict[str, str] = {}
    for name, settings in variants(path).items():
        try:
            detector = load_detector(settings)
        except ModelError as error:
            missing[name] = str(error).removeprefix(f"{path}/model.yaml: ")
            continue
        if settings.batch == detector.info.max_batch:
            running[name] = detector
        else:
            missing[name] = f"the network takes {detector.info.max_batch} picture at a time"
    return running, missing


def measure(
    work: dict[str, Callable[[Sequence[U8]], object]], pictures: Sequence[U8], rounds: int
) -> dict[str, tuple[float, float]]:
    """Give the median processor and wall seconds per picture of each kind of work, interleaved."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in work}
    draw = random.Random(0)  # noqa: S311  (an order, not a secret)
    for step in range(rounds):
        group = [pictures[(step * BATCH + k) % len(pictures)] for k in range(BATCH)]
        for name in draw.sample(list(work), len(work)):
            cpu, wall = time.process_time(), time.perf_counter()
            work[name](group)
            spent = (time.process_time() - cpu) / BATCH, (time.perf_counter() - wall) / BATCH
            times[name].append(spent)
    return {
        name: (statistics.median(c for c, _ in spent), statistics.median(w for _, w in spent))
        for name, spent in times.items()
    }


def sure(found: Detections, scores: dict[ObjectClass, ClassScores]) -> Detections:
    """Keep what is at or above its class's threshold."""
    limits = np.array([scores[ObjectClass(number)].threshold for number in found.class_id])
    return found[np.flatnonzero(found.confidence >= limits)]


def matched(one: Detections, other: Detections) -> list[tuple[int, int]]:
    """Pair boxes of one class that overlap by half or more, best first."""
    overlap = iou(one.xyxy, other.xyxy) * np.equal.outer(one.class_id, other.class_id)
    pairs = []
    while overlap.size and overlap.max() >= MATCH_IOU:
        a, b = np.unravel_index(overlap.argmax(), overlap.shape)
        pairs.append((int(a), int(b)))
        overlap[a], overlap[:, b] = 0, 0
    return pairs


def agreement(
    reference: Sequence[Detections],
    found: Sequence[Detections],
    scores: dict[ObjectClass, ClassScores],
) -> tuple[float, float, float]:
    """Share found again, share added, and mean change of confidence.

    A sure box counts as found again if the other side has it at any confidence that is given out at
    all: near the threshold the least change tips it over.
    """
    again = added = total = extra = 0
    changes: list[float] = []
    for base, new in zip(reference, found, strict=True):
        sure_base, sure_new = sure(base, scores), sure(new, scores)
        pairs = matched(sure_base, new)
        again, total = again + len(pairs), total + len(sure_base)
        changes += [abs(float(sure_base.confidence[a] - new.confidence[b])) for a, b in pairs]
        added, extra = added + len(sure_new) - len(matched(sure_new, base)), extra + len(sure_new)
    return again / max(total, 1), added / max(extra, 1), float(np.mean(changes or [0.0]))


def against_labels(
    found: Sequence[Detections], labels: Sequence[Detections], threshold: float
) -> tuple[float, float]:
    """Recall and precision of persons at the threshold."""
    hits = given = wanted = 0
    for boxes, truth in zip(found, labels, strict=True):
        persons = boxes[(boxes.class_id == ObjectClass.PERSON) & (boxes.confidence >= threshold)]
        hits += len(matched(persons, truth))
        given, wanted = given + len(persons), wanted + len(truth)
    return hits / max(wanted, 1), hits / max(given, 1)


def read_labels(folder: Path, stem: str, image: U8) -> Detections:
    """Read the persons (class 0) of a YOLO label file, in pixels of the picture."""
    rows = [line.split() for line in (folder / f"{stem}.txt").read_text().splitlines()]
    size = np.array([image.shape[1], image.shape[0]] * 2)
    boxes = np.array([row[1:5] for row in rows if row[0] == "0"], np.float64).reshape(-1, 4) * size
    half = boxes[:, 2:] / 2
    xyxy = np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1).astype(np.float32)
    return Detections(xyxy, np.ones(len(xyxy), np.float32), np.zeros(len(xyxy), np.int64))


def compare(
    detectors: dict[str, Detector],
    pictures: Sequence[U8],
    labels: Sequence[Detections],
    times: dict[str, tuple[float, float]],
) -> list[Row]:
    """Hold every variant against the first."""
    first = next(iter(detectors))
    scores = dict(detectors[first].info.scores)
    found = {name: detector.detect(pictures) for name, detector in detectors.items()}
    rows = []
    for name, detector in detectors.items():
        info = detector.info
        again, added, change = agreement(found[first], found[name], scores)
        recall: float | None = None
        precision: float | None = None
        if labels:
            limit = scores[ObjectClass.PERSON].threshold
            recall, precision = against_labels(found[name], labels, limit)
        rows.append(
            Row(
                name=name,
                effective=f"{info.provider} {info.precision}",
                cpu=times[name][0] / times[first][0],
                wall=times[name][1] / times[first][1],
                found_again=again,
                added=added,
                score_change=change,
                recall=recall,
                precision=precision,
            )
        )
    return rows


def machine() -> dict[str, str]:
    """Say where this was measured."""
    names = [
        line.partition(":")[2].strip()
        for line in (CPUINFO.read_text() if CPUINFO.exists() else "").splitlines()
        if line.startswith("model name")
    ]
    packages = {}
    for package in ("onnxruntime", "onnxruntime-ep-openvino", "opencv-python-headless", "numpy"):
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            packages[package] = "not installed"
    wanted = {"avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16"}
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": str(cores()),
        "instruction sets": " ".join(sorted(cpu_flags() & wanted)),
        **packages,
    }


def as_markdown(result: dict[str, object], rows: Sequence[Row], missing: dict[str, str]) -> str:
    """Write the result as a page."""
    lines = ["# Inference: providers, precisions, threads, batches", ""]
    lines += [f"- {key}: {value}" for key, value in result.items()]
    lines += [
        "",
        "| variant | CPU time | wall | found again | added | score change | recall | precision |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        truth = ["-" if value is None else f"{value:.3f}" for value in (row.recall, row.precision)]
        lines.append(
            f"| {row.name} | {row.cpu:.2f} | {row.wall:.2f} | {row.found_again:.3f} | "
            f"{row.added:.3f} | {row.score_change:.4f} | {' | '.join(truth)} |"
        )
    if missing:
        lines += ["", "Not measured here:", ""]
        lines += [f"- {name}: {reason}" for name, reason in missing.items()]
    return "\n".join(lines) + "\n"


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", type=Path, required=True, help="folder with a model.yaml")
    parser.add_argument("--pictures", type=Path, required=True, help="folder of pictures")
    parser.add_argument("--labels", type=Path, help="folder of YOLO label files, class 0 = person")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/inference"))
    return parser.parse_args()


def main() -> None:
    """Measure and write ``<out>.json`` and ``<out>.md``."""
    args = parse()
    cv2.setNumThreads(1)
    files = sorted(args.pictures.glob("*.jpg")) + sorted(args.pictures.glob("*.png"))
    pictures = [np.asarray(cv2.imread(str(file)), np.uint8) for file in files]
    labels = [
        read_labels(args.labels, file.stem, image)
        for file, image in zip(files, pictures, strict=True)
        if args.labels
    ]
    detectors, missing = load_all(args.model)
    first = next(iter(detectors.values()))
    width, height = first.info.input_size
    writer, tensor = Preprocessor((width, height)), np.empty((3, height, width), np.float32)
    work: dict[str, Callable[[Sequence[U8]], object]] = {
        name: detector.detect for name, detector in detectors.items()
    }
    work["preprocessing alone"] = lambda group: [writer.write(image, tensor) for image in group]
    times = measure(work, pictures, args.rounds)
    rows = compare(detectors, pictures, labels, times)
    share = times["preprocessing alone"][0] / times[next(iter(detectors))][0]
    network = f"{first.info.model} {first.info.version}, {first.info.family}, {width}x{height}"
    result: dict[str, object] = {
        "network": network,
        "pictures": f"{len(pictures)} of {pictures[0].shape[1]}x{pictures[0].shape[0]}",
        "rounds": f"{args.rounds}, each of {BATCH} pictures, interleaved",
        "preprocessing's share of the first variant's CPU time": f"{share:.3f}",
        **machine(),
    }
    page = as_markdown(result, rows, missing)
    record = {**result, "rows": [asdict(row) for row in rows], "not measured": missing}
    write_result(args.out.parent, args.out.stem, record, page)
    print(page)


if __name__ == "__main__":
    main()
