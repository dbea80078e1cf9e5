from uuid import uuid4

import pytest
from sqlalchemy import URL, create_engine, text

from detector.errors import UnknownRecord
from detector.store import Disposal, Hold, Oldest, Store
from tests.happenings import START, ended, incident_id, make_event

NOW = START + 1000


def happen(store: Store, *numbers: int) -> None:
    events = [make_event(number, incident=number) for number in numbers]
    store.append(events, [ended(number) for number in numbers], [], now=NOW)


def test_more_owners_and_standings_than_one_statement_takes_are_found(store: Store) -> None:
    numbers = range(1, 1202)
    happen(store, *numbers)
    ids = {make_event(number).id: incident_id(number) for number in numbers}
    assert store.owners([*ids, uuid4()]) == ids
    standings = store.standings([*ids.values(), uuid4()], NOW)
    assert standings.keys() == set(ids.values())
    assert all(one.free and one.newest_at == NOW for one in standings.values())


def test_a_deletion_is_logged_once_however_often_it_is_repeated(store: Store) -> None:
    happen(store, 1)
    going = [Disposal(f"clips/{number}", "retention: age", "old", number) for number in range(600)]
    for _ in range(2):
        assert store.dispose(incident_id(1), going, now=NOW)
    assert len(store.custody(limit=5000)) == 600
    assert store.verify_custody().why == ""


def test_what_is_held_or_unknown_is_not_logged_as_deleted(store: Store) -> None:
    happen(store, 1)
    store.hold(Hold(incident_id(1), "court", "ada", NOW, None))
    assert not store.dispose(incident_id(1), [Disposal("clips/1", "x", "y", 1)], now=NOW)
    with pytest.raises(UnknownRecord):
        store.dispose(incident_id(2), [Disposal("clips/1", "x", "y", 1)], now=NOW)
    stray = Disposal("snapshots/x", "unknown", "y")
    assert not store.dispose_unknown(stray, make_event(1).id, now=NOW)
    assert not store.dispose_unknown(stray, incident_id(1), now=NOW)
    assert [entry.action for entry in store.custody()] == ["hold"]


def test_a_setting_is_logged_when_it_changes(store: Store) -> None:
    assert store.configure("retention", "a=1", now=NOW)
    assert not store.configure("retention", "a=1", now=NOW)
    assert store.configure("retention", "a=2", now=NOW)
    assert store.configure("retention", "a=1", now=NOW)


def test_watched_times_are_forgotten_once_they_ended_long_ago(store: Store, database: URL) -> None:
    engine = create_engine(database)
    insert = "INSERT INTO watch_spans (camera, state, reason, began_at, ended_at) VALUES "
    with engine.begin() as connection:
        connection.execute(text(f"{insert} ('gate', 'x', '', 1, 5), ('gate', 'x', '', 5, 10)"))
    assert [store.forget_spans(8), store.forget_spans(8), store.forget_spans(11)] == [1, 0, 1]
    engine.dispose()


def test_the_oldest_records_are_told(store: Store) -> None:
    assert store.oldest() == Oldest(None, None)
    happen(store, 1)
    store.configure("retention", "a=1", now=NOW + 5)
    assert store.oldest() == Oldest(NOW, NOW + 5)
