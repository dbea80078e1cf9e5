"""Which box is which track: gating and assignment."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from detector.geometry import iou
from detector.tracking import motion
from detector.types import F32, F64, I64

GATE = 20.0
"""Cost from which on a box is rather something new than this track.

For a track seen just now that is the 99.95 % quantile of chi-squared with 4 degrees of freedom; the
wider the expectation, the closer a box must lie to its middle.
"""

TWIN_IOU = 0.7
"""From this overlap on, a box that is left over is a second look at a box that was taken."""

Pairs = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def associate(state: F64, class_of_track: I64, measured: F64, class_of_box: I64) -> Pairs:
    """Pair N tracks with M boxes of their own class, each at most once, at the least total cost.

    The cost of a pair is the negative logarithm of the likelihood that the track's next box looks
    like that: distance in standard deviations, plus a fee for wide expectations so that a track
    which was lost long ago does not take the box of one that was seen just now.

    Args:
        state: (5, N, 4) predicted to the time of the boxes, see :mod:`detector.tracking.motion`.
        class_of_track: (N,) classes.
        measured: (M, 4) centre x, centre y, width, height in pixels.
        class_of_box: (M,) classes.

    Returns:
        Positions of the paired tracks and of their boxes.
    """
    if not len(measured) or not state.shape[1]:
        none = np.zeros(0, np.intp)
        return none, none
    distance, width = motion.surprise(state, measured)
    cost = distance + width[:, None]
    possible = (cost < GATE) & (class_of_track[:, None] == class_of_box[None, :])
    # An impossible pair costs as much as leaving both alone; it is thrown away afterwards.
    tracks, boxes = linear_sum_assignment(np.where(possible, cost, GATE))
    kept = possible[tracks, boxes]
    return tracks[kept], boxes[kept]


def twins(xyxy: F32, class_id: I64, taken: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Say which of N boxes overlap a taken one of their class so much that they show the same.

    Networks without non-maximum suppression now and then give a person twice; the second box
    must not become a second person.
    """
    doubled = np.zeros(len(xyxy), np.bool_)
    left = np.flatnonzero(~taken)
    if not len(left) or len(left) == len(xyxy):
        return doubled
    same = class_id[left, None] == class_id[None, taken]
    doubled[left] = ((iou(xyxy[left], xyxy[taken]) >= TWIN_IOU) & same).any(axis=1)
    return doubled
