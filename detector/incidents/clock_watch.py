"""When a camera's clock is so wrong, and for so long, that people have to be told."""

from dataclasses import dataclass

from detector.types import ClockReading, Reason


@dataclass(frozen=True, slots=True)
class ClockFault:
    """A camera's clock is off.

    Attributes:
        offset_s: camera's clock minus this machine's.
        limit_s: what it was held against, either way.
    """

    offset_s: float
    limit_s: float

    @property
    def reason(self) -> Reason:
        """The fault as an event's reason: size of the offset and limit, in seconds."""
        return Reason("clock offset (s)", round(self.offset_s, 3), self.limit_s)


class ClockWatch:
    """Judges one camera's clock, with a delay both ways so that it does not flutter.

    Args:
        limit_s: largest offset either way that is no fault.
        raise_after_s: seconds for which the offset has to be beyond.
        clear_after_s: seconds for which it has to be within again.

    >>> watch = ClockWatch(2.0, raise_after_s=5.0)
    >>> [watch.update(at_s, ClockReading(3600.0, None, 1)) is None for at_s in (0.0, 4.0, 5.0)]
    [True, True, False]
    """

    def __init__(
        self, limit_s: float, raise_after_s: float = 5.0, clear_after_s: float = 10.0
    ) -> None:
        self._limit_s = limit_s
        self._raise_after_s = raise_after_s
        self._clear_after_s = clear_after_s
        self._fault: ClockFault | None = None
        self._differs_s: float | None = None  # since when the reading contradicts what was said

    def update(self, at_s: float, reading: ClockReading | None) -> ClockFault | None:
        """Give the fault that lasts at ``at_s``, None while there is none.

        ``at_s`` never goes back. Without a reading (the camera is away, or its clock not known yet)
        nothing is judged: what was said last stays.
        """
        if reading is None:
            self._differs_s = None
            return self._fault
        wrong = abs(reading.offset_s) > self._limit_s
        if wrong == (self._fault is not None):
            self._differs_s = None
        elif self._differs_s is None:
            self._differs_s = at_s
        wait_s = self._raise_after_s if wrong else self._clear_after_s
        if self._differs_s is not None and at_s - self._differs_s >= wait_s:
            self._fault, self._differs_s = None, None
            if wrong:
                self._fault = ClockFault(reading.offset_s, self._limit_s)
        return self._fault
