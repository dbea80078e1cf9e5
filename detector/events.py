"""The public, versioned form of what the service says: CloudEvents 1.0 and incidents.

An *event* is one durable fact: a rule's happening began, changed or ended, or an incident ended.
An *incident* groups the events of one happening. The JSON Schema of :class:`Event` is published at
``docs/schema/event-1.schema.json`` and served by the API; the attribute names of the envelope
follow CloudEvents 1.0 (https://github.com/cloudevents/spec) and its documented extensions.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from detector.types import (
    CameraId,
    ClockReading,
    ClockSource,
    Direction,
    Frame,
    Phase,
    Severity,
    Transition,
    Xyxy,
)

TYPE_PREFIX = "org.barrier_detector"
SCHEMA_ID = "urn:barrier-detector:schema:event:1"

Fraction = Annotated[float, Field(ge=0, le=1)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
SEVERITY_NUMBER: Mapping[Severity, int] = {
    Severity.INFO: 9,
    Severity.DETECTION: 13,
    Severity.ALERT: 17,
    Severity.WELFARE: 21,
}
"""OpenTelemetry severity numbers, the documented CloudEvents extension ``severitynumber``."""


class EventKind(StrEnum):
    """What an event is about: every rule, a camera's view, evidence, the end of an incident."""

    ZONE_INTRUSION = "zone_intrusion"
    APPROACH = "approach"
    BARRIER_CROSSING = "barrier_crossing"
    CLIMBING = "climbing"
    LADDER_CARRIED = "ladder_carried"
    LADDER_AT_BARRIER = "ladder_at_barrier"
    LADDER_LEFT = "ladder_left"
    LOITERING = "loitering"
    GROUP_SIZE = "group_size"
    FENCE_WORK = "fence_work"
    PERSON_IN_WATER = "person_in_water"
    ARRIVAL_FROM_WATER = "arrival_from_water"
    PERSON_DOWN = "person_down"
    INCIDENT = "incident"
    CAMERA_OFFLINE = "camera_offline"
    CAMERA_FROZEN = "camera_frozen"
    CAMERA_COVERED = "camera_covered"
    CAMERA_BLURRED = "camera_blurred"
    CAMERA_DARK = "camera_dark"
    CAMERA_MOVED = "camera_moved"
    CAMERA_CLOCK = "camera_clock"
    EVIDENCE_READY = "evidence_ready"
    EVIDENCE_MISSING = "evidence_missing"


VIEW_KINDS = frozenset(kind for kind in EventKind if kind.value.startswith("camera_"))
"""Events about a camera itself: nobody in the picture takes part."""
EVIDENCE_KINDS = frozenset({EventKind.EVIDENCE_READY, EventKind.EVIDENCE_MISSING})
"""Events about an incident's video, said after the incident's own."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class EventReason(_Value):
    """One predicate with its value and the limit it was held against."""

    predicate: str
    value: float | str
    limit: float | str


class Latency(_Value):
    """Wall-clock seconds from the capture of the frame to each later station; cumulative."""

    decoded_s: float
    detected_s: float
    ruled_s: float
    committed_s: float | None = None


class Clock(_Value):
    """Where the event's time comes from, and how far that clock is from this machine's."""

    source: ClockSource
    offset_s: float | None = Field(
        default=None, description="camera's clock minus this machine's; null where unknown"
    )
    drift_ppm: float | None = Field(
        default=None,
        description="microseconds the camera's clock gains each second; null where unknown",
    )


class ModelStamp(_Value):
    """The network that saw it."""

    name: str
    sha256: Sha256


class ConfigStamp(_Value):
    """The configuration that judged it."""

    sha256: Sha256


class EventData(_Value):
    """The payload: what happened, where, why, and how sure the service is."""

    incident_id: UUID
    incident_phase: Phase = Field(description="state of the incident after this event")
    phase: Phase = Field(description="new, update or end of this rule's part of the incident")
    rule: EventKind
    rule_name: str = Field(description="name of the rule in the configuration")
    place: str = Field(description="name of the barrier or zone")
    camera: str
    recording: str = Field(default="", description="the analysed recording; empty for cameras")
    severity: Severity
    pts_s: float = Field(description="stream time at which the rule decided")
    start_s: float = Field(description="stream time at which the happening began")
    end_s: float | None = Field(description="stream time at which it ended; null while it lasts")
    track_ids: tuple[int, ...]
    object_class: Literal["person", "ladder", "camera"] = Field(
        alias="class", description="what did it; the camera itself where its view is at fault"
    )
    score: Fraction = Field(description="median score of the first track")
    box: tuple[float, float, float, float] = Field(description="x1, y1, x2, y2 in pixels")
    foot: tuple[float, float] = Field(description="anchor of the box in pixels")
    frame_size: tuple[int, int] = Field(description="width and height of the analysed picture")
    distance_m: float | None = Field(description="ground distance to the barrier")
    estimated: bool = Field(description="metres derive from a person's height of 1.70 m")
    eta_s: float | None = Field(description="seconds to the barrier at the present speed")
    direction: Direction
    side_from: str
    side_to: str
    outcome: str = Field(description="how it ended; empty while it lasts")
    count: int = Field(ge=0, description="persons taking part, as well as is known")
    reasons: tuple[EventReason, ...]
    clock: Clock
    latency: Latency | None = Field(description="null when a recording was analysed")
    model: ModelStamp
    config: ConfigStamp
    has_snapshot: bool = False
    has_clip: bool = Field(default=False, description="the incident has verified video")


class Event(_Value):
    """A CloudEvents 1.0 envelope around :class:`EventData`.

    ``time`` is absent when the recording carries no date. ``sequence`` and ``recordedtime`` are set
    when the event is committed; ``sequence`` is the zero-padded commit-ordered ``seq`` of cursors.
    """

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str
    type: str
    subject: str
    time: AwareDatetime | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str = SCHEMA_ID
    correlationid: UUID = Field(description="the incident")
    severitytext: Severity
    severitynumber: int = Field(ge=1, le=24)
    sequence: Annotated[str, Field(pattern="^[0-9]{20}$")] | None = None
    recordedtime: AwareDatetime | None = None
    data: EventData

    @property
    def seq(self) -> int:
        """The commit-ordered number; raises ValueError before the commit."""
        if self.sequence is None:
            msg = f"event {self.id} is not committed yet"
            raise ValueError(msg)
        return int(self.sequence)

    def committed(self, seq: int, recorded_at: float | None = None) -> Self:
        """Give the event as it is stored: numbered, and stamped with the commit's UTC epoch time.

        Without ``recorded_at`` (a recording analysed offline) every run gives the same bytes.
        """
        changes: dict[str, Any] = {"sequence": f"{seq:020d}"}
        if recorded_at is not None:
            changes["recordedtime"] = datetime.fromtimestamp(recorded_at, UTC)
            latency = self.data.latency
            if latency is not None and self.time is not None:
                committed_s = recorded_at - self.time.timestamp()
                stamped = latency.model_copy(update={"committed_s": round(committed_s, 6)})
                changes["data"] = self.data.model_copy(update={"latency": stamped})
        return self.model_copy(update=changes)

    def with_latency(self, latency: Latency) -> Self:
        """Give the event with the stations of its frame stamped."""
        return self.model_copy(update={"data": self.data.model_copy(update={"latency": latency})})

    def with_snapshot(self) -> Self:
        """Give the event once its picture is kept."""
        return self.model_copy(update={"data": self.data.model_copy(update={"has_snapshot": True})})

    def to_json(self) -> str:
        """One line of JSON; absent attributes are left out of the envelope, never sent as null."""
        absent = {
            name for name in ("time", "sequence", "recordedtime") if getattr(self, name) is None
        }
        return self.model_dump_json(by_alias=True, exclude=absent)


class Incident(_Value):
    """One happening at one place: the events of several tracks, from its first to its last."""

    incident_id: UUID
    camera: str
    phase: Phase
    severity: Severity
    rules: tuple[EventKind, ...] = Field(description="kinds that took part, in order of appearance")
    places: tuple[str, ...]
    track_ids: tuple[int, ...]
    count: int = Field(description="largest number of persons at the same time")
    outcome: str = Field(description="the outcome that says most, e.g. crossed; may be empty")
    start_s: float
    last_s: float
    end_s: float | None
    started_at: AwareDatetime | None = Field(description="null for a recording without a date")
    last_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    gravest: EventData | None = Field(description="its gravest event so far, the newest of equals")


class OperatorState(StrEnum):
    """What the people on duty made of an incident."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    CLOSED = "closed"


OPERATOR_MOVES: Mapping[OperatorState, frozenset[OperatorState]] = {
    OperatorState.NEW: frozenset(
        {OperatorState.ACKNOWLEDGED, OperatorState.CONFIRMED, OperatorState.DISMISSED}
    ),
    OperatorState.ACKNOWLEDGED: frozenset({OperatorState.CONFIRMED, OperatorState.DISMISSED}),
    OperatorState.CONFIRMED: frozenset({OperatorState.CLOSED}),
    OperatorState.DISMISSED: frozenset({OperatorState.CLOSED, OperatorState.ACKNOWLEDGED}),
    OperatorState.CLOSED: frozenset(),
}
"""Which state may follow which; a dismissal needs a reason and can be taken back until closed."""


class Context(_Value):
    """What every event of one camera's run has in common."""

    site: str
    camera: CameraId
    run_id: UUID = Field(description="ids derive from it: same run id, same ids")
    model: ModelStamp
    config: ConfigStamp
    live: bool = Field(description="stamp latencies; False when a recording is analysed")
    recording: str = Field(default="", description="name of the recording that is analysed")

    def incident_id(self, number: int) -> UUID:
        """Stable id of the camera's ``number``-th incident of this run."""
        return uuid5(self.run_id, f"{self.camera}/incident/{number}")

    def event_id(self, number: int) -> UUID:
        """Stable id of the camera's ``number``-th event of this run."""
        return uuid5(self.run_id, f"{self.camera}/event/{number}")

    def watch_incident_id(self, number: int) -> UUID:
        """Stable id of the ``number``-th fault of the camera itself; apart from the others."""
        return uuid5(self.run_id, f"{self.camera}/watch-incident/{number}")

    def watch_event_id(self, number: int) -> UUID:
        """Stable id of the ``number``-th event about the camera itself; apart from the others."""
        return uuid5(self.run_id, f"{self.camera}/watch-event/{number}")


class Moment(_Value):
    """The frame an event was decided on, without its picture."""

    pts: float
    captured_at: float
    clock: ClockSource
    decoded_at: float
    size: tuple[int, int]
    reading: ClockReading | None = None

    @classmethod
    def of(cls, frame: Frame) -> Self:
        """Take the times and the size of ``frame``."""
        return cls(
            pts=frame.pts,
            captured_at=frame.captured_at,
            clock=frame.clock,
            decoded_at=frame.decoded_at,
            size=frame.size,
            reading=frame.reading,
        )

    @property
    def clock_offset_s(self) -> float | None:
        """Camera's clock minus this machine's, believed or not; None where unknown."""
        return None if self.reading is None else round(self.reading.offset_s, 3)

    @property
    def clock_stamp(self) -> Clock:
        """Whose clock the times are by, and what is known of the camera's, used or not."""
        if self.reading is None:
            return Clock(source=self.clock)
        drift_ppm = self.reading.drift_ppm
        return Clock(
            source=self.clock,
            offset_s=self.clock_offset_s,
            drift_ppm=None if drift_ppm is None else round(drift_ppm, 1),
        )

    def utc(self, at_s: float) -> datetime | None:
        """UTC of a stream time near this frame; None for a recording without a date."""
        if self.clock is ClockSource.NONE:
            return None
        return datetime.fromtimestamp(self.captured_at + at_s - self.pts, UTC)


def _rounded4(box: Xyxy) -> Xyxy:
    return round(box[0], 2), round(box[1], 2), round(box[2], 2), round(box[3], 2)


def event_data(
    transition: Transition, incident_id: UUID, phase: Phase, moment: Moment, context: Context
) -> EventData:
    """Turn a rule's transition into the payload of an event of an open incident."""
    return EventData(
        incident_id=incident_id,
        incident_phase=Phase.UPDATE,
        phase=phase,
        rule=EventKind(transition.kind.value),
        rule_name=transition.rule,
        place=transition.place,
        camera=context.camera,
        recording=context.recording,
        severity=transition.severity,
        pts_s=round(transition.at, 6),
        start_s=round(transition.since_s, 6),
        end_s=None if transition.until_s is None else round(transition.until_s, 6),
        track_ids=tuple(int(i) for i in transition.track_ids),
        object_class=transition.object_class.label,
        score=round(transition.confidence, 4),
        box=_rounded4(transition.xyxy),
        foot=(round(transition.foot[0], 2), round(transition.foot[1], 2)),
        frame_size=moment.size,
        distance_m=None if transition.distance_m is None else round(transition.distance_m, 3),
        estimated=transition.estimated,
        eta_s=None if transition.eta_s is None else round(transition.eta_s, 2),
        direction=transition.direction,
        side_from=transition.side_from,
        side_to=transition.side_to,
        outcome=transition.outcome,
        count=transition.count,
        reasons=tuple(
            EventReason(predicate=r.predicate, value=r.value, limit=r.limit)
            for r in transition.reasons
        ),
        clock=moment.clock_stamp,
        latency=None,
        model=context.model,
        config=context.config,
    )


def envelope(data: EventData, number: int, moment: Moment, context: Context) -> Event:
    """Wrap a payload as the camera's ``number``-th event of this run."""
    return wrapped(data, context.event_id(number), context.site, moment.utc(data.pts_s))


def watch_envelope(data: EventData, number: int, moment: Moment, context: Context) -> Event:
    """Wrap a payload as the ``number``-th event of this run about the camera itself."""
    return wrapped(data, context.watch_event_id(number), context.site, moment.utc(data.pts_s))


def wrapped(data: EventData, event_id: UUID, site: str, time: datetime | None) -> Event:
    """Put the envelope around a payload; what it says of the payload it takes from there."""
    return Event(
        id=event_id,
        source=f"/sites/{site}/cameras/{data.camera}",
        type=f"{TYPE_PREFIX}.{data.rule}.{data.phase}",
        subject=data.place or data.camera,
        time=time,
        correlationid=data.incident_id,
        severitytext=data.severity,
        severitynumber=SEVERITY_NUMBER[data.severity],
        data=data,
    )


def event_schema() -> dict[str, Any]:
    """Give the published JSON Schema (2020-12) of one event as it is sent."""
    schema = Event.model_json_schema(by_alias=True, mode="serialization")
    schema["required"] = sorted(set(schema["properties"]) - {"time", "sequence", "recordedtime"})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "barrier-detector event 1",
        **{key: value for key, value in schema.items() if key != "title"},
    }
