"""The delivery thread: hands committed events to the sinks until each one has them.

The database is the queue. This thread asks it what is due, makes the attempts and writes down every
outcome before the delivery can be attempted again; it holds nothing that a crash could lose.
"""

import asyncio
import functools
import logging
import random
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from detector.delivery import Answer, Decision, Delivery, DeliveryState, Outcome, decide
from detector.errors import StoreError
from detector.events import Event
from detector.sinks.base import Sink

LOG = logging.getLogger(__name__)

THREAD = "delivery"
LATENCY_BOUNDS_S = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0)
"""Upper bounds of the classes in which the time from capture to delivery is counted."""


class Outbox(Protocol):
    """What the dispatcher needs of the store."""

    def claim_deliveries(self) -> None:
        """Reserve the deliveries for this process."""
        ...

    def due(
        self, sink: str, now: float, limit: int, in_flight: Collection[int] = ()
    ) -> tuple[Delivery, ...]:
        """Find deliveries that may be attempted now."""
        ...

    def next_due_at(self, sink: str, now: float, in_flight: Collection[int] = ()) -> float | None:
        """Say when the next one may be attempted."""
        ...

    def record_attempt(
        self, delivery: Delivery, outcome: Outcome, decision: Decision, *, now: float
    ) -> None:
        """Write down an attempt."""
        ...

    def listen(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Be told of commits."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSettings:
    """Seconds that are no matter of configuration, but of tests.

    Attributes:
        poll_s: asked at least so often, should an announcement have been missed.
        store_pause_s: wait before the store is asked again after it failed.
        stop_grace_s: how long attempts that are going on may take to end at the stop.
    """

    poll_s: float = 5.0
    store_pause_s: float = 1.0
    stop_grace_s: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkHealth:
    """How the deliveries to one sink went since the start of this process.

    Attributes:
        sink: its name.
        delivered: attempts that were accepted.
        failed: attempts that were not.
        dead: deliveries given up.
        in_flight: attempts going on now.
        failing_since: UTC epoch seconds of the first of the latest unbroken run of failures; None
            after a success.
        last_detail: what the last attempt came to.
        latencies: how many live events were accepted within each of ``LATENCY_BOUNDS_S`` of their
            capture, or later than all of them; each event counts once.
        latency_sum_s: seconds from capture to acceptance, of all of these together.
    """

    sink: str
    delivered: int = 0
    failed: int = 0
    dead: int = 0
    in_flight: int = 0
    failing_since: float | None = None
    last_detail: str = ""
    latencies: tuple[int, ...] = (0,) * (len(LATENCY_BOUNDS_S) + 1)
    latency_sum_s: float = 0.0

    def with_latency(self, latency_s: float) -> "SinkHealth":
        """Count one more accepted event.

        >>> SinkHealth(sink="hook").with_latency(0.7).latencies
        (0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
        """
        place = bisect_left(LATENCY_BOUNDS_S, latency_s)
        counts = (*self.latencies[:place], self.latencies[place] + 1, *self.latencies[place + 1 :])
        return replace(self, latencies=counts, latency_sum_s=self.latency_sum_s + latency_s)


@dataclass(slots=True)
class _Lane:
    """One sink at work; touched by the delivery thread's event loop only."""

    sink: Sink
    health: SinkHealth
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    sending: dict[int, asyncio.Task[Outcome]] = field(default_factory=dict)
    attempts: dict[int, asyncio.Task[None]] = field(default_factory=dict)


class Dispatcher:
    """Owns the delivery thread."""

    def __init__(
        self,
        outbox: Outbox,
        sinks: Sequence[Sink],
        *,
        settings: DispatchSettings = DispatchSettings(),
        beat: Callable[[], None] = lambda: None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing runs before :meth:`start`.

        Args:
            outbox: the store.
            sinks: where events go; their names are the routes of the store's deliveries.
            settings: pauses.
            beat: called at least every ``poll_s`` seconds while the thread is well.
            draw: random numbers in 0..1 for the jitter.
        """
        self._outbox = outbox
        self._settings = settings
        self._beat = beat
        self._draw = draw
        self._lanes = {sink.name: _Lane(sink, SinkHealth(sink=sink.name)) for sink in sinks}
        self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
        self._stopping = threading.Event()
        self._heart = asyncio.Event()
        self._leave: Callable[[], None] = lambda: None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_lock = threading.Lock()

    def start(self) -> None:
        """Begin to deliver, first of all what earlier runs left.

        Raises:
            StoreError: another process delivers from the same database.
        """
        self._outbox.claim_deliveries()
        self._leave = self._outbox.listen(self.notify)
        self._thread.start()

    def stop(self) -> None:
        """End within ``stop_grace_s`` and the time of one write; what is unsent stays queued."""
        self._stopping.set()
        self.notify()
        if self._thread.ident is not None:
            self._thread.join()
        self._leave()
        self._leave = lambda: None

    def notify(self, _seq: int = 0) -> None:
        """Look at the queue now; may be called from any thread."""
        with self._loop_lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._wake_all)

    def health(self) -> tuple[SinkHealth, ...]:
        """How each sink does; may be called from any thread."""
        return tuple(
            replace(lane.health, in_flight=len(lane.sending)) for lane in self._lanes.values()
        )

    def _wake_all(self) -> None:
        if self._stopping.is_set():
            self._heart.set()
        for lane in self._lanes.values():
            lane.wake.set()

    # --- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                asyncio.run(self._deliver())
            except Exception:  # the top of the thread: whatever it was, deliveries must go on
                LOG.exception("the delivery thread failed and starts again")
                self._stopping.wait(self._settings.store_pause_s)

    async def _deliver(self) -> None:
        self._heart = asyncio.Event()
        for lane in self._lanes.values():
            lane.wake, lane.sending, lane.attempts = asyncio.Event(), {}, {}
            await lane.sink.start()
        with self._loop_lock:
            self._loop = asyncio.get_running_loop()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_beating())
                for lane in self._lanes.values():
                    group.create_task(self._serve(lane))
        finally:
            with self._loop_lock:
                self._loop = None
            for lane in self._lanes.values():
                await lane.sink.close()

    async def _keep_beating(self) -> None:
        while not self._stopping.is_set():
            self._heart.clear()
            self._beat()
            await _wait(self._heart, self._settings.poll_s)

    async def _serve(self, lane: _Lane) -> None:
        """Start what is due whenever something changed or its time has come."""
        while not self._stopping.is_set():
            lane.wake.clear()
            try:
                pause_s = await self._start_due(lane)
            except StoreError as error:
                LOG.warning("sink %s: the queue cannot be read: %s", lane.sink.name, error)
                pause_s = self._settings.store_pause_s
            await _wait(lane.wake, pause_s)
        await self._wind_up(lane)

    async def _start_due(self, lane: _Lane) -> float:
        """Start attempts up to the sink's concurrency; give the seconds until the next is due."""
        name, now = lane.sink.name, time.time()
        free = lane.sink.settings.concurrency - len(lane.attempts)
        ids = tuple(lane.attempts)
        for delivery in await asyncio.to_thread(self._outbox.due, name, now, free, ids):
            attempt = asyncio.create_task(self._attempt(lane, delivery))
            lane.attempts[delivery.id] = attempt
            attempt.add_done_callback(functools.partial(self._ended, lane, delivery.id))
        if len(lane.attempts) >= lane.sink.settings.concurrency:
            return self._settings.poll_s  # an ended attempt wakes the lane
        ids = tuple(lane.attempts)
        due_at = await asyncio.to_thread(self._outbox.next_due_at, name, now, ids)
        if due_at is None:
            return self._settings.poll_s
        return min(max(due_at - time.time(), 0.0), self._settings.poll_s)

    def _ended(self, lane: _Lane, delivery_id: int, attempt: asyncio.Task[None]) -> None:
        lane.attempts.pop(delivery_id, None)
        lane.wake.set()
        if not attempt.cancelled() and attempt.exception() is not None:
            LOG.error("an attempt ended unexpectedly", exc_info=attempt.exception())

    async def _wind_up(self, lane: _Lane) -> None:
        """Let attempts end, cut those that take too long, and write down every known outcome."""
        if lane.sending:
            await asyncio.wait(lane.sending.values(), timeout=self._settings.stop_grace_s)
        for sending in tuple(lane.sending.values()):
            sending.cancel()
        if lane.attempts:
            await asyncio.wait(lane.attempts.values())

    # --- one attempt ------------------------------------------------------------------------------

    async def _attempt(self, lane: _Lane, delivery: Delivery) -> None:
        """Send and write down the outcome; only the sending is ever cancelled, at the stop."""
        sending = asyncio.create_task(lane.sink.send(delivery))
        lane.sending[delivery.id] = sending
        await asyncio.wait({sending})
        del lane.sending[delivery.id]
        if sending.cancelled():
            return  # whether it arrived is unknown: it stays queued and is sent again
        error = sending.exception()
        if error is not None:
            LOG.error("sink %s: defect in the sink", lane.sink.name, exc_info=error)
            outcome = Outcome(Answer.FAILED, f"internal error: {type(error).__name__}")
        else:
            outcome = sending.result()
        now = time.time()
        decision = decide(delivery, outcome, now, lane.sink.settings.retry, self._draw())
        await self._record(delivery, outcome, decision, now)
        self._count(lane, delivery, outcome, decision, now)

    async def _record(
        self, delivery: Delivery, outcome: Outcome, decision: Decision, now: float
    ) -> None:
        """Write down the outcome, as often as it takes."""
        write = functools.partial(self._outbox.record_attempt, delivery, outcome, decision, now=now)
        while True:
            try:
                await asyncio.to_thread(write)
            except StoreError as error:
                LOG.warning("delivery %d: outcome not written yet: %s", delivery.id, error)
                if self._stopping.is_set():
                    return  # it will be sent once more, with the same id
                await asyncio.sleep(self._settings.store_pause_s)
            else:
                return

    def _count(
        self, lane: _Lane, delivery: Delivery, outcome: Outcome, decision: Decision, now: float
    ) -> None:
        before = lane.health
        accepted = outcome.answer is Answer.ACCEPTED
        dead = decision.state is DeliveryState.DEAD
        lane.health = replace(
            before,
            delivered=before.delivered + accepted,
            failed=before.failed + (not accepted),
            dead=before.dead + dead,
            failing_since=None if accepted else before.failing_since or now,
            last_detail=outcome.detail,
        )
        latency_s = latency_of(delivery.body, now) if accepted else None
        if latency_s is not None:
            lane.health = lane.health.with_latency(latency_s)
        name, event_id = lane.sink.name, delivery.event_id
        if accepted and before.failing_since is not None:
            LOG.info("sink %s takes events again after %.0f s", name, now - before.failing_since)
        elif decision.disable_sink:
            LOG.error("sink %s wants no events any more (%s): disabled", name, outcome.detail)
        elif not accepted and before.failing_since is None:
            LOG.warning("sink %s does not take events: %s", name, outcome.detail)
        if dead:
            LOG.error("sink %s: gave up on event %s: %s", name, event_id, outcome.detail)


def latency_of(body: str, now: float) -> float | None:
    """Seconds from the capture of a live event's deciding picture to ``now``; None for recordings.

    The camera's clock may be ahead of this machine's: the least is 0.
    """
    event = Event.model_validate_json(body)
    if event.time is None or event.data.latency is None:
        return None
    return max(now - event.time.timestamp(), 0.0)


async def _wait(wake: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        pass
