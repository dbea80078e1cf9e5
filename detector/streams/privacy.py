"""Privacy masks: burnt into each picture before anybody else has it."""

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from detector.geometry import project
from detector.types import F64, U8, Xy

Polygon = Sequence[Xy]
"""Corners in shares of the picture's width and height, 0..1."""

_RIM_PX = 3  # width of the line around, as OpenCV draws it: one or two pixels to either side
_BLACK = (0, 0, 0)
_AT_EDGE = 0.02  # a corner so near the picture's edge means the edge
_BEYOND = 0.5  # shares by which such a corner reaches beyond it once the view was turned


class Masks(Protocol):
    """What is burnt into pictures as soon as they are decoded."""

    def burn(self, image: U8) -> None:
        """Hide in ``image``, (H, W) or (H, W, 3) uint8, in place, what nobody may see."""
        ...


class ClipMasks(Protocol):
    """What is burnt into the pictures of a clip, by the time at which each came."""

    def burn_at(self, image: U8, arrived_at: float) -> None:
        """Hide in ``image``, in place, what nobody may see of a picture of that UTC epoch time."""
        ...

    def __bool__(self) -> bool:
        """Whether anything has to be hidden at all."""
        ...


class PrivacyMasks:
    """Fills what nobody may see with black, the same places in pictures of any size.

    The pixels each edge runs through are filled as well, and one or two beyond them: cameras send
    colour at half the resolution, so the neighbour of a masked pixel may have its colour.

    Args:
        polygons: what is hidden; none hides nothing.
        margin_share: so far around them is hidden as well, in shares of the picture's longer side.
    """

    def __init__(self, polygons: Sequence[Polygon] = (), margin_share: float = 0.0) -> None:
        self._shares = [np.asarray(polygon, np.float64) for polygon in polygons]
        self._margin_share = margin_share
        self._laid_out: tuple[tuple[int, int], list[npt.NDArray[np.int32]]] = ((0, 0), [])

    def __bool__(self) -> bool:
        return bool(self._shares)

    def widened(self, margin_share: float) -> "PrivacyMasks":
        """Give them where they are with that margin."""
        return PrivacyMasks(
            [[(float(x), float(y)) for x, y in p] for p in self._shares], margin_share
        )

    def moved(self, matrix: F64, margin_share: float) -> "PrivacyMasks":
        """Give them where a homography (3, 3) of relative coordinates puts them, with that margin.

        A mask that ends at the edge of the picture goes on beyond it: what a turned camera shows of
        that was hidden by nothing but the edge.

        Raises:
            ValueError: it puts a corner nowhere.
        """
        moved = [project(matrix, _beyond_edges(polygon)) for polygon in self._shares]
        if not all(np.isfinite(corners).all() for corners in moved):
            raise ValueError("expected a homography that keeps all corners of the masks")
        return PrivacyMasks([[(float(x), float(y)) for x, y in p] for p in moved], margin_share)

    def burn(self, image: U8) -> None:
        """Fill the masked pixels of ``image``, (H, W) or (H, W, 3) uint8, in place."""
        if not self._shares:
            return
        height, width = image.shape[:2]
        thickness = _RIM_PX + 2 * round(self._margin_share * max(width, height))
        for corners in self._corners(width, height):
            # One by one: where polygons filled at once overlap, OpenCV leaves the picture as it is.
            cv2.fillPoly(image, [corners], _BLACK)
            cv2.polylines(image, [corners], isClosed=True, color=_BLACK, thickness=thickness)

    def burn_at(self, image: U8, arrived_at: float) -> None:  # noqa: ARG002  (they never move)
        """Do the same, whenever the picture came."""
        self.burn(image)

    def _corners(self, width: int, height: int) -> list[npt.NDArray[np.int32]]:
        """Give the polygons in pixels; laid out anew where the size changed."""
        size, corners = self._laid_out
        if size != (width, height):
            corners = [np.floor(p * (width, height)).astype(np.int32) for p in self._shares]
            self._laid_out = ((width, height), corners)
        return corners


def _beyond_edges(polygon: F64) -> F64:
    """Let corners (N, 2) at an edge of the picture reach beyond it."""
    outwards = (polygon >= 1.0 - _AT_EDGE).astype(np.float64) - (polygon <= _AT_EDGE)
    return np.asarray(polygon + _BEYOND * outwards, np.float64)


NO_MASKS = PrivacyMasks()
