"""How much each camera watched, and what happened meanwhile: no count without it."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from detector.api.auth import Reader
from detector.api.coverage_models import (
    CameraCoverageOut,
    CoverageList,
    CoverageOut,
    EventCountOut,
    EventCounts,
    utc_date,
)
from detector.api.dependencies import Service
from detector.api.ports import CameraView, ServiceView
from detector.api.problems import ProblemError, responses
from detector.api.routes.cameras import CameraName, find_camera
from detector.api.routes.events import EventFilter
from detector.incidents.coverage import Coverage, coverage

DAY_S = 86400.0

router = APIRouter()


class Window(BaseModel):
    """A time that is asked about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    after: AwareDatetime | None = Field(
        default=None, description="UTC epoch seconds or RFC 3339; a day before the end if left out"
    )
    before: AwareDatetime | None = Field(default=None, description="the end; now if left out")

    def span(self) -> tuple[float, float]:
        """Give begin and end, UTC epoch seconds."""
        end = time.time() if self.before is None else self.before.timestamp()
        begin = end - DAY_S if self.after is None else self.after.timestamp()
        if begin >= end:
            found = f"after {utc_date(begin)}, before {utc_date(end)}"
            raise ProblemError(
                422, f"window: expected after to be earlier than before, found {found}"
            )
        return begin, end


class CountFilter(EventFilter, Window):
    """Which events of what time."""


Asked = Annotated[Window, Query()]


@router.get("/coverage", tags=["cameras"], responses=responses())
def list_coverage(service: Service, _caller: Reader, asked: Asked) -> CoverageList:
    """Give how many seconds of a window each camera watched, by state and reason."""
    return CoverageList(cameras=_summed(service, service.cameras(), asked.span()))


@router.get("/cameras/{name}/coverage", tags=["cameras"], responses=responses(404))
def get_coverage(
    service: Service, _caller: Reader, asked: Asked, name: CameraName
) -> CameraCoverageOut:
    """Give how many seconds of a window a camera watched, and the spans that make it up.

    The spans part the window without gap and overlap; a time about which nothing is written, also
    the future, is ``unknown``.
    """
    camera = find_camera(service, name)
    return CameraCoverageOut.with_spans(camera.name, _coverages(service, [camera], asked.span())[0])


@router.get("/events/counts", tags=["events"], responses=responses())
def count_events(
    service: Service, _caller: Reader, wanted: Annotated[CountFilter, Query()]
) -> EventCounts:
    """Count what began in a window by camera and rule, with the coverage of that window beside it.

    Each crossing counts; updates and ends do not.
    """
    after, before = wanted.span()
    query = replace(wanted.query(), after=after, before=before)
    counts = [
        EventCountOut(camera=camera, rule=rule, count=count)
        for (camera, rule), count in service.store.event_counts(query).items()
    ]
    cameras = [c for c in service.cameras() if not query.cameras or c.name in query.cameras]
    return EventCounts(
        after=utc_date(after),
        before=utc_date(before),
        counts=counts,
        coverage=_summed(service, cameras, (after, before)),
    )


def _summed(
    service: ServiceView, cameras: Sequence[CameraView], window: tuple[float, float]
) -> list[CoverageOut]:
    found = _coverages(service, cameras, window)
    return [CoverageOut.of(c.name, told) for c, told in zip(cameras, found, strict=True)]


def _coverages(
    service: ServiceView, cameras: Sequence[CameraView], window: tuple[float, float]
) -> list[Coverage]:
    """Take what is written, and what goes on and is not written to its end yet."""
    one = cameras[0].name if len(cameras) == 1 else None
    written = service.store.watch(*window, one)
    found = []
    for camera in cameras:
        going_on = camera.watching()
        spans = [span for span in written if span.camera == camera.name]
        spans += [] if going_on is None else [going_on]
        found.append(coverage(camera.name, spans, *window))
    return found
