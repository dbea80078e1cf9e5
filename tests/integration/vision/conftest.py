import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

NETWORKS = Path(__file__).parent / "networks"

# They need the training extra and are no tests.
collect_ignore = ["make_golden.py", "make_networks.py"]

MakeModel = Callable[..., Path]


@pytest.fixture
def make_model(tmp_path: Path) -> MakeModel:
    """Put a network with its manifest into a folder: ``make_model(file, family, **changes)``."""

    def make(file: Path | str, family: str = "ultralytics-raw", **changes: Any) -> Path:
        source = NETWORKS / file
        folder = tmp_path / source.stem
        folder.mkdir(exist_ok=True)
        shutil.copyfile(source, folder / source.name)
        spec = {"height": 64, "width": 96, "layout": "NCHW", "color": "RGB", "range": "0-1"}
        manifest = {
            "name": source.stem,
            "version": "1",
            "file": source.name,
            "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
            "family": family,
            "input": spec | {"dynamic": False} | changes.pop("input", {}),
            "classes": {0: "person", 1: "ladder"},
            "thresholds": {
                "person": {"min_score": 0.5, "threshold": 0.6},
                "ladder": {"min_score": 0.5, "threshold": 0.6},
            },
            "nms_iou": 0.7,
            "licence": "Apache-2.0",
            "source": "made for tests",
            "created": "2026-11-22",
        }
        (folder / "model.yaml").write_text(yaml.safe_dump(manifest | changes), encoding="utf-8")
        return folder

    return make
