"""How long what is kept, and which evidence goes first; decides, deletes nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from detector.evidence.evidence_files import Evidence, EvidenceKind
from detector.store import Standing

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
GIB = 1 << 30
SIX_MONTHS_D = 184
"""The longest six months (Regulation (EU) 2024/1689, Articles 19 and 26(6))."""

_Hours = Annotated[float, Field(gt=0, le=24 * 3660, allow_inf_nan=False)]
_Days = Annotated[float, Field(gt=0, le=3660, allow_inf_nan=False)]


class RetentionSettings(BaseModel):
    """When what is deleted: by age for each class of data, by size and by free space for evidence.

    Ages of evidence and events count from the last event of their incident.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    clips_h: _Hours = Field(default=72, description="clips go after so many hours")
    snapshots_h: _Hours = Field(default=72, description="snapshots go after so many hours")
    events_d: _Days = Field(default=30, description="events and incidents go after so many days")
    audit_d: _Days = Field(
        default=366, description="custody log and watched times go after so many days"
    )
    evidence_gib: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="most that clips and snapshots take together; absent: no limit",
    )
    free_space_floor_gib: float = Field(
        default=1.0,
        ge=0,
        allow_inf_nan=False,
        description="below so much free space on the disk evidence goes before its time",
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.audit_d < SIX_MONTHS_D:
            msg = f"audit_d: expected at least six months, {SIX_MONTHS_D}, found {self.audit_d:g}"
            raise ValueError(msg)
        longest_d = max(self.clips_h, self.snapshots_h) / 24
        if self.events_d < longest_d:
            msg = (
                "events_d: expected at least as long as clips and snapshots are kept, "
                f"{longest_d:g}, found {self.events_d:g}"
            )
            raise ValueError(msg)
        if self.audit_d < self.events_d:
            msg = f"audit_d: expected at least events_d, {self.events_d:g}, found {self.audit_d:g}"
            raise ValueError(msg)
        return self

    def age_s(self, kind: EvidenceKind) -> float:
        """After how many seconds evidence goes."""
        return HOUR_S * (self.clips_h if kind is EvidenceKind.CLIPS else self.snapshots_h)

    def lines(self) -> tuple[str, ...]:
        """Say what is in force for people: class of data, age, size, free space, in columns.

        >>> for line in RetentionSettings(evidence_gib=40).lines():
        ...     print(line)
        clips      72 h   at most 40 GiB with snapshots  sooner below 1 GiB of free space
        snapshots  72 h   at most 40 GiB with clips      sooner below 1 GiB of free space
        events     30 d   no limit of size
        audit      366 d  no limit of size
        """
        no_limit = "no limit of size"
        most = "" if self.evidence_gib is None else f"at most {self.evidence_gib:g} GiB"
        clips, snapshots = f"{self.clips_h:g} h", f"{self.snapshots_h:g} h"
        floor = f"sooner below {self.free_space_floor_gib:g} GiB of free space"
        table = (
            ("clips", clips, f"{most} with snapshots" if most else no_limit, floor),
            ("snapshots", snapshots, f"{most} with clips" if most else no_limit, floor),
            ("events", f"{self.events_d:g} d", no_limit, ""),
            ("audit", f"{self.audit_d:g} d", no_limit, ""),
        )
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        rows = ("  ".join(map(str.ljust, row, widths)) for row in table)
        return tuple(row.rstrip() for row in rows)

    def policy(self) -> str:
        """Say everything that is set, in one line."""
        return " ".join(f"{key}={value:g}" for key, value in self if value is not None)

    @property
    def floor_bytes(self) -> int:
        """Free space that is kept."""
        return round(self.free_space_floor_gib * GIB)

    @property
    def most_bytes(self) -> int | None:
        """Most that evidence takes; None without a limit."""
        return None if self.evidence_gib is None else round(self.evidence_gib * GIB)


class Why(StrEnum):
    """The rule that evidence falls under."""

    AGE = "age"
    SIZE = "size"
    SPACE = "space"


@dataclass(frozen=True, slots=True)
class Case:
    """The evidence of one incident: what of it goes, goes together.

    Attributes:
        incident_id: whose.
        standing: whether it may go, and how old it is.
        evidence: its clips and snapshots.
    """

    incident_id: UUID
    standing: Standing
    evidence: tuple[Evidence, ...]

    def without(self, gone: Collection[Evidence]) -> "Case":
        """Give what is left of it."""
        return replace(self, evidence=tuple(one for one in self.evidence if one not in gone))


@dataclass(frozen=True, slots=True)
class Going:
    """Evidence of an incident that is to be deleted, and why."""

    case: Case
    evidence: tuple[Evidence, ...]
    why: Why

    @property
    def size_bytes(self) -> int:
        """How much that frees."""
        return sum(one.size_bytes for one in self.evidence)


def cases(
    evidence: Sequence[Evidence],
    incident_of: Mapping[UUID, UUID],
    standings: Mapping[UUID, Standing],
) -> tuple[tuple[Case, ...], tuple[Evidence, ...]]:
    """Sort evidence by incident, the oldest first; gives apart what belongs to nothing stored."""
    mine: dict[UUID, list[Evidence]] = {}
    unknown: list[Evidence] = []
    for one in evidence:
        owner = one.owner if one.kind is EvidenceKind.CLIPS else incident_of.get(one.owner)
        if owner is None or owner not in standings:
            unknown.append(one)
        else:
            mine.setdefault(owner, []).append(one)
    found = (Case(key, standings[key], tuple(parts)) for key, parts in mine.items())
    ordered = sorted(found, key=lambda case: (case.standing.newest_at, case.incident_id))
    return tuple(ordered), tuple(unknown)


def too_old(found: Sequence[Case], settings: RetentionSettings, now: float) -> tuple[Going, ...]:
    """Select what has reached the age of its class, and may go."""
    going = []
    for case in found:
        age_s = now - case.standing.newest_at
        old = tuple(one for one in case.evidence if age_s > settings.age_s(one.kind))
        if old and case.standing.free:
            going.append(Going(case, old, Why.AGE))
    return tuple(going)


def too_much(found: Sequence[Case], excess_bytes: int, why: Why) -> tuple[Going, ...]:
    """Select the oldest incidents that may go until ``excess_bytes`` are freed, or all of them."""
    going: list[Going] = []
    for case in found:
        if excess_bytes <= 0:
            break
        if case.standing.free:
            going.append(Going(case, case.evidence, why))
            excess_bytes -= going[-1].size_bytes
    return tuple(going)
