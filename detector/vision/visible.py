"""Which parts of a masked camera's picture may be measured: what is burnt in says nothing of it.

A mask is black whatever the camera sees, and its edges stay sharp and in place: counted in, they
would hide that a camera was covered, blurred or moved, and make it look dark.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from detector.types import F32, Xy

_BESIDE_PX = 3  # of the small picture: so far the edge of a mask is felt
_WHOLE = 0.999
_HALF = 0.5

Bools = npt.NDArray[np.bool_]


class Visible:
    """What is left of a small picture, its gradient and what they are reduced to.

    Without masks everything is given back as it came. Otherwise blocks and coarse cells that are
    hidden are left out, so both are flat arrays.

    Args:
        masks: polygons in shares of the picture.
        margin_share: so far around them is hidden as well, in shares of the picture's longer side.
        size: (width, height) of the small picture in pixels.
        blocks: (columns, rows) of the blocks.
        edges: (width, height) of its gradient.
        coarse: (columns, rows) of the coarse picture.
    """

    def __init__(
        self,
        masks: Sequence[Sequence[Xy]],
        size: tuple[int, int],
        blocks: tuple[int, int],
        edges: tuple[int, int],
        coarse: tuple[int, int],
        margin_share: float = 0.0,
    ) -> None:
        self._masked, self._size = bool(masks), blocks
        shown = np.ones((size[1], size[0]), np.uint8)
        rim = 1 + 2 * round(margin_share * max(size))
        for mask in masks:
            corners = np.floor(np.asarray(mask, np.float64) * size).astype(np.int32)
            cv2.fillPoly(shown, [corners], (0,))
            cv2.polylines(shown, [corners], isClosed=True, color=(0,), thickness=rim)
        around = np.ones((2 * _BESIDE_PX + 1,) * 2, np.uint8)
        self.shown = np.asarray(cv2.erode(shown, around) * 255, np.uint8)
        """(height, width) uint8 of the small picture: 255 where it is visible, else 0."""
        whole = (self.shown > 0).astype(np.float32)
        self._edges: Bools = _reduced(whole, edges) >= _WHOLE
        self._share = _reduced(self._edges.astype(np.float32), blocks)
        self._blocks: Bools = self._share >= _HALF
        self._coarse: Bools = _reduced(whole, coarse) >= _WHOLE

    @property
    def enough(self) -> bool:
        """There is something left to be measured."""
        return bool(self._blocks.any() and self._edges.any() and self._coarse.any())

    def blocks(self, gradient: F32) -> F32:
        """Give the mean gradient of each block, of what is visible in it; float32."""
        if not self._masked:
            return _reduced(gradient, self._size)
        seen = _reduced(gradient * self._edges, self._size)[self._blocks]
        return np.asarray(seen / self._share[self._blocks], np.float32)

    def edges(self, gradient: F32) -> F32:
        """Give the gradient; hidden parts are the mean of the rest and so say nothing."""
        if not self._masked:
            return gradient
        return np.where(self._edges, gradient, gradient[self._edges].mean())

    def coarse(self, cells: F32) -> F32:
        """Give the cells that are visible."""
        return cells[self._coarse] if self._masked else cells


def _reduced(picture: F32, size: tuple[int, int]) -> F32:
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)
