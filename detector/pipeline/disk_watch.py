"""Watches the disk after each turn of the retention: what is left, for how long, what is wrong."""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from detector.errors import StoreError
from detector.evidence.disk import LOW_S, WELL_S, WINDOWS_S, DiskSpace, headroom_s, write_rate
from detector.evidence.evidence_files import Evidence, EvidenceKind
from detector.evidence.retention import GIB, HOUR_S, RetentionSettings
from detector.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetentionHealth:
    """How the disk and the retention were doing after the last turn.

    Attributes:
        space: of the disk of the data directory; None before the first turn, or if it does not
            answer.
        headroom_s: seconds until the free-space floor is reached; infinite where nothing is
            written.
        rate_bytes_s: bytes of evidence written a second, of late.
        low: the headroom is too short.
        refusal: why no clips are written; "" while they are.
        fault: what retention could not do; "" while all is well.
        bytes_kept: by class of evidence.
        oldest_at: UTC epoch seconds of the oldest item by class of data.
        deleted: clips and snapshots deleted since the start, by class and reason.
        unknown: pieces of evidence that belong to no stored event or incident.
    """

    space: DiskSpace | None = None
    headroom_s: float = math.inf
    rate_bytes_s: float = 0.0
    low: bool = False
    refusal: str = ""
    fault: str = ""
    bytes_kept: Mapping[str, int] = field(default_factory=dict)
    oldest_at: Mapping[str, float] = field(default_factory=dict)
    deleted: Mapping[tuple[str, str], int] = field(default_factory=dict)
    unknown: int = 0

    @property
    def trouble(self) -> str:
        """What people should know; "" while all is well."""
        parts = [self.refusal, self.fault]
        if self.low and self.space and not self.refusal:
            parts.append(
                f"expected headroom for {LOW_S / HOUR_S:g} hours, "
                f"found {self.headroom_s / HOUR_S:.1f} ({_gib(self.space.free_bytes)} free, "
                f"{self.rate_bytes_s / 1e6:.3g} MB/s written)"
            )
        return "; ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn of the retention did.

    Attributes:
        left: the evidence that is still there; None if it could not be looked at.
        gone: what the turn deleted; it was written all the same.
        deleted: since the start, by class and reason.
        unknown: pieces of evidence that belong to nothing stored.
        fault: what the turn could not do; "" if it did all.
    """

    left: Sequence[Evidence] | None
    gone: Sequence[Evidence]
    deleted: Mapping[tuple[str, str], int]
    unknown: int
    fault: str


class DiskWatch:
    """Judges the disk, and says once when something is wrong or well again.

    Args:
        store: knows since when records are kept.
        settings: floor and limit.
        measure: gives the space of the disk.
    """

    def __init__(
        self,
        store: Store,
        settings: RetentionSettings,
        measure: Callable[[], DiskSpace],
    ) -> None:
        self._store = store
        self._settings = settings
        self._measure = measure
        self._young_gone: tuple[Evidence, ...] = ()
        self._said: tuple[bool, bool, bool] = (False, False, False)
        self.health = RetentionHealth()

    def look(self, now: float, turn: Turn) -> None:
        """Measure after a turn at ``now``, UTC epoch seconds."""
        was = replace(
            self.health, deleted=dict(turn.deleted), unknown=turn.unknown, fault=turn.fault
        )
        try:
            self.health = self._measured(was, now, turn)
        except OSError as error:
            self.health = replace(was, space=None, fault=turn.fault or f"the disk fails: {error}")
        self._say()

    def _measured(self, was: RetentionHealth, now: float, turn: Turn) -> RetentionHealth:
        space = self._measure()
        known = was if turn.left is None else self._counted(was, now, turn.left, turn.gone)
        headroom = headroom_s(space.free_bytes, self._settings.floor_bytes, known.rate_bytes_s)
        excess = self._excess(sum(known.bytes_kept.values()))
        return replace(
            known,
            space=space,
            headroom_s=headroom,
            low=headroom < (WELL_S if was.low else LOW_S),
            refusal=self._refusal(space),
            fault="; ".join(part for part in (was.fault, excess) if part),
        )

    def _counted(
        self, was: RetentionHealth, now: float, left: Sequence[Evidence], gone: Sequence[Evidence]
    ) -> RetentionHealth:
        recent = (*self._young_gone, *gone)
        self._young_gone = tuple(o for o in recent if now - o.written_at < max(WINDOWS_S))
        return replace(
            was,
            rate_bytes_s=write_rate((*left, *self._young_gone), now),
            bytes_kept={
                kind.value: sum(o.size_bytes for o in left if o.kind is kind)
                for kind in EvidenceKind
            },
            oldest_at=self._oldest(left, was),
        )

    def _refusal(self, space: DiskSpace) -> str:
        floor = self._settings.floor_bytes
        if space.free_bytes >= floor:
            return ""
        return (
            f"no clips are written: expected {_gib(floor)} of free space, found "
            f"{_gib(space.free_bytes)}, and nothing more may be deleted"
        )

    def _excess(self, total: int) -> str:
        most = self._settings.most_bytes
        if most is None or total <= most:
            return ""
        return (
            f"expected at most {_gib(most)} of evidence, found {_gib(total)}: "
            "what is left is held or of open incidents"
        )

    def _oldest(self, evidence: Sequence[Evidence], was: RetentionHealth) -> Mapping[str, float]:
        written = {
            kind.value: min((o.written_at for o in evidence if o.kind is kind), default=None)
            for kind in EvidenceKind
        }
        try:
            records = self._store.oldest()
        except StoreError:  # readiness tells of the store; these two are as they were
            return {**was.oldest_at, **{k: at for k, at in written.items() if at is not None}}
        every = written | {"events": records.event_at, "audit": records.custody_at}
        return {kind: at for kind, at in every.items() if at is not None}

    def _say(self) -> None:
        health = self.health
        wrong = (bool(health.refusal), bool(health.fault), health.low)
        if wrong != self._said and any(wrong):
            log.error("disk: %s", health.trouble)
        elif wrong != self._said:
            log.warning("disk: all is well again")
        self._said = wrong


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / GIB:.3g} GiB"
