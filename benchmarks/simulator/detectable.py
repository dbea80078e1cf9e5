"""How well COCO detectors see the people of rendered clips: the simulator's measure of realism.

`python -m benchmarks.simulator.detectable samples/*.mp4 --model a.onnx --model b.onnx` prints, for
each clip and model, the share of visible people found, by state. Models are YOLO exports of 640
pixels: end-to-end `[1, N, 6]` or raw `[1, 84, N]`, class 0 person.
"""

import argparse
import json
from collections import defaultdict
from pathlib import Path

import av
import cv2
import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

SIDE_PX = 640
SCORE, OVERLAP = 0.3, 0.4
MIN_VISIBILITY = 0.4
_FAINT = 0.05
_NMS_OVERLAP = 0.6

Floats = NDArray[np.float32]


class PersonFinder:
    """A YOLO export that finds people in BGR pictures."""

    def __init__(self, path: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        self.name = path.stem
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def __call__(self, image: NDArray[np.uint8]) -> tuple[Floats, Floats]:
        """Boxes x0, y0, x1, y1 in picture pixels (N, 4) and scores (N,)."""
        height, width = image.shape[:2]
        scale = SIDE_PX / max(height, width)
        size = (round(width * scale), round(height * scale))
        left, top = (SIDE_PX - size[0]) // 2, (SIDE_PX - size[1]) // 2
        canvas = np.full((SIDE_PX, SIDE_PX, 3), 114, np.uint8)
        canvas[top : top + size[1], left : left + size[0]] = cv2.resize(image, size)
        blob = canvas[..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
        out = np.asarray(self._session.run(None, {self._input: blob})[0])[0]
        boxes, scores = _end_to_end(out) if out.shape[1] == 6 else _raw(out)
        return (boxes - np.array([left, top, left, top], np.float32)) / scale, scores


def _end_to_end(out: Floats) -> tuple[Floats, Floats]:
    people = out[(out[:, 5] == 0) & (out[:, 4] > _FAINT)]
    return people[:, :4], people[:, 4]


def _raw(out: Floats) -> tuple[Floats, Floats]:
    rows = out.T[out[4] > _FAINT]
    centre, half, scores = rows[:, :2], rows[:, 2:4] / 2, rows[:, 4]
    corners = np.concatenate([centre - half, 2 * half], 1)
    kept = cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), _FAINT, _NMS_OVERLAP)
    order = np.asarray(kept, int).ravel()
    return np.concatenate([centre - half, centre + half], 1)[order], scores[order]


def overlaps(boxes: Floats, box: list[float]) -> Floats:
    """Intersection over union (N,) of boxes (N, 4) with one box."""
    low, high = np.maximum(boxes[:, :2], box[:2]), np.minimum(boxes[:, 2:], box[2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return np.asarray(shared / (areas + (box[2] - box[0]) * (box[3] - box[1]) - shared))


def measure(clip: Path, finder: PersonFinder, step: int) -> tuple[dict[str, list[bool]], int]:
    """Found or not, by state, in every `step`-th frame; and boxes where nobody is."""
    frames = json.loads(clip.with_suffix(".truth.json").read_text())["frames"]
    found: dict[str, list[bool]] = defaultdict(list)
    false = 0
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number % step:
                continue
            boxes, scores = finder(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
            boxes = boxes[scores > SCORE]
            people = [
                o for o in frames[number]["objects"] if o["visible"] and o["class"] == "person"
            ]
            for person in people:
                if person["visibility"] >= MIN_VISIBILITY:
                    hit = bool((overlaps(boxes, person["visible"]) > OVERLAP).any())
                    found[person["state"]].append(hit)
            touched = [overlaps(boxes, o["visible"]) > 0.2 for o in people]
            false += int((~np.any(touched, axis=0)).sum()) if touched else len(boxes)
    return found, false


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--model", type=Path, action="append", required=True)
    parser.add_argument("--step", type=int, default=8)
    args = parser.parse_args()
    finders = [PersonFinder(path) for path in args.model]
    for clip in args.clips:
        for finder in finders:
            found, false = measure(clip, finder, args.step)
            hits = [hit for state in found.values() for hit in state]
            share = f"{np.mean(hits):.2f} of {len(hits)}" if hits else "nobody there"
            states = ", ".join(f"{s} {np.mean(h):.2f} ({len(h)})" for s, h in found.items())
            print(f"{clip.stem:16} {finder.name:28} {share:12} false {false}  {states}")


if __name__ == "__main__":
    main()
