"""Packets of real cameras on the loopback, and clips made of them."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from detector.errors import SourceBroken
from detector.evidence.clip import write_clip
from detector.pipeline.backoff import ReconnectSettings
from detector.pipeline.health import CameraState, Heartbeats
from detector.pipeline.reader import Reader
from detector.pipeline.record_reader import RecordReader
from detector.pipeline.source_thread import ReaderPlan
from detector.streams import (
    InputSettings,
    Latest,
    PacketRing,
    SourceProgress,
    open_packets,
)
from detector.types import CameraId, ClockSource, Frame

CAMERA = CameraId("north")
QUICK = ReconnectSettings(first_s=0.05, cap_s=0.2)
Start = Callable[[str], tuple[RecordReader, PacketRing]]


@pytest.fixture
def record() -> Iterator[Start]:
    readers: list[RecordReader] = []

    def begin(path: str) -> tuple[RecordReader, PacketRing]:
        ring = PacketRing(60.0, 1 << 26)
        settings = InputSettings(path=path, stall_s=2.0, roles=("record",))
        plan = ReaderPlan(CAMERA, settings, None, QUICK, ring)
        readers.append(RecordReader(plan, Heartbeats()))
        readers[-1].start()
        return readers[-1], ring

    yield begin
    for reader in readers:
        reader.stop()
    assert all(reader.join(30.0) for reader in readers)


def until(happened: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 60.0
    while not happened():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def seconds_in(ring: PacketRing) -> float:
    held = ring.between(0.0, time.time())
    return held[-1].arrived_at - held[0].arrived_at if held else 0.0


def test_a_main_stream_is_recorded_without_being_decoded(
    rtsp_camera: Callable[[], object], record: Start, tmp_path: Path
) -> None:
    reader, ring = record(rtsp_camera().url())
    until(lambda: seconds_in(ring) > 4.0)

    clip = write_clip(ring.between(0.0, time.time()), tmp_path / "a.mp4")

    health = reader.monitor.snapshot()
    assert (health.state, health.codec, health.width) == (CameraState.LIVE, "h264", 64)
    assert (clip.codec, clip.damaged, clip.gaps) == ("h264", 0, ())
    assert clip.pictures > 90
    assert clip.duration_s == pytest.approx(seconds_in(ring), abs=1.0)


def test_the_cameras_clock_dates_the_clip(
    rtsp_camera: Callable[[], object], record: Start, tmp_path: Path
) -> None:
    reader, ring = record(rtsp_camera().url())
    until(lambda: reader.monitor.snapshot().clock is ClockSource.CAMERA)
    until(lambda: seconds_in(ring) > 1.0)

    clip = write_clip(ring.between(0.0, time.time()), tmp_path / "a.mp4")

    newest = ring.between(0.0, time.time())[-1]
    assert clip.last_captured_at == pytest.approx(newest.arrived_at, abs=1.0)


def test_a_camera_that_was_gone_leaves_a_gap_in_the_clip(
    rtsp_camera: Callable[[], object], record: Start, tmp_path: Path
) -> None:
    camera = rtsp_camera()
    reader, ring = record(camera.url())
    until(lambda: seconds_in(ring) > 1.0)
    camera.kill()
    until(lambda: reader.monitor.snapshot().state is not CameraState.LIVE)
    time.sleep(1.5)
    camera.start()
    until(lambda: reader.monitor.snapshot().connects == 2)
    again = time.time()
    until(lambda: time.time() > again + 1.0)

    clip = write_clip(ring.between(0.0, time.time()), tmp_path / "a.mp4")

    assert len(clip.gaps) == 1
    assert clip.gaps[0][1] - clip.gaps[0][0] > 1.5
    assert clip.damaged <= 1  # the picture that was on its way when the camera was killed


def test_after_a_change_of_resolution_the_longer_part_is_the_clip(
    rtsp_camera: Callable[[], object],
    record: Start,
    film: Callable[..., Path],
    tmp_path: Path,
) -> None:
    camera = rtsp_camera()
    _, ring = record(camera.url())
    until(lambda: seconds_in(ring) > 1.0)
    camera.tell(str(film("other.h264", 100, size=(96, 64))))
    until(lambda: ring.between(0.0, time.time())[-1].coding.width == 96)
    changed = time.time()
    until(lambda: time.time() > changed + 4.0)

    clip = write_clip(ring.between(0.0, time.time()), tmp_path / "a.mp4")

    assert (clip.width, clip.height, clip.damaged) == (96, 64, 0)
    assert clip.duration_s > 3.0


def test_one_connection_is_analysed_and_recorded(
    rtsp_camera: Callable[[], object], tmp_path: Path
) -> None:
    ring, slots = PacketRing(60.0, 1 << 26), Latest[CameraId, Frame]()
    settings = InputSettings(path=rtsp_camera().url(), stall_s=2.0, roles=("detect", "record"))
    reader = Reader(ReaderPlan(CAMERA, settings, 5.0, QUICK, ring), slots, Heartbeats())
    reader.start()
    try:
        until(lambda: seconds_in(ring) > 3.0)
        health = reader.monitor.snapshot()
    finally:
        reader.stop()
        assert reader.join(30.0)

    clip = write_clip(ring.between(0.0, time.time()), tmp_path / "a.mp4")

    assert health.frames > 5
    assert clip.pictures > 3 * health.frames  # every picture is kept, not only those analysed
    assert clip.damaged == 0


def test_motion_jpeg_is_timed_by_its_arrival(
    http_camera: object, record: Start, tmp_path: Path
) -> None:
    _, ring = record(http_camera.url("cam.mjpg"))
    until(lambda: seconds_in(ring) > 2.0)

    held = ring.between(0.0, time.time())
    clip = write_clip(held, tmp_path / "a.mp4")

    assert held[-1].pts is None
    assert (clip.codec, clip.pictures) == ("h264", len(held))
    assert clip.duration_s == pytest.approx(held[-1].arrived_at - held[0].arrived_at, abs=0.3)


def test_a_wrong_password_is_told_like_any_other_cameras(
    rtsp_camera: Callable[..., object], record: Start
) -> None:
    reader, ring = record(rtsp_camera(login="user:right").url(login="user:hidden"))
    until(lambda: reader.monitor.snapshot().state is CameraState.AUTH_FAILED)
    assert "hidden" not in reader.monitor.snapshot().reason
    assert ring.bytes_held == 0


def test_a_recording_is_nothing_to_record(film: Callable[..., Path]) -> None:
    settings = InputSettings(path=str(film("a.mp4")), roles=("record",))
    with pytest.raises(SourceBroken, match="expected a camera to record, found a recording"):
        open_packets(settings, CAMERA, PacketRing(1.0, 1), SourceProgress())
