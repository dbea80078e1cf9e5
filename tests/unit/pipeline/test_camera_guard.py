"""What a camera's reader and its pictures say, taken together."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.incidents.camera_watch import CameraWatch
from detector.incidents.view import IntegritySettings
from detector.pipeline.camera_guard import CameraGuard, link_of
from detector.pipeline.health import STOPPED, CameraHealth, CameraState
from detector.pipeline.view_follower import ViewFollower
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
