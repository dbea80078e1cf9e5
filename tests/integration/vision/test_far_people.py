"""Tiles on real footage: people who are small in the input are found, and never twice."""

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.geometry import iou
from detector.types import F64, U8, Detections
from detector.vision import ModelSettings, TilingSettings
from detector.vision.onnx_detector import load_detector
from detector.vision.tiles import Region, Strip, plan_tiles
from detector.vision.view import View, detect_views

ROOT = Path(__file__).parents[3]
SHARED_DATA = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))
PETS = SHARED_DATA / "person" / "pets_s2l1"
NETWORK = SHARED_DATA / "weights" / "yolo26n_coco_deq_e2e_416.onnx"
SIZE, THRESHOLD = (768, 576), 0.4

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(not (PETS.is_dir() and NETWORK.is_file()), reason=f"none in {SHARED_DATA}"),
]


def labels(file: Path) -> F64:
    rows = np.loadtxt(file, ndmin=2)[:, 1:] * (SIZE * 2)
    return np.concatenate([rows[:, :2] - rows[:, 2:] / 2, rows[:, :2] + rows[:, 2:] / 2], axis=1)


def person_px(feet: F64) -> F64:
    """Line through the labelled heights of this camera."""
    return 19.8 + 0.2255 * feet[:, 1]


def recall(found: list[Detections], truth: list[F64]) -> float:
    hits = [
        iou(wanted, boxes.xyxy[boxes.confidence >= THRESHOLD]).max(axis=1, initial=0) >= 0.5
        for boxes, wanted in zip(found, truth, strict=True)
    ]
    return float(np.concatenate(hits).mean())


def test_tiles_find_small_people_and_nobody_twice(make_model: Callable[..., Path]) -> None:
    model = make_model(
        NETWORK,
        "ultralytics-end2end",
        input={"height": 416, "width": 416},
        classes={0: "person"},
        thresholds={"person": {"min_score": 0.1, "threshold": THRESHOLD}},
    )
    detector = load_detector(ModelSettings(path=model, provider="cpu"))
    files = sorted((PETS / "images").glob("*.jpg"))[::8]
    images: list[U8] = [np.asarray(cv2.imread(str(file)), np.uint8) for file in files]
    truth = [labels(PETS / "labels" / f"{file.stem}.txt") for file in files]
    path = Strip([(0, 150), (767, 150), (767, 560), (0, 560)], closed=True)
    tiles = plan_tiles(SIZE, [path], person_px, detector.info.input_size, TilingSettings())
    whole = Region.whole(SIZE)

    plain = detector.detect(images)
    tiled = detect_views(detector, [View(image, (whole, *tiles)) for image in images])

    assert 1 <= len(tiles) <= 3
    assert recall(tiled, truth) >= recall(plain, truth) + 0.05
    for boxes in tiled:
        sure = boxes.xyxy[boxes.confidence >= THRESHOLD]
        assert not np.triu(iou(sure, sure) > 0.6, 1).any()
