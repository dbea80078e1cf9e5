"""What moves in a scene without being anybody, as it stands in a scene file."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from benchmarks.simulator.steps import Point


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HeadlightsSpec(_Spec):
    """A car that passes outside the picture and sweeps its light over the scene."""

    starts_s: float
    for_s: float = Field(4.0, gt=0.0)
    start_m: tuple[float, float, float]
    end_m: tuple[float, float, float]
    towards_m: tuple[float, float, float]
    strength: float = 2.0


class AnimalSpec(_Spec):
    """An animal that trots, or a bird that flies, along points; `size_m` None is usual for it."""

    kind: Literal["dog", "deer", "fox", "bird"] = "dog"
    enters_s: float = 0.0
    path: tuple[Point, ...] = Field(min_length=2)
    speed_mps: float = Field(1.6, gt=0.0)
    size_m: float | None = Field(None, gt=0.0)


class InsectSpec(_Spec):
    """An insect on the housing before the lens; `path` is relative to the picture, None wanders."""

    starts_s: float = Field(ge=0.0)
    for_s: float = Field(gt=0.0)
    size_px: float = Field(40.0, ge=6.0, le=600.0)
    path: tuple[Point, ...] | None = Field(None, min_length=2)


class ShakeSpec(_Spec):
    """Wind in the mast: how far the picture moves at most, pixels, and how often a second."""

    px: float = Field(3.0, gt=0.0, le=40.0)
    hz: float = Field(1.5, gt=0.0, le=20.0)


class DriftSpec(_Spec):
    """A mount that gives way: the picture moves steadily; 0 degrees is to the right, 90 up."""

    px_per_min: float = 6.0
    direction_deg: float = 0.0


class NuisanceSpec(_Spec):
    """What moves without being anybody, in the scene, before the lens and of the camera itself."""

    sway: float = Field(0.0, ge=0.0, le=1.0)
    cloud_shadows: float = Field(0.0, ge=0.0, le=1.0)
    headlights: tuple[HeadlightsSpec, ...] = ()
    animals: tuple[AnimalSpec, ...] = ()
    insects: tuple[InsectSpec, ...] = ()
    shake: ShakeSpec | None = None
    drift: DriftSpec | None = None
