"""Decides whether zones and barriers follow a camera that was moved, and to where."""

from dataclasses import dataclass
from enum import StrEnum

from detector.incidents.view import MovedCheck
from detector.vision.integrity import IntegrityMeter
from detector.vision.registration import MIN_LIKENESS, ViewShift

TRY_EVERY_S = 2.0
"""One try takes up to 0.2 s of the analysis thread."""
CHECK_EVERY_S = 15.0
AGREE_SHARE = 0.01
"""Two estimates that lie closer together are the same: people who pass change them a little."""
DOUBTS = 3
"""So many tries in a row without a believable shift end the following."""


class GeometryState(StrEnum):
    """Where a camera's zones and barriers are."""

    AS_DRAWN = "as_drawn"
    MOVED_ALONG = "moved_along"  # the view was turned a little, and they with it
    DEGRADED = "degraded"  # the view was moved and they are not where they should be


@dataclass(frozen=True, slots=True, eq=False)
class Geometry:
    """Where zones and barriers are, with the shift that they follow; None where they do not."""

    state: GeometryState
    shift: ViewShift | None = None


AS_DRAWN = Geometry(GeometryState.AS_DRAWN)
DEGRADED = Geometry(GeometryState.DEGRADED)


class ViewFollower:
    """Follows one camera's view while it is moved; owned by the analysis thread.

    A shift counts when two tries in a row agree about it and its likeness is high. Until then, and
    where it is larger than ``follow_share``, the geometry is degraded: rules go on as drawn.

    Args:
        meter: has the usual picture and the present one.
        settings: how far a shift is followed.
    """

    def __init__(self, meter: IntegrityMeter, settings: MovedCheck) -> None:
        self._meter = meter
        self._settings = settings
        self._before: ViewShift | None = None
        self._due_s = float("-inf")
        self._doubts = 0
        self.geometry = AS_DRAWN

    @property
    def most_share(self) -> float:
        """How far a shift is followed, in shares of the picture."""
        return self._settings.follow_share

    def update(self, at: float, *, moved: bool, measured: bool) -> None:
        """Take whether the view counts as moved, and whether there is a new picture.

        Args:
            at: monotonic seconds; never decreases.
            moved: a fault of that kind is open.
            measured: the meter took a picture just now.
        """
        if not moved:
            self.geometry, self._before, self._doubts = AS_DRAWN, None, 0
            return
        if self.geometry is AS_DRAWN:
            self.geometry = DEGRADED
        if measured and at >= self._due_s:
            self._try(at)

    def _try(self, at: float) -> None:
        found, before = self._meter.register(), self._before
        believed = found is not None and self._believes(found)
        self._before = found if believed else None
        self._due_s = at + TRY_EVERY_S
        if found is None or not believed:
            self._doubts += 1
            if self._doubts >= DOUBTS:
                self.geometry = DEGRADED
            return
        self._doubts = 0
        if before is None or found.apart_share(before) > AGREE_SHARE:
            return
        self._due_s = at + CHECK_EVERY_S
        followed = self.geometry.shift
        if followed is None or found.apart_share(followed) > AGREE_SHARE:
            self.geometry = Geometry(GeometryState.MOVED_ALONG, found)

    def _believes(self, found: ViewShift) -> bool:
        near = found.most_share <= self.most_share
        return near and found.likeness >= MIN_LIKENESS
