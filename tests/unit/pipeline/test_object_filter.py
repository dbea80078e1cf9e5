import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.pipeline.object_filter import FilterSettings, keep
from detector.types import Detections, ObjectClass

SIZE = (1000, 500)
PERSON, LADDER = ObjectClass.PERSON, ObjectClass.LADDER


def boxes(*rows: tuple[float, float, float, float]) -> Detections:
    return Detections(
        np.array(rows, np.float32).reshape(-1, 4),
        np.full(len(rows), 0.5, np.float32),
        np.zeros(len(rows), np.int64),
    )


def test_a_class_that_is_not_tracked_is_dropped() -> None:
    found = Detections(
        np.zeros((2, 4), np.float32),
        np.ones(2, np.float32),
        np.array([PERSON, LADDER], np.int64),
    )
    kept = keep(found, {PERSON: FilterSettings()}, SIZE)
    assert kept.class_id.tolist() == [PERSON]


def test_areas_are_pixels_or_shares_of_the_picture() -> None:
    found = boxes((0, 0, 10, 20), (0, 0, 100, 200))  # 200 and 20,000 px: 0.04 % and 4 %
    for least in (1000.0, 0.01):
        kept = keep(found, {PERSON: FilterSettings(min_area=least)}, SIZE)
        assert kept.xyxy[:, 2].tolist() == [100]
    for most in (1000.0, 0.01):
        kept = keep(found, {PERSON: FilterSettings(max_area=most)}, SIZE)
        assert kept.xyxy[:, 2].tolist() == [10]


def test_ratio_is_width_by_height_as_in_frigate() -> None:
    found = boxes((0, 0, 10, 20), (0, 0, 40, 20))
    upright = keep(found, {PERSON: FilterSettings(max_ratio=1.0)}, SIZE)
    lying = keep(found, {PERSON: FilterSettings(min_ratio=1.0)}, SIZE)
    assert upright.xyxy[:, 2].tolist() == [10]
    assert lying.xyxy[:, 2].tolist() == [40]


def test_scores_below_the_cameras_own_floor_are_dropped() -> None:
    assert len(keep(boxes((0, 0, 9, 9)), {PERSON: FilterSettings(min_score=0.6)}, SIZE)) == 0


@pytest.mark.parametrize("mask", ["0,0,0.5,0,0.5,1,0,1", ["0,0,0.5,0,0.5,1,0,1"]])
def test_a_box_whose_foot_is_in_the_mask_does_not_count(mask: object) -> None:
    found = boxes((100, 100, 140, 200), (800, 100, 840, 200), (480, 100, 560, 200))
    limits = FilterSettings.model_validate({"mask": mask})
    assert keep(found, {PERSON: limits}, SIZE).xyxy[:, 0].tolist() == [800, 480]


@given(st.integers(0, 20))
def test_without_limits_nothing_is_dropped_or_copied(count: int) -> None:
    found = boxes(*[(0, 0, 9 + n, 20) for n in range(count)])
    assert keep(found, {PERSON: FilterSettings()}, SIZE) is found
