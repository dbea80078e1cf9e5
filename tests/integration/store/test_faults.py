import os
import resource
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from detector.delivery import SinkRoute
from detector.errors import StoreError
from detector.store import EventQuery, StoreSettings, open_store
from detector.store.store import Store
from tests.happenings import START, make_event, make_incident

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "e.sqlite3"


@contextmanager
def held_by_another_process(path: Path) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        yield
        process.stdin.close()


def commit(store: Store, number: int) -> None:
    store.append([make_event(number)], [make_incident()], [SinkRoute("hook")], now=START)


def test_a_locked_database_is_waited_for_and_then_said_to_be_locked(path: Path) -> None:
    with open_store(StoreSettings(path=path, busy_timeout_s=0.1)) as store:
        commit(store, 1)
        with held_by_another_process(path):
            with pytest.raises(StoreError, match="committing events failed: locked by another"):
                commit(store, 2)
            assert not store.healthy()
            assert store.last_seq() == 1  # readers do not wait
        commit(store, 2)
        assert [event.seq for event in store.events(EventQuery())] == [1, 2]


def test_a_full_disk_refuses_the_event_and_the_store_goes_on_when_there_is_room(
    path: Path,
) -> None:
    with open_store(StoreSettings(path=path)) as store:
        commit(store, 1)
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        wal = path.with_name(f"{path.name}-wal")
        resource.setrlimit(resource.RLIMIT_FSIZE, (wal.stat().st_size, limit[1]))
        try:
            with pytest.raises(StoreError, match=r"e\.sqlite3: committing events failed: the disk"):
                commit(store, 2)
            assert not store.healthy()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        assert store.healthy()
        commit(store, 2)
        counts = store.counts()
        assert (counts.events, counts.pending, store.last_seq()) == (2, 2, 2)


def test_a_database_that_may_grow_no_more_says_the_disk_is_full(path: Path) -> None:
    with open_store(StoreSettings(path=path)) as store:
        with store._writer.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            connection.rollback()
        numbers = iter(range(1, 100))
        with pytest.raises(StoreError, match="the disk is full"):
            any(commit(store, number) for number in numbers)
        counts = store.counts()
        assert counts.events == counts.pending == store.last_seq()


def test_a_read_only_database_is_said_to_be_read_only(path: Path) -> None:
    open_store(StoreSettings(path=path)).close()
    with open_store(StoreSettings(path=path)) as store:
        with store._writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")
            connection.rollback()
        with pytest.raises(StoreError, match="read-only"):
            commit(store, 1)


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind the superuser")
def test_a_file_without_write_permission_stops_the_start(path: Path) -> None:
    open_store(StoreSettings(path=path)).close()
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with pytest.raises(StoreError), open_store(StoreSettings(path=path)) as store:
            commit(store, 1)
    finally:
        path.parent.chmod(0o700)


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"SQLite format 3\0" * 300])
def test_a_damaged_file_stops_the_start(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"e\.sqlite3: opening failed: the file is damaged"):
        open_store(StoreSettings(path=path))
    assert path.read_bytes() == content


def test_a_page_damaged_later_is_said_to_be_damaged(path: Path) -> None:
    with open_store(StoreSettings(path=path)) as store:
        for number in range(1, 60):
            commit(store, number)
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'events'"
        ).fetchone()
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * page_bytes)
        file.write(b"\xff" * page_bytes)
    with (
        open_store(StoreSettings(path=path)) as store,
        pytest.raises(StoreError, match="reading events failed: the file is damaged"),
    ):
        store.events(EventQuery())


def test_a_folder_in_the_way_and_a_file_as_folder_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError, match="opening failed: the file cannot be opened"):
        open_store(StoreSettings(path=tmp_path / "folder"))
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="opening failed"):
        open_store(StoreSettings(path=tmp_path / "file" / "e.sqlite3"))


def test_a_process_killed_in_the_middle_of_commits_loses_none_it_was_told_of(path: Path) -> None:
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from detector.store import StoreSettings, open_store
        from detector.delivery import SinkRoute
        from tests.happenings import START, make_event, make_incident
        store = open_store(StoreSettings(path=Path(sys.argv[1])))
        for number in range(1, 100000):
            event = make_event(number)
            store.append([event], [make_incident()], [SinkRoute("hook")], now=START)
            print(number, flush=True)
    """)
    root = Path(__file__).parents[3]
    told = []
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(int(line))
            if len(told) == 50:
                process.kill()
    with open_store(StoreSettings(path=path)) as store:
        seqs = [event.seq for event in store.events(EventQuery(limit=10_000))]
        counts = store.counts()
    assert seqs == list(range(1, len(seqs) + 1))
    assert set(told) <= set(seqs)
    assert counts.pending == counts.events
