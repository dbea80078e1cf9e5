"""Holds: incidents whose evidence must not be deleted, by whom, why and until when."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, or_, select

from detector.errors import RefusedMove, UnknownRecord
from detector.store.incidents import locked_state
from detector.store.schema import events, holds


@dataclass(frozen=True, slots=True)
class Hold:
    """Why an incident's evidence is kept.

    Attributes:
        incident_id: of the incident.
        reason: for people.
        by: who ordered it.
        at: since when, UTC epoch seconds.
        expires_at: until when, UTC epoch seconds; None until it is released.
    """

    incident_id: UUID
    reason: str
    by: str
    at: float
    expires_at: float | None

    @property
    def ends_at(self) -> float:
        """When it ends by itself, UTC epoch seconds; infinite if it does not."""
        return math.inf if self.expires_at is None else self.expires_at


def utc_text(at: float) -> str:
    """Write UTC epoch seconds for people.

    >>> utc_text(1_700_000_000.0)
    '2023-11-14T22:13:20Z'
    """
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def place(connection: Connection, hold: Hold) -> None:
    """Hold an incident; a hold that is there already is replaced.

    Raises:
        UnknownRecord: there is no such incident.
        RefusedMove: it would end earlier than the hold in force: that is a release.
    """
    locked_state(connection, hold.incident_id)
    present = read(connection, hold.at, [hold.incident_id]).get(hold.incident_id)
    if present is not None and hold.ends_at < present.ends_at:
        until = "it is released" if present.expires_at is None else utc_text(present.expires_at)
        raise RefusedMove(
            f"incident {hold.incident_id} is held until {until}: expected a hold that does not end "
            f"earlier, found one until {utc_text(hold.ends_at)}; release it first"
        )
    connection.execute(delete(holds).where(holds.c.incident_id == hold.incident_id))
    connection.execute(
        insert(holds).values(
            incident_id=hold.incident_id,
            reason=hold.reason,
            held_by=hold.by,
            held_at=hold.at,
            expires_at=hold.expires_at,
        )
    )


def release(connection: Connection, incident_id: UUID) -> None:
    """End a hold.

    Raises:
        UnknownRecord: the incident is not held.
    """
    if not connection.execute(delete(holds).where(holds.c.incident_id == incident_id)).rowcount:
        raise UnknownRecord(f"incident {incident_id}: expected one that is held, found no hold")


def in_force(now: float) -> ColumnElement[bool]:
    """Select holds that have not expired."""
    return or_(holds.c.expires_at.is_(None), holds.c.expires_at > now)


def read(
    connection: Connection, now: float, incident_ids: Collection[UUID] | None
) -> dict[UUID, Hold]:
    """Give the holds in force by incident; of some incidents only, if they are given."""
    statement = select(holds).where(in_force(now))
    if incident_ids is not None:
        statement = statement.where(holds.c.incident_id.in_(incident_ids))
    return {row.incident_id: _hold(row) for row in connection.execute(statement)}


def held_events(connection: Connection, now: float) -> frozenset[UUID]:
    """Give the ids of all events of incidents that are held."""
    statement = select(events.c.id).join(holds, holds.c.incident_id == events.c.incident_id)
    return frozenset(connection.scalars(statement.where(in_force(now))))


def _hold(row: Row[Any]) -> Hold:
    return Hold(row.incident_id, row.reason, row.held_by, row.held_at, row.expires_at)
