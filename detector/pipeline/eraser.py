"""Deletes evidence: first the entry in the custody log, then the files, then it is counted."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from detector.errors import UnknownRecord
from detector.evidence.evidence_files import Evidence
from detector.evidence.retention import HOUR_S, Going
from detector.store import Disposal, Store

log = logging.getLogger(__name__)


class Eraser:
    """Deletes what was decided on, if the store still allows it.

    A process that is killed between entry and file leaves an entry whose file is still there: the
    next run finds the file again, adds no second entry, and deletes it.

    Args:
        store: judges whether it may go, and keeps the log.
        go_on: asked before each incident; False ends it.
    """

    def __init__(self, store: Store, go_on: Callable[[], bool]) -> None:
        self._store = store
        self._go_on = go_on
        self.deleted: Counter[tuple[str, str]] = Counter()
        """Clips and snapshots deleted since the start, by class and reason."""
        self.faults: list[str] = []
        """What could not be deleted since :meth:`begin`."""
        self.gone: list[Evidence] = []
        """What was deleted since :meth:`begin`."""

    def begin(self) -> None:
        """Forget what the turn before did."""
        self.faults.clear()
        self.gone.clear()

    def erase(self, going: Iterable[Going], now: float) -> None:
        """Delete; what cannot be deleted is a fault and is tried again by the next turn.

        Raises:
            StoreError: the store cannot log it; its files are still there.
        """
        for one in going:
            if not self._go_on():
                return
            age_s = now - one.case.standing.newest_at
            disposals = [_disposal(part.part, part, one.why, age_s) for part in one.evidence]
            try:
                allowed = self._store.dispose(one.case.incident_id, disposals, now=now)
            except UnknownRecord:
                continue  # pruned meanwhile by another process: its files belong to nothing now
            for part in one.evidence if allowed else ():
                self._remove(part, one.why)

    def erase_unknown(self, evidence: Iterable[Evidence], now: float) -> None:
        """Delete files that belong to nothing stored.

        Raises:
            StoreError: the store cannot log it; its files are still there.
        """
        for one in evidence:
            if not self._go_on():
                return
            disposal = _disposal(f"{one.kind}/{one.stem}", one, "unknown", now - one.written_at)
            if self._store.dispose_unknown(disposal, one.owner, now=now):
                self._remove(one, "unknown")

    def _remove(self, evidence: Evidence, why: str) -> None:
        try:
            evidence.remove()
        except OSError as error:
            name = Path(error.filename or evidence.stem).name
            self.faults.append(f"{name} cannot be deleted: {error.strerror}")
            return
        self.deleted[evidence.kind, why] += 1
        self.gone.append(evidence)
        log.info("%s %s deleted: %s", evidence.kind, evidence.stem, why)


def _disposal(name: str, evidence: Evidence, why: str, age_s: float) -> Disposal:
    size = f"{age_s / HOUR_S:.1f} h old, {evidence.size_bytes} bytes"
    return Disposal(name, f"retention: {why}", size, evidence.number)
