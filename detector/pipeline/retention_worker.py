"""The retention thread: deletes what has had its time."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from detector.errors import ConfigError, Problem, StoreError
from detector.evidence.disk import RESERVE_BYTES, DiskReserve, DiskSpace, disk_space
from detector.evidence.evidence_files import Evidence, EvidenceFiles, EvidenceKind
from detector.evidence.retention import (
    DAY_S,
    GIB,
    HOUR_S,
    Case,
    RetentionSettings,
    Why,
    cases,
    too_much,
    too_old,
)
from detector.pipeline.disk_watch import DiskWatch, RetentionHealth, Turn
from detector.pipeline.eraser import Eraser
from detector.pipeline.health import Heartbeats
from detector.pipeline.leap_guard import LeapGuard
from detector.pipeline.supervised_thread import SupervisedThread
from detector.store import Store

log = logging.getLogger(__name__)

THREAD = "retention"
BEAT_LIMIT_S = 120.0
POLL_S = 10.0
TURN_S = 60.0
POLICY = "retention"
"""How the custody log names the settings."""
STRAY_S = HOUR_S
"""A picture is there before its event; one whose event is missing for so long is told."""


class RetentionWorker:
    """Applies the retention on a thread of its own.

    Nothing of an incident goes that is open, held, or has a clip still to be written. Evidence goes
    by age, then by size, then by free space, the oldest incident first; then the records.

    Args:
        store: what is known of incidents; keeps the log.
        data_dir: where the evidence lies.
        settings: what is kept for how long.
        heartbeats: shows that the thread runs.
        measure: gives the space of a folder's disk.

    Raises:
        ConfigError: the free-space floor is not smaller than the disk.
    """

    def __init__(
        self,
        store: Store,
        data_dir: Path,
        settings: RetentionSettings,
        heartbeats: Heartbeats,
        measure: Callable[[Path], DiskSpace] = disk_space,
    ) -> None:
        data_dir.mkdir(parents=True, exist_ok=True)
        self._store = store
        self._settings = settings
        self._measure = partial(measure, data_dir)
        self._files = EvidenceFiles(data_dir)
        self._eraser = Eraser(store, self._go_on)
        self._watch = DiskWatch(store, settings, self._measure)
        self._evidence: Sequence[Evidence] | None = None
        self._thread = SupervisedThread(THREAD, self._run, heartbeats)
        self._unknown = self._strangers = 0
        self._check_floor()
        size_bytes = min(RESERVE_BYTES, settings.floor_bytes // 4)
        self._reserve = DiskReserve(data_dir / "reserve", size_bytes)

    def _check_floor(self) -> None:
        total = self._measure().total_bytes
        if self._settings.floor_bytes >= total:
            expected = f"less than the disk of data_dir has, {total / GIB:.3g}"
            found = f"{self._settings.free_space_floor_gib:g}"
            raise ConfigError(Problem("retention.free_space_floor_gib", expected, found))

    @property
    def health(self) -> RetentionHealth:
        """How the disk and the retention were doing after the last turn."""
        return self._watch.health

    def refusal(self) -> str:
        """Say why no clip may be written now; "" if one may."""
        return self.health.refusal

    def start(self) -> None:
        """Remove what a killed run left unfinished, then start the thread.

        Whoever writes evidence starts later.
        """
        try:
            if swept := self._files.sweep():
                log.info("%d unfinished files of an earlier run removed", swept)
        except OSError as error:
            log.error("unfinished files cannot be removed: %s", error)  # noqa: TRY400
        self._thread.start(BEAT_LIMIT_S)

    def stop(self, timeout_s: float = 10.0) -> bool:
        """End after the deletion in hand; False if the thread did not end in time."""
        return self._thread.stop(timeout_s)

    def _run(self) -> None:
        next_s = 0.0
        clock = LeapGuard()
        while not self._thread.stopping:
            self._thread.beat()
            if time.monotonic() >= next_s or self._below_floor():
                try:
                    self.turn(clock.now())
                except Exception:  # the top of the thread: it goes on
                    log.exception("the retention failed")
                next_s = time.monotonic() + TURN_S
            self._thread.pause(POLL_S)

    def _below_floor(self) -> bool:
        try:
            return self._measure().free_bytes < self._settings.floor_bytes
        except OSError:
            return True  # the turn says what is wrong

    def _go_on(self) -> bool:
        self._thread.beat()
        return not self._thread.stopping

    def turn(self, now: float) -> None:
        """Delete what is to go at ``now``, UTC epoch seconds, and look at what is left.

        What could not be done is in ``health.fault``, and is tried again by the next turn.
        """
        self._eraser.begin()
        self._evidence = None
        fault = ""
        try:
            self._delete_even_if_full(now)
            self._reserve_room()
        except (StoreError, OSError) as error:
            fault = f"nothing can be deleted: {error}"
        faults = [fault, *self._eraser.faults[:3]]
        self._thread.beat()
        self._watch.look(
            now,
            Turn(
                left=self._still_there(),
                gone=tuple(self._eraser.gone),
                deleted=self._eraser.deleted,
                unknown=self._unknown,
                fault="; ".join(part for part in faults if part),
            ),
        )
        self._evidence = None  # one entry for each piece on the disk: held for the turn only

    def _still_there(self) -> Sequence[Evidence] | None:
        gone = set(self._eraser.gone)
        return self._evidence and [one for one in self._evidence if one not in gone]

    def _delete_even_if_full(self, now: float) -> None:
        try:
            self._delete(now)
        except StoreError:
            if not self._below_floor() or not self._reserve.give():
                raise
            log.warning("disk: the reserve is given up, so that deletions can be logged")
            self._delete(now)

    def _reserve_room(self) -> None:
        if self._measure().free_bytes > self._settings.floor_bytes + self._reserve.size_bytes:
            self._reserve.take()

    def _delete(self, now: float) -> None:
        self._store.configure(POLICY, self._settings.policy(), now=now)
        self._store.release_expired(now=now)
        found = self._files.find()
        self._evidence = found.evidence
        known, unknown = self._sorted(found.evidence, now)
        self._eraser.erase(too_old(known, self._settings, now), now)
        self._shrink(known, unknown, now)
        self._eraser.erase_unknown(self._strays(unknown, now), now)
        self._tell(unknown, found.strangers, now)
        if self._eraser.faults or self._thread.stopping:
            return  # an incident would go before its files
        self._prune(now)

    def _sorted(
        self, evidence: Sequence[Evidence], now: float
    ) -> tuple[tuple[Case, ...], tuple[Evidence, ...]]:
        pictured = {one.owner for one in evidence if one.kind is EvidenceKind.SNAPSHOTS}
        filmed = {one.owner for one in evidence if one.kind is EvidenceKind.CLIPS}
        incident_of = self._store.owners(pictured)
        standings = self._store.standings(filmed.union(incident_of.values()), now)
        return cases(evidence, incident_of, standings)

    def _shrink(self, known: Sequence[Case], unknown: Sequence[Evidence], now: float) -> None:
        """Delete what is too much for the limit, then what is too much for the disk."""
        if self._settings.most_bytes is not None:
            left = self._left(known)
            total = sum(one.size_bytes for case in left for one in case.evidence)
            total += sum(one.size_bytes for one in unknown)
            going = too_much(left, total - self._settings.most_bytes, Why.SIZE)
            self._eraser.erase(going, now)
        short = self._settings.floor_bytes - self._measure().free_bytes
        self._eraser.erase(too_much(self._left(known), short, Why.SPACE), now)

    def _left(self, known: Sequence[Case]) -> tuple[Case, ...]:
        """Give what this turn has not deleted yet."""
        gone = set(self._eraser.gone)
        left = (case.without(gone) for case in known)
        return tuple(case for case in left if case.evidence)

    def _strays(self, unknown: Sequence[Evidence], now: float) -> list[Evidence]:
        """Select files of nothing stored that are too old to wait for their event.

        Files from before anything that the custody log tells stay: the database may be a new one in
        the place of one that was lost, and that one knew of holds.
        """
        since = self._store.oldest().custody_at
        if since is None:
            return []
        return [
            one for one in unknown if since <= one.written_at < now - self._settings.age_s(one.kind)
        ]

    def _tell(self, unknown: Sequence[Evidence], strangers: Sequence[Path], now: float) -> None:
        gone = set(self._eraser.gone)
        strays = [o for o in unknown if o not in gone and now - o.written_at > STRAY_S]
        if len(strays) > self._unknown:
            size = sum(one.size_bytes for one in strays)
            log.warning(
                "%d pieces of evidence (%d bytes) are of no stored event or incident, "
                "the first is %s",
                len(strays),
                size,
                strays[0].paths[0].name,
            )
        if len(strangers) > self._strangers:
            log.warning(
                "%d files among the evidence are not ours and stay, the first is %s",
                len(strangers),
                strangers[0].name,
            )
        self._unknown, self._strangers = len(strays), len(strangers)

    def _prune(self, now: float) -> None:
        before = now - self._settings.events_d * DAY_S
        while self._store.prune(before, now=now).incident_ids and self._go_on():
            pass
        before = now - self._settings.audit_d * DAY_S
        self._store.forget_spans(before)
        self._store.erase_custody(before, now=now)
