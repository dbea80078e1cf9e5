from collections.abc import Iterator
from pathlib import Path

import pytest

from detector.api.app import create_app
from detector.config.access import ApiSettings
from detector.store import Store, StoreSettings, open_store
from tests.shown_service import Client, ShownService


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(StoreSettings(path=tmp_path / "events.sqlite3")) as opened:
        yield opened


@pytest.fixture
def service(store: Store) -> ShownService:
    return ShownService(store)


@pytest.fixture
def client(service: ShownService) -> Client:
    return Client(create_app(service, ApiSettings()))
