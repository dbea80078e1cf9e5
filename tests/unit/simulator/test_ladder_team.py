import numpy as np
import pytest

from benchmarks.simulator.happenings import LadderTrack, ladder_happenings
from benchmarks.simulator.scene import Scene, SceneError
from benchmarks.simulator.stage import Stage

LEAD = [
    {"do": "take", "ladder": "l"},
    {"do": "walk", "to": [14, -6]},
    {"do": "walk", "to": [12, -4]},
    {"do": "put", "for_s": 4},
]


def scene_of(second: list[dict[str, object]], at: tuple[float, float] = (23, -8)) -> Scene:
    return Scene.model_validate(
        {
            "name": "t",
            "duration_s": 20,
            "camera": {"eye_m": [0, -8, 5], "target_m": [10, 0, 1]},
            "ladders": {"l": {"length_m": 4.0}},
            "actors": [
                {"name": "lead", "at": [20, -8], "script": LEAD},
                {"name": "second", "role": "patrol", "at": at, "script": second},
            ],
        }
    )


def test_the_second_keeps_to_the_rear_end_until_the_ladder_is_put() -> None:
    stage = Stage(scene_of([{"do": "help_carry", "ladder": "l", "for_s": 60}]))
    ends = stage.timelines[1].segments[0].end_s
    last, carried = None, 0
    for t_s in np.arange(0.0, ends + 2.0, 0.1):
        people, ladders = stage.at(float(t_s))
        ground = people[1].moment.ground
        if last is not None:
            assert np.hypot(ground[0] - last[0], ground[1] - last[1]) < 0.45
        last = ground
        if ladders[0].helper:
            carried += 1
            assert (ladders[0].holder, ladders[0].helper) == (1, 2)
            assert people[1].moment.state == "carry"
            rear = ladders[0].pose.foot + ladders[0].pose.along * 4.0
            if t_s > 1.0:
                assert np.hypot(rear[0] - ground[0], rear[1] - ground[1]) < 0.8
    assert carried / 10 == pytest.approx(ends, abs=0.2)
    assert ends > 5.0


def test_both_hold_the_ladder_in_its_event() -> None:
    n = 40
    ladder = LadderTrack(
        3,
        np.full(n, 5.0),
        np.full(n, -4.0),
        ("carried",) * n,
        np.full(n, 1),
        np.ones(n, bool),
        np.full(n, 2),
    )
    found = ladder_happenings(ladder, [], 10.0, "b")
    assert [(h.kind, h.tracks) for h in found] == [("ladder_carried", (3, 1, 2))]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ([{"do": "help_carry", "ladder": "l", "for_s": 5}], r"within 2\.5 m of the rear end"),
        (
            [{"do": "stand", "for_s": 30}, {"do": "help_carry", "ladder": "l", "for_s": 5}],
            "found that nobody does",
        ),
    ],
)
def test_helping_where_no_ladder_is_says_where(
    script: list[dict[str, object]], message: str
) -> None:
    with pytest.raises(SceneError, match=rf"actors\.second\.script\.\d: help_carry: .*{message}"):
        Stage(scene_of(script, at=(12, -12)))
