"""Hides the people of a clip, by the tracks that lie beside it, in copies for others."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from detector.errors import EvidenceError
from detector.evidence.durable import replacing
from detector.evidence.overlay import encode_jpeg
from detector.evidence.tracks import ClipTracks
from detector.streams.privacy import Polygon, PrivacyMasks
from detector.types import F64, U8, ObjectClass

MARGIN_HEIGHTS = 0.15
"""So far around a box is hidden as well, in heights of the box."""
GROWTH_HEIGHTS_PER_S = 0.8
"""And so much farther for each second from the nearest picture the track was seen in: a brisk walk.

See ``SPEED`` of :mod:`detector.tracking.motion`."""
HOLD_S = 2.0
"""A person is hidden so long before a track begins and after it ends.

A track is given out with its third box: people are there before it."""
APART_S = 0.7
"""Between analysed pictures that are farther apart people may come and go without a track."""
CLOCK_SLACK_S = 0.2
"""Boxes may be shown so much too early or too late: the streams of a camera without a clock."""
MASKING: Mapping[str, float | str] = {
    "filled_with": "black",
    "margin_heights": MARGIN_HEIGHTS,
    "growth_heights_per_s": GROWTH_HEIGHTS_PER_S,
    "hold_s": HOLD_S,
    "apart_s": APART_S,
    "clock_slack_s": CLOCK_SLACK_S,
}
"""How people are masked, for whoever gets the pictures."""

Box = tuple[float, float, float, float]


class PersonMasks:
    """Fills the people of one clip with black, and pictures all over where nobody looked enough.

    At each moment a track hides the hull of its boxes around that moment, so whoever goes from one
    to the next stays hidden. Who has no track is not hidden.

    Args:
        tracks: of the clip.
        others: of the incident's other clips: who was seen just before or after this one.

    Raises:
        EvidenceError: they name no analysed picture, or no date.
    """

    def __init__(self, tracks: ClipTracks, others: Iterable[ClipTracks] = ()) -> None:
        if not tracks.pictures or tracks.first_picture_at is None:
            raise EvidenceError("expected tracks with pictures and a date, found none")
        self._begun_at = tracks.first_picture_at.timestamp()
        self._analysed_s = np.array([picture.t_s for picture in tracks.pictures], np.float64)
        self._people = _people(tracks, 0.0)
        self._neighbours: list[_Person] = []
        for other in others:
            if other.first_picture_at is not None:
                later_s = other.first_picture_at.timestamp() - self._begun_at
                self._neighbours += _people(other, later_s)
        self.pictures = 0
        """How many pictures were asked for."""
        self.pictures_masked = 0
        """In how many of them somebody was hidden."""
        self.pictures_black = 0
        """How many of them were hidden all over."""

    def __bool__(self) -> bool:
        return True

    @property
    def persons(self) -> int:
        """How many tracks of people the clip has; a person may have had several."""
        return len(self._people)

    def knows(self, at_s: float) -> bool:
        """Whether the pictures around that second of the clip were looked at often enough."""
        times = self._analysed_s
        after = int(np.searchsorted(times, at_s, "left"))
        begin_s = times[after - 1] if after else at_s
        end_s = times[after] if after < len(times) else at_s
        return bool(end_s - begin_s <= APART_S)

    def burn_at(self, image: U8, arrived_at: float) -> None:
        """Hide the people of the clip's picture of that UTC epoch time."""
        self.burn(image, arrived_at - self._begun_at)

    def burn(self, image: U8, at_s: float) -> int:
        """Hide the people of a picture, (H, W, 3) uint8, in place.

        Args:
            image: the picture.
            at_s: when the clip shows it, in seconds.

        Returns:
            How many of the clip's own tracks were hidden.
        """
        self.pictures += 1
        if not self.knows(at_s):
            self.pictures_black += 1
            image[:] = 0
            return 0
        height, width = image.shape[:2]
        aspect = width / height
        own = [mask for person in self._people if (mask := person.mask(at_s, aspect))]
        others = [mask for person in self._neighbours if (mask := person.mask(at_s, aspect))]
        PrivacyMasks([*own, *others]).burn(image)
        self.pictures_masked += bool(own or others)
        return len(own)


class _Person:
    """One track: when it was seen, and where."""

    def __init__(self, seen: Sequence[tuple[float, Box]]) -> None:
        self._times_s = np.array([at_s for at_s, _ in seen], np.float64)
        self._boxes = np.array([box for _, box in seen], np.float64)

    def mask(self, at_s: float, aspect: float) -> Polygon | None:
        """Give what hides the person in shares of a picture of that width by height; None: gone."""
        times = self._times_s
        if not times[0] - HOLD_S <= at_s <= times[-1] + HOLD_S:
            return None
        first = max(0, int(np.searchsorted(times, at_s - CLOCK_SLACK_S, "right")) - 1)
        last = min(len(times) - 1, int(np.searchsorted(times, at_s + CLOCK_SLACK_S, "left")))
        away_s = float(np.abs(times - at_s).min())
        return _widened(self._boxes[first : last + 1], away_s, aspect)


def _people(tracks: ClipTracks, later_s: float) -> list[_Person]:
    """Give the people of a clip that begins ``later_s`` after the one to be masked."""
    person = ObjectClass.PERSON.label
    ids = {track.track_id for track in tracks.tracks if track.object_class == person}
    seen: dict[int, list[tuple[float, Box]]] = {}
    for picture in tracks.pictures:
        for box in picture.boxes:
            if box.track_id in ids:
                seen.setdefault(box.track_id, []).append((picture.t_s + later_s, box.box))
    return [_Person(boxes) for boxes in seen.values()]


def _widened(boxes: F64, away_s: float, aspect: float) -> Polygon:
    """Give the corners of the hull of (N, 4) boxes with its margin."""
    height = float((boxes[:, 3] - boxes[:, 1]).max())
    margin_y = height * (MARGIN_HEIGHTS + GROWTH_HEIGHTS_PER_S * away_s)
    margin = np.array((margin_y / aspect, margin_y))
    (x1, y1), (x2, y2) = boxes[:, :2].min(axis=0) - margin, boxes[:, 2:].max(axis=0) + margin
    return (x1, y1), (x2, y1), (x2, y2), (x1, y2)


def mask_snapshot(snapshot: Path, path: Path, masks: PersonMasks, at_s: float) -> int:
    """Write a picture on which nothing is drawn once more, with the people in it hidden.

    Args:
        snapshot: the JPEG.
        path: where the masked one goes.
        masks: of a clip that shows its moment.
        at_s: when the clip shows it, in seconds.

    Returns:
        How many of the clip's own tracks were hidden.

    Raises:
        EvidenceError: it is no picture, cannot be read or written, or it is not known who is in it.
    """
    if not masks.knows(at_s):
        raise EvidenceError(f"{snapshot}: too few pictures were analysed around it")
    try:
        image = cv2.imdecode(np.frombuffer(snapshot.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            raise EvidenceError(f"{snapshot}: expected a JPEG, found none that can be decoded")
        shown = np.asarray(image, np.uint8)
        persons = masks.burn(shown, at_s)
        with replacing(path) as part:
            part.write_bytes(encode_jpeg(shown))
    except (OSError, cv2.error) as error:
        raise EvidenceError(f"{snapshot}: expected a picture to mask, found: {error}") from error
    return persons
