"""Opens a source by the scheme of its path; a new kind of source is one line in the table."""

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote

import av
import av.error
from av.container import InputContainer

from detector.errors import SourceNotFound
from detector.stages import StageClock
from detector.streams.base import InputSettings, Source, SourceProgress
from detector.streams.faults import translate
from detector.streams.folder import ImageFolder
from detector.streams.live import LiveStream
from detector.streams.pictures import SourceRequest
from detector.streams.recording import Recording
from detector.streams.timeline import LIVE_STEP_LIMIT_S, Timeline
from detector.types import CameraId

_PROBE = {  # by default FFmpeg holds a camera's pictures back for five seconds to guess its rate
    "fpsprobesize": "0",
    "analyzeduration": "1000000",
}


def open_source(
    settings: InputSettings,
    camera: CameraId,
    detect_fps: float | None = None,
    timeline: Timeline | None = None,
    progress: SourceProgress | None = None,
    stages: StageClock | None = None,
) -> Source:
    """Open an input and look at its first bytes.

    Args:
        settings: what to open.
        camera: whose frames they will be.
        detect_fps: frames wanted per second of stream time; None gives every frame.
        timeline: goes on over loops and reconnections; a new one begins at 0.
        progress: counters that go on likewise.
        stages: counts the CPU of decoding and converting.

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
    )
    return _OPENERS[settings.scheme](request)


def is_live(settings: InputSettings) -> bool:
    """Whether the input is taken for a camera before it is open, and so is tried again for ever.

    Over HTTP come both; with ``pace: fast`` a recording is meant.
    """
    by_http = settings.scheme in ("http", "https")
    return settings.pace == "realtime" if by_http else settings.scheme != "file"


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


def _open_rtsp(request: SourceRequest) -> Source:
    options = {"rtsp_transport": request.settings.transport, "allowed_media_types": "video"}
    return LiveStream(request, _connect(request, options))


def _open_http(request: SourceRequest) -> Source:
    options = {"live_start_index": "-1"}  # HLS: begin with the newest segment
    container = _connect(request, options)
    return (
        LiveStream(request, container)
        if container.duration is None
        else Recording(request, container)
    )


def _open_device(request: SourceRequest) -> Source:
    number = request.settings.path.partition(":")[2]
    return LiveStream(request, _container(request, f"/dev/video{number}", format_name="v4l2"))


_OPENERS: dict[str, Callable[[SourceRequest], Source]] = {
    "file": _open_file,
    "rtsp": _open_rtsp,
    "rtsps": _open_rtsp,
    "http": _open_http,
    "https": _open_http,
    "device": _open_device,
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
