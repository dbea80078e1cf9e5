"""What the store's tests show of clips, ledger, custody log and holds also holds on PostgreSQL."""

import inspect
import itertools
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import URL, create_engine, text

from detector.store import (
    CustodyAction,
    Disposal,
    Hold,
    NewCustody,
    Store,
    StoreSettings,
    incident_object,
    open_store,
)
from tests.happenings import START, ended, incident_id, make_event
from tests.integration.store.postgres import missing, server
from tests.unit.store import test_clips, test_custody, test_disposal, test_watch_spans

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())

NOW = START + 100
MODULES = (test_clips, test_custody, test_disposal, test_watch_spans)
FIXTURES = {"store", "database"}
number = itertools.count()


def behaviours() -> dict[str, Callable[..., None]]:
    """Find the tests of the store that need nothing but a store."""
    found = {}
    for module in MODULES:
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and FIXTURES.issuperset(inspect.signature(test).parameters):
                found[name.removeprefix("test_")] = test
    return found


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server with a migrated database named ``made``, of which each test gets a copy."""
    with server() as url:
        execute(url, "CREATE DATABASE made")
        open_store(StoreSettings(url=url.replace("/postgres?", "/made?"))).close()
        yield url


def execute(url: str, statement: str) -> None:
    engine = create_engine(StoreSettings(url=url).database, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def settings(address: str) -> StoreSettings:
    name = f"copy{next(number)}"
    execute(address, f"CREATE DATABASE {name} TEMPLATE made")
    return StoreSettings(url=address.replace("/postgres?", f"/{name}?"))


@pytest.fixture
def database(settings: StoreSettings) -> URL:
    return settings.database


@pytest.fixture
def store(settings: StoreSettings) -> Iterator[Store]:
    with open_store(settings) as opened:
        yield opened


def test_each_part_of_the_store_is_tested_on_the_server() -> None:
    tested = {inspect.getmodule(test) for test in behaviours().values()}
    assert tested == set(MODULES)
    assert len(behaviours()) >= 20


@pytest.mark.parametrize("behaves", behaviours().values(), ids=behaviours())
def test_the_server_does_what_sqlite_does(
    behaves: Callable[..., None], store: Store, database: URL
) -> None:
    given = {"store": store, "database": database}
    behaves(**{name: given[name] for name in inspect.signature(behaves).parameters})


def test_an_altered_entry_of_the_custody_log_is_named(store: Store, database: URL) -> None:
    test_custody.fill(store)
    change = "UPDATE custody_log SET body = replace(body, 'collect', 'consult') WHERE number = 3"
    test_custody.tamper(database, change)
    assert store.verify_custody().broken_at == 3


def together(*jobs: Callable[[], None]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_two_processes_that_log_at_the_same_time_make_one_chain(
    store: Store, settings: StoreSettings
) -> None:
    def log(target: Store, by: str) -> None:
        for entry in range(25):
            target.log_custody([NewCustody(CustodyAction.COLLECT, f"{by}/{entry}")], now=NOW)

    with open_store(settings) as other:
        together(lambda: log(store, "a"), lambda: log(other, "b"))
    report = store.verify_custody()
    assert (report.entries, report.why) == (50, "")


def test_a_hold_that_comes_while_evidence_is_deleted_prevents_it_or_follows_it_in_the_log(
    store: Store, settings: StoreSettings
) -> None:
    incidents = [incident_id(n) for n in range(1, 21)]
    events = [make_event(n, incident=n) for n in range(1, 21)]
    store.append(events, [ended(n) for n in range(1, 21)], [], now=NOW)
    deleted = {}
    abreast = threading.Barrier(2, timeout=60)

    def dispose(target: Store) -> None:
        for incident in incidents:
            abreast.wait()
            going = [Disposal("clips/1", "retention: age", "old", 1)]
            deleted[incident] = target.dispose(incident, going, now=NOW)

    def hold() -> None:
        for incident in incidents:
            abreast.wait()
            store.hold(Hold(incident, "court", "ada", NOW, None))

    with open_store(settings) as other:
        together(hold, lambda: dispose(other))
    numbers = {(entry.action, entry.object): entry.number for entry in store.custody(limit=100)}
    for incident in incidents:
        erased = numbers.get(("erase", incident_object(incident, "clips/1")))
        assert (erased is not None) == deleted[incident]
        assert erased is None or erased < numbers["hold", incident_object(incident)]
    assert store.verify_custody().why == ""
