import json
from pathlib import Path

import av
import jsonschema
import pytest

from detector.cli import main
from detector.events import event_schema
from tests.site_folder import camera, make_config, make_recording, write


def process(folder: Path, *sources: str, extra: tuple[str, ...] = ()) -> tuple[int, list[dict]]:
    out = folder / "events.jsonl"
    given = ["process", *sources, "--config", str(folder / "site.yaml"), "--events", str(out)]
    code = main([*given, *extra])
    lines = out.read_text().splitlines() if out.exists() else []
    return code, [json.loads(line) for line in lines]


def test_a_recording_becomes_events_as_json_lines(tmp_path: Path) -> None:
    write(tmp_path, make_config(tmp_path))
    code, events = process(tmp_path, str(tmp_path / "clip.mp4"))
    assert code == 0
    told = [(e["data"]["rule"], e["data"]["phase"]) for e in events]
    assert told == [("zone_intrusion", "new"), ("zone_intrusion", "end"), ("incident", "end")]
    for event in events:
        jsonschema.validate(event, event_schema())
    assert [int(e["sequence"]) for e in events] == [1, 2, 3]
    assert events[0]["data"]["recording"] == "clip.mp4"
    assert events[0]["data"]["start_s"] == pytest.approx(1.0, abs=0.7)


def test_the_same_bytes_give_the_same_events(tmp_path: Path) -> None:
    write(tmp_path, make_config(tmp_path))
    first = process(tmp_path, str(tmp_path / "clip.mp4"))
    assert process(tmp_path, str(tmp_path / "clip.mp4")) == first


def test_other_bytes_give_other_ids(tmp_path: Path) -> None:
    write(tmp_path, make_config(tmp_path))
    other = make_recording(tmp_path / "other.mp4", shown=(1.0, 2.8))
    _, first = process(tmp_path, str(tmp_path / "clip.mp4"))
    _, second = process(tmp_path, str(other))
    assert {e["id"] for e in first}.isdisjoint(e["id"] for e in second)


def test_video_and_report_are_written(tmp_path: Path) -> None:
    write(tmp_path, make_config(tmp_path))
    video, report = tmp_path / "out.mp4", tmp_path / "report.json"
    extra = ("--video", str(video), "--report", str(report))
    code, _ = process(tmp_path, str(tmp_path / "clip.mp4"), extra=extra)
    assert code == 0
    with av.open(str(video)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 20
    told = json.loads(report.read_text())
    assert told["sources"][0]["frames_analysed"] == 20
    assert told["sources"][0]["events"] == {
        "incident.end": 1,
        "zone_intrusion.end": 1,
        "zone_intrusion.new": 1,
    }
    assert told["model"]["name"] == "squares"


def test_what_the_network_saw_is_written_for_every_frame(tmp_path: Path) -> None:
    write(tmp_path, make_config(tmp_path))
    out = tmp_path / "seen.jsonl"
    process(tmp_path, str(tmp_path / "clip.mp4"), extra=("--detections", str(out)))
    seen = [json.loads(line) for line in out.read_text().splitlines()]
    assert [frame["index"] for frame in seen] == list(range(20))
    assert {len(frame["detections"]) for frame in seen[:5]} == {0}
    (found,) = seen[8]["detections"]
    assert found["class"] == "person"
    assert found["box"] == pytest.approx([48, 32, 64, 48], abs=1)
    assert [track["track_id"] for track in seen[9]["tracks"]] == [1]


def test_an_output_that_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, make_config(tmp_path))
    given = ["process", "clip.mp4", "--config", str(tmp_path / "site.yaml")]
    assert main([*given, "--events", str(tmp_path / "no" / "events.jsonl")]) == 1
    assert "expected a file to write" in capsys.readouterr().err


def test_a_recording_that_breaks_off_gives_the_events_before_the_break_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, make_config(tmp_path))
    whole = make_recording(tmp_path / "whole.mkv", seconds=8, shown=(1.0, 3.0)).read_bytes()
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(whole[: len(whole) * 3 // 4])
    code, events = process(tmp_path, str(broken))
    assert code == 4
    assert [e["data"]["phase"] for e in events][:2] == ["new", "end"]
    assert "broken.mkv" in capsys.readouterr().err


def test_one_broken_source_does_not_stop_the_others(tmp_path: Path) -> None:
    write(tmp_path, make_config(tmp_path))
    no_video = tmp_path / "notes.mp4"
    no_video.write_text("this is no video")
    code, events = process(tmp_path, str(no_video), str(tmp_path / "clip.mp4"))
    assert code == 4
    assert len(events) == 3


def test_a_missing_recording_is_exit_code_4(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, make_config(tmp_path))
    code, events = process(tmp_path, str(tmp_path / "nowhere.mp4"))
    assert (code, events) == (4, [])
    assert "nowhere.mp4" in capsys.readouterr().err


def test_which_camera_is_meant_must_be_said_when_there_are_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, make_config(tmp_path, cameras={"north": camera(), "south": camera()}))
    code, _ = process(tmp_path, str(tmp_path / "clip.mp4"))
    assert code == 2
    assert "--camera north | south" in capsys.readouterr().err
    code, events = process(tmp_path, str(tmp_path / "clip.mp4"), extra=("--camera", "south"))
    assert code == 0
    assert {e["data"]["camera"] for e in events} == {"south"}
