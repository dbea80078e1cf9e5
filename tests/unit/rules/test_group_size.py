import pytest

from detector.rules import GroupSizeSettings, build_rules
from detector.rules.base import Rule
from detector.types import Phase, Severity, Tracks
from tests.unit.rules.stage import person, phases, picture, play, stage, times


def rule(**settings: object) -> Rule:
    chosen = GroupSizeSettings.model_validate({"zone": "yard"} | settings)
    return build_rules({"g": chosen}, stage())[0]


def crowd(count: int, start_s: float, stop_s: float, fps: float = 10.0) -> list[Tracks]:
    people = {n: person(310 + 15 * n, 500) for n in range(count)}
    return [picture(at, people) for at in times(start_s, stop_s, fps)]


def test_a_growing_group_is_one_episode_that_escalates_with_each_bin() -> None:
    sizes = [1, 2, 3, 4, 5, 9, 10, 19, 20, 24]
    pictures = [p for n, size in enumerate(sizes) for p in crowd(size, 5 * n, 5 * n + 4.9)]
    told = play(rule(), pictures)
    assert [t.count for t in told] == [2, 3, 5, 10, 20]
    assert phases(told) == [Phase.NEW] + [Phase.UPDATE] * 4
    assert {t.episode for t in told} == {1}
    assert all(t.escalates for t in told)
    assert [t.severity for t in told] == [Severity.DETECTION] + [Severity.ALERT] * 4
    assert told[0].since_s == 5.0
    assert len(told[-1].track_ids) == 20
    assert [r.predicate for r in told[0].reasons] == [
        "persons at once, median",
        "fewest at once",
        "most at once",
        "held, s",
    ]


@pytest.mark.parametrize("fps", [2.0, 5.0, 25.0])
def test_a_bin_has_to_hold_for_a_second_whatever_the_frame_rate(fps: float) -> None:
    told = play(rule(), crowd(0, 0, 3, fps) + crowd(4, 3 + 1 / fps, 8, fps))
    assert told[0].at <= 4 + 2 / fps
    assert told[0].at >= 3.4
    assert told[-1].count == 4


def test_a_box_that_flickers_does_not_raise_the_bin() -> None:
    flicker = [p for n in range(40) for p in crowd(3 if n % 3 == 0 else 2, n / 10, n / 10)]
    assert [t.count for t in play(rule(), flicker)] == [2]


def test_a_group_that_shrinks_is_told_at_its_end_with_its_peak() -> None:
    told = play(rule(), crowd(5, 0, 5) + crowd(3, 5.1, 10) + crowd(1, 10.1, 25))
    assert [(t.phase, t.count) for t in told] == [(Phase.NEW, 5), (Phase.END, 5)]
    end = told[-1]
    assert end.outcome == "dispersed"
    assert end.until_s == pytest.approx(10.5, abs=0.6)
    assert end.severity is Severity.ALERT


def test_a_short_break_does_not_end_the_group() -> None:
    told = play(rule(), crowd(3, 0, 5) + crowd(0, 5.1, 12) + crowd(3, 12.1, 20))
    assert phases(told) == [Phase.NEW]


def test_the_next_group_is_a_new_episode_that_begins_again() -> None:
    told = play(rule(), crowd(3, 0, 5) + crowd(0, 5.1, 20) + crowd(2, 20.1, 25))
    assert [(t.phase, t.episode, t.severity) for t in told] == [
        (Phase.NEW, 1, Severity.ALERT),
        (Phase.END, 1, Severity.ALERT),
        (Phase.NEW, 2, Severity.DETECTION),
    ]


def test_one_person_is_no_group_unless_asked_for() -> None:
    assert play(rule(), crowd(1, 0, 5)) == []
    assert [t.count for t in play(rule(least=1), crowd(1, 0, 5))] == [1]


def test_a_severity_above_alert_stays() -> None:
    told = play(rule(severity="welfare"), crowd(5, 0, 3))
    assert [t.severity for t in told] == [Severity.WELFARE]


def test_people_outside_the_zone_and_ladders_do_not_count() -> None:
    scene = [
        picture(at, {1: person(500, 500), 2: person(100, 500)}, {3: person(520, 500)})
        for at in times(0, 5)
    ]
    assert play(rule(), scene) == []


def test_a_group_that_holds_while_this_picture_is_empty_is_told_with_the_next() -> None:
    empty = [picture(1.0)]
    told = play(rule(), crowd(2, 0, 0.9) + empty + crowd(2, 1.1, 2))
    assert [t.at for t in told] == pytest.approx([1.1])


def test_closing_ends_the_group() -> None:
    group = rule()
    play(group, crowd(3, 0, 5))
    assert [(t.outcome, t.count) for t in group.close(5.1, "stop")] == [("stop", 3)]
    assert group.close(5.2, "stop") == ()
