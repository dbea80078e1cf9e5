"""Stream time: seconds that never go back, and the grid that says which pictures are due."""

import math

LIVE_STEP_LIMIT_S = 10.0
_EARLY = 0.25  # of the grid's period


class Timeline:
    """Maps a source's timestamps to seconds that never decrease, over loops and reconnections.

    A recording keeps its own timestamps to the last digit. A timestamp that is missing, goes back,
    or leaps more than ``step_limit_s`` beyond the time that has really passed is a broken clock:
    the timeline goes on by the time that has passed, and follows the new timestamps from there.

    >>> timeline = Timeline()
    >>> timeline.connect(0.0, origin_s=1.5)
    >>> [timeline.place(raw, 0.04) for raw in (1.5, 2.0, 0.0, 0.5)]
    [0.0, 0.5, 0.54, 1.04]
    """

    def __init__(self, step_limit_s: float = math.inf) -> None:
        self._step_limit_s = step_limit_s
        self._last_s = 0.0
        self._offset_s: float | None = (
            None  # timeline minus source; None before the first timestamp
        )
        self.breaks = 0

    @property
    def last_s(self) -> float:
        """Where the timeline stands."""
        return self._last_s

    def connect(self, at_s: float, origin_s: float | None = None) -> None:
        """Begin a connection at ``at_s``; the source calls that ``origin_s`` (None: its first)."""
        self._last_s = max(at_s, self._last_s)
        self._offset_s = None if origin_s is None else self._last_s - origin_s

    def place(self, raw_s: float | None, elapsed_s: float) -> float:
        """Give the timeline's seconds of a picture with timestamp ``raw_s``.

        ``elapsed_s`` is the time that has passed since the picture before it by another clock: the
        arrival for live sources, the nominal interval for recordings (0 for their first picture).
        """
        passed_s = self._last_s + elapsed_s
        if raw_s is None:
            at_s = passed_s
        elif self._offset_s is None:
            at_s, self._offset_s = passed_s, passed_s - raw_s
        else:
            at_s = raw_s + self._offset_s
            if not self._last_s <= at_s <= passed_s + self._step_limit_s:
                self.breaks += 1
                at_s, self._offset_s = passed_s, passed_s - raw_s
        self._last_s = at_s
        return at_s


class SamplingGrid:
    """Says which pictures are due when ``fps`` of them are wanted each second, by their times.

    The grid starts at the first picture, and each of its periods gets one picture at most: the one
    nearest to the period's begin. A picture may therefore come early by half the distance to the
    one before it (and no more than a quarter of a period), so a camera that jitters around the
    wanted rate loses none. ``fps`` None makes every picture due.

    >>> grid = SamplingGrid(5.0)
    >>> [n for n in range(25) if grid.due(n / 25)]
    [0, 5, 10, 15, 20]
    """

    def __init__(self, fps: float | None) -> None:
        self._fps = fps
        self._origin_s: float | None = None
        self._last_s = 0.0
        self._period = -1

    def due(self, pts: float) -> bool:
        """Whether the picture at ``pts`` seconds is to be looked at; ask for each, in order."""
        if self._fps is None:
            return True
        if self._origin_s is None:
            self._origin_s = self._last_s = pts
        early = min(_EARLY, 0.5 * (pts - self._last_s) * self._fps)
        self._last_s = pts
        period = math.floor((pts - self._origin_s) * self._fps + early + 1e-6)
        if period <= self._period:
            return False
        self._period = period
        return True
