"""The scene file: world, camera, light, actors with scripts and nuisances, as YAML."""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmarks.simulator.world import WorldSpec

Point = tuple[float, float]


class SceneError(ValueError):
    """A scene file that cannot be read or makes no sense; says file, key and what was expected."""


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CameraSpec(_Spec):
    """A fixed camera: eye and target in metres."""

    eye_m: tuple[float, float, float]
    target_m: tuple[float, float, float]
    hfov_deg: float = Field(60.0, ge=5.0, le=120.0)
    size_px: tuple[int, int] = (960, 540)
    fps: float = Field(10.0, gt=0.0, le=60.0)


class LightSpec(_Spec):
    """Sensor, sun and air; rain 0 to about 1.5."""

    sensor: Literal["day", "overcast", "dusk", "nir", "thermal"] = "day"
    sun_azimuth_deg: float = -60.0
    sun_elevation_deg: float = 40.0
    fog_per_m: float = Field(0.0, ge=0.0)
    rain: float = Field(0.0, ge=0.0)
    exposure: float = 0.0


class VideoSpec(_Spec):
    """The codec's strength (H.264 constant rate factor) and the camera's own picture faults."""

    crf: int = Field(25, ge=0, le=51)
    noise: float = Field(2.0, ge=0.0)
    sharpen: float = 0.45
    contrast: float = 1.0
    saturation: float = 0.85
    label: str = "CAM 1"


class LadderSpec(_Spec):
    """A ladder of the scene; see `ladders.Ladder` for the shape."""

    length_m: float = Field(4.5, gt=1.0, le=9.0)
    width_m: float = 0.42
    rung_pitch_m: float = 0.28
    material: Literal["aluminium", "wood", "rough_wood", "painted"] = "aluminium"
    kind: Literal["single", "extension"] = "single"
    rgb: tuple[float, float, float] | None = None


class MoveStep(_Spec):
    """Goes to a ground point."""

    do: Literal["walk", "run", "creep", "crawl"]
    to: Point
    speed_mps: float | None = Field(None, gt=0.0, le=8.0)


class StayStep(_Spec):
    """Stays where it is for a while; `face_deg` turns first."""

    do: Literal["stand", "crouch", "sit", "lie"]
    for_s: float = Field(gt=0.0)
    face_deg: float | None = None


class FenceStep(_Spec):
    """Works with both hands at the barrier, which must be within reach; kneels or stands."""

    do: Literal["cut"]
    for_s: float = Field(gt=0.0)
    standing: bool = False


class TakeStep(_Spec):
    """Has a ladder in the hands from here on."""

    do: Literal["take"]
    ladder: str
    how: Literal["shoulder", "low"] = "shoulder"


class PutStep(_Spec):
    """Puts the carried ladder against the barrier in front: tips, raises, leans."""

    do: Literal["put"]
    lean_deg: float = Field(74.0, ge=55.0, le=82.0)
    for_s: float = Field(6.0, ge=2.0)


class LayStep(_Spec):
    """Lays the carried ladder down beside the way."""

    do: Literal["lay"]
    for_s: float = Field(2.0, gt=0.0)


class ClimbStep(_Spec):
    """Climbs a leaning ladder up to the barrier's top, and down again unless `over` follows."""

    do: Literal["climb"]
    ladder: str
    speed_mps: float = Field(0.40, gt=0.0)
    down: bool = False


class OverStep(_Spec):
    """Goes over the top from a ladder and drops on the other side."""

    do: Literal["over"]


Step = Annotated[
    MoveStep | StayStep | FenceStep | TakeStep | PutStep | LayStep | ClimbStep | OverStep,
    Field(discriminator="do"),
]


class ActorSpec(_Spec):
    """Somebody with a script; before `enters_s` and after the last step they stand still."""

    name: str
    body: int = Field(0, ge=0)
    outfit: int = 0
    dark_clothes: bool | None = None
    at: Point
    enters_s: float = Field(0.0, ge=0.0)
    script: tuple[Step, ...] = Field(min_length=1)


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


class ZoneSpec(_Spec):
    """A closed polygon on the ground, metres."""

    name: str
    points_m: tuple[Point, ...] = Field(min_length=3)


class Scene(_Spec):
    """A whole scene. The barrier runs along x at y = 0; its left side is y > 0."""

    name: str
    seed: int = 0
    duration_s: float = Field(gt=0.0, le=3600.0)
    tags: tuple[str, ...] = ()
    world: WorldSpec = WorldSpec()
    camera: CameraSpec
    light: LightSpec = LightSpec()
    video: VideoSpec = VideoSpec()
    ladders: dict[str, LadderSpec] = {}
    actors: tuple[ActorSpec, ...] = ()
    nuisances: NuisanceSpec = NuisanceSpec()
    zones: tuple[ZoneSpec, ...] = ()

    @model_validator(mode="after")
    def _ladders_exist(self) -> "Scene":
        for actor in self.actors:
            for number, step in enumerate(actor.script):
                name = step.ladder if isinstance(step, TakeStep | ClimbStep) else None
                if name is not None and name not in self.ladders:
                    raise ValueError(
                        f"actors.{actor.name}.script.{number}.ladder: expected one of "
                        f"{sorted(self.ladders)}, found {name!r}"
                    )
        return self


def read_scene(path: Path) -> Scene:
    """Reads a scene file; raises `SceneError` naming the file and key."""
    try:
        raw = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise SceneError(f"{path}: cannot be read as YAML: {error}") from error
    try:
        return Scene.model_validate(raw)
    except ValidationError as error:
        raise SceneError(f"{path}: {error}") from error
