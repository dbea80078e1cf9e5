from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import cv2
import numpy as np
import pytest

from detector.delivery import SinkRoute
from detector.errors import StoreError
from detector.events import Event, Incident
from detector.evidence.overlay import Picture
from detector.evidence.snapshot import SnapshotFolder
from detector.incidents import Outcome
from detector.incidents.clip_plan import ClipWish
from detector.incidents.coverage import WatchSpan, WatchState
from detector.pipeline.camera import Step
from detector.pipeline.recorder import Recorder
from detector.stages import StageClock
from detector.store import EventQuery, Store, StoreSettings, open_store
from detector.types import U8, CameraId, ClockSource, Frame, Tracks
from tests.happenings import make_event, make_incident


class UnwritableStore:
    """A store whose disk is full until it is emptied."""

    where = "events.sqlite3"

    def __init__(self, store: Store) -> None:
        self._store = store
        self.full = True

    def append(
        self,
        new: Sequence[Event],
        changed: Sequence[Incident],
        routes: Sequence[SinkRoute],
        *,
        now: float,
        states: dict[CameraId, str],
        clips: Sequence[ClipWish],
    ) -> tuple[Event, ...]:
        """Refuse while the disk is full."""
        if self.full:
            raise StoreError("events.sqlite3: the disk is full")
        return self._store.append(new, changed, routes, now=now, states=states, clips=clips)

    def write_watch(self, spans: Sequence[WatchSpan]) -> None:
        """Refuse likewise."""
        if self.full:
            raise StoreError("events.sqlite3: the disk is full")
        self._store.write_watch(spans)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(StoreSettings(path=tmp_path / "events.sqlite3")) as opened:
        yield opened


def shown(jpeg: bytes) -> U8:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def step(number: int) -> Step:
    image = np.zeros((60, 80, 3), np.uint8)
    at = float(number)
    frame = Frame(CameraId("gate"), number, image, at, at, ClockSource.ARRIVAL, at)
    picture = Picture(frame=frame, tracks=Tracks.empty(at))
    return Step(picture, (make_event(number),), (make_incident(),))


def seqs(store: Store) -> list[int]:
    return [e.seq for e in store.events(EventQuery(limit=1000))]


def test_an_event_is_committed_with_its_picture(store: Store, tmp_path: Path) -> None:
    snapshots = SnapshotFolder(tmp_path / "snapshots")
    Recorder(store, (), snapshots, StageClock()).record(step(1))
    stored = store.events(EventQuery())[0].event()
    assert stored.data.has_snapshot
    drawn, clean = snapshots.load(stored.id), snapshots.load(stored.id, clean=True)
    assert drawn is not None
    assert clean is not None
    assert shown(drawn).max() > 100
    assert shown(clean).max() < 10


def test_the_picture_without_overlays_can_be_left_out(store: Store, tmp_path: Path) -> None:
    snapshots = SnapshotFolder(tmp_path / "snapshots", clean=False)
    Recorder(store, (), snapshots, StageClock()).record(step(1))
    stored = store.events(EventQuery())[0].event()
    assert stored.data.has_snapshot
    assert [path.name for path in tmp_path.rglob("*.jpg")] == [f"{stored.id}.jpg"]


def test_of_the_two_pictures_of_an_event_none_is_kept_alone(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = SnapshotFolder.save

    def full(folder: SnapshotFolder, event_id: UUID, jpeg: bytes, *, clean: bool = False) -> None:
        if not clean:
            raise OSError("no space left on device")
        really(folder, event_id, jpeg, clean=clean)

    monkeypatch.setattr(SnapshotFolder, "save", full)
    Recorder(store, (), SnapshotFolder(tmp_path / "snapshots"), StageClock()).record(step(1))
    assert not store.events(EventQuery())[0].event().data.has_snapshot
    assert not list(tmp_path.rglob("*.jpg"))


def test_nothing_is_lost_and_the_order_is_kept_while_the_disk_is_full(store: Store) -> None:
    disk = UnwritableStore(store)
    recorder = Recorder(disk, (), None, StageClock())  # type: ignore[arg-type]
    for number in range(1, 6):
        recorder.record(step(number))
    assert seqs(store) == []
    assert recorder.waiting == 5
    assert "disk is full" in recorder.fault
    disk.full = False
    assert recorder.flush()
    events = store.events(EventQuery(limit=100))
    assert [e.event().id for e in events] == [make_event(n).id for n in range(1, 6)]
    assert recorder.fault == ""
    assert recorder.committed_total == 5


def test_the_fault_is_logged_once_not_for_every_event(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder(UnwritableStore(store), (), None, StageClock())  # type: ignore[arg-type]
    for number in range(1, 20):
        recorder.record(step(number))
    assert len(caplog.records) == 1


def test_an_event_whose_picture_cannot_be_kept_is_still_an_event(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "snapshots").write_text("a file stands where the folder should be")
    recorder = Recorder(store, (), SnapshotFolder(tmp_path / "snapshots"), StageClock())
    recorder.record(step(1))
    assert not store.events(EventQuery())[0].event().data.has_snapshot
    assert recorder.snapshots_failed_total == 1
    assert "has no snapshot" in caplog.text


def test_a_snapshot_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = SnapshotFolder(tmp_path)
    assert folder.load(UUID(int=1)) is None
    folder.save(UUID(int=1), b"jpeg")
    assert folder.load(UUID(int=1)) == b"jpeg"
    assert not list(tmp_path.rglob("*.part"))


def test_what_is_known_of_a_camera_itself_waits_for_the_store_like_the_rest(store: Store) -> None:
    full = UnwritableStore(store)
    recorder = Recorder(full, (), None, StageClock())  # type: ignore[arg-type]
    recorder.record_outcome(Outcome())
    assert recorder.waiting == 0
    recorder.record_outcome(Outcome((make_event(1),), (make_incident(),)))
    assert (recorder.waiting, seqs(store)) == (1, [])
    full.full = False
    assert recorder.flush()
    assert seqs(store) == [1]


def test_of_a_span_only_the_newest_end_waits_while_the_disk_is_full(store: Store) -> None:
    disk = UnwritableStore(store)
    recorder = Recorder(disk, (), None, StageClock())  # type: ignore[arg-type]
    for ended_at in (10.0, 20.0, 30.0):
        recorder.record_watch([WatchSpan("gate", WatchState.WATCHED, "", 0.0, ended_at)])
    assert recorder.fault
    assert store.watch(0.0, 100.0) == []
    disk.full = False
    assert recorder.flush()
    assert store.watch(0.0, 100.0) == [WatchSpan("gate", WatchState.WATCHED, "", 0.0, 30.0)]
    assert recorder.fault == ""
