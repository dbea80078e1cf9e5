"""Readiness, looked into at most once a second however many ask: a check writes to the disk."""

import threading
import time
from collections.abc import Callable, Sequence

from detector.api.ports import Check, ServiceView

HOLD_S = 1.0


class ReadinessProbe:
    """Asks the service, and remembers the answer for a moment."""

    def __init__(self, service: ServiceView, clock: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._clock = clock
        self._lock = threading.Lock()
        self._checks: Sequence[Check] = ()
        self._stale_at_s = float("-inf")

    def checks(self) -> Sequence[Check]:
        """Give every condition for being ready, as of at most :data:`HOLD_S` ago."""
        with self._lock:
            if self._clock() >= self._stale_at_s:
                self._checks = self._service.readiness()
                self._stale_at_s = self._clock() + HOLD_S
            return self._checks
