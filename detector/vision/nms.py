"""Non-maximum suppression: of several boxes on one thing, the surest stays."""

import numpy as np

from detector.types import F32, I64


def suppress(xyxy: F32, confidence: F32, class_id: I64, iou: float) -> I64:
    """Choose boxes greedily by confidence, each class for itself.

    Args:
        xyxy: (N, 4) boxes in pixels.
        confidence: (N,) their scores.
        class_id: (N,) their classes; boxes of different classes never suppress each other.
        iou: a box that overlaps a surer one by more than this goes, 0..1.

    Returns:
        (K,) positions of those that stay, surest first; of equals the earlier one.

    >>> boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10]], np.float32)
    >>> scores = np.array([0.9, 0.8, 0.7], np.float32)
    >>> suppress(boxes, scores, np.array([0, 0, 1]), 0.5).tolist()
    [0, 2]
    """
    order = np.argsort(-confidence, kind="stable")
    boxes, classes = xyxy[order], class_id[order]
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    kept: list[int] = []
    left = np.arange(len(order))
    while len(left):
        best, rest = left[0], left[1:]
        kept.append(int(order[best]))
        low = np.maximum(boxes[best, :2], boxes[rest, :2])
        high = np.minimum(boxes[best, 2:], boxes[rest, 2:])
        shared = np.prod(np.maximum(high - low, 0), axis=1)
        same = (shared > iou * (area[best] + area[rest] - shared)) & (
            classes[rest] == classes[best]
        )
        left = rest[~same]
    return np.array(kept, np.int64)
