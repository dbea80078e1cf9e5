import hashlib
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import create_engine, text

from detector.errors import EvidenceError, RefusedMove, UnknownRecord
from detector.evidence.clip_folder import ClipFolder
from detector.evidence.signing_key import SigningKey
from detector.evidence.snapshot import SnapshotFolder
from detector.evidence.verify_package import check, describe
from detector.incidents.clip_plan import ClipWish
from detector.pipeline.package_contents import EvidenceFolders
from detector.pipeline.packager import PackageOrder, Packager
from detector.store import (
    ClipState,
    CustodyAction,
    NewCustody,
    Store,
    StoreSettings,
    incident_object,
    open_store,
)
from tests.happenings import GATE, START, incident_id, make_event, make_incident

NOW = START + 100
FIRST = incident_id(1)
ORDER = PackageOrder(
    incident_ids=(FIRST,), purpose="case 7", recipient="court", actor="Ana", role="operate"
)
HERE = f"incidents/{FIRST}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(StoreSettings(path=tmp_path / "events.sqlite3")) as opened:
        event = make_event(has_snapshot=True)
        wish = ClipWish(event.id, FIRST, GATE, NOW, NOW - 5, NOW + 5, 30)
        opened.append([event], [make_incident()], [], now=NOW, clips=[wish])
        opened.append([make_event(2, incident=2)], [make_incident(2)], [], now=NOW)
        other = NewCustody(CustodyAction.COLLECT, incident_object(incident_id(2)))
        opened.log_custody([other], now=NOW)  # the first entry is that of the kept picture
        yield opened


@pytest.fixture
def folders(tmp_path: Path) -> EvidenceFolders:
    return EvidenceFolders(
        ClipFolder(tmp_path / "clips"),
        SnapshotFolder(tmp_path / "snapshots"),
        tmp_path / "packages",
    )


@pytest.fixture
def packager(store: Store, folders: EvidenceFolders) -> Packager:
    key = SigningKey(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
    return Packager(store, folders, key, "north", clock=lambda: NOW + 60)


def finish(store: Store, state: ClipState, **body: object) -> None:
    (clip,) = store.due_clips(NOW + 60, 10)
    store.finish_clip(clip, state, json.dumps(body), [], [], now=NOW)


def keep_evidence(store: Store, folders: EvidenceFolders, clip: bytes = b"video") -> None:
    """A clip with its tracks, and a snapshot with and without overlay."""
    path = folders.clips.place(FIRST, 1)
    path.write_bytes(clip)
    path.with_suffix(".tracks.json").write_bytes(b"{}")
    event = make_event()
    folders.snapshots.save(event.id, b"drawn")
    (drawn,) = folders.snapshots.pictures(event.id)
    drawn.with_suffix(".raw.jpg").write_bytes(b"raw")
    finish(store, ClipState.READY, sha256=hashlib.sha256(b"video").hexdigest())


def read(path: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    with path.open("rb") as file:
        report = check(file)
    assert report.findings == []
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}, report.manifest


def test_a_package_holds_all_that_is_kept_of_an_incident(
    packager: Packager, store: Store, folders: EvidenceFolders, tmp_path: Path
) -> None:
    keep_evidence(store, folders)
    seal = packager.export(ORDER, tmp_path / "out.zip").package
    files, manifest = read(tmp_path / "out.zip")
    event = make_event()
    assert list(files) == [
        "README.txt",
        "verify.py",
        "custody.jsonl",
        f"{HERE}/incident.json",
        f"{HERE}/events.jsonl",
        f"{HERE}/deliveries.json",
        f"{HERE}/clock.json",
        f"{HERE}/clips/1.mp4",
        f"{HERE}/clips/1.tracks.json",
        f"{HERE}/snapshots/{event.id}.jpg",
        f"{HERE}/snapshots/{event.id}.raw.jpg",
        "public_key.txt",
        "manifest.json",
        "manifest.sig",
    ]
    stored = store.event(event.id)
    assert stored is not None
    assert files[f"{HERE}/events.jsonl"] == f"{stored.body}\n".encode()
    assert files[f"{HERE}/clips/1.mp4"] == b"video"
    assert json.loads(files[f"{HERE}/clock.json"])["events"][0]["source"] == "arrival"
    assert manifest["models"] == [{"name": "m", "sha256": "a" * 64}]
    assert manifest["configurations"] == ["b" * 64]
    assert manifest["shortcomings"] == []
    assert manifest["order"]["purpose"] == "case 7"
    assert seal.manifest_sha256 == hashlib.sha256(files["manifest.json"]).hexdigest()


def test_the_custody_log_tells_of_the_export_and_the_package_of_the_log(
    packager: Packager, store: Store, tmp_path: Path
) -> None:
    seal = packager.export(ORDER, tmp_path / "out.zip").package
    entries = [json.loads(entry.body) for entry in store.custody()][2:]
    assert [entry["action"] for entry in entries] == ["export", "export"]
    assert {entry["recipient"] for entry in entries} == {"court"}
    assert [entry["result"] for entry in entries] == [
        "begun",
        f"sealed, SHA-256 of the manifest {seal.manifest_sha256}",
    ]
    files, _ = read(tmp_path / "out.zip")
    bodies = [json.loads(line)["body"] for line in files["custody.jsonl"].splitlines()]
    assert [bool(body) for body in bodies] == [True, False, True]  # the second is not about it


def test_what_is_not_there_is_named_with_its_reason(
    packager: Packager, store: Store, tmp_path: Path
) -> None:
    finish(store, ClipState.MISSING, reason="the camera was gone")
    both = replace(ORDER, incident_ids=(FIRST, incident_id(2), FIRST))
    packager.export(both, tmp_path / "out.zip")
    _, manifest = read(tmp_path / "out.zip")
    lacks = [(lack["what"], lack["state"], lack["reason"]) for lack in manifest["shortcomings"]]
    other = f"incidents/{incident_id(2)}/clips"
    assert lacks[0] == (f"{HERE}/clips/1.mp4", "missing", "the camera was gone")
    assert lacks[1][:2] == (f"{HERE}/snapshots/{make_event().id}.jpg", "deleted")
    assert lacks[2][:2] == (other, "none")
    assert len(lacks) == 3


def test_a_clip_that_is_not_written_yet_or_deleted_is_named(
    packager: Packager, store: Store, tmp_path: Path
) -> None:
    packager.export(ORDER, tmp_path / "early.zip")
    finish(store, ClipState.READY)
    packager.export(ORDER, tmp_path / "late.zip")
    states = [
        read(tmp_path / name)[1]["shortcomings"][0]["state"] for name in ("early.zip", "late.zip")
    ]
    assert states == ["wanted", "deleted"]


def test_a_clip_that_differs_from_what_was_recorded_is_packed_and_named(
    packager: Packager, store: Store, folders: EvidenceFolders, tmp_path: Path
) -> None:
    keep_evidence(store, folders, clip=b"other")
    packager.export(ORDER, tmp_path / "out.zip")
    files, manifest = read(tmp_path / "out.zip")
    assert files[f"{HERE}/clips/1.mp4"] == b"other"
    (lack,) = manifest["shortcomings"]
    assert (lack["what"], lack["state"]) == (f"{HERE}/clips/1.mp4", "altered")


def test_an_unknown_incident_is_an_error_and_leaves_nothing(
    packager: Packager, store: Store, tmp_path: Path
) -> None:
    before = store.custody()
    unknown = uuid4()
    with pytest.raises(UnknownRecord, match=f"incident {unknown}: expected one that is stored"):
        packager.export(replace(ORDER, incident_ids=(FIRST, unknown)), tmp_path / "out.zip")
    assert store.custody() == before
    assert not (tmp_path / "out.zip").exists()


def test_no_package_without_a_purpose(packager: Packager, store: Store, tmp_path: Path) -> None:
    before = store.custody()
    with pytest.raises(RefusedMove, match="expected a purpose"):
        packager.export(replace(ORDER, purpose=" "), tmp_path / "out.zip")
    assert store.custody() == before


def test_a_package_never_replaces_a_file(packager: Packager, store: Store, tmp_path: Path) -> None:
    (tmp_path / "out.zip").write_bytes(b"mine")
    with pytest.raises(EvidenceError, match="expected a name that is free"):
        packager.export(ORDER, tmp_path / "out.zip")
    assert (tmp_path / "out.zip").read_bytes() == b"mine"
    assert json.loads(store.custody()[-1].body)["result"] == "failed"


def test_a_folder_that_is_not_there_is_an_error(packager: Packager, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="expected a file to write"):
        packager.export(ORDER, tmp_path / "no" / "out.zip")


def test_a_log_that_was_altered_in_the_database_cannot_be_sealed(
    packager: Packager, tmp_path: Path
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'events.sqlite3'}")
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE custody_log SET body = replace(body, 'service', 'nobody') WHERE number = 1"
            )
        )
    engine.dispose()
    with pytest.raises(EvidenceError, match=r"custody\.jsonl: entry 1 was altered"):
        packager.export(ORDER, tmp_path / "out.zip")
    assert not list(tmp_path.glob("*out.zip*"))


def test_a_package_without_a_name_goes_with_its_closing_and_what_a_crash_left_goes_too(
    packager: Packager, folders: EvidenceFolders
) -> None:
    folders.packages.mkdir()
    (folders.packages / ".left.zip.part").write_bytes(b"half")
    file, _ = packager.export_unnamed(ORDER)
    with file:
        assert list(folders.packages.iterdir()) == []
        assert check(file).findings == []


def test_one_package_at_a_time(packager: Packager, tmp_path: Path) -> None:
    with packager._alone(), pytest.raises(RefusedMove, match="found another being written"):
        packager.export(ORDER, tmp_path / "out.zip")
    packager.export(ORDER, tmp_path / "out.zip")


def test_a_redacted_copy_shows_nobody_and_names_what_it_is_without(
    packager: Packager, store: Store, folders: EvidenceFolders, tmp_path: Path
) -> None:
    keep_evidence(store, folders)
    copy = tmp_path / "copy.zip"
    seal = packager.export(replace(ORDER, redacted=copy), tmp_path / "out.zip").package
    whole, _ = read(tmp_path / "out.zip")
    files, manifest = read(copy)
    left_out = {entry["path"]: entry["sha256"] for entry in manifest["redacts"]["left_out"]}
    assert {name.split("/")[2] for name in left_out} == {"clips", "snapshots"}
    assert left_out == {name: hashlib.sha256(whole[name]).hexdigest() for name in left_out}
    seals = {"manifest.json", "manifest.sig"}
    assert {n: c for n, c in files.items() if n not in seals} == {
        n: c for n, c in whole.items() if n not in {*seals, *left_out}
    }
    assert manifest["redacts"]["manifest_sha256"] == seal.manifest_sha256
    assert json.loads(store.custody()[-1].body)["result"].endswith(", and a redacted copy")
    with copy.open("rb") as file:
        said = describe(check(file), "")
    assert f"a redacted copy of the package {seal.manifest_sha256}" in said
    assert all(f"left out: {name}, SHA-256 {sha256}" in said for name, sha256 in left_out.items())


def test_a_masked_copy_is_without_what_nobody_can_be_masked_in_and_says_so(
    packager: Packager, store: Store, folders: EvidenceFolders, tmp_path: Path
) -> None:
    keep_evidence(store, folders, clip=b"other")
    copy = tmp_path / "copy.zip"
    exported = packager.export(replace(ORDER, masked=copy), tmp_path / "out.zip")
    files, manifest = read(copy)
    assert not [name for name in files if name.split("/")[-2:-1] in (["clips"], ["snapshots"])]
    clip = f"{HERE}/clips/1.mp4"
    states = [(lack["what"], lack["state"]) for lack in manifest["shortcomings"]]
    clean = f"{HERE}/snapshots/{make_event().id}.raw.jpg"
    assert states == [(clip, "altered"), (clip, "withheld"), (clean, "withheld")]
    assert exported.masked is not None
    assert list(exported.masked.shortcomings) == manifest["shortcomings"]
    assert manifest["redacts"]["manifest_sha256"] == exported.package.manifest_sha256
    assert manifest["redacts"]["masking"]["models"] == manifest["models"]
    assert json.loads(store.custody()[-1].body)["result"].endswith(
        ", and a copy with people masked"
    )
    assert sorted(path.name for path in tmp_path.glob("*copy.zip*")) == ["copy.zip"]


def test_a_masked_copy_that_cannot_be_written_is_an_error(
    packager: Packager, store: Store, tmp_path: Path
) -> None:
    order = replace(ORDER, masked=tmp_path / "no" / "copy.zip")
    with pytest.raises(EvidenceError, match="expected room to mask video"):
        packager.export(order, tmp_path / "out.zip")
    assert json.loads(store.custody()[-1].body)["result"] == "failed"
