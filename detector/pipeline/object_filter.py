"""Which boxes of a class count: by size, shape and place, with Frigate's keys."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from detector.geometry import bottom_centers, points_in_polygon
from detector.scene.settings import Points
from detector.types import Detections, ObjectClass

Score = Annotated[float, Field(gt=0, lt=1)]


def _several(value: Any) -> Any:
    """Take Frigate's single polygon as a list of one."""
    return (value,) if isinstance(value, str) else value


class FilterSettings(BaseModel):
    """``objects.filters.<label>``: a box that does not fit is not looked at further."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_area: float = Field(default=0, ge=0, description="pixels, or share of the picture if < 1")
    max_area: float = Field(default=24_000_000, gt=0, description="likewise")
    min_ratio: float = Field(default=0, ge=0, description="width / height")
    max_ratio: float = Field(default=24_000_000, gt=0, description="width / height")
    min_score: Score | None = Field(default=None, description="least score in a single picture")
    threshold: Score | None = Field(default=None, description="least median score of a track")
    mask: Annotated[tuple[Points, ...], BeforeValidator(_several)] = Field(
        default=(), description="polygons; a box whose foot is in one of them does not count"
    )


def keep(
    detections: Detections,
    filters: Mapping[ObjectClass, FilterSettings],
    size: tuple[int, int],
) -> Detections:
    """Keep the boxes whose class is a key of ``filters`` and which pass that class's filter.

    Args:
        detections: N boxes in pixels.
        filters: one per tracked class.
        size: (width, height) of the picture in pixels, for areas given as a share.
    """
    wanted = np.zeros(len(detections), np.bool_)
    for object_class, limits in filters.items():
        wanted |= (detections.class_id == object_class) & _passes(detections, limits, size)
    return detections if wanted.all() else detections[wanted]


def _passes(
    detections: Detections, limits: FilterSettings, size: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    width = detections.xyxy[:, 2] - detections.xyxy[:, 0]
    height = np.maximum(detections.xyxy[:, 3] - detections.xyxy[:, 1], 1e-6)
    area, ratio = width * height, width / height
    passes: npt.NDArray[np.bool_] = (
        (area >= _pixels(limits.min_area, size))
        & (area <= _pixels(limits.max_area, size))
        & (ratio >= limits.min_ratio)
        & (ratio <= limits.max_ratio)
    )
    if limits.min_score is not None:
        passes &= detections.confidence >= limits.min_score
    if limits.mask and len(detections):
        feet = bottom_centers(detections.xyxy) / size
        for polygon in limits.mask:
            passes &= ~points_in_polygon(feet, np.array(polygon))
    return passes


def _pixels(area: float, size: tuple[int, int]) -> float:
    return area * size[0] * size[1] if area < 1 else area
