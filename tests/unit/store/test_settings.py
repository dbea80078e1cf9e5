import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from detector.errors import StoreError
from detector.store import StoreSettings, open_store


def test_a_path_is_a_sqlite_file() -> None:
    settings = StoreSettings(path=Path("a b/é.sqlite3"))
    assert settings.database.get_backend_name() == "sqlite"
    assert settings.database.database == "a b/é.sqlite3"
    assert settings.where == "a b/é.sqlite3"


def test_an_address_is_a_postgresql_database() -> None:
    settings = StoreSettings(url="postgresql://guard@db.example/events")
    assert settings.database.drivername == "postgresql+psycopg"
    assert settings.where == "postgresql://guard@db.example/events"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://guard:hunter2@db/events", "use PGPASSWORD or a pgpass file"),
        ("postgresql://guard@db/events?password=hunter2", "use PGPASSWORD or a pgpass file"),
        ("mysql://db/events", "found mysql"),
        ("events.db", "expected postgresql://user@host/database"),
    ],
)
def test_other_addresses_and_passwords_are_refused(url: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        StoreSettings(url=url)


def test_postgresql_without_its_extra_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match="expected the extra postgres to be installed"):
        open_store(StoreSettings(url="postgresql://guard@db.example/events"))
