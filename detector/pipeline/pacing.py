"""Lets stream time run like real time for sources that could be read faster."""

_SLIP_S = 0.1
_GAP_S = 10.0


class Pacer:
    """Says how long to wait before each frame. Pure: time is given.

    A reader that comes late slips instead of rushing after, so that frames never crowd (HLS thereby
    gets the delay its segments need). A gap of more than ten seconds is passed over instead of
    waited for.

    >>> pacer = Pacer()
    >>> [pacer.wait_s(pts, now_s) for pts, now_s in ((0.0, 100.0), (0.5, 100.25), (9.0, 120.0))]
    [0.0, 0.25, 0.0]
    """

    def __init__(self) -> None:
        self._offset_s: float | None = None  # clock minus stream time

    def wait_s(self, pts: float, now_s: float) -> float:
        """Seconds from ``now_s`` until the frame at ``pts`` is to be shown; never negative."""
        if self._offset_s is None:
            self._offset_s = now_s - pts
        ahead_s = pts + self._offset_s - now_s
        if not -_SLIP_S <= ahead_s <= _GAP_S:
            self._offset_s = now_s - pts
            return 0.0
        return max(ahead_s, 0.0)
