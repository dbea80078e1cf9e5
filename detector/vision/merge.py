"""What several overlapping regions of one frame saw, as one set of boxes without doubles.

A region shows what its border cuts only in part, and the part may be found as a thing of its own.
So a cut box yields to a whole one that holds it, two parts that continue each other across a border
become one, and of boxes that are the same thing the surest whole one stays.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from detector.geometry import ios, iou
from detector.types import F32, Detections
from detector.vision.tiles import Region

SAME_IOU = 0.5
SAME_IOS = 0.8
CUT_IOS = 0.6
_BORDER = 0.015  # of a tile's side: so near to it, a network's box may as well end at it

_LEFT, _TOP, _RIGHT, _BOTTOM = range(4)
Bools = npt.NDArray[np.bool_]


def merge(frame_size: tuple[int, int], seen: Sequence[tuple[Region, Detections]]) -> Detections:
    """Put together what regions of one frame saw.

    Boxes of one region are never merged with each other: the detector has told them apart.

    Args:
        frame_size: (width, height) in pixels.
        seen: regions with the boxes found there, in pixels of the region.

    Returns:
        Boxes in pixels of the frame, highest confidence first.
    """
    parts = [_onto_frame(region, found) for region, found in seen if len(found)]
    if not parts:
        return Detections.empty()
    everything = Detections(
        np.concatenate([part.xyxy for part in parts]),
        np.concatenate([part.confidence for part in parts]),
        np.concatenate([part.class_id for part in parts]),
    )
    origin = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    if origin[-1] == 0:
        return everything[np.argsort(-everything.confidence, kind="stable")]
    used = [region for region, found in seen if len(found)]
    cut = np.concatenate(
        [_cut(part.xyxy, region, frame_size) for part, region in zip(parts, used, strict=True)]
    )
    return _choose(everything, origin, cut)


def _onto_frame(region: Region, found: Detections) -> Detections:
    shift = np.array([region.left, region.top] * 2, np.float32)
    return Detections(found.xyxy + shift, found.confidence, found.class_id)


def _cut(xyxy: F32, region: Region, frame_size: tuple[int, int]) -> Bools:
    """Tell which sides (N, 4) of boxes end at a border of the region that is none of the frame."""
    width, height = region.size
    near = np.array([width, height], np.float32) * _BORDER
    low = xyxy[:, :2] <= np.array([region.left, region.top]) + near
    high = xyxy[:, 2:] >= np.array([region.right, region.bottom]) - near
    inner = np.array(
        [
            region.left > 0,
            region.top > 0,
            region.right < frame_size[0],
            region.bottom < frame_size[1],
        ]
    )
    return np.asarray(np.concatenate([low, high], axis=1) & inner)


def _choose(boxes: Detections, origin: npt.NDArray[np.intp], cut: Bools) -> Detections:
    """Drop doubles and join parts; ``cut`` (N, 4) tells which sides end at a border."""
    partial: Bools = np.asarray(cut.any(axis=1))
    same_class: Bools = np.equal.outer(boxes.class_id, boxes.class_id)
    comparable: Bools = same_class & np.not_equal.outer(origin, origin)
    within = ios(boxes.xyxy, boxes.xyxy)
    held = (comparable & (within > CUT_IOS) & ~partial[None]).any(axis=1)
    left: Bools = np.asarray(~(partial & held))
    xyxy, gone = _join(boxes, comparable & left[:, None] & left[None], cut)
    left &= ~gone
    same = comparable & (
        (iou(xyxy, xyxy) > SAME_IOU)
        | (ios(xyxy, xyxy) > np.where(partial[:, None] | partial[None], CUT_IOS, SAME_IOS))
    )
    kept: list[int] = []
    for index in np.lexsort((-boxes.confidence, partial)):  # whole ones first, the surest first
        if left[index] and not same[index, kept].any():
            kept.append(int(index))
    order = np.array(kept)[np.argsort(-boxes.confidence[kept], kind="stable")]
    return Detections(xyxy, boxes.confidence, boxes.class_id)[order]


def _join(boxes: Detections, comparable: Bools, cut: Bools) -> tuple[F32, Bools]:
    """Join parts that continue each other.

    Returns:
        The boxes (N, 4), where the surest part of each thing has grown around all its parts, and
        which of them (N,) are gone because another one holds them now.
    """
    xyxy = boxes.xyxy.copy()
    gone = np.zeros(len(xyxy), np.bool_)
    rows, columns = np.nonzero(comparable & _continues(boxes.xyxy, cut))
    group = np.arange(len(xyxy))
    for a, b in zip(rows, columns, strict=True):
        group[group == group[b]] = group[a]
    for name in np.unique(group[rows]):
        members = np.flatnonzero(group == name)
        surest = members[boxes.confidence[members].argmax()]
        xyxy[surest] = np.concatenate(
            [boxes.xyxy[members, :2].min(axis=0), boxes.xyxy[members, 2:].max(axis=0)]
        )
        gone[members] = members != surest
    return xyxy, gone


def _continues(xyxy: F32, cut: Bools) -> Bools:
    """Which boxes (N,) go on in which others (N,), across borders that cut both: (N, N).

    Both span what their regions have in common, each reaches beyond it on its own side.
    """
    low, high = xyxy[:, :2], xyxy[:, 2:]
    shared = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
    smaller = np.minimum((high - low)[:, None], (high - low)[None])
    alike = shared > CUT_IOS * smaller
    ahead = (low[:, None] < low[None]) & (high[:, None] < high[None]) & (shared >= 0)
    across = cut[:, None, _RIGHT] & cut[None, :, _LEFT] & alike[..., 1] & ahead[..., 0]
    down = cut[:, None, _BOTTOM] & cut[None, :, _TOP] & alike[..., 0] & ahead[..., 1]
    return np.asarray(across | down)
