"""Non-maximum suppression: of several boxes on one thing, the surest stays."""

from typing import Any

import cv2
import numpy as np

from detector.types import F32, I64


def suppress(xyxy: F32, confidence: F32, class_id: I64, iou: float) -> I64:
    """Choose boxes greedily by confidence, each class for itself.

    Args:
        xyxy: (N, 4) boxes in pixels.
        confidence: (N,) their scores, above 0.
        class_id: (N,) their classes; boxes of different classes never suppress each other.
        iou: a box that overlaps a surer one by more than this goes, 0..1.

    Returns:
        (K,) positions of those that stay, surest first.

    >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10]], np.float32)
    >>> scores = np.array([0.9, 0.8, 0.7], np.float32)
    >>> suppress(boxes, scores, np.array([0, 0, 1]), 0.5).tolist()
    [0, 2]
    """
    xywh = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1)
    batched: Any = cv2.dnn.NMSBoxesBatched  # its stubs ask for lists, it takes arrays
    kept = batched(xywh, confidence, class_id, 0.0, iou)
    return np.array(kept, np.int64).ravel()
