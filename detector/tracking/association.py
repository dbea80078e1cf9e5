"""Which box is which track: gating and assignment."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from detector.tracking import motion
from detector.types import F64, I64

GATE = 25.0
"""Squared Mahalanobis distance beyond which a box is never a track's next box.

The 99.99 % quantile of chi-squared with 4 degrees of freedom is 23.5; a little more, since
detectors' errors have heavier tails than a normal distribution.
"""

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
    possible = (distance < GATE) & (class_of_track[:, None] == class_of_box[None, :])
    # An impossible pair costs more than any possible one can save, so it is taken only where
    # nothing is left to choose, and then thrown away.
    cost = np.where(possible, distance + width[:, None], GATE + width.max() + 1.0)
    tracks, boxes = linear_sum_assignment(cost)
    kept = possible[tracks, boxes]
    return tracks[kept], boxes[kept]
