"""All that the store knows of one incident, read in one transaction."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from detector.errors import UnknownRecord
from detector.store.clips import read_clips
from detector.store.events import read_events
from detector.store.incidents import read_incident
from detector.store.records import ClipRecord, EventQuery, IncidentRecord, StoredEvent
from detector.store.schema import attempts, deliveries, events

ALL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """One attempt to tell a system of an event, or a delivery that was not attempted yet.

    Attributes:
        sink: name of the system.
        seq: number of the event.
        event_id: its id.
        state: of the delivery now: pending, delivered or dead.
        ended_at: UTC epoch seconds; None before the first attempt.
        answer: what kind of answer came; None likewise.
        status: HTTP status; None where there was none.
    """

    sink: str
    seq: int
    event_id: UUID
    state: str
    ended_at: float | None
    answer: str | None
    status: int | None


@dataclass(frozen=True, slots=True)
class Dossier:
    """An incident with everything that hangs on it.

    Attributes:
        record: the incident with the history of its operator state.
        events: in commit order.
        clips: in the order of their numbers.
        receipts: by event, system and time.
    """

    record: IncidentRecord
    events: tuple[StoredEvent, ...]
    clips: tuple[ClipRecord, ...]
    receipts: tuple[Receipt, ...]


def read_dossier(connection: Connection, incident_id: UUID) -> Dossier:
    """Read an incident.

    Raises:
        UnknownRecord: there is no such incident.
    """
    record = read_incident(connection, incident_id)
    if record is None:
        raise UnknownRecord(f"incident {incident_id}: expected one that is stored, found none")
    return Dossier(
        record,
        read_events(connection, EventQuery(incident_id=incident_id, limit=ALL)),
        read_clips(connection, incident_id),
        _receipts(connection, incident_id),
    )


def _receipts(connection: Connection, incident_id: UUID) -> tuple[Receipt, ...]:
    columns: tuple[Any, ...] = (
        deliveries.c.sink,
        deliveries.c.seq,
        events.c.id,
        deliveries.c.state,
        attempts.c.ended_at,
        attempts.c.answer,
        attempts.c.status,
    )
    joined = deliveries.join(events, events.c.seq == deliveries.c.seq).outerjoin(
        attempts, attempts.c.delivery_id == deliveries.c.id
    )
    rows = connection.execute(
        select(*columns)
        .select_from(joined)
        .where(deliveries.c.incident_id == incident_id)
        .order_by(deliveries.c.seq, deliveries.c.sink, attempts.c.id)
    )
    return tuple(Receipt(*row) for row in rows)
