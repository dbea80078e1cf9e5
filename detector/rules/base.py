"""What all rules share: the contract, the facts of one sighting, and the telling of an episode."""

from dataclasses import dataclass, field
from typing import Protocol, TypedDict, Unpack

from pydantic import BaseModel, ConfigDict

from detector.types import (
    Direction,
    ObjectClass,
    Phase,
    Reason,
    RuleKind,
    Severity,
    TrackId,
    Tracks,
    Transition,
    Xy,
    Xyxy,
)


class Rule(Protocol):
    """One question asked of the tracks of one camera; a state machine without clock or I/O.

    Attributes:
        name: its key in the configuration.
        kind: what it asks.
    """

    name: str
    kind: RuleKind

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture; ``tracks.at`` never decreases."""
        ...

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:
        """End every open episode with ``reason`` as outcome and forget all tracks."""
        ...


class CommonSettings(BaseModel):
    """What all rules can be told.

    Attributes:
        enabled: a disabled rule is not built.
        severity: how urgent its happenings are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    severity: Severity


class ZoneRuleSettings(CommonSettings):
    """A rule about a zone, named by its key."""

    zone: str


class BarrierRuleSettings(CommonSettings):
    """A rule about a barrier, named by its key."""

    barrier: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """One track in one picture.

    Attributes:
        at: seconds on the stream's timeline.
        track_id: whose.
        object_class: what it is.
        xyxy: its box, pixels.
        foot: middle of the box's lower edge, or where the feet are known to be, pixels.
        confidence: median score, 0..1.
    """

    at: float
    track_id: TrackId
    object_class: ObjectClass
    xyxy: Xyxy
    foot: Xy
    confidence: float


def sightings(tracks: Tracks, *classes: ObjectClass) -> list[Sighting]:
    """Give the tracks of the given classes one by one, in the order of ``tracks``."""
    rows = zip(
        tracks.xyxy.tolist(),
        tracks.confidence.tolist(),
        tracks.class_id.tolist(),
        tracks.track_id.tolist(),
        strict=True,
    )
    return [
        Sighting(
            tracks.at,
            TrackId(track_id),
            ObjectClass(class_id),
            (x1, y1, x2, y2),
            ((x1 + x2) / 2, y2),
            confidence,
        )
        for (x1, y1, x2, y2), confidence, class_id, track_id in rows
        if class_id in classes
    ]


class Facts(TypedDict, total=False):
    """What a transition may say beyond who, where and when; see :class:`Transition`."""

    distance_m: float | None
    estimated: bool
    eta_s: float | None
    direction: Direction
    side_from: str
    side_to: str
    outcome: str
    count: int
    escalates: bool
    reasons: tuple[Reason, ...]


@dataclass(slots=True)
class Episode:
    """One happening of a rule: NEW, then UPDATEs, then END, under one number.

    Attributes:
        story: which rule and place it belongs to.
        number: unique within the rule.
        since_s: when it began.
        severity: how urgent it is by now.
        last: the latest sighting of the track that matters.
    """

    story: "Story"
    number: int
    since_s: float
    severity: Severity
    last: Sighting

    def tell(
        self,
        phase: Phase,
        at: float,
        *,
        until_s: float | None = None,
        track_ids: tuple[TrackId, ...] = (),
        **facts: Unpack[Facts],
    ) -> Transition:
        """Make the transition of ``phase`` decided at ``at``; ``track_ids`` default to the last."""
        last = self.last
        return Transition(
            rule=self.story.rule,
            kind=self.story.kind,
            place=self.story.place,
            episode=self.number,
            phase=phase,
            at=at,
            since_s=self.since_s,
            until_s=until_s,
            severity=self.severity,
            track_ids=track_ids or (last.track_id,),
            object_class=last.object_class,
            xyxy=last.xyxy,
            foot=last.foot,
            confidence=last.confidence,
            **facts,
        )


@dataclass(slots=True)
class Story:
    """Numbers the episodes of one rule.

    Attributes:
        rule: its name.
        kind: what it asks.
        place: the zone or barrier it looks at.
        severity: what its episodes begin with.
        told: how many episodes there were.
    """

    rule: str
    kind: RuleKind
    place: str
    severity: Severity
    told: int = field(default=0)

    def begin(self, since_s: float, sighting: Sighting) -> Episode:
        """Open the next episode."""
        self.told += 1
        return Episode(self, self.told, since_s, self.severity, sighting)
