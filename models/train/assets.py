"""Loads what composites are made of: textures, background photographs, cut-outs of people."""

import hashlib
from pathlib import Path

import cv2
import numpy as np

from models.train import labels
from models.train.compose import Assets, Photo
from models.train.network import Array, Network
from models.train.raster import Image

PHOTO_PX = 1100
TEXTURE_PX = 512
DEV_SHARE = 0.12


def load(textures: list[Path], photos: list[Path], cutouts: list[Path], *, dev: bool) -> Assets:
    """The assets of one split; train and dev share no file (a hash of the file's name decides).

    `photos` are folders of pictures with YOLO labels of their people (class 0) beside them.
    """
    groups = [[_photo(path) for path in _files([folder], dev=dev)] for folder in photos]
    return Assets(
        [_texture(path) for path in _files(textures, dev=dev)],
        [group for group in groups if group],
        [_cutout(path) for path in _files(cutouts, dev=dev)],
    )


def is_dev(name: str) -> bool:
    """Whether a file belongs to the dev split; frames of one clip stay together.

    The part of the name before the last `@` names the source.
    """
    source = name.rsplit("@", 1)[0]
    digest = hashlib.sha256(source.encode()).digest()
    return digest[0] / 256 < DEV_SHARE


def people_from_clip(clip: Path, out: Path, teacher: Network, every: int = 9) -> int:
    """Cut lone people out of a fixed-camera clip; returns how many.

    The background is the median of the frames in which the teacher sees nobody.
    """
    frames = read_clip(clip)[::every]
    seen = [teacher.find(frame, 0.15) for frame in frames]
    empty = [frame for frame, found in zip(frames, seen, strict=True) if not len(found.score)]
    if not empty:
        raise SystemExit(f"{clip}: expected some frames without people, found none")
    background = np.median(np.stack(empty[:60]), axis=0).astype(np.uint8)
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    for index, (frame, found) in enumerate(zip(frames, seen, strict=True)):
        if len(found.score) == 1 and found.score[0] > 0.6:
            cutout = _moving(frame, background, found.xyxy[0])
            if cutout is not None:
                cv2.imwrite(str(out / f"{clip.stem}@{index * every:05d}.png"), cutout)
                count += 1
    return count


def read_clip(clip: Path) -> list[Image]:
    """All frames of a short clip or animated picture, BGR."""
    capture = cv2.VideoCapture(str(clip))
    frames = []
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        frames.append(frame)
    if not frames:
        raise SystemExit(f"{clip}: expected a video, found no frame that can be decoded")
    return frames


def _moving(frame: Image, background: Image, box: Array) -> Image | None:
    """The upright thing in the box that differs from the background, as BGRA, or None."""
    x, y, right, bottom = (round(float(side)) for side in box)
    whole = x > 3 and y > 3 and right < frame.shape[1] - 3 and bottom < frame.shape[0] - 3
    if not whole or bottom - y < max(60, 1.4 * (right - x)):
        return None
    change = cv2.absdiff(frame, background).max(axis=2)[y:bottom, x:right]
    mask = (cv2.GaussianBlur(change, (0, 0), 1.2) > 18).astype(np.uint8) * 255
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    body = max(contours, key=cv2.contourArea)
    if cv2.contourArea(body) < 0.3 * mask.size:
        return None
    filled = np.zeros_like(mask)
    cv2.drawContours(filled, [body], -1, 255, -1)
    filled = cv2.GaussianBlur(cv2.erode(filled, np.ones((3, 3), np.uint8)), (0, 0), 0.8)
    cutout: Image = np.dstack([frame[y:bottom, x:right], filled])
    return cutout


def _files(folders: list[Path], *, dev: bool) -> list[Path]:
    paths = [path for folder in folders for path in labels.pictures(folder)]
    return [path for path in paths if is_dev(path.name) == dev]


def _texture(path: Path) -> Image:
    return _limited(_read(path, cv2.IMREAD_COLOR), TEXTURE_PX)


def _photo(path: Path) -> Photo:
    image = _limited(_read(path, cv2.IMREAD_COLOR), PHOTO_PX)
    height, width = image.shape[:2]
    class_id, xyxy = labels.read(labels.beside(path), width, height)
    return Photo(image, xyxy[class_id == 0].astype(np.float64))


def _cutout(path: Path) -> Image:
    return _read(path, cv2.IMREAD_UNCHANGED)


def _read(path: Path, flags: int) -> Image:
    image = cv2.imread(str(path), flags)
    if image is None:
        raise SystemExit(f"{path}: expected a picture, found something OpenCV cannot read")
    read: Image = image
    return read


def _limited(image: Image, longest_px: int) -> Image:
    scale = longest_px / max(image.shape[:2])
    if scale >= 1:
        return image
    small: Image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return small
