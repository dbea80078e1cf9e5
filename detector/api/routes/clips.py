"""Clips: the video of an incident, once it is verified."""

from pathlib import Path as FilePath
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse

from detector.api.auth import Reader
from detector.api.clip_models import ClipList, ClipOut
from detector.api.consultations import Viewer
from detector.api.dependencies import Events, IncidentId, Service
from detector.api.ports import ServiceView
from detector.api.problems import ProblemError, responses
from detector.evidence.clip_folder import tracks_beside
from detector.evidence.tracks import ClipTracks
from detector.store import Store
from detector.store.custody_records import incident_object
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
    service: Service, store: Events, viewer: Viewer, incident_id: IncidentId, number: Number
) -> FileResponse:
    """Give one clip that is ready; players may ask for parts of it."""
    path = _ready(service, store, incident_id, number)
    viewer.looks_at(incident_object(incident_id, f"clips/{number}"))
    return FileResponse(path, media_type="video/mp4", headers={"Cache-Control": "no-store"})


@router.get(
    "/{incident_id}/clips/{number}.tracks.json",
    responses=responses(404, 410) | {200: {"model": ClipTracks, "description": "the tracks"}},
    response_class=FileResponse,
)
def get_clip_tracks(
    service: Service, store: Events, viewer: Viewer, incident_id: IncidentId, number: Number
) -> FileResponse:
    """Give who was where in a clip that is ready, to be drawn over it."""
    path = tracks_beside(_ready(service, store, incident_id, number))
    if not path.is_file():
        raise ProblemError(
            404, f"incident {incident_id}: expected tracks of clip {number}, found none"
        )
    viewer.looks_at(incident_object(incident_id, f"clips/{number}"))
    return FileResponse(path, media_type="application/json", headers={"Cache-Control": "no-store"})


def _ready(service: ServiceView, store: Store, incident_id: UUID, number: int) -> FilePath:
    """Say where a clip lies; 404 unless it is ready and its file there."""
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
        return path
    raise ProblemError(404, f"{where}, found {found}")
