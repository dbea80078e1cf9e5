"""The configuration file as types: collects the settings that each part defines for itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from detector.config.access import ApiSettings
from detector.evidence.retention import RetentionSettings
from detector.incidents import IncidentSettings
from detector.incidents.clip_plan import RecordSettings
from detector.incidents.view import IntegritySettings
from detector.pipeline.backoff import ReconnectSettings
from detector.pipeline.object_filter import FilterSettings
from detector.rules import RuleSettings
from detector.scene import (
    BarrierSettings,
    CalibrationSettings,
    PrivacyMaskSettings,
    ZoneSettings,
)
from detector.sinks import AnySinkSettings
from detector.store import StoreSettings
from detector.streams import IdleSettings, InputSettings, is_live
from detector.tracking import LostBudget, TrackingSettings
from detector.types import ObjectClass, Xy
from detector.vision import ModelSettings, TilingSettings

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Label = Literal["person", "ladder"]


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FfmpegSettings(_Settings):
    """Where a camera's pictures come from (Frigate's block of the same name)."""

    inputs: Annotated[tuple[InputSettings, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_input_detects(self) -> Self:
        detecting = [i for i in self.inputs if "detect" in i.roles]
        if len(detecting) != 1:
            msg = f"exactly one input with the role `detect`, found {len(detecting)}"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _one_camera_records(self) -> Self:
        recording = [i for i in self.inputs if "record" in i.roles]
        if len(recording) > 1:
            msg = f"at most one input with the role `record`, found {len(recording)}"
            raise ValueError(msg)
        if any("detect" not in i.roles and not is_live(i) for i in recording):
            msg = "an input with the role `record` alone that is a live camera, found a recording"
            raise ValueError(msg)
        return self

    @property
    def detect(self) -> InputSettings:
        """The input that is analysed."""
        return next(i for i in self.inputs if "detect" in i.roles)

    @property
    def record(self) -> InputSettings | None:
        """The input whose packets become clips; the same as ``detect`` where it has both roles."""
        return next((i for i in self.inputs if "record" in i.roles), None)


class DetectSettings(_Settings):
    """How often a camera is analysed, and how quickly a box becomes a track."""

    enabled: Literal[True] = Field(default=True, description="switch the whole camera off instead")
    fps: float = Field(default=5.0, gt=0, le=60, description="analysed pictures per second")
    min_initialized: int | None = Field(
        default=None, ge=1, description="Frigate: observations before a track counts"
    )
    max_disappeared: int | None = Field(
        default=None, ge=1, description="Frigate: missed pictures (at `fps`) after which it is gone"
    )
    idle: Literal["keyframes"] | None = Field(
        default=None, description="while nobody is in view decode only the key frames of a camera"
    )
    idle_after_s: float = Field(
        default=10.0, ge=1, le=3600, description="seconds with nothing seen before it idles"
    )
    idle_gap_s: float = Field(
        default=4.0, ge=0.1, le=60, description="most seconds between key frames to idle on"
    )

    @property
    def idling(self) -> IdleSettings | None:
        """When the camera may idle; None: never."""
        return IdleSettings(self.idle_after_s, self.idle_gap_s) if self.idle else None

    @model_validator(mode="after")
    def _a_minute_at_most(self) -> Self:
        if self.max_disappeared is not None and self.max_disappeared > 60 * self.fps:
            most = int(60 * self.fps)
            msg = f"max_disappeared: expected at most {most} pictures, a minute at {self.fps:g} fps"
            raise ValueError(msg)
        return self


class ObjectSettings(_Settings):
    """Which classes are tracked, and which of their boxes count."""

    track: tuple[Label, ...] = ("person", "ladder")
    filters: Mapping[Label, FilterSettings] = {}

    @property
    def classes(self) -> tuple[ObjectClass, ...]:
        """The tracked classes."""
        return tuple(ObjectClass[label.upper()] for label in self.track)


class CameraSettings(_Settings):
    """One fixed camera, its geometry and its rules."""

    enabled: bool = True
    friendly_name: str = ""
    ffmpeg: FfmpegSettings
    detect: DetectSettings = DetectSettings()
    objects: ObjectSettings = ObjectSettings()
    zones: Mapping[Name, ZoneSettings] = {}
    barriers: Mapping[Name, BarrierSettings] = {}
    privacy_masks: Mapping[Name, PrivacyMaskSettings] = Field(
        default={}, description="what nobody may see; black in every picture that is kept or shown"
    )
    calibration: CalibrationSettings = CalibrationSettings()
    rules: Mapping[Name, RuleSettings] | None = Field(
        default=None, description="absent: every rule that fits the barriers and zones, by default"
    )
    tiling: TilingSettings = TilingSettings()
    tracking: TrackingSettings = TrackingSettings()
    reconnect: ReconnectSettings = ReconnectSettings()
    incidents: IncidentSettings = IncidentSettings()
    integrity: IntegritySettings = IntegritySettings()
    record: RecordSettings | None = Field(
        default=None, description="absent keys: as in the site's `record`"
    )

    @property
    def mask_polygons(self) -> tuple[tuple[Xy, ...], ...]:
        """What nobody may see, in shares of the picture."""
        return tuple(mask.coordinates for mask in self.privacy_masks.values())

    def tracker_settings(self) -> TrackingSettings:
        """Fold Frigate's counts of pictures into ours of observations and seconds."""
        changes: dict[str, object] = {}
        if self.detect.min_initialized is not None:
            changes["min_hits"] = self.detect.min_initialized
        if self.detect.max_disappeared is not None:
            lost_s = self.detect.max_disappeared / self.detect.fps
            changes["max_lost_s"] = LostBudget(person=lost_s, ladder=lost_s)
        return TrackingSettings.model_validate(self.tracking.model_dump() | changes)


class SnapshotSettings(_Settings):
    """Pictures that are kept with events."""

    enabled: bool = True
    quality: int = Field(default=85, ge=1, le=100, description="JPEG quality")
    clean: bool = Field(default=True, description="keep each once more, without overlays")


class SiteConfig(_Settings):
    """Everything one service needs to know."""

    version: Literal[1]
    site: Name = "site"
    data_dir: Path = Field(
        default=Path("data"), description="events, snapshots and clips live here"
    )
    evidence_key: Path | None = Field(
        default=None, description="seals evidence packages; absent: keys/evidence.pem in `data_dir`"
    )
    model: ModelSettings
    store: StoreSettings | None = Field(default=None, description="absent: a file in `data_dir`")
    api: ApiSettings = ApiSettings()
    snapshots: SnapshotSettings = SnapshotSettings()
    record: RecordSettings = RecordSettings()
    retention: RetentionSettings = RetentionSettings()
    sinks: Mapping[Name, AnySinkSettings] = {}
    cameras: Annotated[Mapping[Name, CameraSettings], Field(min_length=1)]

    def record_settings(self, camera: str) -> RecordSettings:
        """How much video of a camera's incidents is kept: its own keys before the site's."""
        own = self.cameras[camera].record
        changes = own.model_dump(exclude_unset=True) if own else {}
        return self.record.model_copy(update=changes)

    def store_settings(self) -> StoreSettings:
        """Where events are kept."""
        return self.store or StoreSettings(path=self.data_dir / "events.sqlite3")
