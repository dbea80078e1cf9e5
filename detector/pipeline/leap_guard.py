"""The time by which retention goes: a clock that leapt ahead would make everything old at once."""

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

LEAP_S = 3600.0
WAIT_S = 24 * 3600.0
"""So long somebody can set the clock right."""


def running_s() -> float:
    """Give seconds since this machine was started, those of its sleep as well."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class LeapGuard:
    """Compares the clock that people set with one that nobody can.

    A leap before this process began is not seen.

    Args:
        wall: UTC epoch seconds.
        steady: seconds that only go on.
    """

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = running_s
    ) -> None:
        self._wall, self._steady = wall, steady
        self._apart_s = wall() - steady()
        self._leapt_at_s: float | None = None

    def now(self) -> float:
        """Give UTC epoch seconds by which ages and the ends of holds are judged.

        For a day after the clock leapt ahead by more than an hour, or until it is set back, it is
        the time that it would be without the leap.
        """
        now_s, wall = self._steady(), self._wall()
        leap_s = wall - now_s - self._apart_s
        if leap_s < LEAP_S:
            self._apart_s += min(leap_s, 0.0)
            self._leapt_at_s = None
            return wall
        if self._leapt_at_s is None:
            self._leapt_at_s = now_s
            log.error(
                "this machine's clock leapt ahead by %.1f h: for %.0f h retention goes by the time "
                "without that",
                leap_s / 3600,
                WAIT_S / 3600,
            )
        if now_s - self._leapt_at_s < WAIT_S:
            return wall - leap_s
        self._apart_s, self._leapt_at_s = self._apart_s + leap_s, None
        return wall
