"""The fault campaign itself, at its smallest."""

import dataclasses
import json
from pathlib import Path

import pytest

from benchmarks.faults.__main__ import Record, campaign
from benchmarks.faults.camera import missing_gstreamer
from benchmarks.faults.proxy import ClockProxy
from benchmarks.faults.report import report
from benchmarks.faults.site import QUICK

SHORT = dataclasses.replace(QUICK, calm_s=1.0, hold_s=4.0)


@pytest.mark.skipif(bool(missing_gstreamer()), reason="needs gst-rtsp-server and its bindings")
def test_a_killed_camera_is_noticed_and_comes_back_and_no_event_is_lost(tmp_path: Path) -> None:
    record = Record(tmp_path / "record.jsonl")

    assert campaign(tmp_path, {"killed": range(1)}, SHORT, record)

    seen, events = record.lines()
    assert seen["noticed_s"] < 3.0
    assert seen["back_s"] < 10.0
    assert seen["false_states"] == []
    assert events["committed"] > 0
    assert events["lost"] == 0
    report(record.lines(), tmp_path)
    (row,) = json.loads((tmp_path / "faults.json").read_text())["rows"]
    assert (row["fault"], row["n"], row["missed"]) == ("killed", 1, 0)


def test_only_the_time_of_a_sender_report_is_moved() -> None:
    proxy = ClockProxy(1)
    proxy.shift_s = 3600
    report_of = bytearray(b"$\x01\x00\x1c" + bytes([0x80, 200, 0, 6]) + bytes(24))
    try:
        moved = proxy.shifted(bytes(report_of))
        media = b"$\x00" + bytes(report_of[2:])
        assert proxy.shifted(media) == media
        assert proxy.shifted(b"RTSP/1.0 200 OK\r\n\r\n") == b"RTSP/1.0 200 OK\r\n\r\n"
    finally:
        proxy.close()
    report_of[12:16] = (3600).to_bytes(4, "big")
    assert moved == bytes(report_of)
