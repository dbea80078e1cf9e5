"""From pixels to metres: by a measured plane, a barrier of known height, or a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from detector.geometry import HomographyFit, fit_homography, project, upright
from detector.scene.settings import PERSON_HEIGHT_M, CalibrationSettings
from detector.types import F64, Xy

_LADDER_DIAGONAL_M = 3.0  # a short single ladder: errs towards too near rather than too far


class Ground(Protocol):
    """What a scene needs to know about the ground.

    Attributes:
        estimated: metres derive from heights of persons or barriers, not from ground points.
        person_height_m: height of a standing person.
    """

    @property
    def estimated(self) -> bool:
        """Tell whether metres are estimated."""
        ...

    @property
    def person_height_m(self) -> float:
        """Give the height of a standing person."""
        ...

    def plane(self, points: npt.ArrayLike) -> F64:
        """Map image points (N, 2) to a plane that keeps lines: (N, 2), NaN above the horizon."""
        ...

    def metres(self, scale: F64) -> F64:
        """Metres per unit of that plane, (N,), where px per metre are ``scale``, (N,)."""
        ...

    def scale(self, feet: F64) -> F64:
        """Vertical px per metre at feet (N, 2): (N,), NaN where it is not known."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredGround:
    """Metres from ground points.

    Attributes:
        fit: image px to ground metres, with its reprojection errors (0 for exactly four points).
        vertical: image of the vertical (3,), None where the points do not give the focal length.
    """

    fit: HomographyFit
    vertical: F64 | None
    person_height_m: float = PERSON_HEIGHT_M
    estimated: bool = False

    @classmethod
    def of(cls, size: tuple[int, int], calibration: CalibrationSettings) -> "MeasuredGround":
        """Fit the plane for a frame size (width, height); needs four or more points."""
        image = np.array([point.image for point in calibration.points]) * size
        ground = np.array([point.ground for point in calibration.points])
        fit = fit_homography(image, ground)
        middle = ground.mean(axis=0)
        vertical = upright(fit.inverse, size, (float(middle[0]), float(middle[1])))
        return cls(fit, vertical, calibration.person_height_m)

    def plane(self, points: npt.ArrayLike) -> F64:
        """Map image points (N, 2) to metres on the ground (N, 2), NaN above the horizon."""
        return project(self.fit.matrix, points)

    def metres(self, scale: F64) -> F64:
        """Give 1: the plane is in metres."""
        return np.ones_like(scale)

    def scale(self, feet: F64) -> F64:
        """Vertical px per metre at feet (N, 2), averaged over a person's height.

        Where the focal length is unknown it is the scale across the view: right for a camera that
        looks along the ground, too large by 1/cos(tilt) for one that looks down.
        """
        ground = self.plane(feet)
        if self.vertical is None:
            beside = self.plane(np.asarray(feet, np.float64) + np.array([1.0, 0.0]))
            return np.asarray(1.0 / np.linalg.norm(beside - ground, axis=1))
        base = np.column_stack([ground, np.ones(len(ground))]) @ self.fit.inverse.T
        head = base + self.person_height_m * self.vertical
        rise = base[:, 1] / base[:, 2] - head[:, 1] / head[:, 2]
        return np.asarray(np.abs(rise) / self.person_height_m)


@dataclass(frozen=True, slots=True, eq=False)
class EstimatedGround:
    """Metres from the height of the person, or of a barrier whose height is known.

    Distances are those in the picture's plane: right across the view, too short along it.

    Attributes:
        line: px per metre at (x, y) is ``line[0] + line[1] * y``, from a barrier of known height.
    """

    person_height_m: float = PERSON_HEIGHT_M
    line: tuple[float, float] | None = None
    estimated: bool = True

    def plane(self, points: npt.ArrayLike) -> F64:
        """Give the points themselves: the plane is the picture."""
        return np.asarray(points, np.float64)

    def metres(self, scale: F64) -> F64:
        """Metres per pixel."""
        return 1.0 / scale

    def scale(self, feet: F64) -> F64:
        """Vertical px per metre at feet (N, 2), NaN without a barrier of known height."""
        if self.line is None:
            return np.full(len(feet), np.nan)
        at = self.line[0] + self.line[1] * np.asarray(feet, np.float64)[:, 1]
        return np.where(at > 0, at, np.nan)


def scale_line(pairs: Sequence[tuple[Xy, Xy, float]]) -> tuple[float, float]:
    """Fit px per metre as a line in y to (foot px, top px, height m) of upright things.

    On level ground without camera roll the height of upright things in the picture is linear in the
    y of their foot. One distance from the camera alone gives a constant.

    >>> scale_line([((0, 100), (0, 80), 2.0), ((0, 200), (0, 160), 2.0)])
    (0.0, 0.1)
    """
    y = np.array([foot[1] for foot, _, _ in pairs])
    scale = np.array([(foot[1] - top[1]) / height for foot, top, height in pairs])
    spread = y - y.mean()
    slope = 0.0 if np.ptp(y) < 1 else float(spread @ scale / (spread @ spread))
    return round(float(scale.mean() - slope * y.mean()), 9), round(slope, 9)


def own_scale(xyxy: F64, persons: npt.NDArray[np.bool_], person_height_m: float) -> F64:
    """Px per metre (N,) from the boxes (N, 4) themselves.

    A person's from the box height; anything else (a ladder) has the scale of the nearest person in
    the picture, or takes itself for a short ladder where there is nobody.
    """
    box = np.asarray(xyxy, np.float64)
    scale = np.maximum(box[:, 3] - box[:, 1], 1.0) / person_height_m
    if persons.all():
        return scale
    extent = np.linalg.norm(box[:, 2:] - box[:, :2], axis=1)
    other = np.maximum(extent, 1.0) / _LADDER_DIAGONAL_M
    if persons.any():
        feet = np.stack([(box[:, 0] + box[:, 2]) / 2, box[:, 3]], axis=1)
        apart = np.linalg.norm(feet[:, None] - feet[persons][None], axis=2)
        other = scale[persons][apart.argmin(axis=1)]
    return np.where(persons, scale, other)
