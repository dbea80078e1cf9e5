"""A camera's zones, barriers and ground, laid out in the pixels of one frame size."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.errors import ConfigError, Problem
from detector.geometry import (
    Anchor,
    Bools,
    Offsets,
    bottom_centers,
    boxes_in_polygon,
    offsets_to_polyline,
    points_in_polygon,
)
from detector.scene.ground import (
    EstimatedGround,
    Ground,
    MeasuredGround,
    own_scale,
    scale_line,
)
from detector.scene.settings import (
    BarrierSettings,
    CalibrationSettings,
    GroundPoint,
    PrivacyMaskSettings,
    SideNames,
    ZoneSettings,
)
from detector.types import F64, I64, ObjectClass, Xy

__all__ = [
    "Barrier",
    "BarrierSettings",
    "CalibrationSettings",
    "EstimatedGround",
    "Ground",
    "GroundPoint",
    "MeasuredGround",
    "PrivacyMaskSettings",
    "Scene",
    "SideNames",
    "Zone",
    "ZoneSettings",
]

_STEEPEST = 3.0  # fall per run


@dataclass(frozen=True, slots=True, eq=False)
class Zone:
    """A polygon of one camera.

    Attributes:
        name: its key in the configuration.
        settings: as configured.
        polygon: (K, 2) float64 pixels.
    """

    name: str
    settings: ZoneSettings
    polygon: F64

    def contains(self, xyxy: npt.ArrayLike, anchor: Anchor | None = None) -> Bools:
        """Which boxes (N, 4) are inside by the zone's anchor, or by the given one: (N,)."""
        return boxes_in_polygon(xyxy, self.polygon, anchor or self.settings.anchor)

    def wants(self, object_class: ObjectClass) -> bool:
        """Tell whether objects of a class count here."""
        return not self.settings.objects or object_class.label in self.settings.objects


@dataclass(frozen=True, slots=True, eq=False)
class Barrier:
    """A polyline of one camera.

    Attributes:
        name: its key in the configuration.
        settings: as configured.
        points: (K, 2) float64 pixels of its foot.
        top: (L, 2) float64 pixels of its upper edge, (0, 2) where there is none.
        plane: (K, 2) its foot in the plane of the scene's ground.
        mirrored: that plane shows left as right.
    """

    name: str
    settings: BarrierSettings
    points: F64
    top: F64
    plane: F64
    mirrored: bool

    def side_name(self, side: int) -> str:
        """Name of side +1 (left) or -1 (right); "" for 0."""
        sides = self.settings.sides
        return {1: sides.left, -1: sides.right}.get(side, "")

    def on_face(self, points: npt.ArrayLike) -> Bools:
        """Which points (N, 2) are seen on the area between foot and top: (N,)."""
        if not len(self.top):
            return np.zeros(len(np.asarray(points)), np.bool_)
        return points_in_polygon(points, np.vstack([self.points, self.top[::-1]]))

    def above_top(self, points: npt.ArrayLike) -> F64:
        """How many px points (N, 2) are above the top line: (N,), negative below, NaN beside it."""
        return heights_over(points, self.top)

    def above_foot(self, points: npt.ArrayLike) -> F64:
        """How many px points (N, 2) are above the foot: (N,), negative below, NaN beside it."""
        return heights_over(points, self.points)


def heights_over(points: npt.ArrayLike, line: F64) -> F64:
    """Vertical px from a polyline (K, 2) up to points (N, 2); NaN left and right of the line.

    Where the line passes a point's x more than once, the pass nearest to the point counts. Edges
    that run up the picture, along the camera's view, have no points over them: there a pixel to the
    side would be metres in height.

    >>> heights_over([[5, 2], [5, 12], [20, 0]], np.array([[0.0, 10.0], [10.0, 10.0]])).tolist()
    [8.0, -2.0, nan]
    """
    p = np.asarray(points, np.float64)
    if len(line) == 0:
        return np.full(len(p), np.nan)
    a, b = line[:-1], line[1:]
    x, y = p[:, None, 0], p[:, None, 1]
    low, high = np.minimum(a[:, 0], b[:, 0]), np.maximum(a[:, 0], b[:, 0])
    run, fall = b[:, 0] - a[:, 0], b[:, 1] - a[:, 1]
    flat = np.abs(fall) <= _STEEPEST * np.abs(run)
    t = (x - a[:, 0]) / np.where(flat, run, 1.0)
    over = flat & (x >= low) & (x <= high)
    rise = np.where(over, a[:, 1] + t * fall - y, np.inf)
    best = rise[np.arange(len(p)), np.abs(rise).argmin(axis=1)]
    return np.where(np.isinf(best), np.nan, best)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What one camera looks at, in pixels of its frames.

    Attributes:
        size: (width, height) of the frames.
        zones: by name.
        barriers: by name.
        ground: how pixels become metres.
    """

    size: tuple[int, int]
    zones: Mapping[str, Zone]
    barriers: Mapping[str, Barrier]
    ground: Ground

    @classmethod
    def build(
        cls,
        size: tuple[int, int],
        zones: Mapping[str, ZoneSettings],
        barriers: Mapping[str, BarrierSettings],
        calibration: CalibrationSettings | None = None,
    ) -> "Scene":
        """Draw the settings for frames of ``size`` (width, height).

        Raises:
            ConfigError: a barrier reaches above the horizon of the calibration.
        """
        ground = _ground(size, barriers, calibration or CalibrationSettings())
        return cls(
            size,
            {name: Zone(name, z, _pixels(z.coordinates, size)) for name, z in zones.items()},
            {name: _barrier(name, b, size, ground) for name, b in barriers.items()},
            ground,
        )

    @property
    def estimated(self) -> bool:
        """Metres derive from heights, not from ground points."""
        return self.ground.estimated

    def scale(self, xyxy: npt.ArrayLike, class_id: I64) -> F64:
        """Vertical px per metre where boxes (N, 4) of classes (N,) stand: (N,)."""
        box = np.asarray(xyxy, np.float64)
        known = self.ground.scale(bottom_centers(box))
        own = own_scale(box, class_id == ObjectClass.PERSON, self.ground.person_height_m)
        return np.where(np.isnan(known), own, known)

    def offsets(self, barrier: Barrier, feet: npt.ArrayLike, scale: F64) -> Offsets:
        """Distance in metres and side of feet (N, 2) from a barrier; NaN and 0 above the horizon.

        ``scale`` is (N,) px per metre as :meth:`scale` gives it.
        """
        offsets = offsets_to_polyline(self.ground.plane(feet), barrier.plane)
        side = -offsets.side if barrier.mirrored else offsets.side
        return Offsets(offsets.distance * self.ground.metres(scale), side, offsets.nearest)

    def separations_m(self, p: npt.ArrayLike, q: npt.ArrayLike, scale: F64) -> F64:
        """Metres between feet p and q, (N, 2) each: (N,); ``scale`` (N,) px per metre there."""
        gap = self.ground.plane(p) - self.ground.plane(q)
        return np.asarray(np.linalg.norm(gap, axis=1) * self.ground.metres(scale))

    def expected_height_px(self, feet: npt.ArrayLike) -> F64:
        """Height in the picture of a person standing at feet (N, 2): (N,), NaN where not known.

        Known with ground points or a barrier of known height, above the horizon never.
        """
        known = self.ground.scale(np.asarray(feet, np.float64))
        return np.asarray(known * self.ground.person_height_m)


def _pixels(points: tuple[Xy, ...], size: tuple[int, int]) -> F64:
    pixels = np.array(points, np.float64).reshape(-1, 2) * size
    pixels.setflags(write=False)
    return pixels


def _ground(
    size: tuple[int, int],
    barriers: Mapping[str, BarrierSettings],
    calibration: CalibrationSettings,
) -> Ground:
    if calibration.points:
        return MeasuredGround.of(size, calibration)
    uprights = [
        ((foot[0] * size[0], foot[1] * size[1]), (top[0] * size[0], top[1] * size[1]), b.height_m)
        for b in barriers.values()
        if b.height_m is not None
        for foot, top in zip(b.points, b.top, strict=True)
    ]
    line = scale_line(uprights) if uprights else None
    return EstimatedGround(calibration.person_height_m, line)


def _barrier(
    name: str, settings: BarrierSettings, size: tuple[int, int], ground: Ground
) -> Barrier:
    points, top = _pixels(settings.points, size), _pixels(settings.top, size)
    corner = points[0] + np.array([[0, 0], [1, 0], [0, 1]])
    plane, triangle = ground.plane(points), ground.plane(corner)
    if np.isnan(plane).any():
        raise ConfigError(
            Problem(
                f"barriers.{name}.points",
                "a line on the ground, below the horizon of the calibration",
                "a point above it",
            )
        )
    x, y = triangle[1] - triangle[0], triangle[2] - triangle[0]
    return Barrier(name, settings, points, top, plane, bool(x[0] * y[1] < x[1] * y[0]))
