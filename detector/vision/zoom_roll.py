"""Finds by how much a camera was zoomed and rolled, whatever else moved its view, from its edges.

The magnitudes of a picture's spectrum turn and stretch with the picture and do not know where in it
things are. On a log-polar grid turning and stretching are shifts, and phase correlation finds them;
once they are undone it finds the shift of the picture as well (Reddy and Chatterji, "An FFT-based
technique for translation, rotation, and scale-invariant image registration", IEEE Transactions on
Image Processing 5(8), 1996).
"""

from dataclasses import dataclass
from math import cos, exp, log, radians, sin

import cv2
import numpy as np

from detector.types import F32, F64

ANGLES, SCALES = 180, 64
_LEAST_FREQUENCY, _MOST_FREQUENCY = 0.05, 0.45  # cycles a pixel of the height
_SCALE_STEP = log(_MOST_FREQUENCY / _LEAST_FREQUENCY) / SCALES
_ANGLE_STEP_DEG = 180.0 / ANGLES
_LEAST_OVERLAP = 0.35
_OUTSIDE = -1.0
_FLAT = 1e-9
_CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])


@dataclass(frozen=True, slots=True, eq=False)
class ZoomRoll:
    """How a view was zoomed and rolled.

    Attributes:
        zoom: factor by which things became larger.
        roll_deg: degrees by which they turned counter-clockwise, -90..90.
        matrix: (3, 3) float64, from a pixel of the usual edges to where it is now, with the shift
            that came along.
        corner_share: by it the greatest way of a corner, in shares of the picture's width or
            height.
        aligned: correlation with the usual edges once all of it is undone, -1..1.
    """

    zoom: float
    roll_deg: float
    matrix: F64
    corner_share: float
    aligned: float


class ZoomRollFinder:
    """Compares edge pictures of one camera.

    Args:
        size: (width, height) of the edge pictures.
        aspect: width by height of the camera's pictures; those of the edges may be squeezed.
    """

    def __init__(self, size: tuple[int, int], aspect: float) -> None:
        width, height = size
        self._size = size
        self._stretch = np.array([width / height / aspect, 1.0])
        self._window = cv2.createHanningWindow(size, cv2.CV_32F)
        frequency = _LEAST_FREQUENCY * np.exp((np.arange(SCALES) + 0.5) * _SCALE_STEP)
        angle = np.radians((np.arange(ANGLES) + 0.5) * _ANGLE_STEP_DEG - 90.0)[:, np.newaxis]
        across = frequency * np.cos(angle) / self._stretch[0] * width + width // 2
        down = frequency * np.sin(angle) * height + height // 2
        self._grid = across.astype(np.float32), down.astype(np.float32)

    def find(self, usual: F32, now: F32, before: ZoomRoll | None = None) -> ZoomRoll | None:
        """Find what makes ``now`` of ``usual``, both (height, width) float32 of at least 0.

        Args:
            usual: edges of the usual picture.
            now: edges of the present one.
            before: what was found in an earlier picture; it is given again where it fits better.

        Returns:
            What fits best; None where too little of the usual picture would be left.
        """
        (across, down), _ = cv2.phaseCorrelate(self._spectrum(usual), self._spectrum(now))
        zoom, roll_deg = exp(-across * _SCALE_STEP), -down * _ANGLE_STEP_DEG
        matrix = self._matrix(zoom, roll_deg)
        undone = self._undone(now, matrix)
        filled = np.where(undone >= 0, undone, usual.mean())
        # Where nothing has to be padded OpenCV multiplies the window into its arguments.
        shift, _ = cv2.phaseCorrelate(usual.copy(), filled, self._window)
        matrix[:2, 2] += matrix[:2, :2] @ shift
        found = [self._fitted(usual, now, zoom, roll_deg, matrix)]
        if before is not None:
            found.append(self._fitted(usual, now, before.zoom, before.roll_deg, before.matrix))
        return max((one for one in found if one), key=lambda one: one.aligned, default=None)

    def _fitted(
        self, usual: F32, now: F32, zoom: float, roll_deg: float, matrix: F64
    ) -> ZoomRoll | None:
        undone = self._undone(now, matrix)
        within = undone >= 0
        if np.count_nonzero(within) < _LEAST_OVERLAP * within.size:
            return None
        aligned = correlation(undone[within], usual[within])
        return ZoomRoll(zoom, roll_deg, matrix, self._corner_share(matrix), aligned)

    def _spectrum(self, edges: F32) -> F32:
        """Give (ANGLES, SCALES) logarithms of magnitudes, those of all angles alike on average."""
        centred = (edges - edges.mean()) * self._window
        halves = cv2.dft(centred, flags=cv2.DFT_COMPLEX_OUTPUT)
        magnitudes = np.fft.fftshift(np.log1p(cv2.magnitude(halves[..., 0], halves[..., 1])))
        polar = cv2.remap(magnitudes, *self._grid, cv2.INTER_LINEAR)
        return np.asarray(polar - polar.mean(axis=0), np.float32)

    def _matrix(self, zoom: float, roll_deg: float) -> F64:
        """Give (3, 3): from a pixel of the usual picture to where it is now."""
        angle = radians(roll_deg)
        turned = zoom * np.array([[cos(angle), sin(angle)], [-sin(angle), cos(angle)]])
        matrix = np.eye(3)
        matrix[:2, :2] = turned * self._stretch[:, np.newaxis] / self._stretch
        middle = (np.array(self._size) - 1) / 2
        matrix[:2, 2] = middle - matrix[:2, :2] @ middle
        return matrix

    def _undone(self, now: F32, matrix: F64) -> F32:
        """Bring ``now`` to where the usual picture is; below 0 where it does not reach."""
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        undone = cv2.warpAffine(now, matrix[:2], self._size, flags=flags, borderValue=_OUTSIDE)
        return np.asarray(undone, np.float32)

    def _corner_share(self, matrix: F64) -> float:
        corners = _CORNERS * self._size - 0.5
        way = corners @ matrix[:2, :2].T + matrix[:2, 2] - corners
        return float(np.abs(way / self._size).max())


def correlation(a: F32, b: F32) -> float:
    """Pearson's, 0 where one of the two is flat."""
    x, y = (a - a.mean()).ravel(), (b - b.mean()).ravel()
    power = float(x @ x) * float(y @ y)
    return float(x @ y) / power**0.5 if power > _FLAT else 0.0
