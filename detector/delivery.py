"""When an event is handed to an upstream system, again after a failure, and when to give up.

A *delivery* is one event for one sink. It is ``pending`` until the sink takes it (``delivered``)
or its time runs out (``dead``, kept for a manual retry). Nothing here reads a clock or rolls a die:
the present time and the random draw are arguments. The retry schedule is that of Standard Webhooks
1.0 (https://github.com/standard-webhooks/standard-webhooks) behind a fast front for alarms.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from detector.events import Event, EventKind
from detector.types import Phase, Severity

FAST_FRONT_S = (1.0, 2.0, 5.0, 10.0, 30.0)
STANDARD_WEBHOOKS_S = (300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class Answer(StrEnum):
    """What became of one attempt."""

    ACCEPTED = "accepted"  # the upstream system has it
    UNREACHED = "unreached"  # nobody answered in time: the system as a whole is away
    FAILED = "failed"  # it answered, but did not take it now
    REJECTED = "rejected"  # it says that this very message is not acceptable
    GONE = "gone"  # it wants no messages any more


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one attempt.

    Attributes:
        answer: what it means for the schedule.
        detail: one line for people, never with a secret.
        status: protocol status code where there is one.
        retry_after_s: how long the upstream system asks to be left alone.
        took_s: duration of the attempt.
        recipient: where an accepted event is now, without any secret; "" where it stayed here.
    """

    answer: Answer
    detail: str
    status: int | None = None
    retry_after_s: float | None = None
    took_s: float = 0.0
    recipient: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event for one sink.

    Attributes:
        id: number of the delivery in the store.
        sink: name of the sink in the configuration.
        seq: commit-ordered number of the event.
        event_id: id of the event, the same on every attempt.
        incident_id: the incident, within which the order is kept.
        state: where it stands.
        attempts: how many were made since ``queued_at``.
        queued_at: UTC epoch seconds of the commit, or of the last manual retry.
        due_at: UTC epoch seconds before which it is not attempted.
        body: the event's JSON exactly as it was committed.
        last_attempt_at: when the last attempt ended; None before the first.
        last_answer: what became of it.
        last_status: its protocol status code.
        last_detail: its line for people.
    """

    id: int
    sink: str
    seq: int
    event_id: UUID
    incident_id: UUID
    state: DeliveryState
    attempts: int
    queued_at: float
    due_at: float
    body: str
    last_attempt_at: float | None = None
    last_answer: Answer | None = None
    last_status: int | None = None
    last_detail: str = ""

    def event(self) -> Event:
        """Parse the body."""
        return Event.model_validate_json(self.body)


class RetrySettings(BaseModel):
    """How long, and how often, a sink is tried.

    After the n-th failure the n-th of ``delays_s`` is waited, the last one again and again, each
    lengthened by up to ``jitter`` of itself, until ``expires_after_s`` are over since the commit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    delays_s: Annotated[tuple[PositiveFloat, ...], Field(min_length=1)] = (
        FAST_FRONT_S + STANDARD_WEBHOOKS_S
    )
    jitter: Annotated[float, Field(ge=0, le=1)] = 0.1
    expires_after_s: PositiveFloat = 4 * 86400.0
    rejected_attempts: Annotated[int, Field(ge=1)] = 1 + len(FAST_FRONT_S)
    """A message that the upstream system calls unacceptable is dead after so many attempts."""
    hasten_gap_s: PositiveFloat = 30.0
    """What could not reach the sink, and was last tried so long ago, is due at once when the sink
    is reached again, or when there is a fresh event of its incident."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What one attempt changes.

    Attributes:
        state: the delivery's new state.
        due_at: not before; meaningless unless pending.
        hold_sink_until: the sink as a whole asked to be left alone until then.
        disable_sink: the sink wants nothing any more until a person enables it.
        hasten_before: the sink is back; its pending deliveries that could not reach it and were
            last tried before this time are due at once.
    """

    state: DeliveryState
    due_at: float
    hold_sink_until: float | None = None
    disable_sink: bool = False
    hasten_before: float | None = None


def decide(
    delivery: Delivery, outcome: Outcome, now: float, retry: RetrySettings, draw: float
) -> Decision:
    """Say what follows from the outcome of an attempt.

    Args:
        delivery: as it was before the attempt, pending.
        outcome: what became of the attempt.
        now: UTC epoch seconds at its end.
        retry: the sink's schedule.
        draw: random number in 0..1 for the jitter.
    """
    if outcome.answer is Answer.ACCEPTED:
        return Decision(DeliveryState.DELIVERED, now, hasten_before=now - retry.hasten_gap_s)
    if outcome.answer is Answer.GONE:
        return Decision(DeliveryState.PENDING, now, disable_sink=True)
    hold = None if outcome.retry_after_s is None else now + outcome.retry_after_s
    delay_s = retry.delays_s[min(delivery.attempts, len(retry.delays_s) - 1)]
    due_at = max(now + delay_s * (1 + retry.jitter * draw), hold or 0.0)
    failures = delivery.attempts + 1
    hopeless = outcome.answer is Answer.REJECTED and failures >= retry.rejected_attempts
    if hopeless or due_at > delivery.queued_at + retry.expires_after_s:
        return Decision(DeliveryState.DEAD, now, hold_sink_until=hold)
    return Decision(DeliveryState.PENDING, due_at, hold_sink_until=hold)


class EventFilter(BaseModel):
    """Which events a sink wants; an empty list means all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[EventKind, ...] = ()
    cameras: tuple[str, ...] = ()
    phases: tuple[Phase, ...] = ()
    min_severity: Severity = Severity.INFO

    @model_validator(mode="after")
    def _no_repeats(self) -> Self:
        for name in ("rules", "cameras", "phases"):
            values = getattr(self, name)
            if len(set(values)) != len(values):
                raise ValueError(f"{name}: expected each value once, found {list(values)}")
        return self

    def matches(self, event: Event) -> bool:
        """Whether the sink wants ``event``."""
        data = event.data
        return (
            (not self.rules or data.rule in self.rules)
            and (not self.cameras or data.camera in self.cameras)
            and (not self.phases or data.phase in self.phases)
            and data.severity.rank >= self.min_severity.rank
        )


EVERYTHING = EventFilter()


@dataclass(frozen=True, slots=True)
class SinkRoute:
    """What the store must know of a sink to queue deliveries; nothing of how to send.

    Attributes:
        sink: its name in the configuration.
        wants: which events.
        hasten_gap_s: a fresh event makes an earlier one of its incident due at once if that one
            could not reach the sink so long ago; see :class:`RetrySettings`.
    """

    sink: str
    wants: EventFilter = EVERYTHING
    hasten_gap_s: float = RetrySettings().hasten_gap_s
