import dataclasses
import json
import threading
import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from sqlalchemy import Table, update

from detector.delivery import SinkRoute
from detector.errors import EvidenceError, StoreError
from detector.events import Event, EventKind
from detector.evidence.clip import ClipFile, verify_clip, write_clip
from detector.evidence.clip_folder import ClipFolder, tracks_beside
from detector.evidence.clip_tracks import ClipSubject, clip_tracks, read_tracks, write_tracks
from detector.evidence.trail import Trail
from detector.incidents.clip_plan import ClipWish
from detector.pipeline import evidence_worker
from detector.pipeline.evidence_worker import THREAD, Announcement, EvidenceWorker, Footage
from detector.pipeline.health import Heartbeats
from detector.store import ClipRecord, ClipState, EventQuery, Store, StoreSettings, open_store
from detector.store.schema import clips, incidents
from detector.streams import PacketRing
from detector.streams.packets import Coding, Packet
from detector.streams.privacy import ClipMasks
from detector.types import ClockSource, Frame, Tracks
from tests.happenings import GATE, START, ended, incident_id, make_event, make_incident

NOW = START + 100
FPS = 10


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(StoreSettings(path=tmp_path / "events.sqlite3")) as opened:
        event = make_event()
        incident = make_incident().model_copy(update={"gravest": event.data})
        wish = ClipWish(event.id, event.data.incident_id, GATE, NOW, NOW - 2, NOW + 2, 30)
        opened.append([event], [incident], [], now=NOW, clips=[wish])
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> ClipFolder:
    return ClipFolder(tmp_path / "clips")


def film(begin_at: float, seconds: int) -> list[Packet]:
    """Grey pictures, ten a second, each second begun with a key frame."""
    coder = VideoCodecContext.create("libx264", "w")
    coder.width, coder.height, coder.pix_fmt = 64, 48, "yuv420p"
    coder.time_base = Fraction(1, FPS)
    coder.options = {"g": str(FPS), "bf": "0", "preset": "ultrafast"}
    coding = Coding("h264", 64, 48, b"", Fraction(1, FPS))
    packets = []
    for number in range(seconds * FPS):
        picture = VideoFrame.from_ndarray(np.full((48, 64, 3), number, np.uint8), format="bgr24")
        picture.pts, picture.time_base = number, Fraction(1, FPS)
        packets += coder.encode(picture)
    packets += coder.encode(None)
    at = begin_at
    return [
        Packet(bytes(p), coding, p.pts, p.dts, p.is_keyframe, at + n / FPS, at + n / FPS)
        for n, p in enumerate(packets)
    ]


def ring(begin_at: float, seconds: int) -> PacketRing:
    made = PacketRing(60, 1 << 24)
    for packet in film(begin_at, seconds):
        made.add(packet)
    return made


def trail() -> Trail:
    """One person in every picture of ten seconds, five a second."""
    made = Trail(60, 1 << 20)
    for number in range(50):
        at, at_s = NOW - 5 + number / 5, number / 5
        image = np.zeros((48, 64, 3), np.uint8)
        picture = Frame(GATE, number, image, at_s, at, ClockSource.ARRIVAL, at + 0.1)
        box = np.array([[16, 12, 32, 48]], np.float32)
        score, class_id = np.ones(1, np.float32), np.zeros(1, np.int64)
        made.add(picture, Tracks(at_s, box, score, class_id, np.array([4], np.int64)))
    return made


def plain() -> Footage:
    return Footage(ring(NOW - 5, 6), trail())


def worker(
    store: Store,
    folder: ClipFolder,
    held: PacketRing | None,
    footage: Mapping[str, Footage] | None = None,
) -> EvidenceWorker:
    heartbeats = Heartbeats()
    heartbeats.expect(THREAD, 60)
    footage = footage or ({GATE: Footage(held, trail())} if held else {})
    return EvidenceWorker(
        store, folder, footage, Announcement("site", [SinkRoute("hook")]), heartbeats
    )


def clip_of(store: Store) -> ClipRecord:
    (clip,) = store.clips(incident_id(1))
    return clip


def last(store: Store) -> Event:
    return store.events(EventQuery())[-1].event()


def test_a_clip_waits_for_its_time_and_is_then_written_and_announced(
    store: Store, folder: ClipFolder
) -> None:
    busy = worker(store, folder, ring(NOW - 5, 10))
    assert busy.turn(NOW + 3.4) == 0
    assert busy.turn(NOW + 3.6) == 1

    clip = clip_of(store)
    assert clip.state is ClipState.READY
    assert json.loads(clip.body)["duration_s"] == pytest.approx(4, abs=0.2)
    assert last(store).data.rule is EventKind.EVIDENCE_READY
    assert {r.predicate: r.value for r in last(store).data.reasons}["clip_number"] == 1
    assert store.counts().pending == 1
    assert busy.turn(NOW + 100) == 0


def test_video_that_only_goes_on_past_a_full_piece_is_ready_and_not_called_missing(
    store: Store, folder: ClipFolder
) -> None:
    gate = incident_id(1)
    # The fixture's piece is [-2, 2]; this event at 9 asks for [4, 14] and fills one of 12 s
    for number, at in ((2, 1.9), (3, 4.0)):
        event = make_event(number)
        wish = ClipWish(event.id, gate, GATE, NOW + at, NOW + at - 5, NOW + at + 5, 10)
        store.append([event], [make_incident()], [], now=NOW, clips=[wish])
    numbers = [clip.number for clip in store.clips(gate)]
    assert len(numbers) == 2
    worker(store, folder, ring(NOW - 5, 24)).turn(NOW + 60)
    assert [clip.state for clip in store.clips(gate)] == [ClipState.READY, ClipState.READY]


def test_a_clip_that_would_not_show_the_event_is_missing(store: Store, folder: ClipFolder) -> None:
    worker(store, folder, ring(NOW + 1.5, 10)).turn(NOW + 60)
    assert clip_of(store).state is ClipState.MISSING
    assert not folder.path(incident_id(1), 1).exists()
    assert last(store).data.rule is EventKind.EVIDENCE_MISSING


def test_the_file_of_an_earlier_run_is_taken_if_it_is_whole(
    store: Store, folder: ClipFolder
) -> None:
    file = write_clip(film(NOW - 2, 4), folder.place(incident_id(1), 1))
    worker(store, folder, None).turn(NOW + 60)
    assert clip_of(store).state is ClipState.READY
    assert json.loads(clip_of(store).body)["sha256"] == file.sha256


def test_a_file_that_is_cut_off_is_missing_and_its_path_is_not_sent(
    store: Store, folder: ClipFolder, tmp_path: Path
) -> None:
    folder.place(incident_id(1), 1).write_bytes(b"half a clip")
    worker(store, folder, None).turn(NOW + 60)
    assert clip_of(store).state is ClipState.MISSING
    assert str(tmp_path) not in last(store).to_json()


def test_a_full_disk_is_tried_three_times(
    store: Store, folder: ClipFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise EvidenceError("expected to write a clip, found: disk full") from OSError(28, "full")

    monkeypatch.setattr(evidence_worker, "write_clip", full)
    busy = worker(store, folder, ring(NOW - 5, 10))
    assert [busy.turn(NOW + at) for at in (10, 11, 15, 20, 25)] == [1, 0, 1, 1, 0]
    assert clip_of(store).state is ClipState.MISSING
    assert "disk full" in clip_of(store).body


def test_the_tracks_lie_beside_a_clip_and_its_row_holds_their_digest(
    store: Store, folder: ClipFolder
) -> None:
    worker(store, folder, ring(NOW - 5, 10)).turn(NOW + 60)
    path = tracks_beside(folder.path(incident_id(1), 1))
    tracks, file = read_tracks(path)
    assert json.loads(clip_of(store).body)["tracks"] == dataclasses.asdict(file)
    assert tracks.incident_track_ids == (4,)
    assert {box.track_id for picture in tracks.pictures for box in picture.boxes} == {4}
    steps = np.diff([picture.t_s for picture in tracks.pictures])
    assert steps == pytest.approx(0.2, abs=0.001)


def test_the_tracks_are_there_before_the_clip_has_its_name(
    store: Store, folder: ClipFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = []

    def look_then_write(packets: list[Packet], path: Path, masks: ClipMasks) -> ClipFile:
        there.append((tracks_beside(path).exists(), path.exists()))
        return write_clip(packets, path, masks)

    monkeypatch.setattr(evidence_worker, "write_clip", look_then_write)
    worker(store, folder, ring(NOW - 5, 10)).turn(NOW + 60)
    assert there == [(True, False)]


def test_a_clip_that_is_missing_leaves_no_tracks(
    store: Store, folder: ClipFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise EvidenceError("expected pictures, found none that can be decoded")

    monkeypatch.setattr(evidence_worker, "write_clip", broken)
    worker(store, folder, ring(NOW - 5, 10)).turn(NOW + 60)
    assert not tracks_beside(folder.path(incident_id(1), 1)).exists()


def test_tracks_that_cannot_be_written_are_told_and_the_clip_is_kept(
    store: Store, folder: ClipFolder
) -> None:
    tracks_beside(folder.place(incident_id(1), 1)).with_suffix(".part").mkdir()
    worker(store, folder, ring(NOW - 5, 10)).turn(NOW + 60)
    assert clip_of(store).state is ClipState.READY
    assert json.loads(clip_of(store).body)["tracks"] is None


def test_clip_and_tracks_of_an_earlier_run_are_taken_together(
    store: Store, folder: ClipFolder
) -> None:
    packets, path = film(NOW - 2, 4), folder.place(incident_id(1), 1)
    subject = ClipSubject(incident_id(1), 1, GATE, (4,))
    written = write_tracks(clip_tracks(packets, trail().pictures(), subject), tracks_beside(path))
    write_clip(packets, path)
    worker(store, folder, None).turn(NOW + 60)
    assert json.loads(clip_of(store).body)["tracks"]["sha256"] == written.sha256


def test_tracks_of_another_time_than_the_clip_are_not_taken(
    store: Store, folder: ClipFolder
) -> None:
    path = folder.place(incident_id(1), 1)
    subject = ClipSubject(incident_id(1), 1, GATE, (4,))
    other = clip_tracks(film(NOW - 4, 6), trail().pictures(), subject)
    write_tracks(other, tracks_beside(path))
    write_clip(film(NOW - 2, 4), path)
    worker(store, folder, None).turn(NOW + 60)
    assert json.loads(clip_of(store).body)["tracks"] is None
    assert not tracks_beside(path).exists()


def test_a_broken_stream_is_not_tried_again(
    store: Store, folder: ClipFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise EvidenceError("expected pictures, found none that can be decoded")

    monkeypatch.setattr(evidence_worker, "write_clip", broken)
    worker(store, folder, ring(NOW - 5, 10)).turn(NOW + 10)
    assert clip_of(store).state is ClipState.MISSING


def test_a_fault_of_our_own_ends_one_clip_and_not_the_thread(
    store: Store, folder: ClipFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(evidence_worker, "write_clip", faulty)
    worker(store, folder, ring(NOW - 5, 10)).turn(NOW + 10)
    assert "internal error (ZeroDivisionError)" in clip_of(store).body


def test_where_the_disk_has_no_room_a_clip_is_missing_and_that_is_said(
    store: Store, folder: ClipFolder
) -> None:
    heartbeats = Heartbeats()
    heartbeats.expect(THREAD, 60)
    footage = {GATE: Footage(ring(NOW - 5, 10), Trail(60, 1 << 20))}
    said = Announcement("site", [SinkRoute("hook")])
    EvidenceWorker(store, folder, footage, said, heartbeats, lambda: "no room").turn(NOW + 10)
    assert clip_of(store).state is ClipState.MISSING
    assert last(store).data.rule is EventKind.EVIDENCE_MISSING
    assert {r.predicate: r.value for r in last(store).data.reasons}["no_clip"] == "no room"
    assert not folder.path(incident_id(1), 1).exists()


def test_a_planned_stop_writes_what_is_held_of_a_clip_that_is_not_due(
    store: Store, folder: ClipFolder
) -> None:
    busy = worker(store, folder, ring(NOW - 5, 6))
    assert busy.turn(NOW + 1) == 0
    assert busy.last_turn() == 1
    assert clip_of(store).state is ClipState.READY
    file = verify_clip(folder.path(incident_id(1), 1))
    assert file.duration_s == pytest.approx(3, abs=0.2)
    reasons = {r.predicate: (r.value, r.limit) for r in last(store).data.reasons}
    assert reasons["clip_s"] == (pytest.approx(3, abs=0.2), 4)


def test_the_thread_makes_its_last_turn_when_it_is_stopped(
    store: Store, folder: ClipFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW + 1)
    busy = worker(store, folder, ring(NOW - 5, 6))
    busy.start()
    assert busy.stop()
    assert clip_of(store).state is ClipState.READY
    assert clip_of(store).end_at == NOW + 1, "what comes after the restart is the next piece"


def test_what_the_last_turn_cannot_show_is_left_for_the_next_run_to_announce(
    store: Store, folder: ClipFolder
) -> None:
    assert worker(store, folder, ring(NOW - 60, 10)).last_turn() == 0
    assert worker(store, folder, None).last_turn() == 0
    assert clip_of(store).state is ClipState.WANTED


def test_the_last_turn_begins_no_clip_when_its_time_is_over(
    store: Store,
    folder: ClipFolder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(evidence_worker, "LAST_TURN_S", 0.0)
    assert worker(store, folder, ring(NOW - 5, 6)).last_turn() == 0
    assert clip_of(store).state is ClipState.WANTED
    assert "no time at the stop for 1 clips" in caplog.text


def test_the_stop_does_not_wait_for_a_clip_that_takes_too_long(
    store: Store, folder: ClipFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, begun = threading.Event(), threading.Event()

    def slow(*_: object) -> None:
        begun.set()
        over.wait(30)
        raise EvidenceError("left behind")

    monkeypatch.setattr(evidence_worker, "write_clip", slow)
    busy = worker(store, folder, ring(NOW - 5, 6))
    busy.start()
    try:
        assert begun.wait(10)
        assert not busy.stop(0.2)
    finally:
        over.set()
    assert busy.stop()


def test_in_the_last_turn_clips_with_masks_come_after_the_others(
    store: Store, folder: ClipFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = make_event(2, incident=2, camera="south")
    other = event.data.incident_id
    wish = ClipWish(event.id, other, "south", NOW, NOW - 2, NOW + 3, 30)
    incident = make_incident(2, camera="south")
    store.append([event], [incident], [], now=NOW, clips=[wish])
    written = []

    def noted(_packets: object, path: Path, _masks: object) -> None:
        written.append(path)
        raise EvidenceError("only noted")

    monkeypatch.setattr(evidence_worker, "write_clip", noted)
    masked = Footage(ring(NOW - 5, 6), trail(), [[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)]])
    busy = worker(store, folder, ring(NOW - 5, 6), {GATE: masked, "south": plain()})
    assert busy.last_turn() == 2
    assert written == [folder.path(other, 1), folder.path(incident_id(1), 1)]


def test_tracks_of_a_clip_that_was_never_finished_do_not_stay(
    store: Store, folder: ClipFolder
) -> None:
    left = tracks_beside(folder.place(incident_id(1), 1))
    left.write_text("{}")  # the process was killed before the clip had its name
    worker(store, folder, None).turn(NOW + 60)
    assert clip_of(store).state is ClipState.MISSING
    assert not left.exists()


def test_a_missing_clip_is_logged_once_it_is_stored_and_not_at_every_try(
    store: Store,
    folder: ClipFolder,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    busy = worker(store, folder, None)
    with monkeypatch.context() as patched:
        patched.setattr(store, "finish_clip", full)
        for _ in range(3):
            with pytest.raises(StoreError):
                busy.turn(NOW + 60)
    assert "has no clip" not in caplog.text
    busy.turn(NOW + 60)
    assert caplog.text.count("has no clip 1") == 1


def test_clips_of_a_pruned_incident_are_nobodys(store: Store, folder: ClipFolder) -> None:
    store.append([], [ended()], [], now=NOW)
    store.prune(NOW + 1)
    assert worker(store, folder, ring(NOW - 5, 10)).turn(NOW + 10) == 0


@pytest.mark.parametrize("how", ["turn", "last turn"])
@pytest.mark.parametrize("table", [clips, incidents])
def test_a_clip_of_which_nothing_can_be_said_does_not_keep_the_others_waiting(
    store: Store, folder: ClipFolder, table: Table, how: str
) -> None:
    """What is stored of it cannot be read: a disk that forgot, a hand that changed it."""
    event = make_event(2, incident=2)
    other = event.data.incident_id
    wish = ClipWish(event.id, other, GATE, NOW, NOW - 2, NOW + 2.5, 30)
    incident = make_incident(2).model_copy(update={"gravest": event.data})
    store.append([event], [incident], [], now=NOW, clips=[wish])
    with store._writing("damaging") as connection:
        key = table.c.incident_id if table is clips else table.c.id
        connection.execute(update(table).where(key == incident_id(1)).values(body="{}"))

    busy = worker(store, folder, ring(NOW - 5, 10))
    if how == "turn":
        busy.turn(NOW + 10)
        assert store.due_clips(NOW + 10, 8) == (), "it is not tried at every turn"
    else:
        busy.last_turn()

    (clip,) = store.clips(other)
    assert clip.state is ClipState.READY
