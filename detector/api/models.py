"""The shapes of answers and requests that are not events themselves."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from detector.api.ports import CameraView, Check, ServiceView
from detector.api.wording import headline
from detector.delivery import Answer, Delivery, DeliveryState
from detector.events import OPERATOR_MOVES, Event, Incident, OperatorState
from detector.pipeline.health import CameraState
from detector.store.records import IncidentRecord, SinkStatus
from detector.types import ClockSource


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def utc(epoch_s: float | None) -> datetime | None:
    """Turn UTC epoch seconds into a date; None stays None."""
    return None if epoch_s is None else datetime.fromtimestamp(epoch_s, UTC)


class EventPage(_Value):
    """Events in commit order and the cursor that continues them."""

    events: list[Event]
    next_after_seq: int = Field(description="give it as after_seq to get what comes later")
    first_seq: int = Field(
        description="oldest event that is kept; after_seq + 1 below it: some are missing"
    )


class OperatorMoveOut(_Value):
    """One change that a person made."""

    state_from: OperatorState
    state_to: OperatorState
    by: str
    reason: str
    at: AwareDatetime


class IncidentOut(_Value):
    """An incident, what it comes to in words, and what the people on duty made of it."""

    headline: str = Field(description="one neutral line for people")
    incident: Incident
    operator_state: OperatorState
    moves: list[OperatorState] = Field(description="states that may follow")
    history: list[OperatorMoveOut] = Field(description="oldest first; empty in lists")
    first_seq: int
    last_seq: int
    updated_at: AwareDatetime

    @classmethod
    def of(cls, record: IncidentRecord) -> Self:
        """Show a stored incident."""
        return cls(
            headline=headline(record.incident),
            incident=record.incident,
            operator_state=record.operator_state,
            moves=sorted(OPERATOR_MOVES[record.operator_state], key=list(OperatorState).index),
            history=[
                OperatorMoveOut(
                    state_from=move.state_from,
                    state_to=move.state_to,
                    by=move.by,
                    reason=move.reason,
                    at=datetime.fromtimestamp(move.at, UTC),
                )
                for move in record.history
            ],
            first_seq=record.first_seq,
            last_seq=record.last_seq,
            updated_at=datetime.fromtimestamp(record.updated_at, UTC),
        )


class IncidentPage(_Value):
    """Incidents, newest first, and the cursor that continues them."""

    incidents: list[IncidentOut]
    next_before_seq: int | None = Field(description="give it as before_seq; null on the last page")


class OperatorStateIn(_Value):
    """What a person makes of an incident."""

    state: OperatorState
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = Field(
        default="", description="needed for a dismissal"
    )
    by: Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)] = Field(
        default="", description="who; the name of the API key is added"
    )


class CameraOut(_Value):
    """How a camera is doing."""

    name: str
    friendly_name: str
    source: str = Field(description="without any password")
    zones: list[str]
    barriers: list[str]
    state: CameraState
    reason: str = Field(description="why it is not well; empty while it is")
    since: AwareDatetime
    fps_in: float = Field(description="pictures decoded per second, of late")
    fps_analysed: float = Field(description="pictures analysed per second, of late")
    drops: int = Field(description="pictures that were replaced by newer ones, since the start")
    corrupt: int = Field(description="damaged pictures, since the start")
    latency_s: float | None = Field(description="from decoded to analysed, newest picture")
    last_frame_at: AwareDatetime | None
    frame_age_s: float | None = Field(description="age of the newest picture")
    clock: ClockSource
    clock_offset_s: float | None
    width: int
    height: int
    codec: str

    @classmethod
    def of(cls, camera: CameraView, now: float) -> Self:
        """Show a camera at ``now``, UTC epoch seconds."""
        health = camera.health()
        last = health.last_frame_at
        return cls(
            name=camera.name,
            friendly_name=camera.friendly_name or camera.name,
            source=camera.source,
            zones=list(camera.zones),
            barriers=list(camera.barriers),
            state=health.state,
            reason=health.reason,
            since=datetime.fromtimestamp(health.since, UTC),
            fps_in=round(health.fps_in, 2),
            fps_analysed=round(health.fps_analysed, 2),
            drops=health.drops,
            corrupt=health.corrupt,
            latency_s=health.latency_s,
            last_frame_at=utc(last),
            frame_age_s=None if last is None else round(max(0.0, now - last), 3),
            clock=health.clock,
            clock_offset_s=health.clock_offset_s,
            width=health.width,
            height=health.height,
            codec=health.codec,
        )


class CameraList(_Value):
    """All cameras in the order of the configuration."""

    cameras: list[CameraOut]


class DeliveryOut(_Value):
    """One event on its way to one upstream system."""

    id: int
    sink: str
    seq: int = Field(description="of the event")
    event_id: str
    incident_id: str
    state: DeliveryState
    attempts: int
    queued_at: AwareDatetime
    due_at: AwareDatetime | None = Field(description="next attempt; null unless pending")
    last_attempt_at: AwareDatetime | None
    last_answer: Answer | None
    last_status: int | None
    last_detail: str

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """Show a delivery without its body."""
        pending = delivery.state is DeliveryState.PENDING
        return cls(
            id=delivery.id,
            sink=delivery.sink,
            seq=delivery.seq,
            event_id=str(delivery.event_id),
            incident_id=str(delivery.incident_id),
            state=delivery.state,
            attempts=delivery.attempts,
            queued_at=datetime.fromtimestamp(delivery.queued_at, UTC),
            due_at=utc(delivery.due_at) if pending else None,
            last_attempt_at=utc(delivery.last_attempt_at),
            last_answer=delivery.last_answer,
            last_status=delivery.last_status,
            last_detail=delivery.last_detail,
        )


class SinkOut(_Value):
    """The backlog of one upstream system."""

    sink: str
    pending: int
    delivered: int
    dead: int
    oldest_pending_at: AwareDatetime | None
    disabled_at: AwareDatetime | None = Field(description="it answered that it wants no more")
    disabled_why: str

    @classmethod
    def of(cls, status: SinkStatus) -> Self:
        """Show what the store knows of a sink."""
        return cls(
            sink=status.sink,
            pending=status.pending,
            delivered=status.delivered,
            dead=status.dead,
            oldest_pending_at=utc(status.oldest_pending_at),
            disabled_at=utc(status.disabled_at),
            disabled_why=status.disabled_why,
        )


class DeliveryPage(_Value):
    """Deliveries, newest first, with the backlog of every sink."""

    deliveries: list[DeliveryOut]
    next_before_id: int | None = Field(description="give it as before_id; null on the last page")
    sinks: list[SinkOut]


class CheckOut(_Value):
    """One condition for being ready."""

    name: str
    ok: bool
    detail: str


class Readiness(_Value):
    """Whether the service does its whole work."""

    ready: bool
    checks: list[CheckOut]

    @classmethod
    def of(cls, checks: Sequence[Check]) -> Self:
        """Sum up."""
        shown = [CheckOut(name=check.name, ok=check.ok, detail=check.detail) for check in checks]
        return cls(ready=all(check.ok for check in shown), checks=shown)


class ModelOut(_Value):
    """The network that runs, as it runs in effect."""

    name: str
    version: str
    sha256: str
    provider: str
    precision: str
    threads: int
    input_size: tuple[int, int]
    classes: list[str]
    reason: str = Field(description="why this provider and precision were taken")


class ServiceOut(_Value):
    """What runs here."""

    version: str
    site: str
    config_sha256: str
    model: ModelOut

    @classmethod
    def of(cls, service: ServiceView, version: str) -> Self:
        """Describe the running service."""
        info = service.detector
        model = ModelOut(
            name=info.model,
            version=info.version,
            sha256=info.sha256,
            provider=info.provider,
            precision=info.precision,
            threads=info.threads,
            input_size=info.input_size,
            classes=[kind.label for kind in info.classes],
            reason=info.reason,
        )
        config = service.config_sha256
        return cls(version=version, site=service.site, config_sha256=config, model=model)
