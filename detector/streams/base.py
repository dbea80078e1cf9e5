"""What a source of pictures is: its settings, its protocol, and what it tells about itself."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Annotated, Literal, Protocol, Self
from urllib.parse import urlsplit, urlunsplit

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from detector.streams.camera_clock import CameraClock
from detector.types import Frame

Role = Literal["detect", "record"]
Decoding = Literal["all", "key_frames"]
SCHEMES = ("file", "rtsp", "rtsps", "http", "https", "device")

_SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*)://|^(device):(?=\d+$)", re.IGNORECASE)
_EMBEDDED = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.IGNORECASE)
_SECRET_KEY = re.compile(r"(?i)\b((?:pass(?:word|wd)?|pwd|token|key|secret|auth)=)[^&\s]+")


class InputSettings(BaseModel):
    """One input of a camera, as in Frigate's ``ffmpeg.inputs[]``.

    Attributes:
        path: file, folder of pictures, ``rtsp(s)://``, ``http(s)://`` or ``device:<n>``.
        roles: what it is used for: "detect" is analysed, the packets of "record" become clips.
        transport: how RTSP carries its packets.
        tls_ca_file: PEM file that must vouch for the certificate of an ``rtsps://`` or ``https://``
            server; without it any certificate is taken, as most cameras sign their own.
        stall_s: seconds without a picture after which a live source is stalled and is reopened.
        clock_alarm_s: how far a camera's clock may be off, either way; beyond, its times are not
            believed but reported.
        pace: whether a recording plays as a camera would, or as fast as it is analysed (every due
            frame is then analysed). Live sources have their own pace.
        loop: begin a recording again at its end; stream time goes on rising.
        start_time: when the recording was made; wins over what is written in it.
        image_fps: pictures per second of a folder of pictures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    path: Annotated[str, Field(min_length=1)]
    roles: tuple[Role, ...] = ("detect",)
    transport: Literal["tcp", "udp"] = "tcp"
    tls_ca_file: str | None = None
    stall_s: Annotated[float, Field(ge=1.0, le=300.0)] = 10.0
    clock_alarm_s: Annotated[float, Field(ge=0.5, le=3600.0)] = 2.0
    pace: Literal["realtime", "fast"] = "realtime"
    loop: bool = False
    start_time: AwareDatetime | None = None
    image_fps: Annotated[float, Field(gt=0.0, le=240.0)] = 5.0

    @field_validator("path")
    @classmethod
    def _known_scheme(cls, path: str) -> str:
        """Refuse what nobody here can open, while the configuration is read and not at night."""
        scheme = scheme_of(path)
        if scheme not in SCHEMES:
            known = ", ".join(f"{name}://" for name in SCHEMES if name not in ("file", "device"))
            msg = f"expected a file, a folder, device:<number> or one of {known}, found {scheme}:"
            raise ValueError(msg)
        return path

    @property
    def scheme(self) -> str:
        """Lower-case scheme of ``path``; "file" for a plain path.

        >>> InputSettings(path="RTSP://cam/1").scheme, InputSettings(path="a:b.mp4").scheme
        ('rtsp', 'file')
        """
        return scheme_of(self.path)


@dataclass(slots=True)
class SourceProgress:
    """What is counted while a camera is read, over all its connections; written by its reader only.

    Attributes:
        frames: frames handed out; the next one gets this number as its index.
        decoded: pictures decoded, due or not.
        corrupt: damaged pictures, those that build on damaged or lost ones, and packets that could
            not be decoded at all.
        skipped: pictures left undecoded because decoding could not keep up with a live source.
        width: pixels, of the newest picture as it is handed out.
        height: pixels, likewise.
        codec: name of the decoder.
        decoding: "all", or "key_frames" while a quiet camera idles.
        decoding_reason: what speaks against idling where that is wanted; "" while nothing does.
        clock: what is known of the camera's own clock; None until a live source was opened.
    """

    frames: int = 0
    decoded: int = 0
    corrupt: int = 0
    skipped: int = 0
    width: int = 0
    height: int = 0
    codec: str = ""
    decoding: Decoding = "all"
    decoding_reason: str = ""
    clock: CameraClock | None = None


class Closing:
    """Makes a source with ``close`` usable in a ``with`` statement."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what the source holds."""
        raise NotImplementedError


class Source(Protocol):
    """An opened source: iterate over it once for its frames, close it after.

    Iterating raises the StreamErrors of :mod:`detector.errors`; a recording raises SourceBroken
    after its last readable frame if it has none at all or ends before its declared end.

    Attributes:
        live: pictures come at the source's own pace and cannot be had again.
        bursty: a live source that hands over many pictures at once (HLS): play them by their times.
        fps: nominal pictures per second, None where unknown.
        duration_s: length of a recording, None where unknown or live.
        progress: counters, kept up to date while iterating.
    """

    @property
    def live(self) -> bool: ...  # noqa: D102  (described above)
    @property
    def bursty(self) -> bool: ...  # noqa: D102
    @property
    def fps(self) -> float | None: ...  # noqa: D102
    @property
    def duration_s(self) -> float | None: ...  # noqa: D102
    @property
    def progress(self) -> SourceProgress: ...  # noqa: D102

    def __iter__(self) -> Iterator[Frame]:
        """Give the frames that are due, in order."""
        ...

    def describe(self) -> str:
        """Say in one line what it is; without secrets."""
        ...

    def close(self) -> None:
        """Let go of the file or connection; may be called twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def scheme_of(path: str) -> str:
    """Give the lower-case scheme of ``path``; "file" for a plain path.

    >>> scheme_of("rtsp://cam/1"), scheme_of("device:0"), scheme_of("12:30.mp4")
    ('rtsp', 'device', 'file')
    """
    found = _SCHEME.match(path)
    return (found[1] or found[2]).lower() if found else "file"


def redact(text: str) -> str:
    """Give ``text`` with the secrets of every URL in it replaced by ``***``.

    User name, password and query values that look like secrets go; host and path stay.

    >>> redact("cannot open rtsp://admin:geheim@10.0.0.5/h264?channel=1&token=abc")
    'cannot open rtsp://***@10.0.0.5/h264?channel=1&token=***'
    """
    return _SECRET_KEY.sub(r"\1***", _EMBEDDED.sub(_without_userinfo, text))


def _without_userinfo(match: re.Match[str]) -> str:
    scheme, netloc, path, query, fragment = urlsplit(match[0])
    _, at, host = netloc.rpartition("@")
    return urlunsplit((scheme, f"***@{host}" if at else netloc, path, query, fragment))
