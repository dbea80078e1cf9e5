"""Where to look more closely: tiles along the strips that matter, sized by the expected person.

A frame that is shrunk into the network's input loses far people. Tiles are cut so that a person who
stands on a strip is ``min_person_px`` tall in the input, or a tenth less, and lies wholly in one
tile, with the room of a climber or a ladder above. They are fixed: nothing has to move to be seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detector.geometry import points_in_polygon
from detector.types import F64, U8
from detector.vision.settings import TilingSettings

Heights = Callable[[F64], F64]
"""Expected person heights in px, (N,), NaN where not known, for feet (N, 2) in px."""

MAX_ZOOM = 2.0
"""Beyond this, enlarging adds no detail that the camera had recorded."""

_LEAST_GAIN = 1.1  # a tile that enlarges less is not worth an inference
_HEADROOM = 1.2  # above a standing person's head: who climbs a fence of person height is seen whole
_HALF_WIDTH = 0.5
_STEPS_PER_PERSON = 2


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of a frame in whole pixels; right and bottom are not included."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def whole(cls, frame_size: tuple[int, int]) -> "Region":
        """Give the whole frame of (width, height)."""
        return cls(0, 0, *frame_size)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.right - self.left, self.bottom - self.top

    def cut(self, image: U8) -> U8:
        """Give that part of a frame (H, W, 3), without copying."""
        return image[self.top : self.bottom, self.left : self.right]


@dataclass(frozen=True, slots=True, eq=False)
class Strip:
    """Where people are to be found: a polyline, or a polygon with its inside.

    Attributes:
        points: (K, 2) pixels of the frame.
        closed: it is a polygon.
    """

    points: npt.ArrayLike
    closed: bool = False


def plan_tiles(
    frame_size: tuple[int, int],
    strips: Sequence[Strip],
    person_px: Heights,
    input_size: tuple[int, int],
    settings: TilingSettings,
) -> tuple[Region, ...]:
    """Choose tiles so that people on the strips are large enough in the network's input.

    Greedy: the farthest person that no tile shows yet gets one, placed where it shows most others.

    Args:
        frame_size: (width, height) in pixels.
        strips: polylines and polygons that matter.
        person_px: expected height of a person by the position of the feet; where it is NaN nothing
            is planned, because nothing is known.
        input_size: (width, height) of the network's input.
        settings: see :class:`detector.vision.settings.TilingSettings`.

    Returns:
        Tiles within the frame, farthest people first; none where the whole frame is enough.
    """
    if not settings.enabled:
        return ()
    whole_scale = _scale(frame_size, input_size)
    feet, heights = _samples(frame_size, strips, person_px)
    small = heights * whole_scale * _LEAST_GAIN < settings.min_person_px
    boxes = _rooms(feet[small], heights[small], frame_size, settings.overlap)
    heights = heights[small]
    open_ = np.ones(len(boxes), np.bool_)
    tiles: list[Region] = []
    while open_.any():
        index = int(np.flatnonzero(open_)[heights[open_].argmin()])
        zoom = min(settings.min_person_px / heights[index], MAX_ZOOM)
        if zoom < whole_scale * _LEAST_GAIN:
            break
        tile = _best_tile(boxes[index], boxes[open_], zoom, frame_size, input_size)
        open_ &= ~_holds(tile, boxes)
        open_[index] = False
        tiles.append(tile)
    return tuple(tiles)


class TileSchedule:
    """Gives each frame its regions: the whole frame, and tiles in turn within the budget.

    Owned by one thread.
    """

    def __init__(
        self, frame_size: tuple[int, int], tiles: Sequence[Region], budget_per_frame: int
    ) -> None:
        self._whole = Region.whole(frame_size)
        self._tiles = tuple(tiles)
        self._budget = min(budget_per_frame, len(self._tiles))
        self._next = 0

    @property
    def period_frames(self) -> int:
        """After so many frames every tile has been looked at."""
        return -(-len(self._tiles) // self._budget) if self._budget else 1

    def regions(self, *, every: bool = False) -> tuple[Region, ...]:
        """Give the regions of the next frame, the whole frame first; ``every`` tile if wanted."""
        if every:
            return (self._whole, *self._tiles)
        turn = [(self._next + step) % len(self._tiles) for step in range(self._budget)]
        self._next += self._budget
        return (self._whole, *(self._tiles[index] for index in turn))


def _scale(size: tuple[int, int], input_size: tuple[int, int]) -> float:
    return min(input_size[0] / size[0], input_size[1] / size[1])


def _samples(
    frame_size: tuple[int, int], strips: Sequence[Strip], person_px: Heights
) -> tuple[F64, F64]:
    """Give feet (N, 2) along the strips, closer than half a person, and heights (N,) there."""
    feet = np.concatenate([np.zeros((0, 2)), *(_along(strip, person_px) for strip in strips)])
    feet = feet[((feet >= 0) & (feet <= frame_size)).all(axis=1)]
    heights = np.asarray(person_px(feet), np.float64)
    known = np.isfinite(heights) & (heights >= 1)
    return feet[known], heights[known]


def _along(strip: Strip, person_px: Heights) -> F64:
    """Sample a strip, each stretch at a step that suits the smallest person at its ends."""
    points = np.asarray(strip.points, np.float64)
    if strip.closed:
        points = np.vstack([points, points[:1]])
    heights = np.asarray(person_px(points), np.float64)
    feet = [points]
    for a, b, h in zip(points, points[1:], np.fmin(heights[:-1], heights[1:]), strict=False):
        step = max(float(h), 4.0) / _STEPS_PER_PERSON if np.isfinite(h) else 4.0
        count = int(np.linalg.norm(b - a) // step) + 1
        feet.append(a + (b - a) * np.linspace(0, 1, count, endpoint=False)[:, None])
    if strip.closed:
        feet.append(_inside(points[:-1], heights))
    return np.concatenate(feet)


def _inside(polygon: F64, heights: F64) -> F64:
    """Sample the inside of a polygon on a grid of the smallest person at its corners."""
    known = heights[np.isfinite(heights)]
    step = max(float(known.min()), 8.0) if len(known) else 8.0
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    x, y = np.meshgrid(np.arange(low[0], high[0], step), np.arange(low[1], high[1], step))
    grid = np.stack([x.ravel(), y.ravel()], axis=1)
    return grid[points_in_polygon(grid, polygon)] if len(grid) else grid


def _rooms(feet: F64, heights: F64, frame_size: tuple[int, int], overlap: float) -> F64:
    """Give the boxes (N, 4), within the frame, that must lie in one tile for people at ``feet``."""
    h, (x, y) = heights, feet.T
    side, up = (_HALF_WIDTH + overlap) * h, (1 + _HEADROOM + overlap) * h
    boxes = np.stack([x - side, y - up, x + side, y + overlap * h], axis=1)
    return boxes.clip(0, frame_size * 2)


def _holds(tile: Region, boxes: F64) -> npt.NDArray[np.bool_]:
    low = (boxes[:, :2] >= (tile.left, tile.top)).all(axis=1)
    return np.asarray(low & (boxes[:, 2:] <= (tile.right, tile.bottom)).all(axis=1))


def _best_tile(
    box: F64, others: F64, zoom: float, frame_size: tuple[int, int], input_size: tuple[int, int]
) -> Region:
    """Place a tile that shows ``box`` at ``zoom`` where it holds most of the others.

    Candidates have the box at the left, in the middle or at the right, likewise vertically.
    """
    size = tuple(
        min(frame, max(round(inner / zoom), int(np.ceil(need)) + 1))
        for frame, inner, need in zip(frame_size, input_size, box[2:] - box[:2], strict=True)
    )
    best, most = Region.whole(frame_size), -1
    for left in _starts(box[0], box[2], size[0], frame_size[0]):
        for top in _starts(box[1], box[3], size[1], frame_size[1]):
            tile = Region(left, top, left + size[0], top + size[1])
            count = int(_holds(tile, others).sum())
            if count > most:
                best, most = tile, count
    return best


def _starts(low: float, high: float, side: int, frame: int) -> tuple[int, int, int]:
    """Give where a tile's side may start so that low..high is in its middle, first or last."""
    first, last = int(np.floor(low)), int(np.ceil(high)) - side
    middle, first, last = (
        max(0, min(start, frame - side)) for start in ((first + last) // 2, first, last)
    )
    return middle, first, last
