"""ByteTrack of the package ``trackers``, run by its own Python: boxes from stdin, ids to stdout.

A process of its own, since the package wants opencv-python, which stays out of our environment. It
imports nothing of this repository. Input (an npz archive): ``frame`` (N,), ``xyxy`` (N, 4),
``confidence`` (N,), ``frames`` (T,), ``seconds`` (T,), and ``options``, the JSON of the tracker's
arguments. Output: the rows that got an id, and the CPU microseconds of every update.
"""

import io
import json
import sys
import time
from importlib.metadata import version

import numpy as np
import supervision as sv
from trackers import ByteTrackTracker


def main() -> None:
    """Track what stdin holds."""
    given = np.load(io.BytesIO(sys.stdin.buffer.read()))
    tracker = ByteTrackTracker(**json.loads(str(given["options"])))
    frames, keys, boxes, micros = [], [], [], []
    for frame, at in zip(given["frames"], given["seconds"], strict=True):
        here = given["frame"] == frame
        detections = sv.Detections(
            xyxy=given["xyxy"][here],
            confidence=given["confidence"][here],
            class_id=np.zeros(int(here.sum()), int),
        )
        started = time.thread_time_ns()
        result = tracker.update(detections, timestamp=float(at))
        micros.append((time.thread_time_ns() - started) / 1e3)
        shown = result.tracker_id >= 0
        frames.append(np.full(int(shown.sum()), frame))
        keys.append(result.tracker_id[shown])
        boxes.append(result.xyxy[shown])
    np.savez(
        sys.stdout.buffer,
        frame=np.concatenate(frames),
        key=np.concatenate(keys),
        xyxy=np.concatenate(boxes),
        micros=np.array(micros),
        version=np.array(version("trackers")),
    )


if __name__ == "__main__":
    main()
