import gc
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from detector.errors import ConfigError
from detector.evidence.evidence_files import Evidence
from detector.evidence.retention import GIB
from detector.store import (
    ClipState,
    CustodyAction,
    Disposal,
    NewCustody,
    Store,
    StoreSettings,
    incident_object,
    open_store,
)
from detector.types import Phase
from tests.happenings import incident_id, make_event
from tests.kept_evidence import HOUR, NOW, Disk, Kept


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(StoreSettings(path=tmp_path / "events.sqlite3")) as opened:
        yield opened


@pytest.fixture
def kept(store: Store, tmp_path: Path) -> Kept:
    return Kept(store, tmp_path / "data")


def test_what_reached_its_age_goes_with_all_that_lies_beside_it_and_the_rest_stays(
    kept: Kept,
) -> None:
    old, young = kept.happen(1, 73), kept.happen(2, 71)
    kept.worker().turn(NOW)
    assert kept.files_of(old) == set()
    assert len(kept.files_of(young)) == 4  # clip, tracks, snapshot, raw snapshot
    (clip,) = kept.store.clips(old)
    assert clip.state is ClipState.DELETED
    assert "retention: age" in clip.body
    assert [clip.state for clip in kept.store.clips(young)] == [ClipState.READY]


def test_each_clip_and_snapshot_that_goes_has_one_entry_that_tells_why_how_old_and_how_big(
    kept: Kept,
) -> None:
    incident = kept.happen(1, 73.5)
    worker = kept.worker()
    worker.turn(NOW)
    worker.turn(NOW + 60)
    parts = ["clips/1", f"snapshots/{make_event(1).id}"]
    assert sorted(kept.erased()) == [incident_object(incident, part) for part in parts]
    bodies = [e.body for e in kept.store.custody() if e.action == "erase"]
    assert all('"purpose":"retention: age"' in body for body in bodies)
    assert any('"result":"73.5 h old, 1002 bytes"' in body for body in bodies)
    assert kept.store.verify_custody().why == ""


def test_what_a_killed_run_left_unfinished_is_removed_before_anything_is_written(
    kept: Kept,
) -> None:
    incident = kept.happen(1, 1)
    before = kept.files()
    for kind in ("clips", "snapshots"):
        (kept.data_dir / kind / "00").mkdir()
        (kept.data_dir / kind / "00" / "left.raw.part").write_bytes(b"half a file")
    worker = kept.worker()
    worker.start()
    assert worker.stop()
    assert kept.files() == before
    assert len(kept.files_of(incident)) == 4


def test_classes_have_ages_of_their_own(kept: Kept) -> None:
    incident = kept.happen(1, 50)
    kept.worker(clips_h=48, snapshots_h=100).turn(NOW)
    assert {name.rsplit(".", 1)[1] for name in kept.files_of(incident)} == {"jpg"}


def test_nothing_of_a_held_or_open_incident_or_one_with_a_clip_to_come_goes(kept: Kept) -> None:
    held, open_one = kept.happen(1, 500), kept.happen(2, 500, phase=Phase.UPDATE)
    kept.hold(held)
    before = kept.files()
    kept.worker(Disk(total_bytes=2 * GIB, others_bytes=2 * GIB - 10), evidence_gib=1e-9).turn(NOW)
    assert kept.files() == before
    assert kept.erased() == []
    assert kept.store.incident(held)
    assert kept.store.incident(open_one)


def test_a_hold_that_comes_while_a_turn_is_under_way_is_kept(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    incidents = [kept.happen(1, 100), kept.happen(2, 90)]
    real = kept.store.dispose

    def dispose(incident: UUID, going: Sequence[Disposal], *, now: float) -> bool:
        if incident == incidents[1]:
            kept.hold(incident)
        return real(incident, going, now=now)

    monkeypatch.setattr(kept.store, "dispose", dispose)
    kept.worker().turn(NOW)
    assert [len(kept.files_of(incident)) for incident in incidents] == [0, 4]
    assert len(kept.erased()) == 2


def test_a_hold_that_expired_is_released_in_the_log_and_its_evidence_goes(kept: Kept) -> None:
    held = kept.happen(1, 100)
    kept.hold(held, expires_at=NOW - 1)
    kept.worker().turn(NOW)
    assert kept.files_of(held) == set()
    actions = [entry.action for entry in kept.store.custody()]
    assert actions[-3:] == ["release", "erase", "erase"]


def test_over_the_limit_the_oldest_incidents_go_whole_until_it_is_kept(kept: Kept) -> None:
    incidents = [kept.happen(n, 10 - n, clip_bytes=1000, beside=False) for n in (1, 2, 3)]
    worker = kept.worker(evidence_gib=2500 / GIB)
    worker.turn(NOW)
    assert [len(kept.files_of(incident)) for incident in incidents] == [0, 2, 2]
    assert worker.health.deleted == {("clips", "size"): 1, ("snapshots", "size"): 1}
    assert worker.health.trouble == ""


def test_below_the_floor_the_oldest_that_is_not_held_goes(kept: Kept) -> None:
    incidents = [kept.happen(n, 10 - n, clip_bytes=1000, beside=False) for n in (1, 2, 3)]
    kept.hold(incidents[0])
    disk = Disk(total_bytes=1_000_000, others_bytes=900_000)  # 96 700 free
    worker = kept.worker(disk, free_space_floor_gib=97_000 / GIB)
    worker.turn(NOW)
    assert [len(kept.files_of(incident)) for incident in incidents] == [2, 0, 2]
    assert worker.refusal() == ""


def test_when_all_that_is_left_is_held_no_clips_are_written_until_there_is_space(
    kept: Kept,
) -> None:
    kept.hold(kept.happen(1, 10))
    disk = Disk(total_bytes=1_000_000, others_bytes=900_000)
    worker = kept.worker(disk, free_space_floor_gib=200_000 / GIB)
    worker.turn(NOW)
    assert "no clips are written" in worker.refusal()
    assert worker.health.headroom_s == 0
    disk.others_bytes = 1000
    worker.turn(NOW + 60)
    assert worker.refusal() == ""


def test_too_little_headroom_is_an_alarm_until_there_is_clearly_more(kept: Kept) -> None:
    kept.happen(1, 0.01, clip_bytes=600_000, snapshot_bytes=0, beside=False)  # 1000 B/s
    disk = Disk(total_bytes=10_000_000_000, others_bytes=10_000_000_000 - 8_000_000)
    worker = kept.worker(disk, free_space_floor_gib=1_000_000 / GIB)
    worker.turn(NOW)
    assert worker.health.rate_bytes_s == 1000
    assert worker.health.headroom_s == 6150  # the reserve, a quarter of the floor, is taken
    assert "expected headroom for 2 hours, found 1.7" in worker.health.trouble
    disk.others_bytes -= 2_000_000
    worker.turn(NOW)
    assert worker.health.low
    disk.others_bytes -= 2_000_000
    worker.turn(NOW)
    assert not worker.health.low


def test_events_go_after_their_own_age_and_the_log_says_so(kept: Kept) -> None:
    old, young = kept.happen(1, 31 * 24), kept.happen(2, 29 * 24)
    kept.worker().turn(NOW)
    assert kept.store.incident(old) is None
    assert kept.store.incident(young) is not None
    assert kept.erased()[-1] == incident_object(old, "events")


def test_the_log_is_kept_from_the_first_entry_about_a_held_incident_on(kept: Kept) -> None:
    kept.store.log_custody([NewCustody(CustodyAction.CONFIGURE, "other")], now=NOW - 1e7)
    kept.hold(kept.happen(2, 50 * 24))
    actions = [entry.action for entry in kept.store.custody()]
    assert actions == ["configure", "collect", "hold"]
    kept.worker().turn(NOW)
    kept.worker().turn(NOW + 400 * 86_400)
    assert kept.store.custody()[0].action == "collect"
    assert kept.store.incident(incident_id(2)) is not None


def test_a_file_that_cannot_be_deleted_is_a_fault_and_keeps_its_incident(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = kept.happen(1, 31 * 24)

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    worker = kept.worker()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        worker.turn(NOW)
    assert "cannot be deleted: Permission denied" in worker.health.trouble
    assert kept.store.incident(incident) is not None
    worker.turn(NOW + 60)
    assert kept.files() == set()
    assert kept.store.incident(incident) is None
    assert worker.health.trouble == ""


def test_files_of_nothing_stored_go_when_old_unless_they_are_older_than_the_database(
    kept: Kept,
) -> None:
    for number, hours in ((1, 400), (2, 100), (3, 1)):
        kept.happen(number, hours, clip_bytes=0, beside=False)
    with open_store(StoreSettings(path=kept.data_dir / "new.sqlite3")) as other:
        new = Kept(other, kept.data_dir)
        new.worker().turn(NOW - 200 * HOUR)
        worker = new.worker()
        worker.turn(NOW)
        assert new.files() == {f"{make_event(number).id}.jpg" for number in (1, 3)}
        assert new.erased() == [f"unknown/snapshots/{make_event(2).id}"]
        assert worker.health.unknown == 1  # the one of an hour ago may still get its event


def test_each_clip_of_nothing_stored_has_an_entry_of_its_own(kept: Kept) -> None:
    for number in (1, 2):
        kept.happen(number, 100, snapshot_bytes=0, beside=False)
    stems = sorted(one.stem for one in kept.evidence())
    with open_store(StoreSettings(path=kept.data_dir / "new.sqlite3")) as other:
        new = Kept(other, kept.data_dir)
        new.worker().turn(NOW - 200 * HOUR)
        new.worker().turn(NOW)
        assert sorted(new.erased()) == [f"unknown/clips/{stem}" for stem in stems]
        assert new.files() == set()


def test_a_turn_that_is_asked_to_end_leaves_the_rest_for_the_next_run(kept: Kept) -> None:
    for number in (1, 2):
        kept.happen(number, 1000)
    before = kept.files()
    worker = kept.worker()
    worker.stop()
    worker.turn(NOW)
    assert kept.files() == before
    assert kept.erased() == []
    assert kept.store.incident(incident_id(1)) is not None


def test_files_with_other_names_are_never_touched(kept: Kept) -> None:
    foreign = [kept.data_dir / "clips" / "notes.txt", kept.data_dir / "snapshots" / "ab" / "x.jpg"]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    disk = Disk(total_bytes=2 * GIB, others_bytes=2 * GIB - 10)
    kept.worker(disk, evidence_gib=1e-9).turn(NOW + 1e9)
    assert all(path.exists() for path in foreign)


def test_a_floor_larger_than_the_disk_is_refused_with_both_figures(kept: Kept) -> None:
    with pytest.raises(ConfigError, match=r"less than the disk of data_dir has, 0.5, found 1"):
        kept.worker(Disk(total_bytes=GIB // 2))


def test_the_settings_are_in_the_log_once_until_they_change(kept: Kept) -> None:
    kept.worker().turn(NOW)
    kept.worker().turn(NOW + 1)
    kept.worker(clips_h=24).turn(NOW + 2)
    bodies = [entry.body for entry in kept.store.custody() if entry.action == "configure"]
    assert ["clips_h=72" in bodies[0], "clips_h=24" in bodies[1]] == [True, True]
    assert len(bodies) == 2


def test_the_thread_turns_and_ends_when_asked(kept: Kept) -> None:
    incident = kept.happen(1, -1e6)  # far in the future for this clock: stays
    worker = kept.worker()
    worker.start()
    assert worker.stop()
    assert len(kept.files_of(incident)) == 4


def test_between_turns_nothing_is_held_of_each_file_on_the_disk(kept: Kept) -> None:
    def held() -> int:
        gc.collect()
        return sum(type(one) is Evidence for one in gc.get_objects())

    before = held()
    for number in (1, 2, 3):
        kept.happen(number, hours_ago=1)
    worker = kept.worker()
    worker.turn(NOW)
    assert worker.health.bytes_kept["clips"] > 0
    assert held() == before
