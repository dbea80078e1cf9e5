"""A film whose every picture says where its object is: a bright square that goes to and fro."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame

from detector.streams.packets import Coding, Packet
from detector.types import U8

FPS, LAP = 25, 100
SIZE, SIDE_PX, SWAY_PX = (160, 120), 30, 100
_X264 = {"g": "10", "bf": "0", "crf": "5", "preset": "ultrafast"}
_X264 |= {"x264-params": "aud=1:threads=1:slices=1:b-adapt=0"}


def scene(number: int) -> U8:
    """Give a (120, 160, 3) picture; the square goes 2 pixels from one to the next."""
    width, height = SIZE
    share = abs((number % LAP) / (LAP / 2) - 1)
    image = np.full((height, width, 3), 40, np.uint8)
    left = 15 + round(SWAY_PX * share)
    image[45 : 45 + SIDE_PX, left : left + SIDE_PX] = 230
    return image


def bright_box(image: U8) -> tuple[float, float, float, float]:
    """Where the square of a decoded picture really is, in pixels."""
    ys, xs = np.nonzero(image[:, :, 1] > 135)
    return float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1)


def moving_film(path: Path) -> Path:
    """Write one lap as a raw H.264 stream with access unit delimiters."""
    with av.open(str(path), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=FPS, options=_X264)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for number in range(LAP):
            picture = VideoFrame.from_ndarray(scene(number), format="bgr24")
            picture.pts, picture.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
    return path


def moving_packets(film: Path, begin_at: float) -> list[Packet]:
    """Give the packets of ``moving_film`` as a camera would send them from ``begin_at`` on, UTC."""
    with av.open(str(film), format="h264") as container:
        coding = Coding("h264", *SIZE, b"", Fraction(1, FPS))
        sent = [packet for packet in container.demux(video=0) if packet.size]
        times = [begin_at + number / FPS for number in range(len(sent))]
        return [
            Packet(bytes(p), coding, n, n, p.is_keyframe, times[n], times[n])
            for n, p in enumerate(sent)
        ]
