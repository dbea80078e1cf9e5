"""Prepares training data: real pictures, teacher labels, cut-outs, composites, the data set file.

python -m models.train.prepare real     --data ../shared/data --out build/train
python -m models.train.prepare teach    --pictures DIR --teacher TEACHER.onnx
python -m models.train.prepare darken   --pictures DIR --out DIR
python -m models.train.prepare tile     --pictures RENDERS --out DIR --dev-out DIR
python -m models.train.prepare cutouts  --clip CLIP.mp4 --teacher TEACHER.onnx --out DIR
python -m models.train.prepare compose  --out build/train/composites --count 4000 …
python -m models.train.prepare dataset  --out build/train/dataset --source build/train/… …
"""

import argparse
import json
import random
from pathlib import Path

import cv2
import numpy as np
import yaml

from models.train import assets, degrade, labels
from models.train.compose import SIDE_PX, compose
from models.train.network import Network

TEACHER_SCORE = 0.35
# Share of a box that must lie in a tile for its label to be kept
MIN_INSIDE = 0.4
CC_BY_CLIPS = (
    ("intel_one_by_one.mp4", 14),
    ("intel_people_preview.gif", 3),
    ("intel_person_bicycle_car_preview.gif", 3),
    ("intel_worker_zone_preview.gif", 3),
)


def real(arguments: argparse.Namespace) -> None:
    """Lay out the real pictures that may be trained on, with the labels that they came with."""
    for name, every in CC_BY_CLIPS:
        clip = arguments.data / "video/clips_nogt" / name
        folder = arguments.out / "clips/images"
        folder.mkdir(parents=True, exist_ok=True)
        for index, frame in enumerate(assets.read_clip(clip)[::every]):
            cv2.imwrite(str(folder / f"{clip.stem}@{index:05d}.jpg"), frame)
    thermal = arguments.data / "night/hituav/images/train"
    for path in labels.pictures(thermal):
        tile_picture(path, arguments.out / "hituav")
    for look in ("day", "thermal"):
        _reference_clip(arguments.data / "simulator_reference", look, arguments.out / "reference")


def tile(arguments: argparse.Namespace) -> None:
    """Cut labelled pictures into network-sized squares; those done before are kept."""
    for path in labels.pictures(arguments.pictures):
        dev = assets.is_dev(scene_of(path.stem, arguments.scene_size))
        out = arguments.dev_out if dev else arguments.out
        if not (out / "labels" / f"{path.stem}@0000.txt").exists():
            tile_picture(path, out)


def scene_of(stem: str, size: int) -> str:
    """The name shared by the `size` consecutively numbered pictures of one scene.

    >>> scene_of("000100_000017", 8)
    '000100_2'
    """
    series, _, number = stem.rpartition("_")
    return f"{series}_{int(number) // size}" if size > 1 else stem


def tile_picture(path: Path, out: Path) -> None:
    """Cut SIDE_PX squares at full scale out of a picture, left and right, with their boxes."""
    image = cv2.imread(str(path))
    height, width = image.shape[:2]
    classes, boxes = labels.read(labels.beside(path), width, height)
    top = max(0, (height - SIDE_PX) // 2)
    for left in sorted({0, max(0, width - SIDE_PX)}):
        part = image[top : top + SIDE_PX, left : left + SIDE_PX]
        kept = []
        for class_id, (x1, y1, x2, y2) in zip(classes, boxes, strict=True):
            cut = np.clip([x1 - left, x2 - left], 0, part.shape[1])
            down = np.clip([y1 - top, y2 - top], 0, part.shape[0])
            if (cut[1] - cut[0]) * (down[1] - down[0]) > MIN_INSIDE * (x2 - x1) * (y2 - y1):
                kept.append((int(class_id), cut[0], down[0], cut[1], down[1]))
        save(out, f"{path.stem}@{left:04d}", part, kept)


def save(
    out: Path, name: str, image: np.ndarray, boxes: list[tuple[int, float, float, float, float]]
) -> None:
    """Write one picture with its labels under `out`/images and `out`/labels."""
    (out / "images").mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(out / "images" / f"{name}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 93])
    labels.write(out / "labels" / f"{name}.txt", boxes, image.shape[1], image.shape[0])


def _reference_clip(folder: Path, look: str, out: Path) -> None:
    truth = json.loads((folder / f"ladder_{look}_gt.json").read_text())
    clip = next(folder.glob(f"ladder_{look}_*.mp4"))
    for index, frame in enumerate(assets.read_clip(clip)):
        if index % 6 == 0 and index < len(truth["frames"]):
            seen = [
                thing for thing in truth["frames"][index]["objects"] if thing["visibility"] > 0.3
            ]
            boxes = [(int(t["cls"] == "ladder"), *map(float, t["visible"])) for t in seen]
            save(out, f"reference_{look}@{index:04d}", frame, boxes)


def teach(arguments: argparse.Namespace) -> None:
    """Write the unchanged teacher's people as labels beside unlabelled pictures."""
    teacher = Network(arguments.teacher, (640, 640), {0: 0})
    for path in labels.pictures(arguments.pictures):
        image = cv2.imread(str(path))
        found = teacher.find(image, TEACHER_SCORE)
        boxes = [(0, *map(float, box)) for box in found.xyxy]
        labels.write(labels.beside(path), boxes, image.shape[1], image.shape[0])


def darken(arguments: argparse.Namespace) -> None:
    """Make nights of labelled pictures: what is there is known from when it was light."""
    for number, path in enumerate(labels.pictures(arguments.pictures)):
        image = cv2.imread(str(path))
        class_id, xyxy = labels.read(labels.beside(path), image.shape[1], image.shape[0])
        boxes = [(int(c), *map(float, box)) for c, box in zip(class_id, xyxy, strict=True)]
        for again in range(arguments.times):
            rng = np.random.default_rng([9, number, again])
            save(arguments.out, f"{path.stem}-night{again}", degrade.night(rng, image), boxes)


def cutouts(arguments: argparse.Namespace) -> None:
    """Cut people out of a fixed-camera clip."""
    teacher = Network(arguments.teacher, (640, 640), {0: 0})
    print(assets.people_from_clip(arguments.clip, arguments.out, teacher), "people")


def composites(arguments: argparse.Namespace) -> None:
    """Compose `count` pictures; those already there are kept, so a run may be cut off."""
    parts = assets.load(arguments.textures, arguments.photos, arguments.cutouts, dev=arguments.dev)
    split = 1 if arguments.dev else 0
    for index in range(arguments.first, arguments.first + arguments.count):
        name = f"composite_{'dev' if arguments.dev else 'train'}@{index:06d}"
        if (arguments.out / "labels" / f"{name}.txt").exists():
            continue
        example = compose(np.random.default_rng([arguments.seed, split, index]), parts)
        save(arguments.out, name, example.image, example.boxes)
        if index % 200 == 0:
            print(f"{index - arguments.first}/{arguments.count}", flush=True)


def dataset(arguments: argparse.Namespace) -> None:
    """Write dataset.yaml, train.txt and val.txt; `DIR*3` repeats a source three times."""
    arguments.out.mkdir(parents=True, exist_ok=True)
    lists: dict[str, list[str]] = {"train": [], "val": []}
    for split, sources in (("train", arguments.source), ("val", arguments.dev_source)):
        for source in sources:
            folder, _, times = source.partition("*")
            paths = [str(path.resolve()) for path in labels.pictures(Path(folder))]
            if not paths:
                raise SystemExit(f"{folder}: expected pictures, found none")
            lists[split] += paths * int(times or 1)
            print(f"{split}: {len(paths)} x {times or 1} from {folder}")
    random.Random(0).shuffle(lists["train"])  # noqa: S311 - the order of training data
    if arguments.limit:
        lists["train"] = lists["train"][: arguments.limit]
    for split, paths in lists.items():
        (arguments.out / f"{split}.txt").write_text("\n".join(paths) + "\n")
    described = {
        "path": str(arguments.out.resolve()),
        "train": "train.txt",
        "val": "val.txt",
        "names": {0: "person", 1: "ladder"},
    }
    (arguments.out / "dataset.yaml").write_text(yaml.safe_dump(described, sort_keys=False))


def main() -> None:
    """Parse the command line and run one step."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    steps = parser.add_subparsers(required=True)
    step = steps.add_parser("real")
    step.add_argument("--data", type=Path, required=True)
    step.add_argument("--out", type=Path, required=True)
    step.set_defaults(run=real)
    step = steps.add_parser("tile")
    step.add_argument("--pictures", type=Path, required=True)
    step.add_argument("--out", type=Path, required=True)
    step.add_argument(
        "--scene-size", type=int, default=1, help="so many numbered pictures show one scene"
    )
    step.add_argument("--dev-out", type=Path, required=True, help="for the pictures kept apart")
    step.set_defaults(run=tile)
    step = steps.add_parser("teach")
    step.add_argument("--pictures", type=Path, required=True)
    step.add_argument("--teacher", type=Path, required=True)
    step.set_defaults(run=teach)
    step = steps.add_parser("darken")
    step.add_argument("--pictures", type=Path, required=True)
    step.add_argument("--times", type=int, default=3, help="so many nights of each picture")
    step.add_argument("--out", type=Path, required=True)
    step.set_defaults(run=darken)
    step = steps.add_parser("cutouts")
    step.add_argument("--clip", type=Path, required=True)
    step.add_argument("--teacher", type=Path, required=True)
    step.add_argument("--out", type=Path, required=True)
    step.set_defaults(run=cutouts)
    step = steps.add_parser("compose")
    step.add_argument("--out", type=Path, required=True)
    step.add_argument("--count", type=int, required=True)
    step.add_argument("--first", type=int, default=0)
    step.add_argument("--seed", type=int, default=4)
    step.add_argument("--dev", action="store_true", help="from the assets kept apart for dev")
    for kind in ("textures", "photos", "cutouts"):
        step.add_argument(f"--{kind}", type=Path, nargs="*", default=[])
    step.set_defaults(run=composites)
    step = steps.add_parser("dataset")
    step.add_argument("--out", type=Path, required=True)
    step.add_argument("--limit", type=int, default=0, help="only so many pictures, at random")
    step.add_argument("--source", nargs="+", required=True)
    step.add_argument("--dev-source", nargs="+", required=True)
    step.set_defaults(run=dataset)
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
