"""Looks at a clip that was written: decodes it to the end before anybody says that it is there."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import av
import av.error
from av.video.stream import VideoStream

from detector.errors import EvidenceError

if TYPE_CHECKING:  # generic for the type checker only
    from av.packet import Packet

_GAP_S = 1.0
_SLACK_S = 0.5  # a damaged picture may be missing at the end
_CAPTURED = re.compile(r"^captured (\S+)/(\S+)$")


@dataclass(frozen=True, slots=True)
class ClipFile:
    """A clip that was decoded from its first to its last picture.

    Attributes:
        duration_s: from the begin of the first picture to the end of the last.
        pictures: how many could be decoded.
        width: pixels.
        height: pixels.
        codec: "h264" or "hevc".
        sha256: of the file, hexadecimal.
        bytes: size of the file.
        first_captured_at: UTC epoch seconds at which the first picture was taken.
        last_captured_at: likewise of the last one.
        gaps: (begin, end) in seconds of the clip between pictures more than a second apart.
        damaged: pictures that the decoder calls damaged, and packets it could not decode; they were
            received so, and are kept as they are.
    """

    duration_s: float
    pictures: int
    width: int
    height: int
    codec: str
    sha256: str
    bytes: int
    first_captured_at: float
    last_captured_at: float
    gaps: tuple[tuple[float, float], ...] = ()
    damaged: int = 0


@dataclass(frozen=True, slots=True)
class _Seen:
    packets_s: Sequence[float]
    pictures_s: Sequence[float]
    end_s: float
    damaged: int


def captured_note(first_at: float, last_at: float) -> str:
    """Give the line in which a clip itself says when it was taken; UTC, to the microsecond.

    >>> captured_note(0.5, 2.0)
    'captured 1970-01-01T00:00:00.500000+00:00/1970-01-01T00:00:02.000000+00:00'
    """
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (first_at, last_at))
    return f"captured {begin.isoformat('T', 'microseconds')}/{end.isoformat('T', 'microseconds')}"


def captured_between(path: Path, note: str) -> tuple[float, float]:
    """Read what ``captured_note`` wrote: UTC epoch seconds of the first and the last picture.

    Raises:
        EvidenceError: the clip at ``path`` has no such note.
    """
    found = _CAPTURED.match(note)
    if found is None:
        raise EvidenceError(f"{path}: expected a note of when it was taken, found {note!r}")
    first, last = (datetime.fromisoformat(text).timestamp() for text in found.groups())
    return first, last


def verify_clip(path: Path) -> ClipFile:
    """Decode every picture of a clip that ``write_clip`` or ``cut_recording`` wrote.

    Raises:
        EvidenceError: it is not there, cannot be decoded from its first picture on, does not begin
            at 0, ends before its declared end, or does not say when it was taken.
    """
    try:
        with av.open(str(path), format="mp4") as container:
            stream = container.streams.best("video")
            if not isinstance(stream, VideoStream):
                raise EvidenceError(f"{path}: expected a video track, found none")
            seen = _decode(container.demux(stream), stream)
            declared_s = float((stream.duration or 0) * (stream.time_base or 0))
            _check(path, seen, declared_s)
            first_at, last_at = captured_between(path, container.metadata.get("comment", ""))
            size, codec = (stream.width, stream.height), stream.codec_context.codec.canonical_name
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            length = file.tell()
    except (av.error.FFmpegError, OSError) as error:
        raise EvidenceError(f"{path}: expected a whole clip, found: {error}") from error
    gaps = tuple((a, b) for a, b in pairwise(seen.pictures_s) if b - a > _GAP_S)
    count = len(seen.pictures_s)
    return ClipFile(
        declared_s, count, *size, codec, digest, length, first_at, last_at, gaps, seen.damaged
    )


def _decode(packets: Iterable["Packet[VideoStream]"], stream: VideoStream) -> _Seen:
    """Decode everything; damage is counted, as players go on over it as well."""
    context = stream.codec_context
    context.thread_count = 1  # it runs beside the detection
    due_s: list[float] = []
    shown_s: list[float] = []
    damaged = 0
    for packet in packets:
        if packet.size and packet.pts is not None:
            due_s.append(float(packet.pts * packet.time_base))
        try:
            pictures = context.decode(packet if packet.size else None)
        except av.error.InvalidDataError:
            damaged += 1
            continue
        damaged += sum(picture.is_corrupt for picture in pictures)
        shown_s += [picture.time for picture in pictures if picture.time is not None]
    due_s.sort()
    # Not by the packets' durations: those are distances in the order of decoding.
    steps_s = [b - a for a, b in pairwise(due_s)]
    end_s = due_s[-1] + (median(steps_s) if steps_s else 0.0) if due_s else 0.0
    return _Seen(due_s, shown_s, end_s, damaged)


def _check(path: Path, seen: _Seen, declared_s: float) -> None:
    """Raise EvidenceError unless what was decoded is what the file declares."""
    if not seen.pictures_s:
        raise EvidenceError(f"{path}: expected pictures, found none that can be decoded")
    first_s, last_s = seen.pictures_s[0], seen.pictures_s[-1]
    if first_s > _SLACK_S or first_s < 0.0 or first_s != seen.packets_s[0]:
        raise EvidenceError(f"{path}: expected a picture at 0 s, found the first at {first_s:.3f}")
    if abs(seen.end_s - declared_s) > _SLACK_S:
        raise EvidenceError(
            f"{path}: expected {declared_s:.3f} s as declared, found {seen.end_s:.3f} s"
        )
    if seen.packets_s[-1] - last_s > _SLACK_S:
        raise EvidenceError(
            f"{path}: expected pictures up to {seen.packets_s[-1]:.3f} s, found the last that can "
            f"be decoded at {last_s:.3f} s"
        )
    if 2 * len(seen.pictures_s) < len(seen.packets_s):
        raise EvidenceError(
            f"{path}: expected {len(seen.packets_s)} pictures, found {len(seen.pictures_s)} "
            "that can be decoded"
        )
