"""A detector that says what it was told to say: for tests of all that comes after detection."""

from collections.abc import Iterable, Mapping, Sequence

from detector.types import U8, Detections, ObjectClass
from detector.vision.base import ClassScores, DetectorInfo

_SCORES = ClassScores(min_score=0.1, threshold=0.5)


class ScriptedDetector:
    """Gives the detections of a script, one for each picture it is shown.

    Args:
        script: detections in the order in which pictures come; afterwards nothing is seen.
        scores: the classes it claims to know; all by default.

    >>> import numpy as np
    >>> [len(found) for found in ScriptedDetector([]).detect([np.zeros((4, 4, 3), np.uint8)])]
    [0]
    """

    def __init__(
        self,
        script: Iterable[Detections],
        scores: Mapping[ObjectClass, ClassScores] | None = None,
    ) -> None:
        self._script = iter(script)
        self.shapes: list[tuple[int, ...]] = []
        self._info = DetectorInfo(
            model="scripted",
            version="1",
            sha256="",
            family="scripted",
            provider="scripted",
            precision="fp32",
            threads=0,
            input_size=(640, 384),
            max_batch=8,
            scores=scores or dict.fromkeys(ObjectClass, _SCORES),
            reason="a script",
        )

    @property
    def info(self) -> DetectorInfo:
        """What it pretends to be."""
        return self._info

    def detect(self, images: Sequence[U8]) -> list[Detections]:
        """Give the next detections of the script and note the pictures' shapes in ``shapes``."""
        self.shapes += [image.shape for image in images]
        return [next(self._script, Detections.empty()) for _ in images]
