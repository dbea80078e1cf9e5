"""Events and incidents for tests of what comes after the rules."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

from detector.events import (
    SEVERITY_NUMBER,
    TYPE_PREFIX,
    Clock,
    ConfigStamp,
    Event,
    EventData,
    EventKind,
    EventReason,
    Incident,
    ModelStamp,
)
from detector.types import CameraId, ClockSource, Phase, Severity

RUN = UUID(int=7)
START = 1_700_000_000.0
GATE = CameraId("gate")


def incident_id(incident: int, camera: str = GATE) -> UUID:
    """The id of a camera's n-th incident."""
    return uuid5(RUN, f"{camera}/incident/{incident}")


def make_incident(
    incident: int = 1,
    *,
    camera: str = GATE,
    phase: Phase = Phase.NEW,
    severity: Severity = Severity.ALERT,
) -> Incident:
    """A crossing of the fence."""
    began = datetime.fromtimestamp(START + incident, UTC)
    ended = phase is Phase.END
    return Incident(
        incident_id=incident_id(incident, camera),
        camera=camera,
        phase=phase,
        severity=severity,
        rules=(EventKind.BARRIER_CROSSING,),
        places=("fence",),
        track_ids=(4,),
        count=1,
        outcome="crossed" if ended else "",
        start_s=float(incident),
        last_s=incident + 0.5,
        end_s=incident + 0.5 if ended else None,
        started_at=began,
        last_at=began,
        ended_at=began if ended else None,
        gravest=None,
    )


def ended(incident: int = 1) -> Incident:
    """A crossing that is over."""
    return make_incident(incident, phase=Phase.END)


def make_event(  # noqa: PLR0913  (a builder: every test names what it cares about)
    number: int = 1,
    *,
    incident: int = 1,
    camera: str = GATE,
    rule: EventKind = EventKind.BARRIER_CROSSING,
    severity: Severity = Severity.ALERT,
    phase: Phase = Phase.NEW,
    dated: bool = True,
    **facts: object,
) -> Event:
    """The camera's n-th event: a person crosses the fence, ``number`` seconds after START."""
    data = EventData(
        incident_id=incident_id(incident, camera),
        incident_phase=phase,
        phase=phase,
        rule=rule,
        rule_name="line",
        place="fence",
        camera=camera,
        severity=severity,
        pts_s=float(number),
        start_s=float(number),
        end_s=float(number),
        track_ids=(4,),
        object_class="person",
        score=0.75,
        box=(1, 2, 3, 4),
        foot=(2, 4),
        frame_size=(640, 360),
        distance_m=None,
        estimated=False,
        eta_s=None,
        direction="left_to_right",
        side_from="outside",
        side_to="inside",
        outcome="",
        count=1,
        reasons=(EventReason(predicate="past_line_m", value=0.41, limit=0.3),),
        clock=Clock(source=ClockSource.ARRIVAL if dated else ClockSource.NONE),
        latency=None,
        model=ModelStamp(name="m", sha256="a" * 64),
        config=ConfigStamp(sha256="b" * 64),
    )
    data = EventData.model_validate(data.model_dump(by_alias=True) | facts)
    return Event(
        id=uuid5(RUN, f"{camera}/event/{number}"),
        source=f"/sites/north/cameras/{camera}",
        type=f"{TYPE_PREFIX}.{rule}.{phase}",
        subject="fence",
        time=datetime.fromtimestamp(START + number, UTC) if dated else None,
        correlationid=data.incident_id,
        severitytext=severity,
        severitynumber=SEVERITY_NUMBER[severity],
        data=data,
    )
