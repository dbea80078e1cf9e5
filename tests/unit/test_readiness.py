from pathlib import Path

from detector.pipeline.health import Heartbeats
from detector.pipeline.recorder import Recorder
from detector.service import ReadyCheck
from detector.service.readiness import store_check, thread_checks
from detector.stages import StageClock
from detector.store import Store, StoreSettings, open_store
from tests.unit.pipeline.test_recorder import UnwritableStore, step


def recorder(store: Store) -> Recorder:
    return Recorder(store, (), None, StageClock())


def test_each_thread_that_misses_its_beat_is_a_failed_check_of_its_own() -> None:
    now_s = 0.0
    beats = Heartbeats(lambda: now_s)
    beats.expect("analysis", 30.0)
    beats.expect("evidence", 120.0)
    beats.expect("reader:north", 15.0)
    assert thread_checks(beats) == (ReadyCheck("threads", ok=True),)
    now_s = 40.0
    assert thread_checks(beats) == (
        ReadyCheck("thread analysis", ok=False, detail="no sign of life for 40 s"),
        ReadyCheck("thread reader:north", ok=False, detail="no sign of life for 40 s"),
    )


def test_a_store_that_cannot_write_is_a_failed_check_that_says_why(tmp_path: Path) -> None:
    path = tmp_path / "e.sqlite3"
    with open_store(StoreSettings(path=path)) as store:
        assert store_check(store, recorder(store)) == ReadyCheck("store", ok=True)
    closed = store_check(store, recorder(store))
    assert not closed.ok
    assert "expected an open store, found it closed" in closed.detail


def test_records_that_wait_for_a_full_disk_are_counted_although_the_store_answers_again(
    tmp_path: Path,
) -> None:
    with open_store(StoreSettings(path=tmp_path / "e.sqlite3")) as store:
        full = UnwritableStore(store)
        waiting = Recorder(full, (), None, StageClock())  # type: ignore[arg-type]
        waiting.record(step(1))
        check = store_check(store, waiting)
    assert not check.ok
    assert check.detail.startswith("1 records wait: ")
    assert "the disk is full" in check.detail
