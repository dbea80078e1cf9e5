"""Decodes key frames only while nobody is in view, and everything again the moment somebody is."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from av.video.frame import VideoFrame

from detector.streams.base import Decoding
from detector.streams.pictures import Pictures
from detector.types import CameraId

if TYPE_CHECKING:  # generic for the type checker only
    from av.packet import Packet
    from av.video.stream import VideoStream

log = logging.getLogger(__name__)

GAPS_JUDGED = 3
"""So many distances between key frames are looked at; fewer say too little of a camera."""
MOST_BYTES = 32 << 20
"""Most that is held of one group of pictures while its pictures are not decoded."""


@dataclass(frozen=True, slots=True)
class IdleSettings:
    """When a camera may idle.

    Attributes:
        after_s: seconds with nothing seen before it does.
        gap_s: the most seconds from one key frame to the next; a camera that sends them more rarely
            is decoded whole, because somebody would be seen too late.
    """

    after_s: float
    gap_s: float


@dataclass(frozen=True, slots=True)
class Arrived:
    """A packet and when it came: UTC epoch seconds, and seconds of the monotonic clock."""

    packet: "Packet[VideoStream]"
    at: float
    s: float


@dataclass(frozen=True, slots=True)
class Shown:
    """A decoded picture and when its packet came."""

    picture: VideoFrame
    at: float
    s: float


class IdleSwitch:
    """Says whether key frames are enough. Analysis tells what it saw, the camera's reader asks.

    Args:
        camera: for the log.
        settings: when it may idle.
        stall_s: silence after which the camera is stalled; key frames must come twice within it.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        camera: CameraId,
        settings: IdleSettings,
        stall_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._camera = camera
        self._after_s = settings.after_s
        self._limit_s = min(settings.gap_s, stall_s / 2)
        self._clock = clock
        self._lock = threading.Lock()
        self._seen_s = clock()
        self._gaps_s: deque[float] = deque(maxlen=GAPS_JUDGED)
        self._key_s: float | None = None
        self._unfit = ""
        self._warned = False
        self._told: tuple[Decoding, str] = ("all", "")

    def attend(self) -> None:
        """Somebody or something is there: from the next packet on everything is decoded."""
        with self._lock:
            self._seen_s = self._clock()

    def connect(self, unfit: str = "") -> None:
        """Begin anew with a connection; ``unfit`` says why its stream cannot be idled on."""
        with self._lock:
            self._gaps_s.clear()
            self._key_s = None
            self._unfit = unfit
            self._warned = False

    def refuse(self, unfit: str) -> None:
        """The stream of this connection turned out not to be fit for it; ``unfit`` says why."""
        with self._lock:
            self._unfit = unfit

    def key_frame(self, at_s: float) -> None:
        """Note that a key frame came at ``at_s``, monotonic."""
        with self._lock:
            if self._key_s is not None:
                self._gaps_s.append(at_s - self._key_s)
            self._key_s = at_s

    def keys_only(self, now_s: float, held_bytes: int = 0) -> bool:
        """Whether key frames are enough now; ``held_bytes``: what is kept of the present group."""
        with self._lock:
            quiet = now_s - self._seen_s >= self._after_s
            objection = self._objection(now_s, held_bytes)
        idling = quiet and objection is None
        self._tell("key_frames" if idling else "all", objection or "")
        return idling

    @property
    def state(self) -> tuple[Decoding, str]:
        """What is decoded, and what speaks against key frames only; "" while nothing does."""
        return self._told

    @property
    def idling(self) -> bool:
        """Only key frames are decoded."""
        return self._told[0] == "key_frames"

    def _objection(self, now_s: float, held_bytes: int) -> str | None:
        """Say why this stream cannot be idled on; "" while it is not known yet, None if it can."""
        if self._unfit:
            return self._unfit
        if self._key_s is None:
            return ""
        gap_s = max(now_s - self._key_s, *self._gaps_s, 0.0)
        if gap_s > self._limit_s:
            return f"{gap_s:.1f} s between key frames, expected at most {self._limit_s:g} s"
        if held_bytes > MOST_BYTES:
            return f"a group of pictures of more than {MOST_BYTES >> 20} MiB"
        return None if len(self._gaps_s) == GAPS_JUDGED else ""

    def _tell(self, decoding: Decoding, reason: str) -> None:
        """Log what changed; an objection once for each connection, it is shown all the time."""
        before, self._told = self._told, (decoding, reason)
        if reason and not self._warned:
            self._warned = True
            log.warning("camera %s: all pictures are decoded: %s", self._camera, reason)
        elif before[0] != decoding:
            log.info("camera %s: decoding %s", self._camera, decoding.replace("_", " "))


class IdleDecoder:
    """Decodes the packets of one connection, or of a quiet camera the key frames only.

    The packets since the last key frame are held meanwhile. When somebody is seen they are decoded
    first, so that no picture is decoded without those it refers to, and none is lost.

    While idle the decoder is emptied after each key frame: otherwise one that reorders pictures
    would give each key frame only with the next one.
    """

    def __init__(self, pictures: Pictures, switch: IdleSwitch) -> None:
        self._pictures = pictures
        self._switch = switch
        self._group: list[Arrived] = []
        self._held_bytes = 0
        self._idling = False
        self._shown_s: float | None = (
            None  # camera's timestamp of the key frame that was given alone
        )

    @property
    def state(self) -> tuple[Decoding, str]:
        """As the switch has it."""
        return self._switch.state

    def decode(self, arrived: Arrived) -> Iterator[Shown]:
        """Give the pictures that ``arrived`` leads to, each with the arrival of its packet."""
        packet = arrived.packet
        if self._pictures.refreshes:
            self._switch.refuse("it has no key frames, its pictures are refreshed piece by piece")
        if packet.is_keyframe:
            self._switch.key_frame(arrived.s)
        wanted = self._switch.keys_only(arrived.s, self._held_bytes)
        if packet.is_keyframe:
            self._group, self._held_bytes = [], 0
            if wanted:
                yield from self._key_alone(arrived)
                self._hold(arrived)
            else:
                self._shown_s = None
                yield from self._whole(arrived)
        elif not self._idling:
            yield from self._whole(arrived)
        else:
            self._hold(arrived)
            if not wanted:
                yield from self._caught_up()

    def _hold(self, arrived: Arrived) -> None:
        self._group.append(arrived)
        self._held_bytes += arrived.packet.size

    def _whole(self, arrived: Arrived) -> Iterator[Shown]:
        self._idling = False
        for picture in self._pictures.decode(arrived.packet):
            if self._is_repeated(picture):
                self._pictures.judge(picture)  # if it is damaged, so is what follows
            else:
                self._shown_s = None
                yield Shown(picture, arrived.at, arrived.s)

    def _is_repeated(self, picture: VideoFrame) -> bool:
        """Whether this was the key frame that was given while idle, or is shown before it."""
        raw_s = self._pictures.raw_s(picture)
        return raw_s is not None and self._shown_s is not None and raw_s <= self._shown_s

    def _key_alone(self, arrived: Arrived) -> Iterator[Shown]:
        """Decode a key frame at once, after what the decoder still holds of the group before."""
        pictures = [] if self._idling else self._pictures.decode(None)
        self._pictures.forget()
        pictures += self._pictures.decode(arrived.packet)
        pictures += self._pictures.decode(None)
        self._pictures.forget()
        self._idling = True
        self._shown_s = self._pictures.raw_s(pictures[-1]) if pictures else None
        for picture in pictures:
            yield Shown(picture, arrived.at, arrived.s)

    def _caught_up(self) -> Iterator[Shown]:
        """Decode the present group from its key frame on, whose picture was given already."""
        group, self._group, self._held_bytes = self._group, [], 0
        for arrived in group:
            yield from self._whole(arrived)
