"""Writes the tracks of a clip beside it, before the clip has its name."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from detector.errors import EvidenceError
from detector.evidence.clip import ClipFile
from detector.evidence.clip_folder import tracks_beside
from detector.evidence.clip_tracks import (
    ClipSubject,
    TracksFile,
    clip_tracks,
    read_tracks,
    write_tracks,
)
from detector.evidence.trail import Trail
from detector.store import ClipRecord, Store
from detector.streams.packets import Packet

log = logging.getLogger(__name__)

SAME_TIME_S = 1e-3
"""Tracks and clip of an earlier run belong together if their first pictures are this close."""


class TracksBeside:
    """Keeps ``<clip>.tracks.json`` in step with the clip.

    The tracks are written first: whoever finds a clip finds its tracks, also after the process
    ended between the two. Video without tracks is still evidence, so a clip whose tracks cannot be
    written is kept without them, and that is logged and told in the API.

    Args:
        store: knows which tracks an incident is about.
        trails: by camera, what was seen in its last seconds.
    """

    def __init__(self, store: Store, trails: Mapping[str, Trail]) -> None:
        self._store = store
        self._trails = trails

    def write(
        self, clip: ClipRecord, packets: Sequence[Packet], clip_path: Path
    ) -> TracksFile | None:
        """Write the tracks of the clip that will be made of ``packets``; None if there are none.

        Raises:
            StoreError: the incident cannot be read.
        """
        path = tracks_beside(clip_path)
        record, trail = self._store.incident(clip.incident_id), self._trails.get(clip.camera)
        if record is None or trail is None:
            self.remove(clip_path)
            return None
        subject = ClipSubject(clip.incident_id, clip.number, clip.camera, record.incident.track_ids)
        try:
            return write_tracks(clip_tracks(packets, trail.pictures(), subject), path)
        except EvidenceError as error:
            log.error("incident %s, clip %d: no tracks: %s", clip.incident_id, clip.number, error)  # noqa: TRY400
            self.remove(clip_path)
            return None

    def taken(self, file: ClipFile, clip_path: Path) -> TracksFile | None:
        """Take the tracks of an earlier run if they are whole and of this very clip."""
        try:
            tracks, found = read_tracks(tracks_beside(clip_path))
        except EvidenceError:
            return None  # it ended before it wrote any
        first = tracks.first_picture_at
        if first is None or abs(first.timestamp() - file.first_captured_at) > SAME_TIME_S:
            self.remove(clip_path)  # of a later, longer clip that was never finished
            return None
        return found

    def remove(self, clip_path: Path) -> None:
        """Leave no tracks of another clip, or of none."""
        try:
            tracks_beside(clip_path).unlink(missing_ok=True)
        except OSError as error:
            log.error("tracks that belong to no clip cannot be removed: %s", error)  # noqa: TRY400
