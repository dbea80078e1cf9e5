import random
from pathlib import Path

from tests.crashes import crash_round


def test_nothing_is_lost_when_the_service_is_killed_in_the_middle_of_200_events(
    tmp_path: Path,
) -> None:
    dice = random.Random(1)  # noqa: S311  (moments of a kill)
    seen = crash_round(tmp_path, wanted=200, kills=2, dice=dice)
    assert seen.lost_commits == 0, seen
    assert seen.missing == seen.strangers == 0, seen
    assert seen.clean, seen
    assert seen.told > 0
