"""One thread per main stream: takes its packets for clips, decodes nothing, and reconnects."""

import logging
import math
import random
import threading
import time
from collections.abc import Callable

from detector.errors import SourceBroken, StreamError
from detector.pipeline.backoff import Backoff
from detector.pipeline.health import CameraMonitor, CameraState, Heartbeats
from detector.pipeline.reader import STATES_AFTER, ReaderPlan
from detector.streams import PacketRing, PacketStream, SourceProgress, open_packets

log = logging.getLogger(__name__)

_BEAT_S = 1.0


class RecordReader:
    """Keeps the packets of one camera's main stream in a ring until it is stopped.

    It is retried for ever, the first time as well. ``monitor`` tells how it is doing; it is live
    from its first key frame on, before which nothing can be kept.

    Args:
        plan: the input with the role "record" alone; its ``ring`` is where the packets go.
        heartbeats: shows that the thread runs.
        random: numbers in 0..1 for the jitter of the waits.
        opener: opens the source.

    Raises:
        ValueError: the plan has no ring.
    """

    def __init__(
        self,
        plan: ReaderPlan,
        heartbeats: Heartbeats,
        random: Callable[[], float] = random.random,
        opener: Callable[..., PacketStream] = open_packets,
    ) -> None:
        if plan.ring is None:
            raise ValueError(f"camera {plan.camera}: expected a ring to record to, found none")
        self.plan = plan
        self.ring: PacketRing = plan.ring
        self.monitor = CameraMonitor(plan.camera, plan.settings.stall_s)
        self._heartbeats = heartbeats
        self._open = opener
        self._backoff = Backoff(plan.reconnect, random)
        self._progress = SourceProgress()
        self._stopping = threading.Event()
        self._healthy = (0.0, 0.0)  # monotonic seconds of this connection's first and last packet
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    @property
    def name(self) -> str:
        """Name of the thread and of its heartbeat."""
        return f"record:{self.plan.camera}"

    def start(self) -> None:
        """Start the thread."""
        self._heartbeats.expect(self.name, 3 * self.plan.settings.stall_s + 15.0)
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end; returns at once."""
        self._stopping.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread; False if it is still busy, at most ``stall_s`` inside a library."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._read()
            except StreamError as error:
                self._wait_after(error)
            except Exception as error:  # the top of the thread: our own fault must not end clips
                log.exception("camera %s: recording failed", self.plan.camera)
                self._wait_after(SourceBroken(f"internal error ({type(error).__name__})"))
        self._change(CameraState.ENDED, "stopped")
        self._heartbeats.forget(self.name)

    def _read(self) -> None:
        """Read one connection until it fails (StreamError) or the reader is stopped."""
        self._healthy = (0.0, 0.0)
        plan, live, beaten_s = self.plan, False, -math.inf
        with self._open(plan.settings, plan.camera, self.ring, self._progress) as stream:
            log.info("camera %s: %s", plan.camera, stream.describe())
            for packet in stream:
                if self._stopping.is_set():
                    return
                now_s = time.monotonic()
                self._healthy = (self._healthy[0] or now_s, now_s)
                if packet.is_key and not live:
                    live = True
                    self._change(CameraState.LIVE)
                if live:
                    self.monitor.recorded(packet, self._progress, stream.clock)
                if now_s - beaten_s >= _BEAT_S:
                    beaten_s = now_s
                    self._heartbeats.beat(self.name)

    def _wait_after(self, error: StreamError) -> None:
        """Note why a connection failed, and wait before the next."""
        state = STATES_AFTER.get(type(error), CameraState.BACKOFF)
        first_s, last_s = self._healthy
        refused = state is CameraState.AUTH_FAILED
        wait_s = self._backoff.after_failure(last_s - first_s, refused=refused)
        reason = str(error).removeprefix(f"camera {self.plan.camera}: ")
        self._change(state, reason, self._backoff.failures)
        deadline_s = time.monotonic() + wait_s
        while (left_s := deadline_s - time.monotonic()) > 0.0:
            if self._stopping.wait(min(left_s, _BEAT_S)):
                return
            self._heartbeats.beat(self.name)

    def _change(self, state: CameraState, reason: str = "", failures: int = 0) -> None:
        """Set the state; one line in the log for each change, none for each repetition."""
        if self.monitor.change(state, reason, failures):
            well = state in (CameraState.LIVE, CameraState.ENDED)
            level = logging.INFO if well else logging.WARNING
            said = reason and f": {reason}"
            log.log(level, "camera %s: recording %s%s", self.plan.camera, state, said)
