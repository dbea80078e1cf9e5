"""Ultralytics end-to-end heads (YOLO26): one row per thing, or nearly so.

Output: (rows, 6) with x1, y1, x2, y2 in input pixels, score, class number. The head is trained to
need no NMS, but on footage it gave one person twice (IoU 0.94, both above the threshold), and two
boxes are two people to a rule that counts. ``nms_iou: 1`` in the manifest leaves all rows.
"""

import numpy as np

from detector.types import F32, Detections
from detector.vision.families.family import Wanted
from detector.vision.nms import suppress

COLUMNS = 6


class UltralyticsEnd2End:
    """One row per thing; what is left to do is to choose and to drop the rare double.

    Args:
        input_size: (width, height) of the network's input, unused: rows are already boxes.
        wanted: classes and scores that are given out.
    """

    def __init__(self, input_size: tuple[int, int], wanted: Wanted) -> None:
        del input_size
        self._wanted = wanted

    def expected(self, shape: tuple[int, ...]) -> str:
        """Say which output shape was expected if ``shape`` does not fit, else ""."""
        fits = len(shape) == 2 and shape[1] == COLUMNS  # noqa: PLR2004
        return "" if fits else f"(any, {COLUMNS})"

    def decode(self, output: F32) -> Detections:
        """Keep the rows of wanted classes that are sure enough, then suppress doubles."""
        number = output[:, 5].astype(np.int64)
        known = max(int(number.max(initial=0)), *self._wanted.classes) + 1
        ours, lowest = self._wanted.tables(known)
        rows = np.flatnonzero(output[:, 4] >= lowest[number])
        xyxy, confidence, class_id = output[rows, :4], output[rows, 4], ours[number[rows]]
        return Detections(xyxy, confidence, class_id)[
            suppress(xyxy, confidence, class_id, self._wanted.nms_iou)
        ]
