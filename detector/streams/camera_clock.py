"""A camera's own clock beside this machine's: offset, drift, jumps, and whether to believe it."""

from collections import deque

import numpy as np

from detector.types import ClockReading, ClockSource

JUMP_S = 0.5
"""A step of the camera's clock of at least this much is a jump; less is how clocks are set."""
SETTLE_S = 10.0
_BIN_S = 10.0
_OFFSET_BINS = 3  # half a minute: longer than a network hiccup
_DRIFT_BINS = 60  # ten minutes
_DRIFT_KNOWN_BINS = 12  # two minutes: below, the network's jitter is most of the slope


class CameraClock:
    """Decides when a live camera's pictures were taken. Pure: times are given.

    The offset is the camera's UTC minus this machine's at arrival, and of the last half minute the
    largest: each packet's offset is the clocks' difference less its delay on the way, so the one
    that came quickest says most. The drift is the Theil-Sen slope of the largest offset of each ten
    seconds over ten minutes, the median over all pairs, which a quarter of outliers does not move
    (P. K. Sen, 1968). A jump begins both anew. A delay in the network is none: it moves arrivals
    only, not the camera's UTC against its own timestamps; neither is a reset of these timestamps,
    which leaves the UTC on arrival where it was.

    While the offset is within ``limit_s`` a picture was taken when the camera says. Beyond, it was
    taken when it arrived, from the very first packet with the wrong time, and the offset is
    reported; the camera is believed again after ten seconds without a worse offset.

    Args:
        limit_s: largest offset either way at which the camera's clock is believed; > 0.
    """

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._bins: deque[tuple[float, float]] = deque(maxlen=_DRIFT_BINS)  # (begin, best) in s
        self._drift_ppm: float | None = None
        self._to_utc_s: float | None = None  # camera's UTC minus its timestamps
        self._last_s: float | None = None  # offset of the packet before
        self._wrong_s: float | None = None  # monotonic seconds at which it was last beyond
        self._jumps = 0

    def connect(self) -> None:
        """Begin a connection: its timestamps mean something else, and its UTC is not yet known."""
        self._to_utc_s = None

    def observe(self, utc_s: float, raw_s: float, arrived_at: float, arrived_s: float) -> None:
        """Take a packet that the camera dates ``utc_s`` (UTC epoch) and stamps ``raw_s``.

        It came at ``arrived_at`` (UTC epoch) and ``arrived_s`` (monotonic, rising) of this machine.
        """
        offset_s, to_utc_s = utc_s - arrived_at, utc_s - raw_s
        if self._jumped(offset_s, to_utc_s):
            self._jumps += 1
            self._bins.clear()
            self._drift_ppm = None
        self._to_utc_s, self._last_s = to_utc_s, offset_s
        self._collect(offset_s, arrived_s)
        if abs(self._offset_s()) > self._limit_s:
            self._wrong_s = arrived_s
        elif self._wrong_s is not None and arrived_s - self._wrong_s >= SETTLE_S:
            self._wrong_s = None

    def utc(self, raw_s: float | None, arrived_at: float) -> tuple[float, ClockSource]:
        """Give the UTC epoch seconds of a picture, and whose clock says so.

        ``raw_s``: its own timestamp, None where it has none; ``arrived_at``: when it came.
        """
        if raw_s is None or self._to_utc_s is None or self._wrong_s is not None:
            return arrived_at, ClockSource.ARRIVAL
        return raw_s + self._to_utc_s, ClockSource.CAMERA

    @property
    def reading(self) -> ClockReading | None:
        """What is known of the clock; None until this connection brought its UTC."""
        if self._to_utc_s is None:
            return None
        return ClockReading(self._offset_s(), self._drift_ppm, self._jumps)

    def _jumped(self, offset_s: float, to_utc_s: float) -> bool:
        if self._last_s is None:
            return False
        moved_s = offset_s - self._last_s
        if self._to_utc_s is None:  # after a reconnection the timestamps cannot be compared
            return bool(self._bins) and abs(offset_s - self._offset_s()) >= JUMP_S
        return min(abs(moved_s), abs(to_utc_s - self._to_utc_s)) >= JUMP_S

    def _offset_s(self) -> float:
        return max(best_s for _, best_s in list(self._bins)[-_OFFSET_BINS:])

    def _collect(self, offset_s: float, arrived_s: float) -> None:
        if self._bins and arrived_s - self._bins[-1][0] < _BIN_S:
            begin_s, best_s = self._bins[-1]
            self._bins[-1] = (begin_s, max(best_s, offset_s))
            return
        if len(self._bins) >= _DRIFT_KNOWN_BINS:
            self._drift_ppm = _slope(self._bins) * 1e6
        self._bins.append((arrived_s, offset_s))


def _slope(points: "deque[tuple[float, float]]") -> float:
    """Give the Theil-Sen slope of (x, y) points with rising x."""
    x, y = np.asarray(points, np.float64).T
    first, second = np.triu_indices(len(x), 1)
    return float(np.median((y[second] - y[first]) / (x[second] - x[first])))
