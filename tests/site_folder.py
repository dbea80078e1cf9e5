"""A whole site in a folder for tests: tiny network, generated recordings, a configuration."""

import hashlib
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import yaml
from av.video.frame import VideoFrame

NETWORKS = Path(__file__).parent / "integration" / "vision" / "networks"
WIDTH, HEIGHT = 96, 64
RED = (230, 10, 10)

Config = dict[str, Any]


def make_model(folder: Path) -> Path:
    """Put the network that finds red (person) and blue (ladder) squares of 16 pixels there."""
    folder.mkdir(parents=True, exist_ok=True)
    network = folder / "model.onnx"
    shutil.copyfile(NETWORKS / "squares_raw.onnx", network)
    manifest = {
        "name": "squares",
        "version": "1",
        "file": network.name,
        "sha256": hashlib.sha256(network.read_bytes()).hexdigest(),
        "family": "ultralytics-raw",
        "input": {
            "height": HEIGHT,
            "width": WIDTH,
            "layout": "NCHW",
            "color": "RGB",
            "range": "0-1",
            "dynamic": False,
        },
        "classes": {0: "person", 1: "ladder"},
        "thresholds": {
            "person": {"min_score": 0.4, "threshold": 0.5},
            "ladder": {"min_score": 0.4, "threshold": 0.5},
        },
        "nms_iou": 0.7,
        "licence": "Apache-2.0",
        "source": "made for tests",
        "created": "2026-11-22",
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return folder


def make_recording(
    path: Path, *, seconds: float = 4.0, shown: tuple[float, float] = (1.0, 3.0), fps: int = 5
) -> Path:
    """Write a recording in which a person stands in the middle during ``shown``, seconds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=fps)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv444p"
        stream.options = {"crf": "1", "g": "5"}
        for number in range(round(seconds * fps)):
            image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
            if shown[0] <= number / fps < shown[1]:
                image[32:48, 48:64] = RED
            frame = VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def make_config(folder: Path, **changes: Any) -> Config:
    """Give a configuration of one camera that watches a zone, with top-level ``changes``."""
    make_model(folder / "model")
    make_recording(folder / "clip.mp4")
    config = {
        "version": 1,
        "site": "test",
        "data_dir": "data",
        "model": {"path": "model", "provider": "cpu", "threads": 1},
        "api": {"port": 0},
        "cameras": {"north": camera()},
    }
    return config | changes


def camera(path: str = "clip.mp4", **changes: Any) -> Config:
    """Give a camera whose zone is the middle of the picture."""
    corners = [[0.4, 0.3], [0.8, 0.3], [0.8, 0.9], [0.4, 0.9]]
    given = {
        "ffmpeg": {"inputs": [{"path": path}]},
        "detect": {"fps": 5},
        "zones": {"yard": {"coordinates": corners}},
        "rules": {"inside": {"kind": "zone_intrusion", "zone": "yard"}},
        "incidents": {"merge_gap_s": 0.5},
        "tracking": {"max_lost_s": {"person": 0.5, "ladder": 0.5}},
        "integrity": {"enabled": False},  # black pictures that stand still are no view
    }
    return given | changes


def write(folder: Path, config: Config) -> Path:
    """Write the configuration."""
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path
