"""Writes packets whose times are known into an MP4 that browsers play, and looks at it."""

import heapq
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import av.error
import numpy as np
from av.codec.context import CodecContext
from av.packet import Packet as AvPacket
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from detector.errors import DetectorError, EvidenceError
from detector.evidence.clip_check import ClipFile, captured_note, verify_clip
from detector.evidence.clip_times import (
    TICKS_PER_S,
    TIME_BASE,
    TimedPacket,
    typical_step,
)
from detector.evidence.durable import replacing
from detector.evidence.video import VideoWriter
from detector.streams.packets import BEGINNINGS, Coding, Packet
from detector.streams.privacy import NO_MASKS, ClipMasks

_TAGS = {"h264": "avc1", "hevc": "hvc1"}  # hvc1: Safari plays no HEVC that is tagged hev1
_SAME_END_S = 0.5  # between what was asked for and what the file holds


@dataclass(frozen=True, slots=True)
class _Changes:
    """What is done to pictures before they are encoded anew.

    Attributes:
        masks: what is filled with black.
        quarters: counter-clockwise quarter turns that make a recording upright.
    """

    masks: ClipMasks = NO_MASKS
    quarters: int = 0

    def __bool__(self) -> bool:
        return bool(self.masks) or self.quarters != 0


def store_clip(
    clip: Sequence[TimedPacket],
    path: Path,
    masks: ClipMasks = NO_MASKS,
    *,
    quarters: int = 0,
    anew: bool = False,
    template: VideoStream | None = None,
) -> ClipFile:
    """Write a clip (at least one packet), decode it to the end, and only then give it its name.

    H.264 and HEVC are copied bit by bit. Anything else (MJPEG above all) is encoded as H.264, as
    browsers play no other; so is everything where something is to be changed.

    Args:
        clip: packets with their times, in the order of decoding.
        path: where the clip goes, replacing what is there; ``<name>.part`` beside it meanwhile.
        masks: what nobody may see.
        quarters: counter-clockwise quarter turns that make the pictures upright.
        anew: encode in any case.
        template: the open stream the packets were read from; None for those with start codes.

    Raises:
        EvidenceError: it cannot be written, or does not decode as it should. No file is left
            behind, and none that was there is touched.
    """
    changes = _Changes(masks, quarters)
    in_order = sorted(clip, key=lambda each: each.pts)
    notes = {
        "comment": captured_note(in_order[0].packet.captured_at, in_order[-1].packet.captured_at)
    }
    with _replacing(path) as part:
        if changes or anew or not _can_be_copied(clip[0].packet, template):
            _encode(clip, part, changes, notes)
        else:
            _copy(clip, part, notes, template)
        found = verify_clip(part)
        wanted_s = in_order[-1].pts / TICKS_PER_S
        if abs(found.duration_s - wanted_s) > _SAME_END_S + _step_s(clip):
            raise EvidenceError(
                f"{path}: expected a clip of {wanted_s:.3f} s, found {found.duration_s:.3f} s"
            )
    return found


def _can_be_copied(first: Packet, template: VideoStream | None) -> bool:
    """Whether browsers play it, and it is known how its parameter sets are written."""
    known = template is not None or first.data.startswith(BEGINNINGS)
    return known and first.coding.codec in _TAGS


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a place to write to; the file is on the disk, then has its name, or is gone."""
    try:
        with replacing(path) as part:
            yield part
    except (av.error.FFmpegError, OSError) as error:
        raise EvidenceError(f"{path}: expected to write a clip, found: {error}") from error
    except EvidenceError:
        raise
    except DetectorError as error:  # of the encoder
        raise EvidenceError(str(error)) from error


def _copy(
    clip: Sequence[TimedPacket],
    part: Path,
    notes: Mapping[str, str],
    template: VideoStream | None,
) -> None:
    first = clip[0].packet
    head = io.BytesIO(first.coding.extradata + first.data)  # as a raw stream it says what it is
    options = {"movflags": "faststart"}
    with ExitStack() as opened:
        if template is None:
            raw = opened.enter_context(av.open(head, format=first.coding.codec))
            template = raw.streams.video[0]
        container = opened.enter_context(av.open(str(part), "w", format="mp4", options=options))
        container.metadata.update(notes)
        stream = container.add_stream_from_template(template, opaque=True)
        stream.codec_context.codec_tag = _TAGS[first.coding.codec]
        stream.time_base = TIME_BASE
        durations = [b.dts - a.dts for a, b in pairwise(clip)]
        durations.append(_last_duration(clip))
        for each, duration in zip(clip, durations, strict=True):
            packet = AvPacket(each.packet.data)
            packet.stream, packet.time_base = stream, TIME_BASE
            packet.pts, packet.dts, packet.duration = each.pts, each.dts, duration
            packet.is_keyframe = each.packet.is_key
            container.mux(packet)


def _last_duration(clip: Sequence[TimedPacket]) -> int:
    """Give the ticks of the last packet, with which the file declares all that it shows.

    That is more than one picture where a cut took a picture and left those that are shown before.
    """
    shown = sorted(each.pts for each in clip)
    step = typical_step(shown)
    return max(step, shown[-1] + step + clip[0].dts - clip[-1].dts)


def _encode(
    clip: Sequence[TimedPacket], part: Path, changes: _Changes, notes: Mapping[str, str]
) -> None:
    with VideoWriter(part, 1.0 / _step_s(clip), notes) as video:
        for picture, at_s, arrived_at in _pictures(clip):
            image = np.ascontiguousarray(
                np.rot90(np.asarray(picture.to_ndarray(format="bgr24"), np.uint8), changes.quarters)
            )
            changes.masks.burn_at(image, arrived_at)
            video.write(image, at_s)


def _pictures(clip: Sequence[TimedPacket]) -> Iterator[tuple[VideoFrame, float, float]]:
    """Decode all; with each come the seconds at which it is shown and when its packet came, UTC.

    Decoders swallow pictures without a word where a key frame was lost, so each is known by the
    time that its packet says; where packets say none, the next picture that comes out is the
    earliest of those that went in.
    """
    decoder = _decoder(clip[0].packet.coding)
    told = {each.pts: each.packet.arrived_at for each in clip if each.packet.pts is not None}
    due: list[tuple[int, float]] = []
    newest = -1
    for each in [*clip, None]:
        packet = None if each is None else AvPacket(each.packet.data)
        if packet is not None and each is not None:
            packet.pts = each.pts
        try:
            pictures = decoder.decode(packet)
        except av.error.InvalidDataError:
            continue
        if each is not None and each.pts not in told:
            heapq.heappush(due, (each.pts, each.packet.arrived_at))
        for picture in pictures:
            if picture.pts is not None and picture.pts in told:
                shown, arrived_at = picture.pts, told[picture.pts]
            elif due:
                shown, arrived_at = heapq.heappop(due)
            else:
                continue
            if shown > newest:  # damage may bring one after its time, which players skip
                newest = shown
                yield picture, shown / TICKS_PER_S, arrived_at


def _decoder(coding: Coding) -> VideoCodecContext:
    context = CodecContext.create(coding.codec, "r")
    if not isinstance(context, VideoCodecContext):
        raise EvidenceError(f"expected a codec of pictures, found {coding.codec}")
    context.thread_count = 1
    if coding.extradata:
        context.extradata = coding.extradata
    return context


def _step_s(clip: Sequence[TimedPacket]) -> float:
    return float(Fraction(typical_step(sorted(each.pts for each in clip)), TICKS_PER_S))
