"""``detector bench``, the way a user runs it: a recording, its truth, a report, a comparison."""

import json
from pathlib import Path
from typing import Any

import pytest

from detector.benchmark.report import AccuracyReport
from detector.cli import main
from tests.site_folder import make_config, make_recording, write

STANDS = {"kind": "zone_intrusion", "start_s": 1.0, "true_s": 1.5, "end_s": 3.0, "where": "yard"}


def frames(shown: tuple[float, float] = (1.0, 3.0)) -> list[dict[str, Any]]:
    """Where the person of the recording is: 16 pixels in the middle of 96 by 64."""
    box = {"id": 1, "class": "person", "visible": [48, 32, 64, 48]}
    return [
        {"frame": n, "t_s": n / 5, "objects": [box] if shown[0] <= n / 5 < shown[1] else []}
        for n in range(20)
    ]


def put(folder: Path, *events: dict[str, Any], **more: Any) -> Path:
    """Write a site with one recording and its truth; give the site file."""
    write(folder, make_config(folder))
    truth = {"schema": "barrier-truth/1", "media": "clip.mp4", "duration_s": 4.0}
    (folder / "clip.truth.json").write_text(json.dumps(truth | {"events": events} | more), "utf-8")
    return folder / "site.yaml"


def bench(site: Path, *more: str) -> tuple[int, AccuracyReport]:
    out = site.parent / "report"
    code = main(["bench", "accuracy", str(site), "--out", str(out), *more])
    return code, AccuracyReport.model_validate_json((out / "report.json").read_text("utf-8"))


def test_what_is_told_in_time_is_a_hit_with_the_network_and_with_true_boxes(
    tmp_path: Path,
) -> None:
    code, report = bench(put(tmp_path, STANDS, frames=frames()))
    assert code == 0
    assert report.true_boxes is not None
    for part in (report.detector, report.true_boxes):
        assert (part.overall.events, part.overall.tp, part.overall.fp) == (1, 1, 0)
        assert part.overall.tta_s.max is not None
        assert 0 <= part.overall.tta_s.max <= 0.7
    assert report.frames is not None
    (person,) = [row for row in report.frames.classes if row.name == "person"]
    assert (person.boxes, person.recall) == (10, 1.0)
    assert report.dataset.camera_hours == pytest.approx(4 / 3600)


def test_what_did_not_happen_is_a_false_alarm_and_what_was_not_told_a_miss(tmp_path: Path) -> None:
    climbs = {"kind": "climbing", "start_s": 2.0, "end_s": 3.5, "where": "fence"}
    _, report = bench(put(tmp_path, climbs))
    assert report.true_boxes is None  # the truth has no boxes
    score = report.detector.overall
    assert (score.tp, score.fn, score.fp) == (0, 1, 1)
    assert {(f.what, f.kind) for f in report.failures} == {
        ("missed", "climbing"),
        ("false", "zone_intrusion"),
    }
    assert report.kinds_without_rule == {"climbing": 1}


def test_the_report_is_written_for_people_too(tmp_path: Path) -> None:
    climbs = {"kind": "climbing", "start_s": 2.0, "end_s": 3.5, "where": "fence"}
    _, report = bench(put(tmp_path, climbs, frames=frames()))
    assert len(report.failures) == 2
    assert "zone intrusion" in (tmp_path / "report" / "report.md").read_text("utf-8")
    page = (tmp_path / "report" / "report.html").read_text("utf-8")
    assert "<svg" in page
    assert page.count("data:image/jpeg;base64,") == 2


def test_a_report_is_no_worse_than_itself(tmp_path: Path) -> None:
    site = put(tmp_path, STANDS)
    bench(site)
    assert bench(site, "--baseline", str(tmp_path / "report" / "report.json"))[0] == 0


def test_a_worse_run_fails_against_its_baseline(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = put(tmp_path)  # nobody should be there: one false alarm
    _, report = bench(site)
    clean = report.model_dump(mode="json", by_alias=True)
    for score in (clean["detector"]["overall"], clean["detector"]["alerts"]):
        score |= {"fp": 0, "fa_per_camera_hour": 0.0, "fa_per_camera_hour_ci95": [0.0, 0.0]}
    baseline = tmp_path / "clean.json"
    baseline.write_text(json.dumps(clean), "utf-8")
    assert bench(site, "--baseline", str(baseline))[0] == 5
    assert "false alarms" in capsys.readouterr().out


def test_another_dataset_is_no_baseline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = put(tmp_path, STANDS)
    bench(site)
    baseline = tmp_path / "old.json"
    (tmp_path / "report" / "report.json").rename(baseline)
    make_recording(tmp_path / "clip.mp4", shown=(1.0, 2.8))
    assert bench(site, "--baseline", str(baseline))[0] == 2
    assert "dataset" in capsys.readouterr().err


def test_a_recording_without_truth_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = put(tmp_path)
    (tmp_path / "clip.truth.json").unlink()
    assert main(["bench", "accuracy", str(site)]) == 2
    said = capsys.readouterr().err
    assert "clip.truth.json" in said
    assert "no such file" in said


def test_the_truth_of_another_recording_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = put(tmp_path, media="other.mp4")
    assert main(["bench", "accuracy", str(site)]) == 2
    assert "'other.mp4'" in capsys.readouterr().err


def test_a_camera_that_is_not_there_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "accuracy", str(put(tmp_path)), "--camera", "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_mot_rows_become_a_truth_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = make_recording(tmp_path / "lawn.mp4")
    rows = [f"{n},1,{6 * n - 8},20,16,30,1,-1,-1,-1" for n in range(1, 17)]
    gt = tmp_path / "gt.txt"
    gt.write_text("\n".join(rows) + "\n", "utf-8")
    assert main(["bench", "from-mot", str(gt), str(clip), "--line", "48,0,48,64"]) == 0
    truth = json.loads((tmp_path / "lawn.truth.json").read_text("utf-8"))
    assert [e["kind"] for e in truth["events"]] == ["barrier_crossing"]
    assert truth["duration_s"] == 4.0
    assert main(["bench", "from-mot", str(gt), str(clip), "--line", "48,0"]) == 2
    assert "X1,Y1,X2,Y2" in capsys.readouterr().err
