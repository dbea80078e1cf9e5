"""The tracks of a clip: when each analysed picture is shown in it, and the file beside it."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from detector.errors import EvidenceError
from detector.evidence.clip_tracks import ClipSubject, clip_tracks, read_tracks, write_tracks
from detector.evidence.tracks import SCHEMA_ID, ClipTracks, tracks_schema
from detector.evidence.trail import BOX, TrailPicture
from detector.streams.packets import Coding, Packet
from detector.types import ClockSource
from tests.happenings import GATE, START, incident_id

FPS = 25
SUBJECT = ClipSubject(incident_id(1), 1, GATE, (4,))
CODING = Coding("h264", 1920, 1080, b"", Fraction(1, FPS))
SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / "tracks-1.schema.json"


def packets(*, camera_s: float = -0.5, way_s: float = 0.0, seconds: float = 4.0) -> list[Packet]:
    """Packets that come 25 a second; the camera's clock is ``camera_s`` before this machine's."""
    taken = [(n, START + n / FPS + way_s) for n in range(round(seconds * FPS))]
    return [Packet(b"x", CODING, n, n, n % FPS == 0, at + camera_s - way_s, at) for n, at in taken]


def dated_by_arrival(given: list[Packet]) -> list[Packet]:
    return [replace(packet, captured_at=packet.arrived_at) for packet in given]


def seen(
    captured_at: float, clock: ClockSource, *track_ids: int, late_s: float = 0.3
) -> TrailPicture:
    boxes = np.zeros(len(track_ids), BOX)
    boxes["track_id"], boxes["score"], boxes["box"] = track_ids, 0.8, (0.25, 0.5, 0.5, 1.0)
    return TrailPicture(captured_at, clock, captured_at + late_s, boxes)


def seconds(tracks: ClipTracks) -> list[float]:
    return [picture.t_s for picture in tracks.pictures]


def test_a_picture_is_shown_when_the_camera_took_it_however_long_the_video_was_on_its_way() -> None:
    taken_at = START - 0.5 + 1.2
    for way_s in (0.0, 2.0):
        given = packets(way_s=way_s)
        tracks = clip_tracks(given, [seen(taken_at, ClockSource.CAMERA, 4)], SUBJECT)
        assert seconds(tracks) == pytest.approx([1.2], abs=1e-4)
        assert tracks.pictures[0].at is not None
        assert tracks.pictures[0].at.timestamp() == pytest.approx(taken_at)


def test_without_a_camera_clock_a_picture_is_shown_when_it_came() -> None:
    given = dated_by_arrival(packets())
    tracks = clip_tracks(given, [seen(START + 1.2, ClockSource.ARRIVAL, 4)], SUBJECT)
    assert seconds(tracks) == pytest.approx([1.2], abs=1e-4)


def test_a_camera_that_tells_its_clock_amid_a_clip_moves_no_box() -> None:
    given = packets()
    given[:50] = dated_by_arrival(given[:50])
    before = seen(START + 1.0, ClockSource.ARRIVAL, 4)
    after = seen(START - 0.5 + 3.0, ClockSource.CAMERA, 4)
    assert seconds(clip_tracks(given, [before, after], SUBJECT)) == pytest.approx([1.0, 3.0])


def test_pictures_with_a_camera_clock_go_by_decoding_where_the_recorded_stream_has_none() -> None:
    given = dated_by_arrival(packets())
    picture = seen(START - 0.5 + 1.2, ClockSource.CAMERA, 4, late_s=0.6)
    assert seconds(clip_tracks(given, [picture], SUBJECT)) == pytest.approx([1.3], abs=1e-4)


def test_a_pause_of_the_camera_is_as_long_in_the_tracks_as_in_the_clip() -> None:
    given = packets(seconds=2.0)
    given += [
        replace(
            p,
            pts=p.pts + 75,
            dts=p.dts + 75,
            captured_at=p.captured_at + 3,
            arrived_at=p.arrived_at + 3,
        )
        for p in packets(seconds=2.0)
        if p.pts is not None and p.dts is not None
    ]
    pictures = [seen(START - 0.5 + at_s, ClockSource.CAMERA, 4) for at_s in (1.0, 4.0)]
    assert seconds(clip_tracks(given, pictures, SUBJECT)) == pytest.approx([1.0, 4.0], abs=1e-4)


def test_only_pictures_of_the_clips_time_are_in_it_and_every_track_is_named_once() -> None:
    pictures = [
        seen(START - 0.5 + at_s, ClockSource.CAMERA, *ids)
        for at_s, ids in ((-3.0, (1,)), (1.0, (9, 4)), (1.2, (4,)), (1.4, ()), (60.0, (7,)))
    ]
    tracks = clip_tracks(packets(), pictures, SUBJECT)
    assert seconds(tracks) == pytest.approx([1.0, 1.2, 1.4], abs=1e-4)
    assert [(track.track_id, track.object_class) for track in tracks.tracks] == [
        (4, "person"),
        (9, "person"),
    ]
    assert tracks.incident_track_ids == (4,)


def test_packets_that_make_no_clip_have_no_tracks() -> None:
    with pytest.raises(EvidenceError, match="key frame"):
        clip_tracks([replace(packet, is_key=False) for packet in packets()], [], SUBJECT)


def test_the_file_is_what_the_published_schema_says_and_can_be_read_back(tmp_path: Path) -> None:
    published = json.loads(SCHEMA.read_text("utf-8"))
    assert published == tracks_schema(), "write it anew: detector schema tracks"
    tracks = clip_tracks(packets(), [seen(START + 1.0, ClockSource.CAMERA, 4)], SUBJECT)
    written = write_tracks(tracks, tmp_path / "clip-1.tracks.json")
    told = json.loads((tmp_path / "clip-1.tracks.json").read_text("utf-8"))
    Draft202012Validator(published).validate(told)
    assert (told["dataschema"], told["version"]) == (SCHEMA_ID, 1)
    assert told["pictures"][0]["boxes"] == [
        {"track_id": 4, "box": [0.25, 0.5, 0.5, 1.0], "score": 0.8}
    ]
    assert read_tracks(tmp_path / "clip-1.tracks.json") == (tracks, written)
    assert [path.name for path in tmp_path.iterdir()] == ["clip-1.tracks.json"]


def test_tracks_that_cannot_be_written_leave_the_old_ones_alone(tmp_path: Path) -> None:
    path = tmp_path / "clip-1.tracks.json"
    path.write_text("old", encoding="utf-8")
    path.with_suffix(".part").mkdir()
    with pytest.raises(EvidenceError, match="expected to write tracks"):
        write_tracks(clip_tracks(packets(), [], SUBJECT), path)
    assert path.read_text("utf-8") == "old"


@pytest.mark.parametrize("text", ["", "{}", '{"version": 2}'])
def test_a_file_that_is_no_tracks_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "clip-1.tracks.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvidenceError, match="expected the tracks of a clip"):
        read_tracks(path)
