import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from detector.incidents.camera_watch import CameraWatch
from detector.incidents.view import IntegritySettings, OfflineCheck
from detector.incidents.watch_ledger import WatchLedger
from detector.pipeline.analysis import AnalysedCamera, Analysis
from detector.pipeline.camera_guard import CameraGuard
from detector.pipeline.health import CameraMonitor, CameraState, Heartbeats
from detector.pipeline.recorder import Recorder
from detector.pipeline.view_follower import ViewFollower
from detector.pipeline.watch_keeper import WatchKeeper
from detector.stages import StageClock
from detector.store import EventQuery, StoreSettings, open_store
from detector.streams import IdleSettings, IdleSwitch, Latest
from detector.types import U8, CameraId, Detections, Frame
from detector.vision.integrity import IntegrityMeter
from detector.vision.scripted import ScriptedDetector
from tests.unit.incidents.test_book import context
from tests.unit.pipeline.test_camera import FPS, frame, person, pipeline

NORTH = CameraId("north")


class FailingDetector(ScriptedDetector):
    """Fails on its first picture, as a runtime may."""

    failed = False

    def detect(self, images: Sequence[U8]) -> list[Detections]:
        """Fail once."""
        if not self.failed:
            self.failed = True
            raise RuntimeError("the accelerator hiccupped")
        return super().detect(images)


def until(condition: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def analysed(*, live: bool = False, offline_after_s: float = 5.0) -> AnalysedCamera:
    monitor = CameraMonitor(NORTH)
    settings = IntegritySettings(offline=OfflineCheck(after_s=offline_after_s))
    watch, meter = CameraWatch(context(), settings), IntegrityMeter()
    guard = CameraGuard(meter, watch, monitor.snapshot, ViewFollower(meter, settings.moved))
    keeper = WatchKeeper(WatchLedger(NORTH, 5.0, None), guard.standing, guard.drops)
    return AnalysedCamera(pipeline(live=live), monitor, guard, keeper)


def analysis(detector: ScriptedDetector, recorder: Recorder) -> tuple[Analysis, Latest]:
    slots: Latest[CameraId, Frame] = Latest()
    slots.open(NORTH)
    cameras = {NORTH: analysed(live=True)}
    return Analysis(detector, slots, cameras, recorder, Heartbeats(), batch=1), slots


def test_frames_of_a_recording_are_all_analysed_and_the_thread_ends(tmp_path: Path) -> None:
    times = [n / FPS for n in range(40)]
    detector = ScriptedDetector([person(100 + 55 * t) for t in times])
    with open_store(StoreSettings(path=tmp_path / "e.sqlite3")) as store:
        runner, slots = analysis(detector, Recorder(store, (), None, StageClock()))
        runner.start()
        for t in times:
            assert slots.put_waiting(NORTH, frame(t))
        slots.end(NORTH)
        assert runner.wait(20)
        assert runner.frames_total == 40
        rules = {e.event().data.rule for e in store.events(EventQuery(limit=100))}
    assert "barrier_crossing" in rules


def test_a_failing_inference_is_said_and_the_next_frame_is_analysed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_store(StoreSettings(path=tmp_path / "e.sqlite3")) as store:
        detector = FailingDetector([Detections.empty()] * 4)
        runner, slots = analysis(detector, Recorder(store, (), None, StageClock()))
        runner.start()
        slots.put_waiting(NORTH, frame(0.0))
        until(lambda: runner.failure)
        slots.put_waiting(NORTH, frame(0.2))
        until(lambda: runner.frames_total == 1)
        assert runner.failure is None, "it works again"
        assert runner.stop()
    assert "the accelerator hiccupped" in caplog.text


def test_the_newest_picture_can_be_seen_by_others(tmp_path: Path) -> None:
    with open_store(StoreSettings(path=tmp_path / "e.sqlite3")) as store:
        slots: Latest[CameraId, Frame] = Latest()
        slots.open(NORTH)
        camera = analysed()
        recorder = Recorder(store, (), None, StageClock())
        detector = ScriptedDetector([Detections.empty()])
        runner = Analysis(detector, slots, {NORTH: camera}, recorder, Heartbeats(), batch=1)
        runner.start()
        slots.put_waiting(NORTH, frame(0.0))
        slots.end(NORTH)
        runner.wait(20)
    assert camera.picture is not None
    assert np.array_equal(camera.picture.frame.image, frame(0.0).image)


def test_a_camera_that_never_gives_a_picture_is_an_event_all_the_same(tmp_path: Path) -> None:
    with open_store(StoreSettings(path=tmp_path / "e.sqlite3")) as store:
        slots: Latest[CameraId, Frame] = Latest()
        slots.open(NORTH)
        camera = analysed(offline_after_s=0.6)
        camera.monitor.change(CameraState.BACKOFF, "nothing answers", 1)
        recorder = Recorder(store, (), None, StageClock())
        detector = ScriptedDetector([])
        runner = Analysis(detector, slots, {NORTH: camera}, recorder, Heartbeats(), batch=1)
        runner.start()
        until(lambda: store.events(EventQuery(limit=10)))
        assert runner.stop()
        (event,) = (e.event() for e in store.events(EventQuery(limit=10)))
    assert event.data.rule == "camera_offline"
    assert "nothing answers" in {reason.value for reason in event.data.reasons}
    assert not event.data.has_snapshot


def test_whoever_is_seen_ends_the_idling_of_the_camera_and_an_empty_view_does_not(
    tmp_path: Path,
) -> None:
    now_s = 100.0
    camera = analysed(live=True)
    camera.idle = idle = IdleSwitch(NORTH, IdleSettings(5.0, 4.0), 10.0, lambda: now_s)
    for _ in range(8):
        idle.key_frame(now_s)
        idle.keys_only(now_s)
        now_s += 1.0
    assert idle.idling
    with open_store(StoreSettings(path=tmp_path / "e.sqlite3")) as store:
        slots: Latest[CameraId, Frame] = Latest()
        slots.open(NORTH)
        recorder = Recorder(store, (), None, StageClock())
        detector = ScriptedDetector([Detections.empty(), Detections.empty(), person(100)])
        runner = Analysis(detector, slots, {NORTH: camera}, recorder, Heartbeats(), batch=1)
        runner.start()
        for number in (1, 2):
            slots.put_waiting(NORTH, frame(float(number)))
            until(lambda number=number: runner.frames_total == number)
        assert idle.keys_only(now_s), "nobody there"
        slots.put_waiting(NORTH, frame(3.0))
        until(lambda: runner.frames_total == 3)
        assert not idle.keys_only(now_s), "one box is enough"
        assert runner.stop()


def test_a_fault_of_the_view_ends_the_idling_of_the_camera(tmp_path: Path) -> None:
    now_s = 100.0
    camera = analysed(offline_after_s=0.6)
    camera.idle = idle = IdleSwitch(NORTH, IdleSettings(5.0, 4.0), 10.0, lambda: now_s)
    for _ in range(8):
        idle.key_frame(now_s)
        idle.keys_only(now_s)
        now_s += 1.0
    camera.monitor.change(CameraState.BACKOFF, "nothing answers", 1)
    with open_store(StoreSettings(path=tmp_path / "e.sqlite3")) as store:
        slots: Latest[CameraId, Frame] = Latest()
        slots.open(NORTH)
        recorder = Recorder(store, (), None, StageClock())
        cameras = {NORTH: camera}
        runner = Analysis(ScriptedDetector([]), slots, cameras, recorder, Heartbeats(), batch=1)
        runner.start()
        until(lambda: not idle.keys_only(now_s))
        assert runner.stop()
