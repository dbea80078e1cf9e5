"""A stream that is only recorded, beside the one that is analysed."""

from dataclasses import replace

import pytest

from detector.pipeline.health import CameraHealth, CameraState
from detector.pipeline.record_watch import record_trouble
from tests.shown_service import LIVE

WATCHED = replace(LIVE, quiet_s=0.2)
AWAY = replace(LIVE, state=CameraState.STALLED, reason="nothing for 10 s", down_s=10.0)


def test_a_camera_that_is_watched_but_not_recorded_is_told_with_the_reason() -> None:
    told = "camera gate: its clips will be missing, recording stalled: nothing for 10 s"
    assert record_trouble(WATCHED, AWAY, 5.0) == told
    never = replace(LIVE, state=CameraState.CONNECTING, reason="", down_s=6.0)
    assert record_trouble(WATCHED, never, 5.0).endswith("recording connecting: no packets")


@pytest.mark.parametrize(
    ("analysed", "recorded"),
    [
        (WATCHED, None),
        (WATCHED, LIVE),
        (WATCHED, replace(AWAY, down_s=5.1)),
        (replace(LIVE, state=CameraState.STALLED), AWAY),
        (replace(LIVE, quiet_s=9.8), AWAY),
        (replace(LIVE, state=CameraState.ENDED), AWAY),
    ],
    ids=["none", "live", "for_too_short", "camera_away", "camera_about_to_be_away", "stopped"],
)
def test_nothing_is_told_while_it_is_recorded_or_while_the_whole_camera_is_away(
    analysed: CameraHealth, recorded: CameraHealth | None
) -> None:
    assert record_trouble(analysed, recorded, 5.0) == ""
