"""What the store knows of evidence: its custody and its holds."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from detector.store import custody, disposal, holds
from detector.store.custody_records import (
    CustodyAction,
    CustodyEntry,
    CustodyReport,
    NewCustody,
    incident_object,
)
from detector.store.disposal import Disposal, Oldest, Standing
from detector.store.dossier import Dossier, read_dossier
from detector.store.holds import Hold
from detector.store.transactions import Transactions


class EvidenceRecords(Transactions):
    """The part of the store that keeps watch over evidence; every method one transaction."""

    def log_custody(self, new: Iterable[NewCustody], *, now: float) -> tuple[CustodyEntry, ...]:
        """Write down what was done with evidence.

        Raises:
            RefusedMove: a consultation, disclosure or export without a purpose.
        """
        with self._writing("logging custody") as connection:
            return custody.append(connection, new, now)

    def custody(self, after: int = 0, limit: int = 1000) -> tuple[CustodyEntry, ...]:
        """Give entries of the custody log after a number, oldest first."""
        with self._reading("reading the custody log") as connection:
            return custody.read(connection, after, limit)

    def custody_of(self, incident_ids: Sequence[UUID]) -> tuple[CustodyEntry, ...]:
        """Give the chain from the first entry about these incidents on.

        Entries about other things have an empty body.
        """
        objects = [incident_object(incident_id) for incident_id in incident_ids]
        with self._reading("reading the custody log") as connection:
            return custody.concerning(connection, objects)

    def dossier(self, incident_id: UUID) -> Dossier:
        """Give all that is stored of an incident, as it is at one moment.

        Raises:
            UnknownRecord: there is no such incident.
        """
        with self._reading("reading an incident") as connection:
            return read_dossier(connection, incident_id)

    def verify_custody(self) -> CustodyReport:
        """Recompute the chain of the whole log."""
        with self._reading("verifying the custody log") as connection:
            return custody.verify(connection)

    def erase_custody(self, before: float, *, now: float) -> int:
        """Remove entries older than ``before``; the log says so; gives how many went.

        From the first entry about a held incident on, the log stays whole.
        """
        with self._writing("pruning the custody log") as connection:
            held = holds.read(connection, now, None)
            keep_from = disposal.first_entry_about(connection, held)
            return custody.erase_before(connection, before, now, keep_from)

    # --- retention --------------------------------------------------------------------------------

    def owners(self, event_ids: Collection[UUID]) -> dict[UUID, UUID]:
        """Give the incident of each of these events, as far as they are stored."""
        with self._reading("reading whose evidence is stored") as connection:
            return disposal.owners(connection, event_ids)

    def standings(self, incident_ids: Collection[UUID], now: float) -> dict[UUID, Standing]:
        """Say whether the evidence of these incidents may go, as far as they are stored."""
        with self._reading("reading whose evidence is stored") as connection:
            return disposal.standings(connection, incident_ids, now)

    def dispose(self, incident_id: UUID, going: Sequence[Disposal], *, now: float) -> bool:
        """Log that evidence of an incident is deleted: call it before the files go.

        Repeating it adds no second entry. Clips that were ready are deleted ones then.

        Returns:
            False, with nothing stored, if the incident is open or held, or a clip is to come.

        Raises:
            UnknownRecord: there is no such incident.
        """
        with self._writing("logging a deletion") as connection:
            return disposal.dispose(connection, incident_id, going, now)

    def dispose_unknown(self, going: Disposal, owner: UUID, *, now: float) -> bool:
        """Log that a file of no stored event or incident is deleted; False if one is stored."""
        with self._writing("logging a deletion") as connection:
            return disposal.dispose_unknown(connection, going, owner, now)

    def configure(self, name: str, result: str, *, now: float) -> bool:
        """Log how something is set; False if the newest entry about it says the same."""
        with self._writing("logging a setting") as connection:
            return disposal.configure(connection, name, result, now)

    def release_expired(self, *, now: float) -> int:
        """End the holds whose time is over, with their entries in the log; gives how many."""
        with self._writing("ending holds") as connection:
            return disposal.release_expired(connection, now)

    def forget_spans(self, before: float) -> int:
        """Remove what is known of watched times that ended before; gives how many."""
        with self._writing("pruning watched times") as connection:
            return disposal.forget_spans(connection, before)

    def oldest(self) -> Oldest:
        """Say since when events and the custody log are stored."""
        with self._reading("reading the oldest records") as connection:
            return disposal.oldest(connection)

    # --- holds ------------------------------------------------------------------------------------

    def hold(self, hold: Hold, signed: NewCustody | None = None) -> None:
        """Keep an incident's evidence from being deleted; replaces an earlier hold.

        Args:
            hold: whose evidence, why, until when.
            signed: the entry of the custody log; by default it names ``hold.by``.

        Raises:
            UnknownRecord: there is no such incident.
            RefusedMove: it would end earlier than the hold in force: that is a release.
        """
        name = incident_object(hold.incident_id)
        entry = signed or NewCustody(CustodyAction.HOLD, name, hold.by, purpose=hold.reason)
        with self._writing("holding evidence") as connection:
            holds.place(connection, hold)
            custody.append(connection, [entry], hold.at)

    def release(self, incident_id: UUID, signed: NewCustody, *, now: float) -> None:
        """End a hold.

        Raises:
            UnknownRecord: the incident is not held.
        """
        with self._writing("releasing evidence") as connection:
            holds.release(connection, incident_id)
            custody.append(connection, [signed], now)

    def holds(self, now: float, incident_ids: Collection[UUID] | None = None) -> dict[UUID, Hold]:
        """Give the holds in force by incident; of these incidents only, if they are given."""
        with self._reading("reading holds") as connection:
            return holds.read(connection, now, incident_ids)

    def held_events(self, now: float) -> frozenset[UUID]:
        """Give the ids of the events of incidents that are held."""
        with self._reading("reading holds") as connection:
            return holds.held_events(connection, now)
