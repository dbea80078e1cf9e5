"""Where the service listens and who may ask it what."""

import ipaddress
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from detector.errors import ConfigError, Problem

MIN_SECRET_LENGTH = 32

Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:_-]+$", max_length=253)]


class Scope(StrEnum):
    """What a caller may do; each includes the ones before it."""

    READ = "read"  # look
    OPERATE = "operate"  # say what became of an incident
    ADMIN = "admin"  # change how the service works, e.g. repeat a delivery

    @property
    def rank(self) -> int:
        """Position in the rising order."""
        return list(Scope).index(self)


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ApiKeySettings(_Settings):
    """One caller; the secret itself comes from the environment or from a file.

    Attributes:
        name: who it is; noted with every change made with the key.
        scopes: what the caller may do; the highest counts.
        secret_env: environment variable that holds the secret.
        secret_file: file that holds the secret, white space around it ignored.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)] = (Scope.READ,)
    secret_env: str | None = None
    secret_file: Path | None = None

    @model_validator(mode="after")
    def _one_secret(self) -> Self:
        if (self.secret_env is None) == (self.secret_file is None):
            raise ValueError("expected exactly one of secret_env and secret_file")
        return self

    @property
    def scope(self) -> Scope:
        """The highest of its scopes."""
        return max(self.scopes, key=lambda scope: scope.rank)


class ApiSettings(_Settings):
    """The address of the HTTP interface, and its keys.

    Without keys everybody on this machine may do everything, and nobody else can connect: listening
    to other machines needs at least one key.

    Attributes:
        host: address or name to listen on.
        port: TCP port; 0 takes a free one.
        keys: who may ask; empty opens the interface to this machine.
        allowed_hosts: names under which browsers may reach the interface besides those of this
            machine, e.g. that of a reverse proxy; ``*.example.org`` allows subdomains.
    """

    host: Host = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    keys: tuple[ApiKeySettings, ...] = ()
    allowed_hosts: tuple[
        Annotated[str, StringConstraints(pattern=r"^(\*\.)?[A-Za-z0-9.:-]+$")], ...
    ] = ()

    @model_validator(mode="after")
    def _distinct_names(self) -> Self:
        names = [key.name for key in self.keys]
        if len(set(names)) != len(names):
            raise ValueError(f"keys: expected each name once, found {', '.join(sorted(names))}")
        return self


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to ``host``.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost")
    (True, True, True)
    >>> is_loopback("0.0.0.0"), is_loopback("camera-server")
    (False, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_exposure(settings: ApiSettings) -> list[Problem]:
    """Find out whether other machines could use the interface without a key."""
    if settings.keys or is_loopback(settings.host):
        return []
    expected = f"at least one key, because api.host {settings.host} is open to other machines"
    return [Problem("api.keys", expected, "none")]


def read_secrets(settings: ApiSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """Read every key's secret, by the key's name.

    Raises:
        ConfigError: one is missing, too short to be safe, or used twice; holds all problems.
    """
    secrets: dict[str, str] = {}
    problems: list[Problem] = []
    for number, key in enumerate(settings.keys):
        where, secret = f"api.keys.{number}", ""
        if key.secret_env is not None:
            where += ".secret_env"
            secret = environ.get(key.secret_env, "").strip()
        elif key.secret_file is not None:
            where += ".secret_file"
            try:
                secret = key.secret_file.read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                problems.append(Problem(where, "a readable text file", str(error)))
                continue
        source = key.secret_env or key.secret_file
        if len(secret) < MIN_SECRET_LENGTH:
            found = f"{len(secret)} in {source}"
            problems.append(Problem(where, f"at least {MIN_SECRET_LENGTH} characters", found))
        elif secret in secrets.values():
            problems.append(
                Problem(where, "a secret of its own", f"that of another key in {source}")
            )
        secrets[key.name] = secret
    if problems:
        raise ConfigError(*problems)
    return secrets
