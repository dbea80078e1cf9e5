"""One thread per camera: opens its source, hands frames on, and opens it again when it fails."""

import dataclasses
import logging
import math
import random
import time
from collections.abc import Callable
from typing import Self

from detector.errors import (
    SourceBroken,
    SourceNotFound,
    SourceRefused,
    StreamError,
)
from detector.pipeline.health import STOPPED, CameraState, Heartbeats
from detector.pipeline.pacing import Pacer
from detector.pipeline.source_thread import BEAT_S, STATES_AFTER, ReaderPlan, SourceThread
from detector.pipeline.tenure import TenuredRing
from detector.streams import (
    Latest,
    Source,
    new_timeline,
    open_source,
)
from detector.types import CameraId, ClockSource, Frame

log = logging.getLogger(__name__)

_DAMAGE_LINE_S = 10.0


class Reader(SourceThread):
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
        before: the reader that this one goes on for; None for the first.
    """

    def __init__(
        self,
        plan: ReaderPlan,
        slots: Latest[CameraId, Frame],
        heartbeats: Heartbeats,
        random: Callable[[], float] = random.random,
        opener: Callable[..., Source] = open_source,
        before: "Reader | None" = None,
    ) -> None:
        super().__init__(plan, heartbeats, random, plan.silence_limit_s, before)
        self.failure: StreamError | None = None
        self._slots = slots
        self._open = opener
        self._timeline = new_timeline(plan.settings)
        if before:
            self._timeline.connect(before._timeline.last_s)  # noqa: SLF001  (never goes back)
        self._retries = plan.live
        self._began_s: float = before._began_s if before else time.monotonic()  # noqa: SLF001
        self._said = (0, -math.inf)  # damage that was logged, and when
        slots.open(plan.camera)

    def stop(self) -> None:
        """Ask the thread to end and hand over nothing any more; returns at once."""
        super().stop()
        self._slots.end(self.plan.camera)

    def _successor(self) -> Self:
        return type(self)(self.plan, self._slots, self._heartbeats, self._random, self._open, self)

    @property
    def _patience_s(self) -> float:
        return math.inf if self._waits_for_analysis else super()._patience_s

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
        ring = None if plan.ring is None else TenuredRing(plan.ring, self._tenure)
        with self._open(
            plan.settings,
            plan.camera,
            plan.detect_fps,
            timeline,
            self._progress,
            ring=ring,
            check=self._tenure.check,
        ) as source:
            self._beat()
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
        while wait_s > 0.0 and not self._stopping.wait(min(wait_s, BEAT_S)):
            self._beat()
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
        if waiting:  # not within the tenure, which nobody may hold for long; it is never ended
            self._slots.put_waiting(self.plan.camera, frame)
        with self._tenure:
            replaced = not waiting and self._slots.put(self.plan.camera, frame)
            self.monitor.received(frame, self._progress, replaced=replaced)
            self._heartbeats.beat(self.name)
        self._say_damage(now_s)

    def _failed(self, error: StreamError) -> bool:
        """Note why a connection failed and wait before the next; True to try again."""
        if not self._retries:
            again = self.plan.settings.loop and self._healthy[0] > 0.0
            if again and self.failure is None:  # each round ends like this: once is enough
                log.warning("%s; it is played again", error)
            self.failure = error
            return again
        return self._wait_after(error)

    def _end(self) -> None:
        camera, error = self.plan.camera, self.failure
        if isinstance(error, SourceNotFound | SourceRefused):
            self._change(STATES_AFTER[type(error)], self._reason(error))
        else:
            whole = STOPPED if self._stopping.is_set() else "end of the recording"
            self._change(CameraState.ENDED, self._reason(error) if error else whole)
        with self._tenure:
            self._slots.end(camera)
            self._heartbeats.forget(self.name)

    def _say_damage(self, now_s: float) -> None:
        """Tell of damaged pictures in one line for all of the last seconds."""
        said, said_s = self._said
        corrupt = self._progress.corrupt
        if corrupt > said and now_s - said_s >= _DAMAGE_LINE_S:
            self._said = (corrupt, now_s)
            camera, new = self.plan.camera, corrupt - said
            log.warning("camera %s: %d damaged pictures or packets", camera, new)
