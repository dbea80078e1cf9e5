"""Scores boxes and tracks in every analysed picture against the true ones."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from detector.benchmark.identity import Seen, mot
from detector.benchmark.places import frame_at
from detector.benchmark.report import BoxScore, FrameScore, HeightFit
from detector.benchmark.scoring import height_bins
from detector.benchmark.statistics import average_precision, height_at, ratio
from detector.benchmark.truth import TrueObject, Truth
from detector.geometry import iou
from detector.types import F64, Detections, ObjectClass, Tracks

IOU, SMALL_IOU, SMALL_PX = 0.5, 0.3, 24.0
"""A box is right from this overlap on; for people below 24 px the smaller one."""
NOWHERE = (0.0, 0.0, 0.0, 0.0)
LEAST_VISIBILITY, LEAST_PX = 0.25, 8.0
"""What is less visible or smaller is neither to be found nor wrong to be found."""


@dataclass(frozen=True, slots=True, eq=False)
class Analysed:
    """One analysed picture: what the network saw in it, and who was followed."""

    at_s: float
    detections: Detections
    tracks: Tracks


@dataclass(slots=True)
class _Selection:
    """Boxes of one selection: scores and verdicts of those found, and how many were true."""

    scores: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)
    found: int = 0
    true: int = 0

    def box_score(self, name: str, frames: int | None) -> BoxScore:
        """Sum up; without a number of frames only what is found of the true ones is known."""
        whole = frames is not None
        return BoxScore(
            name=name,
            boxes=self.true,
            ap50=average_precision(np.array(self.scores), np.array(self.right, float), self.true)
            if whole
            else None,
            recall=ratio(self.found, self.true),
            false_per_frame=ratio(self.right.count(False), frames) if frames else None,
        )


class FrameScorer:
    """Takes the analysed pictures of recordings one by one."""

    def __init__(self) -> None:
        self._frames = 0
        self._frames_by_tag: dict[str, int] = defaultdict(int)
        self._classes = {cls.label: _Selection() for cls in ObjectClass}
        self._tags: dict[str, _Selection] = defaultdict(_Selection)
        self._states: dict[str, _Selection] = defaultdict(_Selection)
        self._heights: list[tuple[float, bool]] = []
        self._sequences: list[list[Seen]] = []

    def add(self, truth: Truth, analysed: Iterable[Analysed]) -> None:
        """Score one recording; pictures without a true one near in time are left out."""
        sequence, tags = [], sorted(set(truth.tags))
        for picture in analysed:
            true = frame_at(truth, picture.at_s)
            if true is None:
                continue
            self._frames += 1
            for tag in tags:
                self._frames_by_tag[tag] += 1
            for cls in ObjectClass:
                things = [o for o in true.objects if o.label == cls.label and o.visible is not None]
                self._score(cls, things, picture.detections, tags)
            people = [o for o in true.objects if o.label == "person" and _counts(o)]
            sequence.append(_seen(people, picture.tracks))
        self._sequences.append(sequence)

    def _score(
        self,
        cls: ObjectClass,
        things: Sequence[TrueObject],
        detections: Detections,
        tags: Sequence[str],
    ) -> None:
        boxes = detections[detections.class_id == cls]
        taken, right = _assign(things, boxes)
        for thing, hit in zip(things, taken, strict=True):
            if not _counts(thing):
                continue
            into = [self._classes[cls.label], self._states[f"{cls.label} {thing.state}".strip()]]
            into += [self._tags[f"{cls.label} {tag}"] for tag in tags]
            for selection in into:
                selection.true += 1
                selection.found += hit
            if cls is ObjectClass.PERSON:
                self._heights.append((_height(thing), hit))
        for score, verdict in zip(boxes.confidence.tolist(), right, strict=True):
            if verdict is None:
                continue
            for selection in (
                self._classes[cls.label],
                *(self._tags[f"{cls.label} {tag}"] for tag in tags),
            ):
                selection.scores.append(score)
                selection.right.append(verdict)

    def result(self) -> FrameScore | None:
        """Sum up; None if no picture had a truth."""
        if not self._frames:
            return None
        heights = np.array([height for height, _ in self._heights])
        found = np.array([hit for _, hit in self._heights], float)
        return FrameScore(
            frames=self._frames,
            classes=_table(self._classes, lambda _: self._frames),
            by_state=_table(self._states, lambda _: None),
            by_tag=_table(self._tags, lambda name: self._frames_by_tag[name.split(" ", 1)[1]]),
            by_height=_by_height(heights, found),
            height=HeightFit(
                h50_px=height_at(0.5, heights, found), h90_px=height_at(0.9, heights, found)
            ),
            mot=mot(self._sequences),
        )


def _table(
    selections: Mapping[str, _Selection], frames: Callable[[str], int | None]
) -> tuple[BoxScore, ...]:
    return tuple(selections[name].box_score(name, frames(name)) for name in sorted(selections))


def _by_height(heights: F64, found: F64) -> tuple[BoxScore, ...]:
    rows = []
    for name, low, high in height_bins():
        here = (heights >= low) & (heights < high)
        if here.any():
            selection = _Selection(found=int(found[here].sum()), true=int(here.sum()))
            rows.append(selection.box_score(name, None))
    return tuple(rows)


def _counts(thing: TrueObject) -> bool:
    return thing.visible is not None and (
        thing.visibility >= LEAST_VISIBILITY and _height(thing) >= LEAST_PX
    )


def _height(thing: TrueObject) -> float:
    """Give the height of all of it in pixels, hidden parts too where they are known."""
    box = thing.amodal or thing.visible
    return 0.0 if box is None else box[3] - box[1]


def _assign(
    things: Sequence[TrueObject], boxes: Detections
) -> tuple[list[bool], list[bool | None]]:
    """Give boxes to things, the surest first; a box may frame what is seen of it, or all of it.

    Returns:
        For each thing whether it was found; for each box whether it is right, None where it found
        something that does not count.
    """
    taken = [False] * len(things)
    if not things:
        return taken, [False] * len(boxes)
    visible = iou(boxes.xyxy, [thing.visible or NOWHERE for thing in things])
    amodal = iou(boxes.xyxy, [thing.amodal or thing.visible or NOWHERE for thing in things])
    shared = np.maximum(visible, amodal)
    least = np.array([SMALL_IOU if _height(thing) < SMALL_PX else IOU for thing in things])
    right: list[bool | None] = [False] * len(boxes)
    for index in np.argsort(-boxes.confidence, kind="stable").tolist():
        fits = np.where((shared[index] >= least) & ~np.array(taken), shared[index], 0.0)
        best = int(fits.argmax())
        if fits[best] > 0:
            taken[best] = True
            right[index] = True if _counts(things[best]) else None
    return taken, right


def _seen(people: Sequence[TrueObject], tracks: Tracks) -> Seen:
    """Pair the true people of a picture with the tracks in it."""
    person = tracks.class_id == ObjectClass.PERSON
    boxes = [thing.visible for thing in people]
    return Seen(
        true_id=np.array([thing.id for thing in people], np.int64),
        true_xyxy=np.array(boxes, np.float32).reshape(-1, 4),
        track_id=tracks.track_id[person],
        xyxy=tracks.xyxy[person],
    )
