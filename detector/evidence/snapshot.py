"""Pictures kept with events, with and without overlays, there before the event says so."""

from pathlib import Path
from uuid import UUID

from detector.events import Event, EventKind
from detector.evidence.durable import replacing
from detector.evidence.overlay import Banner, Picture, draw, encode_jpeg
from detector.types import Phase


class SnapshotFolder:
    """A folder of JPEGs named by event id, in subfolders of the id's first two digits.

    Args:
        folder: made when the first picture is kept.
        quality: of the JPEGs, 1..100.
        clean: keep ``<event id>.raw.jpg`` as well, on which nothing is drawn. It is the analysed
            picture: what privacy masks hide is black in both.
    """

    def __init__(self, folder: Path, quality: int = 85, *, clean: bool = True) -> None:
        self._folder = folder
        self._quality = quality
        self._clean = clean

    def keep(self, event: Event, picture: Picture) -> bool:
        """Keep what a new happening was seen in; False for events that are not one.

        Raises:
            OSError: as from ``save``; none of the two pictures is then there.
        """
        if event.data.phase is not Phase.NEW or event.data.rule is EventKind.INCIDENT:
            return False
        if self._clean:
            self.save(event.id, encode_jpeg(picture.frame.image, self._quality), clean=True)
        try:
            self.save(event.id, encode_jpeg(draw(picture, _banner(event)), self._quality))
        except OSError:
            self._path(event.id, clean=True).unlink(missing_ok=True)
            raise
        return True

    def save(self, event_id: UUID, jpeg: bytes, *, clean: bool = False) -> None:
        """Write a picture durably: whole or not at all.

        Raises:
            OSError: disk full, read-only, no rights.
        """
        with replacing(self._path(event_id, clean=clean)) as part:
            part.write_bytes(jpeg)

    def load(self, event_id: UUID, *, clean: bool = False) -> bytes | None:
        """Read a picture; None when there is none (any more)."""
        try:
            return self._path(event_id, clean=clean).read_bytes()
        except FileNotFoundError:
            return None

    def pictures(self, event_id: UUID) -> tuple[Path, ...]:
        """Say which files of an event are there: with what was drawn, ``.raw.jpg`` without."""
        both = (self._path(event_id), self._path(event_id, clean=True))
        return tuple(path for path in both if path.is_file())

    def _path(self, event_id: UUID, *, clean: bool = False) -> Path:
        name = str(event_id)
        return self._folder / name[:2] / f"{name}{'.raw' if clean else ''}.jpg"


def _banner(event: Event) -> Banner:
    words = event.data.rule.replace("_", " ")
    stamp = event.time.strftime("%Y-%m-%d %H:%M:%S UTC") if event.time else ""
    return Banner(f"{event.data.camera}  {stamp}  {words}", event.data.severity)
