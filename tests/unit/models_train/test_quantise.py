"""How smaller variants of a network are made."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from detector.vision.onnx_runtime import ort


@pytest.fixture
def quantise() -> ModuleType:
    pytest.importorskip("onnx", reason="needs the training extra")
    return importlib.import_module("models.train.quantise")


def tiny(onnx: ModuleType, path: Path) -> None:
    """A body of one convolution and a head of one branch and a decoding, named as exports are."""
    make, rng = onnx.helper.make_node, np.random.default_rng(0)
    weights = [
        onnx.numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name)
        for name, shape in (("body", (8, 3, 3, 3)), ("branch", (6, 8, 1, 1)))
    ]
    nodes = [
        make("Conv", ["images", "body"], ["a"], "/model.2/conv/Conv", pads=[1, 1, 1, 1]),
        make("Sigmoid", ["a"], ["b"], "/model.2/act/Sigmoid"),
        make("Conv", ["b", "branch"], ["c"], "/model.3/cv2.0/Conv"),
        make("Sigmoid", ["c"], ["output0"], "/model.3/Sigmoid"),
    ]
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        nodes,
        "tiny",
        [value("images", 1, ["batch", 3, "height", "width"])],
        [value("output0", 1, ["batch", 6, "height", "width"])],
        weights,
    )
    opset = onnx.helper.make_opsetid("", 17)
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=9), path)


def test_without_the_training_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "models.train.quantise", raising=False)
    with pytest.raises(SystemExit, match=r"pip install -e '\.\[train\]'"):
        importlib.import_module("models.train.quantise")


@pytest.mark.train
def test_every_variant_of_a_graph_is_made_and_finds_nearly_the_same(
    quantise: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tiny(quantise.onnx, tmp_path / "tiny.onnx")
    rng = np.random.default_rng(1)
    (tmp_path / "pictures").mkdir()
    for number in range(8):
        cv2.imwrite(
            str(tmp_path / f"pictures/{number}.png"), rng.integers(0, 255, (32, 64, 3), np.uint8)
        )
    files = quantise.choose([tmp_path / "pictures"], 8)
    quantise.make(tmp_path / "tiny.onnx", tmp_path / "out", files, (32, 64))
    picture = {"images": rng.random((2, 3, 32, 64), dtype=np.float32)}
    made = sorted((tmp_path / "out").glob("*.onnx"))
    assert len(made) == len(quantise.RECIPES) + 1
    (expected,) = ort.InferenceSession(tmp_path / "tiny.onnx").run(None, picture)
    for path in made:
        (found,) = ort.InferenceSession(path).run(None, picture)
        assert found.shape == expected.shape
        assert 0 < float(np.abs(found - expected).mean()) < 0.02, path.stem


@pytest.mark.train
def test_the_decoding_stays_in_float_and_without_the_head_all_of_the_last_module(
    quantise: ModuleType,
) -> None:
    names = ["/model.0/conv/Conv", "/model.9/cv2/Conv", "/model.23/cv2.0/Conv", "/model.23/Mul"]
    assert quantise.left_in_float(names, quantise.Recipe("a", head=True)) == names[3:]
    assert quantise.left_in_float(names, quantise.Recipe("a")) == names[2:]
    assert quantise.left_in_float(names, quantise.Recipe("a", spared=(0,))) == names[:1] + names[2:]


@pytest.mark.train
def test_the_decoding_of_both_branches_and_what_joins_them_stay_in_float(
    quantise: ModuleType,
) -> None:
    names = ["/trunk.0/conv/Conv", "/people.23/cv2.0/Conv", "/ladders.23/Mul", "/Concat_1"]
    assert quantise.left_in_float(names, quantise.Recipe("a", head=True)) == names[2:]


@pytest.mark.train
def test_nodes_that_are_not_named_by_module_are_refused(quantise: ModuleType) -> None:
    with pytest.raises(SystemExit, match="found none"):
        quantise.left_in_float(["Conv_1"], quantise.Recipe("a"))


@pytest.mark.train
def test_calibration_pictures_come_from_all_folders_and_an_empty_one_is_refused(
    quantise: ModuleType, tmp_path: Path
) -> None:
    for name, count in (("a", 10), ("b", 2)):
        (tmp_path / name).mkdir()
        for number in range(count):
            (tmp_path / name / f"{number}.jpg").touch()
    chosen = quantise.choose([tmp_path / "a", tmp_path / "b"], 8)
    assert [path.parent.name for path in chosen] == ["a"] * 4 + ["b"] * 2
    (tmp_path / "c").mkdir()
    with pytest.raises(SystemExit, match="found none"):
        quantise.choose([tmp_path / "c"], 8)
