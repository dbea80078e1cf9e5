"""Average precision, recall and false boxes on a part of the true things of some pictures.

A slice asks for some things (ladders that are climbed, people who crawl). All other things of the
class are there to be ignored: a box on them is neither right nor wrong. Boxes on nothing are wrong
in every slice of those pictures.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.train.evaluate import Judged
from models.train.network import Found, iou_matrix
from models.train.rendered import Thing

Array = npt.NDArray[np.float32]
Asked = Callable[[Thing], bool]

IOU, SMALL_IOU, SMALL_PX = 0.5, 0.3, 24.0
"""Overlap from which a box is right; the smaller one for things whose longer side is below 24 px,
as in `detector.benchmark.frames`: of a box of 6 x 16 px a shift of two pixels costs half."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture: boxes found in it and the things that are there, of all classes."""

    found: Found
    things: tuple[Thing, ...]


@dataclass(frozen=True, eq=False)
class Matched:
    """One class in one picture, best score first.

    Attributes:
        row: (N,) rows of `Picture.found`.
        score: (N,) of the boxes.
        thing: (N,) which of `things` each box took, -1 for none.
    """

    row: npt.NDArray[np.int64]
    score: Array
    thing: npt.NDArray[np.int64]
    things: tuple[Thing, ...]


def matched(picture: Picture, class_id: int) -> Matched:
    """Match the boxes of a class, best score first, each thing once and those that count first."""
    rows = np.flatnonzero(picture.found.class_id == class_id)
    rows = rows[np.argsort(-picture.found.score[rows], kind="stable")]
    there = tuple(thing for thing in picture.things if thing.class_id == class_id)
    taken = np.full(len(rows), -1, np.int64)
    if there and len(rows):
        true = np.stack([thing.xyxy for thing in there])
        small = (true[:, 2:] - true[:, :2]).max(axis=1) < SMALL_PX
        overlap = iou_matrix(picture.found.xyxy[rows], true)
        overlap[overlap < np.where(small, SMALL_IOU, IOU)] = 0
        counts = np.array([thing.counts for thing in there])
        free = np.ones(len(there), np.bool_)
        for row, shares in enumerate(overlap):
            # What need not be found may be found any number of times
            worth = np.where(counts, shares + 1, shares) * (shares > 0) * (free | ~counts)
            if worth.max() > 0:
                taken[row] = int(worth.argmax())
                free[taken[row]] = False
    return Matched(rows, picture.found.score[rows], taken, there)


def judged(pictures: Sequence[Matched], asked: Asked) -> Judged:
    """Judge one slice: things asked for that count; boxes on the others are left out."""
    scores: list[float] = []
    rights: list[bool] = []
    truths = 0
    for one in pictures:
        wanted = [thing.counts and asked(thing) for thing in one.things]
        truths += sum(wanted)
        for score, index in zip(one.score, one.thing, strict=True):
            if index < 0 or wanted[index]:
                scores.append(float(score))
                rights.append(bool(index >= 0))
    return Judged(np.array(scores, np.float32), np.array(rights, np.bool_), truths, len(pictures))


def score_at_false(everything: Judged, per_picture: float) -> float:
    """The lowest score at which there are at most so many wrong boxes a picture; 0 for any."""
    wrong = np.sort(everything.score[~everything.right])[::-1]
    allowed = int(per_picture * everything.pictures)
    return float(np.nextafter(wrong[allowed], np.float32(2))) if len(wrong) > allowed else 0.0


def groups(pictures: Sequence[Matched], asked: Asked) -> int:
    """How many different things the slice asks for: its pictures repeat them."""
    return len({t.identity for one in pictures for t in one.things if t.counts and asked(t)})
