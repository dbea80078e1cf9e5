"""What moves in a scene without being anybody, as it stands in a scene file."""

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
    """A dog- to deer-sized animal that trots along points."""

    enters_s: float = 0.0
    path: tuple[Point, ...] = Field(min_length=2)
    speed_mps: float = 1.6
    size_m: float = 0.6


class NuisanceSpec(_Spec):
    """What moves without being anybody: sway of vegetation, cloud shadows, headlights, animals."""

    sway: float = Field(0.0, ge=0.0, le=1.0)
    cloud_shadows: float = Field(0.0, ge=0.0, le=1.0)
    headlights: tuple[HeadlightsSpec, ...] = ()
    animals: tuple[AnimalSpec, ...] = ()
