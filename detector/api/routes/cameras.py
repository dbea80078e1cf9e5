"""Cameras: how they are doing, and what they see at this moment."""

import time
from email.utils import formatdate
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import Response
from pydantic import Field

from detector.api.auth import Reader
from detector.api.dependencies import Pictures, Service
from detector.api.models import CameraList, CameraOut
from detector.api.ports import CameraView, ServiceView
from detector.api.problems import ProblemError, responses
from detector.api.routes.events import JPEG

router = APIRouter(prefix="/cameras", tags=["cameras"])

CameraName = Annotated[str, Path(description="of a camera")]
Height = Annotated[int, Field(ge=90, le=2160)]


@router.get("", responses=responses())
def list_cameras(service: Service, _caller: Reader) -> CameraList:
    """Give every camera with its state, in the order of the configuration."""
    now = time.time()
    return CameraList(cameras=[CameraOut.of(camera, now) for camera in service.cameras()])


@router.get("/{name}", responses=responses(404))
def get_camera(service: Service, _caller: Reader, name: CameraName) -> CameraOut:
    """Give one camera with its state."""
    return CameraOut.of(find_camera(service, name), time.time())


@router.get("/{name}/latest.jpg", responses=responses(404, 304) | JPEG, response_class=Response)
def get_latest_picture(
    service: Service,
    pictures: Pictures,
    _caller: Reader,
    name: CameraName,
    height: Annotated[Height | None, Query(description="in pixels; never enlarged")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Give the newest analysed picture with boxes, zones and barriers drawn.

    ``X-Frame-Age`` is its age in seconds: a camera that is away keeps its last picture.
    """
    camera = find_camera(service, name)
    picture = camera.picture()
    if picture is None:
        health = camera.health()
        why = health.reason or f"camera is {health.state}"
        raise ProblemError(503, f"{camera.name}: no picture yet: {why}", {"Retry-After": "2"})
    frame = picture.frame
    tag = f'"{frame.index}-{frame.decoded_at:.3f}-{height or 0}"'
    headers = {
        "Cache-Control": "no-store",
        "ETag": tag,
        "Last-Modified": formatdate(frame.decoded_at, usegmt=True),
        "X-Frame-Age": f"{max(0.0, time.time() - frame.decoded_at):.3f}",
    }
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    jpeg = pictures.jpeg(camera.name, picture, height)
    return Response(jpeg, media_type="image/jpeg", headers=headers)


def find_camera(service: ServiceView, name: str) -> CameraView:
    """Find a camera by its name; another name is answered with the known ones."""
    for camera in service.cameras():
        if camera.name == name:
            return camera
    known = ", ".join(camera.name for camera in service.cameras())
    raise ProblemError(404, f"camera: expected one of {known}, found {name}")
