"""Where true persons and ladders are in the pictures of a recording."""

from bisect import bisect_left
from collections.abc import Iterable

from detector.benchmark.matching import ScoredEvent
from detector.benchmark.truth import TrueFrame, TrueObject, Truth
from detector.types import Xyxy

NEAREST_S = 0.51
"""A true picture further away in time than this says nothing about a moment."""


def frame_at(truth: Truth, at_s: float) -> TrueFrame | None:
    """Give the labelled picture nearest in time, None where none is near."""
    frames = truth.frames
    after = bisect_left(frames, at_s, key=lambda frame: frame.t_s)
    near = frames[max(after - 1, 0) : after + 1]
    best = min(near, key=lambda frame: abs(frame.t_s - at_s), default=None)
    return best if best is not None and abs(best.t_s - at_s) <= NEAREST_S else None


def objects_of(event: ScoredEvent, truth: Truth, at_s: float) -> tuple[TrueObject, ...]:
    """Give who takes part in an event, as labelled in the picture nearest to a moment."""
    frame = frame_at(truth, at_s)
    if frame is None:
        return ()
    who = {track for member in event.members for track in member.tracks}
    return tuple(thing for thing in frame.objects if thing.id in who)


def event_height_px(event: ScoredEvent, truth: Truth) -> float | None:
    """Give the height of the tallest person taking part when the event is due, None if unknown."""
    heights = [
        box[3] - box[1]
        for thing in objects_of(event, truth, event.due_s)
        if thing.label == "person" and (box := thing.amodal or thing.visible) is not None
    ]
    return max(heights, default=None)


def around(things: Iterable[TrueObject]) -> Xyxy | None:
    """Give the box around what can be seen of some objects; None of nothing."""
    boxes = [box for thing in things if (box := thing.visible or thing.amodal) is not None]
    if not boxes:
        return None
    x0, y0, x1, y1 = zip(*boxes, strict=True)
    return min(x0), min(y0), max(x1), max(y1)
