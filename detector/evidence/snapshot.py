"""Pictures kept with events: one JPEG per event, there before the event says so."""

import os
from pathlib import Path
from uuid import UUID


class SnapshotFolder:
    """A folder of JPEGs named by event id, in subfolders of the id's first two digits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, event_id: UUID, jpeg: bytes) -> None:
        """Write a picture durably: whole or not at all.

        Raises:
            OSError: disk full, read-only, no rights.
        """
        path = self._path(event_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        try:
            with part.open("wb") as file:
                file.write(jpeg)
                file.flush()
                os.fsync(file.fileno())
            part.rename(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def load(self, event_id: UUID) -> bytes | None:
        """Read a picture; None when there is none (any more)."""
        try:
            return self._path(event_id).read_bytes()
        except FileNotFoundError:
            return None

    def pictures(self, event_id: UUID) -> tuple[Path, ...]:
        """Say which files of an event are there: with what was drawn, ``.raw.jpg`` without."""
        path = self._path(event_id)
        return tuple(p for p in (path, path.with_suffix(".raw.jpg")) if p.is_file())

    def _path(self, event_id: UUID) -> Path:
        name = str(event_id)
        return self._folder / name[:2] / f"{name}.jpg"
