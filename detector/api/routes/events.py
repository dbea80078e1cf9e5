"""Events: pages by cursor, one by id, its picture, and the live stream."""

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query
from fastapi.responses import Response
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from sse_starlette import EventSourceResponse

from detector.api.auth import Reader
from detector.api.consultations import Viewer
from detector.api.dependencies import EventFeed, EventId, Events, Service
from detector.api.models import EventPage
from detector.api.problems import ProblemError, responses
from detector.events import Event, EventKind
from detector.store.records import EventQuery
from detector.types import ObjectClass, Severity

MAX_STREAMS = 100
PING_S = 15
SEND_TIMEOUT_S = 30.0
"""A stream whose client takes nothing for so long is ended; it can go on where it stopped."""

JPEG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/jpeg": {}}, "description": "a picture, with overlays by default"}
}
Overlay = Annotated[
    bool, Query(description="false: without boxes, lines and banner; privacy masks stay")
]
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]

router = APIRouter(prefix="/events", tags=["events"])


def snapshot_name(overlay: bool) -> str:  # noqa: FBT001  (it is the query's value)
    """Say which snapshot was asked for."""
    return "a snapshot" if overlay else "a snapshot without overlays"


def names(value: str) -> tuple[str, ...]:
    """Split a comma list as Frigate writes it; ``all`` and nothing ask nothing.

    >>> names("north, gate"), names("all")
    (('north', 'gate'), ())
    """
    found = tuple(part.strip() for part in value.split(",") if part.strip())
    return () if found == ("all",) else found


def _known(value: str, allowed: list[str]) -> str:
    unknown = [name for name in names(value) if name not in allowed]
    if unknown:
        raise ValueError(f"expected all or some of {','.join(allowed)}, found {','.join(unknown)}")
    return value


def _labels(value: str) -> str:
    return _known(value, [kind.label for kind in ObjectClass])


def _rules(value: str) -> str:
    return _known(value, [kind.value for kind in EventKind])


class EventFilter(BaseModel):
    """Which events; lists are separated by commas, ``all`` asks nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cameras: str = Field(default="all", description="names, separated by commas")
    labels: Annotated[str, AfterValidator(_labels)] = Field(
        default="all", description="object classes, separated by commas"
    )
    rules: Annotated[str, AfterValidator(_rules)] = Field(
        default="all", description="rules, separated by commas"
    )
    places: str = Field(default="all", description="zones and barriers, separated by commas")
    min_severity: Severity = Severity.INFO
    incident_id: UUID | None = None

    def query(self) -> EventQuery:
        """Ask the store."""
        return EventQuery(
            cameras=names(self.cameras),
            labels=names(self.labels),
            rules=tuple(EventKind(name) for name in names(self.rules)),
            places=names(self.places),
            min_severity=self.min_severity,
            incident_id=self.incident_id,
        )


class EventPageFilter(EventFilter):
    """Which events of the past."""

    after_seq: Count = Field(default=0, description="cursor: only events after this number")
    after: AwareDatetime | None = Field(
        default=None, description="happened then or later; UTC epoch seconds or RFC 3339"
    )
    before: AwareDatetime | None = Field(default=None, description="happened earlier")
    limit: int = Field(default=100, ge=1, le=1000)

    def query(self) -> EventQuery:
        """Ask the store."""
        return replace(
            super().query(),
            after_seq=self.after_seq,
            after=None if self.after is None else self.after.timestamp(),
            before=None if self.before is None else self.before.timestamp(),
            limit=self.limit,
        )


class StreamFilter(EventFilter):
    """Which events from now on, or from a cursor on."""

    after_seq: Count | None = Field(
        default=None, description="cursor: replay what came after it; without it, begin now"
    )


@router.get("", responses=responses(), response_model=EventPage)
def list_events(
    store: Events, _caller: Reader, wanted: Annotated[EventPageFilter, Query()]
) -> Response:
    """Give events in commit order.

    Repeat with ``after_seq`` = ``next_after_seq`` to follow the log: no event is left out or comes
    twice.
    """
    first_seq = store.first_seq()
    found = store.events(wanted.query())
    cursor = found[-1].seq if found else wanted.after_seq
    # The stored bytes are the event; parsing and writing them again could only change them.
    events = ",".join(event.body for event in found)
    page = f'{{"events":[{events}],"next_after_seq":{cursor},"first_seq":{first_seq}}}'
    return Response(page, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("/stream", responses=responses(), response_class=EventSourceResponse)
async def stream_events(
    feed: EventFeed,
    _caller: Reader,
    wanted: Annotated[StreamFilter, Query()],
    last_event_id: Annotated[Count | None, Header(description="cursor of a reconnection")] = None,
) -> EventSourceResponse:
    """Give events as they are committed (server-sent events).

    The id of each message is the event's ``seq``. ``Last-Event-ID``, or ``after_seq``, replays what
    was missed; a message of type ``gap`` says when part of that is no longer stored.
    """
    if feed.streams >= MAX_STREAMS:
        later = {"Retry-After": "30"}
        raise ProblemError(503, f"expected at most {MAX_STREAMS} streams at a time", later)
    cursor = wanted.after_seq if last_event_id is None else last_event_id
    return EventSourceResponse(
        feed.follow(wanted.query(), cursor), ping=PING_S, send_timeout=SEND_TIMEOUT_S
    )


@router.get("/{event_id}", responses=responses(404), response_model=Event)
def get_event(store: Events, _caller: Reader, event_id: EventId) -> Response:
    """Give one event exactly as it is delivered."""
    event = store.event(event_id)
    if event is None:
        raise ProblemError(404, f"event {event_id}: expected one that is stored, found none")
    return Response(event.body, media_type="application/cloudevents+json")


@router.get(
    "/{event_id}/snapshot.jpg", responses=responses(404, 410) | JPEG, response_class=Response
)
def get_event_snapshot(
    service: Service, store: Events, viewer: Viewer, event_id: EventId, *, overlay: Overlay = True
) -> Response:
    """Give the picture in which the event was seen; 410 once it is deleted."""
    jpeg = service.snapshot(event_id, clean=not overlay)
    if jpeg is None:
        wanted = snapshot_name(overlay)
        stored = store.event(event_id)
        kept = stored is not None and stored.event().data.has_snapshot
        if kept and service.snapshot(event_id) is None:
            raise ProblemError(410, f"event {event_id}: expected {wanted}, found it deleted")
        raise ProblemError(404, f"event {event_id}: expected {wanted}, found none")
    viewer.looks_at_snapshot(event_id)
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})
