"""The shapes of answers about deliveries and the sinks they go to."""

from datetime import UTC, datetime
from typing import Self

from pydantic import AwareDatetime, Field

from detector.api.models import Value, utc
from detector.delivery import Answer, Delivery, DeliveryState
from detector.pipeline.dispatcher import SinkHealth
from detector.store.records import SinkStatus


class DeliveryOut(Value):
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


class DeliveryPage(Value):
    """Deliveries, newest first."""

    deliveries: list[DeliveryOut]
    next_before_id: int | None = Field(description="give it as before_id; null on the last page")


class SinkOut(Value):
    """One upstream system: what waits for it, and how it takes events."""

    name: str
    configured: bool = Field(description="false: only deliveries of an earlier run are left")
    pending: int = Field(description="deliveries that are still to be made")
    dead: int = Field(description="deliveries that were given up")
    oldest_pending_at: AwareDatetime | None
    hold_until: AwareDatetime | None = Field(description="it asked to be left alone until then")
    disabled_at: AwareDatetime | None = Field(description="it answered that it wants no more")
    disabled_why: str
    delivered: int = Field(description="attempts that were accepted, since the start")
    failed: int = Field(description="attempts that were not, since the start")
    in_flight: int = Field(description="attempts that go on now")
    failing_since: AwareDatetime | None = Field(description="null after a success")
    last_detail: str = Field(description="what the last attempt came to")

    @classmethod
    def of(cls, status: SinkStatus, health: SinkHealth | None) -> Self:
        """Show what the store and the delivery thread know; ``health`` is None if unconfigured."""
        attempts = health or SinkHealth(sink=status.sink)
        return cls(
            name=status.sink,
            configured=health is not None,
            pending=status.pending,
            dead=status.dead,
            oldest_pending_at=utc(status.oldest_pending_at),
            hold_until=utc(status.hold_until or None),
            disabled_at=utc(status.disabled_at),
            disabled_why=status.disabled_why,
            delivered=attempts.delivered,
            failed=attempts.failed,
            in_flight=attempts.in_flight,
            failing_since=utc(attempts.failing_since),
            last_detail=attempts.last_detail,
        )


class SinkList(Value):
    """All sinks in the order of the configuration, then those that are no longer configured."""

    sinks: list[SinkOut]
