"""Makes sealed evidence packages of stored incidents, and writes down who had them made and why."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from detector import __version__
from detector.errors import EvidenceError, RefusedMove, StoreError
from detector.evidence.package import PackageFile, Seal, custody_file, write_package
from detector.evidence.signing_key import SigningKey
from detector.pipeline.package_contents import (
    EvidenceFolders,
    IncidentContents,
    incident_contents,
    utc_text,
)
from detector.pipeline.redaction import (
    SHOWS_PEOPLE,
    RedactedCopy,
    with_people_masked,
    without_pictures,
)
from detector.store import (
    CustodyAction,
    CustodyEntry,
    Dossier,
    NewCustody,
    Store,
    incident_object,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageOrder:
    """What is to be packed, who asks, why and for whom.

    Attributes:
        incident_ids: of the incidents, each taken once.
        purpose: why; must not be empty.
        recipient: who will get it; "" where that is not known.
        actor: who has it made.
        role: what the actor may do.
        request_id: finds the request in the log of the service; "" where there was none.
        redacted: where a copy without pictures, video and tracks goes; None for no copy.
        masked: where a copy with the people masked in clips and snapshots goes; None likewise.
    """

    incident_ids: tuple[UUID, ...]
    purpose: str
    recipient: str
    actor: str
    role: str
    request_id: str = ""
    redacted: Path | None = None
    masked: Path | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        package: the package itself.
        masked: the copy with people masked, where one was ordered.
    """

    package: Seal
    masked: Seal | None = None


class Packager:
    """Makes one package at a time; may be used from any thread.

    Args:
        store: what is known of the incidents, and the custody log.
        folders: where their clips and pictures lie.
        key: what seals the packages.
        site: name of the site.
        clock: UTC epoch seconds.
    """

    def __init__(
        self,
        store: Store,
        folders: EvidenceFolders,
        key: SigningKey,
        site: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._folders = folders
        self._key = key
        self._site = site
        self._clock = clock
        self._turn = threading.Lock()

    @property
    def public_key(self) -> str:
        """Public half of the key that seals: 64 hexadecimal digits."""
        return self._key.public

    def export(self, order: PackageOrder, out: Path) -> Exported:
        """Write a package and its copies.

        The custody log tells of the attempt before, and of its end after.

        Raises:
            UnknownRecord: an incident is not stored; nothing is written or logged.
            RefusedMove: no purpose is given, or another package is being written.
            EvidenceError: the package could not be written, or the custody log is not whole.
            StoreError: the database does not do its part.
        """
        with self._alone():
            return self._export(order, out)

    def export_unnamed(self, order: PackageOrder) -> tuple[BinaryIO, Seal]:
        """Write a package to a file that goes with its closing, however the process ends.

        Raises:
            UnknownRecord, RefusedMove, EvidenceError, StoreError: as :meth:`export` does.
        """
        with self._alone():
            try:
                self._folders.packages.mkdir(parents=True, exist_ok=True)
                for left in self._folders.packages.iterdir():  # by a process that was killed
                    left.unlink()
                out = self._folders.packages / f"{uuid4()}.zip"
                seal = self._export(order, out).package
                file = out.open("rb")
                out.unlink()
            except OSError as error:
                raise EvidenceError(f"a package: expected room for it, found: {error}") from error
            return file, seal

    def _export(self, order: PackageOrder, out: Path) -> Exported:
        if not order.purpose.strip():
            raise RefusedMove("a package: expected a purpose, found none")
        order = replace(order, incident_ids=tuple(dict.fromkeys(order.incident_ids)))
        dossiers = [self._store.dossier(incident_id) for incident_id in order.incident_ids]
        self._note(order, "begun")
        try:
            written = self._write(order, dossiers, out)
        except EvidenceError:
            self._note_end(order, "failed")
            raise
        said = f"sealed, SHA-256 of the manifest {written.package.manifest_sha256}"
        said += ", and a redacted copy" if order.redacted else ""
        said += ", and a copy with people masked" if order.masked else ""
        self._note_end(order, said)
        return written

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._turn.acquire(blocking=False):
            raise RefusedMove("a package: expected one at a time, found another being written")
        try:
            yield
        finally:
            self._turn.release()

    def _write(self, order: PackageOrder, dossiers: Sequence[Dossier], out: Path) -> Exported:
        parts = [incident_contents(dossier, self._folders) for dossier in dossiers]
        entries = self._store.custody_of(order.incident_ids)
        files = [file for part in parts for file in part.files]
        facts = {
            "sealed_at": utc_text(self._clock()),
            "software": f"barrier-detector {__version__}",
            "site": self._site,
            "order": {
                "actor": order.actor,
                "role": order.role,
                "purpose": order.purpose,
                "recipient": order.recipient,
            },
            "incidents": [_summary(dossier) for dossier in dossiers],
            "custody": _chain(entries),
            "shortcomings": [lack for part in parts for lack in part.shortcomings],
            **_judges(parts),
        }
        seal = write_package(out, [_custody(entries), *files], facts, self._key)
        papers = [file for file in files if file.facts["kind"] not in SHOWS_PEOPLE]

        def copy(out: Path, redacted: RedactedCopy) -> Seal:
            lacks = [*seal.shortcomings, *redacted.shortcomings]
            told = facts | {"redacts": redacted.redacts, "shortcomings": lacks}
            return write_package(
                out, [_custody(entries), *papers, *redacted.files], told, self._key
            )

        if order.redacted is not None:
            copy(order.redacted, without_pictures(seal))
        if order.masked is None:
            return Exported(seal)
        with _folder_beside(order.masked) as folder:
            masked = with_people_masked(parts, seal, facts["models"], folder)
            return Exported(seal, copy(order.masked, masked))

    def _note(self, order: PackageOrder, result: str) -> None:
        new = [
            NewCustody(
                CustodyAction.EXPORT,
                incident_object(incident_id, "package"),
                order.actor,
                order.role,
                order.purpose,
                order.recipient,
                result,
                order.request_id,
            )
            for incident_id in order.incident_ids
        ]
        self._store.log_custody(new, now=self._clock())

    def _note_end(self, order: PackageOrder, result: str) -> None:
        """Tell the custody log how it ended; that it was begun is there already."""
        try:
            self._note(order, result)
        except StoreError as error:
            log.error("the custody log does not know how a package ended (%s): %s", result, error)  # noqa: TRY400


@contextmanager
def _folder_beside(out: Path) -> Iterator[Path]:
    """Give a folder for what goes into ``out``; it goes with all that is in it."""
    try:
        with TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
            yield Path(folder)
    except OSError as error:
        raise EvidenceError(f"{out}: expected room to mask video, found: {error}") from error


def _summary(dossier: Dossier) -> dict[str, Any]:
    incident = dossier.record.incident
    said = incident.model_dump(
        mode="json",
        include={"incident_id", "camera", "rules", "outcome", "started_at", "ended_at"},
    )
    return {**said, "operator_state": dossier.record.operator_state.value}


def _judges(parts: Iterable[IncidentContents]) -> dict[str, Any]:
    """Name the networks and configurations that judged, each once, in order."""
    events = [event for part in parts for event in part.events]
    models = sorted({(event.data.model.name, event.data.model.sha256) for event in events})
    return {
        "models": [{"name": name, "sha256": sha256} for name, sha256 in models],
        "configurations": sorted({event.data.config.sha256 for event in events}),
    }


def _custody(entries: Iterable[CustodyEntry]) -> PackageFile:
    return custody_file(
        {
            "number": entry.number,
            "body": entry.body,
            "previous_hash": entry.previous_hash,
            "hash": entry.hash,
        }
        for entry in entries
    )


def _chain(entries: Sequence[CustodyEntry]) -> dict[str, Any]:
    """Say where the part of the custody log begins and ends."""
    first, last = entries[0], entries[-1]
    return {
        "first_number": first.number,
        "previous_hash": first.previous_hash,
        "last_number": last.number,
        "head": last.hash,
    }
