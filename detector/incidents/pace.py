"""Tells whether a camera is analysed as often as its pictures are due."""

from collections.abc import Callable

JUDGED_S = 10.0
"""Over so long a camera's pictures are counted; what lasts shorter is no state of it."""


class Pace:
    """Finds that more pictures of a camera were left out than analysed; no clock, no I/O.

    A machine that is too slow for its cameras leaves pictures out and goes on. What happens between
    the pictures that it does analyse is missed.
    """

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._analysed = self._drops = 0
        self.slow_since_s: float | None = None
        """Since when it is so, by the clock of ``count``; None while it is not."""

    def count(self, at: float, analysed: int, dropped: Callable[[], int]) -> None:
        """Take how many pictures were analysed until ``at``, in all, and where to ask for drops.

        Call it as often as you like: ``dropped``, how many were left out in all, is asked every
        ``JUDGED_S``.
        """
        if self._began_s is not None and at - self._began_s < JUDGED_S:
            return
        drops = dropped()
        if drops - self._drops <= analysed - self._analysed or self._began_s is None:
            self.slow_since_s = None
        elif self.slow_since_s is None:
            self.slow_since_s = self._began_s
        self._began_s, self._analysed, self._drops = at, analysed, drops
