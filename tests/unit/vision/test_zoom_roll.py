"""A camera that was zoomed or rolled: by how much?"""

from copy import deepcopy
from functools import cache

import cv2
import numpy as np
import pytest

from detector.types import F32, U8
from detector.vision.integrity import IntegrityMeter
from detector.vision.zoom_roll import ZoomRollFinder
from tests.unit.vision.test_integrity import SIZE, STEP_S, noisy, scene

NARROW = (960, 720)
SCENE = scene()


def seen(
    zoom: float = 1.0,
    roll_deg: float = 0.0,
    size: tuple[int, int] = SIZE,
    shift_px: tuple[int, int] = (0, 0),
    seed: int = 9,
) -> U8:
    """The middle of the scene, zoomed and rolled counter-clockwise about its middle."""
    matrix = cv2.getRotationMatrix2D((639.5, 359.5), roll_deg, zoom)
    matrix[:, 2] += shift_px
    matrix[0, 2] -= (SIZE[0] - size[0]) / 2
    view = cv2.warpAffine(SCENE, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
    return noisy(np.asarray(view, np.uint8), seed)


@cache
def _learnt(size: tuple[int, int]) -> IntegrityMeter:
    meter = IntegrityMeter(learn_s=2.0)
    for number in range(8):
        meter.measure(seen(size=size, seed=number), number * STEP_S)
    assert meter.learnt
    return meter


def learnt(size: tuple[int, int] = SIZE) -> IntegrityMeter:
    """A meter that has learnt the scene; its clock stands before 12 s."""
    return deepcopy(_learnt(size))


@pytest.mark.parametrize("size", [SIZE, NARROW])
@pytest.mark.parametrize(
    ("zoom", "roll_deg"),
    [(1.05, 0), (1.1, 0), (1.3, 0), (0.9, 0), (1, 2), (1, -5), (1, 10), (1, 45), (1.1, 5)],
)
def test_zoom_and_roll_are_measured(zoom: float, roll_deg: float, size: tuple[int, int]) -> None:
    found = learnt(size).measure(seen(zoom, roll_deg, size), 12.0)
    assert found is not None
    assert found.shift == (0.0, 0.0)
    assert found.zoom == pytest.approx(zoom, abs=0.02)
    assert found.roll_deg == pytest.approx(roll_deg, abs=0.6)
    assert found.shift_share >= 0.02


@pytest.mark.parametrize("shift_px", [(60, 0), (-120, 60)])
def test_a_shift_that_comes_along_hides_no_roll(shift_px: tuple[int, int]) -> None:
    found = learnt().measure(seen(1.0, 6.0, shift_px=shift_px), 12.0)
    assert found is not None
    assert found.roll_deg == pytest.approx(6.0, abs=0.6)
    at_the_corner = 0.5 * np.sin(np.radians(6.0)) * SIZE[0] / SIZE[1]
    assert found.corner_share == pytest.approx(
        max(at_the_corner + abs(shift_px[1]) / SIZE[1], abs(shift_px[0]) / SIZE[0]), abs=0.03
    )


def test_the_usual_view_is_neither_zoomed_nor_rolled() -> None:
    meter = learnt()
    for number in range(4):
        found = meter.measure(seen(seed=number), 12.0 + number * STEP_S)
        assert found is not None
        assert (found.zoom, found.roll_deg, found.corner_share) == (1.0, 0.0, 0.0)


def test_a_zoomed_view_is_not_learnt_as_usual() -> None:
    meter, zoomed = learnt(), seen(1.05)
    for second in range(60):
        found = meter.measure(zoomed, 12.0 + second)
    assert found is not None
    assert found.zoom == pytest.approx(1.05, abs=0.02)
    found = meter.measure(seen(), 72.0)
    assert found is not None
    assert found.structure == pytest.approx(1.0, abs=0.05)


def test_another_place_is_not_taken_for_a_zoom_of_the_usual_one() -> None:
    elsewhere = np.asarray(cv2.flip(SCENE, 1), np.uint8)
    found = learnt().measure(elsewhere, 12.0)
    assert found is not None
    assert (found.zoom, found.roll_deg) == (1.0, 0.0)


def edges(seed: int) -> F32:
    picture = np.random.default_rng(seed).random((90, 160), np.float32)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 1.5), np.float32)


def test_what_was_found_before_is_kept_where_it_fits_better() -> None:
    finder = ZoomRollFinder((160, 90), 16 / 9)
    usual = edges(1)
    matrix = cv2.getRotationMatrix2D((79.5, 44.5), 5.0, 1.1)
    clear = finder.find(usual, np.asarray(cv2.warpAffine(usual, matrix, (160, 90)), np.float32))
    assert clear is not None
    mostly_hidden = np.asarray(cv2.warpAffine(usual, matrix, (160, 90)), np.float32)
    mostly_hidden[:, 50:] = edges(2)[:, 50:]
    alone, after = finder.find(usual, mostly_hidden), finder.find(usual, mostly_hidden, clear)
    assert alone is not None
    assert after is not None
    assert after.matrix is clear.matrix
    assert after.aligned > alone.aligned
