"""Incidents: what happened, told once, and what the people on duty make of it."""

import time
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from detector.api.auth import Operator, Reader
from detector.api.consultations import Viewer
from detector.api.dependencies import Events, IncidentId, Service
from detector.api.models import IncidentOut, IncidentPage, OperatorStateIn
from detector.api.problems import ProblemError, responses
from detector.api.routes.events import JPEG, Count, Overlay, names, snapshot_name
from detector.events import OperatorState
from detector.store.custody_records import incident_object
from detector.store.records import EventQuery, IncidentQuery
from detector.types import Phase, Severity

MOST_SNAPSHOTS = 200
"""Among so many of an incident's newest events its picture is looked for."""

router = APIRouter(prefix="/incidents", tags=["incidents"])


class IncidentFilter(BaseModel):
    """Which incidents; lists are separated by commas, ``all`` asks nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cameras: str = Field(default="all", description="names, separated by commas")
    phase: Phase | None = Field(default=None, description="new, update (both open) or end")
    state: OperatorState | None = Field(default=None, description="of the people on duty")
    min_severity: Severity = Severity.INFO
    after: AwareDatetime | None = Field(
        default=None, description="began then or later; UTC epoch seconds or RFC 3339"
    )
    before: AwareDatetime | None = Field(default=None, description="began earlier")
    before_seq: Count | None = Field(default=None, description="cursor of the previous page")
    limit: int = Field(default=50, ge=1, le=500)

    def query(self) -> IncidentQuery:
        """Ask the store."""
        return IncidentQuery(
            cameras=names(self.cameras),
            phases=() if self.phase is None else (self.phase,),
            operator_states=() if self.state is None else (self.state,),
            min_severity=self.min_severity,
            after=None if self.after is None else self.after.timestamp(),
            before=None if self.before is None else self.before.timestamp(),
            before_seq=self.before_seq,
            limit=self.limit,
        )


@router.get("", responses=responses())
def list_incidents(
    store: Events, _caller: Reader, wanted: Annotated[IncidentFilter, Query()]
) -> IncidentPage:
    """Give incidents, newest first."""
    found = store.incidents(wanted.query())
    full = len(found) == wanted.limit
    return IncidentPage(
        incidents=[IncidentOut.of(record) for record in found],
        next_before_seq=found[-1].first_seq if full else None,
    )


@router.get("/{incident_id}", responses=responses(404))
def get_incident(store: Events, _caller: Reader, incident_id: IncidentId) -> IncidentOut:
    """Give one incident with the history of its operator state."""
    record = store.incident(incident_id)
    if record is None:
        raise ProblemError(404, f"incident {incident_id}: expected one that is stored, found none")
    return IncidentOut.of(record)


@router.post("/{incident_id}/state", responses=responses(404, 409))
def set_operator_state(
    store: Events, caller: Operator, incident_id: IncidentId, change: OperatorStateIn
) -> IncidentOut:
    """Say what became of an incident: acknowledged, confirmed, dismissed (say why), closed."""
    if change.state is OperatorState.DISMISSED and not change.reason:
        raise ProblemError(422, "reason: expected why the incident is dismissed, found nothing")
    by = caller.signs_as(change.by)
    record = store.set_operator_state(
        incident_id, change.state, by=by, reason=change.reason, now=time.time()
    )
    return IncidentOut.of(record)


@router.get(
    "/{incident_id}/snapshot.jpg", responses=responses(404, 410) | JPEG, response_class=Response
)
def get_incident_snapshot(
    service: Service,
    store: Events,
    viewer: Viewer,
    incident_id: IncidentId,
    *,
    overlay: Overlay = True,
) -> Response:
    """Give the picture of the incident's gravest event that has one; the newest of equals."""
    query = EventQuery(incident_id=incident_id, newest_first=True, limit=MOST_SNAPSHOTS)
    events = [stored.event() for stored in store.events(query)]
    pictured = [event for event in events if event.data.has_snapshot]
    for event in sorted(pictured, key=lambda event: -event.data.severity.rank):
        jpeg = service.snapshot(event.id, clean=not overlay)
        if jpeg is not None:
            viewer.looks_at(incident_object(incident_id, f"snapshots/{event.id}"))
            return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})
    wanted = snapshot_name(overlay)
    if pictured and not any(service.snapshot(event.id) for event in pictured):
        raise ProblemError(410, f"incident {incident_id}: expected {wanted}, found it deleted")
    raise ProblemError(404, f"incident {incident_id}: expected {wanted}, found none")
