"""A camera that was turned a little: where is now what was there?"""

import cv2
import numpy as np
import pytest

from detector.geometry import project
from detector.types import F64, U8
from detector.vision.integrity import HEIGHT_PX, WIDTH_PX, small_grey
from detector.vision.registration import MIN_LIKENESS, register
from tests.unit.vision.test_integrity import noisy, scene

WIDTH, HEIGHT = 1920, 1080
GRID = np.stack(np.meshgrid(np.linspace(0.1, 0.9, 5), np.linspace(0.1, 0.9, 5)), -1).reshape(-1, 2)

UNMASKED = np.full((HEIGHT_PX, WIDTH_PX), 255, np.uint8)


def turned(pan_deg: float, tilt_deg: float, roll_deg: float, field_deg: float = 70.0) -> F64:
    """Map pictures of a camera to those after it was turned about its mount, pixels."""
    focus = WIDTH / 2 / np.tan(np.radians(field_deg / 2))
    lens = np.array([[focus, 0, WIDTH / 2], [0, focus, HEIGHT / 2], [0, 0, 1.0]])
    axes = np.radians([tilt_deg, pan_deg, roll_deg])
    rotation = np.eye(3)
    for axis, angle in zip(np.eye(3), axes, strict=True):
        rotation = cv2.Rodrigues(axis * angle)[0] @ rotation
    matrix = lens @ rotation @ np.linalg.inv(lens)
    return np.asarray(matrix / matrix[2, 2])


def full_scene() -> U8:
    return np.asarray(cv2.resize(scene(), (WIDTH, HEIGHT)), np.uint8)


@pytest.mark.parametrize("pan_px", [30, 60, 120, 190])
def test_a_turned_camera_is_found_within_three_pixels_of_its_picture(pan_px: int) -> None:
    usual = full_scene()
    # 27 pixels are about a degree at this focal length
    truth = turned(pan_px / 24.0, -0.3 * pan_px / 24.0, 0.4)
    view = cv2.warpPerspective(usual, truth, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT)
    middle = project(truth, [[WIDTH / 2, HEIGHT / 2]])[0]
    guess = (middle[0] / WIDTH - 0.5, middle[1] / HEIGHT - 0.5)
    found = register(small_grey(usual), small_grey(noisy(view, 2)), guess, UNMASKED)
    assert found is not None
    assert found.likeness > MIN_LIKENESS
    size = np.array([WIDTH, HEIGHT])
    wanted = project(truth, GRID * size)
    seen = ((wanted > 0) & (wanted < size)).all(axis=1)
    off_px = np.linalg.norm(project(found.matrix, GRID) * size - wanted, axis=1)[seen]
    assert off_px.max() < 3.0


def test_another_place_is_not_believed() -> None:
    elsewhere = np.asarray(cv2.flip(full_scene(), -1), np.uint8)
    found = register(small_grey(full_scene()), small_grey(elsewhere), (0.05, 0.0), UNMASKED)
    assert found is None or found.likeness < MIN_LIKENESS


def test_a_picture_without_anything_in_it_gives_no_shift() -> None:
    flat = np.full((180, 320), 90, np.uint8)
    assert register(small_grey(full_scene()), flat, (0.05, 0.0), UNMASKED) is None
