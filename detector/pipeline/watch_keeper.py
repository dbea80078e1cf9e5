"""Keeps the ledger of one camera up to date by this machine's clocks."""

from collections.abc import Callable
from time import monotonic, time

from detector.incidents.coverage import WatchSpan
from detector.incidents.watch_ledger import Standing, WatchLedger


class WatchKeeper:
    """Asks how a camera stands and gives what is to be written; owned by the analysis thread.

    Args:
        ledger: of the camera; others may read its ``current`` and ``totals``.
        standing: how the camera stands now.
        clock: monotonic seconds.
        utc: UTC epoch seconds.
    """

    def __init__(
        self,
        ledger: WatchLedger,
        standing: Callable[[], Standing],
        clock: Callable[[], float] = monotonic,
        utc: Callable[[], float] = time,
    ) -> None:
        self.ledger = ledger
        self._standing = standing
        self._clock = clock
        self._utc = utc

    def analysed(self) -> None:
        """Note that a picture of the camera was analysed just now."""
        self.ledger.analysed(self._clock())

    def look(self) -> tuple[WatchSpan, ...]:
        """Give what is to be written now; call it several times a second."""
        return self.ledger.note(self._clock(), self._utc(), self._standing())

    def close(self) -> tuple[WatchSpan, ...]:
        """Give the end of the span that goes on."""
        return self.ledger.close(self._clock(), self._utc())
