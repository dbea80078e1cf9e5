"""Finds where a camera that was turned a little looks now, from two small grey pictures.

A camera that turns about its mount maps its old picture to the new one by a homography. It is
sought in two steps by maximising the enhanced correlation coefficient (Evangelidis and Psarakis,
"Parametric image alignment using enhanced correlation coefficient maximization", IEEE PAMI 30(10),
2008; OpenCV's ``findTransformECC``): first shift and rotation from a first guess, then all of it.
The coefficient ignores brightness and contrast, and a hundredth of a pixel of the small picture is
a fraction of one of the camera's.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from detector.geometry import project
from detector.types import F32, F64, U8, Xy

MIN_LIKENESS = 0.8
"""Correlation of both pictures, once the shift is undone, for it to be believed."""

_STEPS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-5)
_BLUR_PX = 5
_MIDDLE = np.array([[0.5, 0.5]])
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


@dataclass(frozen=True, slots=True, eq=False)
class ViewShift:
    """Where what was at a place is now.

    Attributes:
        matrix: (3, 3) float64, from the usual picture to the present one, both in shares of width
            and height (0..1).
        likeness: correlation of the two pictures once the shift is undone, -1..1.
    """

    matrix: F64
    likeness: float

    @property
    def most_share(self) -> float:
        """The greatest way of a corner of the picture, in shares of its width or height."""
        return float(np.abs(project(self.matrix, _CORNERS) - _CORNERS).max())

    @property
    def middle_share(self) -> Xy:
        """By which the middle of the picture moved, in shares of its width and height."""
        ((x, y),) = project(self.matrix, _MIDDLE) - _MIDDLE
        return float(x), float(y)

    def apart_share(self, other: "ViewShift") -> float:
        """How far the corners lie from where another shift puts them, in the same shares."""
        mine, theirs = project(self.matrix, _CORNERS), project(other.matrix, _CORNERS)
        return float(np.abs(mine - theirs).max())


def register(usual: F32 | U8, now: U8, guess: tuple[float, float], shown: U8) -> ViewShift | None:
    """Find the shift between two pictures of one size.

    Args:
        usual: (H, W) grey, what the camera usually sees.
        now: (H, W) grey, what it sees.
        guess: (x, y) by which things moved, in shares of width and height.
        shown: (H, W), 0 where a mask hides the view, else 255.

    Returns:
        The shift; None where none can be found.
    """
    height, width = now.shape
    start = np.array([[1, 0, guess[0] * width], [0, 1, guess[1] * height]], np.float32)
    template = np.asarray(usual, np.float32)
    present = np.asarray(now, np.float32)
    try:
        _, turned = cv2.findTransformECC(
            template, present, start, cv2.MOTION_EUCLIDEAN, _STEPS, shown, _BLUR_PX
        )
        start = np.vstack([turned, [0, 0, 1]]).astype(np.float32)
        likeness, found = cv2.findTransformECC(
            template, present, start, cv2.MOTION_HOMOGRAPHY, _STEPS, shown, _BLUR_PX
        )
    except cv2.error:  # it says so where it does not converge
        return None
    # OpenCV counts from the middle of the first pixel.
    to_px = np.array([[width, 0, -0.5], [0, height, -0.5], [0, 0, 1.0]])
    matrix = np.linalg.inv(to_px) @ np.asarray(found, np.float64) @ to_px
    matrix /= matrix[2, 2]
    if np.isnan(project(matrix, _CORNERS)).any():
        return None
    return ViewShift(matrix, float(likeness))
