"""The clips that are wanted, until each is ready or known to be missing."""

from collections.abc import Sequence
from uuid import UUID

from detector.delivery import SinkRoute
from detector.events import Event
from detector.store import clips, custody, custody_notes, deliveries, events
from detector.store.records import ClipRecord, ClipState
from detector.store.transactions import Transactions


class ClipJobs(Transactions):
    """The part of the store that holds the clips; every method one transaction."""

    def due_clips(self, now: float, limit: int) -> tuple[ClipRecord, ...]:
        """Find wanted clips whose time is over, the one due first at the front."""
        with self._reading("reading clips") as connection:
            return clips.read_due(connection, now, limit)

    def clips(self, incident_id: UUID) -> tuple[ClipRecord, ...]:
        """Find the clips of an incident in the order of their numbers."""
        with self._reading("reading clips") as connection:
            return clips.read_clips(connection, incident_id)

    def postpone_clip(self, clip: ClipRecord, due_at: float, *, now: float) -> None:
        """Count a failed attempt at a clip; it is due again at ``due_at``."""
        with self._writing("postponing a clip") as connection:
            clips.postpone(connection, clip, due_at, now)

    def finish_clip(
        self,
        clip: ClipRecord,
        state: ClipState,
        body: str,
        said: Sequence[Event],
        routes: Sequence[SinkRoute],
        *,
        now: float,
    ) -> bool:
        """Commit that a clip is ready or missing, with the event that says so and its deliveries.

        Args:
            clip: as :meth:`due_clips` gave it.
            state: ready or missing.
            body: JSON of what is known of the file, or why there is none.
            said: the event, or none.
            routes: the sinks; the event is queued for those that want it.
            now: UTC epoch seconds.

        Returns:
            False, with nothing stored, if it was finished or extended since it was read.
        """
        with self._writing("finishing a clip") as connection:
            if not clips.finish(connection, clip, state, body, now):
                return False
            committed = events.commit_events(connection, said, now)
            events.insert_events(connection, committed, now)
            clips.note_said(connection, committed, now)
            custody.append(connection, custody_notes.clip_collected(clip, state, body), now)
            deliveries.queue(connection, committed, routes, now)
            latest = events.last_seq(connection)
        if committed:
            self._announce(latest)
        return True
