"""Who was where in the last seconds of a camera: kept until a clip of that time is written."""

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.types import ClockSource, Frame, Tracks

BOX = np.dtype(
    [("track_id", np.int64), ("class_id", np.uint8), ("score", np.float32), ("box", np.float32, 4)]
)
"""One track in one picture; ``box`` is x1, y1, x2, y2 in shares of the picture, 0..1."""
PICTURE_BYTES = 320
"""What a picture takes besides its boxes: the objects of Python and NumPy around them."""


@dataclass(frozen=True, slots=True, eq=False)
class TrailPicture:
    """Where the tracks of one analysed picture were.

    Attributes:
        captured_at: UTC epoch seconds at which it was taken, as well as is known.
        clock: where that comes from.
        decoded_at: UTC epoch seconds of this machine when it was ready to be analysed.
        boxes: (N,) of :data:`BOX`, read-only; N is 0 where nobody was seen.
    """

    captured_at: float
    clock: ClockSource
    decoded_at: float
    boxes: npt.NDArray[np.void]

    @classmethod
    def of(cls, frame: Frame, tracks: Tracks) -> "TrailPicture":
        """Take the times of ``frame`` and the boxes of ``tracks``, without any pixels."""
        width, height = frame.size
        boxes = np.empty(len(tracks), BOX)
        boxes["track_id"], boxes["class_id"] = tracks.track_id, tracks.class_id
        boxes["score"] = tracks.confidence
        sides = np.array([width, height, width, height], np.float32)
        boxes["box"] = np.clip(tracks.xyxy / sides, 0, 1)
        boxes.setflags(write=False)
        return cls(frame.captured_at, frame.clock, frame.decoded_at, boxes)

    @property
    def bytes_held(self) -> int:
        """About so much memory, with the objects around the numbers."""
        return PICTURE_BYTES + self.boxes.nbytes


class Trail:
    """The newest pictures of one camera; written by the analysis thread, read by anyone.

    Args:
        keep_s: seconds back from the newest, by this machine's clock: as long as packets are kept.
        keep_bytes: the oldest go earlier where they take more memory than this.
    """

    def __init__(self, keep_s: float, keep_bytes: int) -> None:
        self._keep_s = keep_s
        self._keep_bytes = keep_bytes
        self._lock = threading.Lock()
        self._pictures: deque[TrailPicture] = deque()
        self._bytes = 0

    def add(self, frame: Frame, tracks: Tracks) -> None:
        """Keep where the tracks of ``frame`` are."""
        picture = TrailPicture.of(frame, tracks)
        with self._lock:
            self._pictures.append(picture)
            self._bytes += picture.bytes_held
            oldest_at = picture.decoded_at - self._keep_s
            while self._pictures and (
                self._pictures[0].decoded_at < oldest_at or self._bytes > self._keep_bytes
            ):
                self._bytes -= self._pictures.popleft().bytes_held

    def pictures(self) -> Sequence[TrailPicture]:
        """Give all that are kept, in the order in which they were analysed."""
        with self._lock:
            return tuple(self._pictures)

    @property
    def bytes_held(self) -> int:
        """Bytes in memory."""
        return self._bytes
