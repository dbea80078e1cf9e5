"""Makes smaller variants of an exported network, to be measured against it: int8 and fp16 weights.

    python -m models.train.quantise models/barrier-n/model.onnx --out build/train/variants \
        --pictures build/train/rendered/images build/train/composites/images

Static int8 with ONNX Runtime's own tool (QuantizeLinear/DequantizeLinear pairs, one scale per
output channel of a weight), the ranges of the activations taken from our own pictures. What they
cost and gain says ``python -m benchmarks.variants``; none is shipped because it was made.
"""

import argparse
import logging
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.train import labels
from models.train.network import Array, letterbox

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from onnxruntime.quantization import (
        CalibrationDataReader,
        CalibrationMethod,
        QuantFormat,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.calibrate import create_calibrator, save_tensors_data
    from onnxruntime.quantization.shape_inference import quant_pre_process
except ImportError as error:
    raise SystemExit(
        "models.train.quantise: expected the packages of `pip install -e '.[train]'`, "
        f"found {error}"
    ) from error

CONV = ("Conv",)
LAYERS = ("Conv", "MatMul", "Sigmoid", "Mul", "Add", "Concat", "MaxPool", "Resize", "Split")
PERCENTILE = 99.99
# The histograms of every activation are slow and hold all of one picture in memory
HISTOGRAM_SHARE = 8


PARTS = ("model", "trunk", "people", "ladders")
"""What modules are named by: a network's own, or those of `branches`."""


@dataclass(frozen=True)
class Recipe:
    """How one int8 variant is made.

    Attributes:
        name: of the file.
        layers: kinds of nodes whose inputs and outputs become int8.
        head: the convolutions of the detection head too; the decoding after them never is, since
            eight bits cannot hold a pixel of 640.
        spared: numbers of modules that stay in float.
        activation: with or without sign.
        weight: with sign they keep 7 bits, since the 8-bit products of unsigned activations and
            signed weights saturate in pairs on processors without VNNI; without sign all 8.
        method: how the range of an activation is taken from its values.
    """

    name: str
    layers: tuple[str, ...] = LAYERS
    head: bool = False
    spared: tuple[int, ...] = ()
    activation: QuantType = QuantType.QUInt8
    weight: QuantType = QuantType.QInt8
    method: CalibrationMethod = CalibrationMethod.MinMax


RECIPES = (
    Recipe("int8-convs", CONV, head=True),
    Recipe("int8-all", head=True),
    Recipe("int8-body"),
    Recipe("int8-body-signed", activation=QuantType.QInt8),
    Recipe("int8-mixed", spared=(0, 1, 10), weight=QuantType.QUInt8),
    Recipe("int8-body-percentile", method=CalibrationMethod.Percentile),
    Recipe("int8-body-entropy", method=CalibrationMethod.Entropy),
)


class Pictures(CalibrationDataReader):
    """Gives one letterboxed picture after the other to ONNX Runtime's calibration."""

    def __init__(self, files: Sequence[Path], size: tuple[int, int], name: str) -> None:
        self._files = iter(files)
        self._size = size
        self._name = name

    def get_next(self) -> dict[str, Array] | None:
        """The next picture (1, 3, height, width), RGB 0..1; None after the last."""
        path = next(self._files, None)
        if path is None:
            return None
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise SystemExit(f"{path}: expected a picture, found something OpenCV cannot read")
        return {self._name: letterbox(np.asarray(image, np.uint8), self._size)[0]}


def choose(folders: Sequence[Path], count: int) -> list[Path]:
    """Equally many pictures of each folder, spread over it; fewer where it has fewer.

    Raises SystemExit where a folder has none.
    """
    chosen: list[Path] = []
    for folder in folders:
        files = labels.pictures(folder)
        if not files:
            raise SystemExit(f"{folder}: expected pictures to calibrate with, found none")
        share = min(len(files), -(-count // len(folders)))
        chosen += [files[i * len(files) // share] for i in range(share)]
    return chosen


def left_in_float(names: Sequence[str], recipe: Recipe) -> list[str]:
    """Which of a graph's nodes stay: what is spared, the last module's decoding or all of that.

    What joins two branches belongs to no module and stays, too: it holds boxes in pixels.

    Raises SystemExit where the nodes are not named by module, as Ultralytics and `branches` export.
    """
    found = [re.match(rf"/(?:{'|'.join(PARTS)})\.(\d+)/", name) for name in names]
    modules = [int(one.group(1)) if one else None for one in found]
    last = max((number for number in modules if number is not None), default=None)
    if last is None:
        raise SystemExit("quantise: expected nodes named /model.N/..., found none")
    heads = [f"/{part}.{last}/{branch}" for part in PARTS for branch in ("cv2", "cv3")]
    branches = tuple(heads) if recipe.head else ()
    return [
        name
        for name, number in zip(names, modules, strict=True)
        if number in recipe.spared
        or (number == last and not name.startswith(branches))
        or re.fullmatch(r"/\w+", name)
    ]


def measure_ranges(
    graph: Path, pictures: Sequence[Path], size: tuple[int, int], method: CalibrationMethod
) -> Any:
    """The range of every activation over the pictures, for all kinds of layers."""
    if method is not CalibrationMethod.MinMax:
        pictures = pictures[::HISTOGRAM_SHARE]
    with tempfile.TemporaryDirectory() as folder:
        calibrator = create_calibrator(
            graph,
            LAYERS,
            str(Path(folder) / "augmented.onnx"),
            method,
            extra_options={"percentile": PERCENTILE} if method.name == "Percentile" else {},
        )
        name = onnx.load(graph).graph.input[0].name
        for path in pictures:  # one at a time: all activations of all pictures fill any memory
            calibrator.collect_data(Pictures([path], size, name))
        return calibrator.compute_data()


def quantise(graph: Path, ranges: Path, recipe: Recipe, out: Path) -> None:
    """Write one int8 variant."""
    names = [node.name for node in onnx.load(graph).graph.node]
    quantize_static(
        graph,
        out,
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=list(recipe.layers),
        per_channel=True,
        reduce_range=recipe.weight is QuantType.QInt8,
        activation_type=recipe.activation,
        weight_type=recipe.weight,
        nodes_to_exclude=left_in_float(names, recipe),
        calibrate_method=recipe.method,
        calibration_cache_path=ranges,
    )


def halve_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store the convolutions' weights in fp16; they are widened once when the session starts."""
    weights = {node.input[1] for node in model.graph.node if node.op_type == "Conv"}
    widen = []
    for stored in model.graph.initializer:
        if stored.name in weights and stored.data_type == TensorProto.FLOAT:
            name, half = stored.name, numpy_helper.to_array(stored).astype(np.float16)
            stored.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
            widen.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*widen, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def make(graph: Path, out: Path, pictures: Sequence[Path], size: tuple[int, int]) -> None:
    """Write every variant of the graph into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(halve_weights(onnx.load(graph)), out / "fp16-weights.onnx")
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(graph, prepared, skip_symbolic_shape=True)  # it cannot: free sizes
        for method in dict.fromkeys(recipe.method for recipe in RECIPES):
            ranges = Path(folder) / f"{method.name}.json"
            save_tensors_data(measure_ranges(prepared, pictures, size, method), ranges)
            for recipe in RECIPES:
                if recipe.method is method:
                    quantise(prepared, ranges, recipe, out / f"{recipe.name}.onnx")
                    print(f"{out / recipe.name}.onnx")


def main() -> None:
    """Make the variants of one network."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("graph", type=Path)
    parser.add_argument("--pictures", type=Path, nargs="+", required=True, help="folders")
    parser.add_argument("--count", type=int, default=200, help="pictures in all")
    parser.add_argument("--size", type=int, nargs=2, default=(384, 640), help="height width")
    parser.add_argument("--out", type=Path, default=Path("build/train/variants"))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.ERROR)
    pictures = choose(arguments.pictures, arguments.count)
    make(arguments.graph, arguments.out, pictures, tuple(arguments.size))


if __name__ == "__main__":
    main()
