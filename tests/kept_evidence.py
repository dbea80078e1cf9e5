"""A store and folders with evidence of incidents, for tests of what deletes it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from detector.evidence.clip_folder import ClipFolder
from detector.evidence.disk import DiskSpace
from detector.evidence.evidence_files import Evidence, EvidenceFiles
from detector.evidence.retention import GIB, RetentionSettings
from detector.evidence.snapshot import SnapshotFolder
from detector.incidents.clip_plan import ClipWish
from detector.pipeline.health import Heartbeats
from detector.pipeline.retention_worker import THREAD, RetentionWorker
from detector.store import ClipState, Hold, Store, incident_object
from detector.types import Phase
from tests.happenings import GATE, START, incident_id, make_event, make_incident

NOW = START + 1_000_000.0
HOUR = 3600.0
ROOMY = DiskSpace(total_bytes=100 * GIB, free_bytes=50 * GIB)


@dataclass
class Disk:
    """A disk whose size is told and which the files of a folder fill."""

    total_bytes: int = ROOMY.total_bytes
    others_bytes: int = ROOMY.total_bytes - ROOMY.free_bytes

    def space(self, folder: Path) -> DiskSpace:
        mine = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        return DiskSpace(self.total_bytes, self.total_bytes - self.others_bytes - mine)


@dataclass(frozen=True)
class Kept:
    """Where evidence lies, and the store that knows of it."""

    store: Store
    data_dir: Path

    def happen(
        self,
        number: int,
        hours_ago: float,
        *,
        clip_bytes: int = 1000,
        snapshot_bytes: int = 100,
        phase: Phase = Phase.END,
        beside: bool = True,
    ) -> UUID:
        """An incident of so long ago with a ready clip and a snapshot, and what lies beside."""
        at = NOW - hours_ago * HOUR
        event, incident = make_event(number, incident=number), incident_id(number)
        wish = ClipWish(event.id, incident, GATE, at, at - 5, at + 5, 30)
        clips = [wish] if clip_bytes else []
        self.store.append([event], [make_incident(number, phase=phase)], [], now=at, clips=clips)
        if snapshot_bytes:
            SnapshotFolder(self.data_dir / "snapshots").save(event.id, b"j" * snapshot_bytes)
        for clip in self.store.clips(incident):
            path = ClipFolder(self.data_dir / "clips").place(incident, 1)
            path.write_bytes(b"v" * clip_bytes)
            self.store.finish_clip(clip, ClipState.READY, json.dumps({"bytes": 1}), [], [], now=at)
            if beside:
                path.with_suffix(".tracks.json").write_text("{}")
        for one in self.evidence():
            if one.owner in {event.id, incident}:
                if one.number is None and beside:
                    one.paths[0].with_suffix(".raw.jpg").write_bytes(b"r")
                for path in one.paths[0].parent.glob(f"{one.stem}.*"):
                    os.utime(path, (at, at))
        return incident

    def hold(self, incident: UUID, expires_at: float | None = None) -> None:
        self.store.hold(Hold(incident, "court", "ada", NOW - 1e6, expires_at))

    def evidence(self) -> tuple[Evidence, ...]:
        return EvidenceFiles(self.data_dir).find().evidence

    def objects(self) -> dict[str, Evidence]:
        """All evidence by the name that the custody log gives it."""
        found = self.evidence()
        events = self.store.owners([one.owner for one in found])
        return {incident_object(events.get(o.owner, o.owner), o.part): o for o in found}

    def files(self) -> set[str]:
        """Names of all files of evidence."""
        return {path.name for one in self.evidence() for path in one.paths}

    def files_of(self, incident: UUID) -> set[str]:
        events = self.store.owners([one.owner for one in self.evidence()])
        return {
            path.name
            for one in self.evidence()
            for path in one.paths
            if incident in (one.owner, events.get(one.owner))
        }

    def erased(self) -> list[str]:
        """Objects of the custody log that were erased."""
        return [e.object for e in self.store.custody(limit=100_000) if e.action == "erase"]

    def worker(self, disk: Disk | None = None, **settings: object) -> RetentionWorker:
        heartbeats = Heartbeats()
        heartbeats.expect(THREAD, 60)
        policy = RetentionSettings.model_validate(settings)
        measure = (disk or Disk()).space
        return RetentionWorker(self.store, self.data_dir, policy, heartbeats, measure)
