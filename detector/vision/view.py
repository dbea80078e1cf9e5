"""Looks at regions of several cameras' frames at once, so that they share batches."""

from collections.abc import Sequence
from dataclasses import dataclass

from detector.types import U8, Detections
from detector.vision.base import Detector
from detector.vision.merge import merge
from detector.vision.tiles import Region


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A frame and where to look in it.

    Attributes:
        image: (H, W, 3) uint8 BGR.
        regions: rectangles within it, the whole frame among them.
    """

    image: U8
    regions: tuple[Region, ...]

    @classmethod
    def whole(cls, image: U8) -> "View":
        """Look at the whole frame only."""
        return cls(image, (Region.whole((image.shape[1], image.shape[0])),))


def detect_views(detector: Detector, views: Sequence[View]) -> list[Detections]:
    """Find boxes in several frames, each looked at in several regions.

    Returns:
        For each view its boxes in pixels of its frame, without doubles from overlapping regions.

    Raises:
        ModelError: the runtime failed.
    """
    crops = [region.cut(view.image) for view in views for region in view.regions]
    found = iter(detector.detect(crops))
    return [
        merge(
            (view.image.shape[1], view.image.shape[0]),
            [(region, next(found)) for region in view.regions],
        )
        for view in views
    ]
