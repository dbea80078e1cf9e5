"""A fresh store of each test, and where its file lies."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from detector.store import Store, StoreSettings, open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite3"


@pytest.fixture
def database(path: Path) -> URL:
    """The same for SQLAlchemy."""
    return StoreSettings(path=path).database


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(StoreSettings(path=path)) as opened:
        yield opened
