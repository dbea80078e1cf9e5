"""Zones and barriers follow a camera that was moved a little; else events say they did not."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.events import Event
from detector.geometry import project
from detector.incidents.camera_watch import CameraWatch
from detector.incidents.coverage import WatchState
from detector.incidents.view import IntegritySettings
from detector.pipeline.camera_guard import CameraGuard
from detector.pipeline.view_follower import AS_DRAWN, GeometryState, ViewFollower
from detector.scene import BarrierSettings, CalibrationSettings, Scene, ZoneSettings
from detector.scene.moved import moved_barriers, moved_calibration, moved_zones
from detector.types import U8, Detections, Frame
from detector.vision.integrity import IntegrityMeter
from tests.shown_service import LIVE
from tests.unit.incidents.test_book import context
from tests.unit.pipeline.test_camera import frame, pipeline
from tests.unit.vision.test_integrity import noisy

WIDTH, HEIGHT = 1920, 1080
FPS = 5.0


def wide_scene() -> U8:
    """A yard of boxes, larger than the picture on all sides."""
    random = np.random.default_rng(8)
    wide = np.full((HEIGHT + 800, WIDTH + 800, 3), 110, np.uint8)
    for _ in range(260):
        x, y, w, h = (int(v) for v in random.integers((0, 0, 20, 20), (2700, 1800, 260, 260)))
        level = int(random.integers(30, 230))
        cv2.rectangle(wide, (x, y), (x + w, y + h), (level, level, level), -1)
    return wide


WIDE = wide_scene()


@cache
def picture(shift_px: int, seed: int) -> U8:
    """What the camera shows once everything in its view moved to the right."""
    left = 400 - shift_px
    return noisy(WIDE[400 : 400 + HEIGHT, left : left + WIDTH], seed)


class Post:
    """A camera whose view a test moves, with its guard and its pipeline."""

    def __init__(self) -> None:
        self.at = 0.0
        settings = IntegritySettings()
        meter = IntegrityMeter(5.0)
        watch = CameraWatch(context(), settings)
        follower = ViewFollower(meter, settings.moved)
        self.guard = CameraGuard(meter, watch, lambda: LIVE, follower, self.now, self.now)
        self.camera = pipeline()
        self.events: list[Event] = []

    def now(self) -> float:
        return self.at

    def see(self, shift_px: int, found: Detections | None = None) -> None:
        self.at += 1 / FPS
        shown = replace(
            frame(self.at, (WIDTH, HEIGHT)), image=picture(shift_px, round(self.at * FPS) % 4)
        )
        self.take(shown, found or Detections.empty())

    def take(self, shown: Frame, found: Detections) -> None:
        self.events += self.guard.look(shown).events
        shift = self.guard.geometry.shift
        self.camera.follow(None if shift is None else shift.matrix, self.guard.marks)
        self.camera.view(shown)
        self.events += self.camera.process(shown, found).events

    def wait(self, seconds: float, shift_px: int) -> None:
        for _ in range(round(seconds * FPS)):
            self.see(shift_px)

    def cross(self, shift_px: int, from_x: float, to_x: float) -> list[Event]:
        before = len(self.events)
        for step in range(40):
            x = from_x + (to_x - from_x) * step / 40
            box = np.array([[x - 50, 450, x + 50, 750]], np.float32)
            self.see(shift_px, Detections(box, np.array([0.8], np.float32), np.zeros(1, np.int64)))
        return [e for e in self.events[before:] if e.data.rule == "barrier_crossing"]


@pytest.mark.parametrize("shift_px", [40, -90, 170])
def test_a_crossing_is_found_where_the_barrier_is_now(shift_px: int) -> None:
    post = Post()
    post.wait(8, 0)
    assert post.guard.geometry is AS_DRAWN
    post.wait(10, shift_px)
    assert post.guard.geometry.state is GeometryState.MOVED_ALONG
    assert post.guard.standing().state is WatchState.WATCHED
    fence_x = WIDTH / 2 + shift_px
    scene = post.camera.process(
        frame(post.at + 0.01, (WIDTH, HEIGHT)), Detections.empty()
    ).picture.scene
    assert scene is not None
    assert scene.barriers["fence"].points[:, 0] == pytest.approx([fence_x] * 2, abs=2.0)
    crossed = post.cross(shift_px, fence_x - 500, fence_x + 500)
    assert len(crossed) == 1
    marks = {r.predicate: r.value for r in crossed[0].data.reasons}
    assert marks["moved_along_share"] == pytest.approx(abs(shift_px) / WIDTH, abs=0.003)


def test_a_camera_that_looks_elsewhere_degrades_its_rules_and_says_so_in_each_event() -> None:
    post = Post()
    post.wait(8, 0)
    post.wait(10, 300)
    assert post.guard.geometry.state is GeometryState.DEGRADED
    assert post.guard.standing().state is WatchState.DEGRADED
    crossed = post.cross(300, WIDTH / 2 - 500, WIDTH / 2 + 500)
    assert crossed, "events are told all the same"
    assert [r.value for r in crossed[0].data.reasons if r.predicate == "view"] == [
        "degraded: moved"
    ]


def test_everything_is_as_drawn_once_the_camera_looks_back() -> None:
    post = Post()
    post.wait(8, 0)
    post.wait(10, 60)
    assert post.guard.geometry.state is GeometryState.MOVED_ALONG
    post.wait(6, 0)
    assert post.guard.geometry is AS_DRAWN
    crossed = post.cross(0, WIDTH / 2 - 500, WIDTH / 2 + 500)
    assert len(crossed) == 1
    assert not {"view", "moved_along_share"} & {r.predicate for r in crossed[0].data.reasons}


def test_a_view_that_moves_on_is_followed_again() -> None:
    post = Post()
    post.wait(8, 0)
    post.wait(10, 50)
    first = post.guard.geometry.shift
    post.wait(25, 120)
    second = post.guard.geometry.shift
    assert first is not None
    assert second is not None
    assert second.most_share == pytest.approx(120 / WIDTH, abs=0.003)


LINE = ((0.1, 0.5), (0.5, 0.45), (0.9, 0.6))
GROUND = [((0.2, 0.5), (0, 0)), ((0.8, 0.5), (8, 0)), ((0.9, 0.95), (8, 8)), ((0.1, 0.95), (0, 8))]


@given(
    way=st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)),
    stretch=st.tuples(*[st.floats(-0.05, 0.05)] * 4),
    tilt=st.tuples(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05)),
)
def test_all_that_was_drawn_moves_by_the_same_homography(
    way: tuple[float, float], stretch: tuple[float, ...], tilt: tuple[float, float]
) -> None:
    a, b, c, d = stretch
    matrix = np.array([[1 + a, b, way[0]], [c, 1 + d, way[1]], [tilt[0], tilt[1], 1.0]])
    barriers = {"fence": BarrierSettings(points=LINE)}
    zones = {"yard": ZoneSettings(coordinates=((0.0, 0.6), (1.0, 0.6), (0.5, 1.0)))}
    calibration = CalibrationSettings.model_validate(
        {"points": [{"image": image, "ground": ground} for image, ground in GROUND]}
    )
    drawn = Scene.build((1920, 1080), zones, barriers, calibration)
    moved = Scene.build(
        (1920, 1080),
        moved_zones(zones, matrix),
        moved_barriers(barriers, matrix),
        moved_calibration(calibration, matrix),
    )
    wanted = project(matrix, np.array(LINE)) * (1920, 1080)
    np.testing.assert_allclose(moved.barriers["fence"].points, wanted)
    # What stands on a place on the ground stands there still, in metres
    before, after = drawn.barriers["fence"].plane, moved.barriers["fence"].plane
    np.testing.assert_allclose(after, before, atol=1e-3)
