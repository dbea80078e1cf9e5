"""What is asked of the store and what it answers: frozen values."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from detector.events import Event, EventKind, Incident, OperatorState
from detector.types import Phase, Severity


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A committed event.

    Attributes:
        seq: commit-ordered number, the cursor of readers.
        event_id: its id.
        body: its JSON exactly as committed and delivered, one line.
    """

    seq: int
    event_id: UUID
    body: str

    def event(self) -> Event:
        """Parse the body."""
        return Event.model_validate_json(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Which events; an empty tuple or None asks nothing.

    Attributes:
        after_seq: only later ones than this number.
        before_seq: only earlier ones than this number.
        cameras: names.
        labels: object classes ("person", "ladder").
        rules: kinds.
        places: names of zones and barriers.
        after: happened at or after, UTC epoch seconds; events without a date never match.
        before: happened before, UTC epoch seconds.
        incident_id: of this incident.
        min_severity: at least so urgent.
        limit: at most so many.
        newest_first: order of ``seq``; the default is the commit order.
    """

    after_seq: int = 0
    before_seq: int | None = None
    cameras: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    rules: tuple[EventKind, ...] = ()
    places: tuple[str, ...] = ()
    after: float | None = None
    before: float | None = None
    incident_id: UUID | None = None
    min_severity: Severity = Severity.INFO
    limit: int = 100
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class OperatorMove:
    """One change of an incident's operator state."""

    state_from: OperatorState
    state_to: OperatorState
    by: str
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class ClipCounts:
    """How many clips of an incident stand where."""

    wanted: int = 0
    ready: int = 0
    missing: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRecord:
    """An incident with what the people on duty made of it.

    Attributes:
        incident: as of its last event.
        operator_state: present state.
        history: changes of it, oldest first; empty in lists.
        first_seq: number of its first event.
        last_seq: number of its last event.
        updated_at: UTC epoch seconds of the last change, by an event or by a person.
        clips: how many clips there are of it.
    """

    incident: Incident
    operator_state: OperatorState
    first_seq: int
    last_seq: int
    updated_at: float
    history: tuple[OperatorMove, ...] = ()
    clips: ClipCounts = ClipCounts()


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentQuery:
    """Which incidents; an empty tuple or None asks nothing.

    Attributes:
        cameras: names.
        phases: of the incident.
        operator_states: what people made of it.
        min_severity: at least so urgent.
        after: began at or after, UTC epoch seconds; incidents without a date never match.
        before: began before, UTC epoch seconds.
        before_seq: whose first event is earlier than this number: the cursor of a newest-first
            list.
        after_seq: whose last event is later than this number: what changed since.
        limit: at most so many.
        newest_first: order of ``first_seq``.
    """

    cameras: tuple[str, ...] = ()
    phases: tuple[Phase, ...] = ()
    operator_states: tuple[OperatorState, ...] = ()
    min_severity: Severity = Severity.INFO
    after: float | None = None
    before: float | None = None
    before_seq: int | None = None
    after_seq: int = 0
    limit: int = 100
    newest_first: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkStatus:
    """What the store knows of a sink.

    Attributes:
        sink: its name.
        pending: deliveries that are still to be made.
        delivered: deliveries made and not yet pruned.
        dead: deliveries given up.
        oldest_pending_at: UTC epoch seconds of the commit of the oldest pending one.
        hold_until: the sink asked to be left alone until then; 0 if it never did.
        disabled_at: since when it is disabled (410 Gone); None while enabled.
        disabled_why: the answer that disabled it.
    """

    sink: str
    pending: int = 0
    delivered: int = 0
    dead: int = 0
    oldest_pending_at: float | None = None
    hold_until: float = 0.0
    disabled_at: float | None = None
    disabled_why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much is stored."""

    events: int
    incidents: int
    open_incidents: int
    pending: int
    delivered: int
    dead: int


class ClipState(StrEnum):
    """Where a clip stands."""

    WANTED = "wanted"  # it will be written once its time is over
    READY = "ready"  # the file was decoded to its end
    MISSING = "missing"  # there will be none
    DELETED = "deleted"  # it was there until retention took it


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRecord:
    """One piece of video of an incident.

    Attributes:
        id: number of the row.
        incident_id: whose.
        number: from 1 within the incident.
        camera: whose packets.
        state: where it stands.
        begin_at: UTC epoch seconds of this machine from which it is wanted.
        end_at: likewise, until when.
        attempts: how often writing it failed and was put off.
        updated_at: UTC epoch seconds of its last change.
        body: JSON; while wanted ``{"moments": […]}``, the times of the events that ask for it, then
            what is known of the file, or ``{"reason": …}`` where there is none.
    """

    id: int
    incident_id: UUID
    number: int
    camera: str
    state: ClipState
    begin_at: float
    end_at: float
    attempts: int
    updated_at: float
    body: str


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a clean-up removed: the events' files may go too."""

    event_ids: tuple[UUID, ...]
    incident_ids: tuple[UUID, ...]
