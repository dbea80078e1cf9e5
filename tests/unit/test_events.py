import json
from pathlib import Path
from uuid import UUID

import jsonschema
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from detector.events import (
    OPERATOR_MOVES,
    Clock,
    ConfigStamp,
    Context,
    Event,
    Latency,
    ModelStamp,
    Moment,
    OperatorState,
    envelope,
    event_data,
    event_schema,
)
from detector.types import (
    CameraId,
    ClockReading,
    ClockSource,
    ObjectClass,
    Phase,
    Reason,
    RuleKind,
    Severity,
    TrackId,
    Transition,
)

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "event-1.schema.json"


def make_event(
    clock: ClockSource = ClockSource.ARRIVAL,
    *,
    latency: bool = False,
    reading: ClockReading | None = None,
) -> Event:
    context = Context(
        site="north",
        camera=CameraId("gate"),
        run_id=UUID(int=1),
        model=ModelStamp(name="m", sha256="a" * 64),
        config=ConfigStamp(sha256="b" * 64),
        live=True,
    )
    moment = Moment(
        pts=12.5,
        captured_at=1_700_000_000.25,
        clock=clock,
        decoded_at=0,
        size=(640, 360),
        reading=reading,
    )
    transition = Transition(
        rule="line",
        kind=RuleKind.BARRIER_CROSSING,
        place="fence",
        episode=1,
        phase=Phase.NEW,
        at=12.5,
        since_s=12.1,
        until_s=12.1,
        severity=Severity.ALERT,
        track_ids=(TrackId(4),),
        object_class=ObjectClass.PERSON,
        xyxy=(1, 2, 3, 4),
        foot=(2, 4),
        confidence=0.75,
        direction="left_to_right",
        side_from="outside",
        side_to="inside",
        reasons=(Reason("past the line (m)", 0.41, 0.3),),
    )
    data = event_data(transition, context.incident_id(1), Phase.NEW, moment, context)
    if latency:
        stamps = Latency(decoded_s=0.01, detected_s=0.05, ruled_s=0.06)
        data = data.model_copy(update={"latency": stamps})
    return envelope(data, 1, moment, context)


@pytest.mark.parametrize("clock", list(ClockSource))
@pytest.mark.parametrize("committed", [False, True])
def test_an_event_is_valid_against_the_published_schema(
    clock: ClockSource, *, committed: bool
) -> None:
    event = make_event(clock, latency=True)
    if committed:
        event = event.committed(42, 1_700_000_001.0)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(
        json.loads(event.to_json())
    )


def test_the_schema_refuses_a_field_it_does_not_know_such_as_a_name() -> None:
    body = json.loads(make_event().to_json())
    body["data"]["face_id"] = "x"
    with pytest.raises(jsonschema.ValidationError, match="face_id"):
        jsonschema.validate(body, event_schema())


def test_the_published_schema_is_the_one_the_code_makes() -> None:
    assert json.loads(SCHEMA.read_text()) == event_schema(), "run: detector schema event"


def test_the_official_cloudevents_library_accepts_an_event() -> None:
    event = make_event().committed(42, 1_700_000_001.0)
    read = JSONFormat().read(CloudEvent, event.to_json())
    assert read.get_id() == str(event.id)
    assert read.get_type() == "org.barrier_detector.barrier_crossing.new"
    assert read.get_source() == "/sites/north/cameras/gate"
    assert read.get_extension("sequence") == "00000000000000000042"


@pytest.mark.parametrize("source", [ClockSource.CAMERA, ClockSource.ARRIVAL])
def test_the_cameras_own_clock_is_told_whether_it_is_used_or_not(source: ClockSource) -> None:
    reading = ClockReading(-3600.00049, 12.34, 1)
    clock = make_event(source, reading=reading).data.clock
    assert (clock.source, clock.offset_s, clock.drift_ppm) == (source, -3600.0, 12.3)
    assert make_event(source).data.clock == Clock(source=source)


def test_a_commit_numbers_the_event_and_stamps_the_latency() -> None:
    event = make_event(latency=True)
    with pytest.raises(ValueError, match="not committed"):
        _ = event.seq
    stored = event.committed(7, 1_700_000_000.75)
    assert stored.seq == 7
    assert stored.data.latency is not None
    assert stored.data.latency.committed_s == pytest.approx(0.5)
    assert event.sequence is None, "events are values"


def test_a_replayed_recording_gives_the_same_bytes() -> None:
    assert make_event().committed(1).to_json() == make_event().committed(1).to_json()
    assert "recordedtime" not in make_event().committed(1).to_json()


def test_an_event_reads_back_from_its_own_json() -> None:
    event = make_event(latency=True).committed(3, 1_700_000_000.75)
    assert Event.model_validate_json(event.to_json()) == event


def test_the_data_holds_every_field_the_interface_promises() -> None:
    data = json.loads(make_event().to_json())["data"]
    promised = (
        "incident_id phase rule camera pts_s start_s end_s track_ids class box foot distance_m "
        "estimated direction outcome count reasons latency model config"
    )
    assert set(promised.split()) <= set(data)


def test_a_closed_incident_stays_closed_and_every_state_can_be_reached() -> None:
    assert OPERATOR_MOVES[OperatorState.CLOSED] == frozenset()
    reached = {OperatorState.NEW}
    for _ in OperatorState:
        reached |= {to for state in reached for to in OPERATOR_MOVES[state]}
    assert reached == set(OperatorState)
