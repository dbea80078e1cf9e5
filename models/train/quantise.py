"""Quantises a network to int8 (static QDQ), calibrated on pictures like those it will see.

    python -m models.train.quantise models/barrier-n/model.onnx build/train/int8.onnx \
        --pictures build/train/rendered/images build/train/hituav/images

Weights are quantised per output channel, activations per tensor. The last convolutions of the head
and what decodes boxes stay in float: a box coordinate of 640 does not fit into 8 bits. Whether int8
is any faster depends on the CPU: without VNNI or AMX it is not. Measure both with
`benchmarks.variants` before shipping one.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from models.train import labels
from models.train.network import letterbox

HEAD = "/model.23/"
METHODS = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}


class Pictures(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types here
    """Letterboxed pictures, spread evenly over the folders, one at a time."""

    def __init__(self, folders: list[Path], count: int, size: tuple[int, int]) -> None:
        each = max(count // len(folders), 1)
        found = [labels.pictures(folder) for folder in folders]
        self._paths = [
            path for paths in found for path in paths[:: max(len(paths) // each, 1)][:each]
        ]
        if not self._paths:
            raise SystemExit(f"{folders}: expected pictures to calibrate with, found none")
        self._size = size
        self._waiting = self._tensors()

    def __len__(self) -> int:
        return len(self._paths)

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        """Give the next input, None after the last."""
        return next(self._waiting, None)

    def _tensors(self) -> Iterator[dict[str, npt.NDArray[np.float32]]]:
        for path in self._paths:
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is None:
                raise SystemExit(f"{path}: expected a picture, found something else")
            yield {"images": letterbox(image, self._size)[0]}


def kept_in_float(graph: Path, *, whole_head: bool) -> list[str]:
    """Names of the nodes that stay in float: what decodes, or everything of the head."""
    nodes = onnx.load(graph).graph.node
    head = [node for node in nodes if node.name.startswith(HEAD)]
    return [node.name for node in head if whole_head or node.op_type != "Conv" or _last(node.name)]


def _last(name: str) -> bool:
    """Whether a convolution of the head gives scores or distances, not features."""
    return name.rsplit("/", 2)[1].endswith(".2") or "dfl" in name


def main() -> None:
    """Write the quantised network."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("graph", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--pictures", type=Path, nargs="+", required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--size", type=int, nargs=2, default=(416, 416), help="height width")
    parser.add_argument("--method", choices=METHODS, default="minmax")
    parser.add_argument(
        "--seven-bits",
        action="store_true",
        help="for CPUs without VNNI, whose sums of two products of 8 bits overflow",
    )
    parser.add_argument("--float-head", action="store_true", help="keep the whole head in float")
    arguments = parser.parse_args()
    prepared = arguments.target.with_suffix(".prepared.onnx")
    quant_pre_process(str(arguments.graph), str(prepared), skip_symbolic_shape=True)
    pictures = Pictures(arguments.pictures, arguments.count, tuple(arguments.size))
    print(f"calibrating on {len(pictures)} pictures", flush=True)
    quantize_static(
        str(prepared),
        str(arguments.target),
        pictures,
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        reduce_range=arguments.seven_bits,
        calibrate_method=METHODS[arguments.method],
        nodes_to_exclude=kept_in_float(prepared, whole_head=arguments.float_head),
    )
    prepared.unlink()


if __name__ == "__main__":
    main()
