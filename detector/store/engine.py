"""Connections to the database, with the guarantees the store needs, and its errors in our words."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from detector.errors import StoreError
from detector.store.settings import StoreSettings

READERS = 4
WRITER_CACHE_KIB = 2000
READER_CACHE_KIB = 500
"""Most pages of the database file that a connection to SQLite keeps in memory.

Readers keep little: what they hold is void as soon as anything was written.
"""

SQLITE_CAUSES = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_BUSY": "locked by another process",
    "SQLITE_LOCKED": "locked by another process",
    "SQLITE_READONLY": "read-only",
    "SQLITE_CORRUPT": "the file is damaged",
    "SQLITE_NOTADB": "the file is damaged or no SQLite database",
    "SQLITE_CANTOPEN": "the file cannot be opened",
    "SQLITE_IOERR": "the disk refuses to read or write",
}
"""By primary result code (https://www.sqlite.org/rescode.html)."""


def writer_engine(settings: StoreSettings) -> Engine:
    """One connection for all writing; the caller holds a lock around its transactions."""
    if settings.url is not None:
        try:
            return create_engine(settings.database, pool_size=1, max_overflow=0, pool_pre_ping=True)
        except ImportError:
            raise StoreError(
                f"{settings.where}: expected the extra postgres to be installed, found it missing"
            ) from None
    engine = _sqlite(settings.database, settings.busy_timeout_s, pool_size=1)
    event.listen(engine, "connect", _durable)
    # A write transaction takes the lock at once: one that reads first and then finds the database
    # changed by another process would fail without waiting.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def reader_engine(settings: StoreSettings) -> Engine:
    """Connections that cannot write and, on SQLite, never wait for the writer (WAL)."""
    if settings.url is not None:
        return create_engine(
            settings.database,
            pool_size=READERS,
            pool_pre_ping=True,
            connect_args={"options": "-c default_transaction_read_only=on"},
        )
    engine = _sqlite(settings.database, settings.busy_timeout_s, pool_size=READERS)
    event.listen(engine, "connect", _query_only)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _sqlite(url: URL, busy_timeout_s: float, pool_size: int) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0 if pool_size == 1 else 8,
        connect_args={"timeout": busy_timeout_s},
    )
    event.listen(engine, "connect", _own_transactions)
    return engine


def _own_transactions(dbapi: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # SQLAlchemy's documented recipe for SQLite: sqlite3 begins nothing by itself, the "begin"
    # hooks do, so that schema changes are transactional too.
    dbapi.isolation_level = None
    _execute(dbapi, "PRAGMA foreign_keys=ON")


def _durable(dbapi: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    _execute(dbapi, "PRAGMA journal_mode=WAL")
    _execute(dbapi, "PRAGMA synchronous=FULL")
    _execute(dbapi, f"PRAGMA cache_size=-{WRITER_CACHE_KIB}")


def _query_only(dbapi: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    _execute(dbapi, "PRAGMA query_only=ON")
    _execute(dbapi, f"PRAGMA cache_size=-{READER_CACHE_KIB}")


def _execute(dbapi: DBAPIConnection, statement: str) -> None:
    cursor = dbapi.cursor()
    cursor.execute(statement)
    cursor.close()


@contextmanager
def translated(where: str, doing: str) -> Iterator[None]:
    """Raise StoreError, saying where and during what, for any error of the database library."""
    try:
        yield
    except SQLAlchemyError as error:
        raise StoreError(f"{where}: {doing} failed: {_cause(error)}") from error
    except OSError as error:
        raise StoreError(f"{where}: {doing} failed: {error.strerror or error}") from error


def _cause(error: SQLAlchemyError) -> str:
    original = getattr(error, "orig", None) or error
    line = str(original).strip().splitlines()[0] if str(original).strip() else repr(original)
    name = getattr(original, "sqlite_errorname", "") if isinstance(original, sqlite3.Error) else ""
    for code, cause in SQLITE_CAUSES.items():
        if name == code or name.startswith(f"{code}_"):
            return f"{cause} ({line})"
    return line
