"""A bare graph with another input shape, as a model that the service's own loader takes."""

import hashlib
import shutil
from pathlib import Path

import yaml

from detector.vision.manifest import Manifest, Thresholds

EVERY_BOX = 0.01
"""A floor for boxes under which nothing matters for an average precision."""


def model_of(
    graph: Path,
    like: Manifest,
    size_px: tuple[int, int],
    folder: Path,
    min_score: float | None = None,
) -> Path:
    """Write a manifest for the graph and give its path.

    Args:
        graph: an ONNX file with free height and width.
        like: the manifest of the network that the graph is a variant of.
        size_px: (width, height) of the input.
        folder: where it is written, with a copy of the graph; one folder for one graph.
        min_score: the floor of every class instead of the manifest's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copy = folder / "model.onnx"
    if not copy.exists():
        shutil.copyfile(graph, copy)
    floors = {
        label: Thresholds(min_score=min_score or limits.min_score, threshold=limits.threshold)
        for label, limits in like.thresholds.items()
    }
    width, height = size_px
    manifest = like.model_copy(
        update={
            "file": copy.name,
            "sha256": hashlib.sha256(copy.read_bytes()).hexdigest(),
            "input": like.input.model_copy(update={"width": width, "height": height}),
            "thresholds": floors,
        }
    )
    path = folder / f"{width}x{height}-{min_score or 'as-shipped'}.yaml"
    path.write_text(yaml.safe_dump(manifest.model_dump(mode="json")), encoding="utf-8")
    return path
