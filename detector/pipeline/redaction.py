"""What goes into redacted copies of a package: no pictures at all, or pictures without people."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from detector.errors import EvidenceError
from detector.evidence.clip import mask_clip
from detector.evidence.clip_folder import tracks_beside
from detector.evidence.clip_tracks import read_tracks
from detector.evidence.package import PackageFile, Seal
from detector.evidence.person_masks import MASKING, PersonMasks, mask_snapshot
from detector.evidence.tracks import ClipTracks
from detector.pipeline.package_contents import IncidentContents

SHOWS_PEOPLE = frozenset({"clip", "tracks", "snapshot"})
"""Kinds of files that are in no redacted copy as they are."""
SAME_PICTURE_S = 1e-3
"""An event and an analysed picture so close are of the same moment."""
LIMITS = "only people who were tracked are masked: whoever the network did not find can be seen"


@dataclass(frozen=True, slots=True)
class RedactedCopy:
    """What a copy holds of the pictures of its original, and what it says of the rest.

    Attributes:
        files: the masked clips and pictures.
        redacts: member of the manifest: of which package it is a copy, what was left out, how
            people were masked.
        shortcomings: what was withheld because nobody could be masked in it: ``what``, ``state``,
            ``reason``.
    """

    files: tuple[PackageFile, ...]
    redacts: Mapping[str, Any]
    shortcomings: tuple[Mapping[str, str], ...] = ()


def without_pictures(original: Seal) -> RedactedCopy:
    """Leave out all that shows people."""
    reason = "pictures, video and tracks of people are left out of redacted copies"
    return RedactedCopy((), _redacts(original, (), reason))


def with_people_masked(
    parts: Sequence[IncidentContents],
    original: Seal,
    models: Sequence[Mapping[str, str]],
    folder: Path,
) -> RedactedCopy:
    """Mask the people in clips and snapshots; where that cannot be done they are withheld.

    Args:
        parts: what the original holds of each incident.
        original: the package as it was sealed.
        models: the networks that the tracks are of, as the manifest names them.
        folder: where the masked files lie until they are packed.
    """
    masking = _Masking(original, folder)
    for part in parts:
        masking.mask(part)
    reason = "pictures and video are there with people masked, and without where that was not done"
    redacts = _redacts(original, masking.files, reason)
    redacts |= {"masking": {**MASKING, "models": models, "limits": LIMITS}}
    return RedactedCopy(tuple(masking.files), redacts, tuple(masking.withheld))


def _redacts(original: Seal, masked: Sequence[PackageFile], reason: str) -> dict[str, Any]:
    """Say which package a copy is of, and which of its files have no part in it."""
    shown = {file.facts["original"]["path"] for file in masked}
    left_out = [
        _named(entry) | {"kind": entry["kind"]}
        for entry in original.entries
        if entry["kind"] in SHOWS_PEOPLE and entry["path"] not in shown
    ]
    return {
        "manifest_sha256": original.manifest_sha256,
        "left_out": left_out,
        "reason": reason,
    }


def _named(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: entry[name] for name in ("path", "bytes", "sha256")}


class _Masking:
    """Makes the masked files of one copy, and notes what is withheld."""

    def __init__(self, original: Seal, folder: Path) -> None:
        self._entries = {str(entry["path"]): entry for entry in original.entries}
        self._folder = folder
        self.files: list[PackageFile] = []
        self.withheld: list[Mapping[str, str]] = []

    def mask(self, part: IncidentContents) -> None:
        """Mask what there is of an incident."""
        known = dict(_tracks(part))
        for clip, path in _kept(part, "clip"):
            with self._or_withheld(clip, path):
                tracks = known.get(str(tracks_beside(Path(clip.name))))
                if tracks is None:
                    raise EvidenceError("no tracks that were written with it are kept")
                self._clip(clip, path, _masks(tracks, known))
        times = {str(event.id): event.time for event in part.events}
        snapshots = list(_kept(part, "snapshot"))
        clean = {file.facts["event_id"] for file, _ in snapshots if not file.facts["overlay"]}
        for snapshot, path in snapshots:
            event_id = snapshot.facts["event_id"]
            with self._or_withheld(snapshot, path):
                if not snapshot.facts["overlay"]:
                    tracks, at_s = _moment(known.values(), times[event_id])
                    self._snapshot(snapshot, path, _masks(tracks, known), at_s)
                elif event_id not in clean:
                    raise EvidenceError("the picture on which nothing is drawn is not kept")

    @contextmanager
    def _or_withheld(self, file: PackageFile, path: Path) -> Iterator[None]:
        try:
            yield
        except EvidenceError as error:
            # By the names of the package, not by those of this machine
            reason = str(error).replace(str(path), file.name).replace(f"{self._folder}/", "")
            self.withheld.append({"what": file.name, "state": "withheld", "reason": reason})

    def _clip(self, clip: PackageFile, path: Path, masks: PersonMasks) -> None:
        name = clip.name.removesuffix(".mp4") + ".masked.mp4"
        mask_clip(path, self._folder / name, masks)
        said = {
            "persons": masks.persons,
            "pictures": masks.pictures,
            "pictures_masked": masks.pictures_masked,
            "pictures_black": masks.pictures_black,
        }
        self._add(clip, name, said)

    def _snapshot(self, snapshot: PackageFile, path: Path, masks: PersonMasks, at_s: float) -> None:
        name = snapshot.name.removesuffix(".raw.jpg") + ".masked.jpg"
        persons = mask_snapshot(path, self._folder / name, masks, at_s)
        self._add(snapshot, name, {"persons": persons})

    def _add(self, file: PackageFile, name: str, said: Mapping[str, Any]) -> None:
        original = _named(self._entries[file.name])
        facts = {**file.facts, **said, "original": original}
        facts |= {"kind": f"masked {file.facts['kind']}"}
        self.files.append(PackageFile(name, self._folder / name, facts))


def _kept(part: IncidentContents, kind: str) -> Iterator[tuple[PackageFile, Path]]:
    for file in part.files:
        if file.facts["kind"] == kind and isinstance(file.content, Path):
            yield file, file.content


def _tracks(part: IncidentContents) -> Iterator[tuple[str, ClipTracks]]:
    """Read the tracks that are as they were when their clips were written."""
    for file, path in _kept(part, "tracks"):
        with suppress(EvidenceError):
            tracks, found = read_tracks(path)
            if found.sha256 == file.recorded_sha256:
                yield file.name, tracks


def _masks(tracks: ClipTracks, known: Mapping[str, ClipTracks]) -> PersonMasks:
    return PersonMasks(tracks, [other for other in known.values() if other is not tracks])


def _moment(known: Iterable[ClipTracks], time: datetime | None) -> tuple[ClipTracks, float]:
    """Find the analysed picture of that time, and the second at which the clip shows it.

    Raises:
        EvidenceError: it is in no tracks.
    """
    for tracks in known:
        for picture in tracks.pictures:
            if time and picture.at and abs((picture.at - time).total_seconds()) <= SAME_PICTURE_S:
                return tracks, picture.t_s
    raise EvidenceError("no tracks of its moment are kept")
