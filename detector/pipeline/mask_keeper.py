"""Keeps a camera's privacy masks on what they hide, and hides everything while that is unknown."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detector.incidents.view import IntegritySettings, MovedCheck
from detector.pipeline.view_follower import AGREE_SHARE
from detector.streams import IdleSettings, MaskTrail, PrivacyMasks
from detector.streams.privacy import Polygon
from detector.types import U8, Frame, Xy
from detector.vision.integrity import IntegrityMeter
from detector.vision.registration import ViewShift

SLACK_S = 1.0
IDLE_SLACK_S = 2.0
"""Pictures that were held back while a camera idled are judged so long after they came, and the
time between two key frames later."""
APART_S = 5.0
"""Judged pictures that are farther apart say nothing of what came between them."""
_PICTURES_APART = 3.0  # and where pictures are that rare so many distances of them


class MaskKeeper:
    """Judges each picture before anybody has it but the check of the view; fail-closed.

    A picture that is not shifted gets the masks as they were drawn, one that is shifted as the
    view that is followed the masks that were moved along. Every other shifted picture is black all
    over, from the first one on. Around the masks is a margin as wide as the least shift that is
    noticed.

    Readers call :meth:`burn`; everything else is the analysis thread's.

    Args:
        masks: as drawn, without margin.
        check: what counts as a shift, and how far one is followed.
        trail: gets what was hidden, for clips.
    """

    def __init__(self, masks: PrivacyMasks, check: MovedCheck, trail: MaskTrail) -> None:
        self.margin_share = check.min_shift_share
        self._masks = masks
        self._drawn = masks.widened(self.margin_share)
        self.trail = trail
        self._followed: ViewShift | None = None
        self._moved: PrivacyMasks | None = None
        self._newest = self._drawn
        self.withheld = False
        """The newest judged picture is black all over."""

    def __bool__(self) -> bool:
        return True

    def burn(self, image: U8) -> None:
        """Hide what the newest judged picture hid; the reader does so before it is judged."""
        self._newest.burn(image)

    def judge(self, frame: Frame, shift: Xy | None, followed: ViewShift | None) -> Frame:
        """Give ``frame`` without what nobody may see of it.

        Args:
            frame: the picture.
            shift: by which its content moved, in shares of width and height; None where it is where
                it was, and NaN where it is another view.
            followed: where the present geometry takes the view to be; None: as drawn.
        """
        if followed is not self._followed:
            self._followed, self._moved = followed, self._moved_by(followed)
        fitting: PrivacyMasks | None = self._drawn
        if shift is not None:
            fitting = self._moved if followed and self._is_where(shift, followed) else None
        self.withheld = fitting is None
        self.trail.note(frame.decoded_at, fitting)
        if fitting is None:
            return replace(frame, image=np.zeros_like(frame.image))
        self._newest, image = fitting, frame.image.copy()
        fitting.burn(image)
        return replace(frame, image=image)

    @classmethod
    def of(
        cls,
        masks: PrivacyMasks,
        settings: IntegritySettings,
        fps: float,
        idling: IdleSettings | None = None,
    ) -> "MaskKeeper | None":
        """Give a keeper for a camera whose moves are watched; None where nothing is hidden.

        ``fps``: pictures that are judged per second, but while the camera idles.
        """
        watched = settings.enabled and settings.moved.enabled
        if not masks or not watched:
            return None
        slack_s = idling.gap_s + IDLE_SLACK_S if idling else SLACK_S
        apart_s = max(APART_S, _PICTURES_APART / fps, slack_s)
        return cls(masks, settings.moved, MaskTrail(slack_s, apart_s))

    def _moved_by(self, shift: ViewShift | None) -> PrivacyMasks | None:
        try:
            margin = self.margin_share + AGREE_SHARE
            return None if shift is None else self._masks.moved(shift.matrix, margin)
        except ValueError:
            return None

    def _is_where(self, shift: Xy, followed: ViewShift) -> bool:
        """Whether the content moved by what is followed, as nearly as the margin allows."""
        x, y = followed.middle_share
        return max(abs(shift[0] - x), abs(shift[1] - y)) <= self.margin_share


def meter_of(
    settings: IntegritySettings, masks: Sequence[Polygon], keeper: MaskKeeper | None
) -> IntegrityMeter:
    """Give the meter of a camera; with a keeper every picture is measured before it is shown."""
    if keeper is None:
        return IntegrityMeter(settings.learn_s, masks)
    return IntegrityMeter(settings.learn_s, masks, keeper.margin_share, apart_s=0.0)
