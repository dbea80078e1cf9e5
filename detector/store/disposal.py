"""Deciding what evidence may be deleted, and writing that down before any file goes.

The log comes first: an entry whose file is still there is completed by the next run, which finds
the entry and adds no second one. The other order could lose a file without a trace.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, exists, func, select, update

from detector.store import custody
from detector.store.custody_records import CustodyAction, NewCustody, incident_object
from detector.store.holds import in_force
from detector.store.incidents import locked_state
from detector.store.records import ClipState
from detector.store.schema import clips, custody_log, events, holds, incidents, watch_spans
from detector.types import Phase

_Item = TypeVar("_Item")
MOST_IDS = 500
"""In one statement; SQLite takes some thousands."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the evidence of an incident may go, and how old it is.

    Attributes:
        newest_at: UTC epoch seconds of the commit of its newest event.
        free: it has ended, is not held, and none of its clips is still to be written.
    """

    newest_at: float
    free: bool


@dataclass(frozen=True, slots=True)
class Disposal:
    """One piece of evidence that is to be deleted: a clip or a snapshot with what lies beside it.

    Attributes:
        part: what it is of the incident, e.g. ``clips/1`` or ``snapshots/<event id>``; of nothing
            stored, its class and stem.
        why: the rule that it fell under.
        result: its age and size, never its content.
        clip: number of the clip; None for a snapshot.
    """

    part: str
    why: str
    result: str
    clip: int | None = None


@dataclass(frozen=True, slots=True)
class Oldest:
    """UTC epoch seconds of the oldest that is stored; None where nothing is."""

    event_at: float | None
    custody_at: float | None


def _some(items: Collection[_Item]) -> Iterator[list[_Item]]:
    every = list(items)
    for begin in range(0, len(every), MOST_IDS):
        yield every[begin : begin + MOST_IDS]


def owners(connection: Connection, event_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Give the incident of each event that is stored."""
    found: dict[UUID, UUID] = {}
    for some in _some(event_ids):
        rows = select(events.c.id, events.c.incident_id).where(events.c.id.in_(some))
        found |= {row.id: row.incident_id for row in connection.execute(rows)}
    return found


def standings(
    connection: Connection, incident_ids: Collection[UUID], now: float
) -> dict[UUID, Standing]:
    """Say how each of these incidents stands, as far as it is stored."""
    found: dict[UUID, Standing] = {}
    newest = (
        select(func.max(events.c.recorded_at))
        .where(events.c.incident_id == incidents.c.id)
        .scalar_subquery()
    )
    newest_at = func.coalesce(newest, incidents.c.updated_at).label("newest_at")
    statement = select(incidents.c.id, newest_at, ~_bound(now).label("free"))
    for some in _some(incident_ids):
        for row in connection.execute(statement.where(incidents.c.id.in_(some))):
            found[row.id] = Standing(row.newest_at, bool(row.free))
    return found


def _bound(now: float) -> ColumnElement[bool]:
    """Select incidents that are open, held, or have a clip that is still to be written."""
    same = incidents.c.id
    held = exists().where(holds.c.incident_id == same, in_force(now))
    wanted = exists().where(clips.c.incident_id == same, clips.c.state == ClipState.WANTED.value)
    return (incidents.c.phase != Phase.END.value) | held | wanted


def dispose(
    connection: Connection, incident_id: UUID, going: Sequence[Disposal], now: float
) -> bool:
    """Log that evidence of an incident is deleted, and tell its clips; False if it may not go.

    A hold that is placed later waits for this transaction, and comes too late by the log as well.

    Raises:
        UnknownRecord: there is no such incident.
    """
    locked_state(connection, incident_id)
    bound = select(incidents.c.id).where(incidents.c.id == incident_id, _bound(now))
    if connection.scalar(bound) is not None:
        return False
    _log_once(connection, {incident_object(incident_id, one.part): one for one in going}, now)
    for one in going:
        if one.clip is not None:
            _mark_deleted(connection, incident_id, one, now)
    return True


def dispose_unknown(connection: Connection, going: Disposal, owner: UUID, now: float) -> bool:
    """Log that a file without a stored event or incident is deleted; False if one is stored."""
    for table in (events, incidents):
        if connection.scalar(select(table.c.id).where(table.c.id == owner)) is not None:
            return False
    _log_once(connection, {f"unknown/{going.part}": going}, now)
    return True


def _log_once(connection: Connection, going: Mapping[str, Disposal], now: float) -> None:
    said: set[str] = set()
    erased = custody_log.c.action == CustodyAction.ERASE.value
    for some in _some(going):
        rows = select(custody_log.c.object).where(custody_log.c.object.in_(some), erased)
        said |= set(connection.scalars(rows))
    new = (
        NewCustody(CustodyAction.ERASE, name, purpose=one.why, result=one.result)
        for name, one in going.items()
        if name not in said
    )
    custody.append(connection, new, now)


def _mark_deleted(connection: Connection, incident_id: UUID, one: Disposal, now: float) -> None:
    mine = (
        clips.c.incident_id == incident_id,
        clips.c.number == one.clip,
        clips.c.state == ClipState.READY.value,
    )
    body = connection.scalar(select(clips.c.body).where(*mine))
    if body is None:
        return
    known = json.loads(body) | {"reason": f"deleted: {one.why}"}
    changes = {"state": ClipState.DELETED.value, "body": json.dumps(known), "updated_at": now}
    connection.execute(update(clips).where(*mine).values(changes))


def configure(connection: Connection, name: str, result: str, now: float) -> bool:
    """Log how something is set, unless the newest entry about it says the same."""
    newest = (
        select(custody_log.c.body)
        .where(custody_log.c.object == name)
        .order_by(custody_log.c.number.desc())
        .limit(1)
    )
    body = connection.scalar(newest)
    if body is not None and json.loads(body)["result"] == result:
        return False
    custody.append(connection, [NewCustody(CustodyAction.CONFIGURE, name, result=result)], now)
    return True


def release_expired(connection: Connection, now: float) -> int:
    """End the holds whose time is over, and log that; gives how many."""
    over = list(connection.scalars(select(holds.c.incident_id).where(~in_force(now))))
    if over:
        connection.execute(delete(holds).where(holds.c.incident_id.in_(over)))
    custody.append(connection, (_expiry(incident_id) for incident_id in over), now)
    return len(over)


def _expiry(incident_id: UUID) -> NewCustody:
    return NewCustody(CustodyAction.RELEASE, incident_object(incident_id), purpose="it expired")


def first_entry_about(connection: Connection, incident_ids: Iterable[UUID]) -> int | None:
    """Give the number of the oldest custody entry about any of these incidents."""
    column = custody_log.c
    numbers = []
    for incident_id in incident_ids:
        name = incident_object(incident_id)
        about = (column.object == name) | column.object.startswith(f"{name}/", autoescape=True)
        numbers.append(connection.scalar(select(func.min(column.number)).where(about)))
    return min((number for number in numbers if number is not None), default=None)


def forget_spans(connection: Connection, before: float) -> int:
    """Remove what is known of times when cameras watched that ended before; gives how many."""
    old = delete(watch_spans).where(watch_spans.c.ended_at < before)
    return connection.execute(old).rowcount


def oldest(connection: Connection) -> Oldest:
    """Say since when events and the custody log are stored."""
    return Oldest(
        connection.scalar(select(func.min(events.c.recorded_at))),
        connection.scalar(select(func.min(custody_log.c.at))),
    )
