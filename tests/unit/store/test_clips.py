import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, event

from detector.delivery import EventFilter, SinkRoute
from detector.events import Event, EventKind
from detector.incidents.clip_plan import ClipWish
from detector.incidents.evidence_event import evidence_event
from detector.store import (
    ClipRecord,
    ClipState,
    EventQuery,
    IncidentQuery,
    Store,
)
from detector.store.records import ClipCounts
from detector.types import Phase, Severity
from tests.happenings import START, ended, incident_id, make_event, make_incident

NOW = START + 100
HOOK = SinkRoute("hook")


def wish(event: Event, at: float, piece_s: float = 30.0) -> ClipWish:
    data = event.data
    return ClipWish(event.id, data.incident_id, data.camera, at, at - 5, at + 5, piece_s)


def happen(store: Store, number: int, at: float, **given: float) -> None:
    event = make_event(number)
    store.append([event], [make_incident()], [], now=NOW, clips=[wish(event, at, **given)])


def due(store: Store) -> ClipRecord:
    (clip,) = store.due_clips(NOW + 1000, 10)
    return clip


def said(clip: ClipRecord, *, ready: bool = True) -> Event:
    incident = make_incident().model_copy(update={"gravest": make_event().data})
    event = evidence_event("site", incident, clip.number, (), NOW, ready=ready)
    assert event is not None
    return event


def spans(store: Store, incident: UUID) -> list[tuple[int, float, float]]:
    return [(c.number, c.begin_at - NOW, c.end_at - NOW) for c in store.clips(incident)]


def test_a_clip_is_wanted_with_the_event_that_asks_for_it(store: Store) -> None:
    happen(store, 1, NOW)
    assert spans(store, incident_id(1)) == [(1, -5, 5)]
    assert store.due_clips(NOW + 6.4, 10) == ()
    assert [c.state for c in store.due_clips(NOW + 6.6, 10)] == [ClipState.WANTED]


def test_what_an_event_is_refused_for_wants_no_clip_either(store: Store) -> None:
    event = make_event()
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        store.append([event], [], [], now=NOW, clips=[wish(event, NOW)])
    assert store.due_clips(NOW + 1000, 10) == ()


def test_later_events_extend_the_piece_until_it_is_full(store: Store) -> None:
    for number, at in enumerate((NOW, NOW + 8, NOW + 18, NOW + 27), 1):
        happen(store, number, at)
    assert spans(store, incident_id(1)) == [(1, -5, 23), (2, 23, 32)]
    moments = [json.loads(clip.body)["moments"] for clip in store.clips(incident_id(1))]
    assert moments == [[NOW, NOW + 8, NOW + 18], [NOW + 27]]


def test_repeating_a_commit_wants_nothing_twice(store: Store) -> None:
    happen(store, 1, NOW)
    clip = due(store)
    assert store.finish_clip(clip, ClipState.READY, "{}", [said(clip)], [], now=NOW)
    happen(store, 1, NOW)
    assert [c.state for c in store.clips(incident_id(1))] == [ClipState.READY]


def test_a_finished_clip_its_event_and_its_deliveries_are_one_commit(store: Store) -> None:
    happen(store, 1, NOW)
    clip = due(store)
    heard: list[int] = []
    store.listen(heard.append)
    assert store.finish_clip(clip, ClipState.READY, '{"a":1}', [said(clip)], [HOOK], now=NOW + 9)

    (ready,) = store.clips(incident_id(1))
    assert (ready.state, ready.body) == (ClipState.READY, '{"a":1}')
    event = store.events(EventQuery())[-1].event()
    assert (event.data.rule, event.data.has_clip) == (EventKind.EVIDENCE_READY, True)
    assert (event.data.severity, event.data.incident_phase) == (Severity.INFO, Phase.UPDATE)
    assert (heard, store.counts().pending) == ([2], 1)
    (incident,) = store.incidents(IncidentQuery())
    assert (incident.last_seq, incident.updated_at) == (2, NOW + 9)


def test_a_clip_is_finished_once(store: Store) -> None:
    happen(store, 1, NOW)
    clip = due(store)
    missing = said(clip, ready=False)
    assert store.finish_clip(clip, ClipState.MISSING, "{}", [missing], [HOOK], now=NOW)
    assert not store.finish_clip(clip, ClipState.READY, "{}", [said(clip)], [HOOK], now=NOW)
    assert (store.last_seq(), store.counts().pending) == (2, 1)


def test_a_clip_that_was_extended_meanwhile_is_not_finished(store: Store) -> None:
    happen(store, 1, NOW)
    clip = due(store)
    happen(store, 2, NOW + 3)
    assert not store.finish_clip(clip, ClipState.READY, "{}", [said(clip)], [], now=NOW)
    assert due(store).end_at == NOW + 8
    assert store.last_seq() == 2


def test_a_sink_hears_of_missing_clips_alone_if_it_asks_for_detections(store: Store) -> None:
    route = SinkRoute("hook", EventFilter(min_severity=Severity.DETECTION))
    for number, ready in ((1, True), (2, False)):
        happen(store, number, NOW + 100 * number)
        clip = due(store)
        state = ClipState.READY if ready else ClipState.MISSING
        store.finish_clip(clip, state, "{}", [said(clip, ready=ready)], [route], now=NOW)
    assert store.counts().pending == 1


def test_an_attempt_that_failed_is_counted_and_put_off(store: Store) -> None:
    happen(store, 1, NOW)
    store.postpone_clip(due(store), NOW + 50, now=NOW)
    assert store.due_clips(NOW + 49, 10) == ()
    assert store.due_clips(NOW + 50, 10)[0].attempts == 1


def test_pruning_an_incident_takes_its_clips_along(store: Store) -> None:
    happen(store, 1, NOW)
    store.append([], [ended()], [], now=NOW)
    store.prune(NOW + 1)
    assert store.clips(incident_id(1)) == ()


@pytest.fixture
def asked() -> Iterator[list[str]]:
    """What the database is asked from now on."""
    questions: list[str] = []

    def note(*given: Any) -> None:
        questions.append(given[2])

    event.listen(Engine, "before_cursor_execute", note)
    yield questions
    event.remove(Engine, "before_cursor_execute", note)


def test_a_list_of_incidents_counts_its_clips_with_one_question(
    store: Store, asked: list[str]
) -> None:
    for number in range(1, 5):
        made = make_event(number, incident=number)
        store.append([made], [make_incident(number)], [], now=NOW, clips=[wish(made, NOW)])
        asked.clear()
        found = store.incidents(IncidentQuery())
        assert [record.clips for record in found] == [ClipCounts(wanted=1)] * number
        assert len([question for question in asked if question.startswith("SELECT")]) == 2
