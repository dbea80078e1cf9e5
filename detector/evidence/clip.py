"""Clips of what happened: from the packets of a live camera, or cut out of a recording."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

import av
import av.error
from av.container import InputContainer
from av.video.stream import VideoStream

from detector.errors import EvidenceError
from detector.evidence.clip_check import ClipFile, captured_between, verify_clip
from detector.evidence.clip_times import longest_part, timed
from detector.evidence.clip_writer import store_clip
from detector.streams.base import redact, scheme_of
from detector.streams.packets import Packet
from detector.streams.pictures import fps_of, quarters_of
from detector.streams.privacy import NO_MASKS, ClipMasks
from detector.streams.tap import coding_of, says_when_shown

__all__ = ["ClipFile", "cut_recording", "mask_clip", "verify_clip", "write_clip"]

_DEFAULT_FPS = 25.0
_LAST_SHOWS_S = 1.0  # a picture is taken to be shown so long after the last


def write_clip(packets: Sequence[Packet], path: Path, masks: ClipMasks = NO_MASKS) -> ClipFile:
    """Write ``packets`` as an MP4, decode it to the end, and only then give it its name.

    H.264 and HEVC are copied bit by bit. Anything else (MJPEG above all) is encoded as H.264, as
    browsers play no other; so is everything where ``masks`` are to be burnt in, what lies on its
    side, and what does not say when each picture is shown. Where the coding changes within the
    packets only the longest consistent part is kept, see ``longest_part``.

    Args:
        packets: in the order in which they came, as ``PacketRing.between`` gives them.
        path: where the clip goes, replacing what is there; ``<name>.part`` beside it meanwhile.
        masks: what nobody may see.

    Raises:
        EvidenceError: there is nothing to write, it cannot be written, or what was written does not
            decode as it should. No file is left behind, and none that was there is touched.
    """
    part = longest_part(packets)
    if not part:
        raise EvidenceError(
            f"{path}: expected packets from a key frame on, found {len(packets)} without one"
        )
    quarters = part[0].coding.quarters
    return store_clip(timed(part), path, masks, quarters=quarters, anew=_is_untold(part))


def cut_recording(
    source: Path | str,
    begin_s: float,
    end_s: float,
    path: Path,
    masks: ClipMasks = NO_MASKS,
    *,
    begun_at: float | None = None,
) -> ClipFile:
    """Write what a recording shows from ``begin_s`` to ``end_s`` as a clip.

    It begins at the key frame at or before ``begin_s`` and is copied or encoded as by
    ``write_clip``. Recordings that are turned, or do not say when each picture is shown (raw H.264,
    AVI with B-frames), are encoded anew.

    Args:
        source: a file, ``file://`` or ``http(s)://`` address.
        begin_s: seconds from the recording's first picture.
        end_s: likewise, of the last picture wanted.
        path: where the clip goes, as in ``write_clip``.
        masks: what nobody may see.
        begun_at: UTC epoch seconds of the first picture; None takes what the recording says, and
            counts from 1970 where it says nothing.

    Raises:
        EvidenceError: the recording cannot be read or has nothing there, or as in ``write_clip``.
    """
    with _recording(source) as (container, stream):
        begun_at = _begun_at(container) if begun_at is None else begun_at
        part = longest_part(_between(container, stream, (begin_s, end_s), begun_at))
        if not part:
            raise EvidenceError(
                f"{redact(str(source))}: expected pictures from {begin_s:.3f} to {end_s:.3f} s, "
                "found none"
            )
        quarters = _quarters(container, stream)
        anew = any(packet.pts is None for packet in part)
        return store_clip(timed(part), path, masks, quarters=quarters, anew=anew, template=stream)


def mask_clip(clip: Path, path: Path, masks: ClipMasks) -> ClipFile:
    """Write a clip once more with ``masks`` burnt in; all its pictures keep their times.

    Args:
        clip: as ``write_clip`` or ``cut_recording`` wrote it; when it was taken stands in both.
        path: where the masked one goes, as in ``write_clip``.
        masks: asked with the UTC of the clip's first picture plus the seconds a player shows.

    Raises:
        EvidenceError: the clip cannot be read, or as in ``write_clip``.
    """
    with _recording(clip) as (container, stream):
        first_at, last_at = captured_between(clip, container.metadata.get("comment", ""))
        packets = [packet for packet, _, _ in _packets(container, stream, first_at)]
        newest = max(packets, key=lambda packet: packet.arrived_at, default=None)
        # The camera's clock may have gone otherwise than the pictures' own times.
        part = longest_part(
            [replace(p, captured_at=last_at) if p is newest else p for p in packets]
        )
        if not part:
            raise EvidenceError(f"{clip}: expected pictures from a key frame on, found none")
        return store_clip(timed(part), path, masks, anew=True, template=stream)


@contextmanager
def _recording(source: Path | str) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a recording and its video track; what cannot be read is an EvidenceError."""
    name = redact(str(source))
    try:
        with _opened(source) as container:
            stream = container.streams.best("video")
            if not isinstance(stream, VideoStream) or stream.codec_context is None:
                raise EvidenceError(f"{name}: expected a video track of a known codec, found none")
            yield container, stream
    except (av.error.FFmpegError, OSError) as error:
        said = redact(str(error))
        raise EvidenceError(f"{name}: expected a recording to cut, found: {said}") from None


def _is_untold(part: Sequence[Packet]) -> bool:
    """Whether it is not said when each picture is shown; only its decoder knows their order then.

    The first packet of a connection over RTSP has no time, and needs none.
    """
    return any(b.pts is None and b.coding is a.coding for a, b in pairwise(part))


def _opened(source: Path | str) -> InputContainer:
    given = str(source)
    if isinstance(source, Path) or scheme_of(given) == "file":
        plain = unquote(given[len("file://") :]) if given.startswith("file://") else given
        given = f"file:{plain}"
    return av.open(given)


def _begun_at(container: InputContainer) -> float:
    """Give UTC epoch seconds as written in the file, else 0."""
    try:
        begun = datetime.fromisoformat(container.metadata.get("creation_time", ""))
    except ValueError:
        return 0.0
    return begun.replace(tzinfo=begun.tzinfo or UTC).timestamp()


def _between(
    container: InputContainer, stream: VideoStream, wanted: tuple[float, float], begun_at: float
) -> list[Packet]:
    """Give the packets from the key frame at or before ``wanted`` to its end, in their order."""
    base = stream.time_base or Fraction(1, 90_000)
    start = stream.start_time
    if start is not None and wanted[0] > 0.0:
        with suppress(av.error.FFmpegError):
            target = start + int(wanted[0] / base)
            container.seek(target, stream=stream, backward=True)
            kept = _taken(_packets(container, stream, begun_at), wanted)
            if kept and kept[0].arrived_at - begun_at <= wanted[0]:
                return kept
        container.seek(start, stream=stream, backward=True)  # the index led too far, or is none
    return _taken(_packets(container, stream, begun_at), wanted)


def _taken(
    packets: Iterator[tuple[Packet, float, float]], wanted: tuple[float, float]
) -> list[Packet]:
    kept: list[Packet] = []
    reached = False
    for packet, shown_s, decoded_s in packets:
        if decoded_s > wanted[1]:
            break
        if packet.is_key and shown_s <= wanted[0]:
            kept.clear()
        if packet.is_key or kept:
            kept.append(packet)
            reached = reached or shown_s >= wanted[0] - _LAST_SHOWS_S
    return kept if reached else []


def _packets(
    container: InputContainer, stream: VideoStream, begun_at: float
) -> Iterator[tuple[Packet, float, float]]:
    """Give the packets with the seconds at which each is shown and decoded.

    A recording that is cut off gives what came before; the clip then ends there as well.
    """
    coding, told = coding_of(stream), says_when_shown(stream)
    base = coding.time_base
    start, step_s, number = stream.start_time or 0, 1.0 / (fps_of(stream) or _DEFAULT_FPS), 0
    with suppress(av.error.InvalidDataError, IndexError):
        for packet in container.demux(stream):
            if not packet.size:
                continue
            stamp = packet.pts if packet.pts is not None else packet.dts
            shown_s = number * step_s if stamp is None else float((stamp - start) * base)
            decoded_s = shown_s if packet.dts is None else float((packet.dts - start) * base)
            number += 1
            at, key = begun_at + shown_s, packet.is_keyframe
            pts = packet.pts if told else None
            kept = Packet(bytes(packet), coding, pts, packet.dts, key, at, at)
            yield kept, shown_s, min(shown_s, decoded_s)


def _quarters(container: InputContainer, stream: VideoStream) -> int:
    """Give the counter-clockwise quarter turns that make the recording upright."""
    if stream.start_time is None:  # a raw stream: nowhere to go back to, and no flag of that kind
        return 0
    container.seek(stream.start_time, stream=stream, backward=True)
    with suppress(av.error.FFmpegError, StopIteration):
        return quarters_of(next(container.decode(stream)))
    return 0
