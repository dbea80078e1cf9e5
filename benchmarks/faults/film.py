"""The film a camera plays: now and then a red square, a person to the tiny network."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

from tests.site_folder import HEIGHT, RED, WIDTH

SECONDS = 6


def make_film(path: Path, *, scale: int = 2, fps: int = 10, noise: int = 0) -> Path:
    """Write an H.264 stream of ``scale`` x 96 by ``scale`` x 64 pixels, a key frame each second.

    Somebody stands in the middle from 1 to 3 s: one incident each time the film is played. A grey
    stripe moves, so that no two pictures are the same. ``noise``, in grey levels, makes pictures
    that take many RTP packets each, as those of real cameras do.
    """
    dice = np.random.default_rng(7)
    options = {"g": str(fps), "bf": "0", "preset": "ultrafast", "crf": "12"}
    options["x264-params"] = "aud=1:threads=1:slices=1"
    with av.open(str(path), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = scale * WIDTH, scale * HEIGHT, "yuv420p"
        for number in range(SECONDS * fps):
            image = np.full((HEIGHT, WIDTH, 3), 30, np.uint8)
            image[:, number % WIDTH] = 90
            if 1.0 <= number / fps < 3.0:
                image[32:48, 48:64] = RED
            large = image.repeat(scale, axis=0).repeat(scale, axis=1)
            if noise:
                large += dice.integers(0, noise, (*large.shape[:2], 1), np.uint8)
            picture = VideoFrame.from_ndarray(large, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path
