from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL, create_engine, text

from detector.errors import RefusedMove, UnknownRecord
from detector.store import (
    CustodyAction,
    Hold,
    NewCustody,
    Store,
    StoreSettings,
    incident_object,
    open_store,
)
from tests.happenings import START, ended, incident_id, make_event

NOW = START + 100
FIRST = incident_object(incident_id(1))
SWAP = "UPDATE custody_log SET number = -(5 - number) WHERE number IN (2, 3)"


def fill(store: Store, entries: int = 5) -> None:
    for number in range(1, entries + 1):
        name = incident_object(incident_id(number))
        store.log_custody([NewCustody(CustodyAction.COLLECT, name)], now=NOW + number)


def tamper(database: URL, statement: str) -> None:
    engine = create_engine(database)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_an_untouched_log_is_whole(store: Store) -> None:
    fill(store)
    report = store.verify_custody()
    assert (report.entries, report.broken_at, report.why) == (5, None, "")


@pytest.mark.parametrize(
    ("statement", "number", "why"),
    [
        ("UPDATE custody_log SET body = replace(body, 'collect', 'consult') WHERE number = 3",
         3, "altered"),
        ("UPDATE custody_log SET object = 'other' WHERE number = 2", 2, "columns"),
        ("UPDATE custody_log SET action = 'erase' WHERE number = 2", 2, "columns"),
        ("DELETE FROM custody_log WHERE number = 3", 3, "missing"),
        ("DELETE FROM custody_log WHERE number = 1", 2, "removed"),
        ("UPDATE custody_log SET previous_hash = 'x' WHERE number = 4", 4, "follow"),
        ("UPDATE custody_log SET hash = 'x' WHERE number = 5", 5, "altered"),
        (SWAP, -3, "removed"),
    ],
)  # fmt: skip
def test_a_tampered_entry_is_named(
    store: Store, database: URL, statement: str, number: int, why: str
) -> None:
    fill(store)
    tamper(database, statement)
    report = store.verify_custody()
    assert report.broken_at == number
    assert why in report.why


@pytest.mark.parametrize(
    "action", [CustodyAction.CONSULT, CustodyAction.EXPORT, CustodyAction.DISCLOSE]
)
def test_looking_at_or_giving_away_evidence_needs_a_purpose(
    store: Store, action: CustodyAction
) -> None:
    with pytest.raises(RefusedMove, match="expected a purpose"):
        store.log_custody([NewCustody(action, FIRST, purpose="  ")], now=NOW)
    assert store.custody() == ()


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store whose log every example goes on with."""
    with open_store(StoreSettings(path=tmp_path_factory.mktemp("log") / "e.sqlite3")) as opened:
        yield opened


@given(purpose=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_words_are_sealed_and_verified(spoken: Store, purpose: str) -> None:
    spoken.log_custody([NewCustody(CustodyAction.HOLD, FIRST, purpose=purpose)], now=NOW)
    assert spoken.verify_custody().why == ""


def test_the_part_about_an_incident_withholds_what_is_said_of_others(store: Store) -> None:
    fill(store)
    part = store.custody_of([incident_id(2), incident_id(4)])
    assert [(entry.number, bool(entry.body)) for entry in part] == [
        (2, True), (3, False), (4, True), (5, False),
    ]  # fmt: skip


def test_old_entries_go_and_the_log_still_verifies(store: Store, database: URL) -> None:
    fill(store)
    assert store.erase_custody(NOW + 3, now=NOW + 9) == 2
    assert [entry.number for entry in store.custody()] == [3, 4, 5, 6]
    assert store.verify_custody().why == ""
    tamper(database, "DELETE FROM custody_log WHERE number = 3")
    assert "removed" in store.verify_custody().why


def test_a_held_incident_is_not_pruned_until_the_hold_expires_or_is_released(store: Store) -> None:
    for number in (1, 2, 3):
        store.append([make_event(number, incident=number)], [ended(number)], [], now=NOW)
    store.hold(Hold(incident_id(1), "court", "ada", NOW, None))
    store.hold(Hold(incident_id(2), "court", "ada", NOW, NOW + 50))
    assert store.held_events(NOW + 10) == {make_event(1).id, make_event(2).id}
    assert store.prune(NOW + 10, now=NOW + 10).incident_ids == (incident_id(3),)
    assert store.prune(NOW + 10, now=NOW + 60).incident_ids == (incident_id(2),)
    store.release(incident_id(1), NewCustody(CustodyAction.RELEASE, FIRST, "ada"), now=NOW + 70)
    assert store.prune(NOW + 10, now=NOW + 80).incident_ids == (incident_id(1),)
    actions = [entry.action for entry in store.custody()]
    assert actions == ["hold", "hold", "erase", "erase", "release", "erase"]
    assert store.verify_custody().why == ""


def test_only_what_is_stored_can_be_held_and_only_what_is_held_released(store: Store) -> None:
    with pytest.raises(UnknownRecord):
        store.hold(Hold(incident_id(1), "court", "ada", NOW, None))
    with pytest.raises(UnknownRecord):
        store.release(incident_id(1), NewCustody(CustodyAction.RELEASE, FIRST), now=NOW)
    assert store.custody() == ()
