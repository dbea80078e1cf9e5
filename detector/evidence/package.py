"""Writes sealed evidence packages: files, a manifest of them, and a signature over the manifest.

The form of the archive is defined by :mod:`detector.evidence.verify_package`, which checks it.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Self

from detector.errors import EvidenceError
from detector.evidence.signing_key import SigningKey
from detector.evidence.verify_package import (
    CHUNK_BYTES,
    CUSTODY,
    KEY,
    MANIFEST,
    MOST_FILES,
    MOST_OFFSET,
    SIGNATURE,
    Member,
    check,
    directory,
    local_header,
)

FORMAT = "barrier-detector evidence package 1"
MOST_BYTES = MOST_OFFSET - 2**20
"""Of all files together; the rest is for the last headers."""
TOO_LARGE = (
    f"expected a package of at most {MOST_BYTES} bytes and {MOST_FILES} files; take fewer incidents"
)


@dataclass(frozen=True, slots=True)
class PackageFile:
    """One file that goes into a package.

    Attributes:
        name: path within the package, ASCII.
        content: its bytes, or the file that holds them.
        facts: what the manifest says of it besides size and hash.
        recorded_sha256: the hash that was noted when the file was made; "" where none was.
    """

    name: str
    content: bytes | Path
    facts: Mapping[str, Any] = field(default_factory=dict)
    recorded_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Seal:
    """What was written.

    Attributes:
        manifest_sha256: names the package for all time.
        public_key: of the key it was sealed with.
        entries: what the manifest says of each file.
        shortcomings: what is not there or not as it was recorded, as the manifest says it.
    """

    manifest_sha256: str
    public_key: str
    entries: tuple[Mapping[str, Any], ...]
    shortcomings: tuple[Mapping[str, Any], ...]


class _Archive:
    """A ZIP without compression or dates, written from its beginning to its end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._members: list[Member] = []

    def add(self, name: str, content: bytes | Path) -> Member:
        """Copy one file in.

        Raises:
            OSError: it cannot be read, or the archive not be written.
            EvidenceError: the archive would become too large.
        """
        if len(self._members) == MOST_FILES:
            raise EvidenceError(f"{name}: {TOO_LARGE}")
        offset = self._file.tell()
        self._file.write(local_header(Member(name, offset, 0, 0)))
        digest, crc, size = hashlib.sha256(), 0, 0
        with BytesIO(content) if isinstance(content, bytes) else content.open("rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                if self._file.tell() + len(chunk) > MOST_BYTES:
                    raise EvidenceError(f"{name}: {TOO_LARGE}")
                self._file.write(chunk)
                digest.update(chunk)
                crc, size = zlib.crc32(chunk, crc), size + len(chunk)
        member = Member(name, offset, crc, size, digest.hexdigest())
        end = self._file.seek(0, os.SEEK_CUR)
        self._file.seek(offset)
        self._file.write(local_header(member))
        self._file.seek(end)
        self._members.append(member)
        return member

    def close(self) -> None:
        """Write the directory, and see to it that all is on the disk."""
        self._file.write(directory(self._members, self._file.tell()))
        self._file.flush()
        os.fsync(self._file.fileno())


@dataclass(frozen=True, slots=True)
class _Listed:
    """What the manifest will say of the files."""

    entries: list[dict[str, Any]]
    shortcomings: list[Mapping[str, Any]]

    @classmethod
    def of(cls, archive: _Archive, contents: Iterable[PackageFile]) -> Self:
        listed = cls([], [])
        for content in contents:
            member = archive.add(content.name, content.content)
            entry = {"path": member.name, "bytes": member.size, "sha256": member.sha256}
            listed.entries.append(entry | dict(content.facts))
            recorded = content.recorded_sha256
            if recorded and recorded != member.sha256:
                reason = f"its SHA-256 was {recorded} when it was made, it is {member.sha256} now"
                lack = {"what": member.name, "state": "altered", "reason": reason}
                listed.shortcomings.append(lack)
        return listed


def write_package(
    out: Path, contents: Iterable[PackageFile], facts: Mapping[str, Any], key: SigningKey
) -> Seal:
    """Write a package under a temporary name, check all of it, then give it its name.

    Args:
        out: its name, which must be free.
        contents: the files in their order; README and ``verify.py`` are added before them.
        facts: members of the manifest besides ``format`` and ``files``; ``shortcomings`` is
            completed by files that differ from what was recorded.
        key: what seals it.

    Raises:
        EvidenceError: the name is taken, a file cannot be read or written, or what was written is
            not whole; nothing is left behind.
    """
    if out.exists():
        raise EvidenceError(f"{out}: expected a name that is free, found a file")
    part = out.with_name(f".{out.name}.part")
    try:
        with part.open("w+b") as file:
            seal = _write(file, [*_explanations(), *contents], facts, key)
            file.seek(0)
            report = check(file, key.public)
        if report.findings:
            fault = "; ".join(f"{name}: {what}" for name, what in report.findings)
            raise EvidenceError(f"{out}: expected a package that is whole, found {fault}")
        part.rename(out)
    except OSError as error:
        raise EvidenceError(f"{out}: expected a file to write, found: {error}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return seal


def _write(
    file: BinaryIO, contents: Iterable[PackageFile], facts: Mapping[str, Any], key: SigningKey
) -> Seal:
    archive = _Archive(file)
    listed = _Listed.of(archive, contents)
    shortcomings = [*facts.get("shortcomings", ()), *listed.shortcomings]
    manifest = dict(facts) | {
        "format": FORMAT,
        "files": listed.entries,
        "shortcomings": shortcomings,
    }
    text = canonical_json(manifest)
    archive.add(KEY, f"{key.public}\n".encode())
    archive.add(MANIFEST, text)
    archive.add(SIGNATURE, f"{key.sign(text).hex()}\n".encode())
    archive.close()
    name = hashlib.sha256(text).hexdigest()
    return Seal(name, key.public, tuple(listed.entries), tuple(shortcomings))


def canonical_json(value: Any) -> bytes:
    """Write JSON for people that has one form only: sorted keys, indented by one, ASCII."""
    return (json.dumps(value, sort_keys=True, indent=1) + "\n").encode()


def custody_file(lines: Iterable[Mapping[str, Any]]) -> PackageFile:
    """Give the part of the custody log as a file: one entry a line."""
    text = "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines)
    return PackageFile(CUSTODY, text.encode(), {"kind": "custody log"})


def _explanations() -> tuple[PackageFile, PackageFile]:
    here = files("detector.evidence")
    readme = here.joinpath("package_readme.txt").read_bytes()
    verifier = here.joinpath("verify_package.py").read_bytes()
    return (
        PackageFile("README.txt", readme, {"kind": "explanation"}),
        PackageFile("verify.py", verifier, {"kind": "verifier"}),
    )
