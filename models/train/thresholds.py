"""Chooses operating thresholds on dev pictures: the best F0.65 with few false boxes.

python -m models.train.thresholds models/barrier-n/model.onnx --dev build/train/composites_dev
"""

import argparse
import json
from pathlib import Path

import numpy as np

from models.train.evaluate import CLASSES, Judged, folder_samples, judge
from models.train.network import Network

BETA = 0.65
# A watch that cries at every fence is switched off: false boxes a picture, at most
MOST_FALSE = 0.1
# A track may live on boxes that alone would not be believed
FLOOR_SHARE = 0.5
LOWEST_FLOOR = 0.05


def operating_point(judged: Judged) -> tuple[float, float]:
    """The score with the best F-beta among those with few enough false boxes, and that F-beta.

    Raises SystemExit where even the best box is false, so that no score would do.
    """
    order = np.argsort(-judged.score, kind="stable")
    hits = np.cumsum(judged.right[order])
    counts = np.arange(1, len(order) + 1)
    precision, recall = hits / counts, hits / max(judged.truths, 1)
    weight = BETA**2
    score = (1 + weight) * precision * recall / np.maximum(weight * precision + recall, 1e-9)
    allowed = counts - hits <= MOST_FALSE * judged.pictures
    if not (allowed & (hits > 0)).any():
        raise SystemExit("thresholds: expected a score with few false boxes, found none")
    best = int(np.where(allowed, score, 0).argmax())
    return float(judged.score[order][best]), float(score[best])


def report(network: Network, dev: list[Path], every: int = 1) -> list[dict[str, float | str]]:
    """Operating point per class on the labelled dev folders (each with `images` and `labels`)."""
    samples = [one for folder in dev for one in folder_samples(folder / "images", every)]
    found = [network.find(sample.image) for sample in samples]
    rows = []
    for class_id, name in enumerate(CLASSES):
        judged = judge(found, samples, class_id)
        threshold, f_score = operating_point(judged)
        row: dict[str, float | str] = {
            "class": name,
            "threshold": round(threshold, 3),
            "f0.65": round(f_score, 3),
            "recall": round(judged.recall(threshold), 3),
            "false_per_picture": round(judged.false_per_picture(threshold), 4),
            "dev_ap50": round(judged.average_precision(), 3),
        }
        rows.append(row)
    return rows


def main() -> None:
    """Print the operating point of each class."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--dev", type=Path, nargs="+", required=True)
    parser.add_argument("--size", type=int, nargs=2, default=(512, 512), help="height width")
    parser.add_argument("--every", type=int, default=1, help="thin out, for a quick look")
    arguments = parser.parse_args()
    network = Network(arguments.model, tuple(arguments.size), {0: 0, 1: 1})
    for row in report(network, arguments.dev, arguments.every):
        print(json.dumps(row))


if __name__ == "__main__":
    main()
