"""One thread per camera: opens its source, hands frames on, and opens it again when it fails."""

import dataclasses
import logging
import math
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from detector.errors import (
    SourceBroken,
    SourceNotFound,
    SourceRefused,
    SourceTimeout,
    StreamError,
)
from detector.pipeline.backoff import Backoff, ReconnectSettings
from detector.pipeline.health import STOPPED, CameraMonitor, CameraState, Heartbeats
from detector.pipeline.pacing import Pacer
from detector.streams import (
    InputSettings,
    Latest,
    PacketRing,
    Source,
    SourceProgress,
    is_live,
    new_timeline,
    open_source,
)
from detector.types import CameraId, ClockSource, Frame

log = logging.getLogger(__name__)

STATES_AFTER: dict[type[StreamError], CameraState] = {
    SourceRefused: CameraState.AUTH_FAILED,
    SourceNotFound: CameraState.NOT_FOUND,
    SourceTimeout: CameraState.STALLED,
    SourceBroken: CameraState.BACKOFF,
}
_WELL = (CameraState.CONNECTING, CameraState.LIVE, CameraState.ENDED)
_DAMAGE_LINE_S = 10.0
_BEAT_S = 1.0


@dataclass(frozen=True, slots=True)
class ReaderPlan:
    """What one reader reads.

    Attributes:
        camera: whose frames.
        settings: the input with the role "detect".
        detect_fps: frames wanted per second of stream time; None: every one.
        reconnect: how a live source is reopened.
        ring: gets every packet of a live source, for clips.
    """

    camera: CameraId
    settings: InputSettings
    detect_fps: float | None = None
    reconnect: ReconnectSettings = dataclasses.field(default_factory=ReconnectSettings)
    ring: PacketRing | None = None

    @property
    def live(self) -> bool:
        """Whether it is worth trying again for ever."""
        return is_live(self.settings)

    @property
    def silence_limit_s(self) -> float | None:
        """Seconds without a frame after which the camera is stalled; None for recordings."""
        return self.settings.stall_s + 2.0 / (self.detect_fps or math.inf) if self.live else None


class Reader:
    """Reads one camera until it is stopped, or until its recording ends.

    A live source is retried for ever, the first time as well. A recording is read once, or again
    and again with ``loop``; what ended it is kept in ``failure``. The slots are told when nothing
    more will come.

    Args:
        plan: what to read.
        slots: where the frames go; the reader is a producer there from now on.
        heartbeats: shows that the thread runs.
        random: numbers in 0..1 for the jitter of the waits.
        opener: opens the source.
    """

    def __init__(
        self,
        plan: ReaderPlan,
        slots: Latest[CameraId, Frame],
        heartbeats: Heartbeats,
        random: Callable[[], float] = random.random,
        opener: Callable[..., Source] = open_source,
    ) -> None:
        self.plan = plan
        self.monitor = CameraMonitor(plan.camera, plan.silence_limit_s)
        self.failure: StreamError | None = None
        self._slots = slots
        self._heartbeats = heartbeats
        self._open = opener
        self._backoff = Backoff(plan.reconnect, random)
        self._timeline = new_timeline(plan.settings)
        self._progress = SourceProgress()
        self._retries = plan.live
        self._stopping = threading.Event()
        self._began_s = time.monotonic()
        self._healthy = (0.0, 0.0)  # monotonic seconds of this connection's first and last frame
        self._said = (0, -math.inf)  # damage that was logged, and when
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        slots.open(plan.camera)

    @property
    def name(self) -> str:
        """Name of the thread and of its heartbeat."""
        return f"reader:{self.plan.camera}"

    def start(self) -> None:
        """Start the thread."""
        patient = math.inf if self._waits_for_analysis else 3 * self.plan.settings.stall_s + 15.0
        self._heartbeats.expect(self.name, patient)
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end and hand over nothing any more; returns at once."""
        self._stopping.set()
        self._slots.end(self.plan.camera)

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread; False if it is still busy, at most ``stall_s`` inside a library.

        The thread is a daemon: a process that ends need not wait for a camera that does not answer.
        """
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def _waits_for_analysis(self) -> bool:
        return not self.plan.live and self.plan.settings.pace == "fast"

    def _run(self) -> None:
        again = True
        while again and not self._stopping.is_set():
            try:
                again = self._read()
            except StreamError as error:
                again = self._failed(error)
            except (
                Exception
            ) as error:  # the top of the thread: our own fault must not blind a camera
                log.exception("camera %s: reader failed", self.plan.camera)
                again = self._failed(SourceBroken(f"internal error ({type(error).__name__})"))
        self._end()

    def _read(self) -> bool:
        """Read one connection to its end; True to read once more. Raises StreamError."""
        self._healthy = (0.0, 0.0)
        plan, timeline = self.plan, self._timeline
        with self._open(
            plan.settings,
            plan.camera,
            plan.detect_fps,
            timeline,
            self._progress,
            ring=plan.ring,
        ) as source:
            log.info("camera %s: %s", plan.camera, source.describe())
            self._retries = source.live
            if source.live:
                timeline.connect(time.monotonic() - self._began_s)
            pacer = Pacer() if source.bursty or self._plays(source) else None
            for frame in source:
                due = frame if pacer is None else self._wait_until_due(frame, pacer, source)
                if self._stopping.is_set():
                    return False
                self._hand_on(due, waiting=not source.live and plan.settings.pace == "fast")
        return plan.settings.loop

    def _plays(self, source: Source) -> bool:
        return not source.live and self.plan.settings.pace == "realtime"

    def _wait_until_due(self, frame: Frame, pacer: Pacer, source: Source) -> Frame:
        """Wait as a camera would; the picture is then taken now, unless it is said when it was."""
        wait_s = pacer.wait_s(frame.pts, time.monotonic())
        while wait_s > 0.0 and not self._stopping.wait(min(wait_s, _BEAT_S)):
            self._heartbeats.beat(self.name)
            wait_s = pacer.wait_s(frame.pts, time.monotonic())
        if source.live or frame.clock is ClockSource.CONFIGURED:
            return frame
        now = time.time()
        return dataclasses.replace(
            frame, captured_at=now, clock=ClockSource.ARRIVAL, decoded_at=now
        )

    def _hand_on(self, frame: Frame, *, waiting: bool) -> None:
        now_s = time.monotonic()
        first_s = self._healthy[0] or now_s
        self._healthy = (first_s, now_s)
        if first_s == now_s:
            self._change(CameraState.LIVE)
        replaced = False
        if waiting:
            self._slots.put_waiting(self.plan.camera, frame)
        else:
            replaced = self._slots.put(self.plan.camera, frame)
        self.monitor.received(frame, self._progress, replaced=replaced)
        self._heartbeats.beat(self.name)
        self._say_damage(now_s)

    def _failed(self, error: StreamError) -> bool:
        """Note why a connection failed and wait before the next; True to try again."""
        state = STATES_AFTER.get(type(error), CameraState.BACKOFF)
        first_s, last_s = self._healthy
        if not self._retries:
            again = self.plan.settings.loop and first_s > 0.0
            if again and self.failure is None:  # each round ends like this: once is enough
                log.warning("%s; it is played again", error)
            self.failure = error
            return again
        wait_s = self._backoff.after_failure(
            last_s - first_s, refused=state is CameraState.AUTH_FAILED
        )
        self._change(state, self._reason(error), self._backoff.failures)
        deadline_s = time.monotonic() + wait_s
        while (left_s := deadline_s - time.monotonic()) > 0.0:
            if self._stopping.wait(min(left_s, _BEAT_S)):
                return False
            self._heartbeats.beat(self.name)
        return True

    def _end(self) -> None:
        camera, error = self.plan.camera, self.failure
        if isinstance(error, SourceNotFound | SourceRefused):
            self._change(STATES_AFTER[type(error)], self._reason(error))
        else:
            whole = STOPPED if self._stopping.is_set() else "end of the recording"
            self._change(CameraState.ENDED, self._reason(error) if error else whole)
        self._slots.end(camera)
        self._heartbeats.forget(self.name)

    def _reason(self, error: StreamError) -> str:
        """Give the error's words without the camera, which everybody knows who asks a camera."""
        return str(error).removeprefix(f"camera {self.plan.camera}: ")

    def _change(self, state: CameraState, reason: str = "", failures: int = 0) -> None:
        """Set the state; one line in the log for each change, none for each repetition."""
        if self.monitor.change(state, reason, failures):
            level = logging.INFO if state in _WELL else logging.WARNING
            log.log(level, "camera %s: %s%s", self.plan.camera, state, reason and f": {reason}")

    def _say_damage(self, now_s: float) -> None:
        """Tell of damaged pictures in one line for all of the last seconds."""
        said, said_s = self._said
        corrupt = self._progress.corrupt
        if corrupt > said and now_s - said_s >= _DAMAGE_LINE_S:
            self._said = (corrupt, now_s)
            camera, new = self.plan.camera, corrupt - said
            log.warning("camera %s: %d damaged pictures or packets", camera, new)
