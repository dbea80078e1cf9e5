"""Readers that hang where no time-out reaches them, and what they do when they come back."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Self

import numpy as np
import pytest

from detector.errors import SourceTimeout
from detector.pipeline.backoff import ReconnectSettings
from detector.pipeline.camera_guard import link_of
from detector.pipeline.health import CameraHealth, CameraState, Heartbeats
from detector.pipeline.reader import Reader
from detector.pipeline.reader_post import ReaderPost
from detector.pipeline.record_reader import RecordReader
from detector.pipeline.relief import LOOKS, MOST_STUCK, MOST_STUCK_OF_STREAM, Relief
from detector.pipeline.source_thread import ReaderPlan
from detector.pipeline.tenure import Relieved
from detector.streams import (
    InputSettings,
    Latest,
    PacketRing,
    PacketTaker,
    SourceProgress,
    Timeline,
)
from detector.streams.packets import Coding, Packet
from detector.types import CameraId, ClockSource, Frame

IMAGE = np.zeros((2, 2, 3), np.uint8)
CODING = Coding("h264", 64, 48, b"", Fraction(1, 90_000))
QUICK = ReconnectSettings(first_s=0.01, cap_s=0.02, jitter=0.0)
LONG_S = 1000.0
"""Longer than any reader may be silent."""


@dataclass
class Hanging:
    """A camera whose connections hang, in opening or after so many pictures, until they are let go.

    The first ``hang`` connections do; later ones give a picture each time :meth:`show` is called.
    """

    name: str = "north"
    hang: int = 1
    at_opening: bool = False
    let_go: threading.Event = field(default_factory=threading.Event)
    hung: int = 0
    opened: int = 0
    closed: int = 0
    checks: list[Callable[[], None]] = field(default_factory=list)
    fps: float | None = None
    duration_s: float | None = None
    live: bool = True
    bursty: bool = False
    clock = ClockSource.ARRIVAL
    _shown: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def show(self) -> None:
        self._shown.release()

    def open(
        self,
        _settings: InputSettings,
        _camera: CameraId,
        _fps: float | None,
        timeline: Timeline,
        progress: SourceProgress,
        ring: PacketTaker | None = None,
        check: Callable[[], None] | None = None,
    ) -> "Connection":
        assert check is not None
        self.checks.append(check)
        return self._connect(Connection(self, self.opened < self.hang, progress, timeline, ring))

    def open_packets(
        self,
        _settings: InputSettings,
        _camera: CameraId,
        ring: PacketTaker,
        progress: SourceProgress,
    ) -> "Connection":
        return self._connect(Connection(self, self.opened < self.hang, progress, None, ring))

    def _connect(self, connection: "Connection") -> "Connection":
        self.opened += 1
        if connection.hangs and self.at_opening:
            self.wait_for_ever()
        return connection

    def wait_for_ever(self) -> None:
        self.hung += 1
        assert self.let_go.wait(60.0)

    def wait_to_show(self) -> None:
        if not self._shown.acquire(timeout=30.0):
            raise SourceTimeout("nothing was to be shown")


@dataclass
class Connection:
    """One picture, then the hang; or one each time one is to be shown."""

    camera: Hanging
    hangs: bool
    progress: SourceProgress
    timeline: Timeline | None
    ring: PacketTaker | None
    live = True
    bursty = False
    clock = ClockSource.ARRIVAL

    def __iter__(self) -> Iterator[Frame | Packet]:
        yield self._next()
        while True:
            if self.hangs:
                self.camera.wait_for_ever()
            else:
                self.camera.wait_to_show()
            yield self._next()

    def _next(self) -> Frame | Packet:
        now = time.time()
        packet = Packet(b"p", CODING, 0, 0, is_key=True, captured_at=now, arrived_at=now)
        if self.ring is not None:
            self.ring.add(packet)
        if self.timeline is None:
            return packet
        self.progress.frames += 1
        self.progress.decoded += 1
        pts = self.timeline.place(None, 0.001)
        index = self.progress.frames - 1
        return Frame(CameraId(self.camera.name), index, IMAGE, pts, now, ClockSource.NONE, now)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.camera.closed += 1

    def describe(self) -> str:
        return "hanging"


class Stand:
    """Posts whose readers follow a :class:`Hanging`, and heartbeats whose clock a test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.heartbeats = Heartbeats(lambda: self.now_s)
        self.slots = Latest[CameraId, Frame]()
        self.cameras: list[Hanging] = []
        self.posts: list[ReaderPost] = []
        self.rings: list[PacketRing] = []

    def add(self, camera: Hanging, *, record: bool = False, path: str = "rtsp://192.0.2.1") -> None:
        ring = PacketRing(60.0, 1 << 20)
        settings = InputSettings(path=path)
        plan = ReaderPlan(CameraId(camera.name), settings, None, QUICK, ring)
        reader = (
            RecordReader(plan, self.heartbeats, opener=camera.open_packets)
            if record
            else Reader(plan, self.slots, self.heartbeats, opener=camera.open)
        )
        self.cameras.append(camera)
        self.rings.append(ring)
        self.posts.append(ReaderPost(reader))

    def begin(self) -> Relief:
        self.relief = Relief(self.posts, self.heartbeats)
        for post in self.posts:
            post.start()
        return self.relief

    def until_hung(self, times: int = 1) -> None:
        until(lambda: all(camera.hung >= times for camera in self.cameras))

    def look(self, looks: int = LOOKS) -> None:
        """Let a long time pass in which no reader beats, then look so often."""
        self.now_s += LONG_S
        for _ in range(looks):
            self.relief.look()

    def health(self, number: int = 0) -> CameraHealth:
        return self.posts[number].monitor.snapshot()

    def close(self) -> None:
        for post in self.posts:
            post.stop()
        for camera in self.cameras:
            camera.let_go.set()
            for _ in range(10):
                camera.show()
        assert all(post.join(30.0) for post in self.posts)


def until(happened: Callable[[], object]) -> None:
    deadline_s = time.monotonic() + 30.0
    while not happened():
        assert time.monotonic() < deadline_s
        time.sleep(0.005)


@pytest.fixture
def stand() -> Iterator[Stand]:
    made = Stand()
    yield made
    made.close()


def test_a_reader_that_hangs_is_replaced_and_the_camera_lives_again(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    stand.add(Hanging())
    stand.begin()
    stand.until_hung()
    (before,) = stand.slots.take(5.0)

    stand.look()

    until(lambda: stand.health().state is CameraState.LIVE)
    (after,) = stand.slots.take(5.0)
    assert (before.index, after.index) == (0, 1), "counters go on"
    assert after.pts > before.pts, "and so does stream time"
    health = stand.health()
    assert (health.connects, health.replaced, health.stuck) == (2, 1, 1)
    assert stand.relief.trouble == ""
    assert stand.heartbeats.late() == {}
    assert "reader:north: hangs in a library, no sign of life for 1000 s; replaced" in caplog.text


@pytest.mark.parametrize("at_opening", [False, True])
def test_a_reader_that_comes_back_after_it_was_replaced_delivers_nothing_and_ends(
    stand: Stand, caplog: pytest.LogCaptureFixture, *, at_opening: bool
) -> None:
    caplog.set_level(logging.INFO)
    camera = Hanging(at_opening=at_opening)
    stand.add(camera)
    stand.begin()
    stand.until_hung()
    stand.look()
    until(lambda: stand.health().state is CameraState.LIVE)
    stand.slots.take(5.0)
    health, held = stand.health(), stand.rings[0].bytes_held

    camera.let_go.set()

    until(lambda: stand.posts[0].count_stuck() == 0)
    assert stand.slots.take(0.0) == []
    assert stand.rings[0].bytes_held == held
    now = stand.health()
    assert (now.state, now.frames, now.connects) == (health.state, health.frames, health.connects)
    assert (now.last_frame_at, now.replaced) == (health.last_frame_at, 1)
    assert "reader:north" in stand.heartbeats._limits_s, "the new one is still looked after"
    assert camera.closed == 1, "the old connection"
    assert "reader:north: came back after it was given up, and ended" in caplog.text


def test_a_source_learns_that_its_reader_was_given_up_before_it_touches_what_is_shared(
    stand: Stand,
) -> None:
    stand.add(Hanging())
    stand.begin()
    stand.until_hung()
    stand.cameras[0].checks[0]()
    stand.look()
    until(lambda: len(stand.cameras[0].checks) == 2)
    with pytest.raises(Relieved):
        stand.cameras[0].checks[0]()
    stand.cameras[0].checks[1]()


def test_why_a_camera_has_no_picture_is_said_until_the_new_reader_knows_better(
    stand: Stand,
) -> None:
    stand.add(Hanging(hang=2, at_opening=True))
    stand.begin()
    stand.until_hung()

    stand.look()

    health = stand.health()
    assert health.state is CameraState.STALLED
    assert health.reason == "its reader hung in a library for 1000 s and was replaced"
    link = link_of(health)
    assert link is not None
    assert not link.up, "which becomes camera_offline like any silence"


def test_a_stream_whose_readers_all_hang_gets_no_more_of_them_and_says_so(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    camera = Hanging(hang=MOST_STUCK_OF_STREAM + 1)
    stand.add(camera)
    stand.begin()
    for times in range(1, MOST_STUCK_OF_STREAM + 2):
        stand.until_hung(times)
        stand.look(2 * LOOKS)

    assert camera.opened == MOST_STUCK_OF_STREAM + 1
    health = stand.health()
    assert (health.state, health.stuck) == (CameraState.STALLED, MOST_STUCK_OF_STREAM)
    assert "is not replaced, 2 others of this stream hang already" in health.reason
    assert stand.relief.trouble == f"reader:north: {health.reason}: restart the service"
    assert caplog.text.count("is not replaced") == 1
    assert list(stand.heartbeats.late()) == ["reader:north"]


def test_a_reader_that_was_not_replaced_and_comes_back_goes_on(stand: Stand) -> None:
    camera = Hanging(hang=MOST_STUCK_OF_STREAM + 1)
    stand.add(camera)
    stand.begin()
    for times in range(1, MOST_STUCK_OF_STREAM + 2):
        stand.until_hung(times)
        stand.look()

    camera.let_go.set()

    until(lambda: stand.health().state is CameraState.LIVE)
    stand.relief.look()
    assert stand.relief.trouble == ""
    until(lambda: stand.posts[0].count_stuck() == 0)


def test_all_cameras_together_get_a_bounded_number_of_further_readers(stand: Stand) -> None:
    for number in range(MOST_STUCK + 2):
        stand.add(Hanging(f"c{number}", at_opening=True))
    stand.begin()
    stand.until_hung()

    stand.look(3 * LOOKS)

    assert sum(camera.opened for camera in stand.cameras) == 2 * MOST_STUCK + 2
    assert stand.relief.trouble.count("8 others of all cameras hang already") == 2
    stand.cameras[0].let_go.set()
    until(lambda: stand.posts[0].count_stuck() == 0)
    stand.relief.look()
    assert stand.relief.trouble.count("hang already") == 1, "one came back, one more may start"


def test_after_the_whole_process_stood_still_nobody_is_replaced(stand: Stand) -> None:
    camera = Hanging(hang=0)
    stand.add(camera)
    stand.begin()
    until(lambda: stand.health().connects == 1)
    for _ in range(3):
        stand.look(LOOKS - 1)
        frames = stand.health().frames
        camera.show()
        until(lambda frames=frames: stand.health().frames > frames)
        stand.relief.look()
    assert (camera.opened, stand.health().replaced) == (1, 0)


def test_a_recording_that_hangs_is_not_begun_again_but_told(stand: Stand) -> None:
    stand.add(Hanging(), path="a.mp4")
    stand.begin()
    stand.until_hung()

    stand.look()

    assert stand.health().state is CameraState.STALLED
    assert "a recording is not begun again" in stand.relief.trouble


def test_a_reader_of_packets_is_replaced_and_cut_off_alike(stand: Stand) -> None:
    camera = Hanging()
    stand.add(camera, record=True)
    stand.begin()
    stand.until_hung()
    stand.look()
    until(lambda: stand.health().connects == 2)
    held = stand.rings[0].bytes_held

    camera.let_go.set()

    until(lambda: stand.posts[0].count_stuck() == 0)
    assert stand.rings[0].bytes_held == held == 2
    assert stand.health().state is CameraState.LIVE
    assert camera.closed == 1


def test_once_the_service_stops_nobody_is_replaced(stand: Stand) -> None:
    camera = Hanging()
    stand.add(camera)
    stand.begin()
    stand.until_hung()
    stand.posts[0].stop()

    stand.look()

    assert camera.opened == 1


def test_the_thread_looks_by_itself_and_ends(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detector.pipeline.relief.LOOK_EVERY_S", 0.001)
    camera = Hanging()
    stand.add(camera)
    stand.begin().start()
    stand.until_hung()
    stand.now_s += LONG_S
    until(lambda: stand.health().replaced == 1)
    assert stand.relief.stop()
    assert stand.heartbeats.late() == {}


def test_a_reader_whose_thread_cannot_be_started_can_be_joined_and_is_replaced_later(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads run out where too many hang; a stop then must not forget the other readers."""
    stand.add(Hanging())
    stand.begin()
    stand.until_hung()

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="new thread"):
            stand.look()
    assert stand.posts[0].join(1.0)
    stand.look()
    until(lambda: stand.health().state is CameraState.LIVE)
    assert (stand.health().replaced, stand.posts[0].count_stuck()) == (2, 1)
