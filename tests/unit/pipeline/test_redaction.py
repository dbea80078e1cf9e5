"""Copies with people masked: what is hidden, what is said of it, and what is withheld."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from detector.evidence.clip import write_clip
from detector.evidence.clip_tracks import ClipSubject, clip_tracks, write_tracks
from detector.evidence.overlay import encode_jpeg
from detector.evidence.package import PackageFile, Seal
from detector.evidence.trail import BOX, TrailPicture
from detector.pipeline.package_contents import IncidentContents
from detector.pipeline.redaction import LIMITS, RedactedCopy, with_people_masked, without_pictures
from detector.types import U8, ClockSource
from tests.happenings import GATE, START, incident_id, make_event
from tests.moving_square import FPS, LAP, SIZE, bright_box, moving_film, moving_packets, scene

EVENT = make_event(has_snapshot=True)
"""One second into the clip."""
SNAPSHOT = f"snapshots/{EVENT.id}"
MODELS = [{"name": "m", "sha256": "a" * 64}]


def seen(number: int) -> TrailPicture:
    """Where the tracker had the square of the film's picture."""
    boxes = np.zeros(1, BOX)
    boxes["track_id"], boxes["score"] = 4, 0.9
    boxes["box"] = np.array(bright_box(scene(number))) / (*SIZE, *SIZE)
    at = START + number / FPS
    return TrailPicture(at, ClockSource.ARRIVAL, at, boxes)


def evidence(folder: Path, analysed: range = range(0, LAP, 5)) -> IncidentContents:
    """A clip of four seconds with its tracks, and a snapshot, as an original package has them."""
    folder.mkdir()
    packets = moving_packets(moving_film(folder / "film.h264"), START)
    write_clip(packets, folder / "1.mp4")
    found = [seen(number) for number in analysed]
    tracks = clip_tracks(packets, found, ClipSubject(incident_id(1), 1, GATE, (4,)))
    written = write_tracks(tracks, folder / "1.tracks.json")
    (folder / "drawn.jpg").write_bytes(b"drawn")
    (folder / "clean.jpg").write_bytes(encode_jpeg(scene(FPS), 95))
    picture = {"kind": "snapshot", "event_id": str(EVENT.id)}
    files = (
        PackageFile("events.jsonl", b"{}", {"kind": "events"}),
        PackageFile("clips/1.mp4", folder / "1.mp4", {"kind": "clip", "camera": GATE}),
        PackageFile(
            "clips/1.tracks.json", folder / "1.tracks.json", {"kind": "tracks"}, written.sha256
        ),
        PackageFile(f"{SNAPSHOT}.jpg", folder / "drawn.jpg", picture | {"overlay": True}),
        PackageFile(f"{SNAPSHOT}.raw.jpg", folder / "clean.jpg", picture | {"overlay": False}),
    )
    return IncidentContents(files, (), (EVENT,))


def sealed(part: IncidentContents) -> Seal:
    """What was written of the original."""

    def entry(file: PackageFile) -> dict[str, Any]:
        content = file.content if isinstance(file.content, bytes) else file.content.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return {"path": file.name, "bytes": len(content), "sha256": digest, **file.facts}

    return Seal("c" * 64, "", tuple(entry(file) for file in part.files), ())


def masked(part: IncidentContents, folder: Path, original: Seal | None = None) -> RedactedCopy:
    return with_people_masked([part], original or sealed(part), MODELS, folder / "masked")


def pictures(path: Path) -> list[tuple[float, U8]]:
    with av.open(str(path)) as container:
        return [(f.time, f.to_ndarray(format="bgr24")) for f in container.decode(video=0)]


def without(part: IncidentContents, *names: str) -> IncidentContents:
    return replace(part, files=tuple(file for file in part.files if file.name not in names))


def test_who_moves_is_hidden_in_every_picture_and_nothing_else_changes(tmp_path: Path) -> None:
    part = evidence(tmp_path / "kept")
    copy = masked(part, tmp_path)
    before = pictures(tmp_path / "kept" / "1.mp4")
    after = pictures(tmp_path / "masked" / "clips" / "1.masked.mp4")
    assert [at for at, _ in after] == [at for at, _ in before]
    for (_, shown), (_, hidden) in zip(before, after, strict=True):
        x1, y1, x2, y2 = (int(side) for side in bright_box(shown))
        assert hidden[y1:y2, x1:x2].max() < 24
        assert np.abs(hidden[100:].astype(int) - shown[100:]).max() < 12
        assert (hidden.max(axis=2) < 24).mean() < 0.25
    assert copy.shortcomings == ()


def test_a_masked_file_names_its_original_and_how_many_were_hidden_in_it(tmp_path: Path) -> None:
    part = evidence(tmp_path / "kept")
    original = sealed(part)
    copy = masked(part, tmp_path, original)
    entries = {entry["path"]: entry for entry in original.entries}
    clip, snapshot = copy.files
    assert (clip.name, snapshot.name) == ("clips/1.masked.mp4", f"{SNAPSHOT}.masked.jpg")
    for file, name in ((clip, "clips/1.mp4"), (snapshot, f"{SNAPSHOT}.raw.jpg")):
        assert file.facts["original"] == {k: entries[name][k] for k in ("path", "bytes", "sha256")}
    numbers = {key: clip.facts[key] for key in ("persons", "pictures", "pictures_masked")}
    assert numbers == {"persons": 1, "pictures": LAP, "pictures_masked": LAP}
    assert (clip.facts["kind"], clip.facts["pictures_black"]) == ("masked clip", 0)
    assert (snapshot.facts["kind"], snapshot.facts["persons"]) == ("masked snapshot", 1)
    left_out = [entry["path"] for entry in copy.redacts["left_out"]]
    assert left_out == ["clips/1.tracks.json", f"{SNAPSHOT}.jpg"]
    assert copy.redacts["manifest_sha256"] == original.manifest_sha256
    assert copy.redacts["masking"]["models"] == MODELS
    assert copy.redacts["masking"]["limits"] == LIMITS


def test_who_becomes_a_track_in_the_next_clip_is_hidden_at_the_end_of_this_one(
    tmp_path: Path,
) -> None:
    part = evidence(tmp_path / "kept")
    later = moving_packets(tmp_path / "kept" / "film.h264", START + LAP / FPS)
    first = seen(0)
    first.boxes.setflags(write=True)
    first.boxes["box"] = (0.4, 0.75, 0.6, 0.95)  # below all that moves
    found = [replace(first, captured_at=later[n].captured_at) for n in (5, 10)]
    tracks = clip_tracks(later, found, ClipSubject(incident_id(1), 2, GATE, ()))
    path = tmp_path / "kept" / "2.tracks.json"
    sha256 = write_tracks(tracks, path).sha256
    more = PackageFile("clips/2.tracks.json", path, {"kind": "tracks"}, sha256)
    masked(replace(part, files=(*part.files, more)), tmp_path)
    shown = pictures(tmp_path / "masked" / "clips" / "1.masked.mp4")
    middle = [int(image[102, 80].max()) for _, image in shown]
    assert min(middle[: LAP // 2 - 5]) > 30
    assert max(middle[-LAP // 4 :]) < 24


def test_a_snapshot_is_masked_by_the_boxes_of_its_moment(tmp_path: Path) -> None:
    masked(evidence(tmp_path / "kept"), tmp_path)
    image = cv2.imread(str(tmp_path / "masked" / f"{SNAPSHOT}.masked.jpg"))
    assert image is not None
    x1, y1, x2, y2 = (int(side) for side in bright_box(scene(FPS)))
    assert image[y1:y2, x1:x2].max() < 24
    assert np.abs(image[100:].astype(int) - scene(FPS)[100:]).max() < 12


Change = Callable[[IncidentContents, Path], IncidentContents]


def tracks_altered(part: IncidentContents, kept: Path) -> IncidentContents:
    path = kept / "1.tracks.json"
    path.write_text(path.read_text().replace('"track_id":4', '"track_id":5'))
    return part


def tracks_not_noted(part: IncidentContents, kept: Path) -> IncidentContents:
    return replace(part, files=tuple(replace(file, recorded_sha256="") for file in part.files))


def tracks_gone(part: IncidentContents, kept: Path) -> IncidentContents:
    return without(part, "clips/1.tracks.json")


@pytest.mark.parametrize("change", [tracks_gone, tracks_altered, tracks_not_noted])
def test_without_the_tracks_that_were_written_with_it_a_clip_is_withheld_and_named(
    tmp_path: Path, change: Change
) -> None:
    part = change(evidence(tmp_path / "kept"), tmp_path / "kept")
    copy = masked(part, tmp_path)
    assert copy.files == ()
    assert not list(tmp_path.glob("masked/**/*.*"))
    clip, snapshot = copy.shortcomings
    assert (clip["what"], clip["state"]) == ("clips/1.mp4", "withheld")
    assert clip["reason"] == "no tracks that were written with it are kept"
    assert (snapshot["what"], snapshot["state"]) == (f"{SNAPSHOT}.raw.jpg", "withheld")
    assert {"clips/1.mp4", f"{SNAPSHOT}.raw.jpg"} <= {e["path"] for e in copy.redacts["left_out"]}


def test_a_snapshot_of_a_moment_without_tracks_is_withheld(tmp_path: Path) -> None:
    part = evidence(tmp_path / "kept")
    late = replace(part, events=(make_event(9).model_copy(update={"id": EVENT.id}),))
    undated = replace(part, events=(EVENT.model_copy(update={"time": None}),))
    original = sealed(part)
    for other in (late, undated):
        copy = masked(other, tmp_path, original)
        assert [file.name for file in copy.files] == ["clips/1.masked.mp4"]
        assert copy.shortcomings == (
            {
                "what": f"{SNAPSHOT}.raw.jpg",
                "state": "withheld",
                "reason": "no tracks of its moment are kept",
            },
        )


def test_a_snapshot_that_is_kept_with_overlays_only_is_withheld(tmp_path: Path) -> None:
    part = without(evidence(tmp_path / "kept"), f"{SNAPSHOT}.raw.jpg")
    (lack,) = masked(part, tmp_path).shortcomings
    assert (lack["what"], lack["state"]) == (f"{SNAPSHOT}.jpg", "withheld")


def test_where_nobody_looked_pictures_are_black_and_counted(tmp_path: Path) -> None:
    copy = masked(evidence(tmp_path / "kept", range(25, 26)), tmp_path)
    assert copy.files[0].facts["pictures_black"] > LAP / 2


def test_a_clip_of_which_no_picture_was_analysed_is_withheld(tmp_path: Path) -> None:
    copy = masked(evidence(tmp_path / "kept", range(0)), tmp_path)
    assert copy.files == ()
    assert copy.shortcomings[0]["reason"] == "expected tracks with pictures and a date, found none"


def test_what_cannot_be_read_is_withheld_without_naming_folders_of_this_machine(
    tmp_path: Path,
) -> None:
    part = evidence(tmp_path / "kept")
    original = sealed(part)
    (tmp_path / "kept" / "1.mp4").write_bytes(b"no clip")
    (tmp_path / "kept" / "clean.jpg").unlink()
    copy = masked(part, tmp_path, original)
    assert [lack["state"] for lack in copy.shortcomings] == ["withheld", "withheld"]
    assert copy.shortcomings[0]["reason"].startswith("clips/1.mp4: expected a recording")
    assert str(tmp_path) not in str(copy.shortcomings)
    assert copy.files == ()


def test_a_copy_without_pictures_names_all_that_shows_people(tmp_path: Path) -> None:
    copy = without_pictures(sealed(evidence(tmp_path / "kept")))
    assert copy.files == ()
    assert len(copy.redacts["left_out"]) == 4
    assert "masking" not in copy.redacts
