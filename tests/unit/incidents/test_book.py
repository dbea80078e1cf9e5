from dataclasses import replace
from uuid import UUID

import pytest

from detector.events import ConfigStamp, Context, EventKind, ModelStamp, Moment
from detector.incidents import IncidentBook, IncidentSettings, Outcome
from detector.types import (
    CameraId,
    ClockSource,
    ObjectClass,
    Phase,
    Reason,
    RuleKind,
    Severity,
    TrackId,
    Transition,
)

RUN = UUID(int=7)


def context(run: UUID = RUN) -> Context:
    return Context(
        site="s",
        camera=CameraId("north"),
        run_id=run,
        model=ModelStamp(name="m", sha256="a" * 64),
        config=ConfigStamp(sha256="b" * 64),
        live=True,
    )


def moment(at: float, epoch: float = 1_000_000.0) -> Moment:
    return Moment(
        pts=at,
        captured_at=epoch + at,
        clock=ClockSource.ARRIVAL,
        decoded_at=epoch + at,
        size=(1280, 720),
    )


def seen(  # noqa: PLR0913
    at: float,
    *,
    kind: RuleKind = RuleKind.ZONE_INTRUSION,
    phase: Phase = Phase.NEW,
    track: int = 1,
    x: float = 100.0,
    episode: int = 1,
    severity: Severity = Severity.DETECTION,
    outcome: str = "",
) -> Transition:
    instant = kind is RuleKind.BARRIER_CROSSING
    return Transition(
        rule=f"{kind}-rule",
        kind=kind,
        place="fence",
        episode=episode,
        phase=phase,
        at=at,
        since_s=at,
        until_s=at if instant or phase is Phase.END else None,
        severity=severity,
        track_ids=(TrackId(track),),
        object_class=ObjectClass.PERSON,
        xyxy=(x - 20, 100.0, x + 20, 200.0),
        foot=(x, 200.0),
        confidence=0.8,
        outcome="crossed" if instant else outcome,
        escalates=instant,
        reasons=(Reason("inside for (s)", 0.6, 0.5),),
    )


def book(**settings: float) -> IncidentBook:
    return IncidentBook(context(), IncidentSettings(**settings))


def phases(*outcomes: Outcome) -> list[tuple[str, str]]:
    return [(e.data.rule, e.data.phase) for o in outcomes for e in o.events]


def test_one_happening_is_new_then_end_and_the_incident_ends_after_the_quiet_gap() -> None:
    b = book(merge_gap_s=10)
    said = [
        b.advance(moment(1), [seen(1)]),
        b.advance(moment(5), [seen(5, phase=Phase.END)]),
        b.advance(moment(14.9), []),
        b.advance(moment(15.1), []),
    ]
    assert phases(*said) == [
        ("zone_intrusion", "new"),
        ("zone_intrusion", "end"),
        ("incident", "end"),
    ]
    assert b.open_incidents == 0
    last = said[-1]
    assert last.incidents[0].phase is Phase.END
    assert last.incidents[0].end_s == 5


def test_what_one_person_does_under_several_rules_is_one_incident_that_gets_graver() -> None:
    b = book()
    first = b.advance(moment(1), [seen(1)])
    second = b.advance(
        moment(3),
        [seen(3, kind=RuleKind.CLIMBING, severity=Severity.ALERT, x=900.0)],
    )
    third = b.advance(
        moment(4),
        [seen(4, kind=RuleKind.BARRIER_CROSSING, severity=Severity.ALERT, x=900.0)],
    )
    ids = {e.data.incident_id for o in (first, second, third) for e in o.events}
    assert len(ids) == 1
    incident = third.incidents[-1]
    assert incident.severity is Severity.ALERT
    assert incident.outcome == "crossed"
    assert incident.rules == (
        EventKind.ZONE_INTRUSION,
        EventKind.CLIMBING,
        EventKind.BARRIER_CROSSING,
    )
    assert [e.data.incident_phase for o in (first, second) for e in o.events] == ["new", "update"]


def test_people_close_together_are_one_incident_and_people_far_apart_are_two() -> None:
    b = book(merge_m=5.0)
    near = b.advance(moment(1), [seen(1, track=1, x=100), seen(1, track=2, x=300, episode=2)])
    far = b.advance(moment(2), [seen(2, track=3, x=1200, episode=3)])
    assert len({e.data.incident_id for e in near.events}) == 1
    assert far.events[0].data.incident_id != near.events[0].data.incident_id
    assert b.open_incidents == 2


def test_a_group_is_one_incident_with_few_updates_not_a_flood() -> None:
    b = book(update_interval_s=2.0)
    said = []
    for n in range(24):
        at = 1 + n * 0.2
        said.append(b.advance(moment(at), [seen(at, track=n, episode=n, x=100 + 5 * n)]))
    said.append(b.advance(moment(10), []))
    new = [e for o in said for e in o.events if e.data.phase is Phase.NEW]
    updates = [e for o in said for e in o.events if e.data.phase is Phase.UPDATE]
    assert len(new) == 1
    assert 1 <= len(updates) <= 4
    assert said[-1].events, "the newest change waits for its turn and is then said"
    assert b.open_incidents == 1


def test_every_crossing_is_an_event_of_its_own_even_within_one_incident() -> None:
    b = book()
    crossings = [
        seen(1 + n / 10, kind=RuleKind.BARRIER_CROSSING, track=n, episode=n) for n in range(5)
    ]
    said = [b.advance(moment(t.at), [t]) for t in crossings]
    assert phases(*said) == [("barrier_crossing", "new")] * 5
    assert b.open_incidents == 1


def test_an_end_of_one_of_several_is_an_update_with_its_outcome_and_is_never_held_back() -> None:
    b = book(update_interval_s=100)
    kind = RuleKind.APPROACH
    b.advance(moment(1), [seen(1, kind=kind, track=1)])
    b.advance(moment(1.1), [seen(1.1, kind=kind, track=2, episode=2, x=130)])
    one = b.advance(moment(2), [seen(2, kind=kind, phase=Phase.END, outcome="turned_back")])
    two = b.advance(
        moment(3),
        [seen(3, kind=kind, phase=Phase.END, track=2, episode=2, outcome="crossed")],
    )
    assert [(e.data.phase, e.data.outcome) for e in one.events + two.events] == [
        ("update", "turned_back"),
        ("end", "crossed"),
    ]


def test_an_incident_keeps_the_outcome_that_says_most() -> None:
    b = book()
    b.advance(moment(1), [seen(1, kind=RuleKind.CLIMBING, severity=Severity.ALERT)])
    b.advance(moment(1), [seen(1, kind=RuleKind.LADDER_AT_BARRIER, severity=Severity.ALERT)])
    over = seen(3, kind=RuleKind.CLIMBING, severity=Severity.ALERT, phase=Phase.END, outcome="over")
    gone = seen(
        9, kind=RuleKind.LADDER_AT_BARRIER, severity=Severity.ALERT, phase=Phase.END, outcome="gone"
    )
    b.advance(moment(3), [over])
    assert b.advance(moment(9), [gone]).incidents[0].outcome == "over"


def test_escalation_passes_the_update_interval() -> None:
    b = book(update_interval_s=100)
    b.advance(moment(1), [seen(1, kind=RuleKind.GROUP_SIZE)])
    quiet = b.advance(moment(2), [seen(2, kind=RuleKind.GROUP_SIZE, phase=Phase.UPDATE)])
    loud = b.advance(
        moment(3),
        [replace(seen(3, kind=RuleKind.GROUP_SIZE, phase=Phase.UPDATE), escalates=True, count=6)],
    )
    assert not quiet.events
    assert [e.data.count for e in loud.events] == [6]
    assert loud.incidents[0].count == 6


def test_the_same_run_id_gives_the_same_ids_and_another_run_gives_others() -> None:
    def ids(run: UUID) -> list[UUID]:
        b = IncidentBook(context(run), IncidentSettings())
        out = b.advance(moment(1), [seen(1), seen(1, track=9, x=1200, episode=2)])
        return [i for e in out.events for i in (e.id, e.data.incident_id)]

    assert ids(RUN) == ids(RUN)
    assert len(set(ids(RUN))) == 4
    assert set(ids(RUN)).isdisjoint(ids(UUID(int=8)))


def test_an_incident_open_at_a_restart_is_taken_up_at_its_place() -> None:
    before = book().advance(moment(100), [seen(100, kind=RuleKind.LOITERING)]).incidents[0]
    after = IncidentBook(context(UUID(int=9)), IncidentSettings(), resumed=[before])
    out = after.advance(moment(3, epoch=1_000_120.0), [seen(3, kind=RuleKind.LOITERING)])
    assert out.events[0].data.incident_id == before.incident_id
    assert out.incidents[0].started_at == before.started_at


def test_an_incident_open_at_a_restart_that_nobody_takes_up_ends_with_that_reason() -> None:
    before = book().advance(moment(100), [seen(100)]).incidents[0]
    after = IncidentBook(context(UUID(int=9)), IncidentSettings(resume_s=60), resumed=[before])
    assert not after.advance(moment(0, epoch=1_000_120.0), []).events
    out = after.advance(moment(61, epoch=1_000_120.0), [])
    assert [(e.data.rule, e.data.phase, e.data.outcome) for e in out.events] == [
        ("incident", "end", "restart")
    ]
    assert out.incidents[0].incident_id == before.incident_id
    assert out.incidents[0].phase is Phase.END


def test_an_incident_of_which_nothing_was_ever_said_ends_without_an_event() -> None:
    before = book().advance(moment(100), [seen(100)]).incidents[0]
    silent = before.model_copy(update={"gravest": None})
    after = IncidentBook(context(UUID(int=9)), IncidentSettings(resume_s=1), resumed=[silent])
    after.advance(moment(0, epoch=1_000_120.0), [])
    out = after.advance(moment(2, epoch=1_000_120.0), [])
    assert out.events == ()
    assert [i.phase for i in out.incidents] == [Phase.END]


def test_a_stay_that_goes_on_after_a_restart_needs_no_new_beginning() -> None:
    before = book().advance(moment(100), [seen(100, kind=RuleKind.LOITERING)]).incidents[0]
    after = IncidentBook(context(UUID(int=9)), IncidentSettings(), resumed=[before])
    beat = after.advance(
        moment(1, epoch=1_000_120.0),
        [replace(seen(1, kind=RuleKind.LOITERING, phase=Phase.UPDATE), escalates=True)],
    )
    end = after.advance(
        moment(9, epoch=1_000_120.0), [seen(9, kind=RuleKind.LOITERING, phase=Phase.END)]
    )
    assert phases(beat, end) == [("loitering", "update"), ("loitering", "end")]


def test_close_ends_every_incident_and_forgets_it() -> None:
    b = book()
    b.advance(moment(1), [seen(1), seen(1, track=5, x=1200, episode=2)])
    b.advance(
        moment(2), [seen(2, phase=Phase.END), seen(2, phase=Phase.END, track=5, x=1200, episode=2)]
    )
    out = b.close(moment(2))
    assert phases(out) == [("incident", "end")] * 2
    assert b.open_incidents == 0
    assert not b._episodes


def test_a_stay_of_days_names_a_bounded_number_of_tracks() -> None:
    b = book()
    b.advance(moment(1), [seen(1, kind=RuleKind.LOITERING)])
    for n in range(500):
        at = 2 + n
        beat = replace(
            seen(at, kind=RuleKind.LOITERING, phase=Phase.UPDATE), track_ids=(TrackId(n),)
        )
        out = b.advance(moment(at), [beat])
    assert len(out.incidents[0].track_ids) <= 64
    assert out.incidents[0].track_ids[-1] == 499


@pytest.mark.parametrize("clock", [ClockSource.NONE, ClockSource.ARRIVAL])
def test_a_recording_without_a_date_has_events_without_a_time(clock: ClockSource) -> None:
    out = book().advance(moment(1).model_copy(update={"clock": clock}), [seen(1)])
    assert (out.events[0].time is None) is (clock is ClockSource.NONE)
    assert ('"time"' in out.events[0].to_json()) is (clock is not ClockSource.NONE)
