"""Writes `model.yaml`, what the service needs to know of a network."""

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Thresholds:
    """Operating point of a class: the floor of a single box, and of the median over a track."""

    min_score: float
    threshold: float


@dataclass(frozen=True)
class Manifest:
    """The network in `model.onnx` of the same folder; class ids are the network's own."""

    name: str
    version: str
    family: str
    height: int
    width: int
    dynamic: bool
    classes: dict[int, str]
    thresholds: dict[str, Thresholds]
    source: str
    licence: str
    nms_iou: float = 0.6
    created: str = field(default_factory=lambda: dt.datetime.now(dt.UTC).date().isoformat())


def write(folder: Path, manifest: Manifest) -> None:
    """Write `model.yaml` beside `model.onnx`, with the hash of that file."""
    digest = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    described = {
        "name": manifest.name,
        "version": manifest.version,
        "file": "model.onnx",
        "sha256": digest,
        "family": manifest.family,
        "input": {
            "height": manifest.height,
            "width": manifest.width,
            "layout": "NCHW",
            "color": "RGB",
            "range": "0-1",
            "dynamic": manifest.dynamic,
        },
        "classes": manifest.classes,
        "thresholds": {
            name: {"min_score": point.min_score, "threshold": point.threshold}
            for name, point in manifest.thresholds.items()
        },
        "nms_iou": manifest.nms_iou,
        "licence": manifest.licence,
        "source": manifest.source,
        "created": manifest.created,
    }
    text = yaml.safe_dump(described, sort_keys=False, width=100, allow_unicode=True)
    (folder / "model.yaml").write_text(text)
