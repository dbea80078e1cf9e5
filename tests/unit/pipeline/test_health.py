import dataclasses
import math
import time

import numpy as np
import pytest

from detector.pipeline.health import CameraMonitor, CameraState, Heartbeats, RateMeter
from detector.streams import SourceProgress
from detector.types import CameraId, ClockReading, ClockSource, Frame

CAMERA = CameraId("north")


def frame(clock: ClockSource = ClockSource.ARRIVAL, captured_at: float | None = None) -> Frame:
    now = time.time()
    image = np.zeros((2, 4, 3), np.uint8)
    return Frame(CAMERA, 0, image, 0.0, now if captured_at is None else captured_at, clock, now)


def test_a_camera_that_never_came_is_connecting_with_nothing_known() -> None:
    health = CameraMonitor(CAMERA, 10.0).snapshot()

    assert health.state is CameraState.CONNECTING
    assert (health.connects, health.last_frame_at, health.latency_s) == (0, None, None)


def test_a_state_is_changed_once_and_keeps_its_beginning() -> None:
    monitor = CameraMonitor(CAMERA)

    assert monitor.change(CameraState.BACKOFF, "refused", 1)
    since = monitor.snapshot().since
    assert not monitor.change(CameraState.BACKOFF, "no route", 2)

    health = monitor.snapshot()
    assert (health.since, health.reason, health.failures) == (since, "no route", 2)


def test_frames_drops_and_damage_are_counted_over_all_connections() -> None:
    monitor, progress = CameraMonitor(CAMERA, 10.0), SourceProgress(codec="h264")
    for n in range(1, 4):
        monitor.change(CameraState.LIVE)
        progress.frames, progress.decoded = n, 5 * n
        progress.corrupt, progress.skipped = n, 10
        monitor.received(frame(), progress, replaced=n > 1)
        monitor.change(CameraState.BACKOFF)

    health = monitor.snapshot()
    assert (health.connects, health.frames, health.drops, health.corrupt) == (3, 3, 12, 3)
    assert health.fps_in == 15.0
    assert health.codec == "h264"


def test_a_silent_camera_is_stalled_even_while_its_reader_hangs_in_a_library() -> None:
    monitor = CameraMonitor(CAMERA, silence_limit_s=0.01)
    monitor.change(CameraState.LIVE)
    monitor.received(frame(), SourceProgress(), replaced=False)
    assert monitor.snapshot().state is CameraState.LIVE

    time.sleep(0.02)

    health = monitor.snapshot()
    assert health.state is CameraState.STALLED
    assert "no picture for" in health.reason
    assert health.since <= time.time() - 0.01


def test_a_camera_is_down_from_its_last_picture_on_whatever_it_goes_through() -> None:
    monitor = CameraMonitor(CAMERA, 10.0)
    assert monitor.snapshot().down_s < 1.0, "from the start"
    monitor.change(CameraState.LIVE)
    assert (monitor.snapshot().down_s, monitor.snapshot().quiet_s) == (0.0, math.inf)

    monitor.change(CameraState.STALLED, "nothing came", silent_s=10.0)
    monitor.change(CameraState.BACKOFF, "no route")

    assert monitor.snapshot().down_s == pytest.approx(10.0, abs=0.5)
    monitor.change(CameraState.ENDED, "stopped")
    assert monitor.snapshot().down_s == 0.0


def test_a_camera_that_is_live_again_is_not_stalled_for_its_old_pictures_age() -> None:
    monitor = CameraMonitor(CAMERA, silence_limit_s=0.5)
    monitor.change(CameraState.LIVE)
    monitor.received(frame(), SourceProgress(), replaced=False)
    monitor.change(CameraState.BACKOFF)
    time.sleep(0.6)

    monitor.change(CameraState.LIVE)

    assert monitor.snapshot().state is CameraState.LIVE


def test_a_reader_that_hangs_is_a_stalled_camera_until_something_comes() -> None:
    monitor = CameraMonitor(CAMERA)
    for state in (CameraState.LIVE, CameraState.BACKOFF):
        monitor.change(state, "no route")
        monitor.hangs("it hangs")
        assert (monitor.snapshot().state, monitor.snapshot().reason) == ("stalled", "it hangs")
    monitor.received(frame(), SourceProgress(), replaced=False)

    assert monitor.snapshot().reason == "no route"


def test_a_recording_may_be_silent() -> None:
    monitor = CameraMonitor(CAMERA)
    monitor.change(CameraState.LIVE)

    assert monitor.snapshot().state is CameraState.LIVE


def test_offset_drift_and_jumps_of_a_camera_clock_are_shown_where_the_camera_tells_its_time() -> (
    None
):
    monitor = CameraMonitor(CAMERA)
    monitor.received(frame(), SourceProgress(), replaced=False)
    assert monitor.snapshot().clock_offset_s is None

    late = dataclasses.replace(frame(), reading=ClockReading(-3600.0, 20.0, 3))
    monitor.received(late, SourceProgress(), replaced=False)

    health = monitor.snapshot()
    assert (health.clock_offset_s, health.clock_drift_ppm, health.clock_jumps) == (3600.0, 20.0, 3)


def test_latency_runs_from_decoded_to_analysed() -> None:
    monitor = CameraMonitor(CAMERA)
    monitor.analysed(frame())

    health = monitor.snapshot()
    assert health.latency_s is not None
    assert 0.0 <= health.latency_s < 60.0
    assert health.fps_analysed == 1.0


def test_a_rate_is_over_the_window_and_forgets() -> None:
    meter = RateMeter(5.0)
    for n in range(100):
        meter.add(n * 0.1)

    assert meter.rate(9.9) == pytest.approx(10.0, rel=0.05)
    assert meter.rate(20.0) == 0.0


def test_a_thread_that_misses_its_beat_is_late_and_one_that_ended_is_not() -> None:
    now_s = 100.0
    beats = Heartbeats(lambda: now_s)
    beats.expect("reader:a", 5.0)
    beats.expect("analysis", 30.0)
    beats.expect("reader:b", 5.0)
    now_s = 110.0
    beats.beat("reader:b")

    assert beats.late() == {"reader:a": 10.0}
    beats.forget("reader:a")
    assert beats.late() == {}


def test_a_beat_of_an_unknown_thread_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError):
        Heartbeats().beat("nobody")
