"""The rows of incidents and what the people on duty made of them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, insert, select, update

from detector.errors import RefusedMove, UnknownRecord
from detector.events import OPERATOR_MOVES, Event, Incident, OperatorState
from detector.store.clips import count_clips
from detector.store.records import ClipCounts, IncidentQuery, IncidentRecord, OperatorMove
from detector.store.schema import incidents, operator_moves
from detector.types import Phase

NO_CLIPS = ClipCounts()


def upsert_incidents(
    connection: Connection,
    changed: Sequence[Incident],
    committed: Sequence[Event],
    latest_seq: int,
    now: float,
) -> None:
    """Write the incidents as they are now; the operator's state stays as it is."""
    numbers: dict[UUID, list[int]] = {}
    for event in committed:
        numbers.setdefault(event.data.incident_id, []).append(event.seq)
    for incident in {item.incident_id: item for item in changed}.values():
        seqs = numbers.get(incident.incident_id)
        values = _values(incident, now) | ({"last_seq": seqs[-1]} if seqs else {})
        same = incidents.c.id == incident.incident_id
        if connection.execute(update(incidents).where(same).values(values)).rowcount == 0:
            first_and_last = {"first_seq": (seqs or [latest_seq])[0], "last_seq": latest_seq}
            new = {"id": incident.incident_id, "operator_state": OperatorState.NEW.value}
            connection.execute(insert(incidents).values(first_and_last | values | new))


def _values(incident: Incident, now: float) -> dict[str, Any]:
    started = incident.started_at
    return {
        "camera": incident.camera,
        "phase": incident.phase.value,
        "severity": incident.severity.rank,
        "started_at": None if started is None else started.timestamp(),
        "updated_at": now,
        "body": incident.model_dump_json(by_alias=True),
    }


def read_incidents(connection: Connection, query: IncidentQuery) -> tuple[IncidentRecord, ...]:
    """Find incidents, without their history."""
    rows = connection.execute(_select(query)).all()
    counts = count_clips(connection, [row.id for row in rows])
    return tuple(_record(row, clips=counts.get(row.id, NO_CLIPS)) for row in rows)


def _select(query: IncidentQuery) -> Select[Any]:
    column = incidents.c
    statement = select(incidents)
    for wanted, where in (
        (query.cameras, column.camera),
        ([phase.value for phase in query.phases], column.phase),
        ([state.value for state in query.operator_states], column.operator_state),
    ):
        if wanted:
            statement = statement.where(where.in_(wanted))
    if query.min_severity.rank:
        statement = statement.where(column.severity >= query.min_severity.rank)
    if query.after is not None:
        statement = statement.where(column.started_at >= query.after)
    if query.before is not None:
        statement = statement.where(column.started_at < query.before)
    if query.before_seq is not None:
        statement = statement.where(column.first_seq < query.before_seq)
    if query.after_seq:
        statement = statement.where(column.last_seq > query.after_seq)
    first = column.first_seq.desc() if query.newest_first else column.first_seq.asc()
    return statement.order_by(first, column.id).limit(query.limit)


def read_incident(connection: Connection, incident_id: UUID) -> IncidentRecord | None:
    """Find one incident with its history."""
    row = connection.execute(select(incidents).where(incidents.c.id == incident_id)).one_or_none()
    if row is None:
        return None
    clips = count_clips(connection, [incident_id]).get(incident_id, NO_CLIPS)
    return _record(row, _history(connection, incident_id), clips)


def _history(connection: Connection, incident_id: UUID) -> tuple[OperatorMove, ...]:
    moves = operator_moves
    rows = connection.execute(
        select(moves).where(moves.c.incident_id == incident_id).order_by(moves.c.id)
    )
    return tuple(
        OperatorMove(
            state_from=OperatorState(row.state_from),
            state_to=OperatorState(row.state_to),
            by=row.moved_by,
            reason=row.reason,
            at=row.moved_at,
        )
        for row in rows
    )


def open_incidents(connection: Connection, camera: str) -> tuple[Incident, ...]:
    """Find the incidents of a camera that have not ended, oldest first."""
    column = incidents.c
    statement = (
        select(column.body)
        .where(column.camera == camera, column.phase != Phase.END.value)
        .order_by(column.first_seq)
    )
    return tuple(Incident.model_validate_json(body) for body in connection.scalars(statement))


def move_incident(connection: Connection, incident_id: UUID, move: OperatorMove) -> None:
    """Change the operator's state if :data:`OPERATOR_MOVES` allows it.

    ``move.state_from`` is what the caller read in the same transaction.

    Raises:
        RefusedMove: the present state does not allow it, or a dismissal has no reason.
    """
    if move.state_to not in OPERATOR_MOVES[move.state_from]:
        allowed = sorted(state.value for state in OPERATOR_MOVES[move.state_from])
        raise RefusedMove(
            f"incident {incident_id} is {move.state_from}: "
            f"expected one of {allowed}, found {move.state_to}"
        )
    if move.state_to is OperatorState.DISMISSED and not move.reason.strip():
        raise RefusedMove(f"incident {incident_id}: a dismissal needs a reason, found none")
    connection.execute(
        update(incidents)
        .where(incidents.c.id == incident_id)
        .values(operator_state=move.state_to.value, updated_at=move.at)
    )
    connection.execute(
        insert(operator_moves).values(
            incident_id=incident_id,
            state_from=move.state_from.value,
            state_to=move.state_to.value,
            moved_by=move.by,
            reason=move.reason,
            moved_at=move.at,
        )
    )


def locked_state(connection: Connection, incident_id: UUID) -> OperatorState:
    """Read the operator's state and keep others from changing it until the transaction ends.

    Raises:
        UnknownRecord: there is no such incident.
    """
    statement = select(incidents.c.operator_state).where(incidents.c.id == incident_id)
    state = connection.scalar(statement.with_for_update())
    if state is None:
        raise UnknownRecord(f"incident {incident_id}: expected one that is stored, found none")
    return OperatorState(state)


def _record(
    row: Row[Any], history: tuple[OperatorMove, ...] = (), clips: ClipCounts = NO_CLIPS
) -> IncidentRecord:
    return IncidentRecord(
        incident=Incident.model_validate_json(row.body),
        operator_state=OperatorState(row.operator_state),
        first_seq=row.first_seq,
        last_seq=row.last_seq,
        updated_at=row.updated_at,
        history=history,
        clips=clips,
    )
