"""``detector discover``: finds cameras on the network and proposes their configuration."""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from detector.config.discovered import Proposal
    from detector.errors import StreamError
    from detector.streams.onvif import Device, FoundCamera, Login

AT_ONCE = 8
"""Cameras that are asked at the same time."""


def add_parser(commands: Any) -> None:
    """Add the command's options."""
    parser = commands.add_parser("discover", help="find ONVIF cameras and their streams")
    parser.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="HOST[:PORT]",
        help="ask only this one, directly; may be repeated (default: ask all, by multicast)",
    )
    parser.add_argument(
        "--interface", metavar="ADDRESS", help="this machine's IPv4 address to send from"
    )
    parser.add_argument("--timeout", type=_seconds, default=4.0, metavar="S", help="default: 4")
    parser.add_argument("--user-env", default="DETECTOR_CAMERA_USER", metavar="NAME")
    parser.add_argument("--password-env", default="DETECTOR_CAMERA_PASSWORD", metavar="NAME")
    parser.add_argument(
        "--login-file", type=Path, metavar="FILE", help="holds USER:PASSWORD instead of variables"
    )
    parser.add_argument(
        "--yaml", action="store_true", help="print a `cameras:` block; the list goes to stderr"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """List what was found; a camera that fails is said, the others are listed."""
    from concurrent.futures import ThreadPoolExecutor

    from detector.config.discovered import cameras_block, propose
    from detector.errors import SourceNotFound
    from detector.streams.onvif import FoundCamera, find

    names = (_variable(options.user_env), _variable(options.password_env))
    login = _login(options)
    devices = find(options.host, options.interface, options.timeout)
    if not devices:
        raise SourceNotFound(
            f"expected cameras that answer WS-Discovery, found none in {options.timeout:g} s; "
            "try --interface, or --host for one that multicast does not reach"
        )
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda device: _asked(device, login, options.timeout), devices))
    proposals = propose([answer for answer in answers if isinstance(answer, FoundCamera)])
    out = sys.stderr if options.yaml else sys.stdout
    failures = [answer for answer in answers if not isinstance(answer, FoundCamera)]
    for line in _lines(proposals, names):
        print(line, file=out)
    for error in failures:
        print(f"FAILED   {error}", file=out)
    _warn_of_password(login, names[1])
    if options.yaml and proposals:
        print(cameras_block(proposals, *names), end="")
    return failures[0].exit_code if failures else 0


def _asked(device: "Device", login: "Login", timeout_s: float) -> "FoundCamera | StreamError":
    from detector.errors import StreamError
    from detector.streams.onvif import ask

    try:
        return ask(device, login, timeout_s)
    except StreamError as error:
        return error


def _lines(proposals: "Sequence[Proposal]", names: tuple[str, str]) -> Iterator[str]:
    """Give one line for each camera and each of its streams, in columns."""
    from detector.config.discovered import with_placeholders

    for proposal in proposals:
        yield f"camera   {proposal.name}  {proposal.title}"
        for profile, roles in proposal.streams:
            size = f"{profile.width}x{profile.height}" if profile.width else "unknown"
            fps = f"{profile.fps} fps" if profile.fps else "? fps"
            use = ", ".join(roles) or "-"
            url = with_placeholders(profile.url, *names)
            yield f"  stream {size:>9}  {profile.codec:<5} {fps:>6}  {use:<14}  {url}"


def _login(options: argparse.Namespace) -> "Login":
    """Read user and password from the file or the environment; nobody in particular without."""
    from detector.errors import ConfigError, Problem
    from detector.streams.onvif import Login

    if options.login_file is None:
        user = os.environ.get(options.user_env, "")
        return Login(user, os.environ.get(options.password_env, ""))
    where = f"--login-file {options.login_file}"
    try:
        text = options.login_file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(Problem(where, "a readable file", type(error).__name__)) from None
    user, colon, password = text.partition(":")
    if not colon or "\n" in text:
        raise ConfigError(Problem(where, "one line USER:PASSWORD", "something else"))
    return Login(user, password)


def _variable(name: str) -> str:
    """Check that a configuration may name this variable."""
    from detector.config.document import SECRET
    from detector.errors import ConfigError, Problem

    if SECRET.fullmatch(f"{{{name}}}") is None:
        expected = "a name like DETECTOR_CAMERA_USER, which a configuration may refer to"
        raise ConfigError(Problem("--user-env, --password-env", expected, repr(name)))
    return name


def _warn_of_password(login: "Login", variable: str) -> None:
    """Tell of a password that an RTSP address cannot hold as it is."""
    if quote(login.password, safe="") != login.password:
        print(
            f"note: the password has characters that an address must hold percent-encoded (%40 "
            f"for @); set {variable} in that form for `detector serve`",
            file=sys.stderr,
        )


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.0 < seconds <= 60.0:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"expected 0 to 60 s, found {text}")
    return seconds
