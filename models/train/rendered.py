"""Pictures of rendered clips with their exact truth, for judging a network by condition.

Reads what `python -m benchmarks.simulator render-set` wrote: `<name>.mp4` and `<name>.truth.json`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from detector.benchmark.truth import TrueFrame, TrueObject, Truth, read_truth
from models.train.network import Image

Array = npt.NDArray[np.float32]

# What is less visible or smaller is neither to be found nor wrong to be found, as in
# `detector.benchmark.frames`
LEAST_VISIBILITY, LEAST_PX = 0.25, 8.0
SENSORS = {"day": "day", "overcast": "day", "dusk": "day", "nir": "nir", "thermal": "thermal"}
CLASS_IDS = {"person": 0, "ladder": 1}
POSTURES = {
    "walk": "walk",
    "run": "run",
    "carry": "handle a ladder",
    "tip": "handle a ladder",
    "raise": "handle a ladder",
    "lower": "handle a ladder",
    "stand": "stand",
    "land": "stand",
    "creep": "creep",
    "crouch": "crouch",
    "sit": "sit",
    "work": "work at the barrier",
    "crawl": "crawl",
    "lie": "lie",
    "climb": "climb",
    "over": "climb",
    "drop": "climb",
    "wade": "water",
    "swim": "water",
    "bank": "water",
}
LADDER_STATES = {
    "carried": "carried",
    "tipped": "raised",
    "raised": "raised",
    "lowered": "raised",
    "leaning": "leaning",
    "lying": "lying",
}


@dataclass(frozen=True, eq=False)
class Thing:
    """A true person or ladder in one picture.

    Attributes:
        identity: clip and track, so that pictures of one thing are known to belong together.
        class_id: 0 person, 1 ladder.
        xyxy: (4,) what can be seen of it, pixels.
        size_px: longer side of all of it, hidden parts too; a standing person's height.
        condition: posture of a person (values of `POSTURES`); of a ladder carried, raised, leaning,
            climbed (somebody is on it) or lying.
        behind: a person on the other side of a see-through barrier than the camera.
        visibility: share of its pixels that can be seen, 0..1.
        counts: visible and large enough to be asked for.
    """

    identity: str
    class_id: int
    xyxy: Array
    size_px: float
    condition: str
    behind: bool
    visibility: float
    counts: bool


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture (H, W, 3) BGR of a clip, its sensor (day, nir, thermal) and what is in it."""

    clip: str
    sensor: str
    t_s: float
    image: Image
    things: tuple[Thing, ...]


def clips(folder: Path) -> list[tuple[Path, Truth]]:
    """The clips of a folder with their truths, sorted by name.

    Raises:
        SystemExit: there is none.
        ConfigError: a truth file that does not fit.
    """
    found = sorted(folder.glob("*.truth.json"))
    if not found:
        raise SystemExit(f"{folder}: expected clips with .truth.json beside them, found none")
    truths = [(path, read_truth(path)) for path in found]
    return [(path.with_name(truth.media), truth) for path, truth in truths]


def shots(media: Path, truth: Truth, every: int = 1) -> Iterator[Shot]:
    """Every n-th picture of a clip.

    Raises:
        SystemExit: the clip ends before its truth does, or its tags name no sensor.
    """
    sensor = sensor_of(truth, media)
    capture = cv2.VideoCapture(str(media))
    for number, frame in enumerate(truth.frames):
        if not capture.grab():
            raise SystemExit(f"{media}: expected {len(truth.frames)} pictures, found {number}")
        if number % every == 0:
            image = np.asarray(capture.retrieve()[1], np.uint8)
            yield Shot(media.stem, sensor, frame.t_s, image, things(frame, truth, media.stem))


def sensor_of(truth: Truth, media: Path) -> str:
    """Day, nir or thermal by the clip's tags; overcast and dusk are pictures in colour too."""
    kinds = {SENSORS[tag] for tag in truth.tags if tag in SENSORS}
    if len(kinds) != 1:
        raise SystemExit(f"{media}: expected a tag of one of {list(SENSORS)}, found {truth.tags}")
    return kinds.pop()


def things(frame: TrueFrame, truth: Truth, clip: str) -> tuple[Thing, ...]:
    """What is in a picture, as far as anything of it can be seen."""
    climbers = [one for one in frame.objects if POSTURES.get(one.state) == "climb" and one.visible]
    seen = [one for one in frame.objects if one.visible is not None]
    return tuple(_thing(one, climbers, truth, clip) for one in seen)


def _thing(one: TrueObject, climbers: list[TrueObject], truth: Truth, clip: str) -> Thing:
    box = np.array(one.visible, np.float32)
    whole = np.array(one.amodal or one.visible, np.float32)
    person = one.label == "person"
    states = POSTURES if person else LADDER_STATES
    if one.state not in states:
        raise SystemExit(f"{clip}: expected a state of {sorted(states)}, found {one.state!r}")
    condition = states[one.state]
    if condition == "leaning" and any(_touch(box, climber) for climber in climbers):
        condition = "climbed"
    side = float((box[2:] - box[:2]).max())
    return Thing(
        identity=f"{clip}/{one.id}",
        class_id=CLASS_IDS[one.label],
        xyxy=box,
        size_px=float((whole[2:] - whole[:2]).max()),
        condition=condition,
        behind=person and _behind(one, truth),
        visibility=one.visibility,
        counts=one.visibility >= LEAST_VISIBILITY and side >= LEAST_PX,
    )


def _touch(box: Array, climber: TrueObject) -> bool:
    """Whether the climber's box reaches into a ladder's."""
    other = np.array(climber.visible, np.float32)
    return bool((np.minimum(box[2:], other[2:]) > np.maximum(box[:2], other[:2])).all())


def _behind(person: TrueObject, truth: Truth) -> bool:
    if truth.barrier is None or truth.camera is None or person.distance_m is None:
        return False
    across = person.distance_m * truth.camera["eye_m"][1] < 0
    return bool(truth.barrier["see_through"]) and across
