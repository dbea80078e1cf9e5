"""Judging parts of what is true: the rest is neither right nor wrong."""

import numpy as np
import pytest

from models.train.network import Found
from models.train.rendered import Thing
from models.train.slices import Picture, groups, judged, matched, score_at_false


def thing(left: float, condition: str, *, counts: bool = True, identity: str = "") -> Thing:
    box = np.array([left, 0, left + 40, 80], np.float32)
    return Thing(
        identity or condition, 0, box, 80.0, condition, behind=False, visibility=1.0, counts=counts
    )


def found(*lefts_and_scores: tuple[float, float]) -> Found:
    boxes = np.array([[left, 0, left + 40, 80] for left, _ in lefts_and_scores], np.float32)
    scores = np.array([score for _, score in lefts_and_scores], np.float32)
    return Found(boxes, scores, np.zeros(len(scores), np.int64))


def test_a_slice_ignores_the_others_and_counts_boxes_on_nothing() -> None:
    things = (thing(0, "walk"), thing(100, "crawl"))
    one = matched(Picture(found((0, 0.9), (100, 0.8), (300, 0.7)), things), 0)
    crawl = judged([one], lambda t: t.condition == "crawl")
    assert (crawl.truths, crawl.right.tolist()) == (1, [True, False])
    assert crawl.average_precision() == pytest.approx(1.0)
    walk = judged([one], lambda t: t.condition == "walk")
    assert walk.score.tolist() == pytest.approx([0.9, 0.7])


def test_what_need_not_be_found_is_no_false_box_however_often_it_is_found() -> None:
    hidden = (thing(0, "walk", counts=False),)
    one = matched(Picture(found((0, 0.9), (2, 0.8)), hidden), 0)
    everybody = judged([one], lambda _: True)
    assert (everybody.truths, len(everybody.score)) == (0, 0)


def test_a_thing_is_taken_once_by_the_best_box() -> None:
    one = matched(Picture(found((2, 0.6), (0, 0.9)), (thing(0, "walk"),)), 0)
    everybody = judged([one], lambda _: True)
    assert everybody.right.tolist() == [True, False]
    assert everybody.score.tolist() == pytest.approx([0.9, 0.6])


def test_the_score_at_so_many_false_boxes_leaves_no_more() -> None:
    pictures = [matched(Picture(found((0, 0.9), (200, 0.5), (300, 0.4)), (thing(0, "walk"),)), 0)]
    everybody = judged(pictures, lambda _: True)
    score = score_at_false(everybody, 1.0)
    assert 0.4 < score <= 0.5
    assert score_at_false(everybody, 2.0) == 0.0


def test_pictures_of_one_thing_are_one_thing() -> None:
    again = [matched(Picture(found(), (thing(0, "walk", identity="clip/1"),)), 0) for _ in range(3)]
    assert groups(again, lambda _: True) == 1
