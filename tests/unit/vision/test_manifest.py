import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from detector.errors import ModelError
from detector.types import ObjectClass
from detector.vision.base import ClassScores
from detector.vision.manifest import read_manifest, read_network

NETWORK = b"not really a network"
GOOD: dict[str, Any] = {
    "name": "barrier-n",
    "version": "1.0",
    "file": "model.onnx",
    "sha256": hashlib.sha256(NETWORK).hexdigest(),
    "family": "ultralytics-raw",
    "input": {
        "height": 384,
        "width": 640,
        "layout": "NCHW",
        "color": "RGB",
        "range": "0-1",
        "dynamic": False,
    },
    "classes": {0: "person", 1: "ladder"},
    "thresholds": {
        "person": {"min_score": 0.1, "threshold": 0.4},
        "ladder": {"min_score": 0.2, "threshold": 0.5},
    },
    "nms_iou": 0.7,
    "licence": "AGPL-3.0",
    "source": "fine-tuned",
    "created": "2026-11-22",
}


def write(folder: Path, **changes: Any) -> Path:
    values = {key: value for key, value in (GOOD | changes).items() if value is not None}
    (folder / "model.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    return folder


def test_a_manifest_says_what_goes_in_and_what_comes_out(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path))
    assert manifest == read_manifest(tmp_path / "model.yaml")
    assert manifest.input_size == (640, 384)
    assert manifest.class_ids == {0: ObjectClass.PERSON, 1: ObjectClass.LADDER}
    assert manifest.scores[ObjectClass.LADDER] == ClassScores(min_score=0.2, threshold=0.5)


def test_a_coco_network_may_use_its_persons_only(tmp_path: Path) -> None:
    one = {"person": {"min_score": 0.1, "threshold": 0.4}}
    manifest = read_manifest(write(tmp_path, classes={0: "person"}, thresholds=one))
    assert list(manifest.class_ids) == [0]


@pytest.mark.parametrize(
    ("changes", "key", "found"),
    [
        ({"colour": "red"}, "colour: expected no such key", "'red'"),
        ({"sha256": None}, "sha256: expected a value", "nothing"),
        ({"sha256": "abc"}, "sha256", "'abc'"),
        ({"version": 1.0}, "version", "1.0"),
        ({"family": "yolo-v99"}, "family: expected 'ultralytics-raw' or", "'yolo-v99'"),
        ({"file": "../other.onnx"}, "file", "'../other.onnx'"),
        ({"classes": {0: "dog"}}, "classes.0", "'dog'"),
        ({"classes": {}}, "classes", "{}"),
        ({"classes": {0: "person", 1: "person"}}, "every label once", "person"),
        ({"classes": {0: "person"}}, "thresholds", "ladder"),
        ({"input": GOOD["input"] | {"height": 380}}, "input.height", "380"),
        ({"input": GOOD["input"] | {"layout": "NHWC"}}, "input.layout", "'NHWC'"),
        (
            {"thresholds": GOOD["thresholds"] | {"ladder": {"min_score": 0.6, "threshold": 0.5}}},
            "thresholds.ladder",
            "min_score 0.6 is above threshold 0.5",
        ),
        ({"nms_iou": 0}, "nms_iou", "0"),
        ({"created": "yesterday"}, "created", "'yesterday'"),
    ],
)
def test_a_wrong_key_is_named_with_file_expected_and_found(
    tmp_path: Path, changes: dict[str, Any], key: str, found: str
) -> None:
    with pytest.raises(ModelError) as error:
        read_manifest(write(tmp_path, **changes))
    message = str(error.value)
    assert message.startswith(str(tmp_path / "model.yaml"))
    assert key in message
    assert found in message


def test_every_wrong_key_has_its_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as error:
        read_manifest(write(tmp_path, family="x", nms_iou=2, licence=None))
    assert len(str(error.value).splitlines()) == 3


@pytest.mark.parametrize("text", ["", "- a list", "name: [", "\x00"])
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="expected"):
        read_manifest(tmp_path)


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none.model\.yaml.*No such file"):
        read_manifest(tmp_path / "none.model.yaml")


def test_the_bytes_that_were_checked_are_handed_on(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(NETWORK)
    assert read_network(read_manifest(write(tmp_path)), tmp_path) == NETWORK


def test_a_missing_network_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"model\.onnx: expected .*, found No such file"):
        read_network(read_manifest(write(tmp_path)), tmp_path)


def test_a_network_with_another_hash_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(NETWORK + b"!")
    with pytest.raises(ModelError) as error:
        read_network(read_manifest(write(tmp_path)), tmp_path)
    assert f"expected sha256 {GOOD['sha256']}, found " in str(error.value)
