"""What connections to SQLite are told."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from detector.store import StoreSettings
from detector.store.engine import reader_engine, writer_engine


@pytest.mark.parametrize(("make", "kib"), [(writer_engine, 2000), (reader_engine, 500)])
def test_a_connection_keeps_few_pages_in_memory(
    path: Path, make: Callable[[StoreSettings], Engine], kib: int
) -> None:
    engine = make(StoreSettings(path=path))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA cache_size").scalar_one() == -kib
    engine.dispose()
