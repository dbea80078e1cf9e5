"""Clips: the video of an incident, once it is verified."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse

from detector.api.auth import Reader
from detector.api.clip_models import ClipList, ClipOut
from detector.api.dependencies import Events, IncidentId, Service
from detector.api.problems import ProblemError, responses
from detector.store.records import ClipState

MP4: dict[int | str, dict[str, Any]] = {
    200: {"content": {"video/mp4": {}}, "description": "the clip; parts of it with `Range`"},
    206: {"content": {"video/mp4": {}}, "description": "the part that `Range` asked for"},
}
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="of a clip of the incident")]

router = APIRouter(prefix="/incidents", tags=["incidents"])


@router.get("/{incident_id}/clips", responses=responses(404))
def list_clips(store: Events, _caller: Reader, incident_id: IncidentId) -> ClipList:
    """Give the clips of an incident: wanted, ready, missing or deleted, and why."""
    if store.incident(incident_id) is None:
        raise ProblemError(404, f"incident {incident_id}: expected one that is stored, found none")
    return ClipList(clips=[ClipOut.of(clip) for clip in store.clips(incident_id)])


@router.get(
    "/{incident_id}/clips/{number}.mp4",
    responses=responses(404, 410) | MP4,
    response_class=FileResponse,
)
def get_clip(
    service: Service, store: Events, _caller: Reader, incident_id: IncidentId, number: Number
) -> FileResponse:
    """Give one clip that is ready; players may ask for parts of it."""
    clips = {clip.number: clip for clip in store.clips(incident_id)}
    path = service.clip(incident_id, number)
    where = f"incident {incident_id}: expected clip {number} to be ready"
    if number not in clips:
        found = "none"
    elif clips[number].state is ClipState.DELETED:
        raise ProblemError(410, f"{where}, found it deleted by retention")
    elif clips[number].state is not ClipState.READY:
        found = f"one that is {clips[number].state}"
    elif not path.is_file():
        raise ProblemError(410, f"{where}, found its file deleted")
    else:
        return FileResponse(path, media_type="video/mp4", headers={"Cache-Control": "no-store"})
    raise ProblemError(404, f"{where}, found {found}")
