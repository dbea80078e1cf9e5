"""Snapshots and clips of a recording that is analysed, as a live camera's incidents have them."""

import dataclasses
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.errors import EvidenceError
from detector.events import Event, EventReason, Incident, Moment
from detector.evidence.clip import ClipFile, cut_recording
from detector.evidence.clip_folder import ClipFolder
from detector.evidence.snapshot import SnapshotFolder
from detector.incidents.clip_plan import RecordSettings, clip_wishes
from detector.incidents.evidence_event import evidence_event
from detector.incidents.recording_clips import PlannedClip, RecordingClips
from detector.pipeline.camera import Step
from detector.streams import InputSettings, Timeline, redact
from detector.streams.privacy import NO_MASKS, PrivacyMasks
from detector.types import ClockSource, Detections

if TYPE_CHECKING:
    from uuid import UUID

log = logging.getLogger(__name__)

SLACK_S = 1.0
"""A picture is taken to show something for so long."""
_NOT_SHOWN = "the recording does not show the event at its time"
_NO_VIDEO = "a folder of pictures is no video to cut"
_LEAPS = "the recording's own times leap: what lies at the event's time cannot be told"

Analysed = Iterator[tuple[Step, Detections | None]]


@dataclass(frozen=True, slots=True)
class EvidencePlan:
    """Where the evidence of recordings goes, and what is kept.

    Attributes:
        site: in whose name it is said what became of a clip.
        clips: folder of the clips.
        snapshots: folder of the pictures; None keeps none.
        record: how much video each event asks for.
        masks: what nobody may see; snapshots come with it already.
    """

    site: str
    clips: ClipFolder
    snapshots: SnapshotFolder | None
    record: RecordSettings
    masks: PrivacyMasks = NO_MASKS


class RecordingEvidence:
    """Adds evidence to the steps of one recording: pictures at once, the clips when it is over.

    Args:
        plan: what is kept, and where.
        source: the recording.
        timeline: the one it is read with.
    """

    def __init__(self, plan: EvidencePlan, source: InputSettings, timeline: Timeline) -> None:
        self._plan = plan
        self._source = source
        self._timeline = timeline
        self._wanted = RecordingClips()
        self._incidents: dict[UUID, Incident] = {}
        self._told: list[dict[str, Any]] = []
        self._snapshots = self._snapshots_failed = 0

    def added(self, steps: Analysed) -> Analysed:
        """Pass the steps on with their pictures kept, and one more that tells of the clips."""
        step = None
        for given, detections in steps:
            step = self._taken(given)
            yield step, detections
        if step is not None:
            events = tuple(self._events(step))
            yield replace(step, events=events, incidents=(), memory=None), None

    def report(self) -> dict[str, Any]:
        """Sum up, in plain values for JSON."""
        ready = sum(clip["ready"] for clip in self._told)
        return {
            "snapshots": self._snapshots,
            "snapshots_failed": self._snapshots_failed,
            "clips_ready": ready,
            "clips_missing": len(self._told) - ready,
            "clips": self._told,
        }

    def _taken(self, step: Step) -> Step:
        self._incidents.update({incident.incident_id: incident for incident in step.incidents})
        frame, record = step.picture.frame, self._plan.record
        if record.enabled:
            # Pieces are planned in seconds of the recording: its pictures have no other clock
            moment = Moment.of(frame).model_copy(update={"decoded_at": frame.pts})
            self._wanted.want(clip_wishes(step.events, moment, record), frame.pts)
        return replace(step, events=tuple(self._pictured(event, step) for event in step.events))

    def _pictured(self, event: Event, step: Step) -> Event:
        if self._plan.snapshots is None:
            return event
        try:
            kept = self._plan.snapshots.keep(event, step.picture)
        except OSError as error:
            self._snapshots_failed += 1
            log.error("event %s has no snapshot: %s", event.id, error)  # noqa: TRY400
            return event
        self._snapshots += kept
        return event.with_snapshot() if kept else event

    def _events(self, last: Step) -> Iterator[Event]:
        """Cut what is wanted, and say of each clip whether it is there."""
        frame = last.picture.frame
        begun_at = frame.captured_at - frame.pts
        for clip in self._wanted.planned():
            made, why = self._cut(clip, begun_at)
            piece, ready = clip.piece, made is not None
            self._tell(clip, made, why)
            wanted_s = round(piece.end_at - piece.begin_at, 3)
            said = (
                EventReason(predicate="no_clip", value=why, limit="")
                if made is None
                else EventReason(
                    predicate="clip_s", value=round(made.duration_s, 3), limit=wanted_s
                )
            )
            number = EventReason(predicate="clip_number", value=piece.number, limit="")
            dated = frame.clock is not ClockSource.NONE
            event = evidence_event(
                self._plan.site,
                self._incidents[clip.incident_id],
                piece.number,
                (number, said),
                begun_at + piece.end_at if dated else None,
                ready=ready,
            )
            if event is not None:
                yield event

    def _cut(self, clip: PlannedClip, begun_at: float) -> tuple[ClipFile | None, str]:
        """Write one clip; else say why there is none."""
        if self._timeline.breaks:
            return None, _LEAPS
        source, path = self._source.path, self._plan.clips.path(clip.incident_id, clip.piece.number)
        if self._source.scheme == "file" and Path(source).is_dir():
            return None, _NO_VIDEO
        begin_s, end_s = max(0.0, clip.piece.begin_at), clip.piece.end_at
        try:
            made = cut_recording(source, begin_s, end_s, path, self._plan.masks, begun_at=begun_at)
        except EvidenceError as error:
            plain = self._plan.clips.without_paths(str(error))
            return None, plain.replace(redact(source), Path(source).name)
        first_s, last_s = made.first_captured_at - begun_at, made.last_captured_at - begun_at
        if any(first_s - SLACK_S <= at <= last_s + SLACK_S for at in clip.moments):
            return made, ""
        path.unlink()
        return None, _NOT_SHOWN

    def _tell(self, clip: PlannedClip, made: ClipFile | None, why: str) -> None:
        about: dict[str, Any] = {
            "incident_id": str(clip.incident_id),
            "number": clip.piece.number,
            "begin_s": round(clip.piece.begin_at, 3),
            "end_s": round(clip.piece.end_at, 3),
            "ready": made is not None,
        }
        if made is None:
            log.warning("incident %s has no clip %d: %s", clip.incident_id, clip.piece.number, why)
        self._told.append(about | (dataclasses.asdict(made) if made else {"reason": why}))
