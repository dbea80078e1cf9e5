import math

import pytest

from detector.benchmark.accuracy import pass_score
from detector.benchmark.matching import Protocol
from detector.benchmark.mistakes import failures, split
from detector.benchmark.report import PassScore, Score
from detector.benchmark.scoring import judge, tally
from detector.benchmark.sweep import curve
from detector.benchmark.truth import NoScore, TrueFrame
from tests.scored import alarm, event, heard, incident, truth

PROTOCOL = Protocol()


def whole(*recordings: object) -> Score:
    return tally(judge(recordings, PROTOCOL), PROTOCOL)  # type: ignore[arg-type]


def row(part: PassScore, table: str, name: str) -> Score:
    (found,) = [r.score for r in getattr(part, table) if r.name == name]
    return found


def person(
    who: int, box: tuple[float, float, float, float], distance_m: float
) -> dict[str, object]:
    return {
        "id": who,
        "class": "person",
        "state": "walk",
        "visible": box,
        "amodal": box,
        "distance_m": distance_m,
    }


def test_counts_and_rates_of_two_recordings_are_added_up() -> None:
    one = heard(
        truth(event("climbing", 10, 60), event("approach", 10, 60)),
        alarm("climbing", 12),
        alarm("zone_intrusion", 900),
    )
    other = heard(truth(event("climbing", 10, 60), duration_s=7200), alarm("climbing", 30))
    score = whole(one, other)
    assert (score.events, score.tp, score.fn, score.fp, score.late) == (3, 1, 2, 1, 1)
    assert score.camera_hours == 3
    assert score.precision == 0.5
    assert score.recall == pytest.approx(1 / 3)
    assert score.f1 == pytest.approx(0.4)
    assert score.fa_per_camera_day == pytest.approx(8)
    assert score.fa_per_camera_day_ci95 == pytest.approx((8 * 0.0253, 8 * 5.5716), rel=1e-3)


def test_no_recording_at_all_gives_no_rate_instead_of_a_good_one() -> None:
    score = whole()
    assert (score.events, score.fp, score.camera_hours) == (0, 0, 0)
    assert score.precision is score.recall is score.f1 is score.fa_per_camera_hour is None
    assert score.tta_s.p50 is None
    assert score.tta_s.within == {}


def test_a_quiet_recording_has_a_rate_of_nought_with_its_bound() -> None:
    score = whole(heard(truth(duration_s=24 * 3600)))
    assert score.recall is None
    assert score.fa_per_camera_day == 0
    assert score.fa_per_camera_day_ci95 == pytest.approx((0, 3.689), abs=1e-3)


def test_stretches_that_are_not_scored_are_no_watching_time() -> None:
    unscored = (NoScore(start_s=0, end_s=900),)
    assert whole(heard(truth(no_score=unscored))).camera_hours == 0.75


def test_in_the_strict_variant_late_alarms_are_false_too() -> None:
    late = [heard(truth(event("climbing", 10, 60)), alarm("climbing", 40))]
    strict = Protocol(late_is_fp=True)
    assert tally(judge(late, PROTOCOL), PROTOCOL).fp == 0
    assert tally(judge(late, strict), strict).fp == 1


def test_time_to_alarm_counts_misses_as_infinite_where_it_says_all() -> None:
    events = [event("barrier_crossing", at, at) for at in (100, 200, 300, 400)]
    told = [alarm("barrier_crossing", at) for at in (100.5, 201.0, 304.0)]
    times = whole(heard(truth(*events), *told)).tta_s
    assert (times.p50, times.max) == (1.0, 4.0)
    assert times.all_p50 == 2.5
    assert times.all_p95 is None
    assert times.within == {"1": 0.5, "2": 0.5, "5": 0.75, "10": 0.75}


def test_every_kind_condition_and_recording_has_its_row() -> None:
    night = heard(
        truth(event("climbing", 10, 60), tags=("night", "far")), alarm("climbing", 11), name="a"
    )
    day = heard(
        truth(event("approach", 10, 60, tags=("far",)), tags=("day",)),
        alarm("climbing", 900),
        name="b",
    )
    part = pass_score([night, day], PROTOCOL)
    assert [r.name for r in part.by_kind] == ["approach", "climbing"]
    assert row(part, "by_kind", "climbing").fp == 1
    assert row(part, "by_tag", "night").recall == 1
    assert row(part, "by_tag", "day").fp == 1
    far = row(part, "by_tag", "far")
    assert (far.events, far.tp, far.fp, far.camera_hours) == (2, 1, 0, 1)
    assert row(part, "by_clip", "b").recall == 0
    assert part.alerts.events == 1
    assert [r.name for r in part.by_window] == ["1 s", "2 s", "5 s", "10 s"]


def test_events_are_sorted_by_the_height_of_the_person_when_they_are_due() -> None:
    frames = tuple(
        TrueFrame.model_validate(
            {"frame": i, "t_s": i, "objects": (person(1, (0, 0, 20, 20 + i), 3.0),)}
        )
        for i in range(60)
    )
    real = truth(event("climbing", 4, 50, true_s=10, tracks=(1,)), frames=frames)
    part = pass_score([heard(real, alarm("climbing", 12))], PROTOCOL)
    assert [(r.name, r.score.events, r.score.tp) for r in part.by_height] == [
        ("24-32 px", 1, 1),
        ("48-64 px", 0, 0),
    ]


def test_false_alarms_are_named_by_what_went_on() -> None:
    real = truth(event("climbing", 100, 160))
    part = pass_score(
        [heard(real, alarm("barrier_crossing", 120), alarm("approach", 900))], PROTOCOL
    )
    assert [(c.kind, c.was, c.alarms) for c in part.confusion] == [
        ("approach", "nothing", 1),
        ("barrier_crossing", "climbing", 1),
    ]


def test_crossings_and_groups_are_counted_recording_by_recording() -> None:
    crossings = [event("barrier_crossing", at, at) for at in (10, 20)]
    groups = [event("group_size", 10, 60, size=2, largest=4)]
    one = heard(truth(*crossings, *groups), alarm("barrier_crossing", 11))
    other = heard(truth(), alarm("barrier_crossing", 11), alarm("group_size", 5, count=3))
    crossed, grouped = pass_score([one, other], PROTOCOL).counting
    assert (crossed.clips, crossed.true, crossed.told, crossed.error) == (2, 2, 2, 1.0)
    assert (grouped.true, grouped.told, grouped.error) == (4, 3, 7 / 4)


def test_direction_outcome_and_distance_of_hits_are_held_against_the_truth() -> None:
    frame = TrueFrame.model_validate(
        {
            "frame": 0,
            "t_s": 11.0,
            "objects": (person(1, (10, 10, 30, 60), -4.0), person(2, (90, 10, 99, 60), -9.0)),
        }
    )
    real = truth(
        event("barrier_crossing", 10, 10, direction="left_to_right"),
        event("approach", 10, 60, outcome="crossed"),
        frames=(frame,),
    )
    told = heard(
        real,
        alarm("barrier_crossing", 11, direction="right_to_left", distance_m=4.5),
        alarm("approach", 11, incident_id=incident(7), distance_m=4.25),
    )
    told.outcomes[incident(7), "approach"] = "turned_back"  # type: ignore[index]
    errors = pass_score([told], PROTOCOL).errors
    assert (errors.directions, errors.directions_wrong) == (1, 1)  # false, and still to be told
    assert (errors.outcomes, errors.outcomes_wrong) == (1, 1)
    assert (errors.distances, errors.distance_error_m_p50) == (2, 0.375)


def test_the_curve_drops_weak_alarms_and_claims_no_rate_that_the_hours_cannot_show() -> None:
    real = truth(
        *[event("barrier_crossing", at, at) for at in (100, 200, 300)], duration_s=24 * 3600
    )
    told = heard(
        real,
        alarm("barrier_crossing", 101, score=0.9),
        alarm("barrier_crossing", 201, score=0.5),
        alarm("barrier_crossing", 301, score=0.3),
        alarm("barrier_crossing", 5000, score=0.4),
        alarm("barrier_crossing", 6000, score=0.2),
    )
    swept = curve([told], PROTOCOL)
    assert [(p.min_score, round(p.recall, 2), p.fa_per_camera_day) for p in swept.points] == [
        (0.2, 1.0, 2.0),
        (0.3, 1.0, 1.0),
        (0.4, 0.67, 1.0),
        (0.5, 0.67, 0.0),
        (0.9, 0.33, 0.0),
    ]
    assert swept.pd_at == {"0.1": None, "1": None, "10": 1.0, "100": 1.0}
    assert swept.operational_alert is not None
    assert swept.operational_alert.min_score == 0.5  # F0.65: 0.835 against 0.832 at 0.3
    assert swept.event_recording is not None
    assert swept.event_recording.min_score == 0.3
    assert curve([], PROTOCOL).points == ()


def test_losses_are_laid_at_the_door_of_the_network_or_of_the_rules() -> None:
    real = truth(*[event("barrier_crossing", at, at) for at in (100, 200, 300, 400)])
    network = [heard(real, *[alarm("barrier_crossing", at) for at in (101, 401, 900)])]
    ideal = [heard(real, *[alarm("barrier_crossing", at) for at in (101, 201)])]
    found = split(judge(network, PROTOCOL), judge(ideal, PROTOCOL))
    assert (found.found_by_both, found.lost_by_network) == (1, 1)
    assert (found.lost_by_rules, found.found_only_with_network) == (1, 1)
    assert (found.false_with_network, found.false_with_true_boxes) == (1, 0)


def test_every_failure_is_listed_in_order_of_time_with_who_is_to_blame() -> None:
    real = truth(event("climbing", 100, 160), event("approach", 10, 60))
    network = judge([heard(real, alarm("climbing", 150), alarm("climbing", 20))], PROTOCOL)
    ideal = judge([heard(real, alarm("climbing", 101), alarm("climbing", 20))], PROTOCOL)
    listed = failures(network, ideal, PROTOCOL)
    assert [(f.what, f.kind, f.at_s) for f in listed] == [
        ("missed", "approach", 10),
        ("false", "climbing", 20),
        ("late", "climbing", 100),
    ]
    assert "the rules" in listed[0].note
    assert "what went on: approach" in listed[1].note
    assert "told 50.0 s after it was due" in listed[2].note
    assert "network or tracker" in listed[2].note


def test_infinity_never_reaches_a_report() -> None:
    score = whole(heard(truth(event("climbing", 10, 60))))
    assert score.tta_s.all_p50 is None
    assert not any(isinstance(v, float) and math.isinf(v) for v in score.model_dump().values())
