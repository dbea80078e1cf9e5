"""Brings a database to the schema of this code, one numbered step after another, or refuses it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, inspect

from detector.errors import StoreError

SCRIPTS = Path(__file__).parent / "migrations"


def alembic_config() -> Config:
    """Where the migrations that belong to this code lie."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def migrate(engine: Engine, where: str, path: Path | None) -> None:
    """Apply the missing migrations in one transaction.

    Args:
        engine: of the writer.
        where: how messages name the database.
        path: the SQLite file, copied beside itself before an existing one is changed.

    Raises:
        StoreError: the database is newer than this code, or belongs to another program.
    """
    config = alembic_config()
    directory = ScriptDirectory.from_config(config)
    head = directory.get_current_head()
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current == head:
            return
        _refuse_strangers(connection, directory, current, where)
    if current is not None and path is not None:
        _back_up(path, current)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _refuse_strangers(
    connection: Connection, directory: ScriptDirectory, current: str | None, where: str
) -> None:
    if current is None:
        tables = sorted(inspect(connection).get_table_names())
        if tables:
            raise StoreError(f"{where}: expected an empty database or our own, found {tables[:5]}")
        return
    try:
        directory.get_revision(current)
    except CommandError:
        known = directory.get_current_head()
        raise StoreError(
            f"{where}: expected schema {known} or older, found {current}: "
            "the database was written by a newer version of this program"
        ) from None


def _back_up(path: Path, revision: str) -> None:
    """Copy a consistent state of the file, with what is still in its write-ahead log."""
    copy = path.with_name(f"{path.name}.before-migration-from-{revision}")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
