"""Holds: incidents whose evidence retention does not touch."""

import time

from fastapi import APIRouter, Request, Response

from detector.api.auth import Admin, Caller, Operator, Reader
from detector.api.dependencies import Events, IncidentId
from detector.api.hold_models import HoldIn, HoldList, HoldOut, ReleaseIn
from detector.api.problems import ProblemError, responses
from detector.store import CustodyAction, Hold, NewCustody, incident_object
from detector.store.holds import utc_text

router = APIRouter(tags=["incidents"])


@router.get("/holds", responses=responses())
def list_holds(store: Events, _caller: Reader) -> HoldList:
    """Give the holds in force, the oldest first."""
    found = sorted(store.holds(time.time()).values(), key=lambda hold: hold.at)
    return HoldList(holds=[HoldOut.of(hold) for hold in found])


@router.post("/incidents/{incident_id}/hold", responses=responses(404, 409))
def hold_incident(
    store: Events, caller: Operator, request: Request, incident_id: IncidentId, wanted: HoldIn
) -> HoldOut:
    """Keep an incident, its clips and its snapshots, whatever their age.

    A hold in force may be prolonged in this way, not shortened.
    """
    now = time.time()
    expires_at = None if wanted.expires_at is None else wanted.expires_at.timestamp()
    if expires_at is not None and expires_at <= now:
        raise ProblemError(
            422, f"expires_at: expected a time to come, found {utc_text(expires_at)}"
        )
    hold = Hold(incident_id, wanted.reason, caller.signs_as(wanted.by), now, expires_at)
    until = "until it is released" if expires_at is None else f"until {utc_text(expires_at)}"
    signed = _signed(CustodyAction.HOLD, hold, caller, request, until)
    store.hold(hold, signed)
    return HoldOut.of(hold)


@router.post("/incidents/{incident_id}/release", status_code=204, responses=responses(404))
def release_incident(
    store: Events, caller: Admin, request: Request, incident_id: IncidentId, wanted: ReleaseIn
) -> Response:
    """End a hold: what is older than its retention is deleted within a minute."""
    now = time.time()
    released = Hold(incident_id, wanted.reason, caller.signs_as(wanted.by), now, None)
    signed = _signed(CustodyAction.RELEASE, released, caller, request, "done")
    store.release(incident_id, signed, now=now)
    return Response(status_code=204)


def _signed(
    action: CustodyAction, hold: Hold, caller: Caller, request: Request, result: str
) -> NewCustody:
    return NewCustody(
        action,
        incident_object(hold.incident_id),
        actor=hold.by,
        role=caller.scope.value,
        purpose=hold.reason,
        result=result,
        request_id=request.state.trace_id,
    )
