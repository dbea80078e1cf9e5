"""What the dispatcher knows of a sink, and the settings all sinks share."""

import os
from pathlib import Path
from typing import Annotated, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from detector.delivery import EVERYTHING, Delivery, EventFilter, Outcome, RetrySettings, SinkRoute
from detector.errors import ConfigError, Problem


class SinkSettings(BaseModel):
    """What every sink can be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    filter: EventFilter = EVERYTHING
    retry: RetrySettings = RetrySettings()
    timeout_s: Annotated[PositiveFloat, Field(le=60)] = 5.0
    """One attempt as a whole, from the resolution of the name to the end of the answer."""
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """So many incidents are told at the same time; the events of one go one after the other."""

    def route(self, name: str) -> SinkRoute:
        """Say what the store must know to queue deliveries for the sink ``name``."""
        return SinkRoute(name, self.filter, self.retry.hasten_gap_s)


class SecretSource(BaseModel):
    """Where a secret is read from at the start: an environment variable or a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    env: str | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("expected either env (a variable's name) or file (a path)")
        return self

    def read(self, where: str) -> str:
        """Give the secret without surrounding white space.

        Raises:
            ConfigError: it is not there; ``where`` names the key of the configuration.
        """
        if self.env is not None:
            name, secret = f"environment variable {self.env}", os.environ.get(self.env, "")
        else:
            name, secret = f"file {self.file}", _content(self.file)
        if not secret.strip():
            raise ConfigError(Problem(where, f"a secret in {name}", "none"))
        return secret.strip()


def _content(path: Path | None) -> str:
    try:
        return "" if path is None else path.read_text()
    except OSError:
        return ""


class Sink(Protocol):
    """Hands events to one upstream system; used within one event loop."""

    @property
    def name(self) -> str:
        """Its key in the configuration."""
        ...

    @property
    def settings(self) -> SinkSettings:
        """What it was told."""
        ...

    async def start(self) -> None:
        """Prepare for sending; returns at once and never fails because upstream is away."""
        ...

    async def send(self, delivery: Delivery) -> Outcome:
        """Make one attempt and say what became of it.

        It ends within ``settings.timeout_s`` and may be cancelled, which leaves it unknown whether
        the upstream system has the event. What can go wrong on the way is an outcome, no exception.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
