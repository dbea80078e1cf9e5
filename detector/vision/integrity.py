"""Measures whether a camera still sees what it usually sees.

Everything is taken from a small grey picture of about 320 pixels across, made by leaving pixels out
first: a whole 1080p picture is never touched. The reference is a running mean of the picture's
edges over ``MEMORY_S``, so people who pass leave no trace in it and slow changes of light become
part of it; it stands still while the picture looks unusual. Edges are taken in relation to the
picture's own contrast, so that a change of exposure is no change of structure.

Shifts come from phase correlation (Kuglin and Hines, 1975; OpenCV's ``phaseCorrelate``) of the edge
pictures and count only if the shifted reference fits clearly better than the one in place. Where
none does, or what fits better fits badly, a zoom and a roll are sought
(:mod:`detector.vision.zoom_roll`) and count likewise.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from detector.incidents.view import ViewMeasures
from detector.types import F32, U8, Xy
from detector.vision.registration import ViewShift, register
from detector.vision.visible import Visible
from detector.vision.zoom_roll import ZoomRoll, ZoomRollFinder, correlation

WIDTH_PX, HEIGHT_PX = 320, 180
BLOCKS = (16, 9)
MEMORY_S = 120.0
APART_S = 0.39
"""Pictures that come faster are not measured: faults are told after seconds, not after pictures."""

_SHIFT_SIZE = (160, 90)
_COARSE_SIZE = (32, 18)
_TEXTURED_GREY = 6.0  # mean gradient of a block with edges; noise of sensor and coding stays below
_LOST = 0.4  # a block that keeps less of its edges has lost them
_BETTER = 0.1  # by which a shift, or zoom and roll, must fit better than none
_USUAL_STRUCTURE = 0.35  # of pictures that may teach the reference
_CLEAR = 0.9  # edges so like the reference have not moved
_CLEARLY_UPRIGHT = 0.8  # and were neither zoomed nor rolled by what can be told
_USUAL_SHARPNESS = 0.6
_LOW_CONTRAST_GREY = 8.0
_WINDOW = cv2.createHanningWindow(_SHIFT_SIZE, cv2.CV_32F)


@dataclass(slots=True)
class _Reference:
    """Running means of one camera's usual picture; all float32.

    ``blocks`` (9, 16) mean gradients, ``edges`` (90, 160) in relation to contrast, ``coarse``
    (18, 32) grey, ``grey`` (180, 320). With masks ``blocks`` and ``coarse`` hold what is visible,
    flat.
    """

    blocks: F32
    edges: F32
    coarse: F32
    grey: F32

    def learn(self, seen: "_Reference", weight: float) -> None:
        """Take a picture into the means."""
        for name in ("blocks", "edges", "coarse", "grey"):
            cv2.accumulateWeighted(getattr(seen, name), getattr(self, name), weight)


class IntegrityMeter:
    """Measures each picture of one camera; owned by one thread.

    Args:
        learn_s: seconds of pictures before anything is compared with the reference.
        masks: what is burnt into the pictures, in shares of them; it is not looked at.
        margin_share: so far around the masks is burnt in as well.
        apart_s: pictures that come faster are not measured.
    """

    def __init__(
        self,
        learn_s: float = 10.0,
        masks: Sequence[Sequence[Xy]] = (),
        margin_share: float = 0.0,
        apart_s: float = APART_S,
    ) -> None:
        self._learn_s = learn_s
        self._apart_s = apart_s
        self._visible = Visible(
            masks, (WIDTH_PX, HEIGHT_PX), BLOCKS, _SHIFT_SIZE, _COARSE_SIZE, margin_share
        )
        self._reference: _Reference | None = None
        self._before: U8 | None = None
        self._size: tuple[int, ...] = ()
        self._at = float("-inf")
        self._learnt_s = 0.0
        self._shift = (0.0, 0.0)
        self._finder = ZoomRollFinder(_SHIFT_SIZE, WIDTH_PX / HEIGHT_PX)
        self._turned: ZoomRoll | None = None

    @property
    def learnt(self) -> bool:
        """The reference counts."""
        return self._learnt_s >= self._learn_s

    def measure(self, image: U8, at: float) -> ViewMeasures | None:
        """Take the measures of one picture.

        Args:
            image: (H, W, 3) uint8 BGR; another size than before begins a new reference.
            at: its time in seconds; never decreases.

        Returns:
            The measures; None where the last picture is less than ``apart_s`` ago, and where masks
            leave nothing to be seen.
        """
        if at - self._at < self._apart_s or not self._visible.enough:
            return None
        passed_s = min(at - self._at, 1.0) if self._before is not None else 0.0
        self._at = at
        if image.shape != self._size:
            self._size, self._reference, self._before = image.shape, None, None
            self._learnt_s, self._shift, self._turned = 0.0, (0.0, 0.0), None
            self._finder = ZoomRollFinder(_SHIFT_SIZE, image.shape[1] / image.shape[0])
        grey = small_grey(image)
        change = None if self._before is None else float(cv2.absdiff(grey, self._before).max())
        self._before = grey
        return self._compared(grey, change, passed_s)

    def register(self) -> ViewShift | None:
        """Find where the usual picture lies in the last one measured; takes up to 0.2 s.

        None where no shift was measured in it, or none can be found.
        """
        if self._reference is None or self._before is None or not any(self._shift):
            return None
        return register(self._reference.grey, self._before, self._shift, self._visible.shown)

    def _compared(self, grey: U8, change: float | None, passed_s: float) -> ViewMeasures:
        gradient = _gradient(grey)
        blocks = self._visible.blocks(gradient)
        edges = _edges(self._visible.edges(gradient))
        level = grey.astype(np.float32)
        coarse = self._visible.coarse(_reduced(level, _COARSE_SIZE))
        seen = _Reference(blocks, edges, coarse, level)
        brightest = coarse.size * 9 // 10
        bright = float(np.partition(coarse, brightest, axis=None)[brightest])
        textured = float(np.count_nonzero(blocks > _TEXTURED_GREY)) / blocks.size
        reference = self._reference
        if reference is None:
            self._reference = seen
            return ViewMeasures(change, bright, textured)
        if not self.learnt:
            self._learnt_s += passed_s
            reference.learn(seen, _weight(passed_s, max(self._learnt_s, passed_s)))
            return ViewMeasures(change, bright, textured)
        lost, sharpness = _lost(blocks, reference.blocks)
        structure = correlation(edges, reference.edges)
        shift, aligned = _shift(edges, reference.edges, structure)
        turned = self._zoomed_or_rolled(edges, aligned, is_shifted=any(shift))
        if turned is not None:
            shift, aligned = (0.0, 0.0), turned.aligned
        self._shift, self._turned = shift, turned
        usual = structure >= _USUAL_STRUCTURE and lost < _LOST and sharpness > _USUAL_SHARPNESS
        in_place = max(abs(shift[0]), abs(shift[1])) < 0.5 / _SHIFT_SIZE[0] and turned is None
        if usual and in_place:
            reference.learn(seen, _weight(passed_s, MEMORY_S))
        likeness = correlation(coarse, reference.coarse)
        measures = ViewMeasures(
            change, bright, textured, lost, sharpness, likeness, structure, shift, aligned
        )
        if turned is None:
            return measures
        return replace(
            measures,
            zoom=turned.zoom,
            roll_deg=turned.roll_deg,
            corner_share=turned.corner_share,
        )

    def _zoomed_or_rolled(self, edges: F32, aligned: float, *, is_shifted: bool) -> ZoomRoll | None:
        """Give a zoom and a roll that explain the picture clearly better than a shift, or none."""
        explained = _USUAL_STRUCTURE if is_shifted else _CLEARLY_UPRIGHT
        if self._reference is None or aligned >= explained:
            return None
        found = self._finder.find(self._reference.edges, edges, self._turned)
        return found if found and found.aligned >= aligned + _BETTER else None


def small_grey(image: U8) -> U8:
    """Give the (180, 320) uint8 green channel: nearly the brightness, without a conversion."""
    step = max(min(image.shape[1] // (2 * WIDTH_PX), image.shape[0] // (2 * HEIGHT_PX)), 1)
    thinned = np.ascontiguousarray(image[::step, ::step, 1])
    return np.asarray(
        cv2.resize(thinned, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA), np.uint8
    )


def _weight(passed_s: float, memory_s: float) -> float:
    return min(1.0, passed_s / memory_s) if memory_s > 0 else 1.0


def _gradient(grey: U8) -> F32:
    """Give the (90, 160) sum of the differences across and down; 255 stands for more, too."""
    across = cv2.absdiff(grey[1:-1, 2:], grey[1:-1, :-2])
    down = cv2.absdiff(grey[2:, 1:-1], grey[:-2, 1:-1])
    # With the border the picture halves exactly, for which OpenCV takes a sixteenth of the time.
    whole = cv2.copyMakeBorder(cv2.add(across, down), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    return _reduced(whole.astype(np.float32), _SHIFT_SIZE)


def _reduced(picture: F32, size: tuple[int, int]) -> F32:
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _edges(small: F32) -> F32:
    """Give (90, 160) edges in relation to their mean: strong ones count no more than clear ones."""
    limit = max(2.5 * float(small.mean()), _LOW_CONTRAST_GREY)
    return np.asarray(np.minimum(small, np.float32(limit)) / limit, np.float32)


def _lost(blocks: F32, usual: F32) -> tuple[float, float]:
    """Give the share of textured blocks that lost their edges, and the median of what is left."""
    textured = usual > _TEXTURED_GREY
    if np.count_nonzero(textured) < usual.size // 10:  # a view with hardly any edges: its best
        textured = usual >= np.percentile(usual, 80)
    left = blocks[textured] / np.maximum(usual[textured], 1e-3)
    return float(np.count_nonzero(left < _LOST)) / left.size, float(np.median(left))


def _shift(edges: F32, usual: F32, structure: float) -> tuple[tuple[float, float], float]:
    """Give the shift in shares of width and height, and the correlation once it is undone."""
    if structure >= _CLEAR:
        return (0.0, 0.0), structure
    # Where nothing has to be padded OpenCV multiplies the window into its arguments.
    (x, y), _ = cv2.phaseCorrelate(usual.copy(), edges.copy(), _WINDOW)
    width, height = _SHIFT_SIZE
    whole_x, whole_y = round(x), round(y)
    if not (whole_x or whole_y) or abs(whole_x) > width // 3 or abs(whole_y) > height // 3:
        return (0.0, 0.0), structure
    now = edges[
        max(whole_y, 0) : height + min(whole_y, 0), max(whole_x, 0) : width + min(whole_x, 0)
    ]
    then = usual[
        max(-whole_y, 0) : height - max(whole_y, 0), max(-whole_x, 0) : width - max(whole_x, 0)
    ]
    aligned = correlation(np.ascontiguousarray(now), np.ascontiguousarray(then))
    if aligned < structure + _BETTER:
        return (0.0, 0.0), structure
    return (x / width, y / height), aligned
