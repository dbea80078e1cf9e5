"""The floor of the synthetic clip: its ground points and where its two persons truly stood."""

import json

import numpy as np

from benchmarks.mot import SHARED_DATA
from detector.scene import CalibrationSettings, GroundPoint
from detector.types import F64

SYNTHETIC = SHARED_DATA / "video" / "synthetic_x1"


def calibration() -> CalibrationSettings:
    """Give the ground points that came with the synthetic clip."""
    config = json.loads((SYNTHETIC / "config.json").read_text(encoding="utf-8"))
    sensor = config["sensors"]["Cam_x1_0"]
    width, height = sensor["width"], sensor["height"]
    pairs = zip(sensor["camera points"], sensor["map points"], strict=True)
    return CalibrationSettings(
        points=tuple(
            GroundPoint(image=(u / width, v / height), ground=(x, y)) for (u, v), (x, y, _) in pairs
        )
    )


def positions() -> list[F64]:
    """Give the true floor positions (2, 2) of both persons, one entry per labelled frame."""
    lines = (SYNTHETIC / "gtLoc.json").read_text(encoding="utf-8").splitlines()
    every_third = [json.loads(line)["objects"] for line in lines[::3]]
    return [
        np.array([seen[name][0]["translation"][:2] for name in ("Person", "person")])
        for seen in every_third
    ]
