"""What a site holds once all is settled: is every event told, every clip there or told missing?"""

import hashlib
import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.faults.site import Site
from detector.evidence.clip_folder import tracks_beside

_UNFINISHED = re.compile(r"[^\s']+\.part\b")


@dataclass(frozen=True)
class Aftermath:
    """What was found; everything from ``lost`` on has to be 0, see ``clean``.

    Attributes:
        incidents: in which a rule saw something.
        committed: events in the database.
        requests: that the incident system answered with success; repeated ones count.
        clips_ready: decoded again from the disk, with the announced SHA-256.
        clips_missing: whose ``evidence_missing`` was delivered.
        reasons: why, with how many.
        pictures_without_event: written before a kill took their event; the retention removes them.
        lost: committed, never delivered.
        vanished: delivered or seen in the database, and not in it at the end.
        altered: delivered with different bytes.
        unverified: requests whose signature was wrong.
        incidents_without_clip: that never asked for one.
        clips_wrong: neither there as announced nor announced missing.
        tracks_wrong: beside a clip, but not as announced.
        pictures_wrong: announced with an event and not there.
        strangers: files among the clips that belong to none that is ready.
        unfinished: temporary files.
        database_faults: found by SQLite in its own file.
    """

    incidents: int
    committed: int
    requests: int
    clips_ready: int
    clips_missing: int
    reasons: dict[str, int]
    pictures_without_event: int
    lost: int
    vanished: int
    altered: int
    unverified: int
    incidents_without_clip: int
    clips_wrong: int
    tracks_wrong: int
    pictures_wrong: int
    strangers: int
    unfinished: int
    database_faults: int

    @property
    def wrong(self) -> dict[str, int]:
        """What had to be 0 and is not, by name."""
        names = list(self.__dataclass_fields__)
        found = {name: getattr(self, name) for name in names[names.index("lost") :]}
        return {name: number for name, number in found.items() if number}

    @property
    def clean(self) -> bool:
        """Nothing is wrong, and there was something that could be."""
        return not self.wrong and self.committed > 0 and self.clips_ready > 0


def rule_incidents(site: Site) -> set[str]:
    """Give the incidents in which a rule saw something."""
    rows = site.read("SELECT DISTINCT incident_id FROM events WHERE rule = 'zone_intrusion'")
    return {str(UUID(str(row[0]))) for row in rows}


def aftermath(site: Site, known: set[str]) -> Aftermath:
    """Look at everything; the service runs, and nothing is to come any more.

    Args:
        site: whose database, files and incident system are looked at.
        known: ids of events that were in the database at some moment.
    """
    requests = site.receiver.requests()
    taken = [entry for entry in requests if entry["status"] < 300]
    bodies: defaultdict[str, set[str]] = defaultdict(set)
    for entry in taken:
        bodies[entry["event_id"]].add(entry["body"])
    committed = set(site.committed())
    fates = Counter(fate for (_, fate), n in site.clips_by_fate().items() for _ in range(n))
    incidents, clips = rule_incidents(site), site.clips()
    missing = Counter(
        _UNFINISHED.sub("FILE.part", str(c.known.get("reason")))
        for c in clips
        if c.state == "missing"
    )
    without_event, without_picture = _pictures(site)
    return Aftermath(
        incidents=len(incidents),
        committed=len(committed),
        requests=len(taken),
        clips_ready=fates["ready"],
        clips_missing=fates["missing"],
        reasons=dict(missing),
        pictures_without_event=without_event,
        lost=len(committed - bodies.keys()),
        vanished=len((known | bodies.keys()) - committed),
        altered=sum(len(different) > 1 for different in bodies.values()),
        unverified=sum(not entry["verified"] for entry in requests),
        incidents_without_clip=len(incidents - {clip.incident for clip in clips}),
        clips_wrong=fates["lost"],
        tracks_wrong=_tracks_wrong(site),
        pictures_wrong=without_picture,
        strangers=len(_clip_files(site) - _announced_files(site)),
        unfinished=len(list(site.data.rglob("*.part"))),
        database_faults=len([row for row in site.read("PRAGMA integrity_check") if row[0] != "ok"]),
    )


def _clip_files(site: Site) -> set[Path]:
    return {path for path in (site.data / "clips").rglob("*") if path.is_file()}


def _announced_files(site: Site) -> set[Path]:
    ready = [site.clip_path(clip) for clip in site.clips() if clip.state == "ready"]
    return {*ready, *map(tracks_beside, ready)}


def _tracks_wrong(site: Site) -> int:
    """Count tracks that are not as announced, and those beside a clip that has none."""
    wrong = 0
    for clip in site.clips():
        if clip.state != "ready":
            continue
        path, tracks = tracks_beside(site.clip_path(clip)), clip.known["tracks"]
        there = hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
        wrong += there != (tracks["sha256"] if tracks else None)
    return wrong


def _pictures(site: Site) -> tuple[int, int]:
    """Count events with pictures on the disk that are not stored, and those the other way round."""
    bodies: list[dict[str, Any]] = [json.loads(row[0]) for row in site.read(_BODIES)]
    said = {body["id"] for body in bodies if body["data"]["has_snapshot"]}
    files = {path.name for path in (site.data / "snapshots").rglob("*.jpg")}
    there = {name.split(".", 1)[0] for name in files}
    whole = {name for name in there if {f"{name}.jpg", f"{name}.raw.jpg"} <= files}
    return len(there - {body["id"] for body in bodies}), len(said - whole)


_BODIES = "SELECT body FROM events"
