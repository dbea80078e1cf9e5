"""The rows of deliveries: queued with the event, attempted in order, never forgotten."""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    case,
    exists,
    func,
    insert,
    literal_column,
    select,
    update,
)

from detector.delivery import (
    Answer,
    Decision,
    Delivery,
    DeliveryState,
    Outcome,
    SinkRoute,
)
from detector.errors import RefusedMove, UnknownRecord
from detector.events import Event
from detector.store.records import SinkStatus
from detector.store.schema import attempts, deliveries, events, sinks

PENDING = DeliveryState.PENDING.value
IS_PENDING: ColumnElement[str] = literal_column(f"'{PENDING}'")
"""Part of the statement's text, so that SQLite knows that its partial indexes apply."""


def queue(
    connection: Connection, committed: Sequence[Event], routes: Sequence[SinkRoute], now: float
) -> None:
    """Queue each event for each sink that wants it, due at once."""
    rows: list[dict[str, Any]] = [
        {
            "sink": route.sink,
            "seq": event.seq,
            "incident_id": event.data.incident_id,
            "state": PENDING,
            "attempts": 0,
            "queued_at": now,
            "due_at": now,
            "last_detail": "",
        }
        for event in committed
        for route in routes
        if route.wants.matches(event)
    ]
    if not rows:
        return
    connection.execute(insert(deliveries), rows)
    for route in routes:
        theirs = {row["incident_id"] for row in rows if row["sink"] == route.sink}
        _hasten(connection, route.sink, now - route.hasten_gap_s, now, theirs)


def _first_of_its_incident() -> Any:
    earlier = deliveries.alias("earlier")
    return ~exists().where(
        earlier.c.sink == deliveries.c.sink,
        earlier.c.incident_id == deliveries.c.incident_id,
        earlier.c.state == IS_PENDING,
        earlier.c.seq < deliveries.c.seq,
    )


def _left_alone_until(connection: Connection, sink: str) -> float:
    """Say how long the sink is not to be used: 0 by default, for ever while it is disabled."""
    row = connection.execute(select(sinks).where(sinks.c.name == sink)).one_or_none()
    if row is None:
        return 0.0
    return math.inf if row.disabled_at is not None else row.hold_until


def read_due(
    connection: Connection, sink: str, now: float, limit: int, in_flight: Collection[int]
) -> tuple[Delivery, ...]:
    """Find what may be attempted now: per incident only the earliest, the least tried ones first.

    Events that wait for their first attempt come before repetitions, so that a backlog of a sink
    that was away does not hold up a fresh alarm.
    """
    if limit <= 0 or _left_alone_until(connection, sink) > now:
        return ()
    column = deliveries.c
    statement = (
        _with_body()
        .where(column.state == IS_PENDING, column.sink == sink, column.due_at <= now)
        .where(column.id.not_in(in_flight), _first_of_its_incident())
        .order_by(column.attempts, column.seq)
        .limit(limit)
    )
    return tuple(_delivery(row) for row in connection.execute(statement))


def next_due_at(
    connection: Connection, sink: str, now: float, in_flight: Collection[int]
) -> float | None:
    """Say when the sink's next delivery may be attempted; None if nothing waits for a time."""
    column = deliveries.c
    left_alone_until = _left_alone_until(connection, sink)
    if left_alone_until == math.inf:
        return None
    statement = select(func.min(column.due_at)).where(
        column.state == IS_PENDING,
        column.sink == sink,
        column.id.not_in(in_flight),
        _first_of_its_incident(),
    )
    due_at: float | None = connection.scalar(statement)
    return None if due_at is None else max(due_at, now, left_alone_until)


def is_pending(connection: Connection, delivery_id: int) -> bool:
    """Whether the delivery is not over yet."""
    state = select(deliveries.c.state).where(deliveries.c.id == delivery_id)
    return connection.scalar(state) == PENDING


def record(
    connection: Connection, delivery: Delivery, outcome: Outcome, decision: Decision, now: float
) -> None:
    """Write down an attempt and what follows from it."""
    connection.execute(
        insert(attempts).values(
            delivery_id=delivery.id,
            ended_at=now,
            took_s=outcome.took_s,
            answer=outcome.answer.value,
            status=outcome.status,
            detail=outcome.detail,
        )
    )
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery.id)
        .values(
            state=decision.state.value,
            attempts=deliveries.c.attempts + 1,
            due_at=decision.due_at,
            last_attempt_at=now,
            last_answer=outcome.answer.value,
            last_status=outcome.status,
            last_detail=outcome.detail,
        )
    )
    if decision.disable_sink:
        _set_sink(connection, delivery.sink, disabled_at=now, disabled_why=outcome.detail)
    elif decision.hold_sink_until is not None:
        _set_sink(connection, delivery.sink, hold_until=decision.hold_sink_until)
    if decision.hasten_before is not None:
        _hasten(connection, delivery.sink, decision.hasten_before, now)


def _hasten(
    connection: Connection,
    sink: str,
    tried_before: float,
    now: float,
    incident_ids: Collection[UUID] | None = None,
) -> None:
    """Make due what could not reach the sink; of some incidents only, if they are given."""
    column = deliveries.c
    statement = (
        update(deliveries)
        .where(column.sink == sink, column.state == PENDING, column.due_at > now)
        .where(column.last_answer == Answer.UNREACHED.value)
        .where(column.last_attempt_at < tried_before)
        .values(due_at=now)
    )
    if incident_ids is not None:
        statement = statement.where(column.incident_id.in_(incident_ids))
    connection.execute(statement)


def _set_sink(connection: Connection, sink: str, **values: object) -> None:
    changed = connection.execute(update(sinks).where(sinks.c.name == sink).values(values))
    if changed.rowcount == 0:
        row = {"name": sink, "hold_until": 0.0, "disabled_why": ""} | values
        connection.execute(insert(sinks).values(row))


def enable(connection: Connection, sink: str) -> None:
    """Let a sink be used again; what waited for it is still there."""
    _set_sink(connection, sink, disabled_at=None, disabled_why="", hold_until=0.0)


def retry(connection: Connection, delivery_id: int, now: float) -> Delivery:
    """Make a dead or pending delivery due at once, with its schedule begun anew.

    Raises:
        UnknownRecord: there is no such delivery.
        RefusedMove: it was delivered already.
    """
    delivery = read_delivery(connection, delivery_id)
    if delivery is None:
        raise UnknownRecord(f"delivery {delivery_id}: expected one that is stored, found none")
    if delivery.state is DeliveryState.DELIVERED:
        raise RefusedMove(f"delivery {delivery_id}: expected pending or dead, found delivered")
    fresh = {"state": PENDING, "attempts": 0, "queued_at": now, "due_at": now}
    connection.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(fresh))
    return replace(delivery, state=DeliveryState.PENDING, attempts=0, queued_at=now, due_at=now)


def read_delivery(connection: Connection, delivery_id: int) -> Delivery | None:
    """Find one delivery."""
    row = connection.execute(_with_body().where(deliveries.c.id == delivery_id)).one_or_none()
    return None if row is None else _delivery(row)


def read_deliveries(
    connection: Connection,
    state: DeliveryState | None,
    sink: str | None,
    before_id: int | None,
    limit: int,
) -> tuple[Delivery, ...]:
    """Find deliveries, newest first."""
    statement = _with_body().order_by(deliveries.c.id.desc()).limit(limit)
    if state is not None:
        statement = statement.where(deliveries.c.state == state.value)
    if sink is not None:
        statement = statement.where(deliveries.c.sink == sink)
    if before_id is not None:
        statement = statement.where(deliveries.c.id < before_id)
    return tuple(_delivery(row) for row in connection.execute(statement))


def read_sinks(connection: Connection) -> tuple[SinkStatus, ...]:
    """Sum up every sink that has deliveries or a state of its own."""
    column = deliveries.c
    waiting_since = case((column.state == PENDING, column.queued_at))
    grouped = select(
        column.sink, column.state, func.count().label("number"), func.min(waiting_since).label("at")
    ).group_by(column.sink, column.state)
    facts: dict[str, dict[str, Any]] = {}
    for row in connection.execute(grouped):
        fact = facts.setdefault(row.sink, {})
        fact[row.state] = row.number
        if row.at is not None:
            fact["oldest_pending_at"] = row.at
    for row in connection.execute(select(sinks)):
        facts.setdefault(row.name, {}).update(
            hold_until=row.hold_until, disabled_at=row.disabled_at, disabled_why=row.disabled_why
        )
    return tuple(SinkStatus(sink=sink, **fact) for sink, fact in sorted(facts.items()))


def _with_body() -> Select[Any]:
    return select(deliveries, events.c.id.label("event_id"), events.c.body).join(
        events, events.c.seq == deliveries.c.seq
    )


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        id=row.id,
        sink=row.sink,
        seq=row.seq,
        event_id=row.event_id,
        incident_id=row.incident_id,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        queued_at=row.queued_at,
        due_at=row.due_at,
        body=row.body,
        last_attempt_at=row.last_attempt_at,
        last_answer=None if row.last_answer is None else Answer(row.last_answer),
        last_status=row.last_status,
        last_detail=row.last_detail,
    )
