"""Reads a configuration file and says everything that is wrong with it, each with its line."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from detector.config.access import check_exposure
from detector.config.document import Document, KeyPath, parse
from detector.config.settings import CameraSettings, SiteConfig
from detector.errors import ConfigError, Problem
from detector.incidents.clip_plan import RecordSettings
from detector.rules import WATER_EXPECTED, asks_land_about_water
from detector.streams import InputSettings

ANY = "*"
FRIGATE_ONLY: tuple[tuple[str, ...], ...] = (
    ("cameras", ANY, "audio"),
    ("cameras", ANY, "best_image_timeout"),
    ("cameras", ANY, "birdseye"),
    ("cameras", ANY, "detect", "annotation_offset"),
    ("cameras", ANY, "detect", "height"),
    ("cameras", ANY, "detect", "stationary"),
    ("cameras", ANY, "detect", "width"),
    ("cameras", ANY, "ffmpeg", "global_args"),
    ("cameras", ANY, "ffmpeg", "hwaccel_args"),
    ("cameras", ANY, "ffmpeg", "input_args"),
    ("cameras", ANY, "ffmpeg", "inputs", ANY, "global_args"),
    ("cameras", ANY, "ffmpeg", "inputs", ANY, "hwaccel_args"),
    ("cameras", ANY, "ffmpeg", "inputs", ANY, "input_args"),
    ("cameras", ANY, "ffmpeg", "output_args"),
    ("cameras", ANY, "ffmpeg", "path"),
    ("cameras", ANY, "ffmpeg", "retry_interval"),
    ("cameras", ANY, "live"),
    ("cameras", ANY, "motion"),
    ("cameras", ANY, "mqtt"),
    ("cameras", ANY, "notifications"),
    ("cameras", ANY, "onvif"),
    ("cameras", ANY, "record", "alerts"),
    ("cameras", ANY, "record", "continuous"),
    ("cameras", ANY, "record", "detections"),
    ("cameras", ANY, "record", "enabled_in_config"),
    ("cameras", ANY, "record", "events"),
    ("cameras", ANY, "record", "expire_interval"),
    ("cameras", ANY, "record", "export"),
    ("cameras", ANY, "record", "motion"),
    ("cameras", ANY, "record", "preview"),
    ("cameras", ANY, "record", "retain"),
    ("cameras", ANY, "record", "sync_recordings"),
    ("cameras", ANY, "review"),
    ("cameras", ANY, "snapshots"),
    ("cameras", ANY, "timestamp_style"),
    ("cameras", ANY, "ui"),
    ("cameras", ANY, "webui_url"),
)
"""Keys of a Frigate camera that this service does not act on; accepted, and said aloud."""


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A checked configuration.

    Attributes:
        config: the settings, with paths made absolute.
        path: the file.
        sha256: of the file's bytes (secrets come from the environment and are not part of it).
        ignored: Frigate keys that were accepted but are not acted on, as ``file:line key``.
    """

    config: SiteConfig
    path: Path
    sha256: str
    ignored: tuple[str, ...]


def load_config(path: Path, environment: Mapping[str, str] | None = None) -> LoadedConfig:
    """Read and check a configuration file.

    Raises:
        ConfigError: with every problem: where (file, line, key), what was expected, what was found.
    """
    try:
        data = path.read_bytes()
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else str(error)
        raise ConfigError(Problem(str(path), "a readable YAML file", found)) from error
    document = parse(text, str(path), os.environ if environment is None else environment)
    values, ignored = _without_frigate_only(document.values)
    try:
        config = SiteConfig.model_validate(values)
    except ValidationError as error:
        raise ConfigError(*_problems(error, document)) from error
    problems = list(_cross_checks(config, document))
    if problems:
        raise ConfigError(*problems)
    return LoadedConfig(
        config=_with_absolute_paths(config, path.resolve().parent),
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        ignored=tuple(document.where(place) for place in ignored),
    )


def config_schema() -> dict[str, Any]:
    """Give the JSON Schema of the configuration file, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **SiteConfig.model_json_schema(),
    }


def _without_frigate_only(value: Any, path: KeyPath = ()) -> tuple[Any, list[KeyPath]]:
    """Take out the keys of :data:`FRIGATE_ONLY`; gives what is left, and their places."""
    ignored: list[KeyPath] = []
    if isinstance(value, Mapping):
        kept = {}
        for key, item in value.items():
            here = (*path, key)
            if _is_frigate_only(here):
                ignored.append(here)
                continue
            kept[key], more = _without_frigate_only(item, here)
            ignored += more
        return kept, ignored
    if isinstance(value, list):
        items = [_without_frigate_only(item, (*path, n)) for n, item in enumerate(value)]
        return [item for item, _ in items], [place for _, more in items for place in more]
    return value, ignored


def _is_frigate_only(path: KeyPath) -> bool:
    return any(
        len(path) == len(pattern)
        and all(want in (ANY, step) for want, step in zip(pattern, path, strict=True))
        for pattern in FRIGATE_ONLY
    )


def _problems(error: ValidationError, document: Document) -> Iterator[Problem]:
    for item in error.errors(include_url=False):
        # Tags of unions stand in the location but not in the file.
        path = _path_in_file(item["loc"], document.values)
        expected = item["msg"].removeprefix("Value error, ")
        found = _shown(item["input"])
        if item["type"] == "extra_forbidden":
            expected, found = "a known key", f"`{path[-1]}`"
        elif item["type"] == "missing":
            expected, found = "this key", "nothing"
        yield Problem(document.where(path), expected, found)


def _path_in_file(location: KeyPath, values: Any) -> KeyPath:
    """Leave out what pydantic adds to a location: the tags of unions stand in no file."""
    path: list[str | int] = []
    here = values
    for index, step in enumerate(location):
        if _holds(here, step):
            here = here[step]
        elif index < len(location) - 1:
            continue
        path.append(step)
    return tuple(path)


def _holds(value: Any, step: str | int) -> bool:
    if isinstance(value, Mapping):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."  # noqa: PLR2004


def _cross_checks(config: SiteConfig, document: Document) -> Iterator[Problem]:
    for name, camera in config.cameras.items():
        yield from _rule_places(name, camera, document)
        if camera.record is not None:
            here = ("cameras", name, "record")
            yield from _clip_lengths(here, config.record_settings(name), document)
    yield from _clip_lengths(("record",), config.record, document)
    for problem in check_exposure(config.api):
        yield replace(problem, where=document.where(("api",)))


def _clip_lengths(path: KeyPath, record: RecordSettings, document: Document) -> Iterator[Problem]:
    least_s = record.pre_capture_s + record.post_capture_s
    if record.piece_s < least_s:
        expected = f"piece_s of at least pre_capture_s + post_capture_s, {least_s:g}"
        yield Problem(document.where((*path, "piece_s")), expected, f"{record.piece_s:g}")


def _rule_places(name: str, camera: CameraSettings, document: Document) -> Iterator[Problem]:
    known = {"barrier": camera.barriers, "zone": camera.zones}
    for rule_name, rule in (camera.rules or {}).items():
        for key, places in known.items():
            place = getattr(rule, key, None)
            if place is not None and place not in places:
                yield Problem(
                    document.where(("cameras", name, "rules", rule_name, key)),
                    f"one of the camera's {key}s ({', '.join(places) or 'it has none'})",
                    repr(place),
                )
        zone_name = getattr(rule, "zone", "")
        zone = camera.zones.get(zone_name)
        if zone is not None and asks_land_about_water(rule, zone):
            where = document.where(("cameras", name, "rules", rule_name, "zone"))
            yield Problem(where, WATER_EXPECTED, f"{zone_name!r}, land")


def _with_absolute_paths(config: SiteConfig, base: Path) -> SiteConfig:
    """Resolve relative paths against the folder of the configuration file."""
    cameras = {
        name: camera.model_copy(
            update={
                "ffmpeg": camera.ffmpeg.model_copy(
                    update={"inputs": tuple(_absolute(i, base) for i in camera.ffmpeg.inputs)}
                )
            }
        )
        for name, camera in config.cameras.items()
    }
    model = config.model.model_copy(update={"path": base / config.model.path})
    data_dir = base / config.data_dir.expanduser()
    key = base / config.evidence_key.expanduser() if config.evidence_key else None
    changes = {"cameras": cameras, "model": model, "data_dir": data_dir, "evidence_key": key}
    return config.model_copy(update=changes)


def _absolute(settings: InputSettings, base: Path) -> InputSettings:
    changes: dict[str, Any] = {}
    if settings.scheme == "file" and not settings.path.startswith("file://"):
        changes["path"] = str(base / Path(settings.path).expanduser())
    if settings.tls_ca_file is not None:
        changes["tls_ca_file"] = str(base / Path(settings.tls_ca_file).expanduser())
    return settings.model_copy(update=changes)
