"""What a user draws and measures for one camera: zones, barriers and the ground under them."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from detector.geometry import Anchor, fit_homography, self_crossing
from detector.types import Xy

PERSON_HEIGHT_M = 1.70
Label = Literal["person", "ladder"]
Relative = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
RelativePoint = tuple[Relative, Relative]


def _pairs(value: Any) -> Any:
    """Turn Frigate's ``"x1,y1,x2,y2"`` or ``["x1,y1", "x2,y2"]`` into pairs; leave pairs alone."""
    if isinstance(value, str):
        numbers = value.split(",")
        if len(numbers) % 2:
            raise ValueError(f"expected pairs of numbers x,y, found {len(numbers)} numbers")
        return list(zip(numbers[::2], numbers[1::2], strict=True))
    if isinstance(value, list | tuple):
        return [item.split(",") if isinstance(item, str) else item for item in value]
    return value


def _labels(value: Any) -> Any:
    """Accept one word where a list of words is meant, as Frigate does."""
    return [value] if isinstance(value, str) else value


Points = Annotated[tuple[RelativePoint, ...], BeforeValidator(_pairs)]
Labels = Annotated[tuple[Label, ...], BeforeValidator(_labels)]


def _check_line(points: Sequence[Xy], *, least: int, closed: bool, name: str) -> None:
    """Raise ValueError unless the points draw a simple line or polygon."""
    distinct = len(set(points))
    if distinct < least:
        raise ValueError(f"{name}: expected at least {least} distinct points, found {distinct}")
    if distinct < len(points):
        twice = next(point for point in points if points.count(point) > 1)
        raise ValueError(f"{name}: expected every point once, found {twice} again")
    crossing = self_crossing(points, closed=closed)
    if crossing is not None:
        first, second = (edge + 1 for edge in crossing)
        raise ValueError(f"{name}: expected no crossing edges, found edges {first} and {second}")


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ZoneSettings(_Settings):
    """A closed polygon; keys and meaning as in Frigate, ``anchor`` and ``kind`` are ours.

    Attributes:
        friendly_name: what people read; the key in the configuration where empty.
        enabled: rules that look at a disabled zone stay silent.
        coordinates: polygon, relative 0..1, as pairs or as Frigate's comma string.
        objects: labels that count; empty means every label the rule asks for.
        inertia: observations inside in a row before an object counts as inside.
        loitering_time: seconds until a stay is reported, 0 means the rule's own ``stay_s``; unlike
            Frigate's it is seconds of the stream and starts again after an absence.
        anchor: which part of the box has to be inside.
        kind: what is there; who is in water is asked other questions than who is on land.
    """

    friendly_name: str = ""
    enabled: bool = True
    coordinates: Points
    objects: Labels = ()
    inertia: int = Field(default=1, ge=1)
    loitering_time: float = Field(default=0.0, ge=0.0)
    anchor: Anchor = Anchor.BOTTOM_CENTER
    kind: Literal["land", "water"] = "land"

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_line(self.coordinates, least=3, closed=True, name="coordinates")
        return self


class PrivacyMaskSettings(_Settings):
    """A part of the picture that nobody may see: black before anything else is done with it.

    Attributes:
        coordinates: polygon, relative 0..1, as those of a zone.
        reason: why, for the record; "the neighbour's garden".
    """

    coordinates: Points
    reason: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_line(self.coordinates, least=3, closed=True, name="coordinates")
        return self


class SideNames(_Settings):
    """What the sides of a barrier are called, seen walking from its first to its last point."""

    left: str = Field(default="left", min_length=1)
    right: str = Field(default="right", min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.left == self.right:
            raise ValueError(f"sides: expected two different names, found {self.left!r} twice")
        return self


class BarrierSettings(_Settings):
    """An open polyline along the foot of a fence, wall or border line.

    Attributes:
        friendly_name: what people read; the key in the configuration where empty.
        enabled: rules that look at a disabled barrier stay silent.
        points: where the barrier stands on the ground, relative 0..1.
        top: its upper edge, drawn in the same direction; empty where there is none to climb.
        height_m: height of that edge above the ground, where known; gives the scale without ground
            points, and then needs one ``top`` point straight above each of ``points``.
        see_through: False for a solid wall: feet seen on its face are on the wall, not behind it.
        strip_m: how near to the barrier counts as being at it.
        sides: names of the two sides.
    """

    friendly_name: str = ""
    enabled: bool = True
    points: Points
    top: Points = ()
    height_m: float | None = Field(default=None, gt=0.0, le=30.0)
    see_through: bool = True
    strip_m: float = Field(default=1.5, gt=0.0)
    sides: SideNames = SideNames()

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_line(self.points, least=2, closed=False, name="points")
        if self.top:
            _check_line(self.top, least=2, closed=False, name="top")
            face = (*self.points, *reversed(self.top))
            if self_crossing(face, closed=True) is not None:
                raise ValueError("top: expected a line above points, drawn the same way")
            self._check_height()
        elif self.height_m is not None:
            raise ValueError("height_m: expected a top line to measure it by, found none")
        elif not self.see_through:
            raise ValueError("see_through: false: expected a top line to tell the face, found none")
        return self

    def _check_height(self) -> None:
        """Raise ValueError unless each top point is above its foot, where the height is given."""
        if self.height_m is None:
            return
        if len(self.top) != len(self.points):
            raise ValueError(
                f"top: expected one point above each of the {len(self.points)} points, since "
                f"height_m is given, found {len(self.top)}"
            )
        if any(top[1] >= foot[1] for foot, top in zip(self.points, self.top, strict=True)):
            raise ValueError("top: expected every point above its foot point, found one below")


class GroundPoint(_Settings):
    """One place on the ground: where it is in the picture (relative) and in the world (metres)."""

    image: RelativePoint
    ground: tuple[float, float]


class CalibrationSettings(_Settings):
    """How pixels become metres on the ground.

    Attributes:
        points: four or more places on the ground, not in a line; none to estimate metres.
        person_height_m: height of a standing person.
    """

    points: tuple[GroundPoint, ...] = ()
    person_height_m: float = Field(default=PERSON_HEIGHT_M, gt=0.5, lt=2.5)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.points:
            return self
        for name in ("image", "ground"):
            places = [getattr(point, name) for point in self.points]
            if len(set(places)) < len(places):
                raise ValueError(f"points: expected every {name} point once, found one again")
        fit_homography(
            np.array([point.image for point in self.points]),
            np.array([point.ground for point in self.points]),
        )
        return self
