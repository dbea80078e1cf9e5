"""What is removed when it is old enough: whole incidents that nobody waits for any more."""

from sqlalchemy import Connection, delete, exists, func, select

from detector.delivery import DeliveryState
from detector.store import custody
from detector.store.custody_records import CustodyAction, NewCustody, incident_object
from detector.store.holds import in_force
from detector.store.records import Counts, Pruned
from detector.store.schema import deliveries, events, holds, incidents
from detector.types import Phase


def prune(connection: Connection, before: float, limit: int, now: float | None) -> Pruned:
    """Remove ended incidents without any change since ``before``, a pending delivery or a hold.

    Their events, deliveries and histories go with them; the numbers of events are not used again.
    The custody log says which incidents went, not what they were. Without ``now`` every hold
    counts, expired or not.
    """
    held = exists().where(holds.c.incident_id == incidents.c.id)
    if now is not None:
        held = held.where(in_force(now))
    waiting = exists().where(
        deliveries.c.incident_id == incidents.c.id,
        deliveries.c.state == DeliveryState.PENDING.value,
    )
    old = (
        select(incidents.c.id)
        .where(
            incidents.c.updated_at < before,
            incidents.c.phase == Phase.END.value,
            ~waiting,
            ~held,
        )
        .order_by(incidents.c.updated_at)
        .limit(limit)
    )
    incident_ids = tuple(connection.scalars(old))
    if not incident_ids:
        return Pruned((), ())
    theirs = select(events.c.id).where(events.c.incident_id.in_(incident_ids))
    event_ids = tuple(connection.scalars(theirs.order_by(events.c.seq)))
    connection.execute(delete(incidents).where(incidents.c.id.in_(incident_ids)))
    gone = [
        NewCustody(CustodyAction.ERASE, incident_object(incident_id, "events"), purpose="age")
        for incident_id in incident_ids
    ]
    custody.append(connection, gone, before if now is None else now)
    return Pruned(event_ids, incident_ids)


def count(connection: Connection) -> Counts:
    """Count what is stored."""
    states = select(deliveries.c.state, func.count().label("number")).group_by(deliveries.c.state)
    number = {row.state: row.number for row in connection.execute(states)}
    is_open = incidents.c.phase != Phase.END.value
    total = select(func.count()).select_from
    return Counts(
        events=connection.scalars(total(events)).one(),
        incidents=connection.scalars(total(incidents)).one(),
        open_incidents=connection.scalars(total(incidents).where(is_open)).one(),
        pending=number.get(DeliveryState.PENDING.value, 0),
        delivered=number.get(DeliveryState.DELIVERED.value, 0),
        dead=number.get(DeliveryState.DEAD.value, 0),
    )
