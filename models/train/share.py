"""Chooses how far to blend back towards the start weights, on dev pictures alone.

    python -m models.train.share --start start.pt --tuned last.pt --out build/train/shares \
        --people DEV_REAL DEV_NIGHTS DEV_RENDERED --ladders DEV_RENDERED DEV_DRAWN

Prints the AP50 of each share on each dev folder (each with `images` and `labels`). No share is best
everywhere, and no folder is worth more than another: the mean counts. Of those within ``CLOSE`` of
the best mean the least share is taken, as what stays near the start keeps real pictures right.
"""

import argparse
import copy
import json
from pathlib import Path

from torch import nn
from ultralytics import YOLO

from models.train.blend import blend, save
from models.train.evaluate import CLASSES, folder_samples, judge
from models.train.export import export
from models.train.network import Network
from models.train.train import two_class_network

CLOSE = 0.003
SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def written(start: nn.Module, tuned: nn.Module, share: float, out: Path) -> Path:
    """Blend, write the checkpoint and export it; what is there already is kept."""
    checkpoint = out / f"share_{share:.2f}.pt"
    if not checkpoint.with_suffix(".onnx").exists():
        save(blend(copy.deepcopy(start), [tuned], share), checkpoint)
        export(checkpoint, checkpoint.with_suffix(".onnx"))
    return checkpoint.with_suffix(".onnx")


def judged(graph: Path, folders: dict[int, list[Path]], size: tuple[int, int]) -> dict[str, float]:
    """AP50 by class and dev folder."""
    network = Network(graph, size, {0: 0, 1: 1})
    row = {}
    for folder in sorted({one for several in folders.values() for one in several}):
        samples = list(folder_samples(folder / "images"))
        found = [network.find(sample.image) for sample in samples]
        for class_id, theirs in folders.items():
            if folder in theirs:
                ap50 = judge(found, samples, class_id).average_precision()
                row[f"{CLASSES[class_id]} {folder.name}"] = round(ap50, 4)
    return row


def chosen(means: dict[float, float]) -> float:
    """The least share whose mean is within ``CLOSE`` of the best.

    >>> chosen({0.7: 0.7754, 0.8: 0.7798, 0.9: 0.7803, 1.0: 0.7779})
    0.8
    """
    best = max(means.values())
    return min(share for share, mean in means.items() if mean >= best - CLOSE)


def main() -> None:
    """Print a line of JSON for every share, the chosen one last."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--tuned", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--people", type=Path, nargs="+", required=True)
    parser.add_argument("--ladders", type=Path, nargs="+", required=True)
    parser.add_argument("--shares", type=float, nargs="+", default=SHARES)
    parser.add_argument("--size", type=int, nargs=2, default=(512, 512), help="height width")
    arguments = parser.parse_args()
    start = two_class_network(YOLO(arguments.start).model)
    tuned = YOLO(arguments.tuned).model
    folders = {0: arguments.people, 1: arguments.ladders}
    means = {}
    for share in arguments.shares:
        graph = written(start, tuned, share, arguments.out)
        row = judged(graph, folders, tuple(arguments.size))
        means[share] = sum(row.values()) / len(row)
        print(json.dumps({"share": share, "mean": round(means[share], 4), **row}), flush=True)
    print(json.dumps({"chosen": chosen(means)}))


if __name__ == "__main__":
    main()
