"""Any alteration of a package is found, and nothing makes the verifier stumble."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.errors import EvidenceError
from detector.evidence import verify_package
from detector.evidence.package import PackageFile, custody_file, write_package
from detector.evidence.signing_key import SigningKey
from detector.evidence.verify_package import (
    ALTERED,
    CUSTODY,
    MANIFEST,
    ORDER,
    Member,
    Report,
    check,
    describe,
    directory,
    local_header,
    signature_fits,
)
from detector.store.custody import GENESIS, canonical, seal

OWN = SigningKey(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
FORGER = SigningKey(Ed25519PrivateKey.from_private_bytes(b"f" * 32))
RFC_8032 = [  # section 7.1: public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
]
Entries = list[dict[str, Any]]


def entries(count: int = 4) -> Entries:
    """A part of a custody log; the second entry is about something else."""
    lines: Entries = []
    previous = GENESIS
    for number in range(1, count + 1):
        body = canonical({"number": number, "action": "collect", "object": "incident/1"})
        own = seal(previous, body)
        told = "" if number == 2 else body
        lines.append({"number": number, "body": told, "previous_hash": previous, "hash": own})
        previous = own
    return lines


def package(path: Path, key: SigningKey = OWN, log: Entries | None = None) -> bytes:
    """Write a small package and give its bytes."""
    lines = entries() if log is None else log
    whole = entries()
    custody = {
        "first_number": 1,
        "previous_hash": GENESIS,
        "last_number": whole[-1]["number"],
        "head": whole[-1]["hash"],
    }
    contents = [
        custody_file(lines),
        PackageFile("incidents/1/clips/1.mp4", bytes(range(256)), {"kind": "clip"}),
        PackageFile("incidents/1/events.jsonl", b'{"id": 1}\n'),
    ]
    write_package(path, contents, {"sealed_at": "2026-01-01", "custody": custody}, key)
    return path.read_bytes()


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return package(tmp_path_factory.mktemp("package") / "a.zip")


def verified(data: bytes, public_key: str = "") -> Report:
    report = check(BytesIO(data), public_key)
    describe(report, public_key)
    return report


def first_fault(data: bytes, public_key: str = "") -> tuple[str, str]:
    file, what = verified(data, public_key).findings[0]
    return file, what


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: Mapping[str, bytes] | list[tuple[str, bytes]]) -> bytes:
    """An archive of the canonical form, as a forger who knows it would write it."""
    members, out = [], BytesIO()
    for name, content in files.items() if isinstance(files, Mapping) else files:
        member = Member(name, out.tell(), verify_package.zlib.crc32(content), len(content))
        out.write(local_header(member) + content)
        members.append(member)
    out.write(directory(members, out.tell()))
    return out.getvalue()


def resealed(files: dict[str, bytes], manifest: dict[str, Any], key: SigningKey) -> bytes:
    """The package after a forger signed another manifest with a key of his own."""
    text = json.dumps(manifest).encode()
    seals = {
        "public_key.txt": f"{key.public}\n".encode(),
        MANIFEST: text,
        "manifest.sig": f"{key.sign(text).hex()}\n".encode(),
    }
    return packed(files | seals)


# --- signatures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_vectors_of_rfc_8032_fit(key: str, message: str, signature: str) -> None:
    given_ = bytes.fromhex(key), bytes.fromhex(signature), bytes.fromhex(message)
    assert signature_fits(*given_)
    assert not signature_fits(given_[0], given_[1], given_[2] + b"x")


@settings(max_examples=15, deadline=None)
@given(
    secret=st.binary(min_size=32, max_size=32),
    message=st.binary(max_size=200),
    bit=st.integers(0, 511),
)
def test_signatures_of_another_implementation_fit_and_altered_ones_do_not(
    secret: bytes, message: bytes, bit: int
) -> None:
    private = Ed25519PrivateKey.from_private_bytes(secret)
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    signature = private.sign(message)
    assert signature_fits(public, signature, message)
    altered = int.from_bytes(signature, "little") ^ 1 << bit
    assert not signature_fits(public, altered.to_bytes(64, "little"), message)


def test_a_second_way_to_write_a_signature_does_not_fit() -> None:
    signature = OWN.sign(b"m")
    s = int.from_bytes(signature[32:], "little") + ORDER
    other = signature[:32] + s.to_bytes(32, "little")
    key = bytes.fromhex(OWN.public)
    assert signature_fits(key, signature, b"m")
    assert not signature_fits(key, other, b"m")


@settings(max_examples=30, deadline=None)
@given(key=st.binary(max_size=40), signature=st.binary(min_size=60, max_size=64))
def test_bytes_that_are_no_key_fit_nothing(key: bytes, signature: bytes) -> None:
    assert not signature_fits(key, signature, b"message")


# --- whole packages -------------------------------------------------------------------------------


def test_a_package_is_whole_and_says_whose_key_it_cannot_prove(sealed: bytes) -> None:
    report = verified(sealed)
    assert report.findings == []
    assert report.public_key == OWN.public
    assert "the package cannot prove" in describe(report, "")
    assert "which is the key you gave" in describe(verified(sealed, OWN.public), OWN.public)


def test_other_programs_can_read_the_archive(sealed: bytes, tmp_path: Path) -> None:
    with zipfile.ZipFile(BytesIO(sealed)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
    assert names[:2] == ["README.txt", "verify.py"]
    assert names[-3:] == ["public_key.txt", MANIFEST, "manifest.sig"]


def test_the_same_contents_give_the_same_bytes(sealed: bytes, tmp_path: Path) -> None:
    assert package(tmp_path / "b.zip") == sealed


def test_the_verifier_in_the_package_needs_python_alone(sealed: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(sealed)
    altered = bytearray(sealed)
    altered[sealed.index(bytes(range(256)))] ^= 1
    (tmp_path / "b.zip").write_bytes(altered)
    (tmp_path / "verify.py").write_bytes(unpacked(sealed)["verify.py"])

    def run(name: str, *more: str) -> subprocess.CompletedProcess[str]:
        alone = [sys.executable, "-I", "-S", "verify.py", name, *more]
        return subprocess.run(alone, cwd=tmp_path, capture_output=True, text=True, check=False)

    good, bad, absent = run("a.zip", "--public-key", OWN.public), run("b.zip"), run("c.zip")
    assert (good.returncode, good.stdout[:5], good.stderr) == (0, "whole", "")
    assert (bad.returncode, bad.stderr) == (ALTERED, "")
    assert bad.stdout.startswith("NOT WHOLE. First fault: incidents/1/clips/1.mp4: ")
    assert (absent.returncode, absent.stdout) == (1, "")


# --- alterations ----------------------------------------------------------------------------------


def test_every_single_altered_byte_of_the_archive_is_found(sealed: bytes) -> None:
    """All of them but those of the two long texts, of which every 97th is tried."""
    files = unpacked(sealed)
    long = {name: sealed.index(files[name]) for name in ("README.txt", "verify.py")}
    texts = [range(at + 1, at + len(files[name])) for name, at in long.items()]
    places = [n for n in range(len(sealed)) if n % 97 == 0 or not any(n in text for text in texts)]
    altered = bytearray(sealed)
    missed = []
    for n in places:
        altered[n] ^= 1 << (n % 8)
        if not check(BytesIO(bytes(altered))).findings:
            missed.append(n)
        altered[n] = sealed[n]
    assert len(places) > 2000
    assert missed == []


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_byte_with_any_other_value_is_found_and_its_file_named(
    sealed: bytes, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(sealed) - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != sealed[place]))
    altered = sealed[:place] + bytes([value]) + sealed[place + 1 :]
    file, _ = first_fault(altered)
    with zipfile.ZipFile(BytesIO(sealed)) as archive:
        for info in archive.infolist():
            begin = info.header_offset + 30 + len(info.filename)
            is_key = info.filename == "public_key.txt"
            if begin <= place < begin + info.file_size:
                # An altered key shows first where its bytes are compared with their checksum.
                assert file == info.filename or (is_key and file in {MANIFEST, info.filename})


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_what_follows_from_an_altered_byte_of_a_file_is_not_told_beside_it(
    sealed: bytes, data: st.DataObject
) -> None:
    with zipfile.ZipFile(BytesIO(sealed)) as archive:
        info = data.draw(st.sampled_from(archive.infolist()))
    begin = info.header_offset + 30 + len(info.filename)
    place = data.draw(st.integers(begin, begin + info.file_size - 1))
    value = data.draw(st.integers(0, 255).filter(lambda value: value != sealed[place]))
    altered = sealed[:place] + bytes([value]) + sealed[place + 1 :]
    assert [finding.file for finding in verified(altered).findings] == [info.filename]


@pytest.mark.parametrize("field", ["number", "previous_hash", "hash", "body"])
def test_a_custody_entry_without_a_field_is_all_that_is_wrong(sealed: bytes, field: str) -> None:
    altered = sealed.replace(b'"%s":' % field.encode(), b'"%s ' % field.encode(), 1)
    assert [finding.file for finding in verified(altered).findings] == ["custody.jsonl"]
    misnamed = sealed.replace(b'"%s":' % field.encode(), b'"%s":' % field.upper().encode(), 1)
    assert [finding.file for finding in verified(misnamed).findings] == ["custody.jsonl"]


@pytest.mark.parametrize("member", ["crc", "size"])
def test_what_follows_from_an_altered_header_is_not_told_beside_it(
    sealed: bytes, member: str
) -> None:
    with zipfile.ZipFile(BytesIO(sealed)) as archive:
        headers = [(info.filename, info.header_offset) for info in archive.infolist()]
    for name, begin in headers:
        place = begin + {"crc": 14, "size": 18}[member]
        altered = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        assert [finding.file for finding in verified(altered).findings] == [name]


def test_two_faults_that_do_not_follow_from_each_other_are_both_told(sealed: bytes) -> None:
    with zipfile.ZipFile(BytesIO(sealed)) as archive:
        clip = archive.getinfo("incidents/1/clips/1.mp4")
    altered = bytearray(sealed)
    altered[clip.header_offset + 30 + len(clip.filename)] ^= 1
    altered[-1] ^= 1
    found = [finding.file for finding in verified(bytes(altered)).findings]
    assert found == ["incidents/1/clips/1.mp4", "archive"]


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_package_that_was_cut_or_has_something_behind_is_found(
    sealed: bytes, data: st.DataObject
) -> None:
    length = data.draw(st.integers(0, len(sealed) - 1))
    more = data.draw(st.binary(min_size=1, max_size=40))
    assert verified(sealed[:length]).findings
    assert first_fault(sealed + more)[0] == "archive"


def test_every_removed_file_is_named(sealed: bytes) -> None:
    files = unpacked(sealed)
    for name in files:
        rest = {other: content for other, content in files.items() if other != name}
        file, what = first_fault(packed(rest))
        assert (file, "removed" in what or "missing" in what) == (name, True)


def test_every_added_file_is_named(sealed: bytes) -> None:
    files = list(unpacked(sealed).items())
    for place in range(len(files) + 1):
        added = [*files[:place], ("incidents/1/clips/2.mp4", b"new"), *files[place:]]
        assert first_fault(packed(added)) == (
            "incidents/1/clips/2.mp4",
            "was added: the manifest does not name it",
        )


def test_a_file_that_is_there_twice_is_named(sealed: bytes) -> None:
    files = list(unpacked(sealed).items())
    twice = [*files, files[3]]
    assert files[3][0] in {finding.file for finding in verified(packed(twice)).findings}


def test_files_in_another_order_are_found(sealed: bytes) -> None:
    files = list(unpacked(sealed).items())
    files[2], files[3] = files[3], files[2]
    assert first_fault(packed(files)) == (
        "archive",
        "its files are in another order than the manifest says",
    )


def test_a_file_that_was_replaced_with_its_checksums_is_named(sealed: bytes) -> None:
    files = unpacked(sealed)
    for name in list(files)[:-3]:
        file, what = first_fault(packed(files | {name: files[name] + b" "}))
        assert file == name
        assert what == "entry 5 cannot be read" if name == CUSTODY else "was altered" in what


def test_a_manifest_that_was_altered_with_its_checksums_is_named(sealed: bytes) -> None:
    files = unpacked(sealed)
    text = files[MANIFEST].replace(b"2026-01-01", b"2026-01-02")
    assert text != files[MANIFEST]
    assert first_fault(packed(files | {MANIFEST: text}))[0] == MANIFEST


def test_a_forger_with_a_key_of_his_own_is_found_by_the_key_alone(
    sealed: bytes, tmp_path: Path
) -> None:
    forged = package(tmp_path / "forged.zip", FORGER)
    assert verified(forged).findings == []
    file, what = first_fault(forged, OWN.public)
    assert (file, OWN.public in what) == ("public_key.txt", True)


@pytest.mark.parametrize(
    ("tamper", "why"),
    [
        (lambda log: [log[0], log[2], log[1], log[3]], "entry 2 was removed or moved"),
        (lambda log: [log[0], log[1], log[3]], "entry 3 was removed or moved"),
        (lambda log: log[1:], "entry 1 was removed or moved"),
        (lambda log: log[:3], "entries were removed from number 4 on"),
        (lambda log: log[:0], "entries were removed from number 1 on"),
        (
            lambda log: [log[0] | {"body": log[0]["body"].replace("collect", "consult")}, *log[1:]],
            "entry 1 was altered",
        ),
        (lambda log: [*log[:2], log[2] | {"previous_hash": "0" * 64}, log[3]], "entry 3 does not"),
        (lambda log: [*log[:3], log[3] | {"hash": "0" * 64, "body": ""}], "entries were removed"),
    ],
)
def test_an_altered_custody_log_names_the_entry(
    sealed: bytes, tmp_path: Path, tamper: Callable[[Entries], Entries], why: str
) -> None:
    log = tamper(entries())
    with pytest.raises(EvidenceError, match=why):
        package(tmp_path / "own.zip", log=log)  # nobody who has the key can seal it by mistake
    assert list(tmp_path.iterdir()) == []
    text = custody_file(log).content
    assert isinstance(text, bytes)
    findings = verified(packed(unpacked(sealed) | {CUSTODY: text})).findings
    assert [finding.file for finding in findings] == [CUSTODY]
    assert why in findings[0].what


# --- garbage --------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=400), prefix=st.sampled_from([b"", b"PK\3\4", b"PK\5\6"]))
def test_garbage_is_found_and_never_a_traceback(data: bytes, prefix: bytes) -> None:
    assert verified(prefix + data).findings


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
PARTS = ("", "redacts", "files", "custody", "shortcomings", "sealed_at")


@settings(max_examples=300, deadline=None)
@given(part=st.sampled_from(PARTS), value=JSON, log=JSON)
def test_a_manifest_of_any_form_that_somebody_signed_gives_no_traceback(
    sealed: bytes, part: str, value: Any, log: Any
) -> None:
    files = unpacked(sealed)
    manifest = json.loads(files[MANIFEST]) | {part: value} if part else value
    verified(resealed(files, manifest, FORGER))
    files[CUSTODY] = json.dumps(log).encode()
    verified(resealed(files, manifest, FORGER))


def test_what_a_package_says_cannot_write_to_the_terminal(sealed: bytes) -> None:
    files = unpacked(sealed)
    manifest = json.loads(files[MANIFEST]) | {
        "sealed_at": "\x1b[2J",
        "shortcomings": [{"\ud800": 1}],
    }
    said = describe(verified(resealed(files, manifest, FORGER)), "")
    assert "\x1b" not in said
    assert "\\x1b" in said
    said.encode()


def test_a_manifest_nested_too_deeply_is_no_traceback(sealed: bytes) -> None:
    files = unpacked(sealed)
    text = b"[" * 100_000
    seals = {MANIFEST: text, "manifest.sig": f"{OWN.sign(text).hex()}\n".encode()}
    assert first_fault(packed(files | seals))[0] == MANIFEST


def test_a_package_that_would_be_too_large_for_its_form_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.evidence.package.MOST_BYTES", 20_000)
    with pytest.raises(EvidenceError, match="take fewer incidents"):
        package(tmp_path / "a.zip")
    monkeypatch.setattr("detector.evidence.package.MOST_BYTES", 2**31)
    monkeypatch.setattr("detector.evidence.package.MOST_FILES", 6)
    with pytest.raises(EvidenceError, match="take fewer incidents"):
        package(tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_more_files_than_the_form_allows_are_found(
    sealed: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_package, "MOST_FILES", 7)
    assert "archive" in {finding.file for finding in verified(sealed).findings}
