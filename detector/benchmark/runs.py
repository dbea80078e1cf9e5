"""Runs a recording through a camera's pipeline, with the network's boxes or the true ones."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from detector.benchmark.frames import Analysed
from detector.benchmark.places import frame_at
from detector.benchmark.report import Pass
from detector.benchmark.truth import TrueObject, Truth
from detector.config import LoadedConfig
from detector.events import Event
from detector.pipeline.camera import CameraPipeline
from detector.replay import Replay
from detector.types import Detections, Frame, ObjectClass
from detector.vision import Detector

SURE = 0.9
"""Confidence of a true box: as sure as a network gets."""
LEAST_VISIBILITY = 0.12
"""What is less visible is not there for anybody; the simulator's own limit for its events."""

Progress = Callable[[float], None]
"""Is told how far a run is, stream seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """What one pass over one recording gave.

    Attributes:
        events: in order.
        pictures: what was seen in each analysed picture.
        realtime_factor: stream seconds per second.
    """

    events: tuple[Event, ...]
    pictures: tuple[Analysed, ...]
    realtime_factor: float


def run(
    loaded: LoadedConfig,
    camera: str,
    truth: Truth,
    detector: Detector,
    boxes: Pass = "detector",
    progress: Progress = lambda _: None,
) -> Run:
    """Run a camera's recording.

    Raises:
        StreamError: the recording cannot be read to its end.
    """
    look = TrueBoxes(truth) if boxes == "true_boxes" else None
    replay = Replay(loaded, camera, detector, look)
    events: list[Event] = []
    pictures: list[Analysed] = []
    factor = 0.0
    for step in replay.run(loaded.config.cameras[camera].ffmpeg.detect.path):
        events.extend(step.events)
        factor = step.realtime_factor
        if step.detections is not None:
            pictures.append(Analysed(step.pts_s, step.detections, step.picture.tracks))
        progress(step.pts_s)
    return Run(tuple(events), tuple(pictures), factor)


class TrueBoxes:
    """Looks into the truth file instead of the picture."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth

    def __call__(self, pipeline: CameraPipeline, frame: Frame) -> Detections:
        """Give what truly is in a frame and can be seen, as a perfect network would."""
        del pipeline
        true = frame_at(self._truth, frame.pts)
        return detections_of(true.objects if true else ())


def detections_of(things: tuple[TrueObject, ...]) -> Detections:
    """Give the visible boxes of true objects as detections."""
    seen = [
        (box, ObjectClass[thing.label.upper()])
        for thing in things
        if (box := thing.visible) is not None and thing.visibility >= LEAST_VISIBILITY
    ]
    if not seen:
        return Detections.empty()
    boxes, classes = zip(*seen, strict=True)
    return Detections(
        np.array(boxes, np.float32),
        np.full(len(seen), SURE, np.float32),
        np.array(classes, np.int64),
    )
