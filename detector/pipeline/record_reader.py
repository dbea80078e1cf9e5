"""One thread per main stream: takes its packets for clips, decodes nothing, and reconnects."""

import logging
import math
import random
import time
from collections.abc import Callable
from typing import Self

from detector.errors import SourceBroken, StreamError
from detector.pipeline.health import STOPPED, CameraState, Heartbeats
from detector.pipeline.source_thread import BEAT_S, ReaderPlan, SourceThread
from detector.pipeline.tenure import TenuredRing
from detector.streams import PacketRing, PacketStream, open_packets

log = logging.getLogger(__name__)


class RecordReader(SourceThread):
    """Keeps the packets of one camera's main stream in a ring until it is stopped.

    It is retried for ever, the first time as well. ``monitor`` tells how it is doing; it is live
    from its first key frame on, before which nothing can be kept.

    Args:
        plan: the input with the role "record" alone; its ``ring`` is where the packets go.
        heartbeats: shows that the thread runs.
        random: numbers in 0..1 for the jitter of the waits.
        opener: opens the source.
        before: the reader that this one goes on for; None for the first.

    Raises:
        ValueError: the plan has no ring.
    """

    kind = "record"
    _said_first = "recording "

    def __init__(
        self,
        plan: ReaderPlan,
        heartbeats: Heartbeats,
        random: Callable[[], float] = random.random,
        opener: Callable[..., PacketStream] = open_packets,
        before: "RecordReader | None" = None,
    ) -> None:
        if plan.ring is None:
            raise ValueError(f"camera {plan.camera}: expected a ring to record to, found none")
        super().__init__(plan, heartbeats, random, plan.settings.stall_s, before)
        self.ring: PacketRing = plan.ring
        self._open = opener

    def _successor(self) -> Self:
        return type(self)(self.plan, self._heartbeats, self._random, self._open, self)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._read()
            except StreamError as error:
                self._wait_after(error)
            except Exception as error:  # the top of the thread: our own fault must not end clips
                log.exception("camera %s: recording failed", self.plan.camera)
                self._wait_after(SourceBroken(f"internal error ({type(error).__name__})"))
        self._change(CameraState.ENDED, STOPPED)
        with self._tenure:
            self._heartbeats.forget(self.name)

    def _read(self) -> None:
        """Read one connection until it fails (StreamError) or the reader is stopped."""
        self._healthy = (0.0, 0.0)
        plan, live, beaten_s = self.plan, False, -math.inf
        ring = TenuredRing(self.ring, self._tenure)
        with self._open(plan.settings, plan.camera, ring, self._progress) as stream:
            self._beat()
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
                    with self._tenure:
                        self.monitor.recorded(packet, self._progress, stream.clock)
                if now_s - beaten_s >= BEAT_S:
                    beaten_s = now_s
                    self._beat()
