"""One process at a time delivers from a database; a second one would send everything twice."""

import fcntl
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import Engine, text

from detector.errors import StoreError

ADVISORY_LOCK = 0x6261_7272_6965_72
"""Any number that no other program uses in the same database ("barrier")."""


def claim(held: ExitStack, where: str, path: Path | None, engine: Engine) -> None:
    """Reserve the deliveries until ``held`` is closed or this process ends, however it ends.

    Raises:
        StoreError: another process has them.
    """
    if path is None:
        connection = held.enter_context(engine.connect())
        granted = connection.scalar(text(f"SELECT pg_try_advisory_lock({ADVISORY_LOCK})"))
        connection.commit()  # the lock is the session's and stays
    else:
        name = path.with_name(f"{path.name}-delivering")
        file = held.enter_context(name.open("w"))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            granted = True
        except BlockingIOError:
            granted = False
    if not granted:
        raise StoreError(
            f"{where}: expected to be the only process that delivers from this database, "
            "found another one"
        )
