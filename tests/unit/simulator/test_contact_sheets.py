"""From the shipped sample clips, so no renderer is needed."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.simulator.contact_sheets import contact_sheet, write_sheet

SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture(scope="module")
def two_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for name in ("ladder_day", "quiet_nuisances"):
        for suffix in (".mp4", ".truth.json"):
            shutil.copy(SAMPLES / f"{name}{suffix}", folder)
    return folder


def test_each_clip_is_a_row_and_its_people_are_framed(two_clips: Path) -> None:
    sheet = contact_sheet(two_clips, columns=5, width_px=160)
    height = sheet.shape[0] // 2
    assert sheet.shape == (2 * height, 800, 3)
    assert abs(height - 90) <= 1
    green = (sheet[:, :, 1] > 180) & (sheet[:, :, 0] < 130) & (sheet[:, :, 2] < 130)
    busy, quiet = np.count_nonzero(green[:height]), np.count_nonzero(green[height:])
    assert busy > 40
    assert quiet == 0


def test_a_sheet_is_a_jpeg_that_is_small_enough(tmp_path: Path) -> None:
    path = tmp_path / "images" / "sheet.jpg"
    noise = np.random.default_rng(1).integers(0, 255, (900, 1200, 3), dtype=np.uint8)
    write_sheet(noise, path)
    assert path.stat().st_size <= 600_000
    assert cv2.imread(str(path)).shape == noise.shape


def test_a_folder_without_clips_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected rendered clips"):
        contact_sheet(tmp_path)
