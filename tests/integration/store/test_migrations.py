import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from detector.errors import StoreError
from detector.store import EventQuery, StoreSettings, open_store
from detector.store.migrate import alembic_config
from detector.store.schema import metadata
from tests.happenings import START, make_event, make_incident


def head() -> str:
    current = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert current is not None
    return current


def set_revision(path: Path, revision: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def test_the_migrations_lead_to_exactly_the_tables_of_the_code(tmp_path: Path) -> None:
    settings = StoreSettings(path=tmp_path / "e.sqlite3")
    open_store(settings).close()
    engine = create_engine(settings.database)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert context.get_current_revision() == head()
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_opening_again_changes_nothing_and_keeps_the_events(tmp_path: Path) -> None:
    settings = StoreSettings(path=tmp_path / "deep" / "er" / "e.sqlite3")
    with open_store(settings) as store:
        store.append([make_event()], [make_incident()], [], now=START)
    with open_store(settings) as store:
        assert [event.event().id for event in store.events(EventQuery())] == [make_event().id]
    assert list(settings.path.parent.glob("*before-migration*")) == []


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    settings = StoreSettings(path=tmp_path / "e.sqlite3")
    open_store(settings).close()
    set_revision(settings.path, "9999")
    with pytest.raises(StoreError, match=f"expected schema {head()} or older, found 9999"):
        open_store(settings)


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "recipes.sqlite3"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(StoreError, match=r"expected an empty database or our own.*recipes"):
        open_store(StoreSettings(path=path))
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("recipes",)]


def test_an_existing_file_is_copied_before_it_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, present = StoreSettings(path=tmp_path / "e.sqlite3"), head()
    with open_store(settings) as store:
        store.append([make_event()], [make_incident()], [], now=START)
    later = tmp_path / "migrations"
    later.mkdir()
    ours = Path(alembic_config().get_main_option("script_location") or "")
    for part in ("env.py", "script.py.mako"):
        (later / part).write_bytes((ours / part).read_bytes())
    (later / "versions").mkdir()
    for step in (ours / "versions").glob("r*.py"):
        (later / "versions" / step.name).write_bytes(step.read_bytes())
    (later / "versions" / "r9000_next.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision, down_revision = '9000', '{present}'\n"
        "def upgrade():\n    op.create_table('novelty', sa.Column('id', sa.Integer))\n"
    )
    monkeypatch.setattr("detector.store.migrate.SCRIPTS", later)
    with open_store(settings) as store:
        assert store.counts().events == 1
    copy = tmp_path / f"e.sqlite3.before-migration-from-{present}"
    with closing(sqlite3.connect(copy)) as connection:
        (events,) = connection.execute("SELECT count(*) FROM events").fetchone()
        (tables,) = connection.execute(
            "SELECT count(*) FROM sqlite_master WHERE name = 'novelty'"
        ).fetchone()
    assert (events, tables) == (1, 0)


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = StoreSettings(path=tmp_path / "e.sqlite3")
    broken = tmp_path / "migrations"
    (broken / "versions").mkdir(parents=True)
    ours = Path(alembic_config().get_main_option("script_location") or "")
    (broken / "env.py").write_bytes((ours / "env.py").read_bytes())
    (broken / "versions" / "r0001.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        "revision, down_revision = '0001', None\n"
        "def upgrade():\n"
        "    op.create_table('half', sa.Column('id', sa.Integer))\n"
        "    op.execute('CREATE NONSENSE')\n"
    )
    monkeypatch.setattr("detector.store.migrate.SCRIPTS", broken)
    with pytest.raises(StoreError, match="opening failed"):
        open_store(settings)
    monkeypatch.undo()
    open_store(settings).close()
