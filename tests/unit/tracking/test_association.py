"""Which box is which track."""

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.tracking import motion
from detector.tracking.association import associate
from detector.types import I64

Row = tuple[float, float, float, float]
box = st.tuples(st.floats(0, 800), st.floats(0, 600), st.floats(5, 80), st.floats(20, 200))


def people(n: int) -> I64:
    return np.zeros(n, np.int64)


@given(st.lists(box, min_size=1, max_size=8), st.lists(box, min_size=1, max_size=8), st.randoms())
def test_each_track_and_each_box_is_used_once_whatever_the_order(
    tracks: list[Row], boxes: list[Row], random: Random
) -> None:
    state = motion.start(np.array(tracks).reshape(-1, 4))
    measured = np.array(boxes).reshape(-1, 4)
    i, j = associate(state, people(len(tracks)), measured, people(len(boxes)))
    assert len(set(i.tolist())) == len(i) == len(j) == len(set(j.tolist()))
    order = list(range(len(boxes)))
    random.shuffle(order)
    _, again = associate(state, people(len(tracks)), measured[order], people(len(boxes)))
    assert len(again) == len(j)


def test_a_box_of_another_class_is_never_taken() -> None:
    measured = np.array([[10.0, 10.0, 5.0, 20.0]])
    i, _ = associate(motion.start(measured), people(1), measured, np.array([1]))
    assert len(i) == 0


def test_a_box_that_is_too_far_is_left() -> None:
    state = motion.start(np.array([[100.0, 100.0, 30.0, 80.0]]))
    i, _ = associate(state, people(1), np.array([[400.0, 100.0, 30.0, 80.0]]), people(1))
    assert len(i) == 0


def test_a_track_lost_long_ago_does_not_take_the_box_of_one_seen_just_now() -> None:
    lost = motion.predict(motion.start(np.array([[100.0, 100.0, 30.0, 80.0]])), 2.5)
    fresh = motion.predict(motion.start(np.array([[112.0, 100.0, 30.0, 80.0]])), 0.1)
    state = np.concatenate((lost, fresh), axis=1)
    i, _ = associate(state, people(2), np.array([[107.0, 100.0, 30.0, 80.0]]), people(1))
    assert i.tolist() == [1]
