import math
from pathlib import Path

import pytest

from detector.benchmark.baseline import Comparison, compare, read_report, to_text
from detector.benchmark.report import AccuracyReport, PassScore, Score
from detector.benchmark.statistics import poisson, wilson
from detector.benchmark.wording import NOTHING
from detector.errors import ConfigError
from tests.accuracy_report import HOURS, make_empty_report, make_pass, make_report, make_score

OLD = make_report()


def changed(**fields: object) -> AccuracyReport:
    return make_report(detector=make_pass().model_copy(update=fields))


def with_recall(score: Score, recall: float) -> Score:
    return score.model_copy(update={"recall": recall})


def with_kind(name: str, score: Score) -> AccuracyReport:
    detector: PassScore = make_pass()
    rows = tuple(
        row.model_copy(update={"score": score}) if row.name == name else row
        for row in detector.by_kind
    )
    return changed(by_kind=rows)


def failed(comparison: Comparison) -> list[str]:
    return [check.name for check in comparison.checks if not check.passed]


def test_a_report_passes_against_itself() -> None:
    comparison = compare(OLD, OLD)
    assert comparison.passed
    names = [check.name for check in comparison.checks]
    assert names == [
        "PD, overall",
        "PD, alerts",
        "PD, approach",
        "PD, barrier crossing",
        "PD, climbing",
        "PD, group size",
        "PD, zone intrusion",
        "false alarms per camera-hour, overall",
        "false alarms per camera-hour, alerts",
    ]


def test_recall_passes_at_the_lower_bound_and_fails_below_it() -> None:
    bounds = wilson(47, 58)
    assert bounds is not None
    overall = OLD.detector.overall
    at = compare(OLD, changed(overall=with_recall(overall, bounds[0])))
    below = compare(OLD, changed(overall=with_recall(overall, math.nextafter(bounds[0], 0))))
    assert at.passed
    assert failed(below) == ["PD, overall"]


def test_false_alarms_pass_at_the_upper_bound_and_fail_above_it() -> None:
    bounds = poisson(6, HOURS)
    assert bounds is not None
    overall = OLD.detector.overall
    at = overall.model_copy(update={"fa_per_camera_hour": bounds[1]})
    above = overall.model_copy(update={"fa_per_camera_hour": math.nextafter(bounds[1], 1e9)})
    assert compare(OLD, changed(overall=at)).passed
    assert failed(compare(OLD, changed(overall=above))) == ["false alarms per camera-hour, overall"]


def test_with_whole_events_the_limit_lies_where_the_interval_says() -> None:
    # 47 of 58: the interval ends at 0.69, that is between 40 and 41 of 58 events.
    assert compare(OLD, changed(overall=make_score(58, 41, 6))).passed
    assert failed(compare(OLD, changed(overall=make_score(58, 39, 6)))) == ["PD, overall"]
    # 6 false alarms in 0.6 h: up to 13 are within the interval.
    assert compare(OLD, changed(overall=make_score(58, 47, 13))).passed
    assert not compare(OLD, changed(overall=make_score(58, 47, 14))).passed


def test_alerts_are_compared_for_themselves() -> None:
    worse = changed(alerts=make_score(24, 10, 9))
    assert failed(compare(OLD, worse)) == ["PD, alerts", "false alarms per camera-hour, alerts"]


def test_a_kind_is_compared_from_five_events_on() -> None:
    assert failed(compare(OLD, with_kind("group_size", make_score(6, 0, 1)))) == ["PD, group size"]
    assert compare(OLD, with_kind("ladder_carried", make_score(4, 0, 1))).passed


def test_a_kind_that_is_gone_from_the_new_report_fails() -> None:
    rows = tuple(row for row in make_pass().by_kind if row.name != "approach")
    comparison = compare(OLD, changed(by_kind=rows))
    assert failed(comparison) == ["PD, approach"]
    assert NOTHING in to_text(comparison)


def test_getting_better_never_fails() -> None:
    assert compare(OLD, changed(overall=make_score(58, 58, 0))).passed


def test_another_model_and_configuration_may_be_compared() -> None:
    assert compare(OLD, make_report(config_sha256="f" * 64)).passed


def test_other_footage_is_refused() -> None:
    other = OLD.dataset.model_copy(update={"sha256": "f" * 64})
    with pytest.raises(ConfigError, match=r"baseline dataset\.sha256: expected ffffffffffff"):
        compare(OLD, make_report(dataset=other))


def test_another_protocol_is_refused_key_by_key() -> None:
    other = OLD.protocol.model_copy(update={"window_s": 5.0, "late_is_fp": True})
    with pytest.raises(ConfigError) as caught:
        compare(OLD, make_report(protocol=other))
    assert [problem.where for problem in caught.value.problems] == [
        "baseline protocol.window_s",
        "baseline protocol.late_is_fp",
    ]


def test_the_text_marks_what_got_worse_and_its_limit() -> None:
    text = to_text(compare(OLD, changed(overall=make_score(58, 30, 6))))
    (line,) = [line for line in text.splitlines() if line.startswith("FAIL")]
    assert "PD, overall" in line
    assert "0.81 -> 0.52 (at least 0.69)" in line
    assert text.endswith("1 of 9 figures got worse than the baseline.")
    assert to_text(compare(OLD, OLD)).endswith("All 9 figures are within the baseline's intervals.")


def test_an_empty_baseline_says_that_nothing_was_compared() -> None:
    empty = make_empty_report()
    assert "nothing was compared" in to_text(compare(empty, empty))


def test_a_report_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(OLD.to_json(), "utf-8")
    assert read_report(file) == OLD


@pytest.mark.parametrize("text", ["{}", "no json", '{"schema": "barrier-accuracy/2"}'])
def test_what_is_no_report_is_refused_with_file_and_key(tmp_path: Path, text: str) -> None:
    file = tmp_path / "report.json"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_report(file)
    assert all(problem.where.startswith(str(file)) for problem in caught.value.problems)


def test_a_missing_baseline_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_report(tmp_path / "none.json")
