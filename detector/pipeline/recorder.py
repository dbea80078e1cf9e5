"""Commits what the cameras found: the picture, then one transaction; nothing is told before."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from detector.delivery import SinkRoute
from detector.errors import StoreError
from detector.events import Event, Incident
from detector.evidence.snapshot import SnapshotFolder
from detector.incidents import Outcome
from detector.incidents.clip_plan import ClipWish
from detector.incidents.coverage import WatchSpan
from detector.pipeline.camera import Step
from detector.stages import Stage, StageClock
from detector.store import Store
from detector.types import CameraId

log = logging.getLogger(__name__)

MOST_WAITING = 10_000
"""Steps held in memory while the store cannot write; beyond that analysis stops, and says so."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A step without its picture: what waits must not hold megabytes."""

    events: tuple[Event, ...]
    incidents: tuple[Incident, ...]
    states: Mapping[CameraId, str]
    clips: tuple[ClipWish, ...]


class Recorder:
    """Writes events with their pictures; owned by the analysis thread.

    While the store cannot write (disk full, locked), what was found waits here in order and is
    tried again with the next step; the service is not ready meanwhile.

    Args:
        store: where events go.
        routes: the sinks they are queued for.
        snapshots: where pictures go; None keeps none.
        stages: counts the CPU of recording.
        clock: UTC epoch seconds.
    """

    def __init__(
        self,
        store: Store,
        routes: Sequence[SinkRoute],
        snapshots: SnapshotFolder | None,
        stages: StageClock,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._routes = tuple(routes)
        self._snapshots = snapshots
        self._stages = stages
        self._clock = clock
        self._waiting: deque[_Waiting] = deque()
        self._spans: dict[tuple[str, float], WatchSpan] = {}
        self.fault = ""
        self.committed_total = 0
        self.snapshots_failed_total = 0

    @property
    def full(self) -> bool:
        """No more may be recorded before the store works again."""
        return len(self._waiting) >= MOST_WAITING

    @property
    def waiting(self) -> int:
        """Steps that are not committed yet."""
        return len(self._waiting)

    def record(self, step: Step) -> None:
        """Commit what a frame led to, now or as soon as the store can."""
        if not step.events and not step.incidents and step.memory is None:
            self.flush()
            return
        with self._stages.measure(Stage.RECORD):
            events = tuple(self._with_snapshot(event, step) for event in step.events)
            camera = step.picture.frame.camera
            states = {camera: step.memory.model_dump_json()} if step.memory else {}
            self._waiting.append(_Waiting(events, step.incidents, states, step.clips))
            self.flush()

    def record_outcome(self, outcome: Outcome) -> None:
        """Commit what is known of a camera itself, without a picture, now or when the store can."""
        if not outcome.events and not outcome.incidents:
            return
        with self._stages.measure(Stage.RECORD):
            self._waiting.append(_Waiting(outcome.events, outcome.incidents, {}, ()))
            self.flush()

    def record_watch(self, spans: Iterable[WatchSpan]) -> None:
        """Commit when cameras watched, all in one transaction, now or when the store can.

        Of a span only the newest end waits; the oldest spans go when there are too many, and their
        time is unknown then.
        """
        for span in spans:
            self._spans[span.camera, span.began_at] = span
        while len(self._spans) > MOST_WAITING:
            del self._spans[next(iter(self._spans))]
        if self._spans:
            with self._stages.measure(Stage.RECORD):
                self.flush()

    def flush(self) -> bool:
        """Commit what waits, in order; False while the store cannot write."""
        try:
            while self._waiting:
                self._commit(self._waiting[0])
                self._waiting.popleft()
            if self._spans:
                self._store.write_watch(tuple(self._spans.values()))
                self._spans.clear()
        except StoreError as error:
            if not self.fault:
                log.error("events wait in memory, the store cannot write: %s", error)  # noqa: TRY400
            self.fault = str(error)
            return False
        if self.fault:
            log.warning("the store writes again: %s", self._store.where)
            self.fault = ""
        return True

    def _commit(self, first: _Waiting) -> None:
        committed = self._store.append(
            first.events,
            first.incidents,
            self._routes,
            now=self._clock(),
            states=first.states,
            clips=first.clips,
        )
        self.committed_total += len(committed)

    def _with_snapshot(self, event: Event, step: Step) -> Event:
        """Keep the picture of a new happening; an event without it is still an event."""
        if self._snapshots is None:
            return event
        try:
            kept = self._snapshots.keep(event, step.picture)
        except OSError as error:
            self.snapshots_failed_total += 1
            log.error("event %s has no snapshot: %s", event.id, error)  # noqa: TRY400
            return event
        return event.with_snapshot() if kept else event
