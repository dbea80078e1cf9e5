"""Keeps the ledger of one camera up to date by this machine's clocks."""

from collections.abc import Callable
from time import monotonic, time

from detector.incidents.coverage import WatchSpan, WatchState
from detector.incidents.pace import Pace
from detector.incidents.watch_ledger import Standing, WatchLedger

SLOW = "slow"


class WatchKeeper:
    """Asks how a camera stands and gives what is to be written; owned by the analysis thread.

    Args:
        ledger: of the camera; others may read its ``current`` and ``totals``.
        standing: how the camera stands now.
        drops: how many of its pictures were never analysed, since the start.
        clock: monotonic seconds.
        utc: UTC epoch seconds.
    """

    def __init__(
        self,
        ledger: WatchLedger,
        standing: Callable[[], Standing],
        drops: Callable[[], int],
        clock: Callable[[], float] = monotonic,
        utc: Callable[[], float] = time,
    ) -> None:
        self.ledger = ledger
        self._standing = standing
        self._drops = drops
        self._analysed = 0
        self._pace = Pace()
        self._clock = clock
        self._utc = utc

    def analysed(self) -> None:
        """Note that a picture of the camera was analysed just now."""
        self._analysed += 1
        self.ledger.analysed(self._clock())

    def look(self) -> tuple[WatchSpan, ...]:
        """Give what is to be written now; call it several times a second."""
        at, standing = self._clock(), self._standing()
        self._pace.count(at, self._analysed, self._drops)
        if standing.state is WatchState.WATCHED and self._pace.slow_since_s is not None:
            standing = Standing(WatchState.DEGRADED, SLOW, self._pace.slow_since_s)
        return self.ledger.note(at, self._utc(), standing)

    def close(self) -> tuple[WatchSpan, ...]:
        """Give the end of the span that goes on."""
        return self.ledger.close(self._clock(), self._utc())
