"""Privacy masks: burnt into each picture before anybody else has it."""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from detector.types import U8, Xy

Polygon = Sequence[Xy]
"""Corners in shares of the picture's width and height, 0..1."""

_RIM_PX = 3  # width of the line around, as OpenCV draws it: one or two pixels to either side
_BLACK = (0, 0, 0)


class PrivacyMasks:
    """Fills what nobody may see with black, the same places in pictures of any size.

    The pixels each edge runs through are filled as well, and one or two beyond them: cameras send
    colour at half the resolution, so the neighbour of a masked pixel may have its colour.

    Args:
        polygons: what is hidden; none hides nothing.
    """

    def __init__(self, polygons: Sequence[Polygon] = ()) -> None:
        self._shares = [np.asarray(polygon, np.float64) for polygon in polygons]
        self._laid_out: tuple[tuple[int, int], list[npt.NDArray[np.int32]]] = ((0, 0), [])

    def __bool__(self) -> bool:
        return bool(self._shares)

    def burn(self, image: U8) -> None:
        """Fill the masked pixels of ``image``, (H, W) or (H, W, 3) uint8, in place."""
        if not self._shares:
            return
        for corners in self._corners(image.shape[1], image.shape[0]):
            # One by one: where polygons filled at once overlap, OpenCV leaves the picture as it is.
            cv2.fillPoly(image, [corners], _BLACK)
            cv2.polylines(image, [corners], isClosed=True, color=_BLACK, thickness=_RIM_PX)

    def _corners(self, width: int, height: int) -> list[npt.NDArray[np.int32]]:
        """Give the polygons in pixels; laid out anew where the size changed."""
        size, corners = self._laid_out
        if size != (width, height):
            corners = [np.floor(p * (width, height)).astype(np.int32) for p in self._shares]
            self._laid_out = ((width, height), corners)
        return corners


NO_MASKS = PrivacyMasks()
