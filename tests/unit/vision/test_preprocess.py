import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.types import U8
from detector.vision.preprocess import BORDER_GREY, Letterbox, Preprocessor

INPUT = (640, 384)
sides = st.integers(1, 4000)


@given(width=sides, height=sides, data=st.data())
def test_boxes_come_back_from_the_input_to_where_they_were(
    width: int, height: int, data: st.DataObject
) -> None:
    box = Letterbox.fit((width, height), INPUT)
    x, y = (st.floats(0, side, width=32) for side in (width, height))
    corners = np.array([[data.draw(x), data.draw(y), data.draw(x), data.draw(y)]], np.float32)
    there = box.to_input(corners)
    assert (there >= -1e-3).all()
    assert (there <= np.array(INPUT * 2) + 1e-3).all()
    back = box.to_source(there)
    np.testing.assert_allclose(back, corners, atol=1e-3 * max(width, height))


@given(width=sides, height=sides)
def test_the_picture_fills_the_input_in_one_direction_and_keeps_its_aspect(
    width: int, height: int
) -> None:
    box = Letterbox.fit((width, height), INPUT)
    assert box.scaled[0] == INPUT[0] or box.scaled[1] == INPUT[1]
    scale = min(INPUT[0] / width, INPUT[1] / height)
    assert abs(box.scaled[0] - width * scale) <= 1
    assert abs(box.scaled[1] - height * scale) <= 1


@pytest.mark.parametrize("size", [(2, 400), (400, 2), (1, 1), (1, 4000), (4000, 1)])
def test_a_degenerate_picture_loses_no_pixel_on_the_way(size: tuple[int, int]) -> None:
    box = Letterbox.fit(size, INPUT)
    whole = np.array([[0, 0, *size]], np.float32)
    np.testing.assert_allclose(box.to_source(box.to_input(whole)), whole, rtol=1e-5)
    Preprocessor(INPUT).write(
        np.zeros((size[1], size[0], 3), np.uint8), np.empty((3, 384, 640), np.float32)
    )


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1x1"):
        Letterbox.fit((0, 100), INPUT)


def test_boxes_are_clipped_to_the_picture() -> None:
    box = Letterbox.fit((1920, 1080), INPUT)
    wide = np.array([[-50, -50, 1000, 1000]], np.float32)
    assert box.to_source(wide).tolist() == [[0, 0, 1920, 1080]]


def as_trained(
    image: U8, size: tuple[int, int]
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """The same by the book: resize, pad with 114, BGR to RGB, HWC to CHW, divide by 255."""
    box = Letterbox.fit((image.shape[1], image.shape[0]), size)
    small = cv2.resize(image, box.scaled, interpolation=cv2.INTER_LINEAR)
    left, top = box.offset
    right, bottom = size[0] - box.scaled[0] - left, size[1] - box.scaled[1] - top
    grey = (BORDER_GREY,) * 3
    full = cv2.copyMakeBorder(small, top, bottom, left, right, cv2.BORDER_CONSTANT, value=grey)
    return (full[..., ::-1].transpose(2, 0, 1) / 255).astype(np.float32)


def test_pictures_of_changing_size_are_written_as_the_networks_were_trained() -> None:
    rng = np.random.default_rng(0)
    preprocessor = Preprocessor(INPUT)
    tensor = np.full((3, 384, 640), np.nan, np.float32)
    for shape in [(1080, 1920, 3), (576, 768, 3), (576, 768, 3), (90, 30, 3), (1080, 1920, 3)]:
        image = rng.integers(0, 256, shape, np.uint8)
        preprocessor.write(image, tensor)
        np.testing.assert_allclose(tensor, as_trained(image, INPUT), atol=1e-6)


def test_a_read_only_cut_of_a_frame_can_be_written() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (400, 600, 3), np.uint8)
    frame.setflags(write=False)
    cut, tensor = frame[100:300, 50:350], np.empty((3, 384, 640), np.float32)
    Preprocessor(INPUT).write(cut, tensor)
    np.testing.assert_allclose(tensor, as_trained(cut.copy(), INPUT), atol=1e-6)
