"""What a user may say about tracking."""

import pytest
from pydantic import ValidationError

from detector.tracking import LostBudget, TrackingSettings
from detector.types import ObjectClass


def test_every_class_has_a_lost_budget() -> None:
    assert set(LostBudget.model_fields) == {cls.label for cls in ObjectClass}


def test_a_ladder_is_waited_for_longer_than_a_person() -> None:
    budget = TrackingSettings().max_lost_s
    assert budget.ladder > budget.person


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_disappeared": 25},
        {"min_hits": 0},
        {"max_lost_s": {"person": 0}},
        {"max_lost_s": {"person": float("inf")}},
        {"max_lost_s": {"bicycle": 3}},
        {"max_tracks": 0},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TrackingSettings.model_validate(wrong)
