"""Taking evidence up and handing events over leave entries in the custody log, each once."""

from dataclasses import replace

import pytest

from detector.delivery import Answer, DeliveryState, Outcome
from detector.store import ClipState, CustodyAction, CustodyEntry, Store, incident_object
from tests.happenings import incident_id, make_event, make_incident
from tests.unit.store.test_clips import due as due_clip
from tests.unit.store.test_clips import happen as want_clip
from tests.unit.store.test_clips import said
from tests.unit.store.test_deliveries import FAILED, HOOK, NOW, OK, UNREACHED, answer

THERE = "https://control.example"
TAKEN = replace(OK, recipient=THERE)


def commit(store: Store, number: int, *, has_snapshot: bool = True) -> None:
    event = make_event(number, has_snapshot=has_snapshot)
    store.append([event], [make_incident()], [HOOK], now=NOW)


def entries(store: Store, action: CustodyAction) -> list[CustodyEntry]:
    return [entry for entry in store.custody() if entry.action == action]


def test_a_picture_that_is_kept_is_collected_in_the_commit_of_its_event(store: Store) -> None:
    commit(store, 1)
    commit(store, 2, has_snapshot=False)
    commit(store, 1)  # a repetition, as after a commit whose outcome was unknown
    (entry,) = entries(store, CustodyAction.COLLECT)
    assert entry.object == incident_object(incident_id(1), f"snapshots/{make_event(1).id}")
    assert (entry.at, '"actor":"service"' in entry.body) == (NOW, True)
    assert store.verify_custody().broken_at is None


@pytest.mark.parametrize("state", [ClipState.READY, ClipState.MISSING])
def test_a_clip_is_collected_once_it_is_ready_and_with_its_hash(
    store: Store, state: ClipState
) -> None:
    want_clip(store, 1, NOW)
    clip = due_clip(store)
    body = '{"sha256":"c0ffee"}' if state is ClipState.READY else '{"reason":"no video"}'
    event = said(clip, ready=state is ClipState.READY)
    for _ in range(2):  # a commit whose outcome was unknown is made again
        store.finish_clip(clip, state, body, [event], [HOOK], now=NOW)
    found = [(entry.object, "sha256 c0ffee" in entry.body) for entry in store.custody()]
    name = incident_object(incident_id(1), "clips/1")
    assert found == ([(name, True)] if state is ClipState.READY else [])


def test_an_event_with_evidence_is_disclosed_when_it_is_taken_and_only_then(store: Store) -> None:
    commit(store, 1)
    (delivery,) = store.due("hook", NOW, 1)
    answer(store, delivery, FAILED)
    (again,) = store.due("hook", NOW + 10, 1)
    answer(store, again, UNREACHED, NOW + 10)
    assert entries(store, CustodyAction.DISCLOSE) == []
    (last,) = store.due("hook", NOW + 200, 1)
    answer(store, last, TAKEN, NOW + 200)
    answer(store, last, TAKEN, NOW + 201)  # the outcome of the first write was unknown
    (entry,) = entries(store, CustodyAction.DISCLOSE)
    assert entry.object == incident_object(incident_id(1), f"events/{make_event(1).id}")
    assert entry.at == NOW + 200
    assert f'"recipient":"hook ({THERE})"' in entry.body
    assert '"result":"HTTP 200"' in entry.body
    assert store.verify_custody().broken_at is None


def test_a_delivery_that_a_person_retried_is_disclosed_once_as_well(store: Store) -> None:
    commit(store, 1)
    (delivery,) = store.due("hook", NOW, 1)
    answer(store, delivery, FAILED, NOW + 600)
    assert store.deliveries(DeliveryState.DEAD)
    store.retry(delivery.id, now=NOW + 700)
    answer(store, store.due("hook", NOW + 700, 1)[0], TAKEN, NOW + 700)
    assert len(entries(store, CustodyAction.DISCLOSE)) == 1


def test_each_sink_that_takes_an_event_is_a_recipient(store: Store) -> None:
    routes = [HOOK, replace(HOOK, sink="rescue")]
    store.append([make_event(1, has_snapshot=True)], [make_incident()], routes, now=NOW)
    for route in routes:
        answer(store, store.due(route.sink, NOW, 1)[0], TAKEN)
    told = entries(store, CustodyAction.DISCLOSE)
    assert ["rescue (" in entry.body for entry in told] == [False, True]


def test_what_stays_here_or_shows_nobody_is_not_disclosed(store: Store) -> None:
    commit(store, 1)
    answer(store, store.due("hook", NOW, 1)[0], Outcome(Answer.ACCEPTED, "a line of the log"))
    commit(store, 2, has_snapshot=False)
    answer(store, store.due("hook", NOW, 1)[0], TAKEN)
    assert entries(store, CustodyAction.DISCLOSE) == []


def test_a_clip_that_is_announced_is_disclosed(store: Store) -> None:
    want_clip(store, 1, NOW)
    clip = due_clip(store)
    store.finish_clip(clip, ClipState.READY, "{}", [said(clip)], [HOOK], now=NOW)
    answer(store, store.due("hook", NOW, 1)[0], TAKEN)
    assert len(entries(store, CustodyAction.DISCLOSE)) == 1
