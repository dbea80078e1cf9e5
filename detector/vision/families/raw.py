"""Ultralytics heads with one candidate per grid cell (YOLOv8, YOLO11), which need NMS.

Output: (4 + classes, cells) with centre x, centre y, width, height in input pixels, then a score
for each class. A network with a branch of its own for large things has that branch's cells, of
strides 16 and 32 alone, behind the others; a branch scores 0 for what the other one finds.
"""

import numpy as np

from detector.types import F32, Detections
from detector.vision.families.family import Wanted
from detector.vision.nms import suppress

STRIDES_PX = (8, 16, 32)
BRANCH_STRIDES_PX = (16, 32)


class UltralyticsRaw:
    """One candidate per grid cell; it stands for its best class, as in Ultralytics' prediction.

    Args:
        input_size: (width, height) of the network's input.
        wanted: classes and scores that are given out.
    """

    def __init__(self, input_size: tuple[int, int], wanted: Wanted) -> None:
        cells, branch = (
            sum((input_size[0] // stride) * (input_size[1] // stride) for stride in strides)
            for strides in (STRIDES_PX, BRANCH_STRIDES_PX)
        )
        self._cells = cells, cells + branch
        self._least = 4 + max(wanted.classes) + 1
        self._wanted = wanted

    def expected(self, shape: tuple[int, ...]) -> str:
        """Say which output shape was expected if ``shape`` does not fit, else ""."""
        rows, cells = shape if len(shape) == 2 else (0, 0)  # noqa: PLR2004
        fits = rows >= self._least and cells in self._cells
        one, two = self._cells
        return "" if fits else f"({self._least} or more, {one} or {two})"

    def decode(self, output: F32) -> Detections:
        """Keep cells whose best class is wanted and sure enough, then suppress doubles."""
        ours, lowest = self._wanted.tables(len(output) - 4)
        number = output[4:].argmax(axis=0)
        score = np.take_along_axis(output[4:], number[None], axis=0)[0]
        cells = np.flatnonzero(score >= lowest[number])
        centre, half = output[:2, cells], output[2:4, cells] / 2
        xyxy = np.concatenate([centre - half, centre + half]).T
        confidence, class_id = score[cells], ours[number[cells]]
        return Detections(np.ascontiguousarray(xyxy), confidence, class_id)[
            suppress(xyxy, confidence, class_id, self._wanted.nms_iou)
        ]
