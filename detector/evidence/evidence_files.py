"""Which evidence lies on the disk: clips and snapshots, each with the files that belong to it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID


class EvidenceKind(StrEnum):
    """A class of data with a folder and a retention of its own."""

    CLIPS = "clips"
    SNAPSHOTS = "snapshots"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A clip or a snapshot, with what lies beside it under the same stem.

    Attributes:
        kind: which.
        stem: its name up to the first dot.
        owner: id of its incident (clips) or event (snapshots).
        number: of a clip within its incident; None for a snapshot.
        folder: where its files lie.
        names: of its files, whatever their endings.
        size_bytes: of all of them.
        written_at: UTC epoch seconds of the newest change to one of them.
    """

    kind: EvidenceKind
    stem: str
    owner: UUID
    number: int | None
    folder: Path
    names: tuple[str, ...]
    size_bytes: int
    written_at: float

    @property
    def paths(self) -> tuple[Path, ...]:
        """Its files."""
        return tuple(self.folder / name for name in self.names)

    @property
    def part(self) -> str:
        """How the custody log names it within its incident."""
        return f"{self.kind}/{self.stem if self.number is None else self.number}"

    def remove(self) -> None:
        """Delete its files; files that are gone already are no fault.

        Raises:
            OSError: one cannot be deleted.
        """
        for path in self.paths:
            path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Found:
    """What a look at the folders gave.

    Attributes:
        evidence: everything with a name that we give.
        strangers: files with other names, which are never touched.
    """

    evidence: tuple[Evidence, ...]
    strangers: tuple[Path, ...]


class EvidenceFiles:
    """The folders ``clips`` and ``snapshots`` of a data directory.

    Args:
        data_dir: where they lie; neither needs to be there yet.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir

    def sweep(self) -> int:
        """Remove what a process left that was killed while it wrote; gives the number of files.

        Nothing may be written meanwhile.

        Raises:
            OSError: a folder cannot be read, or a file not be removed.
        """
        left = [p for kind in EvidenceKind for p in (self._data_dir / kind).glob("*/*.part")]
        for part in left:
            part.unlink(missing_ok=True)
        return len(left)

    def find(self) -> Found:
        """Look at every file.

        Raises:
            OSError: a folder cannot be read.
        """
        evidence: list[Evidence] = []
        strangers: list[Path] = []
        for kind in EvidenceKind:
            for folder, entries in _folders(self._data_dir / kind):
                for stem, same in _by_stem(entries).items():
                    made = _evidence(kind, folder, stem, same)
                    if made is None:
                        strangers += [folder / entry.name for entry in same]
                    else:
                        evidence.append(made)
        return Found(tuple(evidence), tuple(strangers))


def _folders(top: Path) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    """Give each folder with its files: those below ``top``, and ``top``, where none should lie."""
    if not top.is_dir():
        return
    with os.scandir(top) as found:
        entries = list(found)
    yield top, [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            with os.scandir(entry) as inside:
                yield Path(entry.path), [e for e in inside if e.is_file(follow_symlinks=False)]


def _by_stem(entries: list[os.DirEntry[str]]) -> dict[str, list[os.DirEntry[str]]]:
    stems: dict[str, list[os.DirEntry[str]]] = {}
    for entry in entries:
        stems.setdefault(entry.name.split(".", 1)[0], []).append(entry)
    return stems


def _evidence(
    kind: EvidenceKind, folder: Path, stem: str, entries: list[os.DirEntry[str]]
) -> Evidence | None:
    """Put together what has one stem; None where the name is none of ours."""
    owner, number = stem, ""
    if kind is EvidenceKind.CLIPS:
        owner, _, number = stem.rpartition("-")
        if not number.isascii() or not number.isdigit():
            return None
    try:
        owner_id = UUID(owner)
    except ValueError:
        return None
    if str(owner_id) != owner or folder.name != owner[:2]:
        return None
    stats = [stat for stat in map(_stat, entries) if stat is not None]
    return Evidence(
        kind=kind,
        stem=stem,
        owner=owner_id,
        number=int(number) if number else None,
        folder=folder,
        names=tuple(sorted(entry.name for entry in entries)),
        size_bytes=sum(stat.st_size for stat in stats),
        written_at=max((stat.st_mtime for stat in stats), default=0.0),
    )


def _stat(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat(follow_symlinks=False)
    except FileNotFoundError:  # renamed or deleted since the folder was read
        return None
