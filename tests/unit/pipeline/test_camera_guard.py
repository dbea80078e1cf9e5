"""What a camera's reader and its pictures say, taken together."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from detector.incidents.camera_watch import CameraWatch
from detector.incidents.view import IntegritySettings
from detector.pipeline.camera_guard import CameraGuard, link_of
from detector.pipeline.health import STOPPED, CameraHealth, CameraMonitor, CameraState
from detector.pipeline.source_thread import ReaderPlan
from detector.pipeline.view_follower import ViewFollower
from detector.streams import InputSettings, SourceProgress
from detector.types import CameraId, ClockReading, ClockSource, Frame
from detector.vision.integrity import IntegrityMeter
from tests.shown_service import LIVE
from tests.unit.incidents.test_book import context

SAMPLES = sorted((Path(__file__).parents[3] / "samples").glob("*.mp4"))
SCENE = np.random.default_rng(3).integers(0, 255, (360, 640, 3), np.uint8)


class Stand:
    """A guard whose clock and camera a test moves."""

    def __init__(self) -> None:
        self.at = 100.0
        self.health: CameraHealth = LIVE
        watch = CameraWatch(context(), IntegritySettings())
        meter = IntegrityMeter()
        follower = ViewFollower(meter, IntegritySettings().moved)
        self.guard = CameraGuard(meter, watch, lambda: self.health, follower, self.now, self.now)
        self.told: list[tuple[str, str]] = []

    def now(self) -> float:
        return self.at

    def see(self, frame: Frame | None, step_s: float = 0.5) -> None:
        self.at += step_s
        events = self.guard.look(frame).events
        self.told += [(event.data.rule.value, event.data.phase.value) for event in events]


def frame(image: np.ndarray, *, corrupt: bool = False, offset_s: float | None = None) -> Frame:
    reading = None if offset_s is None else ClockReading(offset_s, None, 0)
    return Frame(CameraId("north"), 0, image, 0.0, 0.0, ClockSource.ARRIVAL, 0.0, corrupt, reading)


@pytest.mark.parametrize("state", sorted(set(CameraState) - {CameraState.LIVE, CameraState.ENDED}))
def test_every_state_without_pictures_is_down_with_its_reason(state: CameraState) -> None:
    link = link_of(replace(LIVE, state=state, reason="because"))
    assert link is not None
    assert (link.up, link.state, link.reason) == (False, state.value, "because")


def test_a_recording_that_is_over_is_well_and_a_stopped_reader_says_nothing() -> None:
    over = link_of(replace(LIVE, state=CameraState.ENDED, reason="end of the recording"))
    assert over is not None
    assert over.up
    assert link_of(replace(LIVE, state=CameraState.ENDED, reason=STOPPED)) is None


def test_damaged_pictures_are_never_measured() -> None:
    stand = Stand()
    for _ in range(60):
        stand.see(frame(SCENE * 0, corrupt=True))
    assert stand.told == []


def test_a_wrong_clock_is_said_and_forgotten_while_the_camera_is_away() -> None:
    stand = Stand()
    noise = np.random.default_rng(5)
    for n in range(120):
        image = SCENE // 2 + noise.integers(0, 60, SCENE.shape, np.uint8)
        stand.see(frame(image, offset_s=3600.0 if n < 40 else 0.1))
    assert stand.told == [("camera_clock", "new"), ("camera_clock", "end")]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_the_shipped_samples_played_twice_are_no_event_about_a_camera(path: Path) -> None:
    stand = Stand()
    for _ in range(2):
        film = cv2.VideoCapture(str(path))
        fps = film.get(cv2.CAP_PROP_FPS)
        apart = max(1, round(fps / 5))
        number = 0
        while film.grab():
            number += 1
            if number % apart == 0:
                stand.see(frame(film.retrieve()[1]), apart / fps)
    assert stand.told == []


CAMERA = ReaderPlan(CameraId("north"), InputSettings(path="rtsp://192.0.2.1"), detect_fps=5.0)
LOOK_S = 0.25


class Silence:
    """A guard beside a real monitor, both on a clock that a test moves by quarters of a second."""

    def __init__(self, plan: ReaderPlan, stand: Stand) -> None:
        self.stand = stand
        self.monitor = CameraMonitor(plan.camera, plan.silence_limit_s)
        self.last_s = self.stand.at
        watch = CameraWatch(context(), IntegritySettings())
        meter = IntegrityMeter()
        follower = ViewFollower(meter, IntegritySettings().moved)
        now = self.stand.now
        self.guard = CameraGuard(meter, watch, self.monitor.snapshot, follower, now, now)
        self.told: list[tuple[str, str, float, float]] = []

    def picture(self) -> None:
        """Let a picture come now."""
        self.monitor.change(CameraState.LIVE)
        self.monitor.received(frame(SCENE), SourceProgress(), replaced=False)
        self.last_s = self.stand.at

    def play(self, for_s: float, *, pictures: bool = False) -> None:
        for _ in range(round(for_s / LOOK_S)):
            self.stand.at += LOOK_S
            if pictures:
                self.picture()
            events = self.guard.look(None).events
            after_s, began_s = self.stand.at - self.last_s, self.last_s - 100.0
            self.told += [
                (e.data.rule.value, e.data.phase.value, after_s, e.data.start_s - began_s)
                for e in events
            ]


@pytest.fixture
def silence(monkeypatch: pytest.MonkeyPatch) -> Silence:
    stand = Stand()
    clock = SimpleNamespace(monotonic=stand.now, time=stand.now)
    monkeypatch.setattr("detector.pipeline.health.time", clock)
    return Silence(CAMERA, stand)


def test_a_silence_is_offline_as_soon_as_it_is_a_stall_and_counts_from_the_last_picture(
    silence: Silence,
) -> None:
    silence.play(5, pictures=True)
    silence.play(30)
    ((rule, phase, after_s, began_s),) = silence.told
    assert (rule, phase) == ("camera_offline", "new")
    assert after_s == 10.5, "the first look after 10 s and two periods of 5 pictures a second"
    assert began_s == 0.0


def test_a_stall_that_the_reader_notices_itself_does_not_wait_again_either(
    silence: Silence,
) -> None:
    silence.play(5, pictures=True)
    silence.play(10)
    silence.monitor.change(CameraState.STALLED, "no data", 1, silent_s=10.0)
    silence.play(LOOK_S)
    assert silence.told == [("camera_offline", "new", 10.25, 0.0)]


def test_a_silence_shorter_than_a_stall_is_never_told(silence: Silence) -> None:
    for _ in range(5):
        silence.play(1, pictures=True)
        silence.play(10.25)
    assert silence.told == []


def test_a_lost_connection_is_told_after_the_time_of_the_check_and_not_if_it_is_back_before(
    silence: Silence,
) -> None:
    silence.play(5, pictures=True)
    for _ in range(5):
        silence.monitor.change(CameraState.BACKOFF, "lost", 1)
        silence.play(4.75)
        silence.play(4, pictures=True)
    assert silence.told == []
    silence.monitor.change(CameraState.BACKOFF, "lost", 1)
    silence.play(10)
    assert silence.told == [("camera_offline", "new", 5.0, 0.0)]


def test_a_lost_connection_of_a_camera_with_rare_pictures_counts_from_the_loss(
    silence: Silence,
) -> None:
    silence.play(5, pictures=True)
    silence.play(9)  # pictures are analysed that rarely: nothing is wrong
    silence.monitor.change(CameraState.BACKOFF, "lost", 1)
    silence.play(4.75)
    assert silence.told == []
    silence.play(LOOK_S)
    assert silence.told == [("camera_offline", "new", 14.0, 9.0)]


def test_changing_obstacles_do_not_begin_the_wait_anew(silence: Silence) -> None:
    silence.play(5, pictures=True)
    for state in (CameraState.BACKOFF, CameraState.NOT_FOUND, CameraState.BACKOFF):
        silence.monitor.change(state, "because", 1)
        silence.play(2)
    assert silence.told == [("camera_offline", "new", 5.0, 0.0)]
