"""A folder of pictures, read in the order of their names as a recording."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from detector.errors import SourceBroken
from detector.streams.base import Closing
from detector.streams.pictures import SourceRequest
from detector.streams.timeline import SamplingGrid
from detector.types import ClockSource, Frame

_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


class ImageFolder(Closing):
    """The pictures of one folder, ``image_fps`` a second; numbers in names count as numbers.

    Raises SourceBroken if the folder holds no picture, and after the last one if none was readable.
    Unreadable ones in between are counted as corrupt; their time passes.
    """

    live = False
    bursty = False

    def __init__(self, request: SourceRequest, folder: Path) -> None:
        self._request = request
        pictures = (path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
        self._paths = sorted(pictures, key=_natural)
        if not self._paths:
            raise SourceBroken(
                f"{request.where}: expected pictures ({' '.join(_SUFFIXES)}), found none"
            )
        self.fps: float = request.settings.image_fps
        self.duration_s: float = len(self._paths) / self.fps
        self.progress = request.progress
        self.progress.codec = "images"

    def __iter__(self) -> Iterator[Frame]:
        """Give the pictures that are due."""
        request, timeline = self._request, self._request.timeline
        before, interval_s = self.progress.decoded, 1.0 / self.fps
        timeline.connect(timeline.last_s + interval_s if before else 0.0, origin_s=0.0)
        start, grid = request.settings.start_time, SamplingGrid(request.detect_fps)
        clock = ClockSource.CONFIGURED if start else ClockSource.NONE
        for number, path in enumerate(self._paths):
            pts = timeline.place(number * interval_s, interval_s)
            if not grid.due(pts):
                continue
            content = np.fromfile(path, np.uint8)
            image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
            if image is None:
                self.progress.corrupt += 1
            else:
                self.progress.decoded += 1
                captured_at = pts + (start.timestamp() if start else 0.0)
                yield request.frame(image.astype(np.uint8, copy=False), pts, (captured_at, clock))
        if self.progress.decoded == before:
            raise SourceBroken(
                f"{request.where}: expected pictures, found none that can be decoded"
            )

    def describe(self) -> str:
        """Say in one line what it is."""
        return f"folder of {len(self._paths)} pictures, {self.fps:.3g} a second"

    def close(self) -> None:
        """Nothing is held open."""


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sort key under which ``frame_9`` comes before ``frame_10``."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]
