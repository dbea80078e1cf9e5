"""The rows of events: numbered in commit order, stored as the bytes that are sent."""

import json
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Select, func, insert, or_, select, update

from detector.events import TYPE_PREFIX, Event, EventKind
from detector.store.records import EventQuery, StoredEvent
from detector.store.schema import counters, events
from detector.types import Phase

EVENT_SEQ = "event_seq"


def commit_events(connection: Connection, given: Sequence[Event], now: float) -> list[Event]:
    """Number and stamp the events that are not stored yet, in the given order.

    The counter's row stays locked until the transaction ends, so numbers appear in commit order.
    """
    if not given:
        return []
    stored = select(events.c.id).where(events.c.id.in_([event.id for event in given]))
    known = set(connection.scalars(stored))
    fresh = [event for event in given if event.id not in known]
    statement = (
        update(counters)
        .where(counters.c.name == EVENT_SEQ)
        .values(value=counters.c.value + len(fresh))
        .returning(counters.c.value)
    )
    last = connection.scalars(statement).one()
    first = last - len(fresh) + 1
    return [event.committed(seq, now) for seq, event in enumerate(fresh, first)]


def insert_events(connection: Connection, committed: Sequence[Event], now: float) -> None:
    """Store numbered events; their incidents must be there."""
    if committed:
        connection.execute(insert(events), [_row(event, now) for event in committed])


def _row(event: Event, now: float) -> dict[str, object]:
    return {
        "seq": event.seq,
        "id": event.id,
        "incident_id": event.data.incident_id,
        "camera": event.data.camera,
        "label": event.data.object_class,
        "rule": event.data.rule.value,
        "severity": event.data.severity.rank,
        "happened_at": None if event.time is None else event.time.timestamp(),
        "recorded_at": now,
        "body": event.to_json(),
    }


def stored_in_order(connection: Connection, given: Sequence[Event]) -> tuple[Event, ...]:
    """Give the events as they are stored."""
    wanted = [event.id for event in given]
    rows = connection.execute(select(events.c.id, events.c.body).where(events.c.id.in_(wanted)))
    bodies = {row.id: row.body for row in rows}
    return tuple(Event.model_validate_json(bodies[event_id]) for event_id in wanted)


def select_events(query: EventQuery) -> Select[tuple[int, object, str]]:
    """Build the statement that answers ``query``."""
    column = events.c
    statement = select(column.seq, column.id, column.body).where(column.seq > query.after_seq)
    if query.before_seq is not None:
        statement = statement.where(column.seq < query.before_seq)
    order = column.seq.desc() if query.newest_first else column.seq.asc()
    return statement.where(*_conditions(query)).order_by(order).limit(query.limit)


def _conditions(query: EventQuery) -> list[ColumnElement[bool]]:
    """Give what a query asks for, whatever its cursors and limit."""
    column = events.c
    lists = (
        (query.cameras, column.camera),
        (query.labels, column.label),
        ([rule.value for rule in query.rules], column.rule),
    )
    found: list[ColumnElement[bool]] = [where.in_(wanted) for wanted, where in lists if wanted]
    if query.places:
        found.append(or_(*(_is_at(place) for place in query.places)))
    if query.after is not None:
        found.append(column.happened_at >= query.after)
    if query.before is not None:
        found.append(column.happened_at < query.before)
    if query.incident_id is not None:
        found.append(column.incident_id == query.incident_id)
    if query.min_severity.rank:
        found.append(column.severity >= query.min_severity.rank)
    return found


def _is_at(place: str) -> ColumnElement[bool]:
    """Whether the body names this place: it has no column; LIKE would take Yard for yard."""
    said = f'"place":{json.dumps(place, ensure_ascii=False)}'
    return func.replace(events.c.body, said, "") != events.c.body


def count_new(connection: Connection, query: EventQuery) -> dict[tuple[str, EventKind], int]:
    """Count the events ``new`` by camera and rule."""
    column = events.c
    # The envelope's type says what an event is of; quotes within texts are escaped in the body.
    begun = f'%"type":"{TYPE_PREFIX}.' + column.rule + f'.{Phase.NEW}"%'
    statement = (
        select(column.camera, column.rule, func.count().label("number"))
        .where(column.body.like(begun), *_conditions(query))
        .group_by(column.camera, column.rule)
        .order_by(column.camera, column.rule)
    )
    rows = connection.execute(statement)
    return {(row.camera, EventKind(row.rule)): row.number for row in rows}


def read_events(connection: Connection, query: EventQuery) -> tuple[StoredEvent, ...]:
    """Find events."""
    rows = connection.execute(select_events(query))
    return tuple(StoredEvent(row.seq, row.id, row.body) for row in rows)


def last_seq(connection: Connection) -> int:
    """Give the last number handed out."""
    value = select(counters.c.value).where(counters.c.name == EVENT_SEQ)
    number: int = connection.scalars(value).one()
    return number


def first_seq(connection: Connection) -> int:
    """Give the smallest number still stored; one past the last if nothing is."""
    smallest: int | None = connection.scalar(select(func.min(events.c.seq)))
    return last_seq(connection) + 1 if smallest is None else smallest


def read_event(connection: Connection, event_id: UUID) -> StoredEvent | None:
    """Find one event."""
    statement = select(events.c.seq, events.c.id, events.c.body).where(events.c.id == event_id)
    row = connection.execute(statement).one_or_none()
    return None if row is None else StoredEvent(row.seq, row.id, row.body)
