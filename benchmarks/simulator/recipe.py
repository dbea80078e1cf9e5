"""What training pictures are made of, as YAML: ranges and shares that `sampling` draws from."""

from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmarks.simulator.arrangements import ACTS, WITHOUT_LADDER
from benchmarks.simulator.barriers import KINDS
from benchmarks.simulator.ladder_arrangements import WITH_LADDER
from benchmarks.simulator.structures import MAKERS
from benchmarks.simulator.terrain import SOILS

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Shares = dict[str, Annotated[float, Field(ge=0.0)]]
SENSORS = ("day", "overcast", "dusk", "nir", "thermal")


class RecipeError(ValueError):
    """A recipe file that cannot be read or makes no sense; says file, key and what was expected."""


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="after")
    def _ranges_rise(self) -> Self:
        for name, value in self:
            if isinstance(value, tuple) and len(value) == 2 and name != "size_px":
                low, high = value
                if isinstance(low, int | float) and low > high:
                    raise ValueError(f"{name}: expected [least, most], found {[low, high]}")
        return self


def _check_names(key: str, shares: dict[str, float], known: tuple[str, ...]) -> None:
    unknown = sorted(set(shares) - set(known))
    if unknown:
        raise ValueError(f"{key}: expected some of {sorted(known)}, found {unknown}")
    if sum(shares.values()) <= 0:
        raise ValueError(f"{key}: expected at least one share above 0, found {shares}")


class WorldRecipe(_Spec):
    """Worlds; `barrier` and `soil` are weights by kind, ranges are [least, most].

    `house` is the share of the worlds without a barrier (kind none) that have a house instead,
    `river` that of all worlds with a river: `river_y_m` is its bank nearer to the barrier and
    `river_m` its width. `band_soils` and `structure_kinds` are equally likely.
    """

    barrier: Shares
    barrier_m: tuple[float, float] = (1.8, 5.0)
    coil: Share = 0.45
    house: Share = 0.7
    soil: Shares
    bands: tuple[int, int] = (0, 3)
    band_soils: tuple[str, ...] = SOILS
    grass_per_m2: tuple[float, float] = (0.0, 12.0)
    grass_m: tuple[float, float] = (0.10, 0.55)
    bushes: tuple[int, int] = (0, 21)
    trees: tuple[int, int] = (0, 33)
    forest_m: tuple[float, float] = (9.0, 24.0)
    structures: tuple[int, int] = (1, 7)
    river: Share = 0.0
    river_y_m: tuple[float, float] = (-16.0, -4.0)
    river_m: tuple[float, float] = (4.0, 12.0)
    structure_kinds: tuple[str, ...] = tuple(MAKERS)

    @model_validator(mode="after")
    def _names(self) -> Self:
        _check_names("barrier", self.barrier, (*KINDS, "none"))
        _check_names("soil", self.soil, SOILS)
        _check_names("band_soils", dict.fromkeys(self.band_soils, 1.0), SOILS)
        _check_names("structure_kinds", dict.fromkeys(self.structure_kinds, 1.0), tuple(MAKERS))
        return self


class CameraRecipe(_Spec):
    """Cameras before the barrier: metres, degrees; `yaw_rad` 0 looks along it, pi/2 at it."""

    height_m: tuple[float, float] = (3.0, 8.0)
    before_m: tuple[float, float] = (2.5, 14.0)
    along_m: tuple[float, float] = (-3.0, 4.0)
    yaw_rad: tuple[float, float] = (-0.35, 1.35)
    reach_m: tuple[float, float] = (7.0, 22.0)
    hfov_deg: tuple[float, float] = (35.0, 90.0)


class LightRecipe(_Spec):
    """Sensors by weight and weather; `rain` is the share of the sensors that see rain."""

    sensor: Shares
    sun_elevation_deg: tuple[float, float] = (10.0, 65.0)
    fog: Share = 0.2
    fog_per_m: tuple[float, float] = (0.004, 0.03)
    rain: Share = 0.22
    rain_strength: tuple[float, float] = (0.2, 1.2)

    @model_validator(mode="after")
    def _names(self) -> Self:
        _check_names("sensor", self.sensor, SENSORS)
        return self


class SituationRecipe(_Spec):
    """Who is in a picture.

    `empty` is the share of pictures with nobody, `ladders` the shares of the others with 0, 1, 2
    ladder situations, `others` those with 0, 1, 2, … more (one more where there is no ladder).
    `with_ladder`, `without_ladder` and `acts` (of somebody alone) are weights by name. `animals`
    are the shares of all pictures with 0, 1, 2, … animals, which nobody labels.
    """

    empty: Share = 0.05
    ladders: tuple[Share, Share, Share] = (0.22, 0.58, 0.15)
    others: tuple[Share, ...] = Field((0.25, 0.35, 0.25, 0.15), min_length=1)
    with_ladder: Shares
    without_ladder: Shares
    acts: Shares
    animals: tuple[Share, ...] = Field((1.0,), min_length=1)

    @model_validator(mode="after")
    def _names(self) -> Self:
        _check_names("with_ladder", self.with_ladder, tuple(WITH_LADDER))
        _check_names("without_ladder", self.without_ladder, tuple(WITHOUT_LADDER))
        _check_names("acts", self.acts, ACTS)
        for key, found in (
            ("empty and ladders", self.empty + sum(self.ladders)),
            ("others", sum(self.others)),
            ("animals", sum(self.animals)),
        ):
            if abs(found - 1.0) > 1e-6:
                raise ValueError(f"{key}: expected shares that add up to 1, found {found:.4f}")
        return self


class Recipe(_Spec):
    """A whole recipe.

    `seeds` are those it may be cooked with, [first, last], so that two recipes never make the same
    picture; `person_px` is how high a standing person may be, and below `small_px` only a share of
    `small` of the places is taken.
    """

    name: str
    seeds: tuple[int, int]
    size_px: tuple[int, int] = (768, 432)
    held_out_bodies: bool = False
    person_px: tuple[float, float] = (15.0, 250.0)
    small_px: float = 40.0
    small: Share = 0.3
    world: WorldRecipe
    camera: CameraRecipe = CameraRecipe()
    light: LightRecipe
    situations: SituationRecipe

    def check_seed(self, seed: int) -> None:
        """Raises `RecipeError` when a seed is not this recipe's."""
        if not self.seeds[0] <= seed <= self.seeds[1]:
            raise RecipeError(f"{self.name}: expected a seed in {list(self.seeds)}, found {seed}")


def read_recipe(path: Path) -> Recipe:
    """Reads a recipe file; raises `RecipeError` naming the file and key."""
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise RecipeError(f"{path}: cannot be read as YAML: {error}") from error
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(f"{path}: {error}") from error
