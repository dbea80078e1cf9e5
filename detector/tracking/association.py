"""Which box is which track: gating and assignment."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from detector.geometry import iou
from detector.tracking import motion
from detector.types import F64, I64, Detections

GATE = 20.0
"""Cost from which on a box is rather something new than this track.

For a track seen just now that is the 99.95 % quantile of chi-squared with 4 degrees of freedom; the
wider the expectation, the closer a box must lie to its middle.
"""

TWIN_IOU = 0.7
"""From this overlap on, a box that is left over is a second look at a box that was taken."""

Positions = npt.NDArray[np.intp]


def associate(
    state: F64, class_of_track: I64, measured: F64, class_of_box: I64
) -> tuple[Positions, Positions]:
    """Pair N tracks with M boxes of their own class, each at most once, at the least total cost.

    The cost of a pair is the negative logarithm of the likelihood that the track's next box looks
    like that: distance in standard deviations, plus a fee for wide expectations so that a track
    which was lost long ago does not take the box of one that was seen just now.

    Args:
        state: (5, N, 4) of N ≥ 1 tracks at the time of the boxes, see
            :mod:`detector.tracking.motion`.
        class_of_track: (N,) classes.
        measured: (M, 4), M ≥ 1, centre x, centre y, width, height in pixels.
        class_of_box: (M,) classes.

    Returns:
        Positions of the paired tracks and of their boxes.
    """
    distance, width = motion.surprise(state, measured)
    cost = distance + width[:, None]
    possible = (cost < GATE) & (class_of_track[:, None] == class_of_box[None, :])
    # An impossible pair costs as much as leaving both alone; it is thrown away afterwards.
    tracks, boxes = linear_sum_assignment(np.where(possible, cost, GATE))
    kept = possible[tracks, boxes]
    return tracks[kept], boxes[kept]


def without_twins(boxes: Positions, taken: Positions, detections: Detections) -> Positions:
    """Leave out the boxes that show what a taken box of their class already shows.

    Networks without non-maximum suppression now and then give a person twice; the second box
    must not become a second person.
    """
    if not len(boxes) or not len(taken):
        return boxes
    overlap = iou(detections.xyxy[boxes], detections.xyxy[taken])
    same = detections.class_id[boxes, None] == detections.class_id[None, taken]
    doubled = np.any((overlap >= TWIN_IOU) & same, axis=1)
    return np.asarray(boxes[~doubled], np.intp)
