"""One camera's own state: whether pictures come and show what they usually show."""

import math
from collections.abc import Callable
from time import monotonic, time

from detector.events import EventKind, Moment
from detector.incidents import Outcome
from detector.incidents.camera_watch import CameraWatch, Link
from detector.incidents.coverage import WatchState
from detector.incidents.view import ViewMeasures
from detector.incidents.watch_ledger import Standing
from detector.pipeline.health import STOPPED, CameraHealth, CameraState
from detector.pipeline.mask_keeper import MaskKeeper
from detector.pipeline.view_follower import Geometry, GeometryState, ViewFollower
from detector.types import ClockReading, ClockSource, Frame, Reason, Xy
from detector.vision.integrity import IntegrityMeter

LOOK_EVERY_S = 0.25
"""How often a camera without a new picture is looked at."""


class CameraGuard:
    """Measures a camera's pictures, asks how its reader does, and lets the watch judge.

    Its timeline is this machine's monotonic clock since the guard was made: a camera that gives no
    picture has no time of its own. Owned by the analysis thread.

    Args:
        meter: measures the pictures.
        watch: judges.
        health: gives the state of the camera's reader.
        follower: decides about the geometry of a camera that was moved.
        masks: moves privacy masks along with it; None where there are none.
        clock: monotonic seconds.
        utc: UTC epoch seconds.
    """

    def __init__(  # noqa: PLR0913  (clocks and masks are optional)
        self,
        meter: IntegrityMeter,
        watch: CameraWatch,
        health: Callable[[], CameraHealth],
        follower: ViewFollower,
        clock: Callable[[], float] = monotonic,
        utc: Callable[[], float] = time,
        *,
        masks: MaskKeeper | None = None,
    ) -> None:
        self._meter = meter
        self._watch = watch
        self._health = health
        self._follower = follower
        self._masks = masks
        watch.withholds = masks is not None
        self._shift: Xy | None = None
        self.shown: Frame | None = None
        """The newest picture with privacy masks where they belong."""
        self._clock = clock
        self._utc = utc
        self._began_s = clock()
        self._looked_s = float("-inf")
        self._size = (0, 0)
        self._reading: ClockReading | None = None

    def standing(self) -> Standing:
        """Say how the camera watches, by the same monotonic clock."""
        state, reason = self._watch.state
        since_s = self._watch.since_s
        return Standing(state, reason, None if since_s is None else since_s + self._began_s)

    def drops(self) -> int:
        """Say how many of the camera's pictures were never analysed, since the start."""
        return self._health().drops

    @property
    def geometry(self) -> Geometry:
        """Where zones and barriers are."""
        return self._follower.geometry

    @property
    def marks(self) -> tuple[Reason, ...]:
        """What has to be said with everything that is seen now; nothing while all is well."""
        state, reason = self._watch.state
        marks = []
        if state is not WatchState.WATCHED:
            marks.append(Reason("view", f"{state}: {reason}", WatchState.WATCHED.value))
        shift = self.geometry.shift
        if shift is not None:
            marks.append(
                Reason("moved_along_share", round(shift.most_share, 4), self._follower.most_share)
            )
        return tuple(marks)

    def look(self, frame: Frame | None) -> Outcome:
        """Take a new picture, or that none came; call it several times a second.

        What others may have of the picture is ``shown`` afterwards.
        A damaged picture shows that the camera is there, and is not measured.
        """
        at = self._clock() - self._began_s
        if frame is None and at - self._looked_s < LOOK_EVERY_S:
            return Outcome()
        self._looked_s = at
        measures = None
        if frame is not None:
            self._size, self._reading = frame.size, frame.reading
            if not frame.corrupt:
                measures = self._meter.measure(frame.image, at)
        link = link_of(self._health())
        if link is not None and not link.up:
            self._reading = None
        now = self._utc()
        moment = Moment(
            pts=at,
            captured_at=now,
            clock=ClockSource.ARRIVAL,
            decoded_at=now,
            size=self._size,
            reading=self._reading,
        )
        outcome = self._watch.advance(moment, link, measures)
        moved = EventKind.CAMERA_MOVED in self._watch.faults
        self._follower.update(at, moved=moved, measured=measures is not None)
        if frame is not None and not frame.corrupt:
            self.shown = self._hidden(frame, measures)
        withheld = self._masks is not None and self._masks.withheld
        self._watch.followed = self.geometry.state is GeometryState.MOVED_ALONG and not withheld
        return outcome

    def _hidden(self, frame: Frame, measures: ViewMeasures | None) -> Frame:
        """Burn the masks in where they belong; a picture that was not measured is as the last."""
        if self._masks is None:
            return frame
        if measures is not None:
            shifted = measures.shift if any(measures.shift) else (math.nan, math.nan)
            self._shift = shifted if self._watch.displaced else None
        if self._watch.unconfirmed:
            self._shift = (math.nan, math.nan)
        return self._masks.judge(frame, self._shift, self.geometry.shift)


def link_of(health: CameraHealth) -> Link | None:
    """Say whether pictures come; None once the reader was stopped, which is no news of the camera.

    The first attempt counts as down: the seconds until a fault is said give it time.
    """
    if health.state is CameraState.ENDED and health.reason == STOPPED:
        return None
    up = health.state in (CameraState.LIVE, CameraState.ENDED)
    silent_s = 0.0 if up else health.down_s
    return Link(up, health.state.value, "" if up else health.reason, silent_s)
