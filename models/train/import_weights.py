"""Makes model folders of the unchanged start weights, as baselines for tests and benchmarks.

python -m models.train.import_weights --weights ../shared/data/weights --out build/models
"""

import argparse
import shutil
from pathlib import Path

from models.train.manifest import Manifest, Thresholds, write

LICENCE = "AGPL-3.0"
SOURCE = (
    "COCO weights of Ultralytics rebuilt from a public int8 export, unchanged; see MANIFEST.tsv "
    "beside the weights"
)
BASELINES = {
    "yolo26n-coco": ("yolo26n_coco_deq_e2e_640.onnx", "ultralytics-end2end"),
    "yolo11n-coco": ("yolo11n_coco_deq_640.onnx", "ultralytics-raw"),
}


def import_baseline(name: str, weights: Path, out: Path) -> Path:
    """Copy one baseline's graph into `out`/`name` and write its manifest; returns the folder."""
    file, family = BASELINES[name]
    source = weights / file
    if not source.is_file():
        raise SystemExit(f"{source}: expected the start weights, found no such file")
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, folder / "model.onnx")
    manifest = Manifest(
        name=name,
        version="1.0.0",
        family=family,
        height=640,
        width=640,
        dynamic=False,
        classes={0: "person"},
        thresholds={"person": Thresholds(min_score=0.25, threshold=0.4)},
        source=SOURCE,
        licence=LICENCE,
    )
    write(folder, manifest)
    return folder


def main() -> None:
    """Import all baselines."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("build/models"))
    arguments = parser.parse_args()
    for name in BASELINES:
        print(import_baseline(name, arguments.weights, arguments.out))


if __name__ == "__main__":
    main()
