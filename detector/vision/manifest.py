"""The manifest beside every network, ``model.yaml``: what it is, takes and gives, and its hash."""

import hashlib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from detector.errors import ModelError, Problem
from detector.types import ObjectClass
from detector.vision.base import ClassScores

MANIFEST_NAME = "model.yaml"
STRIDE_PX = 32
"""The coarsest grid of the supported networks; inputs are whole multiples of it."""

Family = Literal["ultralytics-raw", "ultralytics-end2end"]
Label = Literal["person", "ladder"]
SidePx = Annotated[int, Field(ge=STRIDE_PX, le=4096, multiple_of=STRIDE_PX)]
Score = Annotated[float, Field(gt=0, lt=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InputSpec(_Strict):
    """The tensor that the network takes.

    Attributes:
        dynamic: the batch axis is free, so that pictures can be computed together.
    """

    height: SidePx
    width: SidePx
    layout: Literal["NCHW"]
    color: Literal["RGB"]
    range: Literal["0-1"]
    dynamic: bool


class Thresholds(_Strict):
    """Confidences of one class; see :class:`detector.vision.base.ClassScores`."""

    min_score: Score
    threshold: Score

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_score > self.threshold:
            raise ValueError(f"min_score {self.min_score} is above threshold {self.threshold}")
        return self


class Manifest(_Strict):
    """One network: what it is, where it comes from, what goes in and what comes out.

    Attributes:
        file: name of the ONNX file beside the manifest.
        sha256: of that file, lower-case hex.
        classes: the network's class numbers that are used, with our labels; others are ignored.
        nms_iou: boxes of one class that overlap more are one thing; 1 leaves all.
        source: where the weights come from.
    """

    name: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1)]
    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.onnx$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    family: Family
    input: InputSpec
    classes: Annotated[dict[Annotated[int, Field(ge=0)], Label], Field(min_length=1)]
    thresholds: dict[Label, Thresholds]
    nms_iou: Annotated[float, Field(gt=0, le=1)]
    licence: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    created: date

    @model_validator(mode="after")
    def _classes_have_thresholds(self) -> Self:
        labels = list(self.classes.values())
        if len(set(labels)) != len(labels):
            raise ValueError(f"classes: every label once, found {labels}")
        if set(labels) != set(self.thresholds):
            raise ValueError(f"thresholds: for {sorted(labels)}, found {sorted(self.thresholds)}")
        return self

    @property
    def input_size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.input.width, self.input.height

    @property
    def class_ids(self) -> dict[int, ObjectClass]:
        """Our classes by the network's numbers."""
        return {number: ObjectClass[label.upper()] for number, label in self.classes.items()}

    @property
    def scores(self) -> dict[ObjectClass, ClassScores]:
        """The confidences by our classes."""
        return {
            ObjectClass[label.upper()]: ClassScores(limits.min_score, limits.threshold)
            for label, limits in self.thresholds.items()
        }


def manifest_path(path: Path) -> Path:
    """Give the manifest of a model's folder; the path of a manifest itself is kept."""
    return path / MANIFEST_NAME if path.is_dir() else path


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Args:
        path: the model's folder or the ``model.yaml`` in it.

    Raises:
        ModelError: it cannot be read, or a key is missing, unknown or has an unusable value; all
            of them are named, one a line.
    """
    file = manifest_path(path)
    try:
        values: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise ModelError(str(Problem(str(file), "a readable manifest", str(reason)))) from error
    try:
        return Manifest.model_validate(values)
    except ValidationError as error:
        raise ModelError("\n".join(_lines(file, error))) from None


def read_network(manifest: Manifest, folder: Path) -> bytes:
    """Read the network's file and hold it against the manifest's hash.

    The bytes are handed on, so that what was checked is what runs.

    Raises:
        ModelError: the file is missing or is another than the manifest names.
    """
    file = folder / manifest.file
    try:
        data = file.read_bytes()
    except OSError as error:
        problem = Problem(str(file), "the network of the manifest", str(error.strerror))
        raise ModelError(str(problem)) from error
    found = hashlib.sha256(data).hexdigest()
    if found != manifest.sha256:
        raise ModelError(str(Problem(str(file), f"sha256 {manifest.sha256}", found)))
    return data


def _lines(file: Path, error: ValidationError) -> list[str]:
    """Give one line for each wrong key: file and key, expected, found."""
    lines = []
    for wrong in error.errors(include_url=False):
        key = ".".join(str(part) for part in wrong["loc"] if part != "[key]")
        found = "nothing" if wrong["type"] == "missing" else repr(wrong["input"])
        expected = {
            "extra_forbidden": "no such key",
            "missing": "a value",
        }.get(wrong["type"], wrong["msg"].removeprefix("Input should be "))
        where = f"{file}: {key}" if key else str(file)
        lines.append(str(Problem(where, expected, found)))
    return lines
