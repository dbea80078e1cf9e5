"""Average precision of a detector on the real picture sets, through ONNX Runtime.

python -m models.train.evaluate models/barrier-n/model.onnx --data ../shared/data
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from models.train import labels
from models.train.network import Found, Image, Network, iou_matrix

Array = npt.NDArray[np.float32]

CLASSES = ("person", "ladder")


@dataclass(frozen=True)
class Sample:
    """A picture with its true classes (N,) and boxes xyxy (N, 4) in pixels."""

    image: Image
    class_id: npt.NDArray[np.int64]
    xyxy: Array


@dataclass(frozen=True)
class Judged:
    """One class on one set: scores of all found boxes, which of them are right, true boxes."""

    score: Array
    right: npt.NDArray[np.bool_]
    truths: int
    pictures: int

    def average_precision(self) -> float:
        """Area under the precision envelope over recall (all points), as in VOC 2010."""
        if not self.truths or not len(self.score):
            return 0.0
        order = np.argsort(-self.score, kind="stable")
        hits = np.cumsum(self.right[order])
        precision = hits / np.arange(1, len(order) + 1)
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        recall = np.concatenate([[0.0], hits / self.truths])
        return float(np.sum(np.diff(recall) * envelope))

    def recall(self, threshold: float) -> float:
        """Share of the true boxes found at a score of at least `threshold`."""
        return float(self.right[self.score >= threshold].sum()) / max(self.truths, 1)

    def false_per_picture(self, threshold: float) -> float:
        """Wrong boxes per picture at a score of at least `threshold`."""
        return float((~self.right[self.score >= threshold]).sum()) / max(self.pictures, 1)


def folder_samples(images: Path, every: int = 1) -> Iterator[Sample]:
    """The labelled pictures of a folder; labels lie in the neighbouring `labels` folder."""
    for path in labels.pictures(images)[::every]:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise SystemExit(f"{path}: expected a picture, found something OpenCV cannot read")
        height, width = image.shape[:2]
        yield Sample(image, *labels.read(labels.beside(path), width, height))


def clip_samples(clip: Path, truth: Path, every: int) -> Iterator[Sample]:
    """Every n-th frame of a clip with people in MOTChallenge rows (frame from 1, x, y, w, h)."""
    rows = np.loadtxt(truth, delimiter=",", ndmin=2)
    capture = cv2.VideoCapture(str(clip))
    index = 0
    while True:
        ok, image = capture.read()
        if not ok:
            return
        index += 1
        if (index - 1) % every == 0:
            boxes = rows[rows[:, 0] == index, 2:6].astype(np.float32)
            boxes[:, 2:] += boxes[:, :2]
            yield Sample(image, np.zeros(len(boxes), np.int64), boxes)


def real_sets(data: Path, every: int = 1) -> dict[str, Iterator[Sample]]:
    """The real sets (and one foreign synthetic clip) that judge a model; none is trained on.

    `every` thins out the larger sets for a quick look.
    """
    x1 = data / "video/synthetic_x1"
    return {
        "pets": folder_samples(data / "person/pets_s2l1/images", every),
        "llvip_ir": folder_samples(data / "night/llvip_ir/images"),
        "llvip_vis": folder_samples(data / "night/llvip_vis/images"),
        "hituav_val": folder_samples(data / "night/hituav/images/val", every),
        "synthetic_x1": clip_samples(
            x1 / "Cam_x1_0_10fps.mp4", x1 / "Cam_x1_0_10fps.gt.txt", every=10 * every
        ),
        "ladder_photos": folder_samples(data / "ladder/images"),
        "ladder_negatives": folder_samples(data / "ladder/neg_images"),
    }


def judge(found: list[Found], samples: list[Sample], class_id: int, iou: float = 0.5) -> Judged:
    """Match found boxes to true ones, best score first, each truth once."""
    scores: list[Array] = []
    rights: list[npt.NDArray[np.bool_]] = []
    for seen, sample in zip(found, samples, strict=True):
        rows = np.flatnonzero(seen.class_id == class_id)
        truth = sample.xyxy[sample.class_id == class_id]
        rights.append(match(seen.xyxy[rows], seen.score[rows], truth, iou))
        scores.append(seen.score[rows])
    truths = sum(int((sample.class_id == class_id).sum()) for sample in samples)
    return Judged(np.concatenate(scores), np.concatenate(rights), truths, len(samples))


def match(xyxy: Array, score: Array, truth: Array, iou: float) -> npt.NDArray[np.bool_]:
    """Which boxes are right: the best-scored box of at least `iou` takes a free true box."""
    right = np.zeros(len(xyxy), np.bool_)
    if not len(truth) or not len(xyxy):
        return right
    overlap = iou_matrix(xyxy, truth)
    for row in np.argsort(-score, kind="stable"):
        best = int(overlap[row].argmax())
        if overlap[row, best] >= iou:
            right[row] = True
            overlap[:, best] = -1
    return right


Watch = Callable[[str, list[Found], list[Sample]], object]


def report(
    network: Network, sets: dict[str, Iterator[Sample]], watch: Watch = lambda *_: None
) -> dict[str, dict[str, float]]:
    """AP50 and recall per set and class; ladder AP over photos and negatives together.

    `watch` is shown every set with what was found in it.
    """
    rows: dict[str, dict[str, float]] = {}
    ladder: tuple[list[Found], list[Sample]] = ([], [])
    for name, samples in sets.items():
        kept = list(samples)
        found = [network.find(sample.image) for sample in kept]
        watch(name, found, kept)
        if name.startswith("ladder_"):
            ladder = ladder[0] + found, ladder[1] + kept
        else:
            rows[name] = _row(judge(found, kept, 0), "person")
    if ladder[1]:
        rows["ladder_all"] = _row(judge(*ladder, 0), "person") | _row(judge(*ladder, 1), "ladder")
    return rows


def _row(judged: Judged, name: str) -> dict[str, float]:
    return {
        f"{name}_ap50": round(judged.average_precision(), 4),
        f"{name}_recall25": round(judged.recall(0.25), 4),
        f"{name}_false25": round(judged.false_per_picture(0.25), 4),
        f"{name}_truths": judged.truths,
    }


def _watch(arguments: argparse.Namespace) -> Watch:
    """Write contact sheets where they are asked for."""
    if arguments.pictures is None:
        return lambda *_: None
    from models.train.sheets import write_sheets  # noqa: PLC0415 - it judges as this module does

    return lambda name, found, samples: write_sheets(
        name, found, samples, tuple(arguments.scores), arguments.pictures
    )


def main() -> None:
    """Print one line of JSON per set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the real sets")
    parser.add_argument("--size", type=int, nargs=2, default=(640, 640), help="height width")
    parser.add_argument(
        "--classes",
        default="0:0,1:1",
        help="network id:our id, COCO is 0:0, Open Images 381:0,298:1",
    )
    parser.add_argument("--sets", default="", help="only these sets, comma separated")
    parser.add_argument("--every", type=int, default=1, help="thin out, for a quick look")
    parser.add_argument("--pictures", type=Path, help="write contact sheets here: see `sheets`")
    parser.add_argument(
        "--scores", type=float, nargs=2, default=(0.25, 0.25), help="of the sheets: person ladder"
    )
    arguments = parser.parse_args()
    pairs = [pair.split(":") for pair in arguments.classes.split(",")]
    network = Network(arguments.model, tuple(arguments.size), {int(a): int(b) for a, b in pairs})
    wanted = [name for name in arguments.sets.split(",") if name]
    sets = {
        k: v
        for k, v in real_sets(arguments.data, arguments.every).items()
        if not wanted or k in wanted
    }
    for name, row in report(network, sets, _watch(arguments)).items():
        print(json.dumps({"set": name, **row}))


if __name__ == "__main__":
    main()
