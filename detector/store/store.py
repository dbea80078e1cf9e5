"""The event store: events and incidents, joined with the parts that keep the rest."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Self
from uuid import UUID

from sqlalchemy import Connection, Engine, delete, insert, select, update

from detector.delivery import SinkRoute
from detector.errors import StoreError, UnknownRecord
from detector.events import Event, EventKind, Incident, OperatorState
from detector.incidents.clip_plan import ClipWish
from detector.store import clips as clip_rows
from detector.store import custody, custody_notes, deliveries, events, incidents, retention
from detector.store.claim import claim
from detector.store.clip_jobs import ClipJobs
from detector.store.delivery_queue import DeliveryQueue
from detector.store.engine import reader_engine, translated, writer_engine
from detector.store.evidence import EvidenceRecords
from detector.store.migrate import migrate
from detector.store.records import (
    Counts,
    EventQuery,
    IncidentQuery,
    IncidentRecord,
    OperatorMove,
    Pruned,
    StoredEvent,
)
from detector.store.schema import camera_states, counters
from detector.store.settings import StoreSettings
from detector.store.watch_spans import WatchRecords
from detector.types import CameraId

PROBES = "probes"
NO_STATES: Mapping[CameraId, str] = MappingProxyType({})


def open_store(settings: StoreSettings) -> "Store":
    """Open the database, creating or migrating it first.

    Raises:
        StoreError: it cannot be opened, is damaged, belongs to another program or is newer than
            this code.
    """
    path = settings.path if settings.url is None else None
    writer = writer_engine(settings)
    try:
        with translated(settings.where, "opening"):
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            migrate(writer, settings.where, path)
    except BaseException:
        writer.dispose()
        raise
    return Store(writer, reader_engine(settings), settings.where, path)


class Store(EvidenceRecords, WatchRecords, ClipJobs, DeliveryQueue):
    """All that is kept: each method is one transaction, and may be called from any thread.

    Writes take turns on one connection and are on the disk when the method returns. Reads use other
    connections and see what was committed. All methods raise StoreError when the database does not
    do its part; nothing of the failed call is stored then, and it may be repeated.
    """

    def __init__(self, writer: Engine, reader: Engine, where: str, path: Path | None) -> None:
        self._writer = writer
        self._reader = reader
        self._turn = threading.Lock()
        self._listeners: list[Callable[[int], None]] = []
        self._closed = False
        self._path = path
        self._claim: ExitStack | None = None
        self.where = where

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Wait for the write that is going on, then close all connections."""
        with self._turn:
            self._closed = True
            if self._claim is not None:
                self._claim.close()
            self._writer.dispose()
            self._reader.dispose()

    @contextmanager
    def _writing(self, doing: str) -> Iterator[Connection]:
        with self._turn, translated(self.where, doing):
            self._refuse_closed()
            with self._writer.begin() as connection:
                yield connection

    @contextmanager
    def _reading(self, doing: str) -> Iterator[Connection]:
        with translated(self.where, doing):
            self._refuse_closed()
            with self._reader.begin() as connection:
                yield connection

    def _refuse_closed(self) -> None:
        if self._closed:
            raise StoreError(f"{self.where}: expected an open store, found it closed")

    # --- events -----------------------------------------------------------------------------------

    def append(
        self,
        new: Sequence[Event],
        changed: Sequence[Incident],
        routes: Sequence[SinkRoute],
        *,
        now: float,
        states: Mapping[CameraId, str] = NO_STATES,
        clips: Sequence[ClipWish] = (),
    ) -> tuple[Event, ...]:
        """Commit events with incidents, deliveries, the clips they ask for and saved states.

        Repeating a call whose outcome is unknown is safe: an event whose id is stored already is
        given back as it was committed, and is not queued again.

        Args:
            new: events in the order in which they happened.
            changed: their incidents, as they are after these events.
            routes: the sinks; each event is queued for those that want it.
            now: UTC epoch seconds.
            states: what each camera's analysis needs to go on after a restart.
            clips: the video that events of ``new`` ask for.

        Returns:
            The events of ``new`` as stored: with ``sequence`` and ``recordedtime``.
        """
        with self._writing("committing events") as connection:
            committed = events.commit_events(connection, new, now)
            latest = events.last_seq(connection)
            incidents.upsert_incidents(connection, changed, committed, latest, now)
            events.insert_events(connection, committed, now)
            deliveries.queue(connection, committed, routes, now)
            custody.append(connection, custody_notes.snapshots_collected(committed), now)
            clip_rows.want(connection, clips, committed, now)
            for camera, body in states.items():
                _save_state(connection, camera, body, now)
            stored = (
                tuple(committed)
                if len(committed) == len(new)
                else events.stored_in_order(connection, new)
            )
        if committed:
            self._announce(latest)
        return stored

    def events(self, query: EventQuery) -> tuple[StoredEvent, ...]:
        """Find events."""
        with self._reading("reading events") as connection:
            return events.read_events(connection, query)

    def event_counts(self, query: EventQuery) -> dict[tuple[str, EventKind], int]:
        """Count what began, by camera and rule; of the query the cursors and the limit are left."""
        with self._reading("counting events") as connection:
            return events.count_new(connection, query)

    def event(self, event_id: UUID) -> StoredEvent | None:
        """Find one event."""
        with self._reading("reading an event") as connection:
            return events.read_event(connection, event_id)

    def first_seq(self) -> int:
        """Give the smallest number still stored; one past the last number if nothing is."""
        with self._reading("reading events") as connection:
            return events.first_seq(connection)

    def last_seq(self) -> int:
        """Give the last number handed out, 0 before the first event."""
        with self._reading("reading events") as connection:
            return events.last_seq(connection)

    def listen(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Have ``listener`` called with the last number after each commit of events.

        It is called in the committing thread and must return at once; commits of other processes
        are not announced.

        Returns:
            A function that ends it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _announce(self, seq: int) -> None:
        for listener in tuple(self._listeners):
            listener(seq)

    # --- incidents --------------------------------------------------------------------------------

    def incidents(self, query: IncidentQuery) -> tuple[IncidentRecord, ...]:
        """Find incidents, without their history."""
        with self._reading("reading incidents") as connection:
            return incidents.read_incidents(connection, query)

    def incident(self, incident_id: UUID) -> IncidentRecord | None:
        """Find one incident with the history of its operator state."""
        with self._reading("reading an incident") as connection:
            return incidents.read_incident(connection, incident_id)

    def open_incidents(self, camera: CameraId) -> tuple[Incident, ...]:
        """Find the incidents of a camera that have not ended, oldest first."""
        with self._reading("reading open incidents") as connection:
            return incidents.open_incidents(connection, camera)

    def set_operator_state(
        self, incident_id: UUID, state: OperatorState, *, by: str, reason: str, now: float
    ) -> IncidentRecord:
        """Record what a person made of an incident.

        Raises:
            UnknownRecord: there is no such incident.
            RefusedMove: the present state does not allow it, or a dismissal has no reason.
        """
        with self._writing("changing an incident's state") as connection:
            present = incidents.locked_state(connection, incident_id)
            move = OperatorMove(present, state, by, reason, now)
            incidents.move_incident(connection, incident_id, move)
            changed = incidents.read_incident(connection, incident_id)
        if changed is None:  # pragma: no cover  (locked in the transaction that read it)
            raise UnknownRecord(f"incident {incident_id}")
        return changed

    def camera_state(self, camera: CameraId) -> str | None:
        """Give what :meth:`append` saved last for a camera."""
        statement = select(camera_states.c.body).where(camera_states.c.camera == camera)
        with self._reading("reading a camera's state") as connection:
            return connection.scalar(statement)

    # --- deliveries -------------------------------------------------------------------------------

    def claim_deliveries(self) -> None:
        """Reserve the deliveries for this process until the store is closed; again is harmless.

        Raises:
            StoreError: another process delivers from this database.
        """
        with self._turn, translated(self.where, "claiming the deliveries"):
            self._refuse_closed()
            if self._claim is None:
                with ExitStack() as held:
                    claim(held, self.where, self._path, self._reader)
                    self._claim = held.pop_all()

    # --- upkeep -----------------------------------------------------------------------------------

    def prune(self, before: float, limit: int = 500, *, now: float | None = None) -> Pruned:
        """Remove up to ``limit`` ended incidents unchanged since ``before``, with all of theirs.

        Those with a pending delivery or a hold stay. Repeat until nothing is removed; writers get
        their turn in between. Each incident that goes has its entry in the custody log.

        Args:
            before: UTC epoch seconds.
            limit: at most so many incidents.
            now: UTC epoch seconds at which holds are judged and the erasure is logged; without it
                expired holds count as well, and the time of the entry is ``before``.
        """
        with self._writing("pruning") as connection:
            return retention.prune(connection, before, limit, now)

    def counts(self) -> Counts:
        """Count what is stored."""
        with self._reading("counting") as connection:
            return retention.count(connection)

    def probe(self) -> None:
        """Write something harmless; raises StoreError, saying why, if the store cannot."""
        with self._writing("probing") as connection:
            # A changed value: SQLite leaves out writing what is there already.
            row = update(counters).where(counters.c.name == PROBES)
            connection.execute(row.values(value=counters.c.value + 1))

    def healthy(self) -> bool:
        """Whether the store can write at this moment; :meth:`probe` says why not."""
        try:
            self.probe()
        except StoreError:
            return False
        return True


def _save_state(connection: Connection, camera: CameraId, body: str, now: float) -> None:
    connection.execute(delete(camera_states).where(camera_states.c.camera == camera))
    connection.execute(insert(camera_states).values(camera=camera, body=body, saved_at=now))
