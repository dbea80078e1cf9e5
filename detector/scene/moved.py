"""What was drawn for a camera, moved along with a view that was turned a little."""

from collections.abc import Mapping, Sequence

import numpy as np

from detector.geometry import project
from detector.scene.settings import BarrierSettings, CalibrationSettings, ZoneSettings
from detector.types import F64, Xy


def moved_zones(zones: Mapping[str, ZoneSettings], matrix: F64) -> dict[str, ZoneSettings]:
    """Move the polygons with a homography (3, 3) of relative coordinates.

    Points may leave the picture: they are not checked as those of a configuration are.
    """
    return {
        name: zone.model_copy(update={"coordinates": _moved(zone.coordinates, matrix)})
        for name, zone in zones.items()
    }


def moved_barriers(
    barriers: Mapping[str, BarrierSettings], matrix: F64
) -> dict[str, BarrierSettings]:
    """Move the lines of foot and top likewise."""
    return {
        name: barrier.model_copy(
            update={"points": _moved(barrier.points, matrix), "top": _moved(barrier.top, matrix)}
        )
        for name, barrier in barriers.items()
    }


def moved_calibration(calibration: CalibrationSettings, matrix: F64) -> CalibrationSettings:
    """Move the places in the picture; those on the ground stay where they are."""
    images = _moved([point.image for point in calibration.points], matrix)
    points = tuple(
        point.model_copy(update={"image": image})
        for point, image in zip(calibration.points, images, strict=True)
    )
    return calibration.model_copy(update={"points": points})


def _moved(points: Sequence[Xy], matrix: F64) -> tuple[Xy, ...]:
    moved = project(matrix, np.array(points, np.float64).reshape(-1, 2))
    return tuple((float(x), float(y)) for x, y in moved)
