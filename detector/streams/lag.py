"""Notices that decoding cannot keep up with a camera, and says what to leave undecoded."""

_LIMIT_S = 2.0
_WAITED_S = 0.005  # having to wait so long for a packet means that none lay ready
_FORGET = 0.001  # faster than any camera's clock drifts, slower than any overload grows


class CatchUp:
    """Decides packet by packet whether to skip it. Pure: times are given.

    The lag is how much later than at best the packets come, by the camera's own timestamps. Beyond
    two seconds everything is skipped until the reader has to wait for a packet again (it reached
    the present) and then to the next key frame, from which decoding can begin. A clock that leaps
    back looks the same and costs one group of pictures.
    """

    def __init__(self) -> None:
        self._best_s: float | None = None  # least (arrival - timestamp), slowly forgotten
        self._arrived_s = 0.0
        self._behind = self._needs_key = False

    def skip(self, raw_s: float, arrived_s: float, waited_s: float, *, is_key: bool) -> bool:
        """Whether to skip the packet with timestamp ``raw_s`` that came after ``waited_s``."""
        delay_s = arrived_s - raw_s
        if self._best_s is None or (self._behind and waited_s >= _WAITED_S):
            self._behind, self._best_s = False, delay_s
        else:
            forgotten_s = self._best_s + _FORGET * (arrived_s - self._arrived_s)
            self._best_s = min(forgotten_s, delay_s)
        self._arrived_s = arrived_s
        if delay_s - self._best_s > _LIMIT_S:
            self._behind = self._needs_key = True
        if not self._behind and is_key:
            self._needs_key = False
        return self._needs_key
