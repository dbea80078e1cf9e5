"""What the pipeline knows of a detector: pictures in, boxes out, and a card that says what runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol

from detector.types import U8, Detections, ObjectClass

Provider = Literal["cpu", "openvino", "cuda", "scripted"]
Precision = Literal["fp32", "bf16"]


@dataclass(frozen=True, slots=True)
class ClassScores:
    """The two confidences that matter for one class.

    Attributes:
        min_score: boxes below it are never given out; those above may keep a track alive.
        threshold: from here on a box is sure enough to start a track.
    """

    min_score: float
    threshold: float

    def __post_init__(self) -> None:
        """Raise ValueError unless 0 < min_score <= threshold < 1."""
        if not 0 < self.min_score <= self.threshold < 1:
            raise ValueError(f"scores: expected 0 < min_score <= threshold < 1, found {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorInfo:
    """What runs, for the log, ``/health``, reports and every event.

    Attributes:
        model: name of the model's manifest.
        version: its version.
        sha256: of the network's bytes, lower-case hex; "" for a scripted detector.
        family: how its output is decoded.
        provider: where it runs, in effect; never merely what was asked for.
        precision: in which it computes, in effect.
        threads: threads of one inference.
        input_size: (width, height) of the network's input in pixels.
        max_batch: pictures that are computed at once.
        scores: the classes it can find, with their confidences.
        reason: why this provider and precision were taken.
    """

    model: str
    version: str
    sha256: str
    family: str
    provider: Provider
    precision: Precision
    threads: int
    input_size: tuple[int, int]
    max_batch: int
    scores: Mapping[ObjectClass, ClassScores]
    reason: str = ""

    def __post_init__(self) -> None:
        """Make the scores read-only."""
        object.__setattr__(self, "scores", MappingProxyType(dict(self.scores)))

    @property
    def classes(self) -> tuple[ObjectClass, ...]:
        """The classes it can find, in the order of their numbers."""
        return tuple(sorted(self.scores))

    def __str__(self) -> str:
        """Give the line that is logged at the start."""
        width, height = self.input_size
        return (
            f"{self.model} {self.version} ({self.sha256[:12]}) {width}x{height} on {self.provider} "
            f"{self.precision}, {self.threads} thread(s), batch {self.max_batch}: {self.reason}"
        )


class Detector(Protocol):
    """Finds people and ladders in pictures; owned by one thread."""

    @property
    def info(self) -> DetectorInfo:
        """What runs."""
        ...

    def detect(self, images: Sequence[U8]) -> list[Detections]:
        """Find boxes in each picture.

        Args:
            images: (H, W, 3) uint8 BGR each, any mix of sizes, at least 1x1; they are not changed.

        Returns:
            As many as pictures, in their order; boxes in pixels of their picture, clipped to it,
            highest confidence first, none below its class's ``min_score``.

        Raises:
            ModelError: the runtime failed.
        """
        ...
