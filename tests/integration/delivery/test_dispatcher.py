import logging
import threading
import time
from collections.abc import Callable, Collection

import pytest

from detector.delivery import Answer, Decision, Delivery, DeliveryState, Outcome
from detector.errors import StoreError
from detector.events import Latency
from detector.pipeline.dispatcher import Dispatcher, latency_of
from detector.sinks.base import SinkSettings
from detector.store import Store
from tests.happenings import START, make_event
from tests.rig import QUICK, QUICK_RETRY, Rig, until


class FakeSink:
    """Answers what it is told, and counts."""

    def __init__(self, answer: Callable[[Delivery], Outcome], name: str = "hook") -> None:
        self.name = name
        self.settings = SinkSettings(retry=QUICK_RETRY, concurrency=2)
        self.answer = answer
        self.sent: list[int] = []
        self.closed = 0

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        self.closed += 1

    async def send(self, delivery: Delivery) -> Outcome:
        self.sent.append(delivery.seq)
        return self.answer(delivery)


def accept(_delivery: Delivery) -> Outcome:
    return Outcome(Answer.ACCEPTED, "taken")


class FailingOutbox:
    """A store that cannot be read, or cannot be written, so many times."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.reads = self.writes = 0
        self.listen = store.listen
        self.claim_deliveries = store.claim_deliveries

    def due(
        self, sink: str, now: float, limit: int, in_flight: Collection[int] = ()
    ) -> tuple[Delivery, ...]:
        if self.reads:
            self.reads -= 1
            raise StoreError("events.sqlite3: locked by another process")
        return self.store.due(sink, now, limit, in_flight)

    def next_due_at(self, sink: str, now: float, in_flight: Collection[int] = ()) -> float | None:
        return self.store.next_due_at(sink, now, in_flight)

    def record_attempt(
        self, delivery: Delivery, outcome: Outcome, decision: Decision, *, now: float
    ) -> None:
        if self.writes:
            self.writes -= 1
            raise StoreError("events.sqlite3: the disk is full")
        self.store.record_attempt(delivery, outcome, decision, now=now)


def test_a_defect_in_a_sink_is_a_failed_attempt_and_the_others_go_on(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(delivery: Delivery) -> Outcome:
        return {}[delivery.seq]

    sink = FakeSink(stumble)
    rig.deliver(sink)
    rig.happen(1, 1)
    until(lambda: len(sink.sent) >= 2)
    assert rig.store.deliveries()[0].last_detail == "internal error: KeyError"
    assert "defect in the sink" in caplog.text


def test_an_outcome_that_cannot_be_written_yet_is_written_later_and_not_sent_again(
    rig: Rig,
) -> None:
    sink = FakeSink(accept)
    outbox = FailingOutbox(rig.store)
    dispatcher = Dispatcher(outbox, [sink], settings=QUICK)
    dispatcher.start()
    rig.happen(1, 1)
    rig.until_delivered(1)
    outbox.writes = 3
    rig.happen(2, 2)
    rig.until_delivered(2)
    outbox.reads = 3
    rig.happen(3, 3)
    rig.until_delivered(3)
    dispatcher.stop()
    assert sink.sent == [1, 2, 3]
    assert outbox.writes == outbox.reads == 0


def test_the_stop_does_not_wait_for_a_store_that_cannot_be_written(rig: Rig) -> None:
    outbox = FailingOutbox(rig.store)
    outbox.writes = 10**9
    sink = FakeSink(accept)
    dispatcher = Dispatcher(outbox, [sink], settings=QUICK)
    dispatcher.start()
    rig.happen(1, 1)
    until(lambda: sink.sent)
    dispatcher.stop()
    assert rig.store.counts().pending == 1


def test_a_defect_of_the_thread_itself_is_logged_and_it_starts_again(
    rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = FakeSink(accept)
    outbox = FailingOutbox(rig.store)
    troubles = iter([RuntimeError("a defect")])
    real = outbox.next_due_at

    def next_due_at(sink: str, now: float, in_flight: Collection[int] = ()) -> float | None:
        for trouble in troubles:
            raise trouble
        return real(sink, now, in_flight)

    monkeypatch.setattr(outbox, "next_due_at", next_due_at)
    dispatcher = Dispatcher(outbox, [sink], settings=QUICK)
    dispatcher.start()
    until(lambda: "starts again" in caplog.text)
    rig.happen(1, 1)
    rig.until_delivered(1)
    dispatcher.stop()


def test_the_stop_waits_for_an_attempt_that_ends_soon_and_writes_it_down(rig: Rig) -> None:
    rig.receiver.start()
    rig.receiver.tell(next=[{"status": 204, "delay_s": 0.3}])
    dispatcher = rig.deliver(rig.hook())
    rig.happen(1, 1)
    until(lambda: dispatcher.health()[0].in_flight)
    dispatcher.stop()
    assert rig.store.counts().delivered == 1


def test_the_stop_cuts_an_attempt_that_takes_long_and_leaves_it_queued(rig: Rig) -> None:
    rig.receiver.start()
    rig.receiver.tell(next=[{"status": 204, "delay_s": 3}])
    first = rig.deliver(rig.hook())
    rig.happen(1, 2)
    until(lambda: first.health()[0].in_flight)
    first.stop()
    counts = rig.store.counts()
    assert (counts.pending, counts.delivered) == (2, 0)
    rig.deliver(rig.hook())
    rig.until_delivered(2)
    assert set(rig.receiver.taken()) == {1, 2}


def test_what_an_earlier_run_left_is_delivered_at_the_start(rig: Rig) -> None:
    rig.happen(1, 5)
    sink = FakeSink(accept)
    rig.deliver(sink)
    rig.until_delivered(5)
    assert sink.sent == [1, 2, 3, 4, 5]


def test_a_sink_that_hangs_holds_up_no_other(rig: Rig) -> None:
    rig.receiver.start()
    rig.receiver.tell(always={"status": 204, "delay_s": 2})
    quick = FakeSink(accept, name="quick")
    rig.deliver(rig.hook(concurrency=1), quick)
    rig.happen(1, 2, sinks=("hook", "quick"))
    until(lambda: quick.sent == [1, 2])
    assert rig.store.sinks()[0].delivered == 0


def test_the_thread_shows_that_it_lives_and_how_the_sink_does(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    beats: list[float] = []
    answers = iter([Outcome(Answer.UNREACHED, "nobody there"), Outcome(Answer.ACCEPTED, "taken")])
    sink = FakeSink(lambda _: next(answers))
    dispatcher = Dispatcher(
        rig.store, [sink], settings=QUICK, beat=lambda: beats.append(time.monotonic())
    )
    assert dispatcher.health()[0].delivered == 0
    dispatcher.start()
    rig.happen(1, 1)
    until(lambda: dispatcher.health()[0].delivered)
    until(lambda: len(beats) > 1)
    dispatcher.stop()
    (health,) = dispatcher.health()
    assert (health.failed, health.dead, health.failing_since) == (1, 0, None)
    assert "sink hook does not take events: nobody there" in caplog.text
    assert "takes events again" in caplog.text
    assert sink.closed == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "delivery"]


def test_latency_counts_from_the_capture_of_live_events_only() -> None:
    stations = Latency(decoded_s=0.1, detected_s=0.2, ruled_s=0.3)
    event = make_event(3, latency=stations).committed(1, START + 4)
    assert latency_of(event.to_json(), START + 5.5) == pytest.approx(2.5)
    assert latency_of(event.to_json(), START) == 0.0
    assert latency_of(make_event(3).to_json(), START + 5.5) is None
    assert latency_of(make_event(3, latency=stations, dated=False).to_json(), START + 5.5) is None


def test_a_dispatcher_that_was_never_started_can_be_stopped(rig: Rig) -> None:
    Dispatcher(rig.store, [FakeSink(accept)]).stop()


def test_deliveries_of_a_sink_that_is_no_longer_configured_stay_visible(rig: Rig) -> None:
    rig.happen(1, 1, sinks=("gone",))
    rig.deliver(FakeSink(accept))
    rig.happen(2, 2, incidents=2)
    rig.until_delivered(1)
    (left,) = rig.store.deliveries(DeliveryState.PENDING)
    assert left.sink == "gone"
