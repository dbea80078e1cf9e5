"""Opens a source by the scheme of its path; a new kind of source is one line in the table."""

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import av
import av.error
from av.container import InputContainer

from detector.errors import SourceBroken, SourceNotFound
from detector.stages import StageClock
from detector.streams.base import InputSettings, Source, SourceProgress
from detector.streams.faults import translate
from detector.streams.folder import ImageFolder
from detector.streams.idle import IdleSwitch
from detector.streams.live import LiveStream
from detector.streams.packet_stream import PacketStream
from detector.streams.packets import PacketTaker
from detector.streams.pictures import SourceRequest
from detector.streams.privacy import NO_MASKS, Masks
from detector.streams.recording import Recording
from detector.streams.timeline import LIVE_STEP_LIMIT_S, Timeline
from detector.types import CameraId

_PROBE = {  # by default FFmpeg holds a camera's pictures back for five seconds to guess its rate
    "fpsprobesize": "0",
    "analyzeduration": "1000000",
}


def open_source(  # noqa: PLR0913  (everything after the camera is optional)
    settings: InputSettings,
    camera: CameraId,
    detect_fps: float | None = None,
    timeline: Timeline | None = None,
    progress: SourceProgress | None = None,
    stages: StageClock | None = None,
    *,
    ring: PacketTaker | None = None,
    idle: IdleSwitch | None = None,
    masks: Masks = NO_MASKS,
    check: Callable[[], None] = lambda: None,
) -> Source:
    """Open an input and look at its first bytes.

    Args:
        settings: what to open.
        camera: whose frames they will be.
        detect_fps: frames wanted per second of stream time; None gives every frame.
        timeline: goes on over loops and reconnections; a new one begins at 0.
        progress: counters that go on likewise.
        stages: counts the CPU of decoding and converting.
        ring: gets every packet of a live source, decoded or not.
        idle: says when a live source needs its key frames decoded only; None: never.
        masks: burnt into every frame.
        check: called once it is open and for each packet; what it raises ends the reading.

    Raises:
        SourceNotFound, SourceRefused, SourceTimeout, SourceBroken: it cannot be opened, and why.
    """
    request = SourceRequest(
        settings,
        camera,
        detect_fps,
        timeline or new_timeline(settings),
        progress or SourceProgress(),
        stages or StageClock(),
        ring,
        idle,
        masks,
        check,
    )
    return _OPENERS[settings.scheme](request)


def open_packets(
    settings: InputSettings, camera: CameraId, ring: PacketTaker, progress: SourceProgress
) -> PacketStream:
    """Open a live input of which nothing is decoded; its packets go to ``ring``.

    Raises:
        SourceNotFound, SourceRefused, SourceTimeout, SourceBroken: it cannot be opened, and why.
    """
    request = SourceRequest(
        settings, camera, None, new_timeline(settings), progress, StageClock(), ring
    )
    dial = _DIALS.get(settings.scheme)
    container = dial(request) if dial else None
    if container is None or container.duration is not None:
        raise SourceBroken(f"{request.where}: expected a camera to record, found a recording")
    return PacketStream(request, container)


def is_live(settings: InputSettings) -> bool:
    """Whether the input is taken for a camera before it is open, and so is tried again for ever.

    Over HTTP come both; with ``pace: fast`` a recording is meant.
    """
    by_http = settings.scheme in ("http", "https")
    return settings.pace == "realtime" if by_http else settings.scheme != "file"


def has_packets(settings: InputSettings) -> bool:
    """Whether its packets can be kept as those of a camera: it is one, or is played as one."""
    if is_live(settings):
        return True
    plain = unquote(settings.path.removeprefix("file://"))
    return settings.pace == "realtime" and not Path(plain).is_dir()


def new_timeline(settings: InputSettings) -> Timeline:
    """Give a timeline at 0; gaps in a recording are real, leaps of a live clock are not."""
    return Timeline(LIVE_STEP_LIMIT_S) if is_live(settings) else Timeline()


def _open_file(request: SourceRequest) -> Source:
    given = request.settings.path
    path = Path(unquote(given[len("file://") :]) if given.startswith("file://") else given)
    if not path.exists():
        raise SourceNotFound(f"{request.where}: expected a file or folder, found nothing there")
    if path.is_dir():
        return ImageFolder(request, path)
    return Recording(request, _container(request, f"file:{path}"))


def _dial_rtsp(request: SourceRequest) -> InputContainer:
    options = {"rtsp_transport": request.settings.transport, "allowed_media_types": "video"}
    return _connect(request, options)


def _dial_http(request: SourceRequest) -> InputContainer:
    return _connect(request, {"live_start_index": "-1"})  # HLS: begin with the newest segment


def _dial_device(request: SourceRequest) -> InputContainer:
    number = request.settings.path.partition(":")[2]
    return _container(request, f"/dev/video{number}", format_name="v4l2")


_DIALS: dict[str, Callable[[SourceRequest], InputContainer]] = {
    "rtsp": _dial_rtsp,
    "rtsps": _dial_rtsp,
    "http": _dial_http,
    "https": _dial_http,
    "device": _dial_device,
}


def _open_live(request: SourceRequest) -> Source:
    container = _DIALS[request.settings.scheme](request)
    by_http = request.settings.scheme in ("http", "https")
    if by_http and container.duration is not None:
        return Recording(request, container)
    return LiveStream(request, container)


_OPENERS: dict[str, Callable[[SourceRequest], Source]] = {
    "file": _open_file,
    **dict.fromkeys(_DIALS, _open_live),
}


def _connect(request: SourceRequest, options: dict[str, str]) -> InputContainer:
    """Open a server, with the certificate it must have where one is given."""
    ca_file = request.settings.tls_ca_file
    if ca_file is None:
        tls = {"tls_verify": "0"}
    elif Path(ca_file).is_file():
        tls = {"tls_verify": "1", "ca_file": ca_file}
    else:
        raise SourceNotFound(f"{request.where}: expected a PEM file {ca_file}, found nothing there")
    return _container(request, request.settings.path, options=_PROBE | options | tls)


def _container(
    request: SourceRequest,
    url: str,
    *,
    options: dict[str, str] | None = None,
    format_name: str | None = None,
) -> InputContainer:
    """Open with FFmpeg; what it raises comes out as a StreamError.

    FFmpeg flushes its parser at the first time-out and waits once more, so that half of the wanted
    time is asked for (measured: a read time-out of 2.5 s ends a silent stream after 5.0 s).
    """
    half_s = request.settings.stall_s / 2
    timeout = None if request.settings.scheme == "file" else (half_s, half_s)
    began_s = time.monotonic()
    try:
        return av.open(url, format=format_name, options=options, timeout=timeout)
    except (av.error.FFmpegError, OSError) as error:
        late = time.monotonic() - began_s >= half_s
        raise translate(
            error, request.where, request.settings.stall_s, out_of_time=late
        ) from None  # the cause names the URL with its password
