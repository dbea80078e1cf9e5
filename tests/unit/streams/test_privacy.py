import numpy as np
import pytest

from detector.streams.privacy import NO_MASKS, PrivacyMasks
from detector.types import U8

LEFT = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
WHITE = 255


def white(width: int = 64, height: int = 48) -> U8:
    return np.full((height, width, 3), WHITE, np.uint8)


def hidden(image: U8) -> np.ndarray:
    """Where the picture is black in every channel; the rest must be untouched."""
    black = (image == 0).all(axis=2)
    assert (image[~black] == WHITE).all()
    return black


def test_everything_inside_is_black_and_what_is_well_outside_is_untouched() -> None:
    image = white()
    PrivacyMasks([LEFT]).burn(image)
    black = hidden(image)
    assert black[:, :33].all()
    assert not black[:, 36:].any()


def test_no_masks_change_nothing() -> None:
    image = white()
    NO_MASKS.burn(image)
    assert not hidden(image).any()
    assert not NO_MASKS


@pytest.mark.parametrize("size", [(64, 48), (61, 47), (1920, 1080), (7, 5)])
def test_every_pixel_that_a_polygon_touches_is_black_at_any_size(size: tuple[int, int]) -> None:
    """Judged by points spread over each pixel, not by the way the pixels are filled."""
    triangle = np.array([(0.11, 0.83), (0.57, 0.07), (0.93, 0.71)])
    image = white(*size)
    PrivacyMasks([triangle.tolist()]).burn(image)
    black = hidden(image)
    random = np.random.default_rng(5)
    weights = random.dirichlet((1, 1, 1), 200_000)
    edges = weights.copy()
    edges[np.arange(len(edges)), random.integers(0, 3, len(edges))] = 0.0
    for inside in (weights, edges / edges.sum(axis=1, keepdims=True)):
        x, y = np.floor((inside @ triangle) * size).astype(int).T
        assert black[y, x].all()


def test_masks_that_overlap_hide_what_both_cover() -> None:
    image = white()
    top = [(0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5)]
    PrivacyMasks([LEFT, top]).burn(image)
    assert hidden(image)[:24, :32].all()


def test_a_mask_may_reach_the_edges_of_the_picture() -> None:
    image = white()
    PrivacyMasks([[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]]).burn(image)
    assert hidden(image).all()


def test_the_same_masks_hide_the_same_places_when_the_size_of_the_pictures_changes() -> None:
    masks = PrivacyMasks([LEFT])
    for width, height in ((64, 48), (640, 480), (64, 48)):
        image = white(width, height)
        masks.burn(image)
        assert hidden(image).mean() == pytest.approx(0.5, abs=0.05)


def test_a_picture_without_colours_is_masked_as_well() -> None:
    image = np.full((48, 64), WHITE, np.uint8)
    PrivacyMasks([LEFT]).burn(image)
    assert not image[:, :32].any()
