from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.delivery import Answer, Delivery, DeliveryState, Outcome, RetrySettings, SinkRoute
from detector.delivery import decide as decide_with
from detector.errors import RefusedMove, StoreError, UnknownRecord
from detector.store import Store, StoreSettings, open_store
from tests.happenings import START, make_event, make_incident

NOW = START + 100
HOOK = SinkRoute("hook")
RETRY = RetrySettings(delays_s=(10, 100), jitter=0, expires_after_s=500)
OK = Outcome(Answer.ACCEPTED, "HTTP 200", 200)
FAILED = Outcome(Answer.FAILED, "HTTP 500", 500)
UNREACHED = Outcome(Answer.UNREACHED, "connection refused")


def happen(store: Store, *events: tuple[int, int], now: float = NOW) -> None:
    """Commit (number, incident) pairs."""
    store.append(
        [make_event(number, incident=incident) for number, incident in events],
        [make_incident(incident) for _, incident in events],
        [HOOK],
        now=now,
    )


def answer(store: Store, delivery: Delivery, outcome: Outcome, now: float = NOW) -> None:
    decision = decide_with(delivery, outcome, now, RETRY, 0.0)
    store.record_attempt(delivery, outcome, decision, now=now)


def due(store: Store, now: float = NOW, *, limit: int = 10) -> list[int]:
    return [delivery.seq for delivery in store.due("hook", now, limit)]


def test_of_each_incident_only_the_earliest_event_is_due(store: Store) -> None:
    happen(store, (1, 1), (2, 1), (3, 2), (4, 2), (5, 3))
    assert due(store) == [1, 3, 5]


def test_a_failed_event_holds_up_its_own_incident_and_no_other(store: Store) -> None:
    happen(store, (1, 1), (2, 1), (3, 2), (4, 2))
    first, third = store.due("hook", NOW, 10)
    answer(store, first, FAILED)
    answer(store, third, OK)
    assert due(store) == [4]
    assert due(store, NOW + 10) == [4, 1]


def test_a_dead_event_lets_the_next_one_of_its_incident_go(store: Store) -> None:
    happen(store, (1, 1), (2, 1))
    answer(store, store.due("hook", NOW, 1)[0], FAILED, NOW + 600)
    assert [d.seq for d in store.deliveries(DeliveryState.DEAD)] == [1]
    assert due(store, NOW + 600) == [2]


def test_what_was_never_tried_goes_before_repetitions(store: Store) -> None:
    happen(store, (1, 1), (2, 2))
    for delivery in store.due("hook", NOW, 10):
        answer(store, delivery, FAILED)
    happen(store, (3, 3), now=NOW + 20)
    assert due(store, NOW + 20, limit=1) == [3]


def test_an_attempt_that_is_going_on_is_not_due_and_still_holds_its_incident(store: Store) -> None:
    happen(store, (1, 1), (2, 1), (3, 2))
    first, _ = store.due("hook", NOW, 10)
    assert [d.seq for d in store.due("hook", NOW, 10, {first.id})] == [3]
    assert store.due("hook", NOW, 0) == ()


def test_the_next_due_time_is_the_earliest_of_those_whose_turn_it_is(store: Store) -> None:
    assert store.next_due_at("hook", NOW) is None
    happen(store, (1, 1), (2, 1))
    assert store.next_due_at("hook", NOW + 1) == NOW + 1
    (first,) = store.due("hook", NOW, 10)
    answer(store, first, FAILED)
    assert store.next_due_at("hook", NOW) == NOW + 10
    assert store.next_due_at("hook", NOW, {first.id}) is None


def test_a_sink_that_asked_for_a_pause_is_left_alone_as_a_whole(store: Store) -> None:
    happen(store, (1, 1), (2, 2))
    first, _ = store.due("hook", NOW, 10)
    answer(store, first, Outcome(Answer.FAILED, "HTTP 429", 429, retry_after_s=50))
    assert due(store, NOW + 49) == []
    assert store.next_due_at("hook", NOW) == NOW + 50
    assert due(store, NOW + 50) == [2, 1]


def test_a_disabled_sink_keeps_its_events_pending_until_a_person_enables_it(store: Store) -> None:
    happen(store, (1, 1))
    answer(store, store.due("hook", NOW, 1)[0], Outcome(Answer.GONE, "HTTP 410", 410))
    happen(store, (2, 2))
    assert due(store, NOW + 9999) == []
    assert store.next_due_at("hook", NOW) is None
    (status,) = store.sinks()
    assert (status.pending, status.disabled_at, status.disabled_why) == (2, NOW, "HTTP 410")
    heard: list[int] = []
    store.listen(heard.append)
    store.enable_sink("hook")
    assert heard == [2]
    assert due(store, NOW + 9999) == [2, 1]


def test_when_a_sink_is_back_what_could_not_reach_it_is_due_at_once(store: Store) -> None:
    happen(store, (1, 1), (2, 2), (3, 3))
    unreached, failed, later = store.due("hook", NOW, 10)
    answer(store, replace(unreached, attempts=1), UNREACHED)
    answer(store, replace(failed, attempts=1), FAILED)
    assert due(store, NOW + 31) == [3]
    answer(store, later, OK, NOW + 31)
    assert due(store, NOW + 31) == [1]


def test_dead_deliveries_can_be_sent_again_with_a_fresh_schedule(store: Store) -> None:
    happen(store, (1, 1))
    answer(store, store.due("hook", NOW, 1)[0], FAILED, NOW + 600)
    (dead,) = store.deliveries(DeliveryState.DEAD)
    assert (dead.attempts, dead.last_status, dead.last_detail) == (1, 500, "HTTP 500")
    again = store.retry(dead.id, now=NOW + 700)
    assert again == store.delivery(dead.id)
    answer(store, again, FAILED, NOW + 700)
    present = store.delivery(dead.id)
    assert present is not None
    assert (present.state, present.due_at) == (DeliveryState.PENDING, NOW + 710)


def test_a_delivered_or_unknown_delivery_cannot_be_retried(store: Store) -> None:
    happen(store, (1, 1))
    (delivery,) = store.due("hook", NOW, 1)
    answer(store, delivery, OK)
    with pytest.raises(RefusedMove, match="found delivered"):
        store.retry(delivery.id, now=NOW)
    with pytest.raises(UnknownRecord):
        store.retry(99, now=NOW)


def test_deliveries_are_listed_newest_first_by_state_and_sink(store: Store) -> None:
    happen(store, (1, 1), (2, 2), (3, 3))
    answer(store, store.due("hook", NOW, 1)[0], OK)
    pending = store.deliveries(DeliveryState.PENDING, sink="hook")
    assert [d.seq for d in pending] == [3, 2]
    assert [d.seq for d in store.deliveries(before_id=pending[0].id, limit=1)] == [2]
    assert store.deliveries(sink="other") == ()
    (status,) = store.sinks()
    assert (status.pending, status.delivered, status.oldest_pending_at) == (2, 1, NOW)


def test_only_one_process_delivers_from_a_database(tmp_path: Path) -> None:
    settings = StoreSettings(path=tmp_path / "e.sqlite3")
    with open_store(settings) as first, open_store(settings) as second:
        first.claim_deliveries()
        first.claim_deliveries()
        with pytest.raises(StoreError, match="the only process that delivers"):
            second.claim_deliveries()
        first.close()
        second.claim_deliveries()


steps = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(list(Answer)[:4])), max_size=60)


@given(incidents=st.lists(st.integers(1, 3), min_size=1, max_size=8), steps=steps)
@settings(max_examples=12, deadline=None)
def test_whatever_the_sink_answers_the_order_within_an_incident_is_kept(
    incidents: list[int], steps: list[tuple[int, Answer]]
) -> None:
    with (
        TemporaryDirectory() as folder,
        open_store(StoreSettings(path=Path(folder) / "e.sqlite3")) as store,
    ):
        happen(store, *enumerate(incidents, 1))
        now, accepted = NOW, list[Delivery]()
        for choice, said in steps:
            ready = store.due("hook", now, 10)
            if not ready:
                now = store.next_due_at("hook", now) or now
                continue
            delivery = ready[choice % len(ready)]
            assert delivery.due_at <= now
            answer(store, delivery, Outcome(said, said.value), now)
            accepted += [delivery] if said is Answer.ACCEPTED else []
        for incident in {delivery.incident_id for delivery in accepted}:
            seqs = [d.seq for d in accepted if d.incident_id == incident]
            assert seqs == sorted(set(seqs))
        counts = store.counts()
        assert counts.pending + counts.delivered + counts.dead == len(incidents)
