"""A camera's view is judged by what its privacy masks leave of it."""

from functools import cache

import cv2
import numpy as np
import pytest

from detector.incidents.view import CoveredCheck, DarkCheck, ViewMeasures
from detector.streams.privacy import PrivacyMasks
from detector.types import U8
from detector.vision.integrity import IntegrityMeter
from tests.unit.vision.test_integrity import STEP_S, noisy, scene

HALF = [(0.0, 0.0), (0.55, 0.0), (0.45, 1.0), (0.0, 1.0)]
MOST = [(0.0, 0.0), (1.0, 0.0), (1.0, 0.72), (0.3, 0.72), (0.3, 1.0), (0.0, 1.0)]


@cache
def usual(seed: int) -> U8:
    """The usual view with the noise of its sensor."""
    return noisy(small(scene()), seed)


def small(image: U8) -> U8:
    return np.asarray(cv2.resize(image, (640, 360), interpolation=cv2.INTER_AREA), np.uint8)


def seen(image: U8, mask: list[tuple[float, float]]) -> ViewMeasures:
    """Measure a masked picture after the meter learnt the usual one with the same mask."""
    masks = PrivacyMasks([mask])
    meter = IntegrityMeter(5.0, [mask])
    for number in range(60):
        learnt = usual(number % 5).copy()
        masks.burn(learnt)
        meter.measure(learnt, number * STEP_S)
    now = image.copy()
    masks.burn(now)
    measures = meter.measure(now, 60 * STEP_S + 1.0)
    assert measures is not None
    return measures


@pytest.mark.parametrize("mask", [HALF, MOST])
def test_a_mask_is_neither_darkness_nor_a_cover(mask: list[tuple[float, float]]) -> None:
    measures = seen(usual(9), mask)
    assert measures.bright_grey > 4 * DarkCheck().max_bright_grey
    assert measures.textured_share > 0.4
    assert measures.lost_share == 0.0
    assert measures.sharpness == pytest.approx(1.0, abs=0.1)
    assert measures.structure == pytest.approx(1.0, abs=0.05)
    assert measures.shift == (0.0, 0.0)


@pytest.mark.parametrize("mask", [HALF, MOST])
def test_a_masked_camera_that_goes_dark_is_dark(mask: list[tuple[float, float]]) -> None:
    assert seen(usual(9) // 12, mask).bright_grey <= DarkCheck().max_bright_grey


@pytest.mark.parametrize("mask", [HALF, MOST])
def test_a_masked_camera_that_is_covered_is_covered(mask: list[tuple[float, float]]) -> None:
    measures = seen(np.full_like(usual(9), 90), mask)
    limits = CoveredCheck()
    assert measures.lost_share is not None
    assert measures.lost_share > 0.95
    assert measures.likeness is not None
    assert measures.likeness < limits.max_likeness


def test_a_masked_camera_that_is_blurred_is_blurred() -> None:
    measures = seen(cv2.GaussianBlur(usual(9), (0, 0), 12), HALF)
    assert measures.sharpness is not None
    assert measures.sharpness < 0.5


@pytest.mark.parametrize("shift_px", [(40, 0), (-40, 24), (96, 0)])
def test_a_masked_camera_that_moved_has_moved(shift_px: tuple[int, int]) -> None:
    """The mask stays where it is, and must not be taken for a view that does."""
    measures = seen(noisy(small(scene(shift_px)), 9), HALF)
    assert measures.shift[0] == pytest.approx(-shift_px[0] / 1280, abs=0.006)
    assert measures.shift[1] == pytest.approx(-shift_px[1] / 720, abs=0.011)


def test_where_everything_is_hidden_nothing_is_judged() -> None:
    meter = IntegrityMeter(5.0, [[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]])
    assert meter.measure(np.zeros((720, 1280, 3), np.uint8), 1.0) is None
