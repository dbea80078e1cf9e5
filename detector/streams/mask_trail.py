"""Where a camera's privacy masks were in its last seconds, for clips that are made later."""

import math
import threading
from collections import deque
from dataclasses import dataclass

from detector.streams.privacy import PrivacyMasks
from detector.types import U8

_TRIMMED_S = 0.1  # a clock that is set back by less is no other clock


@dataclass(slots=True)
class _Stretch:
    """From the first to the last picture that were judged alike; masks None: all is hidden."""

    first_at: float
    last_at: float
    masks: PrivacyMasks | None


class MaskTrail:
    """Where a camera's masks were in its last seconds; written by analysis, read by anyone.

    Only pictures of analysis are judged. One that came between two of them that have the same masks
    has these as well. Everything is hidden near a change, after the last judged picture, and where
    none was judged for long (its stream was gone, say, and another one was recorded).

    Args:
        slack_s: a picture may be judged so long after it came, and another stream of the camera may
            be so late.
        apart_s: judged pictures that are farther apart say nothing of what came between them.
        keep_s: what is older is forgotten, and hidden.
    """

    def __init__(self, slack_s: float = 1.0, apart_s: float = 5.0, keep_s: float = 1200.0) -> None:
        self._slack_s = slack_s
        self._apart_s = apart_s
        self._keep_s = keep_s
        self._begun_at = math.inf
        self._lock = threading.Lock()
        self._stretches: deque[_Stretch] = deque()

    def __bool__(self) -> bool:
        return True

    def note(self, at: float, masks: PrivacyMasks | None) -> None:
        """Take what was hidden in the picture judged at ``at``, UTC epoch seconds; None: all.

        Where this machine's clock was set back all is forgotten: two pictures may have come at the
        same time by it.
        """
        with self._lock:
            last = self._stretches[-1] if self._stretches else None
            if last is None:
                self._begun_at = at
            elif at < last.last_at - _TRIMMED_S:
                self._stretches.clear()
                last, self._begun_at = None, math.inf
            else:
                at = max(at, last.last_at)
            if last and last.masks is masks and at - last.last_at <= self._apart_s:
                last.last_at = at
            else:
                self._stretches.append(_Stretch(at, at, masks))
            while self._stretches[0].last_at < at - self._keep_s:
                self._stretches.popleft()

    def burn_at(self, image: U8, arrived_at: float) -> None:
        """Hide what nobody may see of a picture that came then; all of it where that is unknown."""
        masks = self._masks_at(arrived_at)
        if masks is None:
            image[:] = 0
        else:
            masks.burn(image)

    def _masks_at(self, at: float) -> PrivacyMasks | None:
        with self._lock:
            for number, stretch in enumerate(self._stretches):
                # Before the first picture there was none that could have been judged.
                begins = stretch.first_at == self._begun_at
                slack_s = -self._slack_s if begins else self._slack_s
                changes = number + 1 < len(self._stretches)
                end_at = stretch.last_at - (self._slack_s if changes else 0.0)
                if stretch.first_at + slack_s <= at <= end_at:
                    return stretch.masks
        return None
