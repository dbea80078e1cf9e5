"""Makes the tiny networks of the tests: they find red squares (persons) and blue ones (ladders).

Run ``python -m tests.integration.vision.make_networks``; it needs the training extra (``onnx``).
The score of a 16 x 16 cell is how red or blue it is on average, so a grid-aligned square is found
exactly where it is; the cells of the other grids score nothing.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

WIDTH, HEIGHT = 96, 64
STRIDES = (8, 16, 32)
ROWS = 20
HERE = Path(__file__).parent / "networks"


def centres() -> np.ndarray:
    """Centre x, centre y, width, height of all cells: (4, N)."""
    grids = []
    for stride in STRIDES:
        y, x = np.mgrid[0 : HEIGHT // stride, 0 : WIDTH // stride]
        side = np.full(x.size, stride)
        grids.append([(x.ravel() + 0.5) * stride, (y.ravel() + 0.5) * stride, side, side])
    return np.concatenate(grids, axis=1).astype(np.float32)


def raw_nodes() -> tuple[list, dict]:
    """Nodes and constants up to the raw output ``raw`` (batch, 6, N)."""
    colour = np.array([[1, -0.5, -0.5], [-0.5, -0.5, 1]], np.float32).reshape(2, 3, 1, 1)
    constants = {
        "colour": colour,
        "zero": np.float32(0),
        "most": np.float32(0.99),
        "flat": np.array([0, 2, -1]),
        "boxes": centres()[None],
        "first": np.array([0]),
        "second": np.array([1]),
        "channel": np.array([1]),
    }
    nodes = [
        helper.make_node("Conv", ["images", "colour"], ["reds"]),
        helper.make_node("Clip", ["reds", "zero", "most"], ["scores"]),
    ]
    for stride in STRIDES:
        constants[f"weight{stride}"] = np.float32(stride == 16)
        side = [stride, stride]
        nodes += [
            helper.make_node(
                "AveragePool", ["scores"], [f"p{stride}"], kernel_shape=side, strides=side
            ),
            helper.make_node("Mul", [f"p{stride}", f"weight{stride}"], [f"w{stride}"]),
            helper.make_node("Reshape", [f"w{stride}", "flat"], [f"f{stride}"]),
        ]
    nodes += [
        helper.make_node("Concat", [f"f{stride}" for stride in STRIDES], ["cells"], axis=2),
        helper.make_node("Slice", ["cells", "first", "second", "channel"], ["one"]),
        helper.make_node("Mul", ["one", "zero"], ["nought"]),
        helper.make_node("Add", ["nought", "boxes"], ["placed"]),
        helper.make_node("Concat", ["placed", "cells"], ["raw"], axis=1),
    ]
    return nodes, constants


def end2end_nodes() -> tuple[list, dict]:
    """Nodes and constants up to the end-to-end output ``rows`` (1, 20, 6)."""
    nodes, constants = raw_nodes()
    x, y, width, height = centres()
    corners = np.stack([x - width / 2, y - height / 2, x + width / 2, y + height / 2], axis=1)
    constants |= {"corners": corners, "rowcount": np.array([ROWS]), "last": np.array([-1])}
    nodes += [
        helper.make_node("ReduceMax", ["cells"], ["best"], axes=[1], keepdims=0),
        helper.make_node("ArgMax", ["cells"], ["which"], axis=1, keepdims=0),
        helper.make_node("TopK", ["best", "rowcount"], ["top", "index"], axis=1),
        helper.make_node("Gather", ["corners", "index"], ["chosen"], axis=0),
        helper.make_node("GatherElements", ["which", "index"], ["number"], axis=1),
        helper.make_node("Cast", ["number"], ["label"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["top", "last"], ["score"]),
        helper.make_node("Unsqueeze", ["label", "last"], ["column"]),
        helper.make_node("Concat", ["chosen", "score", "column"], ["rows"], axis=2),
    ]
    return nodes, constants


def save(name: str, batch: int | str, output: str, shape: list, parts: tuple[list, dict]) -> None:
    """Write one network."""
    nodes, constants = parts
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, HEIGHT, WIDTH])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch, *shape])],
        [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, HERE / f"{name}.onnx")


def main() -> None:
    """Write all networks."""
    HERE.mkdir(exist_ok=True)
    cells = centres().shape[1]
    save("squares_raw", 1, "raw", [6, cells], raw_nodes())
    save("squares_raw_dynamic", "batch", "raw", [6, cells], raw_nodes())
    save("squares_end2end", 1, "rows", [ROWS, 6], end2end_nodes())


if __name__ == "__main__":
    main()
