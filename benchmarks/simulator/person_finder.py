"""Finds people with COCO detectors, which have never seen a rendered person."""

import hashlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.vision.onnx_runtime import ort

SIDE_PX = 640
OVERLAP = 0.4
_FAINT = 0.01  # fainter boxes count as none
_NMS_OVERLAP = 0.6

Floats = NDArray[np.float32]


class PersonFinder:
    """A YOLO export of 640 pixels: end-to-end `[1, N, 6]` or raw `[1, 84, N]`, class 0 person."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"{path}: expected an ONNX detector, found no such file")
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.name = path.stem
        self.sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def __call__(self, image: NDArray[np.uint8]) -> tuple[Floats, Floats]:
        """Boxes x0, y0, x1, y1 in pixels (N, 4) and scores (N,) of people in a BGR picture."""
        height, width = image.shape[:2]
        scale = SIDE_PX / max(height, width)
        size = (round(width * scale), round(height * scale))
        left, top = (SIDE_PX - size[0]) // 2, (SIDE_PX - size[1]) // 2
        canvas = np.full((SIDE_PX, SIDE_PX, 3), 114, np.uint8)
        canvas[top : top + size[1], left : left + size[0]] = cv2.resize(image, size)
        blob = canvas[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
        out = np.asarray(self._session.run(None, {self._input: blob})[0])[0]
        boxes, scores = _end_to_end(out) if out.shape[1] == 6 else _raw(out)
        return (boxes - np.array([left, top, left, top], np.float32)) / scale, scores


def _end_to_end(out: Floats) -> tuple[Floats, Floats]:
    people = out[(out[:, 5] == 0) & (out[:, 4] > _FAINT)]
    return people[:, :4], people[:, 4]


def _raw(out: Floats) -> tuple[Floats, Floats]:
    rows = out.T[out[4] > _FAINT]
    centre, half, scores = rows[:, :2], rows[:, 2:4] / 2, rows[:, 4]
    corners = np.concatenate([centre - half, 2 * half], 1)
    kept = cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), _FAINT, _NMS_OVERLAP)
    order = np.asarray(kept, int).ravel()
    return np.concatenate([centre - half, centre + half], 1)[order], scores[order]


def overlaps(boxes: Floats, box: tuple[float, float, float, float]) -> Floats:
    """Intersection over union (N,) of boxes (N, 4) with one box."""
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return np.asarray(shared / (areas + (box[2] - box[0]) * (box[3] - box[1]) - shared))


def best_score(boxes: Floats, scores: Floats, box: tuple[float, float, float, float]) -> float:
    """The highest score among boxes (N, 4) that overlap a true box by at least 0.4, else 0."""
    fitting = scores[overlaps(boxes, box) >= OVERLAP]
    return float(fitting.max()) if len(fitting) else 0.0
