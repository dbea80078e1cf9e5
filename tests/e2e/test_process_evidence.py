"""``detector process --evidence``: recordings get the snapshots and clips of live cameras."""

import json
from pathlib import Path
from typing import Any

import cv2
import pytest

from detector.cli import main
from detector.evidence.clip import verify_clip
from tests.site_folder import camera, make_config, make_recording, write

RECORD = {"pre_capture_s": 1, "post_capture_s": 1}


def process(folder: Path, source: Path, **changes: Any) -> tuple[int, list[dict], dict]:
    """Analyse a recording; gives the exit code, the events, and what is reported of evidence."""
    write(folder, make_config(folder, record=RECORD) | changes)
    events, report = folder / "events.jsonl", folder / "report.json"
    given = ["process", str(source), "--config", str(folder / "site.yaml")]
    given += ["--events", str(events), "--report", str(report)]
    code = main([*given, "--evidence", str(folder / "kept")])
    told = json.loads(report.read_text())["sources"][0]
    return code, [json.loads(line) for line in events.read_text().splitlines()], told["evidence"]


def files(folder: Path) -> list[str]:
    kept = folder / "kept"
    return sorted(str(path.relative_to(kept)) for path in kept.rglob("*") if path.is_file())


def by_rule(events: list[dict], rule: str) -> list[dict]:
    return [event for event in events if event["data"]["rule"] == rule]


def test_snapshots_and_clips_have_the_names_that_the_service_gives_them(tmp_path: Path) -> None:
    film = make_recording(tmp_path / "film.mp4", seconds=8, shown=(3.0, 4.6))
    code, events, told = process(tmp_path, film)
    alarm = events[0]
    incident = alarm["data"]["incident_id"]
    assert code == 0
    assert files(tmp_path) == [
        f"clips/{incident[:2]}/{incident}-1.mp4",
        f"snapshots/{alarm['id'][:2]}/{alarm['id']}.jpg",
        f"snapshots/{alarm['id'][:2]}/{alarm['id']}.raw.jpg",
    ]
    assert (told["snapshots"], told["clips_ready"], told["clips_missing"]) == (1, 1, 0)
    drawn, clean = (
        cv2.imread(str(tmp_path / "kept" / "snapshots" / alarm["id"][:2] / f"{alarm['id']}{kind}"))
        for kind in (".jpg", ".raw.jpg")
    )
    assert drawn.shape == clean.shape == (64, 96, 3)
    assert drawn[:8].max() > 60  # the banner
    assert clean[:8].max() < 20


def test_a_clip_is_verified_shows_the_event_and_is_told_by_an_event(tmp_path: Path) -> None:
    film = make_recording(tmp_path / "film.mp4", seconds=8, shown=(3.0, 4.6))
    start = {"start_time": "2026-11-24T02:00:00Z"}
    north = camera() | {"ffmpeg": {"inputs": [{"path": "clip.mp4"} | start]}}
    _, events, told = process(tmp_path, film, cameras={"north": north})
    (clip,) = told["clips"]
    assert clip["codec"] == "h264"
    alarm, (ready,) = events[0]["data"], by_rule(events, "evidence_ready")
    path = next((tmp_path / "kept" / "clips").rglob("*.mp4"))
    found = verify_clip(path)
    assert (found.sha256, found.bytes) == (clip["sha256"], clip["bytes"])
    assert clip["begin_s"] == pytest.approx(alarm["pts_s"] - 1, abs=0.01)
    assert found.first_captured_at <= 1_795_485_600 + alarm["pts_s"] - 0.8
    assert found.last_captured_at >= 1_795_485_600 + alarm["pts_s"] + 0.8
    assert ready["data"]["has_clip"]
    assert ready["data"]["clock"]["source"] == "configured"
    assert ready["time"].startswith("2026-11-24T02:00:0")
    assert [int(event["sequence"]) for event in events] == list(range(1, len(events) + 1))


def test_the_same_recording_gives_the_same_evidence_again(tmp_path: Path) -> None:
    first = process(tmp_path, tmp_path / "clip.mp4")
    names = files(tmp_path)
    assert process(tmp_path, tmp_path / "clip.mp4") == first
    assert files(tmp_path) == names
    assert by_rule(first[1], "evidence_ready")[0].get("time") is None  # a film without a date


def test_what_cannot_be_cut_is_said_and_its_pictures_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_recording(tmp_path / "film.mp4")
    folder = tmp_path / "pictures"
    folder.mkdir()
    reader, number = cv2.VideoCapture(str(tmp_path / "film.mp4")), 0
    while (read := reader.read())[0]:
        cv2.imwrite(str(folder / f"{number}.png"), read[1])
        number += 1
    code, events, told = process(tmp_path, folder)
    assert (code, told["snapshots"], told["clips_ready"], told["clips_missing"]) == (0, 1, 0, 1)
    (missing,) = by_rule(events, "evidence_missing")
    assert not missing["data"]["has_clip"]
    assert "a folder of pictures is no video to cut" in str(missing["data"]["reasons"])
    assert "missing: clip 1 of incident" in capsys.readouterr().err.replace("\n", " ")


def test_a_recording_that_breaks_off_keeps_what_it_showed(tmp_path: Path) -> None:
    whole = make_recording(tmp_path / "whole.mkv", seconds=8, shown=(1.0, 3.0)).read_bytes()
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(whole[: len(whole) * 3 // 4])
    code, events, told = process(tmp_path, broken)
    assert code == 4
    assert told["clips_ready"] >= 1
    assert len(by_rule(events, "evidence_ready")) == told["clips_ready"]


def test_where_neither_is_wanted_nothing_is_kept(tmp_path: Path) -> None:
    off = {"enabled": False}
    _, events, told = process(tmp_path, tmp_path / "clip.mp4", record=off, snapshots=off)
    assert files(tmp_path) == []
    assert (told["snapshots"], told["clips"]) == (0, [])
    assert len(events) == 3


def test_evidence_that_cannot_be_written_is_said_and_no_event_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "kept").mkdir()
    for name in ("snapshots", "clips"):
        (tmp_path / "kept" / name).write_text("a file stands where the folder should be")
    code, events, told = process(tmp_path, tmp_path / "clip.mp4")
    assert (code, told["snapshots"], told["snapshots_failed"]) == (0, 0, 1)
    assert told["clips_missing"] == len(by_rule(events, "evidence_missing")) > 0
    assert len(by_rule(events, "zone_intrusion")) == 2
    assert not any(event["data"]["has_snapshot"] for event in events)
    assert str(tmp_path) not in json.dumps(events)
    (tmp_path / "kept" / "clips").unlink()
    given = ["process", "clip.mp4", "--config", str(tmp_path / "site.yaml"), "--events", "e.jsonl"]
    assert main([*given, "--evidence", str(tmp_path / "kept" / "snapshots")]) == 1
    assert "expected a folder to write" in capsys.readouterr().err
