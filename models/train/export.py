"""Exports a trained checkpoint to ONNX with dynamic batch, height and width, and checks parity.

    python -m models.train.export build/train/runs/first/weights/best.pt models/barrier-n/model.onnx

The check compares the raw output of the head, box by box, with PyTorch's for the same weights; with
``--parity FILE`` its table is written as JSON. ``--check-only`` leaves an exported graph as it is.
"""

import argparse
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
from ultralytics import YOLO

from detector.vision.onnx_runtime import ort
from models.train import labels
from models.train.network import Array, Image, letterbox

OPSET = 17
BOX_TOLERANCE_PX = 1e-2
SCORE_TOLERANCE = 1e-3
SHAPES = ((384, 640), (416, 416), (512, 512))
BATCHES = (1, 4)
REAL = 4
"""Real pictures per shape, looked at as one batch."""


@dataclass(frozen=True)
class Gap:
    """The largest differences of ONNX Runtime from PyTorch for one batch.

    Attributes:
        height, width: of the input in pixels.
        pictures: "noise" or "real".
        box_px: largest difference of a box's centre or side, over all cells.
        score: largest difference of a class's score.
    """

    height: int
    width: int
    batch: int
    pictures: str
    box_px: float
    score: float


def export(checkpoint: Path, target: Path) -> None:
    """Write the ONNX file."""
    made = Path(YOLO(checkpoint).export(format="onnx", dynamic=True, simplify=True, opset=OPSET))
    onnx.checker.check_model(str(made))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(made, target)


def parity(checkpoint: Path, graph: Path, pictures: list[Path]) -> list[Gap]:
    """Compare PyTorch with ONNX Runtime on noise and on real pictures.

    Shapes and batches are others than those the graph was traced with.
    """
    network = YOLO(checkpoint).model.float().eval()
    return measured(lambda tensor: network(tensor)[0], graph, pictures)


def measured(
    network: Callable[[torch.Tensor], torch.Tensor], graph: Path, pictures: list[Path]
) -> list[Gap]:
    """Compare a network, pictures to decoded boxes, with its graph: see `parity`."""
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    gaps = []
    for kind, tensor in batches(pictures):
        with torch.no_grad():
            expected = network(torch.from_numpy(tensor)).numpy()
        gap = np.abs(session.run(None, {name: tensor})[0] - expected)
        batch, _, height, width = tensor.shape
        worst = float(gap[:, :4].max()), float(gap[:, 4:].max())
        gaps.append(Gap(height, width, batch, kind, *worst))
    return gaps


def batches(pictures: list[Path]) -> Iterator[tuple[str, Array]]:
    """What is compared: kind and tensor (B, 3, height, width), RGB 0..1.

    Raises SystemExit where a picture cannot be read.
    """
    rng = np.random.default_rng(0)
    for shape in SHAPES:
        for count in BATCHES:
            yield "noise", rng.random((count, 3, *shape), dtype=np.float32)
        if pictures:
            yield "real", np.concatenate([letterbox(_read(path), shape)[0] for path in pictures])


def check(gaps: list[Gap], graph: Path) -> None:
    """Raise SystemExit where the graph does not give the same as PyTorch."""
    for gap in gaps:
        if not (gap.box_px <= BOX_TOLERANCE_PX and gap.score <= SCORE_TOLERANCE):
            raise SystemExit(
                f"{graph}: expected boxes within {BOX_TOLERANCE_PX} px and scores within "
                f"{SCORE_TOLERANCE} of PyTorch's, found {gap}"
            )


def table(gaps: list[Gap]) -> str:
    """The differences, for people."""
    lines = ["| input | batch | pictures | box, px | score |", "|---|--:|---|--:|--:|"]
    lines += [
        f"| {gap.width}x{gap.height} | {gap.batch} | {gap.pictures} | {gap.box_px:.1e} "
        f"| {gap.score:.1e} |"
        for gap in gaps
    ]
    return "\n".join(lines)


def _read(path: Path) -> Image:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise SystemExit(f"{path}: expected a picture, found something OpenCV cannot read")
    return np.asarray(image, np.uint8)


def main() -> None:
    """Export one checkpoint, or check one that was exported."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--check-only", action="store_true")
    parser.add_argument("--pictures", type=Path, help="folder of real pictures for the check")
    parser.add_argument("--parity", type=Path, help="write the table of the check as JSON")
    arguments = parser.parse_args()
    if not arguments.check_only:
        export(arguments.checkpoint, arguments.target)
    files = labels.pictures(arguments.pictures) if arguments.pictures else []
    if arguments.pictures and not files:
        raise SystemExit(f"{arguments.pictures}: expected pictures, found none")
    gaps = parity(arguments.checkpoint, arguments.target, files[:: -(-len(files) // REAL) or 1])
    print(table(gaps))
    if arguments.parity:
        arguments.parity.write_text(json.dumps([asdict(gap) for gap in gaps], indent=1) + "\n")
    check(gaps, arguments.target)


if __name__ == "__main__":
    main()
