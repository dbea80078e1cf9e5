"""Where the events are kept."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError


class StoreSettings(BaseModel):
    """A SQLite file (``path``) or, for a fleet, a PostgreSQL database (``url``).

    The URL holds no password: the PostgreSQL client reads it from ``PGPASSWORD`` or ``~/.pgpass``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    path: Path = Path("data/events.sqlite3")
    url: str | None = None
    busy_timeout_s: Annotated[float, Field(ge=0, le=60)] = 5.0
    """How long a write waits for another process that holds the database."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.url is None:
            return self
        try:
            url = make_url(self.url)
        except ArgumentError:
            raise ValueError("url: expected postgresql://user@host/database") from None
        if url.password is not None or "password" in url.query:
            raise ValueError("url: expected no password; use PGPASSWORD or a pgpass file")
        if url.get_backend_name() != "postgresql":
            raise ValueError(f"url: expected postgresql://…, found {url.get_backend_name()}://…")
        return self

    @property
    def database(self) -> URL:
        """The address with the driver that is used."""
        if self.url is None:
            return URL.create("sqlite+pysqlite", database=str(self.path))
        return make_url(self.url).set(drivername="postgresql+psycopg")

    @property
    def where(self) -> str:
        """How messages name the database; without a password by construction."""
        return str(self.path) if self.url is None else self.url
