"""Where clips lie: one MP4 per piece of an incident."""

from pathlib import Path
from uuid import UUID


def tracks_beside(clip: Path) -> Path:
    """Say where the tracks of a clip lie, whether they are there or not."""
    return clip.with_suffix(".tracks.json")


class ClipFolder:
    """A folder of MP4s named by incident and number, in subfolders of the id's first two digits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, incident_id: UUID, number: int) -> Path:
        """Say where a clip lies, whether it is there or not."""
        name = str(incident_id)
        return self._folder / name[:2] / f"{name}-{number}.mp4"

    def place(self, incident_id: UUID, number: int) -> Path:
        """Make room for a clip and say where it goes.

        Raises:
            OSError: disk full, read-only, no rights.
        """
        path = self.path(incident_id, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def without_paths(self, text: str) -> str:
        """Give ``text`` with the files of the folder named as they lie in it, for other people."""
        return text.replace(f"{self._folder}/", "")
