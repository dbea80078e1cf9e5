import re

import pytest

from detector.benchmark.details import detail_sections
from detector.benchmark.markdown import to_markdown
from detector.benchmark.report import AccuracyReport
from detector.benchmark.tables import score_sections
from detector.benchmark.wording import NOTHING
from tests.accuracy_report import make_empty_report, make_pass, make_report, make_score

REPORTS = (make_report(), make_empty_report())
CELLS = re.compile(r"(?<!\\)\|")


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n")[1].split("\n## ", maxsplit=1)[0]


def row(text: str, name: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in CELLS.split(line)[2:-1]]


@pytest.mark.parametrize("report", REPORTS, ids=["full", "empty"])
def test_every_section_is_there(report: AccuracyReport) -> None:
    titles = [s.title for s in (*score_sections(report), *detail_sections(report))]
    assert len(titles) == 15
    assert re.findall(r"^## (.+)$", to_markdown(report), re.MULTILINE) == titles


@pytest.mark.parametrize("report", REPORTS, ids=["full", "empty"])
def test_what_cannot_be_had_is_a_dash_and_never_a_word_of_the_language(
    report: AccuracyReport,
) -> None:
    assert re.findall(r"\b(None|nan|NaN|inf|null)\b", to_markdown(report)) == []


@pytest.mark.parametrize("report", REPORTS, ids=["full", "empty"])
def test_every_row_of_a_table_has_as_many_cells_as_its_heading(report: AccuracyReport) -> None:
    for block in re.findall(r"(?:^\|.*\n)+", to_markdown(report), re.MULTILINE):
        assert len({len(CELLS.findall(line)) for line in block.splitlines()}) == 1


def test_the_head_says_what_was_measured_with_what() -> None:
    head = to_markdown(make_report()).split("\n## ")[0]
    assert "- Date: 2026-11-22" in head
    assert "AMD EPYC, 2 cores, OpenVINO int8, 2 threads" in head
    assert "barrier-n 1 (sha256 3129d9258c87)" in head
    assert f"Configuration: sha256 {'c' * 12}\n" in head
    assert "2 clips, 0.6 camera-hours, 58 events, 1 quiet clip" in head
    assert "until 10 s after it is due" in head


def test_the_result_puts_both_passes_at_both_windows_side_by_side() -> None:
    text = section(to_markdown(make_report()), "Result")
    assert "| Detector, 1 s | Detector, 10 s | True boxes, 1 s | True boxes, 10 s |" in text
    assert row(text, "Hits") == ["31", "47", "33", "49"]
    assert row(text, r"PD (95 %)")[1] == "0.81 (0.69 to 0.89)"
    assert row(text, r"False alarms")[0] == "6 in 0.6 h"


def test_a_window_of_its_own_has_its_own_column() -> None:
    report = make_report()
    protocol = report.protocol.model_copy(update={"window_s": 4.0})
    text = section(to_markdown(make_report(protocol=protocol)), "Result")
    assert "| Detector, 4 s |" in text


def test_a_rate_per_day_of_short_footage_comes_with_its_interval_and_a_warning() -> None:
    text = section(to_markdown(make_report()), "Result")
    assert row(text, r"per camera-day (95 %)")[1] == "240 (88 to 522)"
    assert "less than one camera-day" in text
    assert "needs 3 camera-days of footage without any" in text


def test_a_rate_per_day_of_short_footage_is_not_told_without_its_interval() -> None:
    bare = {"fa_per_camera_day_ci95": None}
    score = make_score(58, 47, 6)
    one = make_pass().by_window[0]
    detector = make_pass().model_copy(
        update={
            "overall": score,
            "by_window": (one.model_copy(update={"score": score.model_copy(update=bare)}),),
        }
    )
    text = section(to_markdown(make_report(detector=detector)), "Result")
    assert row(text, r"per camera-day (95 %)")[0] == NOTHING


def test_every_rate_per_day_of_an_operating_point_has_its_interval() -> None:
    text = section(to_markdown(make_report()), "PD over false alarms")
    assert "| 240 (88 to 522) |" in text


def test_footage_of_days_is_not_warned_about() -> None:
    score = make_score(58, 47, 1, hours=30.0)
    detector = make_pass().model_copy(update={"overall": score, "by_window": ()})
    text = section(to_markdown(make_report(detector=detector)), "Result")
    assert "The footage is 30 camera-hours with 1 false alarm." in text
    assert "extrapolated" not in text


def test_a_name_cannot_break_a_table_or_become_markup() -> None:
    text = section(to_markdown(make_report()), "Clips")
    assert r"| gate \<b\>\|1 $x$ |" in text


def test_a_kind_that_only_true_boxes_tell_has_a_row() -> None:
    alone = make_pass()
    fewer = alone.model_copy(update={"by_kind": alone.by_kind[1:]})
    text = section(to_markdown(make_report(detector=fewer)), "By kind")
    cells = row(text, "approach")
    assert cells[:2] == ["12", "0"]
    assert cells[5] == "11"
