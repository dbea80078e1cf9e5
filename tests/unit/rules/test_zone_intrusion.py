import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.geometry import Anchor
from detector.rules import ZoneIntrusionSettings, build_rules
from detector.rules.base import Rule
from detector.scene import ZoneSettings
from detector.types import Phase, Severity
from tests.unit.rules.stage import LAW, SQUARE, filmed, person, phases, picture, play, stage, walks


def rule(zone: ZoneSettings = SQUARE, **settings: object) -> Rule:
    chosen = ZoneIntrusionSettings.model_validate({"zone": "yard"} | settings)
    return build_rules({"z": chosen}, stage(zone=zone))[0]


def test_somebody_who_walks_through_is_one_episode() -> None:
    told = play(rule(), walks((200, 500), (900, 500)))
    assert phases(told) == [Phase.NEW, Phase.END]
    new, end = told
    assert (new.place, new.severity, new.episode) == ("yard", Severity.DETECTION, 1)
    assert new.at - new.since_s == pytest.approx(0.5, abs=0.11)
    assert [(r.predicate, r.limit) for r in new.reasons] == [
        ("bottom_center inside, s", 0.5),
        ("observations inside", 1),
    ]
    assert end.outcome == "left"
    assert end.until_s is not None
    assert end.at - end.until_s == pytest.approx(2.0, abs=0.11)
    assert end.foot[0] > 700


def test_a_track_that_is_gone_ends_its_visit() -> None:
    zone = rule()
    play(zone, filmed(lambda _: {1: person(500, 500)}, 0, 1))
    (end,) = zone.update(picture(4.0, gone=[1]))
    assert (end.phase, end.outcome, end.until_s) == (Phase.END, "lost", 1.0)


def test_a_visit_shorter_than_the_dwell_is_silent_and_does_not_add_up() -> None:
    """Known fault: Frigate counts loitering in frames and never resets them on leaving."""
    zone = rule(dwell_s=0.5)
    for start in range(10):
        inside = filmed(lambda _: {1: person(500, 500)}, start, start + 0.4)
        outside = filmed(lambda _: {1: person(100, 500)}, start + 0.5, start + 0.9)
        assert play(zone, inside + outside) == []


@pytest.mark.parametrize("fps", [2.0, 5.0, 12.5, 25.0])
def test_dwell_counts_seconds_whatever_the_frame_rate(fps: float) -> None:
    """Known fault: a dwell in frames is five times as long at 5 fps as at 25."""
    told = play(rule(dwell_s=3.0), filmed(lambda _: {1: person(500, 500)}, 0, 6, fps))
    assert len(told) == 1
    assert 3.0 <= told[0].at <= 3.0 + 1 / fps


def test_dwell_counts_over_dropped_pictures() -> None:
    told = play(rule(dwell_s=3.0), [picture(at, {1: person(500, 500)}) for at in (0.0, 0.2, 3.1)])
    assert [t.at for t in told] == [3.1]


def test_inertia_asks_for_observations_too() -> None:
    zone = SQUARE.model_copy(update={"inertia": 5})
    told = play(rule(zone, dwell_s=0), filmed(lambda _: {1: person(500, 500)}, 0, 3, 2.0))
    assert [t.at for t in told] == [2.0]


def test_a_short_step_outside_does_not_end_the_visit() -> None:
    def way(at: float) -> dict[int, tuple[float, float, float, float]]:
        return {1: person(250 if 2 <= at < 3.5 else 500, 500)}

    assert phases(play(rule(), filmed(way, 0, 6))) == [Phase.NEW]


def test_feet_outside_are_outside_however_far_the_box_reaches_in() -> None:
    beside = (300.0, 400.0, 1110.0, 600.0)
    assert play(rule(), filmed(lambda _: {1: beside}, 0, 3)) == []
    anchored = SQUARE.model_copy(update={"anchor": Anchor.ANY})
    assert len(play(rule(anchored), filmed(lambda _: {1: beside}, 0, 3))) == 1


def test_only_wanted_objects_count() -> None:
    ladder = [picture(at / 10, ladders={1: person(500, 500)}) for at in range(20)]
    assert play(rule(), ladder) == []
    assert len(play(rule(objects=["person", "ladder"]), ladder)) == 1
    only_people = ZoneSettings.model_validate(SQUARE.model_dump() | {"objects": ["person"]})
    assert play(rule(only_people, objects=["person", "ladder"]), ladder) == []


def test_closing_ends_what_is_open_and_only_that() -> None:
    zone = rule()
    play(zone, filmed(lambda _: {1: person(500, 500)}, 0, 1))
    zone.update(picture(1.1, {1: person(500, 500), 2: person(400, 400)}))
    told = zone.close(1.2, "restart")
    assert [(t.track_ids, t.outcome, t.until_s) for t in told] == [((1,), "restart", 1.1)]
    assert zone.close(1.3, "restart") == ()


@LAW
@given(
    st.lists(
        st.dictionaries(st.integers(1, 4), st.sampled_from([100.0, 500.0]), max_size=4),
        min_size=1,
        max_size=60,
    )
)
def test_every_new_has_one_end_and_memory_returns_to_zero(
    scenes: list[dict[int, float]],
) -> None:
    zone = rule(dwell_s=0.3, leave_grace_s=0.5)
    told = play(
        zone,
        [
            picture(at / 10, {i: person(x, 500) for i, x in people.items()})
            for at, people in enumerate(scenes)
        ],
    )
    told += zone.update(picture(len(scenes) / 10, gone=[1, 2, 3, 4]))
    news = [t.episode for t in told if t.phase is Phase.NEW]
    ends = [t.episode for t in told if t.phase is Phase.END]
    assert news == sorted(set(news))
    assert sorted(ends) == news
    assert zone.close(100, "stop") == ()
    assert not zone._visits
