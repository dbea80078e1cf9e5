"""Where a camera's privacy masks were in its last seconds, for clips that are made later."""

import threading
from collections import deque
from dataclasses import dataclass

from detector.streams.privacy import PrivacyMasks
from detector.types import U8


@dataclass(slots=True)
class _Stretch:
    """From the first to the last picture that were judged alike; masks None: all is hidden."""

    first_at: float
    last_at: float
    masks: PrivacyMasks | None


class MaskTrail:
    """Where a camera's masks were in its last seconds; written by analysis, read by anyone.

    Only pictures of analysis are judged. One that came between two of them that have the same masks
    has these as well; near a change, and after the last judged picture, everything is hidden.

    Args:
        slack_s: a picture may be judged so long after it came, and another stream of the camera may
            be so late.
        keep_s: what is older is forgotten, and hidden.
    """

    def __init__(self, slack_s: float = 1.0, keep_s: float = 1200.0) -> None:
        self._slack_s = slack_s
        self._keep_s = keep_s
        self._lock = threading.Lock()
        self._stretches: deque[_Stretch] = deque()

    def __bool__(self) -> bool:
        return True

    def note(self, at: float, masks: PrivacyMasks | None) -> None:
        """Take what was hidden in the picture judged at ``at``, UTC epoch seconds; None: all."""
        with self._lock:
            last = self._stretches[-1] if self._stretches else None
            if last is not None and last.masks is masks:
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
                slack_s = self._slack_s if number else -self._slack_s
                changes = number + 1 < len(self._stretches)
                end_at = stretch.last_at - (self._slack_s if changes else 0.0)
                if stretch.first_at + slack_s <= at <= end_at:
                    return stretch.masks
        return None
