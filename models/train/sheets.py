"""Contact sheets of what a detector got right and wrong on labelled pictures.

`python -m models.train.evaluate … --pictures DIR` writes them: for every set and class `missed`
(true things without a box at the score, the least sure first), `false` (boxes on nothing, the
surest first), `worst` (the picture with most of both first) and `best`. Many of the photographs
have unclear rights: the sheets are for looking at, not for passing on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from models.train.evaluate import CLASSES, Sample, match
from models.train.network import Found, Image

COLUMNS, ROWS = 5, 4
TILE_PX = (320, 240)
_TRUE, _RIGHT, _WRONG, _WEAK = (255, 200, 0), (80, 255, 80), (60, 60, 255), (0, 200, 255)


@dataclass(frozen=True, eq=False)
class Verdict:
    """One class in one picture, boxes at or above `score` first.

    Attributes:
        xyxy: (N, 4) boxes, pixels; `score` (N,) and `right` (N,) of them.
        truth: (M, 4) true boxes and `best` (M,) the highest score of a box that fits each, 0 if
            none does.
    """

    number: int
    sample: Sample
    xyxy: npt.NDArray[np.float32]
    score: npt.NDArray[np.float32]
    right: npt.NDArray[np.bool_]
    truth: npt.NDArray[np.float32]
    best: npt.NDArray[np.float32]

    def missed(self, score: float) -> int:
        """True things without a box at `score`."""
        return int((self.best < score).sum())

    def false(self, score: float) -> int:
        """Boxes on nothing at `score`."""
        return int((~self.right & (self.score >= score)).sum())


def verdict(number: int, found: Found, sample: Sample, class_id: int) -> Verdict:
    """Judge one class in one picture, as `evaluate.judge` does."""
    rows = np.flatnonzero(found.class_id == class_id)
    xyxy, score = found.xyxy[rows], found.score[rows]
    truth = sample.xyxy[sample.class_id == class_id]
    right = match(xyxy, score, truth, 0.5)
    best = np.zeros(len(truth), np.float32)
    for index, box in enumerate(truth):
        alone = match(xyxy[right], score[right], box[None], 0.5)
        best[index] = score[right][alone].max() if alone.any() else 0.0
    return Verdict(number, sample, xyxy, score, right, truth, best)


def write_sheets(
    name: str,
    found: Sequence[Found],
    samples: Sequence[Sample],
    scores: tuple[float, float],
    folder: Path,
) -> list[Path]:
    """Write the sheets of a set; `scores` are those of person and ladder. Gives the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for class_id, score in reversed(list(enumerate(scores))):
        seen = [
            verdict(number, one, sample, class_id)
            for number, (one, sample) in enumerate(zip(found, samples, strict=True))
        ]
        for kind, chosen in _chosen(seen, score).items():
            if chosen:
                path = folder / f"{name}-{CLASSES[class_id]}-{kind}.png"
                cv2.imwrite(str(path), sheet(chosen, score))
                paths.append(path)
    return paths


def _chosen(seen: list[Verdict], score: float) -> dict[str, list[Verdict]]:
    most = COLUMNS * ROWS
    missed = [one for one in seen if one.missed(score)]
    false = [one for one in seen if one.false(score)]
    good = [one for one in seen if len(one.truth) and not one.missed(score) + one.false(score)]
    bad = [one for one in seen if one.missed(score) + one.false(score)]
    return {
        "missed": sorted(missed, key=lambda one: float(one.best.min()))[:most],
        "false": sorted(false, key=lambda one: -float(one.score[~one.right].max()))[:most],
        "worst": sorted(bad, key=lambda one: -one.missed(score) - one.false(score))[:most],
        "best": sorted(good, key=lambda one: -float(one.best.min()))[:most],
    }


def sheet(seen: Sequence[Verdict], score: float) -> Image:
    """The pictures with boxes: true blue, right green, wrong red, below the score yellow."""
    tiles = [_tile(one, score) for one in seen]
    blank = np.zeros_like(tiles[0])
    tiles += [blank] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[at : at + COLUMNS]) for at in range(0, len(tiles), COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)


def _tile(one: Verdict, score: float) -> Image:
    height, width = one.sample.image.shape[:2]
    scale = min(TILE_PX[0] / width, TILE_PX[1] / height)
    small = cv2.resize(one.sample.image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    for box in one.truth:
        _draw(small, box * scale, _TRUE, "")
    for box, value, right in zip(one.xyxy, one.score, one.right, strict=True):
        if value >= score:
            _draw(small, box * scale, _RIGHT if right else _WRONG, f"{value:.2f}")
        elif right:
            _draw(small, box * scale, _WEAK, f"{value:.2f}")
    tile = np.zeros((TILE_PX[1], TILE_PX[0], 3), np.uint8)
    tile[: small.shape[0], : small.shape[1]] = small
    cv2.putText(tile, str(one.number), (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1)
    return tile


def _draw(
    image: Image, box: npt.NDArray[np.float32], colour: tuple[int, int, int], text: str
) -> None:
    x0, y0, x1, y1 = (round(float(value)) for value in box)
    cv2.rectangle(image, (x0, y0), (x1, y1), colour, 1 if text else 2)
    cv2.putText(image, text, (x0, max(y0 - 3, 10)), cv2.FONT_HERSHEY_SIMPLEX, 0.4, colour, 1)
