import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.cli import main
from detector.evidence.calibration_sheet import spots, summary
from detector.scene import BarrierSettings, CalibrationSettings, Scene
from tests.site_folder import camera, make_config, write

# A camera that looks straight down: one pixel of 96 x 64 is 0.1 m, y on the ground is up.
STRAIGHT_DOWN = [
    {"image": [x, y], "ground": [9.6 * x, 6.4 * (1 - y)]} for x in (0.0, 1.0) for y in (0.0, 1.0)
]
FENCE = {"points": [[0.0, 0.5], [1.0, 0.5]], "sides": {"left": "inside", "right": "outside"}}


def test_distances_are_printed_and_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tilted = [
        {"image": [0.1, 0.9], "ground": [0, 0]},
        {"image": [0.9, 0.9], "ground": [4, 0]},
        {"image": [0.7, 0.4], "ground": [4, 9]},
        {"image": [0.3, 0.4], "ground": [0, 9]},
    ]
    cameras = {"north": camera(barriers={"fence": FENCE}, calibration={"points": tilted}, rules={})}
    path = write(tmp_path, make_config(tmp_path, cameras=cameras))
    out = tmp_path / "sheet.png"
    assert main(["calibrate", str(path), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert "ground points fit within 0.00 m" in told
    assert "give a fifth one" in told
    assert re.search(r"\d+\.\d\d  (inside|outside) fence", told)
    assert cv2.imread(str(out)).shape == (64, 96, 3)


def test_a_camera_without_measures_says_that_metres_are_estimated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, make_config(tmp_path))
    assert main(["calibrate", str(path), "--out", str(tmp_path / "sheet.png")]) == 0
    assert "estimated from a person's 1.7 m" in capsys.readouterr().out


def test_a_sheet_that_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, make_config(tmp_path))
    out = tmp_path / "no" / "such" / "folder.png"
    assert main(["calibrate", str(path), "--out", str(out)]) == 1
    assert str(out) in capsys.readouterr().err


def test_distances_on_the_sheet_are_those_of_the_ground() -> None:
    calibration = CalibrationSettings.model_validate({"points": STRAIGHT_DOWN})
    barriers = {"fence": BarrierSettings.model_validate(FENCE)}
    scene = Scene.build((96, 64), {}, barriers, calibration)
    found = spots(scene)
    assert found
    for spot in found:
        assert spot.distance_m == pytest.approx(abs(spot.foot[1] - 32) / 10, abs=1e-6)
        assert spot.side == ("inside" if spot.foot[1] < 32 else "outside")


def test_a_fifth_point_that_is_wrong_shows_as_error() -> None:
    wrong = [*STRAIGHT_DOWN, {"image": [0.5, 0.5], "ground": [4.8, 4.2]}]
    calibration = CalibrationSettings.model_validate({"points": wrong})
    lines = summary(Scene.build((96, 64), {}, {}, calibration))
    found = re.search(r"within (\d+\.\d+) m", lines[0])
    assert found is not None
    assert 0.1 < float(found[1]) < 1.0
    assert np.isfinite(float(found[1]))
