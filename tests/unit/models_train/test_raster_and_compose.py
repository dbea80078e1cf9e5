"""What the drawn training pictures promise."""

from collections.abc import Callable

import numpy as np
import pytest

from models.train import degrade, ladders
from models.train.compose import (
    LADDER,
    SIDE_PX,
    Assets,
    Photo,
    compose,
)
from models.train.raster import Camera, Light, Prism, draw, plane_homography, shadow_mask

UP = np.array([0.0, 1.0, 0.0])


def camera(size_px: int = 200) -> Camera:
    return Camera(np.array([0.0, 1.0, -5.0]), np.array([0.0, 1.0, 0.0]), 200.0, (size_px, size_px))


def test_a_point_straight_ahead_lands_in_the_middle_of_the_picture() -> None:
    assert camera().project(np.array([0.0, 1.0, 3.0])) == pytest.approx([100, 100])


def test_right_in_the_world_is_right_and_up_is_up_in_the_picture() -> None:
    x, y = camera().project(np.array([1.0, 2.0, 0.0]))
    assert (x, y) == pytest.approx((140, 60))


def test_a_prism_is_drawn_where_it_projects_to() -> None:
    picture, mask = np.zeros((200, 200, 3), np.uint8), np.zeros((200, 200), np.uint8)
    bar = Prism(
        np.array([0, 0.5, 0]),
        np.array([0, 1.5, 0]),
        np.array([0, 0, -1.0]),
        0.1,
        0.1,
        np.full(3, 200.0),
    )
    draw(picture, mask, [bar], camera(), Light(np.array([0, 0, -1.0])), 7)
    rows, columns = np.nonzero(mask == 7)
    assert rows.min() == pytest.approx(79, abs=2)
    assert rows.max() == pytest.approx(121, abs=2)
    assert columns.mean() == pytest.approx(100, abs=1)
    assert (picture[mask == 7] > 0).all()


def test_a_prism_behind_the_camera_is_not_drawn() -> None:
    picture, mask = np.zeros((200, 200, 3), np.uint8), np.zeros((200, 200), np.uint8)
    bar = Prism(
        np.array([0, 0.5, -9]),
        np.array([0, 1.5, -9]),
        np.array([0, 0, -1.0]),
        0.1,
        0.1,
        np.full(3, 200.0),
    )
    draw(picture, mask, [bar], camera(), Light(UP), 1)
    assert not mask.any()


def test_a_shadow_falls_away_from_the_sun() -> None:
    pole = Prism(np.zeros(3), UP, np.array([0, 0, -1.0]), 0.05, 0.05, np.full(3, 200.0))
    sun_on_the_left = np.array([-1.0, 1.0, 0.0]) / np.sqrt(2)
    shade = shadow_mask([pole], camera(), Light(sun_on_the_left), (np.zeros(3), UP))
    assert np.nonzero(shade)[1].mean() > 110


def test_a_plane_maps_to_pixels_like_its_points_do() -> None:
    view = camera()
    origin, across, along = np.array([-1.0, 0, 0]), np.array([1.0, 0, 0]), np.array([0, 0, 1.0])
    mapped = plane_homography(view, origin, across, along) @ np.array([0.5, 2.0, 1.0])
    assert mapped[:2] / mapped[2] == pytest.approx(view.project(np.array([-0.5, 0, 2.0])))


@pytest.mark.parametrize("builder", [*ladders.LADDERS, ladders.step_ladder, *ladders.LOOKALIKES])
def test_every_drawn_thing_is_finite_and_of_human_scale(
    builder: Callable[[ladders.Frame, float, np.random.Generator], list[Prism]],
) -> None:
    frame = ladders.Frame(np.zeros(3), np.array([1.0, 0, 0]), UP, np.array([0, 0, -1.0]))
    for seed in range(5):
        prisms = builder(frame, 3.0, np.random.default_rng(seed))
        corners = np.concatenate([end for prism in prisms for end in prism.rings()])
        assert np.isfinite(corners).all()
        assert np.abs(corners).max() < 25
        assert all(prism.colour.min() >= 0 and prism.colour.max() <= 260 for prism in prisms)


def test_the_same_seed_gives_the_same_picture() -> None:
    first, second = (compose(np.random.default_rng(3), Assets()) for _ in range(2))
    assert np.array_equal(first.image, second.image)
    assert first.boxes == second.boxes


def test_pictures_have_boxes_inside_and_some_have_ladders_and_some_none() -> None:
    examples = [compose(np.random.default_rng(seed), Assets()) for seed in range(8)]
    counts = [sum(box[0] == LADDER for box in example.boxes) for example in examples]
    assert max(counts) > 0
    assert min(counts) == 0
    for example in examples:
        assert example.image.shape == (SIDE_PX, SIDE_PX, 3)
        for _, x1, y1, x2, y2 in example.boxes:
            assert 0 <= x1 < x2 <= SIDE_PX
            assert 0 <= y1 < y2 <= SIDE_PX


def test_people_of_a_background_photo_keep_their_labels() -> None:
    photo = Photo(np.full((400, 400, 3), 128, np.uint8), np.array([[100.0, 100, 300, 300]]))
    assets = Assets(photos=[[photo]])
    examples = [compose(np.random.default_rng(seed), assets) for seed in range(4)]
    assert any(box[0] == 0 for example in examples for box in example.boxes)


def test_night_looks_have_no_colour() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (64, 64, 3), dtype=np.uint8)
    nothing = np.zeros((64, 64), np.uint8)
    for look in (degrade.infrared(rng, picture), degrade.thermal(rng, picture, nothing, nothing)):
        assert np.ptp(look.astype(int), axis=2).max() <= 2
