"""Everything that can be wrong gives one clear message, the right exit code, and loses nothing."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detector.cli import main
from tests.site_folder import camera, make_config, write

Change = Callable[[dict[str, Any]], object]


def check(
    folder: Path, capsys: pytest.CaptureFixture[str], config: dict[str, Any], *options: str
) -> tuple[int, str]:
    path = write(folder, config)
    code = main(["check", str(path), *options])
    told = capsys.readouterr()
    return code, told.out + told.err


def north(config: dict[str, Any]) -> dict[str, Any]:
    return config["cameras"]["north"]


CONFIG_FAULTS: dict[str, tuple[Change, str]] = {
    "unknown key": (
        lambda c: north(c).update(detekt={"fps": 5}),
        "cameras.north.detekt: expected a known key, found `detekt`",
    ),
    "unknown key deep inside": (
        lambda c: north(c)["rules"]["inside"].update(dwel_s=1),
        "cameras.north.rules.inside.dwel_s: expected a known key",
    ),
    "crossing polygon": (
        lambda c: north(c)["zones"]["yard"].update(
            coordinates=[[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]
        ),
        "cameras.north.zones.yard",
    ),
    "barrier of one point": (
        lambda c: north(c).update(barriers={"fence": {"points": [[0.5, 0.5]]}}),
        "cameras.north.barriers.fence",
    ),
    "coordinates outside 0..1": (
        lambda c: north(c).update(barriers={"fence": {"points": [[0.5, 0.5], [480, 640]]}}),
        "cameras.north.barriers.fence.points",
    ),
    "unknown rule": (
        lambda c: north(c)["rules"].update(x={"kind": "loitring", "zone": "yard"}),
        "cameras.north.rules.x",
    ),
    "rule about a zone that is not drawn": (
        lambda c: north(c)["rules"]["inside"].update(zone="yrd"),
        "cameras.north.rules.inside.zone: expected one of the camera's zones (yard), found 'yrd'",
    ),
    "no input": (lambda c: north(c).update(ffmpeg={"inputs": []}), "cameras.north.ffmpeg.inputs"),
    "unknown scheme": (
        lambda c: north(c).update(ffmpeg={"inputs": [{"path": "gopher://camera/1"}]}),
        "gopher",
    ),
    "missing model key": (lambda c: c.pop("model"), "model: expected this key, found nothing"),
    "wrong version": (lambda c: c.update(version=2), "version"),
    "open to other machines without keys": (
        lambda c: c.update(api={"host": "0.0.0.0"}),  # noqa: S104
        "api",
    ),
    "unknown sink": (lambda c: c.update(sinks={"x": {"kind": "telegram"}}), "sinks.x"),
    "a webhook without an address": (
        lambda c: c.update(sinks={"x": {"kind": "webhook"}}),
        "sinks.x",
    ),
}


@pytest.mark.parametrize("fault", CONFIG_FAULTS)
def test_a_fault_in_the_configuration_is_said_with_file_line_and_key(
    fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, expected = CONFIG_FAULTS[fault]
    config = make_config(tmp_path)
    change(config)
    code, told = check(tmp_path, capsys, config)
    assert code == 2
    assert expected in told
    assert "site.yaml" in told
    assert "Traceback" not in told


def test_all_faults_are_said_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = make_config(tmp_path)
    north(config).update(detekt=1, barriers={"fence": {"points": [[0.5, 0.5]]}})
    _, told = check(tmp_path, capsys, config)
    assert "detekt" in told
    assert "barriers.fence" in told


def test_duplicate_names_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, make_config(tmp_path))
    text = path.read_text()
    path.write_text(text + "  north:\n    enabled: false\n")
    assert main(["check", str(path)]) == 2
    assert "expected each name once" in capsys.readouterr().err


def test_a_missing_configuration_is_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path / "none.yaml")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_frigate_keys_that_mean_nothing_here_are_accepted_and_said_aloud(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_config(tmp_path)
    north(config).update(
        record={"enabled": True, "retain": {"days": 3}},
        motion={"mask": ["0,0,1,0,1,1"]},
        detect={"enabled": True, "width": 1280, "height": 720, "fps": 5, "max_disappeared": 25},
    )
    north(config)["ffmpeg"]["hwaccel_args"] = "preset-vaapi"
    code, told = check(tmp_path, capsys, config)
    assert code == 0, told
    for key in ("record.retain", "motion", "detect.width", "ffmpeg.hwaccel_args"):
        assert f"cameras.north.{key}: a Frigate key this service does not act on" in told


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda model: (model / "model.onnx").write_bytes(b"rubbish"), "sha256"),
        (lambda model: (model / "model.onnx").unlink(), "model.onnx"),
        (lambda model: (model / "model.yaml").write_text("name: [x"), "model.yaml"),
    ],
)
def test_a_damaged_model_is_exit_code_3(
    damage: Callable[[Path], object],
    expected: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = make_config(tmp_path)
    damage(tmp_path / "model")
    code, told = check(tmp_path, capsys, config)
    assert code == 3
    assert expected in told


def test_the_retention_in_force_is_printed_in_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = {"clips_h": 24, "evidence_gib": 2.5, "free_space_floor_gib": 3, "audit_d": 200}
    _, told = check(tmp_path, capsys, make_config(tmp_path, retention=policy), "--offline")
    assert [line[9:] for line in told.splitlines() if line.startswith("keep")] == [
        "clips      24 h   at most 2.5 GiB with snapshots  sooner below 3 GiB of free space",
        "snapshots  72 h   at most 2.5 GiB with clips      sooner below 3 GiB of free space",
        "events     30 d   no limit of size",
        "audit      200 d  no limit of size",
    ]


def test_without_a_policy_its_defaults_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, told = check(tmp_path, capsys, make_config(tmp_path), "--offline")
    assert "keep     clips      72 h   no limit of size  sooner below 1 GiB of free space" in told


def test_a_provider_that_is_not_there_is_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_config(tmp_path, model={"path": "model", "provider": "cuda"})
    code, told = check(tmp_path, capsys, config)
    assert code == 3
    assert "cuda" in told


@pytest.mark.parametrize("content", [None, b"not a video", b""])
def test_a_source_that_cannot_be_read_is_exit_code_4_and_the_others_are_checked(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_config(tmp_path, cameras={"bad": camera("bad.mp4"), "north": camera()})
    if content is not None:
        (tmp_path / "bad.mp4").write_bytes(content)
    code, told = check(tmp_path, capsys, config)
    assert code == 4
    assert "source FAILED camera bad" in told
    assert "first picture (96, 64)" in told


def serve(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "detector", "serve", str(folder / "site.yaml")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def failed(folder: Path) -> tuple[int, str]:
    process = serve(folder)
    told, _ = process.communicate(timeout=60)
    return process.returncode, told


def test_a_port_that_is_taken_is_said_and_nothing_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        write(tmp_path, make_config(tmp_path, api={"port": port}))
        code, told = failed(tmp_path)
    assert code == 1
    assert f"api.port {port}" in told
    assert "another program" in told
    assert not (tmp_path / "data").exists()


def test_a_damaged_database_is_said_and_left_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, make_config(tmp_path))
    database = tmp_path / "data" / "events.sqlite3"
    database.parent.mkdir()
    database.write_bytes(b"this was a database once" * 400)
    before = database.read_bytes()
    code, told = failed(tmp_path)
    assert code == 1
    assert str(database) in told
    assert database.read_bytes() == before


def test_a_database_locked_by_another_program_is_said(tmp_path: Path) -> None:
    store = {"path": str(tmp_path / "events.sqlite3"), "busy_timeout_s": 0.2}
    write(tmp_path, make_config(tmp_path, store=store))
    with sqlite3.connect(tmp_path / "events.sqlite3", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        code, told = failed(tmp_path)
        other.execute("ROLLBACK")
    other.close()
    assert code == 1
    assert "locked" in told


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    write(tmp_path, make_config(tmp_path))
    (tmp_path / "data").mkdir(mode=0o500)
    code, told = failed(tmp_path)
    assert code == 1
    assert "data" in told


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_service_cleanly(how: signal.Signals, tmp_path: Path) -> None:
    config = make_config(tmp_path)
    north(config)["ffmpeg"]["inputs"][0]["loop"] = True
    write(tmp_path, config)
    process = serve(tmp_path)
    assert process.stdout is not None
    for line in process.stdout:
        if "http://127.0.0.1:" in line:
            break
    process.send_signal(how)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 0, told
    assert "detector: stopped" in told
    assert "Traceback" not in told
