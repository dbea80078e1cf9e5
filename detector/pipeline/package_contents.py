"""Turns what is known of an incident into the files of an evidence package, and says what lacks."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from detector.events import Event
from detector.evidence.clip_folder import ClipFolder, tracks_beside
from detector.evidence.package import PackageFile, canonical_json
from detector.evidence.snapshot import SnapshotFolder
from detector.store import ClipRecord, ClipState, Dossier

NO_CLIP_WANTED = "no clip was asked for: the camera keeps none, or the event is of another kind"


@dataclass(frozen=True, slots=True)
class EvidenceFolders:
    """Where evidence lies, and where packages are written that nobody named."""

    clips: ClipFolder
    snapshots: SnapshotFolder
    packages: Path


@dataclass(frozen=True, slots=True)
class IncidentContents:
    """The part of a package that is about one incident.

    Attributes:
        files: in their order.
        shortcomings: what should be there and is not: ``what``, ``state``, ``reason``.
        events: the parsed events.
    """

    files: tuple[PackageFile, ...]
    shortcomings: tuple[dict[str, str], ...]
    events: tuple[Event, ...]


def incident_contents(dossier: Dossier, folders: EvidenceFolders) -> IncidentContents:
    """Collect the files of an incident; their content is read when the package is written."""
    incident_id = dossier.record.incident.incident_id
    events = tuple(stored.event() for stored in dossier.events)
    found = [
        *_clips(incident_id, dossier.clips, folders.clips),
        *_snapshots(incident_id, events, folders.snapshots),
    ]
    pictures = [part for part in found if isinstance(part, PackageFile)]
    lacks = [part for part in found if not isinstance(part, PackageFile)]
    return IncidentContents((*_papers(dossier, events), *pictures), tuple(lacks), events)


def _papers(dossier: Dossier, events: Sequence[Event]) -> Iterator[PackageFile]:
    record = dossier.record
    incident_id = record.incident.incident_id
    where = f"incidents/{incident_id}"
    facts = {"incident_id": str(incident_id)}
    told = {
        "incident": json.loads(record.incident.model_dump_json(by_alias=True)),
        "operator_state": record.operator_state.value,
        "history": [asdict(move) | {"at": utc_text(move.at)} for move in record.history],
    }
    yield PackageFile(f"{where}/incident.json", canonical_json(told), facts | {"kind": "incident"})
    lines = "".join(f"{stored.body}\n" for stored in dossier.events)
    yield PackageFile(f"{where}/events.jsonl", lines.encode(), facts | {"kind": "events"})
    receipts = [
        asdict(receipt)
        | {"event_id": str(receipt.event_id), "ended_at": utc_text(receipt.ended_at)}
        for receipt in dossier.receipts
    ]
    text = canonical_json({"deliveries": receipts})
    yield PackageFile(f"{where}/deliveries.json", text, facts | {"kind": "deliveries"})
    text = canonical_json(_clock_report(events, dossier.clips))
    yield PackageFile(f"{where}/clock.json", text, facts | {"kind": "clock report"})


def _clock_report(events: Sequence[Event], clips: Sequence[ClipRecord]) -> dict[str, Any]:
    """Say by whose clock each time is, and how far the camera's was from this machine's."""
    of_events = [
        {
            "event_id": str(event.id),
            "camera": event.data.camera,
            "time": None if event.time is None else event.time.isoformat(),
            "recorded": None if event.recordedtime is None else event.recordedtime.isoformat(),
            **event.data.clock.model_dump(mode="json"),
        }
        for event in events
    ]
    of_clips = []
    for clip in clips:
        known = json.loads(clip.body)
        of_clips.append(
            {
                "number": clip.number,
                "camera": clip.camera,
                "wanted_from": utc_text(clip.begin_at),
                "wanted_until": utc_text(clip.end_at),
                "first_captured": utc_text(known.get("first_captured_at")),
                "last_captured": utc_text(known.get("last_captured_at")),
                "gaps_s": known.get("gaps", []),
            }
        )
    return {"events": of_events, "clips": of_clips}


def _clips(
    incident_id: UUID, clips: Sequence[ClipRecord], folder: ClipFolder
) -> Iterator[PackageFile | dict[str, str]]:
    if not clips:
        yield _lack(incident_id, "clips", "none", NO_CLIP_WANTED)
    for clip in clips:
        name = f"clips/{clip.number}.mp4"
        known = json.loads(clip.body)
        path = folder.path(incident_id, clip.number)
        if clip.state is not ClipState.READY:
            reason = known.get("reason", "it is not written yet; have the package made again later")
            yield _lack(incident_id, name, clip.state.value, reason)
            continue
        if not path.is_file():
            yield _lack(incident_id, name, "deleted", "its file is not there any more")
            continue
        facts = {"kind": "clip", "incident_id": str(incident_id), "camera": clip.camera}
        place = f"incidents/{incident_id}/{name}"
        yield PackageFile(place, path, facts, known.get("sha256", ""))
        tracks = tracks_beside(path)
        if tracks.is_file():
            place = f"incidents/{incident_id}/clips/{clip.number}.tracks.json"
            written = known.get("tracks") or {}
            recorded = written.get("sha256", "")
            yield PackageFile(place, tracks, facts | {"kind": "tracks"}, recorded)


def _snapshots(
    incident_id: UUID, events: Sequence[Event], folder: SnapshotFolder
) -> Iterator[PackageFile | dict[str, str]]:
    for event in events:
        paths = folder.pictures(event.id)
        for path in paths:
            facts = {
                "kind": "snapshot",
                "incident_id": str(incident_id),
                "event_id": str(event.id),
                "overlay": not path.name.endswith(".raw.jpg"),
            }
            yield PackageFile(f"incidents/{incident_id}/snapshots/{path.name}", path, facts)
        if event.data.has_snapshot and not paths:
            what = f"snapshots/{event.id}.jpg"
            yield _lack(incident_id, what, "deleted", "its file is not there any more")


def _lack(incident_id: UUID, what: str, state: str, reason: str) -> dict[str, str]:
    return {"what": f"incidents/{incident_id}/{what}", "state": state, "reason": reason}


def utc_text(at: float | None) -> str | None:
    """Write UTC epoch seconds as RFC 3339, to the microsecond.

    >>> utc_text(1_700_000_000.25)
    '2023-11-14T22:13:20.250000+00:00'
    """
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
