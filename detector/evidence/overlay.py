"""Draws what the service saw onto a picture: boxes, zones, the barrier with its sides, the state.

Everything is drawn after the picture got its final size, so that lines and letters stay legible on
a thumbnail and on a wall screen. Lines have a dark rim and letters stand on a plate: both can be
read on snow and at night. The colours are told apart with every common form of colour blindness,
and each is paired with a word.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from detector.scene import Barrier, Scene, Zone
from detector.types import F64, U8, Direction, Frame, ObjectClass, Severity, TrackId, Tracks, Xyxy

Bgr = tuple[int, int, int]
I32 = npt.NDArray[np.int32]

_RIM: Bgr = (24, 20, 16)
_WHITE: Bgr = (255, 255, 255)
_ZONE: Bgr = (233, 180, 86)  # sky blue
_BARRIER: Bgr = (66, 228, 240)  # yellow
_OBJECT: Mapping[ObjectClass, Bgr] = {
    ObjectClass.PERSON: (115, 200, 0),  # green
    ObjectClass.LADDER: (0, 159, 230),  # orange
}
_SEVERITY: Mapping[Severity, Bgr] = {
    Severity.INFO: (120, 96, 72),
    Severity.DETECTION: (178, 114, 0),  # blue
    Severity.ALERT: (40, 60, 213),  # vermilion
    Severity.WELFARE: (150, 60, 150),  # purple
}
_ZONE_OPACITY = 0.16
_MIN_TEXT_PX = 11
WEIGHT = 500
"""One weight everywhere: OpenCV keeps the last one in the font that all threads share."""
_BRIGHT = 110
_TEXT_SHARE = 1 / 40
"""Height of the letters as a share of the picture's height."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is written beside a track's box, and how grave it is."""

    text: str
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Banner:
    """The line along the upper edge: camera, state, what goes on."""

    text: str
    severity: Severity = Severity.INFO


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Picture:
    """One analysed frame with everything that was known about it at that moment.

    Attributes:
        frame: the picture.
        tracks: who was seen in it.
        scene: zones and barriers of the camera; None where nothing is drawn.
        notes: what to write beside a track.
        directions: by barrier, which crossings count; "" and a missing name mean both.
    """

    frame: Frame
    tracks: Tracks
    scene: Scene | None = None
    notes: Mapping[TrackId, Note] = field(default_factory=dict)
    directions: Mapping[str, Direction] = field(default_factory=dict)


def distance_text(distance_m: float, *, estimated: bool) -> str:
    """Write a distance to the barrier as people read it.

    >>> distance_text(3.25, estimated=False), distance_text(12.4, estimated=True)
    ('3.2 m', '≈ 12 m')
    """
    digits = f"{distance_m:.1f}" if abs(distance_m) < 10 else f"{distance_m:.0f}"  # noqa: PLR2004
    return f"≈ {digits} m" if estimated else f"{digits} m"


def draw(picture: Picture, banner: Banner | None = None, height_px: int | None = None) -> U8:
    """Draw the overlays of ``picture`` onto a copy of its frame.

    Args:
        picture: is not changed.
        banner: drawn on top of everything else.
        height_px: height of the result; it is never larger than the frame.

    Returns:
        (H, W, 3) uint8 BGR, writeable, of the frame's proportions.
    """
    canvas = _Canvas(_resized(picture.frame.image, height_px))
    if picture.scene is not None:
        canvas.scene(picture.scene, picture.directions)
    canvas.tracks(picture)
    if banner is not None:
        canvas.banner(banner)
    return canvas.image


def marked(image: U8, box: Xyxy, note: Note, width_px: int) -> U8:
    """Draw one thick box with its note onto a copy of a picture.

    Args:
        image: (H, W, 3) uint8 BGR; is not changed.
        box: x1, y1, x2, y2 in pixels of ``image``.
        note: what is written beside it; its severity gives the colour.
        width_px: width of the result; it is never larger than the picture.

    Returns:
        (H', W', 3) uint8 BGR, writeable, of the picture's proportions.
    """
    height, width = image.shape[:2]
    canvas = _Canvas(_resized(image, max(1, round(height * width_px / width))))
    canvas.mark(np.array(box, np.float64) * (canvas.image.shape[1] / width), note)
    return canvas.image


def encode_jpeg(image: U8, quality: int = 85) -> bytes:
    """Compress a (H, W, 3) uint8 BGR picture as JPEG; ``quality`` in 1..100."""
    done, data = cv2.imencode(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, quality))
    if not done:
        raise ValueError(f"JPEG: expected a (H, W, 3) uint8 picture, found {image.shape}")
    return data.tobytes()


def _resized(image: U8, height_px: int | None) -> U8:
    height, width = image.shape[:2]
    if height_px is None or height_px >= height:
        return image.copy()
    size = (max(1, round(width * height_px / height)), height_px)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


class _Canvas:
    """A picture being drawn on, with line widths and letters that fit its size."""

    def __init__(self, image: U8) -> None:
        self.image = image
        self._height, self._width = image.shape[:2]
        self._text_px = max(_MIN_TEXT_PX, round(self._height * _TEXT_SHARE))
        self._pad_px = max(2, self._text_px // 5)
        self._line_px = max(1, round(self._height / 400))
        self._font = cv2.FontFace("sans")

    def scene(self, scene: Scene, directions: Mapping[str, Direction]) -> None:
        """Draw what is enabled: zones below, barriers above."""
        scale = np.array((self._width, self._height), np.float64) / scene.size
        for zone in scene.zones.values():
            if zone.settings.enabled:
                self._zone(zone, _rounded(zone.polygon * scale))
        for barrier in scene.barriers.values():
            if barrier.settings.enabled:
                if len(barrier.top):
                    self._line(_rounded(barrier.top * scale), _BARRIER, closed=False)
                points = _rounded(barrier.points * scale)
                self._barrier(barrier, points, directions.get(barrier.name, ""))

    def _zone(self, zone: Zone, points: I32) -> None:
        """Tint the area, draw its border, write its name inside its upper left corner."""
        tinted = self.image.copy()
        cv2.fillPoly(tinted, [points], _ZONE)
        cv2.addWeighted(tinted, _ZONE_OPACITY, self.image, 1 - _ZONE_OPACITY, 0, dst=self.image)
        self._line(points, _ZONE, closed=True)
        x, y = points[np.argmin(points.sum(axis=1))]
        self._label(zone.settings.friendly_name or zone.name, (int(x), int(y)), _ZONE, below=True)

    def _barrier(self, barrier: Barrier, points: I32, direction: Direction) -> None:
        """Draw the foot line, the directions that count, and the names of the sides."""
        self._line(points, _BARRIER, closed=False, widen=1)
        middle, along = _middle(points)
        right = np.array([-along[1], along[0]])  # y grows downwards: the walker's right hand
        self._arrow(middle, right, direction)
        self._side(barrier.settings.sides.left, middle, -right)
        self._side(barrier.settings.sides.right, middle, right)
        name = barrier.settings.friendly_name or barrier.name
        self._label(name, (int(points[0][0]), int(points[0][1])), _BARRIER, below=False)

    def tracks(self, picture: Picture) -> None:
        """Draw each track's box with its class and its note, or else its score."""
        scale = self._height / picture.frame.size[1]
        tracks = picture.tracks
        for box, score, class_id, track_id in zip(
            tracks.xyxy, tracks.confidence, tracks.class_id, tracks.track_id, strict=True
        ):
            kind = ObjectClass(int(class_id))
            note = picture.notes.get(TrackId(int(track_id)))
            grave = note.severity if note else None
            colour = _OBJECT[kind] if grave is None else _SEVERITY[grave]
            x1, y1, x2, y2 = (int(v) for v in np.rint(box * scale))
            corners = np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], np.int32)
            self._line(corners, colour, closed=True)
            self._label(_words(kind, float(score), note), (x1, y1), colour, below=False)

    def mark(self, box: F64, note: Note) -> None:
        """Draw one box, so thick that it is found at a glance, with its note above it."""
        x1, y1, x2, y2 = (int(v) for v in np.rint(box))
        corners = np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)], np.int32)
        colour = _SEVERITY[note.severity or Severity.INFO]
        self._line(corners, colour, closed=True, widen=2)
        self._label(note.text, (x1, y1 - 2), colour, below=False)

    def banner(self, banner: Banner) -> None:
        """Write a line along the upper edge on the colour of its severity."""
        depth = round(1.7 * self._text_px)
        cv2.rectangle(self.image, (0, 0), (self._width, depth), _SEVERITY[banner.severity], -1)
        self._write(banner.text, (round(0.5 * self._text_px), round(1.2 * self._text_px)), _WHITE)

    def _line(self, points: I32, colour: Bgr, *, closed: bool, widen: int = 0) -> None:
        shape = [points]
        width = self._line_px + widen
        cv2.polylines(self.image, shape, closed, _RIM, width + 2, cv2.LINE_AA)
        cv2.polylines(self.image, shape, closed, colour, width, cv2.LINE_AA)

    def _arrow(self, middle: F64, right: F64, direction: Direction) -> None:
        """Point across the barrier the way that counts; both ways when both do."""
        ends = np.rint([middle - right * self._text_px, middle + right * self._text_px])
        left_end, right_end = ([int(x), int(y)] for x, y in ends)
        arrows = {
            "left_to_right": ((left_end, right_end),),
            "right_to_left": ((right_end, left_end),),
            "": ((left_end, right_end), (right_end, left_end)),
        }
        for colour, width in ((_RIM, self._line_px + 2), (_BARRIER, self._line_px)):
            for tail, tip in arrows[direction]:
                cv2.arrowedLine(self.image, tail, tip, colour, width, cv2.LINE_AA, tipLength=0.35)

    def _label(self, text: str, corner: tuple[int, int], colour: Bgr, *, below: bool) -> None:
        """Write on a chip of ``colour`` above (or below) a corner, moved to stay in the picture."""
        depth = self._text_px + 2 * self._pad_px
        self._chip(text, corner[0], corner[1] if below else corner[1] - depth, colour)

    def _chip(self, text: str, x: int, y: int, colour: Bgr) -> None:
        width, depth = self._text_width(text) + 2 * self._pad_px, self._text_px + 2 * self._pad_px
        x = min(max(0, x), max(0, self._width - width))
        y = min(max(0, y), max(0, self._height - depth))
        cv2.rectangle(self.image, (x, y), (x + width, y + depth), colour, -1)
        ink = _RIM if _luma(colour) > _BRIGHT else _WHITE
        self._write(text, (x + self._pad_px, y + depth - round(1.6 * self._pad_px)), ink)

    def _side(self, name: str, middle: F64, away: F64) -> None:
        """Write the name of a side beyond the arrow's end, centred on the line of the arrow."""
        width, depth = self._text_width(name), self._text_px + 2 * self._pad_px
        width += 2 * self._pad_px
        reach = 1.3 * self._text_px + abs(away[0]) * width / 2 + abs(away[1]) * depth / 2
        centre = middle + away * reach
        self._chip(name, round(centre[0] - width / 2), round(centre[1] - depth / 2), _RIM)

    def _text_width(self, text: str) -> int:
        size = (self._width, self._height)
        return int(cv2.getTextSize(size, text, (0, 0), self._font, self._text_px, WEIGHT)[2])

    def _write(self, text: str, start: tuple[int, int], ink: Bgr) -> None:
        cv2.putText(self.image, text, start, ink, self._font, self._text_px, WEIGHT)


def _words(kind: ObjectClass, score: float, note: Note | None) -> str:
    if note is None:
        return f"{kind.label} {score:.2f}"
    return note.text if note.text.startswith(kind.label) else f"{kind.label} · {note.text}"


def _rounded(points: F64) -> I32:
    return np.rint(points).astype(np.int32)


def _luma(colour: Bgr) -> float:
    blue, green, red = colour
    return 0.114 * blue + 0.587 * green + 0.299 * red


def _middle(points: I32) -> tuple[F64, F64]:
    """Point halfway along a polyline, in pixels, and the unit direction of walking there."""
    steps = np.diff(points.astype(np.float64), axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    walked = np.concatenate(([0.0], np.cumsum(lengths)))
    half = walked[-1] / 2
    part = min(int(np.searchsorted(walked, half, side="right")) - 1, len(steps) - 1)
    length = max(float(lengths[part]), 1e-9)
    along = steps[part] / length
    return points[part] + along * (half - walked[part]), along
