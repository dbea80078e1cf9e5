"""Writes down when one camera watched, watched badly or was blind.

Seconds come from the monotonic clock and dates from this machine's clock: a clock that is set ends
the span by the old date and begins another by the new one, so no span is negative or longer than it
lasted. A fault counts from when its condition began, not from when it was said.
"""

from collections import defaultdict
from dataclasses import dataclass

from detector.incidents.coverage import WatchSpan, WatchState
from detector.types import CameraId

EXTEND_S = 10.0
"""How often a span that goes on is written; what a power cut loses at most."""
SETTLED_S = 60.0
"""What is older is final: faults are dated back no further, and counters may hold it."""
CLOCK_SET_S = 1.0
"""A clock that went so much more or less than the monotonic one was set."""
SILENCE_S = 5.0
STARTING, NO_PICTURE, SERVICE_DOWN = "starting", "no_picture", "service_down"


def silence_s(fps: float) -> float:
    """Say how long a camera of so many analysed pictures a second may give none.

    >>> silence_s(5.0), silence_s(0.1)
    (5.0, 30.0)
    """
    return max(SILENCE_S, 3.0 / fps)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a camera stands at a moment.

    Attributes:
        state: as its watch judges it.
        reason: why, in a word; "" while watched.
        since_s: when that began, monotonic seconds; None for now.
    """

    state: WatchState
    reason: str
    since_s: float | None = None


@dataclass(slots=True)
class _Open:
    """The span that goes on; ``began_s`` monotonic, ``began_at`` the date that it is known by."""

    state: WatchState
    reason: str
    began_s: float
    began_at: float


class WatchLedger:
    """The spans of one camera; no clock, no I/O.

    Args:
        camera: whose.
        silence_s: without an analysed picture for so long, a camera is blind whatever else is
            known of it.
        last_ended_at: end of what an earlier run wrote, UTC epoch seconds; None without one.
    """

    def __init__(self, camera: CameraId, silence_s: float, last_ended_at: float | None) -> None:
        self._camera = camera
        self._silence_s = silence_s
        self._last_ended_at = last_ended_at
        self._analysed_s: float | None = None
        self._open: _Open | None = None
        self._offset_s = self._written_s = self._settled_s = 0.0
        self._totals: dict[tuple[WatchState, str], float] = defaultdict(float)
        self.current: WatchSpan | None = None
        self.totals: dict[tuple[WatchState, str], float] = {}
        """Seconds of this run by state and reason, up to ``SETTLED_S`` ago; they never shrink."""

    def analysed(self, at: float) -> None:
        """Note that a picture was analysed at ``at``, monotonic seconds."""
        self._analysed_s = at

    def note(self, at: float, utc: float, standing: Standing) -> tuple[WatchSpan, ...]:
        """Take how the camera stands.

        Args:
            at: now, monotonic seconds; never decreases.
            utc: now, UTC epoch seconds.
            standing: as judged by what is seen.

        Returns:
            What is to be written, in order; a span that is written already moves its end.
        """
        now = self._judged(at, standing)
        due: list[WatchSpan] = []
        if self._open is None:
            due += self._down(utc)
            self._offset_s, self._settled_s = utc - at, at
            self._begin(now, at)
        elif abs(utc - at - self._offset_s) > CLOCK_SET_S:
            due.append(self._span(self._open, at))
            self._settle(at)
            self._offset_s = utc - at
            self._begin(now, at)
        elif (now.state, now.reason) != (self._open.state, self._open.reason):
            changed_s = self._changed_s(at, now)
            due.append(self._span(self._open, changed_s))
            self._settle(changed_s)
            self._begin(now, changed_s)
        elif at - self._written_s < EXTEND_S:
            self._go_on(at, utc)
            return ()
        due.append(self._go_on(at, utc))
        self._written_s = at
        return tuple(due)

    def close(self, at: float, utc: float) -> tuple[WatchSpan, ...]:
        """End the span that goes on: a planned stop."""
        if self._open is None:
            return ()
        closed = self._go_on(at, utc)
        self._settle(at)
        return (closed,)

    def _judged(self, at: float, standing: Standing) -> Standing:
        if standing.state is WatchState.BLIND:
            return standing
        if self._analysed_s is None:
            return Standing(WatchState.BLIND, STARTING)
        if at - self._analysed_s > self._silence_s:
            return Standing(WatchState.BLIND, NO_PICTURE, self._analysed_s)
        return standing

    def _changed_s(self, at: float, now: Standing) -> float:
        """Say when a change took place: what is worse began before it was known."""
        assert self._open is not None  # noqa: S101  (asked of a change only)
        if now.since_s is None or now.state.rank <= self._open.state.rank:
            return at
        return min(max(now.since_s, self._open.began_s, self._settled_s), at)

    def _begin(self, now: Standing, began_s: float) -> None:
        self._open = _Open(now.state, now.reason, began_s, began_s + self._offset_s)

    def _go_on(self, at: float, utc: float) -> WatchSpan:
        assert self._open is not None  # noqa: S101  (asked of an open span only)
        if abs(utc - at - self._offset_s) <= CLOCK_SET_S:
            self._offset_s = utc - at  # follow a clock that is being steered
        self._settle(at - SETTLED_S)
        self.current = self._span(self._open, at)
        return self.current

    def _span(self, told: _Open, until_s: float) -> WatchSpan:
        ended_at = max(until_s + self._offset_s, told.began_at)
        return WatchSpan(self._camera, told.state, told.reason, told.began_at, ended_at)

    def _down(self, utc: float) -> tuple[WatchSpan, ...]:
        before = self._last_ended_at
        if before is None or before >= utc:
            return ()
        return (WatchSpan(self._camera, WatchState.BLIND, SERVICE_DOWN, before, utc),)

    def _settle(self, until_s: float) -> None:
        if self._open is None or until_s <= self._settled_s:
            return
        key = (self._open.state, self._open.reason)
        self._totals[key] += until_s - self._settled_s
        self._settled_s = until_s
        self.totals = dict(self._totals)
