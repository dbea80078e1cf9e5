"""Boxes of drawn things: visible ones from the identity mask, amodal ones from their vertices."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.camera import Camera
from benchmarks.simulator.frames import Drawable, Shot

XYXY = tuple[float, float, float, float]


@dataclass(frozen=True)
class Seen:
    """How one thing appears: boxes in picture pixels, None where it does not; visibility 0..1.

    `visibility` is the visible share of all its pixels, those outside the picture included.
    """

    identity: int
    visible: XYXY | None
    amodal: XYXY | None
    visibility: float
    pixels: int


def visible_box(mask: NDArray[np.uint8], identity: int, scale: int) -> tuple[XYXY | None, int]:
    """Box of an identity in the mask in picture pixels, and its supersampled pixel count."""
    inside = mask == identity
    count = int(np.count_nonzero(inside))
    if count == 0:
        return None, 0
    columns, rows = np.flatnonzero(inside.any(0)), np.flatnonzero(inside.any(1))
    box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    x0, y0, x1, y1 = (float(v) / scale for v in box)
    return (x0, y0, x1, y1), count


def in_picture(box: XYXY, camera: Camera) -> float:
    """Share 0..1 of a box's area that lies inside the picture."""
    width = min(box[2], camera.width_px) - max(box[0], 0.0)
    height = min(box[3], camera.height_px) - max(box[1], 0.0)
    area = (box[2] - box[0]) * (box[3] - box[1])
    return max(width, 0.0) * max(height, 0.0) / max(area, 1e-9)


class Measures(Protocol):
    """What counting pixels needs of the renderer."""

    scale: int

    def solo_pixels(self, thing: Drawable) -> int:
        """Counts the pixels of a thing with nothing before it."""


def seen(renderer: Measures, camera: Camera, shot: Shot, thing: Drawable) -> Seen:
    """Measures how a thing of a frame appears in it."""
    amodal = camera.box(thing.mesh["pos"].astype(float))
    visible, count = visible_box(shot.identities, thing.identity, renderer.scale)
    if amodal is None or visible is None:
        return Seen(thing.identity, None, amodal, 0.0, 0)
    alone = max(renderer.solo_pixels(thing), 1)
    share = min(count / alone, 1.0) * in_picture(amodal, camera)
    return Seen(thing.identity, visible, amodal, round(share, 3), count)
