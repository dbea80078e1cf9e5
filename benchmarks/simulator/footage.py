"""Real footage with labelled people, to hold rendered people against.

Pictures come at the size the detectors look at, 640 pixels wide. Shrunk ones are padded with grey,
as a detector pads, and stand in for cameras that see people smaller.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.mot import CLIPS, SHARED_DATA
from benchmarks.simulator.person_finder import SIDE_PX
from benchmarks.simulator.sensor import compressed

Box = tuple[float, float, float, float]
Image = NDArray[np.uint8]
JPEG_QUALITY = 60
SCALES = (1.0, 0.5, 0.25)
_GREY = 114
_CROWDED = 0.25  # of a box covered by another one: the label does not say who is in front


@dataclass(frozen=True)
class Reference:
    """Real pictures that a sensor is held against; `stand_in` says what differs, if much does."""

    sets: tuple[str, ...]
    stand_in: str = ""


_DAYLIGHT = Reference(("pets_s2l1", "ped_semi"))
REFERENCES = {
    "day": _DAYLIGHT,
    "overcast": _DAYLIGHT,
    "dusk": Reference(("llvip_vis",), "streets at night under lamps"),
    "nir": Reference(("llvip_ir",), "thermal; there is no labelled near-infrared footage"),
    "thermal": Reference(("llvip_ir", "hituav")),
}
_FOLDERS = {
    "llvip_vis": ("night/llvip_vis/images", 1),
    "llvip_ir": ("night/llvip_ir/images", 1),
    "hituav": ("night/hituav/images/val", 1),
}
_FRAME_STEP = 9


def real_pictures(name: str) -> Iterator[tuple[Image, list[Box]]]:
    """Pictures (H, W, 3) BGR, 640 wide, of a set at each scale, with people not cut or covered."""
    source = _clip(name) if name in CLIPS else _folder(name)
    for image, boxes in source:
        clear = [box for box in boxes if stands_clear(box, boxes, image.shape[1::-1])]
        scales = SCALES[:1] if name == "hituav" else SCALES  # its people are small as they are
        for scale in scales:
            yield shrunk(image, clear, scale)


def shrunk(image: Image, boxes: list[Box], scale: float) -> tuple[Image, list[Box]]:
    """A picture and boxes at `scale` of 640 pixels, in the middle of a grey one, through JPEG."""
    height, width = image.shape[:2]
    side = SIDE_PX / max(height, width)
    full = (round(width * side), round(height * side))
    factor = side * scale
    small = cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    left, top = (full[0] - small.shape[1]) // 2, (full[1] - small.shape[0]) // 2
    canvas = np.full((full[1], full[0], 3), _GREY, np.uint8)
    canvas[top : top + small.shape[0], left : left + small.shape[1]] = small
    placed = [
        (x0 * factor + left, y0 * factor + top, x1 * factor + left, y1 * factor + top)
        for x0, y0, x1, y1 in boxes
    ]
    return compressed(canvas, JPEG_QUALITY), placed


def stands_clear(box: Box, boxes: list[Box], size_px: tuple[int, ...]) -> bool:
    """Whether a box is whole inside the picture and no other covers a quarter of it."""
    x0, y0, x1, y1 = box
    if x0 < 1 or y0 < 1 or x1 > size_px[0] - 1 or y1 > size_px[1] - 1:
        return False
    area = (x1 - x0) * (y1 - y0)
    for other in boxes:
        width = min(x1, other[2]) - max(x0, other[0])
        height = min(y1, other[3]) - max(y0, other[1])
        if other != box and min(width, height) > 0 and width * height > _CROWDED * area:
            return False
    return True


def _folder(name: str) -> Iterator[tuple[Image, list[Box]]]:
    where, step = _FOLDERS[name]
    folder = SHARED_DATA / where
    paths = sorted(folder.glob("*.jpg"))[::step]
    if not paths:
        raise FileNotFoundError(f"{folder}: expected pictures, found none (set SHARED_DATA)")
    for path in paths:
        image = np.asarray(cv2.imread(str(path)), np.uint8)
        labels = Path(str(path).replace("/images/", "/labels/")).with_suffix(".txt")
        yield image, _boxes(labels, image.shape[1], image.shape[0])


def _boxes(labels: Path, width: int, height: int) -> list[Box]:
    """Boxes of a YOLO label file, all of them people; none where there is no file."""
    lines = labels.read_text().splitlines() if labels.exists() else []
    boxes = []
    for line in lines:
        x, y, w, h = (float(v) for v in line.split()[1:5])
        boxes.append(
            ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
        )
    return boxes


def _clip(name: str) -> Iterator[tuple[Image, list[Box]]]:
    clip = CLIPS[name]
    rows = np.loadtxt(SHARED_DATA / clip.truth, delimiter=",", usecols=(0, 2, 3, 4, 5))
    with av.open(str(SHARED_DATA / clip.video)) as container:
        for number, frame in enumerate(container.decode(video=0), start=1):
            if number > clip.frames:
                return
            if number % _FRAME_STEP == 1:
                here = rows[rows[:, 0] == number, 1:]
                boxes = [(x, y, x + w, y + h) for x, y, w, h in here.tolist()]
                yield np.asarray(frame.to_ndarray(format="bgr24"), np.uint8), boxes
