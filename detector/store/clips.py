"""The rows of clips: wanted with the events that ask for them, then ready or missing."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, insert, select, update

from detector.events import Event
from detector.incidents.clip_plan import SETTLE_S, ClipWish, Piece, next_piece
from detector.store.records import ClipCounts, ClipRecord, ClipState
from detector.store.schema import clips, incidents


def want(
    connection: Connection, wishes: Sequence[ClipWish], committed: Sequence[Event], now: float
) -> None:
    """Insert or extend the pieces that freshly committed events ask for; incidents are there."""
    fresh = {event.id for event in committed}
    for wish in wishes:
        if wish.event_id in fresh:
            _want(connection, wish, now)


def _want(connection: Connection, wish: ClipWish, now: float) -> None:
    theirs = select(clips).where(clips.c.incident_id == wish.incident_id)
    row = connection.execute(theirs.order_by(clips.c.number.desc()).limit(1)).one_or_none()
    last = None if row is None else Piece(row.number, row.begin_at, row.end_at)
    is_open = row is not None and row.state == ClipState.WANTED.value
    piece = next_piece(last, wish, is_open=is_open)
    piece = last if piece is None and is_open else piece
    if piece is None:
        return
    values: dict[str, Any] = {
        "begin_at": piece.begin_at,
        "end_at": piece.end_at,
        "due_at": piece.end_at + SETTLE_S,
        "updated_at": now,
    }
    if row is not None and piece.number == row.number:
        values["body"] = _moments([*json.loads(row.body)["moments"], wish.at])
        connection.execute(update(clips).where(clips.c.id == row.id).values(values))
        return
    new = {
        "incident_id": wish.incident_id,
        "number": piece.number,
        "camera": wish.camera,
        "state": ClipState.WANTED.value,
        "attempts": 0,
        # A piece that goes on with an earlier one begins after the event: its begin counts then
        "body": _moments([max(wish.at, piece.begin_at)]),
    }
    connection.execute(insert(clips).values(values | new))


def _moments(moments: Sequence[float]) -> str:
    return json.dumps({"moments": moments})


def read_due(connection: Connection, now: float, limit: int) -> tuple[ClipRecord, ...]:
    """Find the clips that can be written now, the one due first at the front."""
    due = select(clips).where(clips.c.state == ClipState.WANTED.value, clips.c.due_at <= now)
    rows = connection.execute(due.order_by(clips.c.due_at, clips.c.id).limit(limit))
    return tuple(_record(row) for row in rows)


def read_clips(connection: Connection, incident_id: UUID) -> tuple[ClipRecord, ...]:
    """Find the clips of an incident in the order of their numbers."""
    theirs = select(clips).where(clips.c.incident_id == incident_id).order_by(clips.c.number)
    return tuple(_record(row) for row in connection.execute(theirs))


def count_clips(connection: Connection, incident_ids: Sequence[UUID]) -> Mapping[UUID, ClipCounts]:
    """Count the clips of several incidents with one question; those without any are left out."""
    which = clips.c.incident_id, clips.c.state
    theirs = select(*which, func.count()).where(clips.c.incident_id.in_(incident_ids))
    found: dict[UUID, dict[str, int]] = {}
    for incident_id, state, count in connection.execute(theirs.group_by(*which)):
        found.setdefault(incident_id, {})[state] = count
    return {incident_id: ClipCounts(**counts) for incident_id, counts in found.items()}


def postpone(connection: Connection, clip: ClipRecord, due_at: float, now: float) -> None:
    """Count a failed attempt and try again at ``due_at``; an extended clip keeps its later time."""
    connection.execute(
        update(clips)
        .where(clips.c.id == clip.id, clips.c.end_at == clip.end_at)
        .values(attempts=clips.c.attempts + 1, due_at=due_at, updated_at=now)
    )


def finish(
    connection: Connection, clip: ClipRecord, state: ClipState, body: str, now: float
) -> bool:
    """Set the final state; False if the clip was finished or extended since it was read.

    A clip that a planned stop finished early ends now: what the next run sees is the next piece.
    """
    same = (
        clips.c.id == clip.id,
        clips.c.state == ClipState.WANTED.value,
        clips.c.end_at == clip.end_at,
        clips.c.begin_at == clip.begin_at,
    )
    end_at = min(clip.end_at, now)
    changes = {"state": state.value, "body": body, "end_at": end_at, "updated_at": now}
    return connection.execute(update(clips).where(*same).values(changes)).rowcount == 1


def note_said(connection: Connection, committed: Sequence[Event], now: float) -> None:
    """Let incidents know the number of the newest event said about them."""
    for event in committed:
        connection.execute(
            update(incidents)
            .where(incidents.c.id == event.data.incident_id)
            .values(last_seq=event.seq, updated_at=now)
        )


def _record(row: Row[Any]) -> ClipRecord:
    return ClipRecord(
        id=row.id,
        incident_id=row.incident_id,
        number=row.number,
        camera=row.camera,
        state=ClipState(row.state),
        begin_at=row.begin_at,
        end_at=row.end_at,
        attempts=row.attempts,
        updated_at=row.updated_at,
        body=row.body,
    )
