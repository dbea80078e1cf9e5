"""One video track: packets in, decoded pictures and finished frames out, damage counted."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import av.error
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from detector.errors import SourceBroken
from detector.stages import Stage, StageClock
from detector.streams.base import InputSettings, SourceProgress, redact
from detector.streams.frame_numbers import FrameNumbers, KeyFrameParts
from detector.streams.packets import PacketTaker
from detector.streams.privacy import NO_MASKS, Masks
from detector.streams.timeline import SamplingGrid, Timeline
from detector.streams.wholeness import Wholeness
from detector.types import U8, CameraId, ClockReading, ClockSource, Frame

if TYPE_CHECKING:
    from detector.streams.idle import IdleSwitch

_RAW = ("h264", "hevc")  # formats without any times
_LEAST_FPS, _MOST_FPS = 1, 120  # beyond it is no rate: encoders write their clock there as well


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """What somebody wants to read, for which camera, and what goes on over its reconnections.

    ``ring`` gets every packet of a live source, decoded or not; recordings are cut instead. With
    ``idle`` a live source may be decoded by its key frames only while nobody is in view.
    ``masks`` are burnt into every frame, and not into the packets. ``check`` is asked before
    anything is touched that another reader of the camera may use by now; what it raises ends this.
    """

    settings: InputSettings
    camera: CameraId
    detect_fps: float | None
    timeline: Timeline
    progress: SourceProgress
    stages: StageClock = field(default_factory=StageClock)
    ring: PacketTaker | None = None
    idle: "IdleSwitch | None" = None
    masks: Masks = NO_MASKS
    check: Callable[[], None] = lambda: None

    @property
    def where(self) -> str:
        """Camera and path for messages, without secrets."""
        return f"camera {self.camera}: {redact(self.settings.path)}"

    def frame(
        self,
        image: U8,
        pts: float,
        utc: tuple[float, ClockSource],
        reading: ClockReading | None = None,
        *,
        corrupt: bool = False,
    ) -> Frame:
        """Give the next frame, counted; ``image`` is masked in place, before anybody has it.

        ``utc``: when it was taken, and whose clock says so; ``reading``: the camera's own clock.
        """
        self.masks.burn(image)
        progress = self.progress
        progress.height, progress.width = image.shape[:2]
        index, progress.frames = progress.frames, progress.frames + 1
        return Frame(self.camera, index, image, pts, *utc, time.time(), corrupt, reading)


class Pictures:
    """Decodes the best video track of ``container``, with one thread.

    One decoder thread per camera costs the least CPU and memory; cameras run beside each other
    anyway. Only pictures that are due are converted to BGR, which costs up to half of decoding.
    Raises SourceBroken if there is no video track or no decoder for it.

    Attributes:
        stream: the track.
        fps: nominal pictures per second, None where unknown.
        whole: the newest picture is as the camera took it: neither it nor what it builds on is
            damaged or lost.
    """

    def __init__(self, request: SourceRequest, container: InputContainer) -> None:
        stream = container.streams.best("video")
        if not isinstance(stream, VideoStream):
            raise SourceBroken(f"{request.where}: expected a video track, found none")
        if stream.codec_context is None:
            raise SourceBroken(
                f"{request.where}: expected a known codec, found one without decoder"
            )
        stream.codec_context.thread_count = 1
        request.progress.codec = stream.codec_context.name
        self.stream = stream
        self.whole = True
        self.fps = fps_of(stream)
        extradata = bytes(stream.codec_context.extradata or b"")
        codec = stream.codec_context.codec.canonical_name
        self._wholeness = Wholeness(FrameNumbers(codec, extradata))
        self._parts = KeyFrameParts(codec, extradata)
        self._key = b""
        self._half: list[VideoFrame] = []
        self._request = request
        self._grid = SamplingGrid(request.detect_fps)

    def decode(self, packet: "Packet[VideoStream] | None") -> list[VideoFrame]:
        """Decode ``packet``, or with None what the decoder still holds; damage is only counted.

        A damaged key frame may be half of one: it is given out with the next packet, or not at all
        if that brings the rest.
        """
        half: list[VideoFrame] = []
        if packet is not None:
            half, self._half = self._half, []
        if packet is not None and packet.size:
            packet, data, is_rest = self._joined(packet)
            half = [] if is_rest else half
            self._wholeness.packet(data, packet.pts, is_key=packet.is_keyframe)
        try:
            with self._request.stages.measure(Stage.DECODE):
                pictures = self.stream.codec_context.decode(packet)
        except av.error.InvalidDataError:
            self._request.progress.corrupt += 1
            self._wholeness.undecodable()
            pictures = []
        except av.error.EOFError:  # everything was given already
            pictures = []
        if pictures and self._may_be_half(pictures[-1], packet):
            self._half = [pictures.pop()]
        self._request.progress.decoded += len(half) + len(pictures)
        return half + pictures

    def _may_be_half(self, picture: VideoFrame, packet: "Packet[VideoStream] | None") -> bool:
        is_key = packet is not None and packet.is_keyframe and picture.pts == packet.pts
        return is_key and picture.is_corrupt and self._parts.reads

    def _joined(self, packet: "Packet[VideoStream]") -> "tuple[Packet[VideoStream], bytes, bool]":
        """Give the packet, its bytes and whether it brought the rest of a key frame.

        The rest comes with what came of the key frame before. Half of it was decoded by then: the
        decoder begins anew with the whole one, so that what follows builds on that.
        """
        data = bytes(packet)
        is_rest = self._parts.continues(packet.pts, data, is_key=packet.is_keyframe)
        if is_rest:
            data = self._key + data
            whole = cast("Packet[VideoStream]", Packet(data))
            whole.pts, whole.dts, whole.time_base = packet.pts, packet.dts, packet.time_base
            whole.is_keyframe = True
            self.forget()
            packet = whole
        if packet.is_keyframe:
            self._key = data
        return packet, data, is_rest

    @property
    def refreshes(self) -> bool:
        """The stream has no key frames and is refreshed piece by piece instead."""
        return self._wholeness.refreshes

    def forget(self) -> None:
        """Empty the decoder: the next packet must be a key frame.

        Pictures after it that build on the group before are then not given out by FFmpeg.
        """
        self.stream.codec_context.flush_buffers()

    def raw_s(self, picture: VideoFrame) -> float | None:
        """Give the source's own timestamp in seconds."""
        stamp = picture.pts if picture.pts is not None else picture.dts
        base = picture.time_base or self.stream.time_base
        return None if stamp is None or base is None else float(stamp * base)

    def judge(self, picture: VideoFrame) -> bool:
        """Say whether ``picture``, the next one, is whole; those that build on it depend on it."""
        self.whole = self._wholeness.picture(picture.pts, is_damaged=picture.is_corrupt)
        return self.whole

    def frame(
        self,
        picture: VideoFrame,
        pts: float,
        utc: tuple[float, ClockSource],
        reading: ClockReading | None = None,
    ) -> Frame | None:
        """Give the frame of ``picture`` if it is due at ``pts``; the rest as in the request's.

        Call it, or :meth:`judge`, once for each picture, in their order.
        """
        if not self.judge(picture):
            self._request.progress.corrupt += 1
        if not self._grid.due(pts):
            return None
        with self._request.stages.measure(Stage.CONVERT):
            image = upright_bgr(picture)
        return self._request.frame(image, pts, utc, reading, corrupt=not self.whole)


def fps_of(stream: VideoStream) -> float | None:
    """Give the nominal pictures per second; None where unknown.

    A raw stream may say it itself (ITU-T H.264, E.2.1); FFmpeg takes any for 25 a second.
    """
    said = stream.codec_context.framerate if stream.container.format.name in _RAW else None
    if said and _LEAST_FPS <= said <= _MOST_FPS:
        return float(said)
    rate = stream.average_rate or stream.guessed_rate
    return float(rate) if rate else None


def upright_bgr(picture: VideoFrame) -> U8:
    """Give (H, W, 3) BGR pixels, turned as the recording's rotation flag says."""
    image = np.asarray(picture.to_ndarray(format="bgr24", threads=1), np.uint8)
    quarters = quarters_of(picture)
    return np.ascontiguousarray(np.rot90(image, quarters)) if quarters else image


def quarters_of(picture: VideoFrame) -> int:
    """Give the quarter turns (0..3) that make it upright, counter-clockwise as in np.rot90."""
    return round(picture.rotation / 90) % 4
