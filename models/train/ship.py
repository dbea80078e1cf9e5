"""Puts an exported network into a model folder with its manifest.

python -m models.train.ship --graph ours.onnx --dev dev.jsonl --version 0.1.0 \
    --folder models/barrier-n

The measurements are the lines that `thresholds` prints.
"""

import argparse
import shutil
from pathlib import Path

from models.train.card import read_rows
from models.train.manifest import Manifest, Thresholds, write
from models.train.thresholds import FLOOR_SHARE, LOWEST_FLOOR

SOURCE = (
    "YOLO11n COCO weights of Ultralytics (rebuilt from a public int8 export), fine-tuned by "
    "models/train on drawn, rendered and real pictures and blended with the start weights; ladders "
    "in a branch of their own behind the shared backbone"
)


def ship(graph: Path, dev: Path, version: str, folder: Path) -> None:
    """Copy the graph and write `model.yaml` with the operating points measured on dev pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(graph, folder / "model.onnx")
    points = {}
    for name, row in read_rows(dev).items():
        threshold = round(row["threshold"], 2)
        points[name] = Thresholds(round(max(LOWEST_FLOOR, FLOOR_SHARE * threshold), 2), threshold)
    manifest = Manifest(
        name=folder.name,
        version=version,
        family="ultralytics-raw",
        height=384,
        width=640,
        dynamic=True,
        classes={0: "person", 1: "ladder"},
        thresholds=points,
        source=SOURCE,
        licence="AGPL-3.0",
    )
    write(folder, manifest)


def main() -> None:
    """Write the model folder."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("graph", "dev", "folder"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--version", required=True)
    arguments = parser.parse_args()
    ship(arguments.graph, arguments.dev, arguments.version, arguments.folder)


if __name__ == "__main__":
    main()
