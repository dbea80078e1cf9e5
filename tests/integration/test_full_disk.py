"""A real file system that is full to its last byte; needs the right to mount one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.faults.full_disk import MIB, fill, small_disk
from detector.evidence.disk import disk_space
from detector.evidence.retention import GIB, RetentionSettings
from detector.pipeline.health import Heartbeats
from detector.pipeline.retention_worker import THREAD, RetentionWorker
from detector.store import StoreSettings, open_store
from tests.happenings import ended, incident_id, make_event
from tests.kept_evidence import NOW, Kept

FLOOR_BYTES = 4 * MIB


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    try:
        with small_disk(tmp_path / "disk", 24) as mounted:
            yield mounted
    except PermissionError as error:
        pytest.skip(str(error))


def worker(kept: Kept) -> RetentionWorker:
    heartbeats = Heartbeats()
    heartbeats.expect(THREAD, 60)
    policy = RetentionSettings(free_space_floor_gib=FLOOR_BYTES / GIB)
    return RetentionWorker(kept.store, kept.data_dir, policy, heartbeats)


def test_on_a_disk_without_a_free_byte_the_oldest_evidence_is_logged_deleted_and_events_go_on(
    disk: Path,
) -> None:
    with open_store(StoreSettings(path=disk / "events.sqlite3")) as store:
        kept = Kept(store, disk)
        for number in range(1, 6):
            kept.happen(number, 20 - number, clip_bytes=2 * MIB)
        kept.hold(incident_id(1))
        keeper = worker(kept)
        keeper.turn(NOW)
        assert (disk / "reserve").stat().st_size == MIB
        before = kept.objects()
        fill(disk)
        assert disk_space(disk).free_bytes == 0

        keeper.turn(NOW + 60)
        assert keeper.health.trouble == ""
        assert disk_space(disk).free_bytes >= FLOOR_BYTES
        assert [len(kept.files_of(incident_id(n))) for n in range(1, 6)] == [4, 0, 0, 4, 4]
        assert set(kept.erased()) == before.keys() - kept.objects().keys()
        store.append([make_event(9, incident=9)], [ended(9)], [], now=NOW + 61)


def test_when_all_is_held_on_a_full_disk_clips_are_refused_and_nothing_goes(disk: Path) -> None:
    with open_store(StoreSettings(path=disk / "events.sqlite3")) as store:
        kept = Kept(store, disk)
        kept.hold(kept.happen(1, 100, clip_bytes=2 * MIB))
        keeper = worker(kept)
        keeper.turn(NOW)
        before = kept.files()
        ballast = fill(disk)
        keeper.turn(NOW + 60)
        assert "no clips are written" in keeper.refusal()
        assert kept.files() == before
        ballast.unlink()
        keeper.turn(NOW + 120)
        assert keeper.refusal() == ""
        assert (disk / "reserve").exists()
