"""Ultralytics end-to-end heads (YOLO26): one row per thing, no NMS needed.

Output: (rows, 6) with x1, y1, x2, y2 in input pixels, score, class number.
"""

import numpy as np

from detector.types import F32, Detections
from detector.vision.families.family import Wanted

COLUMNS = 6


class UltralyticsEnd2End:
    """One row per thing; only scores and classes are chosen here.

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
        """Keep the rows of wanted classes that are sure enough."""
        number = output[:, 5].astype(np.int64)
        known = max(int(number.max(initial=0)), *self._wanted.classes) + 1
        ours, lowest = self._wanted.tables(known)
        rows = np.flatnonzero(output[:, 4] >= lowest[number])
        rows = rows[np.argsort(-output[rows, 4], kind="stable")]
        return Detections(output[rows, :4], output[rows, 4], ours[number[rows]])
