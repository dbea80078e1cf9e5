"""Exports a trained checkpoint to ONNX with dynamic batch, height and width, and checks parity.

python -m models.train.export build/train/runs/first/weights/best.pt models/barrier-n/model.onnx
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from ultralytics import YOLO

OPSET = 17
TOLERANCE = 1e-2


def export(checkpoint: Path, target: Path) -> float:
    """Write the ONNX file; returns the largest difference of a score or pixel from PyTorch.

    Raises SystemExit where the graph does not give the same as PyTorch on another shape and
    batch than it was traced with.
    """
    made = Path(YOLO(checkpoint).export(format="onnx", dynamic=True, simplify=True, opset=OPSET))
    onnx.checker.check_model(str(made))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(made, target)
    gap = parity(checkpoint, target)
    if gap > TOLERANCE:
        raise SystemExit(
            f"{target}: differs from {checkpoint} by {gap:.4f}, expected < {TOLERANCE}"
        )
    return gap


def parity(checkpoint: Path, graph: Path) -> float:
    """Largest absolute difference between PyTorch and ONNX Runtime over three input shapes."""
    network = YOLO(checkpoint).model.float().eval()
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    rng = np.random.default_rng(0)
    gaps = []
    for shape in ((1, 3, 384, 640), (2, 3, 416, 416), (1, 3, 640, 640)):
        tensor = rng.random(shape, dtype=np.float32)
        with torch.no_grad():
            expected = network(torch.from_numpy(tensor))[0].numpy()
        gaps.append(float(np.abs(session.run(None, {name: tensor})[0] - expected).max()))
    return max(gaps)


def main() -> None:
    """Export one checkpoint."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    print(f"largest difference from PyTorch: {export(arguments.checkpoint, arguments.target):.2g}")


if __name__ == "__main__":
    main()
