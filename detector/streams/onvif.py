"""Finds cameras by WS-Discovery and asks them, as ONVIF has it, where their streams are.

Needs the extra ``onvif``. Nothing here runs unless a person asks for it; the service itself never
looks for cameras. What a camera tells is not trusted: see :func:`_stream_url`.
"""

import importlib
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import httpx

from detector.errors import (
    ConfigError,
    DetectorError,
    Problem,
    SourceBroken,
    SourceRefused,
    SourceTimeout,
    StreamError,
)
from detector.streams.base import redact

INSTALL = "pip install 'barrier-detector[onvif]'"
DISCOVERY_PORT = 3702  # of WS-Discovery 1.1, section 3.1.1
SERVICE_PATH = "/onvif/device_service"  # where ONVIF Core, section 5.1.1, puts the entry point
MOST_SHOWN = 160


@dataclass(frozen=True, slots=True)
class Login:
    """Who asks; the password never leaves in clear, and is not shown."""

    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Device:
    """Something that answered: where its device service is, and what it calls itself."""

    address: str
    name: str = ""
    hardware: str = ""

    @property
    def host(self) -> str:
        """Host, and port where it is none of the usual ones."""
        return urlsplit(self.address).netloc.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Profile:
    """One stream of a camera.

    Attributes:
        token: the camera's own name of it.
        source: token of the lens it shows; cameras with several lenses have several.
        url: RTSP address without user and password.
        codec: "h264", "h265", "jpeg" or whatever the camera says, lower case; "" unknown.
        width: pixels; 0 unknown.
        height: pixels; 0 unknown.
        fps: the most pictures a second it is set to; 0 unknown.
    """

    token: str
    source: str
    url: str
    codec: str
    width: int
    height: int
    fps: int


@dataclass(frozen=True, slots=True)
class FoundCamera:
    """A camera that said what it is and where its streams are; ``model`` is maker and type."""

    device: Device
    model: str
    profiles: tuple[Profile, ...]


def find(
    hosts: Sequence[str],
    interface: str | None,
    timeout_s: float,
    port: int = DISCOVERY_PORT,
) -> tuple[Device, ...]:
    """Give the devices that answer, or that are to be at ``hosts``; each once, by address.

    Args:
        hosts: ask only these, each directly (``HOST`` or ``HOST:PORT`` of the device service); one
            that does not answer WS-Discovery is given with the usual path. Empty: ask everybody
            by multicast.
        interface: IPv4 address of this machine to send the multicast from; None: of each network.
        timeout_s: how long to listen.
        port: where devices listen for the question.

    Raises:
        ConfigError: ``interface`` is no address of this machine.
        SourceBroken: one of ``hosts`` has no address.
        DetectorError: the extra is missing.
    """
    discovery = _library("onveef.wsdiscovery")
    if not hosts:
        _check_interface(interface)
        answers = discovery.discover(timeout_s=timeout_s, interface_ip=interface)
        found = [_device(answer) for answer in answers if answer.xaddrs]
    else:
        found = [_at(discovery, host, timeout_s, port) for host in hosts]
    return tuple({device.address: device for device in found}.values())


def ask(device: Device, login: Login, timeout_s: float) -> FoundCamera:
    """Ask a device what it is and where its streams are.

    The streams are looked for at the host that answered, whatever host the camera names: many name
    one that they had before, or one behind a router. Passwords go out as digests only.

    Raises:
        SourceRefused: wrong user or password, or it wants one.
        SourceTimeout: it does not answer.
        SourceBroken: it answers something else, or has no stream.
        DetectorError: the extra is missing.
    """
    client, errors = _library("onveef"), _library("onveef.exceptions")
    where = f"camera at {device.host}"
    try:
        with client.OnvifClient(
            device.address,
            username=login.user,
            password=login.password,
            timeout_s=timeout_s,
            verify_tls=False,  # cameras sign their own certificates
            http_auth="digest",
            retries=0,
        ) as camera:
            info = camera.get_device_information()
            profiles = [
                profile
                for told in camera.get_profiles()
                if (profile := _profile(camera, told)) is not None
            ]
    except (errors.OnvifError, httpx.InvalidURL, ValueError) as error:
        raise _translated(errors, error, where, login) from None
    if not profiles:
        raise SourceBroken(f"{where}: expected at least one RTSP stream, found none")
    model = printable(" ".join(filter(None, (info.get("Manufacturer"), info.get("Model")))))
    return FoundCamera(device, model, tuple(profiles))


def printable(text: str) -> str:
    r"""Give what a stranger sent without control characters and braces, cut to one line.

    Braces would stand for environment variables once the text lies in a configuration.

    >>> printable("Gate\x1b[2J {DETECTOR_API_KEY}")
    'Gate[2J DETECTOR_API_KEY'
    """
    kept = "".join(c for c in text if c.isprintable() and c not in "{}")
    return kept.strip()[:MOST_SHOWN]


def _library(name: str) -> Any:
    """Import a module of the library; says how to install it where it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise DetectorError(
            f"`detector discover`: expected the extra onvif to be installed, found it missing; "
            f"install it with: {INSTALL}"
        ) from None


def _check_interface(interface: str | None) -> None:
    """Refuse an address that the library would pass over in silence."""
    if interface is None:
        return
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((interface, 0))
    except OSError:
        problem = Problem("--interface", "an IPv4 address of this machine", repr(interface))
        raise ConfigError(problem) from None


def _at(discovery: Any, host: str, timeout_s: float, port: int) -> Device:
    """Ask one host where its device service is; takes the usual place if it does not say."""
    direct = Device(f"http://{host}{SERVICE_PATH}")
    if urlsplit(direct.address).port is not None:
        return direct
    try:
        answers = discovery.probe_device(host, timeout_s=timeout_s, port=port)
    except OSError as error:
        raise SourceBroken(f"{host}: expected a host, found: {error.strerror or error}") from None
    answer = next((answer for answer in answers if answer.xaddrs), None)
    if answer is None:
        return direct
    told = _device(answer)
    parts = urlsplit(told.address)
    netloc = f"{host}:{parts.port}" if parts.port else host
    address = urlunsplit((parts.scheme, netloc, parts.path, "", ""))
    return Device(address, told.name, told.hardware)


def _device(answer: Any) -> Device:
    """Take the address that can be reached from here most likely: IPv4, not self-assigned."""
    usable = [a for a in answer.xaddrs if "//169.254." not in a and "//[" not in a]
    address = (usable or answer.xaddrs)[0]
    name, hardware = printable(unquote(answer.name)), printable(unquote(answer.hardware))
    return Device(printable(address), name, hardware)


def _profile(camera: Any, told: dict[str, Any]) -> Profile | None:
    """Give a profile with its address; None for one without video or with no RTSP stream."""
    video = told.get("video_encoder")
    token = told.get("token", "")
    if not video or not token:
        return None
    url = _stream_url(camera.get_stream_uri(profile_token=token))
    if url is None:
        return None
    return Profile(
        token=printable(token),
        source=printable(told.get("video_source", {}).get("source_token", "")),
        url=url,
        codec=printable(video.get("encoding", "")).lower(),
        width=_count(video.get("width")),
        height=_count(video.get("height")),
        fps=_count(video.get("fps_limit")),
    )


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _stream_url(told: str) -> str | None:
    """Give the address without user and password; None if it is none of RTSP.

    It comes from the network and will stand in a configuration, where ``{NAME}`` is replaced by an
    environment variable: braces and all that is not printable are percent-encoded.
    """
    parts = urlsplit(told)
    if parts.scheme.lower() not in ("rtsp", "rtsps") or not parts.hostname:
        return None
    host = parts.netloc.rpartition("@")[2]
    plain = urlunsplit((parts.scheme.lower(), host, parts.path, parts.query, ""))
    return quote(plain, safe="%/:?#[]@!$&'()*+,;=~-._")


def _translated(errors: Any, error: Exception, where: str, login: Login) -> StreamError:
    said = printable(redact(str(error)))
    if login.password:
        said = said.replace(login.password, "***")
    if isinstance(error, errors.OnvifAuthError):
        wanted = f"to let in user {login.user}" if login.user else "to tell its streams to anybody"
        return SourceRefused(f"{where}: expected {wanted}, found: wrong user or password")
    if isinstance(error, errors.OnvifTimeoutError):
        return SourceTimeout(f"{where}: expected an answer, found silence")
    return SourceBroken(f"{where}: expected an ONVIF camera, found: {said}")
