"""Pictures of what was missed and what was told falsely."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import cv2
import numpy as np

from detector.benchmark.details import WHAT
from detector.benchmark.report import Failure
from detector.benchmark.wording import words
from detector.errors import StreamError
from detector.evidence.overlay import Note, encode_jpeg, marked
from detector.streams import InputSettings, open_source
from detector.types import U8, CameraId, Frame, Severity, Xyxy

LIMIT = 60
WIDTH_PX = 480
_QUALITY = 80
_SMALL = 0.2
"""A box lower than this share of the picture gets a loupe."""
_LOUPE = 0.4
"""Height of the loupe as a share of the picture's."""
_AROUND = 1.6
"""How many times the box's larger side the loupe shows."""
_COLOURS: Mapping[str, Severity] = {
    "missed": Severity.ALERT,
    "late": Severity.WELFARE,
    "false": Severity.DETECTION,
}

_log = logging.getLogger(__name__)


def choose(
    failures: Sequence[Failure], alert_kinds: Collection[str], limit: int = LIMIT
) -> tuple[int, ...]:
    """Give the indices of the failures to be shown, the gravest first.

    Missed events of alert kinds come first, then false alarms, then all others; within each in the
    order of the report.
    """

    def gravity(index: int) -> int:
        failure = failures[index]
        if failure.what == "missed" and failure.kind in alert_kinds:
            return 0
        return 1 if failure.what == "false" else 2

    return tuple(sorted(range(len(failures)), key=gravity)[:limit])


def pictures(
    failures: Sequence[Failure],
    inputs: Mapping[str, InputSettings],
    alert_kinds: Collection[str],
    limit: int = LIMIT,
) -> dict[int, bytes]:
    """Take a picture of each chosen failure, reading each recording once.

    Args:
        failures: as in the report.
        inputs: how to open the recording, by the failures' ``clip``.
        alert_kinds: kinds whose severity is alert.
        limit: most pictures.

    Returns:
        JPEG by index into ``failures``, at most ``WIDTH_PX`` wide. Of a recording that breaks off
        there is none of what comes after; that is logged.

    Raises:
        StreamError: a recording cannot be opened.
    """
    by_clip: dict[str, list[int]] = defaultdict(list)
    for index in choose(failures, alert_kinds, limit):
        by_clip[failures[index].clip].append(index)
    taken: dict[int, bytes] = {}
    for clip, indices in by_clip.items():
        settings = inputs[clip].model_copy(update={"pace": "fast", "loop": False})
        wanted = sorted(indices, key=lambda index: failures[index].at_s)
        with open_source(settings, CameraId(clip)) as source:
            nearest = _nearest(source, [failures[index].at_s for index in wanted])
            try:
                for index, frame in zip(wanted, nearest, strict=True):
                    taken[index] = encode_jpeg(_drawn(frame.image, failures[index]), _QUALITY)
            except StreamError as error:
                _log.warning("%s: no picture of what comes after: %s", clip, error)
    return taken


def _nearest(frames: Iterable[Frame], times_s: Sequence[float]) -> Iterator[Frame]:
    """Give for each of the rising times the frame nearest to it, without reading further.

    Raises:
        StreamError: the recording broke off; the frames up to there have been given.
    """
    before: Frame | None = None
    pending = list(times_s)
    for frame in frames:
        while pending and frame.pts >= pending[0]:
            at_s = pending.pop(0)
            closer = before is not None and at_s - before.pts < frame.pts - at_s
            yield before if closer and before is not None else frame
        if not pending:
            return
        before = frame
    if before is not None:
        yield from (before for _ in pending)


def _drawn(image: U8, failure: Failure) -> U8:
    """Draw the failure's box, named, and what is in it larger where it is small."""
    if failure.box is None:
        return _scaled(image, min(WIDTH_PX / image.shape[1], 1.0))
    note = Note(f"{WHAT[failure.what]}: {words(failure.kind)}", _COLOURS[failure.what])
    drawn = marked(image, failure.box, note, WIDTH_PX)
    if failure.box[3] - failure.box[1] < _SMALL * image.shape[0]:
        _add_loupe(drawn, image, failure.box)
    return drawn


def _add_loupe(drawn: U8, image: U8, box: Xyxy) -> None:
    """Put the surroundings of a small box, enlarged, into the lower corner away from it."""
    height, width = image.shape[:2]
    side = min(round(_AROUND * max(box[2] - box[0], box[3] - box[1], 8)), height, width)
    x = min(max(round((box[0] + box[2] - side) / 2), 0), width - side)
    y = min(max(round((box[1] + box[3] - side) / 2), 0), height - side)
    edge = round(_LOUPE * drawn.shape[0])
    loupe = _scaled(image[y : y + side, x : x + side], edge / side)
    edge = loupe.shape[0]
    left = drawn.shape[1] - edge if (box[0] + box[2]) / 2 < width / 2 else 0
    top = drawn.shape[0] - edge
    drawn[top:, left : left + edge] = loupe
    cv2.rectangle(drawn, (left, top), (left + edge - 1, top + edge - 1), (255, 255, 255), 2)


def _scaled(image: U8, factor: float) -> U8:
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=way), np.uint8)
