"""What all threads that read a camera have in common: states, log lines, reconnecting."""

import dataclasses
import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from detector.errors import SourceBroken, SourceNotFound, SourceRefused, SourceTimeout, StreamError
from detector.pipeline.backoff import Backoff, ReconnectSettings
from detector.pipeline.health import CameraMonitor, CameraState, Heartbeats
from detector.pipeline.tenure import Relieved, Tenure
from detector.streams import InputSettings, PacketRing, SourceProgress, is_live
from detector.types import CameraId

log = logging.getLogger(__name__)

STATES_AFTER: dict[type[StreamError], CameraState] = {
    SourceRefused: CameraState.AUTH_FAILED,
    SourceNotFound: CameraState.NOT_FOUND,
    SourceTimeout: CameraState.STALLED,
    SourceBroken: CameraState.BACKOFF,
}
BEAT_S = 1.0
NAME_LOOKUP_S = 15.0
"""Looking up a camera's name has a time-out of its own, which nobody here can set."""
_WELL = (CameraState.CONNECTING, CameraState.LIVE, CameraState.ENDED)


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


class SourceThread:
    """Keeps one input open on a thread of its own; what is read is the subclass's affair.

    Nothing leaves the thread but within its tenure. One that hangs is relieved by another object
    of its class, which goes on with the same monitor and the counters where they stood.

    Args:
        plan: what to read.
        heartbeats: shows that the thread runs.
        random: numbers in 0..1 for the jitter of the waits.
        silence_limit_s: seconds without anything after which it is stalled; None for recordings.
        before: the thread that this one goes on for; None for the first.
    """

    kind = "reader"
    _said_first = ""

    def __init__(
        self,
        plan: ReaderPlan,
        heartbeats: Heartbeats,
        random: Callable[[], float],
        silence_limit_s: float | None,
        before: "SourceThread | None" = None,
    ) -> None:
        self.plan = plan
        self.monitor: CameraMonitor = (
            before.monitor if before else CameraMonitor(plan.camera, silence_limit_s)
        )
        self._heartbeats = heartbeats
        self._backoff = Backoff(plan.reconnect, random)
        self._random = random
        self._progress = SourceProgress()
        if before:  # a copy: the thread that hangs may still write to its own
            self._progress = dataclasses.replace(before._progress, clock=None)  # noqa: SLF001
        self._tenure = Tenure()
        self._stopping = threading.Event()
        self._healthy = (0.0, 0.0)  # monotonic seconds of this connection's first and last sign
        self._thread = threading.Thread(target=self._work, name=self.name, daemon=True)

    @property
    def name(self) -> str:
        """Name of the thread and of its heartbeat."""
        return f"{self.kind}:{self.plan.camera}"

    @property
    def _patience_s(self) -> float:
        """Seconds without a beat after which the thread is late.

        An attempt to connect may use its time-out more than once, and looking up a name comes on
        top.
        """
        due_s = 2.0 / (self.plan.detect_fps or math.inf)
        return 3 * self.plan.settings.stall_s + due_s + NAME_LOOKUP_S

    def start(self) -> None:
        """Start the thread."""
        self._heartbeats.expect(self.name, self._patience_s)
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._stopping.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread; False if it is still busy, at most ``stall_s`` inside a library.

        The thread is a daemon: a process that ends need not wait for a camera that does not answer.
        One that was never started (the system refused it) is not waited for.
        """
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self.alive

    @property
    def alive(self) -> bool:
        """The thread was started and has not ended."""
        return self._thread.is_alive()

    def relieve(self) -> Self:
        """Cut this thread off for good, and give one that goes on for it; it is not started.

        Nothing that this thread does later is seen by anybody. If it ever comes back from where it
        hangs, it closes its source and ends.
        """
        self._tenure.end()
        self._stopping.set()
        return self._successor()

    def _successor(self) -> Self:
        """Make another thread of the same plan with ``before=self``."""
        raise NotImplementedError

    def _work(self) -> None:
        try:
            self._run()
        except Relieved:
            log.info("%s: came back after it was given up, and ended", self.name)

    def _run(self) -> None:
        raise NotImplementedError

    def _beat(self) -> None:
        with self._tenure:
            self._heartbeats.beat(self.name)

    def _wait_after(self, error: StreamError) -> bool:
        """Note why a connection failed and wait before the next; False once it was stopped."""
        state = STATES_AFTER.get(type(error), CameraState.BACKOFF)
        first_s, last_s = self._healthy
        refused = state is CameraState.AUTH_FAILED
        wait_s = self._backoff.after_failure(last_s - first_s, refused=refused)
        silent_s = self.plan.settings.stall_s if state is CameraState.STALLED else 0.0
        self._change(state, self._reason(error), self._backoff.failures, silent_s)
        deadline_s = time.monotonic() + wait_s
        while (left_s := deadline_s - time.monotonic()) > 0.0:
            if self._stopping.wait(min(left_s, BEAT_S)):
                return False
            self._beat()
        return True

    def _reason(self, error: StreamError) -> str:
        """Give the error's words without the camera, which everybody knows who asks a camera."""
        return str(error).removeprefix(f"camera {self.plan.camera}: ")

    def _change(
        self, state: CameraState, reason: str = "", failures: int = 0, silent_s: float = 0.0
    ) -> None:
        """Set the state; one line in the log for each change, none for each repetition."""
        with self._tenure:
            changed = self.monitor.change(state, reason, failures, silent_s)
        if changed:
            level = logging.INFO if state in _WELL else logging.WARNING
            said = f"{self._said_first}{state}{reason and f': {reason}'}"
            log.log(level, "camera %s: %s", self.plan.camera, said)
