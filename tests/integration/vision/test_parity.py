"""Our boxes are Ultralytics' boxes: recorded ones, and live ones where it is installed."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detector.types import U8
from detector.vision import ModelSettings
from detector.vision.onnx_detector import load_detector
from tests.integration.vision.parity import (
    GOLDEN,
    MIN_SCORE,
    NMS_IOU,
    PICTURES,
    WEIGHTS,
    Weights,
    differences,
    read,
    ultralytics_persons,
)

ROOT = Path(__file__).parents[3]
SHARED_DATA = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))
PETS = SHARED_DATA / "person" / "pets_s2l1" / "images"
needs_weights = pytest.mark.skipif(
    not (SHARED_DATA / "weights").is_dir(), reason=f"no weights in {SHARED_DATA}"
)
every_network = pytest.mark.parametrize("weights", WEIGHTS, ids=lambda one: one.file)

pytestmark = [pytest.mark.shared_data, needs_weights]


def check(model: Path, side: int, images: list[U8], expected: list[list[list[float]]]) -> int:
    """Compare all pictures; gives the number of boxes that were compared."""
    detector = load_detector(ModelSettings(path=model, provider="cpu"))
    for image, rows, found in zip(images, expected, detector.detect(images), strict=True):
        scale = max(1.0, max(image.shape[:2]) / side)
        table = np.array(rows, np.float32).reshape(-1, 5)
        assert differences(found, table, scale) == []
    return sum(len(rows) for rows in expected)


@pytest.fixture
def model_of(make_model: Callable[..., Path]) -> Callable[[Weights], Path]:
    def model_of(weights: Weights) -> Path:
        return make_model(
            SHARED_DATA / "weights" / weights.file,
            weights.family,
            input={"height": weights.side, "width": weights.side},
            classes={0: "person"},
            thresholds={"person": {"min_score": MIN_SCORE, "threshold": 0.4}},
            nms_iou=NMS_IOU if weights.family == "ultralytics-raw" else 1,
        )

    return model_of


@every_network
def test_boxes_are_those_that_ultralytics_gave(
    model_of: Callable[[Weights], Path], weights: Weights
) -> None:
    recorded = json.loads(GOLDEN.read_text())["networks"][weights.file]
    network = SHARED_DATA / "weights" / weights.file
    assert hashlib.sha256(network.read_bytes()).hexdigest() == recorded["sha256"]
    images = [read(PICTURES / name) for name in recorded["persons"]]
    expected = list(recorded["persons"].values())
    assert check(model_of(weights), weights.side, images, expected) >= len(images)


@pytest.mark.train
@pytest.mark.filterwarnings("ignore")
@every_network
def test_boxes_are_those_that_ultralytics_gives(
    model_of: Callable[[Weights], Path], weights: Weights
) -> None:
    pytest.importorskip("torch", reason="needs the training extra")
    pytest.importorskip("ultralytics", reason="needs the training extra")
    files = sorted(PETS.glob("*.jpg"))[::10] + sorted(PICTURES.glob("*.jpg"))
    images = [read(file) for file in files]
    network = SHARED_DATA / "weights" / weights.file
    expected = [rows.tolist() for rows in ultralytics_persons(network, weights.side, images)]
    assert check(model_of(weights), weights.side, images, expected) >= 4 * len(files) // 2
