import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.benchmark.alarms import Alarm
from detector.benchmark.matching import Matched, Protocol, Verdict, join, match
from detector.benchmark.truth import NoScore, TrueEvent
from tests.scored import alarm, event

STRICT = Protocol(early_s=0.0)


def verdicts(found: Matched) -> list[str]:
    return [result.verdict.value for result in found.alarms]


def hits(found: Matched) -> list[bool]:
    return [result.hit is not None for result in found.events]


@pytest.mark.parametrize(
    ("at_s", "verdict"),
    [
        (99.4, "false"),
        (99.5, "hit"),
        (100.0, "hit"),
        (110.0, "hit"),
        (110.1, "late"),
        (160.0, "late"),
        (160.1, "false"),
    ],
)
def test_an_alarm_hits_from_half_a_second_before_until_the_window_is_over(
    at_s: float, verdict: str
) -> None:
    found = match([event("climbing", 100, 160)], [alarm("climbing", at_s)])
    assert verdicts(found) == [verdict]
    assert hits(found) == [verdict == "hit"]


def test_the_window_opens_when_it_is_due_but_an_alarm_during_the_dwell_counts() -> None:
    works = event("fence_work", 10, 60, true_s=30)
    for at_s, delay_s in ((12.0, -18.0), (31.0, 1.0), (40.0, 10.0)):
        (result,) = match([works], [alarm("fence_work", at_s)]).events
        assert result.delay_s == delay_s
    assert verdicts(match([works], [alarm("fence_work", 40.1)])) == ["late"]


def test_the_window_ends_with_the_event() -> None:
    short = event("zone_intrusion", 10, 13)
    assert verdicts(match([short], [alarm("zone_intrusion", 13.0)])) == ["hit"]
    assert verdicts(match([short], [alarm("zone_intrusion", 13.1)])) == ["false"]


def test_what_takes_no_time_can_be_told_until_the_window_after_it() -> None:
    crossing = event("barrier_crossing", 50, 50)
    assert verdicts(match([crossing], [alarm("barrier_crossing", 60.0)])) == ["hit"]
    assert verdicts(match([crossing], [alarm("barrier_crossing", 60.1)])) == ["false"]


def test_a_second_alarm_within_an_event_is_a_duplicate() -> None:
    found = match([event("climbing", 0, 60)], [alarm("climbing", 1), alarm("climbing", 50)])
    assert verdicts(found) == ["hit", "duplicate"]


def test_an_alarm_of_another_kind_or_at_another_place_is_false() -> None:
    climbs = [event("climbing", 0, 60)]
    assert verdicts(match(climbs, [alarm("approach", 1)])) == ["false"]
    assert verdicts(match(climbs, [alarm("climbing", 1, where="gate")])) == ["false"]
    assert verdicts(match(climbs, [alarm("climbing", 1, where="")])) == ["hit"]


def test_a_late_alarm_leaves_the_event_missed_and_is_named() -> None:
    (result,) = match([event("climbing", 0, 60)], [alarm("climbing", 30)]).events
    assert result.hit is None
    assert result.late is not None
    assert result.late.at_s == 30


def test_what_is_ignored_is_neither_hit_nor_missed_nor_false() -> None:
    found = match([event("climbing", 0, 60, ignore=True)], [alarm("climbing", 30)])
    assert found.events == ()
    assert verdicts(found) == ["ignored"]


def test_stretches_that_are_not_scored_swallow_events_and_alarms() -> None:
    quiet = [NoScore(start_s=0, end_s=300, reason="settling")]
    found = match(
        [event("climbing", 100, 400), event("approach", 290, 400, true_s=310)],
        [alarm("climbing", 101), alarm("approach", 312), alarm("approach", 299)],
        quiet,
    )
    assert [result.event.kind for result in found.events] == ["approach"]
    assert verdicts(found) == ["ignored", "ignored", "hit"]


def test_alarms_nearer_than_the_merging_gap_count_once() -> None:
    alarms = [alarm("climbing", at) for at in (1, 9, 18, 30)]
    merged = match([], alarms, protocol=Protocol(merge_gap_s=10))
    assert verdicts(merged) == ["false", "merged", "merged", "false"]
    assert verdicts(match([], alarms)) == ["false"] * 4


def test_alarms_below_the_score_are_dropped() -> None:
    weak, sure = alarm("climbing", 1, score=0.3), alarm("climbing", 2, score=0.6)
    found = match([event("climbing", 0, 9)], [weak, sure], protocol=Protocol(min_score=0.5))
    assert [result.alarm for result in found.alarms] == [sure]


def test_people_who_come_together_are_one_approach() -> None:
    two = [event("approach", 0, 20), event("approach", 5, 40, true_s=6), event("approach", 49, 60)]
    (whole,) = join(two, 10)
    assert (whole.start_s, whole.due_s, whole.end_s, len(whole.members)) == (0, 0, 60, 3)
    assert len(join(two, 8)) == 2


def test_crossings_are_counted_one_by_one() -> None:
    three = [event("barrier_crossing", at, at) for at in (10, 10.5, 30)]
    found = match(three, [alarm("barrier_crossing", at) for at in (10.6, 11.0, 31)])
    assert hits(found) == [True, True, True]
    assert hits(match(three, [alarm("barrier_crossing", 10.6)])) == [True, False, False]


def test_a_crossing_in_the_wrong_direction_is_false_and_the_right_one_still_to_be_told() -> None:
    out, home = "left_to_right", "right_to_left"
    both = [event("barrier_crossing", at, at, direction=way) for at, way in ((10, out), (11, home))]
    swapped = [alarm("barrier_crossing", 11, direction=way) for way in (home, out)]
    assert hits(match(both, swapped)) == [True, True]
    found = match(both[:1], [alarm("barrier_crossing", at, direction=home) for at in (11, 12)])
    assert verdicts(found) == ["false", "false"]
    assert [result.event is not None for result in found.alarms] == [True, True]
    assert match([], swapped).alarms[0].event is None


def test_a_number_tells_every_size_that_is_due_but_none_above_it() -> None:
    sizes = [event("group_size", 10, 60, size=size) for size in (2, 3, 5)]
    found = match(sizes, [alarm("group_size", 12, count=4)])
    assert hits(found) == [True, True, False]
    found = match(sizes, [alarm("group_size", 12, count=4), alarm("group_size", 14, count=6)])
    assert hits(found) == [True, True, True]


moments = st.integers(0, 60).map(float)


@st.composite
def happenings(draw: st.DrawFn) -> TrueEvent:
    start = draw(moments)
    length, dwell = draw(st.integers(0, 30)), draw(st.integers(0, 10))
    end = start + length
    return event("climbing", start, end, true_s=min(start + dwell, end))


def by_hand(events: list[TrueEvent], alarms: list[Alarm], window_s: float) -> dict[str, int]:
    """Count as STANDARDS describe it, step by step and on plain lists: an independent reckoning."""
    left = sorted(events, key=lambda e: e.start_s)
    hit: list[TrueEvent] = []
    count = dict.fromkeys(("hit", "duplicate", "late", "false"), 0)
    for at in sorted(a.at_s for a in alarms):
        shut = {id(e): e.due_s + window_s for e in events}
        for e in events:
            if e.end_s > e.due_s:
                shut[id(e)] = min(shut[id(e)], e.end_s)
        candidates = [e for e in left if e.start_s <= at <= shut[id(e)]]
        if candidates:
            first = candidates[0]
            left = [e for e in left if e is not first]
            hit.append(first)
            count["hit"] += 1
        elif any(e.start_s <= at <= max(e.end_s, shut[id(e)]) for e in hit):
            count["duplicate"] += 1
        elif any(e.start_s <= at <= max(e.end_s, shut[id(e)]) for e in left):
            count["late"] += 1
        else:
            count["false"] += 1
    return count


@settings(max_examples=300)
@given(st.lists(happenings(), max_size=5), st.lists(moments, max_size=8), st.sampled_from([1, 10]))
def test_the_verdicts_are_those_of_an_independent_reckoning(
    events: list[TrueEvent], times: list[float], window_s: float
) -> None:
    alone = Protocol(window_s=window_s, early_s=0.0, join_gap_s=-1e9)
    alarms = [alarm("climbing", at) for at in times]
    found = match(events, alarms, protocol=alone)
    counted = {name: verdicts(found).count(name) for name in ("hit", "duplicate", "late", "false")}
    assert counted == by_hand(events, alarms, window_s)
    assert sum(hits(found)) == counted["hit"]


@given(st.lists(happenings(), max_size=5), st.lists(moments, max_size=8))
def test_a_longer_window_never_tells_less(events: list[TrueEvent], times: list[float]) -> None:
    alarms = [alarm("climbing", at) for at in times]
    told = [
        sum(hits(match(events, alarms, protocol=Protocol(window_s=window_s))))
        for window_s in (1, 2, 5, 10)
    ]
    assert told == sorted(told)


@given(st.lists(moments, max_size=8))
def test_every_alarm_has_one_verdict_and_without_events_all_are_false(times: list[float]) -> None:
    found = match([], [alarm("climbing", at) for at in times], protocol=STRICT)
    assert [result.verdict for result in found.alarms] == [Verdict.FALSE] * len(times)
