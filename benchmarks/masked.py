"""Counts whom masked copies of the sample scenes would still show, by what the renderer knows.

    python -m benchmarks.masked

Each sample is analysed by the shipped network at the sample site's rate; its people are masked as
``detector export --masked`` masks them, in every picture of the recording.
"""

import argparse
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from benchmarks.machine import ROOT, stamp, write_result
from detector.benchmark.truth import SUFFIX, read_truth
from detector.config import load_config
from detector.evidence.person_masks import PersonMasks
from detector.evidence.tracks import ClipTrack, ClipTracks, TrackBox, TracksPicture
from detector.evidence.trail import TrailPicture
from detector.replay import Replay, ReplayStep
from detector.types import U8, ClockSource, ObjectClass, Xyxy

SAMPLES = ROOT / "samples"
BEGUN = datetime.fromtimestamp(0, UTC)
HEAD = """# Whom masked copies of the sample scenes still show

`python -m benchmarks.masked`, {date}, {machine}, commit {commit}, {model} at 3 pictures a second.
A view is what can be seen of one person in one picture, as a box of the renderer. Pictures are 10
a second; those between the analysed ones count as well. Black is the share of all pixels that is
masked. The samples were not used to choose how wide masks are.

| sample | views | hidden to the last pixel | in part | not at all | highest of these, px | black |
|---|--:|--:|--:|--:|--:|--:|"""


@dataclass(frozen=True, slots=True)
class Row:
    """What was hidden of the people of one sample."""

    sample: str
    views: int
    hidden: int
    in_part: int
    not_hidden: int
    highest_px: float
    black_share: float


def tracks_of(name: str, replay: Replay) -> ClipTracks:
    """Give the tracks of a sample as they would lie beside a clip of all of it."""
    steps = [s for s in replay.run(str(SAMPLES / f"{name}.mp4")) if s.detections is not None]
    classes = {
        int(track_id): ObjectClass(int(class_id)).label
        for step in steps
        for track_id, class_id in zip(
            step.picture.tracks.track_id, step.picture.tracks.class_id, strict=True
        )
    }
    return ClipTracks(
        incident_id=UUID(int=0),
        clip=1,
        camera=name,
        first_picture_at=BEGUN,
        last_picture_at=BEGUN,
        incident_track_ids=(),
        tracks=tuple(ClipTrack(track_id=i, object_class=c) for i, c in sorted(classes.items())),
        pictures=tuple(
            TracksPicture(
                t_s=step.pts_s, at=None, clock=ClockSource.NONE, boxes=tuple(_boxes(step))
            )
            for step in steps
        ),
    )


def _boxes(step: ReplayStep) -> Iterator[TrackBox]:
    for box in TrailPicture.of(step.picture.frame, step.picture.tracks).boxes:
        x1, y1, x2, y2 = box["box"].tolist()
        yield TrackBox(
            track_id=int(box["track_id"]), box=(x1, y1, x2, y2), score=float(box["score"])
        )


def judged(name: str, tracks: ClipTracks) -> Row:
    """Mask every picture of a sample and look for its people."""
    truth, masks = read_truth(SAMPLES / f"{name}{SUFFIX}"), PersonMasks(tracks)
    if truth.size_px is None:
        raise ValueError(f"{name}: expected a truth with the size of the pictures")
    width, height = truth.size_px
    shares: list[float] = []
    missed_px = [0.0]
    black = 0.0
    for frame in truth.frames:
        image = np.full((height, width, 3), 255, np.uint8)
        masks.burn(image, frame.t_s)
        black += float((image[:, :, 0] == 0).mean())
        for person in frame.objects:
            if person.label != "person" or person.visible is None:
                continue
            share = _hidden_share(image, person.visible)
            shares.append(share)
            if share < 1:
                missed_px.append(person.visible[3] - person.visible[1])
    found = np.array(shares)
    hidden, nothing = int((found == 1).sum()), int((found == 0).sum())
    in_part = len(found) - hidden - nothing
    shown = black / len(truth.frames)
    return Row(
        name, len(found), hidden, in_part, nothing, round(max(missed_px), 1), round(shown, 3)
    )


def _hidden_share(image: U8, box: Xyxy) -> float:
    height, width = image.shape[:2]
    x1, y1 = (max(0, int(side)) for side in box[:2])
    x2, y2 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    return float((image[y1:y2, x1:x2, 0] == 0).mean())


def measure() -> dict[str, Any]:
    """Analyse and mask all samples with people in them."""
    loaded = load_config(SAMPLES / "site.yaml")
    rows, model = [], ""
    for name in loaded.config.cameras:
        replay = Replay(loaded, name)
        model = f"{replay.info.model} {replay.info.version}"
        rows.append(judged(name, tracks_of(name, replay)))
    return stamp() | {"model": model, "rows": [asdict(row) for row in rows]}


def to_markdown(result: dict[str, Any]) -> str:
    """Write the result as a table."""
    machine = f"{result['machine']['processor']}, {result['machine']['cores']} cores"
    lines = [HEAD.format(**result | {"machine": machine})]
    lines += [
        "| " + " | ".join(str(value) for value in row.values()) + " |" for row in result["rows"]
    ]
    sums = (sum(r[k] for r in result["rows"]) for k in ("views", "hidden", "in_part", "not_hidden"))
    lines.append("| all | " + " | ".join(str(number) for number in sums) + " | | |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write ``masked.json`` and ``masked.md``."""
    parser = argparse.ArgumentParser(prog="benchmarks.masked", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    given = parser.parse_args()
    result = measure()
    table = to_markdown(result)
    write_result(given.out, "masked", result, table)
    print(table)


if __name__ == "__main__":
    main()
