"""Composes training pictures: drawn ladders and look-alikes, cut-out people, any background."""

from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from models.train import degrade, facades
from models.train.placements import FIRST_LADDER, FIRST_PERSON, OTHER, UP, Thing, place_things
from models.train.raster import (
    Array,
    Camera,
    Image,
    Light,
    Prism,
    draw,
    plane_homography,
    shadow_mask,
)

Rng = np.random.Generator

PERSON, LADDER = 0, 1
SIDE_PX = 512
CANVAS_PX = 768
MIN_SIDE_PX = 7
MIN_SEEN = 0.35


@dataclass(frozen=True)
class Photo:
    """A background picture (BGR) with its labelled people, xyxy in pixels, shape (N, 4)."""

    image: Image
    people: Array


@dataclass(frozen=True)
class Assets:
    """Everything a composite is made of; all lists may be empty.

    Photos come in groups of one kind; each group is drawn equally often.
    """

    textures: list[Image] = field(default_factory=list)
    photos: list[list[Photo]] = field(default_factory=list)
    cutouts: list[Image] = field(default_factory=list)


@dataclass(frozen=True)
class Example:
    """A picture (SIDE_PX square, BGR) with labels: class and xyxy in pixels."""

    image: Image
    boxes: list[tuple[int, float, float, float, float]]


@dataclass
class Canvas:
    """The picture being painted, and per pixel which labelled thing is seen there."""

    picture: Image
    mask: Image
    camera: Camera
    light: Light
    whole_px: dict[int, int] = field(default_factory=dict)

    def paint(self, prisms: list[Prism], label: int) -> None:
        """Paint prisms and remember how many pixels they had before anything covered them."""
        draw(self.picture, self.mask, prisms, self.camera, self.light, label)
        self.whole_px[label] = int((self.mask == label).sum())


def compose(rng: Rng, assets: Assets) -> Example:
    """One random example; the same generator state and assets give the same picture."""
    length = rng.uniform(1.5, 7.5)
    camera = _camera(rng, length)
    light = _light(rng)
    inside = rng.random() < 0.2
    photo = bool(assets.photos) and rng.random() < 0.5
    people = np.zeros((0, 4))
    if photo:
        picture, people = _photo_crop(rng, assets.photos)
    else:
        picture = _world(rng, camera, assets.textures, inside=inside)
    canvas = Canvas(picture, np.zeros(picture.shape[:2], np.uint8), camera, light)
    grey = bool(np.ptp(picture[::16, ::16].astype(np.int16), axis=2).mean() < 4)
    things = place_things(rng, length)
    if rng.random() < 0.7:
        _shadows(rng, canvas, things, on_wall=not photo)
    _populate(rng, canvas, things, assets.cutouts)
    return _finish(rng, canvas, people, night=grey)


def _camera(rng: Rng, length_m: float) -> Camera:
    focal = CANVAS_PX / 2 / np.tan(np.radians(rng.uniform(32, 85)) / 2)
    wanted_px = np.exp(rng.uniform(np.log(60), np.log(950)))
    away = float(np.clip(focal * length_m / wanted_px, 2.2, 45))
    high = rng.uniform(1.1, 2.0) if rng.random() < 0.45 else rng.uniform(2.5, 8.0)
    yaw = rng.normal(0, 0.45)
    eye = np.array([away * np.sin(yaw), min(high, 0.9 * away + 0.6), -away * np.cos(yaw)])
    room = away * CANVAS_PX / focal / 2
    target = np.array([rng.uniform(-0.5, 0.5) * room, rng.uniform(0.3, 0.6) * length_m, 0.0])
    return Camera(eye, target, float(focal), (CANVAS_PX, CANVAS_PX), rng.normal(0, 0.03))


def _light(rng: Rng) -> Light:
    sun = np.array([rng.normal(0, 0.7), rng.uniform(0.3, 1.5), -rng.uniform(0.1, 1.2)])
    return Light(sun / np.linalg.norm(sun), rng.uniform(0.35, 0.85), rng.uniform(0, 0.5))


def _photo_crop(rng: Rng, groups: list[list[Photo]]) -> tuple[Image, Array]:
    photos = groups[rng.integers(len(groups))]
    photo = photos[rng.integers(len(photos))]
    height, width = photo.image.shape[:2]
    side = min(height, width) * rng.uniform(0.45, 1.0)
    left, top = rng.uniform(0, width - side), rng.uniform(0, height - side)
    scale = CANVAS_PX / side
    move = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    picture = cv2.warpAffine(photo.image, move, (CANVAS_PX, CANVAS_PX), flags=cv2.INTER_LINEAR)
    people = (photo.people - np.array([left, top, left, top])) * scale
    if rng.random() < 0.5:
        picture = cv2.flip(picture, 1)
        people = (
            people[:, [2, 1, 0, 3]] * np.array([-1, 1, -1, 1]) + np.array([1, 0, 1, 0]) * CANVAS_PX
        )
    return picture, people


def _world(rng: Rng, camera: Camera, textures: list[Image], *, inside: bool) -> Image:
    """A wall on the ground with perhaps a second wall, before a sky or under a ceiling."""
    size = camera.size_px
    picture = facades.sky(rng, size)
    spread = np.array([1.0, 0, 0]), np.array([0, 0, -1.0])
    _lay(picture, facades.floor(rng, textures), camera, np.zeros(3), spread, endless=True)
    if rng.random() < 0.85:
        reach = float(np.clip(np.linalg.norm(camera.eye) * 1.2, 8.0, 16.0))
        width = reach if inside else rng.uniform(0.4, 1.1) * reach
        height = rng.uniform(2.3, 3.2) if inside else rng.uniform(1.8, 8.0)
        left = -rng.uniform(0.3, 0.7) * width
        wall = facades.wall(rng, (width, height), textures)
        _lay(picture, wall, camera, np.array([left, height, 0]), (spread[0], -UP))
        if rng.random() < 0.4 and camera.eye[0] > left:
            side = facades.wall(rng, (8.0, height), textures)
            inward = np.array([0, 0, -1.0]) if inside else np.array([0, 0, 1.0])
            _lay(picture, side, camera, np.array([left, height, 0]), (inward, -UP))
    return picture


def _lay(
    picture: Image,
    surface: Image,
    camera: Camera,
    origin: Array,
    axes: tuple[Array, Array],
    *,
    endless: bool = False,
) -> None:
    """Warp a painted surface onto the plane spanned from its upper left corner, or tile it."""
    scale = np.diag([1 / facades.PX_PER_M, 1 / facades.PX_PER_M, 1.0])
    homography = plane_homography(camera, origin, *axes) @ scale
    border = cv2.BORDER_WRAP if endless else cv2.BORDER_CONSTANT
    flags = cv2.INTER_LINEAR
    warped = cv2.warpPerspective(
        surface, homography, camera.size_px, flags=flags, borderMode=border
    )
    whole = np.full(surface.shape[:2], 255, np.uint8)
    seen = cv2.warpPerspective(whole, homography, camera.size_px, flags=flags, borderMode=border)
    seen[~_in_front(homography, camera.size_px)] = 0
    alpha = seen[..., None].astype(np.float32) / 255
    picture[:] = (picture * (1 - alpha) + warped * alpha).astype(np.uint8)


def _in_front(homography: Array, size_px: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Pixels whose ray meets the plane before the camera, not mirrored from behind it."""
    back = np.linalg.inv(homography)
    x, y = np.arange(size_px[0]), np.arange(size_px[1])[:, None]
    front: npt.NDArray[np.bool_] = back[2, 0] * x + back[2, 1] * y + back[2, 2] > 0
    return front


def _shadows(rng: Rng, canvas: Canvas, things: list[Thing], *, on_wall: bool) -> None:
    """Darken ground and wall where the things stand between them and the sun."""
    strength = rng.uniform(0.15, 0.6)
    planes = [(np.zeros(3), UP)]
    if on_wall:
        planes.append((np.zeros(3), np.array([0, 0, -1.0])))
    shade = np.zeros(canvas.mask.shape, np.uint8)
    for thing in things:
        for plane in planes:
            shade = np.maximum(shade, shadow_mask(thing.prisms, canvas.camera, canvas.light, plane))
    soft = cv2.GaussianBlur(shade, (0, 0), rng.uniform(0.6, 3)).astype(np.float32) / 255
    canvas.picture[:] = (canvas.picture * (1 - strength * soft[..., None])).astype(np.uint8)


def _populate(rng: Rng, canvas: Canvas, things: list[Thing], cutouts: list[Image]) -> None:
    """Paint things from far to near, people beside, before or behind them, bushes last."""
    label = FIRST_PERSON
    order = sorted(things, key=lambda thing: -float(canvas.camera.view(thing.foot)[2]))
    for thing in order:
        ladder = thing.label != OTHER
        near = cutouts and rng.random() < (0.55 if ladder else 0.15)
        behind = rng.random() < 0.35
        if near and behind:
            label = _person(rng, canvas, thing, cutouts, label)
        canvas.paint(thing.prisms, thing.label)
        if near and not behind:
            label = _person(rng, canvas, thing, cutouts, label)
    if rng.random() < 0.18:
        _bush(rng, canvas)


def _person(rng: Rng, canvas: Canvas, thing: Thing, cutouts: list[Image], label: int) -> int:
    """Stand a cut-out at the thing or, for an upright ladder, on one of its rungs."""
    cutout = cutouts[rng.integers(len(cutouts))]
    cutout = cv2.flip(cutout, 1) if rng.random() < 0.5 else cutout
    climbs = thing.label != OTHER and rng.random() < 0.35
    if climbs:
        prism = thing.prisms[int(rng.integers(len(thing.prisms)))]
        foot = (prism.start + prism.end) / 2 + np.array([0, 0, -0.25])
        foot[1] = max(foot[1] - 0.6, 0.0)
    else:
        foot = thing.foot + np.array([rng.normal(0, 0.9), 0, rng.normal(0, 0.5)])
        foot[1] = 0.0
    depth = float(canvas.camera.view(foot)[2])
    if depth < 1.0:
        return label
    height = int(canvas.camera.focal_px * rng.uniform(1.55, 1.9) / depth)
    if not 10 < height < CANVAS_PX * 1.6:
        return label
    width = max(4, int(height * cutout.shape[1] / cutout.shape[0]))
    body = cv2.resize(cutout, (width, height), interpolation=cv2.INTER_AREA)
    x, y = canvas.camera.project(foot)
    _paste(canvas, _redressed(rng, body), (int(x - width / 2), int(y - height)), label)
    return label + 1


def _redressed(rng: Rng, body: Image) -> Image:
    """The cut-out in another light and, below the head, in clothes of another colour."""
    colour = body[..., :3].astype(np.float32)
    neck, waist = int(0.17 * len(body)), int(rng.uniform(0.4, 0.6) * len(body))
    for part in (slice(neck, waist), slice(waist, None)):
        if rng.random() < 0.6:
            colour[part] = colour[part] * rng.uniform(0.4, 1.3) + rng.uniform(0, 130, 3)
    colour = np.clip(colour * rng.uniform(0.5, 1.3), 0, 255)
    return np.dstack([colour.astype(np.uint8), body[..., 3]])


def _bush(rng: Rng, canvas: Canvas) -> None:
    side = int(rng.uniform(0.15, 0.45) * CANVAS_PX)
    picture, alpha = facades.foliage(rng, (side, side))
    corner = int(rng.integers(-side // 2, CANVAS_PX)), int(rng.uniform(0.45, 0.95) * CANVAS_PX)
    _paste(canvas, np.dstack([picture, alpha]), corner, OTHER)


def _paste(canvas: Canvas, cutout: Image, corner: tuple[int, int], label: int) -> None:
    height, width = cutout.shape[:2]
    left, top = max(corner[0], 0), max(corner[1], 0)
    right, bottom = min(corner[0] + width, CANVAS_PX), min(corner[1] + height, CANVAS_PX)
    if right - left < 4 or bottom - top < 4:
        return
    part = cutout[top - corner[1] : bottom - corner[1], left - corner[0] : right - corner[0]]
    alpha = part[..., 3:].astype(np.float32) / 255
    region = canvas.picture[top:bottom, left:right]
    region[:] = (region * (1 - alpha) + part[..., :3] * alpha).astype(np.uint8)
    canvas.mask[top:bottom, left:right][part[..., 3] > 127] = label
    canvas.whole_px[label] = int((part[..., 3] > 127).sum())


def _finish(rng: Rng, canvas: Canvas, people: Array, *, night: bool) -> Example:
    """Scale down, read the boxes off the mask, and put the picture through a camera."""
    size = (SIDE_PX, SIDE_PX)
    picture = cv2.resize(canvas.picture, size, interpolation=cv2.INTER_AREA)
    boxes = _mask_boxes(canvas) + _photo_people(canvas, people)
    mode = rng.uniform(0.8 if night else 0.0, 1.0)
    if mode < 0.72:
        return Example(degrade.camera_look(rng, picture), boxes)
    if mode < 0.87:
        return Example(degrade.infrared(rng, picture), boxes)
    mask = cv2.resize(canvas.mask, size, interpolation=cv2.INTER_NEAREST)
    bodies = ((mask >= FIRST_PERSON) & (mask < OTHER)).astype(np.uint8) * 255
    things = ((mask >= FIRST_LADDER) & (mask < FIRST_PERSON)).astype(np.uint8) * 255
    return Example(degrade.thermal(rng, picture, bodies, things), boxes)


def _mask_boxes(canvas: Canvas) -> list[tuple[int, float, float, float, float]]:
    boxes = []
    scale = SIDE_PX / CANVAS_PX
    for label, whole in canvas.whole_px.items():
        seen = canvas.mask == label
        if label == OTHER or seen.sum() < max(30, MIN_SEEN * whole):
            continue
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        box = columns[0] * scale, rows[0] * scale, (columns[-1] + 1) * scale, (rows[-1] + 1) * scale
        if max(box[2] - box[0], box[3] - box[1]) >= 2 * MIN_SIDE_PX:
            boxes.append((PERSON if label >= FIRST_PERSON else LADDER, *map(float, box)))
    return boxes


def _photo_people(canvas: Canvas, people: Array) -> list[tuple[int, float, float, float, float]]:
    boxes = []
    scale = SIDE_PX / CANVAS_PX
    for x1, y1, x2, y2 in people:
        left, top, right, bottom = (float(np.clip(v, 0, CANVAS_PX)) for v in (x1, y1, x2, y2))
        area = (right - left) * (bottom - top)
        if area < 0.4 * (x2 - x1) * (y2 - y1) or min(right - left, bottom - top) < 4:
            continue
        covered = canvas.mask[int(top) : int(bottom), int(left) : int(right)] > 0
        if covered.size and covered.mean() < 0.6:
            boxes.append((PERSON, left * scale, top * scale, right * scale, bottom * scale))
    return boxes
