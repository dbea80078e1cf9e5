"""Recall of climbing people on close crops of photographs (`person/climb_crops` of the data).

The crops show one person each, climbing, tightly cut; what counts as found is the crop's whole
rectangle. A camera never sees such a picture: the person would be a small part of a wide one. So a
crop is scaled to the height that a person has in a CCTV picture (`HEIGHTS_PX`), laid into the
middle of a 640 x 384 picture of the mean colour of its own edge, softly, so that the edge is no
frame, and coded as JPEG of quality 60. The wall around the climber, whatever stands beside and
under him, is missing: this says whether the *pose* is known, not whether climbers are found on
walls. A box is right from an overlap of 0.5 with the crop's rectangle; crops are cut by hand, some
wider than the person.
"""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from models.train import labels
from models.train.evaluate import Sample
from models.train.network import Image

HEIGHTS_PX = (48, 96, 192)
"""Heights within the picture that the network sees at scale 1."""

SIZE_PX = (640, 384)
JPEG_QUALITY = 60
_FEATHER = 0.04  # of the crop's shorter side


def samples(folder: Path, height_px: int) -> Iterator[Sample]:
    """Every crop as a camera picture with a person of `height_px`.

    Raises:
        SystemExit: a file that is no picture.
    """
    for path in labels.pictures(folder):
        crop = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if crop is None:
            raise SystemExit(f"{path}: expected a picture, found something OpenCV cannot read")
        yield as_camera_picture(np.asarray(crop, np.uint8), height_px)


def as_camera_picture(crop: Image, height_px: int) -> Sample:
    """A crop (H, W, 3) in the middle of a wide picture, `height_px` high or as wide as fits."""
    width, height = SIZE_PX
    scale = min(height_px / crop.shape[0], width / crop.shape[1])
    fitted = max(1, round(crop.shape[1] * scale)), max(1, round(crop.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(crop, fitted, interpolation=way)
    edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]]).mean(axis=0)
    left, top = (width - fitted[0]) // 2, (height - fitted[1]) // 2
    inside = (slice(top, top + fitted[1]), slice(left, left + fitted[0]))
    picture = np.full((height, width, 3), edge, np.float32)
    weight = np.zeros((height, width, 1), np.float32)
    weight[inside] = 1
    soft = max(1, round(_FEATHER * min(fitted)))
    eroded = cv2.erode(weight, np.ones((2 * soft + 1, 2 * soft + 1)))
    weight = cv2.GaussianBlur(eroded, (0, 0), soft / 2)[..., None]
    full = picture.copy()
    full[inside] = small
    blended = np.asarray(picture + weight * (full - picture), np.uint8)
    _, coded = cv2.imencode(".jpg", blended, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    box = np.array([[left, top, left + fitted[0], top + fitted[1]]], np.float32)
    image = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return Sample(image, np.zeros(1, np.int64), box)
