"""Makes a ``cameras:`` block of cameras that were found on the network."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, groupby
from typing import Any

import yaml

from detector.streams.base import Role
from detector.streams.onvif import FoundCamera, Profile

LEAST_WIDTH_PX = 640
"""Pictures narrower than that show too few pixels of a person; wider ones cost CPU to decode."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A camera as it would stand in the configuration.

    Attributes:
        name: its key under ``cameras``.
        title: for people.
        streams: every profile with the roles it should get; () for those not needed.
    """

    name: str
    title: str
    streams: tuple[tuple[Profile, tuple[Role, ...]], ...]


def propose(found: Sequence[FoundCamera]) -> tuple[Proposal, ...]:
    """Give one camera for each lens: the largest stream is recorded, a small one analysed."""
    taken: set[str] = set()
    proposals = []
    for camera in found:
        lenses = [
            tuple(profiles)
            for _, profiles in groupby(
                sorted(camera.profiles, key=lambda p: p.source), key=lambda p: p.source
            )
        ]
        title = camera.device.name or camera.model or camera.device.host
        for profiles in lenses:
            name = next(n for n in _names(title) if n not in taken)
            taken.add(name)
            proposals.append(Proposal(name, title, tuple(_with_roles(profiles))))
    return tuple(proposals)


def with_placeholders(url: str, user_env: str, password_env: str) -> str:
    """Give ``url`` with the names of the variables that hold user and password, not with these."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{{{user_env}}}:{{{password_env}}}@{rest}"


def cameras_block(proposals: Sequence[Proposal], user_env: str, password_env: str) -> str:
    """Give YAML with ``cameras:``, which :func:`detector.config.load_config` takes.

    ``user_env`` and ``password_env`` are the variables from which the service will read the login.
    """
    cameras: dict[str, Mapping[str, Any]] = {}
    for proposal in proposals:
        inputs = [
            {"path": with_placeholders(p.url, user_env, password_env), "roles": list(roles)}
            for p, roles in proposal.streams
            if roles
        ]
        cameras[proposal.name] = {"friendly_name": proposal.title, "ffmpeg": {"inputs": inputs}}
    return yaml.safe_dump({"cameras": cameras}, sort_keys=False, allow_unicode=True, width=200)


def _with_roles(profiles: Sequence[Profile]) -> Iterator[tuple[Profile, tuple[Role, ...]]]:
    by_size = sorted(profiles, key=lambda p: (p.width * p.height, p.fps))
    record = by_size[-1]
    detect = next((p for p in by_size if p.width >= LEAST_WIDTH_PX), record)
    for profile in profiles:
        roles: list[Role] = ["detect"] if profile is detect else []
        roles += ["record"] if profile is record else []
        yield profile, tuple(roles)


def _names(title: str) -> Iterator[str]:
    """Give keys for a camera called ``title``: itself in plain letters, then with numbers."""
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:50] or "camera"
    yield plain
    yield from (f"{plain}-{number}" for number in count(2))
