from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detector.types import U8
from detector.vision.integrity import IntegrityMeter, small_grey

SIZE = (1280, 720)
STEP_S = 0.4


@cache
def scene(shift_px: tuple[int, int] = (0, 0)) -> U8:
    """A street of boxes and poles, always the same, seen through a window that can be moved."""
    random = np.random.default_rng(3)
    wide = np.full((920, 1480, 3), 110, np.uint8)
    for _ in range(160):
        x, y = random.integers(0, 1480), random.integers(0, 920)
        w, h = random.integers(20, 160), random.integers(20, 160)
        cv2.rectangle(wide, (int(x), int(y)), (int(x + w), int(y + h)), _grey(random), -1)
    x, y = 100 + shift_px[0], 100 + shift_px[1]
    seen = np.ascontiguousarray(wide[y : y + 720, x : x + 1280])
    seen.setflags(write=False)
    return seen


def _grey(random: np.random.Generator) -> tuple[int, int, int]:
    level = int(random.integers(30, 230))
    return level, level, level


@cache
def noise(shape: tuple[int, ...], seed: int) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-6, 7, shape, np.int16)


def noisy(image: U8, seed: int) -> U8:
    return np.clip(image + noise(image.shape, seed), 0, 255).astype(np.uint8)


@cache
def usual(seed: int) -> U8:
    return noisy(scene(), seed)


@pytest.fixture
def meter() -> IntegrityMeter:
    """A meter that has learnt the scene; its clock stands at 12 s."""
    meter = IntegrityMeter(learn_s=5.0)
    for number in range(30):
        meter.measure(usual(number % 5), number * STEP_S)
    return meter


def test_the_usual_view_is_usual(meter: IntegrityMeter) -> None:
    seen = meter.measure(noisy(scene(), 9), 12.0)
    assert seen is not None
    assert seen.lost_share == 0.0
    assert seen.sharpness == pytest.approx(1.0, abs=0.1)
    assert seen.structure == pytest.approx(1.0, abs=0.05)
    assert seen.shift == (0.0, 0.0)


@pytest.mark.parametrize("shift_px", [(40, 0), (-40, 24), (0, -24), (96, 0)])
def test_a_shift_is_measured_in_shares_of_the_picture(
    meter: IntegrityMeter, shift_px: tuple[int, int]
) -> None:
    seen = meter.measure(noisy(scene(shift_px), 9), 12.0)
    assert seen is not None
    # The window moves right, so what it shows moves left.
    assert seen.shift[0] == pytest.approx(-shift_px[0] / SIZE[0], abs=0.006)
    assert seen.shift[1] == pytest.approx(-shift_px[1] / SIZE[1], abs=0.011)


def test_a_blurred_picture_loses_edges_but_stays_like_itself(meter: IntegrityMeter) -> None:
    seen = meter.measure(cv2.GaussianBlur(scene(), (0, 0), 25), 12.0)
    assert seen is not None
    assert seen.sharpness is not None
    assert seen.sharpness < 0.5
    assert seen.likeness is not None
    assert seen.likeness > 0.8


def test_a_covered_picture_loses_its_edges_and_its_likeness(meter: IntegrityMeter) -> None:
    covered = scene().copy()
    covered[:, 120:] = 60
    seen = meter.measure(noisy(covered, 9), 12.0)
    assert seen is not None
    assert seen.lost_share is not None
    assert seen.lost_share > 0.6
    assert seen.likeness is not None
    assert seen.likeness < 0.8


def test_a_person_who_stands_still_for_a_minute_is_no_fault(meter: IntegrityMeter) -> None:
    stands = scene().copy()
    stands[300:660, 500:640] = 40
    pictures = [noisy(stands, seed) for seed in range(7)]
    for number in range(150):
        seen = meter.measure(pictures[number % 7], 12.0 + number * STEP_S)
    assert seen is not None
    assert seen.lost_share is not None
    assert seen.lost_share < 0.3
    assert seen.shift == (0.0, 0.0)


def test_the_same_picture_again_changes_nothing_and_noise_does(meter: IntegrityMeter) -> None:
    still = noisy(scene(), 1)
    meter.measure(still, 12.0)
    same = meter.measure(still, 12.4)
    other = meter.measure(noisy(scene(), 2), 12.8)
    assert same is not None
    assert same.change_grey == 0.0
    assert other is not None
    assert other.change_grey is not None
    assert other.change_grey > 1.0


def test_pictures_that_come_too_fast_are_left_out(meter: IntegrityMeter) -> None:
    assert meter.measure(scene(), 12.0) is not None
    assert meter.measure(scene(), 12.2) is None


def test_pictures_of_another_size_begin_a_new_reference(meter: IntegrityMeter) -> None:
    assert meter.learnt
    seen = meter.measure(cv2.resize(scene(), (640, 360)), 12.0)
    assert seen is not None
    assert seen.structure is None
    assert not meter.learnt


@pytest.mark.parametrize("size", [(1920, 1080), (640, 360), (300, 200), (3840, 2160)])
def test_every_picture_size_is_reduced_to_one(size: tuple[int, int]) -> None:
    assert small_grey(np.zeros((size[1], size[0], 3), np.uint8)).shape == (180, 320)
