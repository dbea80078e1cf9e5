"""The disk that evidence is written to: how much is free, and for how long that lasts."""

import math
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from detector.evidence.evidence_files import Evidence

WINDOWS_S = (600.0, 3600.0)
"""The rate is that of the busier of the two: one burst is not diluted by a quiet hour."""
LOW_S = 2 * 3600.0
WELL_S = 2.5 * 3600.0
"""The alarm ends here, so that it does not come and go at the limit."""
RESERVE_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """Of the disk of the data directory, in bytes."""

    total_bytes: int
    free_bytes: int


def disk_space(folder: Path) -> DiskSpace:
    """Measure.

    Raises:
        OSError: there is no such folder, or it does not answer.
    """
    usage = shutil.disk_usage(folder)
    return DiskSpace(usage.total, usage.free)


def write_rate(evidence: Iterable[Evidence], now: float) -> float:
    """Give the bytes of evidence written a second of late; 0 where nothing was."""
    recent = [one for one in evidence if 0 <= now - one.written_at < max(WINDOWS_S)]
    return max(
        sum(one.size_bytes for one in recent if now - one.written_at < window_s) / window_s
        for window_s in WINDOWS_S
    )


def headroom_s(free_bytes: int, floor_bytes: int, rate_bytes_s: float) -> float:
    """Say in how many seconds the floor is reached at this rate; infinite where nothing is written.

    >>> headroom_s(free_bytes=3000, floor_bytes=1000, rate_bytes_s=4.0)
    500.0
    """
    above = free_bytes - floor_bytes
    if above <= 0:
        return 0.0
    return above / rate_bytes_s if rate_bytes_s > 0 else math.inf


class DiskReserve:
    """A file that only takes room, given up when the disk is full.

    A deletion is logged before it happens, and a database on a full disk cannot log: the reserve
    makes room for that entry. It is part of the free-space floor.

    Args:
        path: of the file.
        size_bytes: its size; 0 makes none.
    """

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self.size_bytes = size_bytes

    def take(self) -> None:
        """Occupy the room, if it is not occupied yet.

        Raises:
            OSError: the disk is full or refuses.
        """
        if not self.size_bytes or self._path.exists():
            return
        part = self._path.with_suffix(".part")
        try:
            with part.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, self.size_bytes)
            part.rename(self._path)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def give(self) -> bool:
        """Free the room; False if it was not occupied.

        Raises:
            OSError: the file cannot be deleted.
        """
        if not self._path.exists():
            return False
        self._path.unlink()
        return True
