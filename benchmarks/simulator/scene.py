"""The scene file: world, camera, light, actors with scripts and nuisances, as YAML."""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from benchmarks.simulator.nuisances import NuisanceSpec
from benchmarks.simulator.steps import (
    BankStep,
    ClimbStep,
    HelpStep,
    Point,
    Step,
    SwimStep,
    TakeStep,
)
from benchmarks.simulator.world import WorldSpec


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
    """How the clip is coded and the camera's own picture faults.

    `crf` is a constant quality, `kbps` a constant rate: one of them, or neither for crf 25.
    """

    crf: int = Field(25, ge=0, le=51)
    kbps: float | None = Field(None, gt=0.0)
    codec: Literal["h264", "hevc", "mjpeg"] = "h264"
    gop_s: float = Field(2.0, gt=0.0, le=60.0)
    noise: float = Field(2.0, ge=0.0)
    sharpen: float = 0.45
    contrast: float = 1.0
    saturation: float = 0.85
    label: str = "CAM 1"

    @model_validator(mode="after")
    def _one_rate(self) -> "VideoSpec":
        if self.kbps is not None and "crf" in self.model_fields_set:
            raise ValueError(f"expected crf or kbps, found both ({self.crf} and {self.kbps:g})")
        return self


class LadderSpec(_Spec):
    """A ladder of the scene; see `ladders.Ladder` for the shape."""

    length_m: float = Field(4.5, gt=1.0, le=9.0)
    width_m: float = 0.42
    rung_pitch_m: float = 0.28
    material: Literal["aluminium", "wood", "rough_wood", "painted"] = "aluminium"
    kind: Literal["single", "extension"] = "single"
    rgb: tuple[float, float, float] | None = None


class ActorSpec(_Spec):
    """Somebody with a script, in the picture from `enters_s` on; after the last step they stay.

    `role` says whose people they are, for the truth; `outfit_kind` only how they look.
    """

    name: str
    body: int = Field(0, ge=0)
    outfit: int = 0
    outfit_kind: Literal["ordinary", "wetsuit", "patrol"] = "ordinary"
    dark_clothes: bool | None = None
    role: Literal["other", "patrol"] = "other"
    at: Point
    enters_s: float = Field(0.0, ge=0.0)
    script: tuple[Step, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _clothes_agree(self) -> "ActorSpec":
        if self.outfit_kind != "ordinary" and self.dark_clothes is not None:
            raise ValueError(
                "dark_clothes: expected only with outfit_kind ordinary, "
                f"found with {self.outfit_kind}"
            )
        return self


class ZoneSpec(_Spec):
    """A closed polygon on the ground, metres; of `water` it says who is in it and comes out."""

    name: str
    kind: Literal["land", "water"] = "land"
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
                name = step.ladder if isinstance(step, TakeStep | ClimbStep | HelpStep) else None
                if name is not None and name not in self.ladders:
                    raise ValueError(
                        f"actors.{actor.name}.script.{number}.ladder: expected one of "
                        f"{sorted(self.ladders)}, found {name!r}"
                    )
        return self

    @model_validator(mode="after")
    def _water_is_there(self) -> "Scene":
        for actor in self.actors:
            for number, step in enumerate(actor.script):
                if isinstance(step, SwimStep | BankStep) and self.world.river is None:
                    raise ValueError(
                        f"actors.{actor.name}.script.{number}.do: {step.do} expected world.river, "
                        "found none"
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
