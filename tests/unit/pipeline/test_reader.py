"""The supervisor alone, with sources that follow a script."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pytest

from detector.errors import SourceBroken, SourceNotFound, SourceRefused, SourceTimeout
from detector.pipeline.backoff import ReconnectSettings
from detector.pipeline.health import CameraState, Heartbeats
from detector.pipeline.reader import Reader
from detector.pipeline.source_thread import ReaderPlan
from detector.streams import InputSettings, Latest, PacketRing, SourceProgress, Timeline
from detector.types import CameraId, ClockSource, Frame

CAMERA = CameraId("north")
IMAGE = np.zeros((2, 2, 3), np.uint8)
QUICK = ReconnectSettings(first_s=0.01, cap_s=0.02, jitter=0.0)
Step = Exception | int  # raise it, or give so many frames


@dataclass
class ScriptedSource:
    """Gives frames, then raises or ends."""

    timeline: Timeline
    progress: SourceProgress
    live: bool
    steps: list[Step]
    bursty: bool = False
    fps: float | None = None
    duration_s: float | None = None
    closed: bool = False

    def __iter__(self) -> Iterator[Frame]:
        for step in self.steps:
            if isinstance(step, Exception):
                raise step
            for _ in range(step):
                pts = self.timeline.place(None, 0.001)
                self.progress.frames += 1
                self.progress.decoded += 1
                index = self.progress.frames - 1
                yield Frame(CAMERA, index, IMAGE, pts, 0.0, ClockSource.NONE, 0.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.closed = True

    def describe(self) -> str:
        return "scripted"


@dataclass
class Script:
    """Opens one scripted source after the other; an Exception for steps fails the opening."""

    connections: list[list[Step] | Exception]
    live: bool = True
    opened: list[ScriptedSource] = field(default_factory=list)

    def open(
        self,
        _settings: InputSettings,
        _camera: CameraId,
        _fps: float | None,
        timeline: Timeline,
        progress: SourceProgress,
        ring: PacketRing | None = None,  # noqa: ARG002  (as open_source is called)
        check: Callable[[], None] | None = None,  # noqa: ARG002
    ) -> ScriptedSource:
        connection = self.connections.pop(0) if self.connections else SourceTimeout("north: gone")
        if isinstance(connection, Exception):
            raise connection
        self.opened.append(ScriptedSource(timeline, progress, self.live, connection))
        return self.opened[-1]


@dataclass
class Run:
    """A reader at work, and what came out."""

    reader: Reader
    slots: Latest[CameraId, Frame]
    heartbeats: Heartbeats

    def until(self, happened: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + 30.0
        while not happened():
            assert time.monotonic() < deadline_s, self.reader.monitor.snapshot()
            time.sleep(0.005)

    @property
    def state(self) -> CameraState:
        return self.reader.monitor.snapshot().state


@pytest.fixture
def run() -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(script: Script, settings: InputSettings) -> Run:
        slots, heartbeats = Latest[CameraId, Frame](), Heartbeats()
        plan = ReaderPlan(CAMERA, settings, None, QUICK)
        reader = Reader(plan, slots, heartbeats, opener=script.open)
        runs.append(Run(reader, slots, heartbeats))
        reader.start()
        return runs[-1]

    yield begin
    for each in runs:
        each.reader.stop()
        assert each.reader.join(30.0)


LIVE = InputSettings(path="rtsp://user:hidden@192.0.2.1/1")
FILE = InputSettings(path="a.mp4", pace="fast")


def test_a_camera_that_is_not_there_at_first_is_tried_for_ever(run: Callable[..., Run]) -> None:
    script = Script([SourceBroken("camera north: refused")] * 20 + [[1, SourceBroken("x")]])

    active = run(script, LIVE)

    active.until(lambda: active.reader.monitor.snapshot().connects == 1)


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (SourceRefused, CameraState.AUTH_FAILED),
        (SourceNotFound, CameraState.NOT_FOUND),
        (SourceTimeout, CameraState.STALLED),
        (SourceBroken, CameraState.BACKOFF),
        (ZeroDivisionError, CameraState.BACKOFF),
    ],
)
def test_each_kind_of_failure_has_its_state_and_reason(
    run: Callable[..., Run], error: type[Exception], state: CameraState
) -> None:
    active = run(Script([error("camera north: because")] * 10_000), LIVE)

    active.until(lambda: active.reader.monitor.snapshot().failures >= 3)

    health = active.reader.monitor.snapshot()
    assert health.state is state
    assert health.reason in ("because", "internal error (ZeroDivisionError)")


def test_repeated_failures_are_one_line_in_the_log(
    run: Callable[..., Run], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    active = run(Script([SourceBroken("camera north: refused")] * 10_000), LIVE)

    active.until(lambda: active.reader.monitor.snapshot().failures >= 10)

    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["camera north: backoff: refused"]


def test_every_connection_is_closed_and_stream_time_goes_on(run: Callable[..., Run]) -> None:
    script = Script([[3, SourceBroken("x")], [3, SourceTimeout("y")], [3, SourceBroken("z")]])
    active = run(script, LIVE)

    active.until(lambda: len(script.opened) == 3 and active.state is CameraState.STALLED)

    assert all(source.closed for source in script.opened)
    assert active.reader.monitor.snapshot().connects == 3
    (frame,) = active.slots.take(5.0)
    assert frame.index == 8
    assert frame.pts > 8 * 0.001


def test_a_slow_analysis_gets_the_newest_frame_and_the_drops_are_counted(
    run: Callable[..., Run],
) -> None:
    active = run(Script([[100, SourceBroken("x")]]), LIVE)

    active.until(lambda: active.state is CameraState.STALLED)

    assert [frame.index for frame in active.slots.take(5.0)] == [99]
    assert active.reader.monitor.snapshot().drops == 99


def test_a_recording_gives_every_frame_and_ends(run: Callable[..., Run]) -> None:
    active = run(Script([[20]], live=False), FILE)

    taken = []
    while not active.slots.drained:
        taken += [frame.index for frame in active.slots.take(5.0)]

    assert taken == list(range(20))
    active.until(lambda: active.state is CameraState.ENDED)
    assert active.reader.failure is None
    assert active.reader.monitor.snapshot().drops == 0
    assert active.heartbeats.late() == {}


@pytest.mark.parametrize(
    ("connection", "state"),
    [
        (SourceNotFound("camera north: a.mp4: expected a file"), CameraState.NOT_FOUND),
        (SourceBroken("camera north: a.mp4: expected a video"), CameraState.ENDED),
        ([2, SourceBroken("camera north: a.mp4: breaks off")], CameraState.ENDED),
    ],
)
def test_a_recording_that_fails_is_not_tried_again_and_says_why(
    run: Callable[..., Run], connection: list[Step] | Exception, state: CameraState
) -> None:
    active = run(Script([connection], live=False), FILE)

    while not active.slots.drained:
        active.slots.take(5.0)

    active.until(lambda: active.state is state)
    assert active.reader.failure is not None
    assert active.reader.monitor.snapshot().reason.startswith("a.mp4: ")


def test_a_looped_recording_begins_again_and_stays_live(run: Callable[..., Run]) -> None:
    settings = InputSettings(path="a.mp4", loop=True)
    script = Script([[2]] * 3 + [[10_000]], live=False)
    active = run(script, settings)

    active.until(lambda: len(script.opened) == 4)

    assert active.state is CameraState.LIVE
    assert active.reader.monitor.snapshot().connects == 1


def test_a_looped_recording_without_a_single_frame_is_not_looped(run: Callable[..., Run]) -> None:
    settings = InputSettings(path="a.mp4", loop=True)
    script = Script([SourceBroken("a.mp4: expected pictures, found none")], live=False)
    active = run(script, settings)

    active.until(lambda: active.state is CameraState.ENDED)

    assert script.opened == []


def test_a_recording_played_as_a_camera_happens_now(run: Callable[..., Run]) -> None:
    active = run(Script([[1]], live=False), InputSettings(path="a.mp4"))

    (frame,) = active.slots.take(30.0)

    assert frame.clock is ClockSource.ARRIVAL
    assert frame.captured_at == frame.decoded_at == pytest.approx(time.time(), abs=60.0)


def test_a_stopped_reader_ends_at_once_even_in_the_longest_wait() -> None:
    slots, heartbeats = Latest[CameraId, Frame](), Heartbeats()
    patient = ReconnectSettings(first_s=3600.0, cap_s=3600.0)
    script = Script([SourceRefused("camera north: no")])
    reader = Reader(ReaderPlan(CAMERA, LIVE, None, patient), slots, heartbeats, opener=script.open)
    reader.start()

    reader.stop()

    assert reader.join(30.0)
    assert slots.drained
