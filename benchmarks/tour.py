"""Makes the README's picture: four moments of the sample with the ladder, as the service saw them.

``python -m benchmarks.tour``
"""

import tempfile
from pathlib import Path

import cv2
import numpy as np

from benchmarks.machine import ROOT
from detector.config import load_config
from detector.replay import Replay
from detector.streams import InputSettings, open_source
from detector.types import U8, CameraId

CAMERA = "ladder_day"
MOMENTS_S = (5.0, 11.0, 14.4, 21.6)
WIDTH = 720
OUT = ROOT / "docs" / "images" / "tour.jpg"


def main() -> None:
    """Analyse the sample, pick the moments, paste them together."""
    samples = ROOT / "samples"
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "seen.mp4"
        replay = Replay(load_config(samples / "site.yaml"), CAMERA)
        for _ in replay.run(str(samples / f"{CAMERA}.mp4"), video):
            pass
        pictures = moments(video)
    height = round(pictures[0].shape[0] * WIDTH / pictures[0].shape[1])
    tiles = [cv2.resize(p, (WIDTH, height), interpolation=cv2.INTER_AREA) for p in pictures]
    sheet = np.vstack([np.hstack(tiles[:2]), np.hstack(tiles[2:])])
    OUT.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(OUT), sheet, (cv2.IMWRITE_JPEG_QUALITY, 88))
    print(f"written: {OUT.relative_to(ROOT)}")


def moments(video: Path) -> list[U8]:
    """Give the first picture at or after each moment."""
    settings = InputSettings(path=str(video), pace="fast")
    found: list[U8] = []
    with open_source(settings, CameraId(CAMERA)) as source:
        for frame in source:
            if len(found) < len(MOMENTS_S) and frame.pts >= MOMENTS_S[len(found)] - 0.01:
                found.append(frame.image)
    return found


if __name__ == "__main__":
    main()
