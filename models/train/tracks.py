"""Chooses thresholds as the service uses them: on the median score of tracks in rendered dev clips.

python -m models.train.tracks models/barrier-n/model.onnx --scenes build/scenes/dev > dev.jsonl

The service gives a track out once it has `min_hits` boxes and the median of its last ten scores
reaches the class's `threshold`. So a threshold is as good as the tracks that it gives out:

* a thing is asked for that counts (`models.train.rendered`) in at least `min_hits` pictures; a
  ladder is asked for once while it is carried and once when it is set up;
* it is found where a track that lies on it, and nowhere more often, has such a median meanwhile;
* a track is false where most of its boxes lie on nothing; one on what does not count is left out;
* the threshold is in the middle of the range with the best F0.65 over things found and false
  tracks.

Tracks are made by the service's own tracker, with so low a threshold that every track which a
choice could give out is there. Only the whole picture is looked at, not the tiles of the service:
small people score lower here than there.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from detector.tracking import Tracker, TrackingSettings
from detector.types import Detections, ObjectClass, Tracks
from models.train.evaluate import CLASSES
from models.train.network import Found, Network
from models.train.rendered import Thing, clips, shots
from models.train.slices import Picture, matched
from models.train.thresholds import BETA

FLOOR = 0.05
"""Boxes below it never reach the tracker, so no threshold below it can be chosen."""

SETTINGS = TrackingSettings()
Seen = tuple[tuple[Thing, ...], Tracks]


@dataclass(slots=True)
class Life:
    """One track.

    Attributes:
        score: highest median of its latest scores, from its `min_hits`th box on.
        nothing: how many of its boxes lay on nothing.
        left_out: how many lay on what does not count.
        on: how many lay on which thing.
        best: the highest median while it lay there.
    """

    score: float = 0.0
    nothing: int = 0
    left_out: int = 0
    on: Counter[str] = field(default_factory=Counter)
    best: dict[str, float] = field(default_factory=dict)

    def add(self, median: float, name: str | None, *, counts: bool) -> None:
        """Take one box; `name` is the thing on which it lies."""
        self.score = max(self.score, median)
        if name is None:
            self.nothing += 1
        elif not counts:
            self.left_out += 1
        else:
            self.on[name] += 1
            self.best[name] = max(self.best.get(name, 0.0), median)

    @property
    def false(self) -> bool:
        """Most of its boxes lie on nothing."""
        return self.nothing > self.left_out + self.on.total()


@dataclass(slots=True)
class Followed:
    """The tracks of one class, in how many pictures each thing could be seen, and the hours."""

    lives: list[Life] = field(default_factory=list)
    things: Counter[str] = field(default_factory=Counter)
    hours: float = 0.0

    def add(self, pictures: Iterable[Seen], class_id: int) -> None:
        """Take the pictures of one clip in their order."""
        alive: dict[int, Life] = {}
        for things, tracks in pictures:
            found = Found(tracks.xyxy, tracks.confidence, tracks.class_id)
            seen = matched(Picture(found, things), class_id)
            self.things.update(named(thing) for thing in seen.things if thing.counts)
            for row, index in zip(seen.row, seen.thing, strict=True):
                thing = seen.things[index] if index >= 0 else None
                life = alive.setdefault(int(tracks.track_id[row]), Life())
                life.add(
                    float(tracks.confidence[row]),
                    None if thing is None else named(thing),
                    counts=thing is not None and thing.counts,
                )
        self.lives += alive.values()

    def asked(self) -> set[str]:
        """The things that could be seen often enough."""
        return {name for name, count in self.things.items() if count >= SETTINGS.min_hits}

    def found(self, threshold: float) -> tuple[int, int]:
        """How many things are found, and how many false tracks are given out."""
        asked = self.asked()
        right = [life for life in self.lives if not life.false]
        names = {
            name for life in right for name, best in life.best.items() if best >= threshold
        } & asked
        return len(names), sum(life.false and life.score >= threshold for life in self.lives)

    def f_score(self, threshold: float) -> float:
        """F0.65 over things found and false tracks."""
        hits, wrong = self.found(threshold)
        asked = len(self.asked())
        precision, recall = hits / max(hits + wrong, 1), hits / max(asked, 1)
        weight = BETA**2
        return (1 + weight) * precision * recall / max(weight * precision + recall, 1e-9)


def named(thing: Thing) -> str:
    """A thing, and of a ladder whether it is carried or set up: each is an event of its own."""
    if thing.class_id != ObjectClass.LADDER:
        return thing.identity
    return f"{thing.identity} {'carried' if thing.condition == 'carried' else 'set up'}"


def follow(network: Network, folder: Path, every: int) -> tuple[Followed, ...]:
    """Run network and tracker over every n-th picture of the clips; one result per class."""
    classes = tuple(Followed() for _ in CLASSES)
    limits = dict.fromkeys(ObjectClass, (FLOOR, FLOOR))
    for media, truth in clips(folder):
        tracker, seen = Tracker(SETTINGS, limits), []
        for shot in shots(media, truth, every):
            found = network.find(shot.image, FLOOR)
            boxes = Detections(found.xyxy, found.score.astype(np.float32), found.class_id)
            seen.append((shot.things, tracker.update(boxes, shot.t_s)))
        for class_id, followed in enumerate(classes):
            followed.add(seen, class_id)
            followed.hours += truth.duration_s / 3600
    return classes


def operating_point(followed: Followed) -> float:
    """The middle of the range of thresholds with the best F0.65.

    Raises:
        SystemExit: no threshold finds anything.
    """
    values = [life.score for life in followed.lives]
    values += [best for life in followed.lives for best in life.best.values()]
    steps = sorted({FLOOR, *(value for value in values if value >= FLOOR)})
    scores = [followed.f_score(step) for step in steps]
    best = int(np.argmax(scores))
    if not scores[best]:
        raise SystemExit("tracks: expected a threshold that finds something, found none")
    return (steps[best] + (steps[best - 1] if best else FLOOR)) / 2


def rows(
    classes: Iterable[Followed], kept: Mapping[str, float]
) -> Iterator[dict[str, float | str]]:
    """The operating point of each class, as `ship` and `card` read it; `kept` ones are given."""
    for name, followed in zip(CLASSES, classes, strict=True):
        threshold = kept.get(name) or round(operating_point(followed), 3)
        hits, wrong = followed.found(threshold)
        asked = len(followed.asked())
        yield {
            "class": name,
            "threshold": threshold,
            "f0.65": round(followed.f_score(threshold), 3),
            "things": asked,
            "found": hits,
            "recall": round(hits / max(asked, 1), 3),
            "false_tracks": wrong,
            "hours": round(followed.hours, 3),
        }


def main() -> None:
    """Print the operating point of each class, and after it what other thresholds would give."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("--scenes", type=Path, required=True, help="dev clips with truth")
    parser.add_argument("--size", type=int, nargs=2, default=(384, 640), help="height width")
    parser.add_argument("--every", type=int, default=2, help="of the clips' pictures")
    parser.add_argument(
        "--keep", nargs=2, action="append", default=[], metavar=("CLASS", "THRESHOLD"),
        help="a class whose threshold stays, as its branch did",
    )  # fmt: skip
    arguments = parser.parse_args()
    network = Network(arguments.model, tuple(arguments.size), {0: 0, 1: 1})
    classes = follow(network, arguments.scenes, arguments.every)
    kept = {name: float(threshold) for name, threshold in arguments.keep}
    for row in rows(classes, kept):
        print(json.dumps(row))
    print(f"{'threshold':>10}{'class':>8}{'found':>6}{'false':>6}{'F0.65':>7}")
    for name, followed in zip(CLASSES, classes, strict=True):
        for threshold in np.arange(0.1, 0.75, 0.05):
            hits, wrong = followed.found(threshold)
            score = followed.f_score(threshold)
            print(f"{threshold:10.2f}{name:>8}{hits:6d}{wrong:6d}{score:7.3f}")


if __name__ == "__main__":
    main()
