"""Runs a detector through ONNX Runtime the way the evaluation and the teacher need it."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from detector.vision.onnx_runtime import ort

Array = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]

GREY_PAD = 114
MAX_BOXES = 300


@dataclass(frozen=True)
class Found:
    """Boxes of one picture: xyxy (N, 4) in its pixels, scores (N,), class ids (N,)."""

    xyxy: Array
    score: Array
    class_id: npt.NDArray[np.int64]


class Network:
    """An Ultralytics detector, raw `[1, 4+C, N]` or end to end `[1, 300, 6]`.

    `size` is (height, width) of the input; the picture is letterboxed into it. `class_ids` keeps
    and renumbers the network's classes, for instance `{0: 0}` for the people of a COCO network.
    """

    def __init__(
        self, path: Path, size: tuple[int, int], class_ids: dict[int, int], nms_iou: float = 0.6
    ) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 2
        # A spinning thread would starve whatever trains beside the evaluation
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self._size = size
        self._class_ids = class_ids
        self._nms_iou = nms_iou

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the input in pixels."""
        return self._size

    @property
    def class_ids(self) -> tuple[int, ...]:
        """Our numbers of the classes that it finds."""
        return tuple(self._class_ids.values())

    def find(self, image: Image, floor: float = 0.01) -> Found:
        """All boxes of the picture (BGR) with a score of at least `floor`, best first."""
        tensor, scale, left, top = letterbox(image, self._size)
        output = self._session.run(None, {self._input: tensor})[0][0]
        boxes, score, ids = self._decode(output, floor)
        boxes = (boxes - np.array([left, top, left, top], np.float32)) / scale
        height, width = image.shape[:2]
        boxes = np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
        order = np.argsort(-score)[:MAX_BOXES]
        return Found(boxes[order], score[order], ids[order])

    def _decode(self, output: Array, floor: float) -> tuple[Array, Array, npt.NDArray[np.int64]]:
        if output.shape[-1] == 6:
            boxes, score, ids = output[:, :4], output[:, 4], output[:, 5].astype(np.int64)
            kept = [np.flatnonzero((ids == old) & (score >= floor)) for old in self._class_ids]
            new = [
                np.full(len(rows), number)
                for rows, number in zip(kept, self._class_ids.values(), strict=True)
            ]
            rows = np.concatenate(kept)
            return boxes[rows], score[rows], np.concatenate(new).astype(np.int64)
        centre, side = output[:2].T, output[2:4].T
        corners = np.concatenate([centre - side / 2, centre + side / 2], axis=1)
        parts = []
        for old, number in self._class_ids.items():
            score = output[4 + old]
            rows = np.flatnonzero(score >= floor)
            rows = rows[nms(corners[rows], score[rows], self._nms_iou)]
            parts.append((corners[rows], score[rows], np.full(len(rows), number, np.int64)))
        boxes, scores, ids = (np.concatenate(column) for column in zip(*parts, strict=True))
        return boxes, scores, ids


def letterbox(image: Image, size: tuple[int, int]) -> tuple[Array, float, int, int]:
    """The picture in an RGB 0..1 NCHW tensor of (height, width), with its scale and offsets."""
    height, width = image.shape[:2]
    scale = min(size[0] / height, size[1] / width)
    fitted = round(width * scale), round(height * scale)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image, fitted, interpolation=way)
    left, top = (size[1] - fitted[0]) // 2, (size[0] - fitted[1]) // 2
    canvas = np.full((*size, 3), GREY_PAD, np.uint8)
    canvas[top : top + fitted[1], left : left + fitted[0]] = small
    tensor = canvas[None, :, :, ::-1].transpose(0, 3, 1, 2).astype(np.float32) / 255
    return np.ascontiguousarray(tensor), scale, left, top


def nms(xyxy: Array, score: Array, iou: float) -> list[int]:
    """Rows kept by greedy non-maximum suppression."""
    if not len(xyxy):
        return []
    boxes = np.concatenate([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]], axis=1)
    return list(cv2.dnn.NMSBoxes(boxes.tolist(), score.tolist(), 0.0, iou))


def iou_matrix(first: Array, second: Array) -> Array:
    """Intersection over union of every pair, shape (len(first), len(second))."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [
        np.clip(boxes[:, 2:] - boxes[:, :2], 0, None).prod(axis=1) for boxes in (first, second)
    ]
    ratio: Array = shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, 1e-9)
    return ratio
