"""One open incident: which rules take part, who was seen where, and what may be said now."""

from dataclasses import dataclass, field
from math import hypot
from typing import Self
from uuid import UUID

from detector.events import EventData, EventKind, Incident, Moment
from detector.types import ObjectClass, Phase, Severity, Transition, Xyxy

PERSON_HEIGHT_M = 1.70
"""Height that turns pixels into metres between two boxes where nothing better is known."""

OUTCOMES = {
    "crossed": 3,
    "lost_in_water": 3,
    "arrived": 3,
    "over": 2,
    "down_same_side": 1,
    "turned_back": 1,
}
"""What says most about an incident, in rising order; all other outcomes say less."""

MOST_TRACKS = 64
"""How many track ids an incident names; a stay of days meets many more."""


@dataclass(slots=True)
class Part:
    """What one rule contributes to an incident.

    Attributes:
        latest: its newest transition.
        open: episodes that have not ended.
        said_at: stream time of the last event about it.
        pending: a change that waits for the update interval.
    """

    latest: Transition
    open: set[int] = field(default_factory=set)
    said_at: float = float("-inf")
    pending: Transition | None = None


@dataclass(slots=True)
class Happening:
    """An incident while it is open; owned by one :class:`~detector.incidents.IncidentBook`."""

    incident_id: UUID
    camera: str
    start_s: float
    last_s: float
    severity: Severity = Severity.INFO
    rules: list[EventKind] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    track_ids: list[int] = field(default_factory=list)
    count: int = 0
    outcome: str = ""
    outcome_rank: int = -1
    parts: dict[str, Part] = field(default_factory=dict)
    gravest: EventData | None = None
    resumed: bool = False

    @classmethod
    def resume(cls, incident: Incident, moment: Moment) -> Self:
        """Take up an incident of an earlier run on the timeline of ``moment``."""
        shift_s = moment.pts - moment.captured_at

        def on_this_timeline(stamp_s: float | None, otherwise: float) -> float:
            return otherwise if stamp_s is None else stamp_s + shift_s

        started = incident.started_at.timestamp() if incident.started_at else None
        return cls(
            incident_id=incident.incident_id,
            camera=incident.camera,
            start_s=on_this_timeline(started, moment.pts),
            last_s=moment.pts,
            severity=incident.severity,
            rules=list(incident.rules),
            places=list(incident.places),
            count=incident.count,
            outcome=incident.outcome,
            outcome_rank=OUTCOMES.get(incident.outcome, 0),
            gravest=incident.gravest,
            resumed=True,
        )

    @property
    def is_open(self) -> bool:
        """Some rule's part has not ended."""
        return any(part.open for part in self.parts.values())

    def take(self, transition: Transition) -> Part:
        """Fold a transition in and give the part it belongs to."""
        part = self.parts.setdefault(transition.rule, Part(transition))
        part.latest = transition
        if transition.until_s is None:
            part.open.add(transition.episode)
        else:
            part.open.discard(transition.episode)
        self.last_s = max(self.last_s, transition.at)
        self.severity = max(self.severity, transition.severity, key=lambda s: s.rank)
        kind = EventKind(transition.kind.value)
        if kind not in self.rules:
            self.rules.append(kind)
        if transition.place and transition.place not in self.places:
            self.places.append(transition.place)
        for track_id in transition.track_ids:
            if track_id not in self.track_ids:
                self.track_ids.append(track_id)
        del self.track_ids[:-MOST_TRACKS]
        self.count = max(self.count, transition.count, self._persons_now())
        self._note_outcome(transition)
        return part

    def note_said(self, data: EventData) -> None:
        """Remember the gravest event, the newest of equals."""
        if self.gravest is None or data.severity.rank >= self.gravest.severity.rank:
            self.gravest = data

    def _persons_now(self) -> int:
        persons = {
            part.latest.track_ids[0]
            for part in self.parts.values()
            if part.open and part.latest.object_class is ObjectClass.PERSON
        }
        return len(persons)

    def _note_outcome(self, transition: Transition) -> None:
        """Keep what says most about how it went; the newest of equals."""
        rank = OUTCOMES.get(transition.outcome, 0)
        if transition.outcome and rank >= self.outcome_rank:
            self.outcome, self.outcome_rank = transition.outcome, rank

    def shares_track(self, transition: Transition) -> bool:
        """Somebody of the transition takes part already."""
        return not self.resumed and not set(transition.track_ids).isdisjoint(self.track_ids)

    def metres_from(self, transition: Transition) -> float:
        """Distance to the nearest last position of this incident, by the height of the boxes."""
        feet = [part.latest for part in self.parts.values()]
        return min((_metres_between(transition, other) for other in feet), default=float("inf"))

    def value(self, moment: Moment, phase: Phase) -> Incident:
        """Give the incident as the public, frozen value."""
        ended = phase is Phase.END
        return Incident(
            incident_id=self.incident_id,
            camera=self.camera,
            phase=phase,
            severity=self.severity,
            rules=tuple(self.rules),
            places=tuple(self.places),
            track_ids=tuple(self.track_ids),
            count=self.count,
            outcome=self.outcome,
            start_s=round(self.start_s, 6),
            last_s=round(self.last_s, 6),
            end_s=round(self.last_s, 6) if ended else None,
            started_at=moment.utc(self.start_s),
            last_at=moment.utc(self.last_s),
            ended_at=moment.utc(self.last_s) if ended else None,
            gravest=self.gravest,
        )


def _height(box: Xyxy) -> float:
    return box[3] - box[1]


def _metres_between(a: Transition, b: Transition) -> float:
    """Ground distance by the height of the two boxes; ladders measure by the person's box."""
    people = [t for t in (a, b) if t.object_class is ObjectClass.PERSON] or [a, b]
    height_px = max(sum(_height(t.xyxy) for t in people) / len(people), 1.0)
    return hypot(a.foot[0] - b.foot[0], a.foot[1] - b.foot[1]) / height_px * PERSON_HEIGHT_M
