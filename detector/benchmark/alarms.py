"""Alarms: the events that a person on duty is told, as the benchmark counts them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from detector.events import Event, EventKind
from detector.types import Phase, Severity, Xy, Xyxy


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm.

    Attributes:
        at_s: stream time at which the rule decided.
        kind: of the rule.
        where: barrier or zone; empty for the whole picture.
        score: median score of the track that caused it, 0..1.
        severity: how urgent.
        incident_id: what it belongs to.
        track_ids: who takes part, first the one that caused it.
        count: persons.
        direction: of a crossing.
        distance_m: to the barrier; None where the rule has none.
        xyxy: box of the first track, pixels.
        foot: its anchor, pixels.
    """

    at_s: float
    kind: str
    where: str
    score: float
    severity: Severity
    incident_id: UUID
    track_ids: tuple[int, ...]
    count: int
    direction: str
    distance_m: float | None
    xyxy: Xyxy
    foot: Xy

    @property
    def place(self) -> tuple[str, str]:
        """Kind and place: what it says, without who and when."""
        return self.kind, self.where


def alarms_of(events: Iterable[Event]) -> tuple[Alarm, ...]:
    """Give what a consumer alarms on: every ``new``, and every higher number of a group.

    That is what docs/events.md tells consumers to do; updates and ends of the same happening are
    news about an alarm, not alarms.
    """
    told = []
    for event in events:
        data = event.data
        rises = data.rule is EventKind.GROUP_SIZE and data.phase is Phase.UPDATE
        if data.rule is EventKind.INCIDENT or not (data.phase is Phase.NEW or rises):
            continue
        told.append(
            Alarm(
                at_s=data.pts_s,
                kind=data.rule.value,
                where=data.place,
                score=data.score,
                severity=data.severity,
                incident_id=data.incident_id,
                track_ids=data.track_ids,
                count=data.count,
                direction=data.direction,
                distance_m=data.distance_m,
                xyxy=data.box,
                foot=data.foot,
            )
        )
    return tuple(sorted(told, key=lambda alarm: alarm.at_s))


def outcomes_of(events: Iterable[Event]) -> Mapping[tuple[UUID, str], str]:
    """Give how each rule's part of each incident ended, by incident and kind."""
    return {
        (event.data.incident_id, event.data.rule.value): event.data.outcome
        for event in events
        if event.data.phase is Phase.END and event.data.outcome
    }
