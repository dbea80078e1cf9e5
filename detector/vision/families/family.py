"""What all families of networks have in common: one output tensor that becomes boxes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from detector.types import F32, I64, Detections, ObjectClass


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the network's classes are used, from which score on, and what counts as one thing.

    Attributes:
        classes: our classes by the network's numbers.
        min_scores: the lowest confidence of each of our classes that is given out.
        nms_iou: boxes of one class that overlap more are one thing.
    """

    classes: Mapping[int, ObjectClass]
    min_scores: Mapping[ObjectClass, float]
    nms_iou: float

    def tables(self, count: int) -> tuple[I64, F32]:
        """Give our class and the lowest score (inf: unused) by the network's ``count`` numbers."""
        ours = np.full(count, -1, np.int64)
        lowest = np.full(count, np.inf, np.float32)
        for number, object_class in self.classes.items():
            ours[number] = object_class
            lowest[number] = self.min_scores[object_class]
        return ours, lowest


class Family(Protocol):
    """Decodes the output of one kind of network."""

    def expected(self, shape: tuple[int, ...]) -> str:
        """Say which output shape was expected if ``shape``, without the batch axis, does not fit.

        Returns:
            "" if it fits.
        """
        ...

    def decode(self, output: F32) -> Detections:
        """Turn the output for one picture into boxes in pixels of the network's input.

        Args:
            output: as the network gave it, without the batch axis.

        Returns:
            Boxes of the wanted classes, highest confidence first.
        """
        ...
