"""What is remembered of a camera's last seconds, and how much memory that takes."""

import tracemalloc

import numpy as np
import pytest

from detector.evidence.trail import Trail, TrailPicture
from detector.types import CameraId, ClockSource, Frame, ObjectClass, Tracks

EPOCH = 1_700_000_000.0
SIZE = (640, 360)
IMAGE = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)


def frame(at_s: float, latency_s: float = 0.1) -> Frame:
    at = EPOCH + at_s
    return Frame(CameraId("gate"), 0, IMAGE, at_s, at, ClockSource.CAMERA, at + latency_s)


def people(at_s: float, count: int = 1) -> Tracks:
    return Tracks(
        at=at_s,
        xyxy=np.tile(np.array([[64, 36, 128, 180]], np.float32), (count, 1)),
        confidence=np.full(count, 0.75, np.float32),
        class_id=np.full(count, ObjectClass.PERSON, np.int64),
        track_id=np.arange(1, count + 1, dtype=np.int64),
    )


def test_boxes_are_shares_of_the_picture_and_the_time_is_that_of_the_capture() -> None:
    picture = TrailPicture.of(frame(2.0), people(2.0))
    (box,) = picture.boxes
    assert box["box"].tolist() == pytest.approx([0.1, 0.1, 0.2, 0.5])
    assert (box["track_id"], box["class_id"], box["score"]) == (1, ObjectClass.PERSON, 0.75)
    assert (picture.captured_at, picture.clock) == (EPOCH + 2.0, ClockSource.CAMERA)


def test_a_box_that_leaves_the_picture_ends_at_its_edge() -> None:
    beyond = Tracks(
        at=0.0,
        xyxy=np.array([[-20, -10, 700, 400]], np.float32),
        confidence=np.ones(1, np.float32),
        class_id=np.zeros(1, np.int64),
        track_id=np.ones(1, np.int64),
    )
    assert TrailPicture.of(frame(0.0), beyond).boxes["box"].tolist() == [[0, 0, 1, 1]]


def test_pictures_in_which_nobody_was_seen_are_kept_too() -> None:
    trail = Trail(10, 1 << 20)
    trail.add(frame(0.0), Tracks.empty(0.0))
    assert [len(picture.boxes) for picture in trail.pictures()] == [0]


def test_what_is_older_than_the_packets_is_let_go() -> None:
    trail = Trail(10, 1 << 20)
    for at_s in range(30):
        trail.add(frame(at_s), people(at_s))
    assert [p.captured_at - EPOCH for p in trail.pictures()] == list(range(19, 30))
    assert trail.bytes_held == sum(p.bytes_held for p in trail.pictures())


def test_memory_has_a_limit_however_long_the_time_is() -> None:
    trail = Trail(1e9, 20_000)
    for at_s in range(500):
        trail.add(frame(at_s), people(at_s, 24))
        assert trail.bytes_held <= 20_000
    assert trail.pictures()[-1].captured_at == EPOCH + 499


def test_a_minute_of_twenty_four_people_takes_as_much_memory_as_is_said() -> None:
    trail = Trail(60, 1 << 30)
    tracemalloc.start()
    try:
        for number in range(300):  # a minute at five pictures a second
            trail.add(frame(number / 5), people(number / 5, 24))
        really, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert really < 400_000
    assert trail.bytes_held == pytest.approx(really, rel=0.25)
