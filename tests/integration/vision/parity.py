"""What Ultralytics itself predicts on a picture, and how near to it our boxes have to be.

Tolerance: boxes within 0.5 px of the network's input, scores within 0.002; a box that only one side
has must lie within 0.002 of the lowest score.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from detector.geometry import iou
from detector.types import F32, U8, Detections
from detector.vision.manifest import Family

PICTURES = Path(__file__).parent / "pictures"
GOLDEN = Path(__file__).parent / "golden" / "ultralytics.json"
MIN_SCORE, NMS_IOU = 0.05, 0.7
BOX_TOLERANCE_PX = 0.5
SCORE_TOLERANCE = 0.002


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights to compare with.

    Attributes:
        file: name in the ``weights`` folder of the shared data.
        family: how the output is decoded.
        side: of the square input, pixels.
    """

    file: str
    family: Family
    side: int


WEIGHTS = (
    Weights("yolo11n_coco_deq_640.onnx", "ultralytics-raw", 640),
    Weights("yolo26n_coco_deq_e2e_640.onnx", "ultralytics-end2end", 640),
    Weights("yolo26n_coco_deq_e2e_416.onnx", "ultralytics-end2end", 416),
)


def read(file: Path) -> U8:
    """Read a picture as (H, W, 3) BGR."""
    return np.asarray(cv2.imread(str(file)), np.uint8)


def ultralytics_persons(network: Path, side: int, images: list[U8]) -> list[F32]:
    """Let Ultralytics predict persons: x1, y1, x2, y2, score per row. Needs the training extra."""
    from ultralytics import YOLO  # noqa: PLC0415

    model = YOLO(str(network), task="detect")
    rows = []
    for image in images:
        options = {"imgsz": side, "conf": MIN_SCORE, "iou": NMS_IOU, "classes": [0], "rect": False}
        (result,) = model.predict(image, verbose=False, device="cpu", **options)
        boxes = result.boxes
        rows.append(np.column_stack([boxes.xyxy.numpy(), boxes.conf.numpy()]).astype(np.float32))
    return rows


def differences(found: Detections, expected: F32, scale: float) -> list[str]:
    """Say what differs beyond the tolerance; ``scale`` is picture px per input px."""
    problems = []
    pairs: set[int] = set()
    overlap = iou(found.xyxy, expected[:, :4])
    for index, row in enumerate(expected):
        best = int(overlap[:, index].argmax()) if len(found) else -1
        same = best >= 0 and overlap[best, index] > 0 and best not in pairs
        if not same or np.abs(found.xyxy[best] - row[:4]).max() > BOX_TOLERANCE_PX * scale:
            if row[4] > MIN_SCORE + SCORE_TOLERANCE:
                problems.append(f"expected {row.round(3).tolist()}, found no such box")
            continue
        pairs.add(best)
        if abs(found.confidence[best] - row[4]) > SCORE_TOLERANCE:
            problems.append(f"expected score {row[4]:.3f}, found {found.confidence[best]:.3f}")
    problems += [
        f"expected nothing, found {found.xyxy[k].round(1).tolist()} {found.confidence[k]:.3f}"
        for k in range(len(found))
        if k not in pairs and found.confidence[k] > MIN_SCORE + SCORE_TOLERANCE
    ]
    return problems
