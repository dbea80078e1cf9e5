"""How each camera and each thread is doing: counters with one lock each, and snapshots of them."""

import dataclasses
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from detector.streams.base import Decoding, SourceProgress
from detector.streams.packets import Packet
from detector.types import CameraId, ClockReading, ClockSource, Frame

_WINDOW_S = 5.0
STOPPED = "stopped"
"""Reason of an ``ended`` camera whose reader was asked to end: that says nothing about it."""


class CameraState(StrEnum):
    """Where a camera's reader stands."""

    CONNECTING = "connecting"  # the first attempt runs
    LIVE = "live"  # pictures come
    STALLED = "stalled"  # no picture in the time allowed
    BACKOFF = "backoff"  # it failed; waiting to try again
    AUTH_FAILED = "auth_failed"  # the server refused user or password
    NOT_FOUND = "not_found"  # the server or the disk does not know it
    ENDED = "ended"  # a recording is over, or the reader was stopped


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """How a camera was doing at one moment.

    Attributes:
        camera: whose health.
        state: where its reader stands.
        reason: why, in words; "" while all is well. Without secrets.
        since: UTC epoch seconds at which ``state`` began.
        fps_in: pictures decoded per second, over the last 5 s.
        fps_analysed: pictures analysed per second, over the last 5 s.
        frames: frames handed to analysis, over all connections.
        drops: frames never analysed because a newer one came or decoding fell behind.
        corrupt: pictures kept from analysis because they are damaged or build on damaged or lost
            ones, and undecodable packets.
        connects: connections that gave at least one picture.
        failures: attempts in a row that failed, 0 while live.
        latency_s: seconds from decoded to analysed, newest frame; None before the first.
        last_frame_at: UTC epoch seconds at which the newest frame was decoded, None before.
        clock: where the frames' UTC time comes from.
        clock_offset_s: this machine's clock minus the camera's, transport included; None until this
            connection told it. It is known, too, of a clock too wrong to be used.
        clock_drift_ppm: microseconds the camera's clock gains each second; None until known.
        clock_jumps: how often the camera's clock was set by half a second or more.
        width: pixels; 0 before the first frame.
        height: pixels; 0 before the first frame.
        codec: name of the decoder; "" before the first frame.
        decoding: "all", or "key_frames" while the camera idles.
        decoding_reason: why it does not idle where that is wanted; "" while nothing speaks against.
        down_s: seconds for which nothing has come, as far as is known; 0 while live. Of a silence
            that was noticed late it is the whole.
        quiet_s: seconds since the newest frame or packet, infinite before the first.
        replaced: readers that hung in a library and were replaced, since the start.
        stuck: how many of these still hang.
    """

    camera: CameraId
    state: CameraState
    reason: str
    since: float
    fps_in: float
    fps_analysed: float
    frames: int
    drops: int
    corrupt: int
    connects: int
    failures: int
    latency_s: float | None
    last_frame_at: float | None
    clock: ClockSource
    clock_offset_s: float | None
    clock_drift_ppm: float | None
    clock_jumps: int
    width: int
    height: int
    codec: str
    decoding: Decoding = "all"
    decoding_reason: str = ""
    down_s: float = 0.0
    quiet_s: float = math.inf
    replaced: int = 0
    stuck: int = 0


class RateMeter:
    """Events per second over the last ``window_s`` seconds; not thread-safe."""

    def __init__(self, window_s: float = _WINDOW_S) -> None:
        self._window_s = window_s
        self._marks: deque[tuple[float, int]] = deque()
        self._began_s: float | None = None

    def add(self, now_s: float, count: int = 1) -> None:
        """Count ``count`` events at ``now_s``."""
        if self._began_s is None:
            self._began_s = now_s
        self._marks.append((now_s, count))
        self._forget(now_s)

    def rate(self, now_s: float) -> float:
        """Events per second; while younger than the window, over the time since the first event."""
        self._forget(now_s)
        if self._began_s is None:
            return 0.0
        span_s = min(self._window_s, max(now_s - self._began_s, 1.0))
        return sum(count for _, count in self._marks) / span_s

    def _forget(self, now_s: float) -> None:
        while self._marks and self._marks[0][0] <= now_s - self._window_s:
            self._marks.popleft()


class CameraMonitor:
    """Owns one camera's counters: its reader and the analysis write, anybody takes snapshots.

    ``silence_limit_s``: a live camera that gave no frame for so long is shown as stalled even while
    its reader is still stuck inside a library; None where silence is no fault (recordings).
    """

    def __init__(self, camera: CameraId, silence_limit_s: float | None = None) -> None:
        self.camera = camera
        self._silence_limit_s = silence_limit_s
        self._lock = threading.Lock()
        self._state, self._reason, self._since = CameraState.CONNECTING, "", time.time()
        self._failures = self._connects = self._drops = 0
        self._progress = SourceProgress()
        self._newest_s, self._live_s = -math.inf, 0.0
        self._down_since_s: float | None = time.monotonic()  # None while live or ended
        self._hang = ""
        self._replaced = self._stuck = 0
        self._decoded_at: float | None = None
        self._clock, self._jumps = ClockSource.NONE, 0
        self._reading: ClockReading | None = None
        self._latency_s: float | None = None
        self._rate_in, self._rate_analysed = RateMeter(), RateMeter()

    def change(
        self, state: CameraState, reason: str = "", failures: int = 0, silent_s: float = 0.0
    ) -> bool:
        """Set state and reason; True if the state is another than before.

        ``silent_s``: for how long nothing had come already when that was noticed.
        """
        now_s = time.monotonic()
        with self._lock:
            self._hang = ""
            if state in (CameraState.LIVE, CameraState.ENDED):
                self._down_since_s = None
            elif self._down_since_s is None:
                self._down_since_s = now_s - silent_s
            changed = state is not self._state
            if changed:
                self._since = time.time()
            if state is CameraState.LIVE and changed:
                self._connects += 1
                self._live_s = now_s
            self._state, self._reason, self._failures = state, reason, failures
            return changed

    def received(self, frame: Frame, progress: SourceProgress, *, replaced: bool) -> None:
        """Count a frame handed to analysis; ``replaced``: an older one was dropped for it."""
        now_s = time.monotonic()
        with self._lock:
            self._rate_in.add(now_s, progress.decoded - self._progress.decoded)
            self._progress = dataclasses.replace(progress)
            self._drops += replaced
            self._newest_s, self._decoded_at, self._hang = now_s, frame.decoded_at, ""
            self._clock, self._reading = frame.clock, frame.reading
            self._jumps = frame.reading.jumps if frame.reading else self._jumps

    def recorded(self, packet: Packet, progress: SourceProgress, clock: ClockSource) -> None:
        """Count a packet of a camera that is only recorded; ``clock``: whose time it carries."""
        now_s = time.monotonic()
        with self._lock:
            self._rate_in.add(now_s)
            self._progress = dataclasses.replace(progress)
            self._newest_s, self._decoded_at, self._hang = now_s, packet.arrived_at, ""
            self._clock = clock
            self._reading = progress.clock.reading if progress.clock else None

    def analysed(self, frame: Frame) -> None:
        """Count a frame whose analysis is complete."""
        now_s, now = time.monotonic(), time.time()
        with self._lock:
            self._rate_analysed.add(now_s)
            self._latency_s = now - frame.decoded_at

    def hangs(self, reason: str) -> None:
        """Say that the reader hangs and is not replaced: stalled until it shows that it is not."""
        with self._lock:
            self._hang = reason

    def count_readers(self, *, replaced: int, stuck: int) -> None:
        """Set how many readers hung and were replaced, and how many of these still hang."""
        with self._lock:
            self._replaced, self._stuck = replaced, stuck

    def snapshot(self) -> CameraHealth:
        """Give the camera's health now."""
        now_s = time.monotonic()
        with self._lock:
            state, reason, since, down_s = self._judged(now_s)
            progress, reading = self._progress, self._reading
            return CameraHealth(
                camera=self.camera,
                state=state,
                reason=reason,
                since=since,
                fps_in=self._rate_in.rate(now_s),
                fps_analysed=self._rate_analysed.rate(now_s),
                frames=progress.frames,
                drops=self._drops + progress.skipped,
                corrupt=progress.corrupt,
                connects=self._connects,
                failures=self._failures,
                latency_s=self._latency_s,
                last_frame_at=self._decoded_at,
                clock=self._clock,
                clock_offset_s=-reading.offset_s if reading else None,
                clock_drift_ppm=reading.drift_ppm if reading else None,
                clock_jumps=self._jumps,
                width=progress.width,
                height=progress.height,
                codec=progress.codec,
                decoding=progress.decoding,
                decoding_reason=progress.decoding_reason,
                down_s=down_s,
                quiet_s=now_s - self._newest_s,
                replaced=self._replaced,
                stuck=self._stuck,
            )

    def _judged(self, now_s: float) -> tuple[CameraState, str, float, float]:
        """State, reason, since, down_s; a silent camera is stalled whatever its reader believes."""
        down_s = 0.0 if self._down_since_s is None else now_s - self._down_since_s
        if self._state is CameraState.LIVE:
            limit_s, silent_s = self._silence_limit_s, now_s - max(self._newest_s, self._live_s)
            if self._hang or (limit_s is not None and silent_s > limit_s):
                reason = self._hang or f"no picture for {silent_s:.0f} s"
                return CameraState.STALLED, reason, time.time() - silent_s, silent_s
        elif self._hang:
            return CameraState.STALLED, self._hang, self._since, down_s
        return self._state, self._reason, self._since, down_s


class Heartbeats:
    """When each thread last showed that it runs; ready means that all of them beat."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._limits_s: dict[str, float] = {}
        self._beats_s: dict[str, float] = {}

    def expect(self, thread: str, limit_s: float) -> None:
        """Expect ``thread`` to beat at least every ``limit_s`` seconds from now on."""
        with self._lock:
            self._limits_s[thread] = limit_s
            self._beats_s[thread] = self._clock()

    def beat(self, thread: str) -> None:
        """Show that ``thread`` runs; unknown names are a KeyError."""
        with self._lock:
            if thread not in self._limits_s:
                raise KeyError(thread)
            self._beats_s[thread] = self._clock()

    def forget(self, thread: str) -> None:
        """Expect nothing of ``thread`` any more: it ended as it should."""
        with self._lock:
            self._limits_s.pop(thread, None)
            self._beats_s.pop(thread, None)

    def late(self) -> dict[str, float]:
        """Give the threads that missed their beat, with the seconds since their last one."""
        now_s = self._clock()
        with self._lock:
            ages = {thread: now_s - beat_s for thread, beat_s in self._beats_s.items()}
            return {name: age for name, age in ages.items() if age > self._limits_s[name]}
