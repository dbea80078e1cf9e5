"""How many pixels high a person must be to be found: h50 and h90.

h50 and h90 are the heights in pixels of the 1080p picture at which half and nine of ten standing,
walking and running people are found, in two ways: `fit` by a logistic fit of being found against
the logarithm of the height (`detector.benchmark.statistics.height_at`, as `bench accuracy` does),
`rising` where the best rising step function (isotonic regression) first reaches the rate. The fit
lets every miss of a tall person push h90 up; the steps do not, but need not rise to 0.9 at all and
are then empty. Only people of whom at least `LEAST_SEEN` can be seen and whose box hardly overlaps
another's are asked for, so that hiding is not taken for smallness. A box is right from an overlap
of 0.5, of 0.3 for people below 24 px.

Measured on the clips of `benchmarks/scenes/heights`: 1920 x 1080, H.264 at a constant 1.5 Mbit/s
with 5 pictures a second (as much a picture as 7.5 Mbit/s with 25), bodies that no training picture
shows. Three ways to look:

* `whole`: the whole picture in the network's input (a third of the pixels at 640 x 384);
* `tiles`: besides, all tiles that the service would plan along barrier and zones (with its default
  settings; they enlarge far people up to twice), merged as the service merges them. The service
  looks at two of them a picture, in turn;
* `native`: besides the whole picture, squares of the tile size at scale 1 wherever those of these
  tiles lie that show people at scale 1 or larger.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import optimize

from detector.benchmark.statistics import height_at
from detector.benchmark.truth import Truth
from detector.scene import CalibrationSettings, Scene
from detector.types import Detections
from detector.vision.merge import merge
from detector.vision.settings import TilingSettings
from detector.vision.tiles import Region, Strip, plan_tiles
from models.train.network import Found, Image, Network, iou_matrix
from models.train.rendered import Shot, Thing, clips, shots
from models.train.slices import Matched, Picture, judged, matched

Floats = npt.NDArray[np.float64]

LEAST_SEEN = 0.7
MOST_OVERLAP = 0.05
UPRIGHT = ("walk", "run", "stand")
RATES = {"h50": 0.5, "h90": 0.9}
RESAMPLES = 200
OVERLAP = 0.2
"""Of neighbouring native squares, in sides."""


@dataclass(slots=True)
class Ways:
    """Pictures matched by the way of looking, and how many tiles each looks at on average."""

    pictures: dict[str, list[tuple[str, Matched]]] = field(default_factory=dict)
    tiles: dict[str, list[int]] = field(default_factory=dict)

    def add(self, way: str, shot: Shot, found: Found, tiles: int) -> None:
        """Keep the people of one picture, looked at in one way."""
        one = matched(Picture(found, shot.things), 0)
        self.pictures.setdefault(way, []).append((shot.sensor, one))
        self.tiles.setdefault(way, []).append(tiles)


def look(whole: Network, native: Network, side_px: int, folder: Path, every: int) -> Ways:
    """Look at every n-th picture of the clips in all three ways.

    Args:
        whole: for whole pictures and for the service's tiles.
        native: for squares at scale 1; its input is `side_px` square.
        side_px: of the native squares.
        folder: clips with truth.
        every: thins out the pictures.
    """
    ways = Ways()
    for media, truth in clips(folder):
        planned = service_tiles(truth, whole.size)
        close = [tile for tile in planned if tile.size[0] <= whole.size[1]]
        squares = native_squares(close, size_of(truth), side_px)
        for shot in shots(media, truth, every):
            seen = whole.find(shot.image)
            ways.add("whole", shot, seen, 0)
            for way, network, tiles in (("tiles", whole, planned), ("native", native, squares)):
                ways.add(way, shot, tiled(shot.image, seen, network, tiles), len(tiles))
    return ways


def size_of(truth: Truth) -> tuple[int, int]:
    """(width, height) of a rendered clip's pictures in pixels."""
    if truth.size_px is None:
        raise SystemExit(f"{truth.media}: expected size_px in its truth, found none")
    return truth.size_px


def service_tiles(truth: Truth, input_hw: tuple[int, int]) -> tuple[Region, ...]:
    """The tiles that the service plans along a rendered clip's barrier and zones."""
    size = size_of(truth)
    calibration = CalibrationSettings.model_validate(truth.calibration)
    scene = Scene.build(size, {}, {}, calibration)
    strips = [Strip(np.array(zone["coordinates"]) * size, closed=True) for zone in truth.zones]
    if truth.barrier is not None:
        strips.append(Strip(np.array(truth.barrier["points"]) * size))
    height, width = input_hw
    return plan_tiles(size, strips, scene.expected_height_px, (width, height), TilingSettings())


def native_squares(
    planned: Sequence[Region], size: tuple[int, int], side_px: int
) -> tuple[Region, ...]:
    """Squares at scale 1 on a grid, those of them that a planned tile reaches into."""
    lefts, tops = (_starts(length, side_px) for length in size)
    grid = [
        Region(x, y, min(x + side_px, size[0]), min(y + side_px, size[1]))
        for y in tops
        for x in lefts
    ]
    return tuple(one for one in grid if any(_meet(one, tile) for tile in planned))


def _starts(length: int, side: int) -> list[int]:
    if length <= side:
        return [0]
    count = int(np.ceil((length - side) / (side * (1 - OVERLAP)))) + 1
    return [round(start) for start in np.linspace(0, length - side, count)]


def _meet(a: Region, b: Region) -> bool:
    across = min(a.right, b.right) > max(a.left, b.left)
    return across and min(a.bottom, b.bottom) > max(a.top, b.top)


def tiled(image: Image, whole: Found, network: Network, tiles: Sequence[Region]) -> Found:
    """What whole picture and tiles show together, without doubles."""
    height, width = image.shape[:2]
    seen = [(Region.whole((width, height)), _detections(whole))]
    seen += [(tile, _detections(network.find(tile.cut(image)))) for tile in tiles]
    both = merge((width, height), seen)
    return Found(both.xyxy, both.confidence, both.class_id)


def _detections(found: Found) -> Detections:
    return Detections(found.xyxy, found.score.astype(np.float32), found.class_id)


def rows(ways: Ways, scores: Mapping[str, float]) -> Iterator[dict[str, object]]:
    """h50 and h90 by way, score and sensor; with 95 % intervals for all sensors together.

    Args:
        ways: what `look` gave.
        scores: by name, from which score on a box counts as found.
    """
    for way, pictures in ways.pictures.items():
        for name, score in scores.items():
            for sensor in ("all", *sorted({sensor for sensor, _ in pictures})):
                chosen = [one for kind, one in pictures if sensor in ("all", kind)]
                tiles = round(float(np.mean(ways.tiles[way])), 1)
                row = {"measure": "heights", "way": way, "tiles": tiles, "sensor": sensor}
                yield (
                    row
                    | {"at": name, "score": round(score, 3)}
                    | _summary(chosen, score, intervals=sensor == "all")
                )


def _summary(pictures: Sequence[Matched], score: float, *, intervals: bool) -> dict[str, object]:
    who, heights, found = observations(pictures, score)
    everybody = judged(pictures, lambda _: True)
    row: dict[str, object] = {
        "boxes": len(heights),
        "people": len(set(who.tolist())),
        "false_per_picture": round(everybody.false_per_picture(score), 3),
        "recall_by_height": by_height(heights, found),
    }
    for key, rate in RATES.items():
        for name, estimate in (("fit", height_at), ("rising", rising_at)):
            at = partial(estimate, rate)
            row[f"{key}_{name}"] = _rounded(at(heights, found))
            if intervals:
                row[f"{key}_{name}_95"] = interval(at, who, heights, found)
    return row


def observations(
    pictures: Sequence[Matched], score: float
) -> tuple[npt.NDArray[np.str_], Floats, Floats]:
    """Who (N,), how high in pixels (N,), and found (1) or not (0) at `score`, (N,)."""
    who, heights, found = [], [], []
    for one in pictures:
        taken = set(one.thing[one.score >= score].tolist())
        for index, (thing, wanted) in enumerate(zip(one.things, asked(one.things), strict=True)):
            if wanted:
                who.append(thing.identity)
                heights.append(thing.size_px)
                found.append(float(index in taken))
    return np.array(who), np.array(heights, np.float64), np.array(found, np.float64)


def asked(things: Sequence[Thing]) -> list[bool]:
    """Upright people of whom most can be seen and who stand apart, however small they are."""
    if not things:
        return []
    boxes = np.stack([thing.xyxy for thing in things])
    overlap = iou_matrix(boxes, boxes)
    np.fill_diagonal(overlap, 0)
    apart = overlap.max(axis=1) <= MOST_OVERLAP
    return [
        thing.condition in UPRIGHT and thing.visibility >= LEAST_SEEN and bool(alone)
        for thing, alone in zip(things, apart, strict=True)
    ]


def rising_at(rate: float, heights_px: Floats, found: Floats) -> float | None:
    """The height from which on the best rising step function of being found is at `rate`.

    None where it never is, or is so from the smallest height on.
    """
    if not len(heights_px):
        return None
    order = np.argsort(heights_px, kind="stable")
    steps = optimize.isotonic_regression(found[order]).x
    first = int(np.searchsorted(steps, rate - 1e-9))
    return float(heights_px[order][first]) if 0 < first < len(steps) else None


def by_height(heights: Floats, found: Floats) -> dict[str, tuple[float, int]]:
    """Recall and number of boxes in bins of heights, px."""
    edges = (0, 12, 16, 20, 24, 32, 48, 1000)
    bins = {}
    for low, high in pairwise(edges):
        inside = (heights >= low) & (heights < high)
        if inside.any():
            bins[f"{low}-{high}"] = (round(float(found[inside].mean()), 3), int(inside.sum()))
    return bins


def interval(
    at: Callable[[Floats, Floats], float | None],
    who: npt.NDArray[np.str_],
    heights: Floats,
    found: Floats,
) -> tuple[float, float] | None:
    """95 % interval of a height by drawing people anew; None where most draws say nothing.

    People are drawn, not their pictures: those of one are much alike.
    """
    rng = np.random.default_rng(0)
    rows_of = [np.flatnonzero(who == name) for name in sorted(set(who.tolist()))]
    drawn = []
    for _ in range(RESAMPLES if rows_of else 0):
        picks = rng.integers(len(rows_of), size=len(rows_of))
        some = np.concatenate([rows_of[pick] for pick in picks])
        value = at(heights[some], found[some])
        if value is not None:
            drawn.append(value)
    if len(drawn) < RESAMPLES / 2:
        return None
    low, high = np.quantile(drawn, [0.025, 0.975])
    return round(float(low), 1), round(float(high), 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
