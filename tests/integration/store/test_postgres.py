import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from detector.delivery import Answer, Outcome, RetrySettings, SinkRoute, decide
from detector.errors import RefusedMove, StoreError
from detector.events import OperatorState
from detector.store import EventQuery, IncidentQuery, Store, StoreSettings, open_store
from detector.store.schema import metadata
from tests import kept_evidence
from tests.happenings import GATE, START, ended, incident_id, make_event, make_incident
from tests.integration.store.postgres import missing, server
from tests.kept_evidence import Kept

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

NOW = START + 100
HOOK = SinkRoute("hook")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with server() as address:
        yield address


@pytest.fixture
def settings(url: str) -> StoreSettings:
    settings = StoreSettings(url=url)
    engine = create_engine(settings.database)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return settings


@pytest.fixture
def store(settings: StoreSettings) -> Iterator[Store]:
    with open_store(settings) as opened:
        yield opened


def test_the_migrations_lead_to_exactly_the_tables_of_the_code(
    store: Store, settings: StoreSettings
) -> None:
    engine = create_engine(settings.database)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()
    assert store.healthy()
    open_store(settings).close()


def test_events_incidents_and_deliveries_do_what_they_do_on_sqlite(store: Store) -> None:
    events = [make_event(1), make_event(2), make_event(3, incident=2)]
    incidents = [make_incident(1), make_incident(2)]
    committed = store.append(events, incidents, [HOOK], now=NOW, states={GATE: "x"})
    assert store.append(events, incidents, [HOOK], now=NOW) == committed
    assert [event.event() for event in store.events(EventQuery())] == list(committed)
    assert store.camera_state(GATE) == "x"
    assert len(store.open_incidents(GATE)) == 2
    assert [d.seq for d in store.due("hook", NOW, 10)] == [1, 3]

    retry = RetrySettings()
    first, third = store.due("hook", NOW, 10)
    for delivery, answer in ((first, Answer.UNREACHED), (third, Answer.ACCEPTED)):
        outcome = Outcome(answer, answer.value, 503, retry_after_s=None)
        decision = decide(delivery, outcome, NOW, retry, 0.0)
        store.record_attempt(delivery, outcome, decision, now=NOW)
    assert store.next_due_at("hook", NOW) == NOW + 1
    (status,) = store.sinks()
    assert (status.pending, status.delivered, status.oldest_pending_at) == (2, 1, NOW)
    gone = Outcome(Answer.GONE, "HTTP 410", 410)
    store.record_attempt(first, gone, decide(first, gone, NOW, retry, 0.0), now=NOW)
    assert store.due("hook", NOW + 99, 10) == ()
    store.enable_sink("hook")
    assert [d.seq for d in store.due("hook", NOW + 99, 10)] == [1]


def test_the_operator_state_moves_as_documented(store: Store) -> None:
    store.append([], [make_incident()], [], now=NOW)
    store.set_operator_state(
        incident_id(1), OperatorState.DISMISSED, by="ada", reason="a fox", now=NOW
    )
    with pytest.raises(RefusedMove):
        store.set_operator_state(
            incident_id(1), OperatorState.CONFIRMED, by="ada", reason="", now=NOW
        )
    (record,) = store.incidents(IncidentQuery())
    assert record.operator_state is OperatorState.DISMISSED


def test_two_services_on_one_database_number_their_events_in_commit_order(
    store: Store, settings: StoreSettings
) -> None:
    seen: list[int] = []

    def commit(target: Store, camera: str) -> None:
        for number in range(1, 26):
            target.append(
                [make_event(number, camera=camera)], [make_incident(camera=camera)], [], now=NOW
            )

    with open_store(settings) as other:
        threads = [
            threading.Thread(target=commit, args=(store, "north")),
            threading.Thread(target=commit, args=(other, "south")),
        ]
        for thread in threads:
            thread.start()
        deadline_s = time.monotonic() + 30
        while len(seen) < 50 and time.monotonic() < deadline_s:  # a reader with a cursor
            seen += [e.seq for e in store.events(EventQuery(after_seq=seen[-1] if seen else 0))]
        for thread in threads:
            thread.join()
    assert seen == list(range(1, 51))


def test_only_one_process_delivers_from_a_database(store: Store, settings: StoreSettings) -> None:
    store.claim_deliveries()
    with open_store(settings) as other, pytest.raises(StoreError, match="the only process"):
        other.claim_deliveries()
    store.close()
    with open_store(settings) as other:
        other.claim_deliveries()


def test_pruning_removes_what_belongs_together(store: Store) -> None:
    store.append([make_event()], [ended()], [], now=NOW)
    pruned = store.prune(NOW + 1)
    assert pruned.event_ids == (make_event().id,)
    assert (store.counts().events, store.counts().incidents) == (0, 0)


def test_retention_does_what_it_does_on_sqlite(store: Store, tmp_path: Path) -> None:
    kept = Kept(store, tmp_path / "data")
    old, held, young = kept.happen(1, 100), kept.happen(2, 100), kept.happen(3, 1)
    ancient = kept.happen(4, 31 * 24)
    kept.hold(held)
    worker = kept.worker()
    for _ in range(2):
        worker.turn(kept_evidence.NOW)
        assert worker.health.trouble == ""
    assert [len(kept.files_of(one)) for one in (old, held, young)] == [0, 4, 4]
    assert store.incident(ancient) is None
    assert len(kept.erased()) == 5  # two each of two incidents, and the records of one
    assert store.verify_custody().why == ""


def test_an_event_that_breaks_a_rule_of_the_schema_is_refused_as_a_whole(store: Store) -> None:
    with pytest.raises(StoreError, match="committing events failed"):
        store.append([make_event()], [], [HOOK], now=NOW)
    assert store.counts().pending == store.last_seq() == 0


def test_a_server_that_is_not_there_is_said_so() -> None:
    with pytest.raises(StoreError, match=r"postgresql://tester@/x\?host=/nowhere: opening failed"):
        open_store(StoreSettings(url="postgresql://tester@/x?host=/nowhere"))
