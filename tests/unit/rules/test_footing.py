import numpy as np
import pytest

from detector.rules.footing import Footing
from tests.unit.rules.stage import person, picture, times


def test_feet_and_heights_of_whole_boxes_are_theirs() -> None:
    feet, heights = Footing().update(picture(0, {1: person(100, 200), 2: person(300, 400, 50)}))
    assert feet.tolist() == [[100, 200], [300, 400]]
    assert heights.tolist() == [85, 50]


def test_no_tracks_have_no_feet() -> None:
    feet, heights = Footing().update(picture(0))
    assert feet.shape == (0, 2)
    assert heights.shape == (0,)


def test_heights_do_not_jump_with_the_box() -> None:
    footing = Footing()
    rng = np.random.default_rng(2)
    heights = [
        footing.update(picture(at, {1: person(100, 200, 85 + rng.normal(0, 4))}))[1][0]
        for at in times(0, 5)
    ]
    assert np.std(heights[10:]) < 2.5


def cut_off(at: float) -> tuple[float, float, float, float]:
    x1, top, x2, bottom = person(100 + at, 200)
    return (x1, top, x2, bottom - 40)


def test_hidden_feet_are_held_below_the_head_for_three_seconds() -> None:
    footing = Footing()
    for at in times(0, 1):
        footing.update(picture(at, {1: person(100, 200)}))
    for at in times(1.1, 4.1):
        feet, heights = footing.update(picture(at, {1: cut_off(at)}))
        assert feet[0, 1] == pytest.approx(200)
        assert heights[0] == pytest.approx(85)
    feet, heights = footing.update(picture(4.3, {1: cut_off(4.3)}))
    assert (feet[0, 1], heights[0]) == pytest.approx((160, 45))


def test_feet_that_come_back_are_believed_at_once() -> None:
    footing = Footing()
    for at in times(0, 1):
        footing.update(picture(at, {1: person(100, 200)}))
    footing.update(picture(1.1, {1: cut_off(1.1)}))
    feet, _ = footing.update(picture(1.2, {1: person(101, 203)}))
    assert feet[0, 1] == pytest.approx(203)
    feet, _ = footing.update(picture(1.3, {1: cut_off(1.3)}))
    assert feet[0, 1] == pytest.approx(200)


@pytest.mark.parametrize("bottom", [200.0, 230.0])
def test_who_crouches_or_comes_nearer_has_the_feet_of_the_box(bottom: float) -> None:
    footing = Footing()
    for at in times(0, 1):
        footing.update(picture(at, {1: person(100, 200)}))
    feet, _ = footing.update(picture(1.1, {1: person(100, bottom, 50)}))
    assert feet[0, 1] == bottom


def test_after_a_long_absence_a_small_box_is_believed() -> None:
    footing = Footing()
    for at in times(0, 1):
        footing.update(picture(at, {1: person(100, 200)}))
    feet, _ = footing.update(picture(3.0, {1: cut_off(0)}))
    assert feet[0, 1] == 160


def test_gone_tracks_leave_nothing_behind() -> None:
    footing = Footing()
    footing.update(picture(0, {1: person(100, 200), 2: person(300, 200)}))
    assert len(footing) == 2
    footing.update(picture(1, gone=[1]))
    assert len(footing) == 1
    footing.clear()
    assert len(footing) == 0
