"""How long to wait before a camera is tried again: longer each time, until it was well for long."""

from collections.abc import Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_Seconds = Annotated[float, Field(gt=0.0, le=3600.0)]


class ReconnectSettings(BaseModel):
    """How a live source is reopened.

    Attributes:
        first_s: wait after the first failure.
        cap_s: longest wait; also the wait after a refusal, because cameras lock accounts that
            knock too often.
        factor: growth from one failure to the next.
        jitter: share of the wait that is random, so that the cameras behind one switch don't all
            knock at once.
        healthy_s: only a connection that gave pictures this long makes the waits short again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    first_s: _Seconds = 0.5
    cap_s: _Seconds = 30.0
    factor: Annotated[float, Field(ge=1.0, le=10.0)] = 2.0
    jitter: Annotated[float, Field(ge=0.0, le=1.0)] = 0.3
    healthy_s: _Seconds = 10.0


class Backoff:
    """The waits of one camera. ``random`` gives numbers in 0..1.

    >>> backoff = Backoff(ReconnectSettings(jitter=0.0, cap_s=3.0), random=lambda: 0.5)
    >>> [backoff.after_failure(healthy_for_s) for healthy_for_s in (0, 0, 9, 0, 60, 0)]
    [0.5, 1.0, 2.0, 3.0, 0.5, 1.0]
    """

    def __init__(self, settings: ReconnectSettings, random: Callable[[], float]) -> None:
        self._settings = settings
        self._random = random
        self._wait_s = settings.first_s
        self.failures = 0

    def after_failure(self, healthy_for_s: float, *, refused: bool = False) -> float:
        """Seconds to wait after a connection that gave pictures for ``healthy_for_s`` failed.

        The result lies within ``(1 - jitter) .. 1`` of the wait.
        """
        settings = self._settings
        if healthy_for_s >= settings.healthy_s:
            self._wait_s, self.failures = settings.first_s, 0
        self.failures += 1
        wait_s = settings.cap_s if refused else min(self._wait_s, settings.cap_s)
        self._wait_s = min(self._wait_s * settings.factor, settings.cap_s)
        return wait_s * (1.0 - settings.jitter * self._random())
