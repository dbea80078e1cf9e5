import numpy as np
import pytest

from detector.types import F32, U8
from detector.vision.stir import APART_S, StirMeter

SIZE = (960, 540)
BOXES: F32 = np.array([[100, 100, 160, 250], [700, 200, 760, 350]], np.float32)


def scene(seed: int, noise: float = 3.0) -> U8:
    """A textured place with a sensor's noise that differs from picture to picture."""
    texture = np.random.default_rng(0).integers(60, 180, (SIZE[1] // 6, SIZE[0] // 6, 1))
    grey = np.kron(texture, np.ones((6, 6, 3)))
    grey += np.random.default_rng(seed).normal(0, noise, grey.shape)
    return np.clip(grey, 0, 255).astype(np.uint8)


def with_hands(picture: U8, at: int) -> U8:
    """Something bright that moves inside the first box."""
    moved = picture.copy()
    moved[150 + 10 * at : 180 + 10 * at, 115:145] = 250
    return moved


def test_hands_that_move_stir_their_box_and_no_other() -> None:
    meter = StirMeter()
    assert meter.measure(with_hands(scene(1), 0), 0.0, BOXES).tolist() == [0.0, 0.0]
    busy, idle = meter.measure(with_hands(scene(2), 2), 0.4, BOXES)
    blurred = 2 * (20 + 4) * (30 + 4)  # where they were and where they are, with soft edges
    assert busy == pytest.approx(blurred / (60 * 150), abs=0.03)
    assert idle < 0.01


@pytest.mark.parametrize("noise", [0.0, 3.0, 12.0])
def test_noise_stirs_nobody(noise: float) -> None:
    meter = StirMeter()
    meter.measure(scene(1, noise), 0.0, BOXES)
    assert meter.measure(scene(2, noise), 0.4, BOXES).max() < 0.025


def test_light_that_changes_everywhere_stirs_nobody() -> None:
    meter = StirMeter()
    meter.measure(scene(1), 0.0, BOXES)
    brighter = np.clip(scene(2).astype(np.int16) + 25, 0, 255).astype(np.uint8)
    assert meter.measure(brighter, 0.4, BOXES).max() < 0.025


@pytest.mark.parametrize("fps", [1.0, 3.0, 5.0, 25.0])
def test_pictures_are_compared_over_the_same_time_whatever_the_frame_rate(fps: float) -> None:
    """Hands that take a second for one movement hardly move between two pictures at 25 a second."""
    meter = StirMeter()
    stirred = [
        float(meter.measure(with_hands(scene(n), round(8 * (n / fps % 1.0))), n / fps, BOXES)[0])
        for n in range(round(3 * fps) + 1)
    ]
    apart = max(APART_S, 1 / fps)
    assert stirred[: round(apart * fps)] == [0.0] * round(apart * fps)
    assert len(meter._kept) <= 4
    if fps > 1:
        assert np.median(stirred[round(fps) :]) > 0.05


def test_boxes_outside_of_the_picture_do_not_stir() -> None:
    meter = StirMeter()
    boxes: F32 = np.array([[-80, 20, -10, 90], [940, 500, 1200, 700]], np.float32)
    meter.measure(scene(1), 0.0, boxes)
    assert meter.measure(scene(2), 0.4, boxes)[0] == 0.0
    assert meter.measure(scene(3), 0.8, BOXES[:0]).shape == (0,)


def test_small_and_large_pictures_are_measured_alike() -> None:
    stirred = []
    for shrink in (1, 3):
        meter = StirMeter()
        pictures = [with_hands(scene(n), 2 * n)[::shrink, ::shrink] for n in range(2)]
        boxes = (BOXES / shrink).astype(np.float32)
        meter.measure(pictures[0], 0.0, boxes)
        stirred.append(float(meter.measure(pictures[1], 0.4, boxes)[0]))
    assert stirred[0] == pytest.approx(stirred[1], abs=0.03)
