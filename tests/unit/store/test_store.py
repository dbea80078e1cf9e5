from uuid import uuid4

import pytest

from detector.delivery import EventFilter, SinkRoute
from detector.errors import RefusedMove, StoreError, UnknownRecord
from detector.events import OPERATOR_MOVES, Event, EventKind, OperatorState
from detector.store import EventQuery, IncidentQuery, Store
from detector.types import Phase, Severity
from tests.happenings import GATE, START, ended, incident_id, make_event, make_incident

NOW = START + 100
HOOK = SinkRoute("hook")


def seqs(store: Store, **query: object) -> list[int]:
    return [event.seq for event in store.events(EventQuery(**query))]  # type: ignore[arg-type]


def test_committed_events_are_numbered_in_order_and_stamped_with_the_commit(store: Store) -> None:
    first, second = store.append([make_event(1), make_event(2)], [make_incident()], [], now=NOW)
    assert (first.seq, second.seq) == (1, 2)
    assert first.recordedtime is not None
    assert first.recordedtime.timestamp() == NOW


def test_the_stored_body_is_byte_for_byte_what_was_committed(store: Store) -> None:
    (committed,) = store.append([make_event()], [make_incident()], [], now=NOW)
    stored = store.event(committed.id)
    assert stored is not None
    assert stored.body == committed.to_json()
    assert stored.event() == committed


def test_numbers_are_never_used_again_even_after_everything_was_pruned(store: Store) -> None:
    store.append([make_event(1), make_event(2)], [ended()], [], now=NOW)
    pruned = store.prune(before=NOW + 1)
    assert len(pruned.event_ids) == 2
    assert (store.first_seq(), store.last_seq()) == (3, 2)
    (third,) = store.append([make_event(3)], [ended()], [], now=NOW + 2)
    assert third.seq == 3


def test_repeating_a_commit_gives_the_stored_events_and_queues_nothing_twice(store: Store) -> None:
    events, incidents = [make_event(1), make_event(2)], [make_incident()]
    before = store.append(events, incidents, [HOOK], now=NOW)
    after = store.append([*events, make_event(3)], incidents, [HOOK], now=NOW + 5)
    assert after[:2] == before
    assert after[2].seq == 3
    assert store.counts().pending == 3


def test_an_event_without_its_incident_is_refused_and_nothing_of_the_call_is_stored(
    store: Store,
) -> None:
    with pytest.raises(StoreError, match="committing events failed: FOREIGN KEY"):
        store.append([make_event()], [], [HOOK], now=NOW, states={GATE: "x"})
    assert store.counts().events == store.counts().pending == store.last_seq() == 0
    assert store.camera_state(GATE) is None


def test_an_event_is_queued_for_the_sinks_that_want_it_only(store: Store) -> None:
    routes = [
        SinkRoute("all"),
        SinkRoute("welfare", EventFilter(min_severity=Severity.WELFARE)),
        SinkRoute("yard", EventFilter(cameras=("yard",))),
        SinkRoute("ends", EventFilter(phases=(Phase.END,))),
        SinkRoute("crossings", EventFilter(rules=(EventKind.BARRIER_CROSSING,))),
    ]
    store.append([make_event()], [make_incident()], routes, now=NOW)
    assert [status.sink for status in store.sinks()] == ["all", "crossings"]


def test_the_saved_state_of_a_camera_is_the_last_one(store: Store) -> None:
    store.append([], [], [], now=NOW, states={GATE: "first"})
    store.append([], [], [], now=NOW + 1, states={GATE: "second"})
    assert store.camera_state(GATE) == "second"


def test_listeners_hear_the_last_number_after_each_commit_until_they_leave(store: Store) -> None:
    heard: list[int] = []
    leave = store.listen(heard.append)
    store.append([make_event(1), make_event(2)], [make_incident()], [], now=NOW)
    store.append([], [], [], now=NOW, states={GATE: "x"})
    leave()
    store.append([make_event(3)], [make_incident()], [], now=NOW)
    assert heard == [2]


class TestQueries:
    @pytest.fixture(autouse=True)
    def _filled(self, store: Store) -> None:
        def commit(event: Event, incident: int, camera: str) -> None:
            store.append([event], [make_incident(incident, camera=camera)], [], now=NOW)

        commit(make_event(1), 1, "gate")
        commit(make_event(2, incident=2, rule=EventKind.APPROACH), 2, "gate")
        commit(make_event(3, camera="yard", severity=Severity.WELFARE), 1, "yard")
        commit(make_event(4, incident=2, dated=False), 2, "gate")
        ladder = {"class": "ladder"}
        commit(make_event(5, camera="yard", **ladder), 1, "yard")

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, [1, 2, 3, 4, 5]),
            ({"after_seq": 3}, [4, 5]),
            ({"before_seq": 3}, [1, 2]),
            ({"limit": 2}, [1, 2]),
            ({"limit": 2, "newest_first": True}, [5, 4]),
            ({"cameras": ("yard",)}, [3, 5]),
            ({"labels": ("ladder",)}, [5]),
            ({"rules": (EventKind.APPROACH,)}, [2]),
            ({"after": START + 2, "before": START + 4}, [2, 3]),
            ({"incident_id": incident_id(2)}, [2, 4]),
            ({"min_severity": Severity.WELFARE}, [3]),
        ],
    )
    def test_events_are_found_by(
        self, store: Store, query: dict[str, object], expected: list[int]
    ) -> None:
        assert seqs(store, **query) == expected

    def test_incidents_know_their_first_and_last_event(self, store: Store) -> None:
        first_and_last = [
            (record.first_seq, record.last_seq)
            for record in store.incidents(IncidentQuery(newest_first=False))
        ]
        assert first_and_last == [(1, 1), (2, 4), (3, 5)]

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            (IncidentQuery(), [3, 2, 1]),
            (IncidentQuery(cameras=("yard",)), [3]),
            (IncidentQuery(before_seq=3, limit=1), [2]),
            (IncidentQuery(after_seq=4), [3]),
            (IncidentQuery(phases=(Phase.END,)), []),
            (IncidentQuery(operator_states=(OperatorState.NEW,)), [3, 2, 1]),
            (IncidentQuery(min_severity=Severity.WELFARE), []),
            (IncidentQuery(after=START + 2), [2]),
            (IncidentQuery(before=START + 2), [3, 1]),
        ],
    )
    def test_incidents_are_found_by(
        self, store: Store, query: IncidentQuery, expected: list[int]
    ) -> None:
        assert [record.first_seq for record in store.incidents(query)] == expected


def test_only_incidents_that_have_not_ended_are_open(store: Store) -> None:
    ended = make_incident(2, phase=Phase.END)
    store.append([], [make_incident(1), ended, make_incident(3, camera="yard")], [], now=NOW)
    assert store.open_incidents(GATE) == (make_incident(1),)


def test_an_update_of_an_incident_keeps_what_the_operator_made_of_it(store: Store) -> None:
    store.append([make_event(1)], [make_incident()], [], now=NOW)
    operator = {"by": "ada", "reason": "", "now": NOW + 1}
    store.set_operator_state(incident_id(1), OperatorState.ACKNOWLEDGED, **operator)  # type: ignore[arg-type]
    store.append([make_event(2)], [make_incident(phase=Phase.END)], [], now=NOW + 2)
    record = store.incident(incident_id(1))
    assert record is not None
    assert record.operator_state is OperatorState.ACKNOWLEDGED
    assert record.incident.phase is Phase.END
    assert [(move.by, move.state_to) for move in record.history] == [("ada", "acknowledged")]


@pytest.mark.parametrize("present", list(OperatorState))
@pytest.mark.parametrize("wanted", list(OperatorState))
def test_only_the_documented_moves_of_the_operator_state_are_possible(
    store: Store, present: OperatorState, wanted: OperatorState
) -> None:
    store.append([], [make_incident()], [], now=NOW)
    way = {
        OperatorState.NEW: [],
        OperatorState.ACKNOWLEDGED: [OperatorState.ACKNOWLEDGED],
        OperatorState.CONFIRMED: [OperatorState.CONFIRMED],
        OperatorState.DISMISSED: [OperatorState.DISMISSED],
        OperatorState.CLOSED: [OperatorState.DISMISSED, OperatorState.CLOSED],
    }[present]
    for state in way:
        store.set_operator_state(incident_id(1), state, by="ada", reason="a fox", now=NOW)
    if wanted in OPERATOR_MOVES[present]:
        moved = store.set_operator_state(incident_id(1), wanted, by="b", reason="x", now=NOW)
        assert moved.operator_state is wanted
        assert len(moved.history) == len(way) + 1
    else:
        with pytest.raises(RefusedMove, match=f"is {present}: expected one of"):
            store.set_operator_state(incident_id(1), wanted, by="b", reason="x", now=NOW)
        record = store.incident(incident_id(1))
        assert record is not None
        assert record.operator_state is present


def test_a_dismissal_needs_a_reason(store: Store) -> None:
    store.append([], [make_incident()], [], now=NOW)
    with pytest.raises(RefusedMove, match="needs a reason"):
        store.set_operator_state(
            incident_id(1), OperatorState.DISMISSED, by="ada", reason=" ", now=NOW
        )


def test_an_unknown_incident_cannot_be_moved(store: Store) -> None:
    with pytest.raises(UnknownRecord):
        store.set_operator_state(uuid4(), OperatorState.CONFIRMED, by="a", reason="", now=NOW)
    assert store.incident(uuid4()) is None
    assert store.event(uuid4()) is None


def test_pruning_keeps_what_is_young_and_what_is_still_to_be_delivered(store: Store) -> None:
    store.append([make_event(1)], [ended(1)], [], now=NOW)
    store.append([make_event(2, incident=2)], [ended(2)], [HOOK], now=NOW)
    store.append([make_event(3, incident=3)], [ended(3)], [], now=NOW + 50)
    pruned = store.prune(before=NOW + 10)
    assert pruned.event_ids == (make_event(1).id,)
    assert pruned.incident_ids == (incident_id(1),)
    assert seqs(store) == [2, 3]
    assert store.first_seq() == 2


def test_an_incident_that_goes_on_is_not_pruned_however_old_it_is(store: Store) -> None:
    store.append([make_event(1)], [make_incident(1)], [], now=NOW)
    assert store.prune(before=NOW + 1e9).incident_ids == ()
    store.append([], [ended(1)], [], now=NOW + 1)
    assert store.prune(before=NOW + 1e9).incident_ids == (incident_id(1),)


def test_pruning_goes_in_portions(store: Store) -> None:
    for number in range(1, 6):
        store.append([make_event(number, incident=number)], [ended(number)], [], now=NOW + number)
    assert [len(store.prune(NOW + 10, limit=2).event_ids) for _ in range(4)] == [2, 2, 1, 0]


def test_a_closed_store_says_so(store: Store) -> None:
    store.close()
    with pytest.raises(StoreError, match="found it closed"):
        store.last_seq()
    assert not store.healthy()


def test_an_open_store_is_healthy(store: Store) -> None:
    assert store.healthy()
    assert store.healthy()
    assert store.last_seq() == 0
