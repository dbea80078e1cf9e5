"""What routes ask for, as types."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request

from detector.api.feed import Feed
from detector.api.pictures import Pictures as PictureCache
from detector.api.ports import ServiceView
from detector.api.readiness import ReadinessProbe
from detector.store.store import Store


def _service(request: Request) -> ServiceView:
    service: ServiceView = request.app.state.service
    return service


def _feed(request: Request) -> Feed:
    feed: Feed = request.app.state.feed
    return feed


def _pictures(request: Request) -> PictureCache:
    pictures: PictureCache = request.app.state.pictures
    return pictures


def _probe(request: Request) -> ReadinessProbe:
    probe: ReadinessProbe = request.app.state.readiness
    return probe


Service = Annotated[ServiceView, Depends(_service)]
Probe = Annotated[ReadinessProbe, Depends(_probe)]
EventFeed = Annotated[Feed, Depends(_feed)]


Pictures = Annotated[PictureCache, Depends(_pictures)]


def _store(service: Service) -> Store:
    return service.store


Events = Annotated[Store, Depends(_store)]
EventId = Annotated[UUID, Path(description="of an event")]
IncidentId = Annotated[UUID, Path(description="of an incident")]
