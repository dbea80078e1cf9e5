"""The tracker of one camera: tentative, confirmed, lost, gone.

Two passes, as ByteTrack (Zhang et al. 2022, arXiv:2110.06864) found: sure boxes first, then unsure
ones for the tracks that are left, so a person half hidden behind a pole keeps the id.

=========  =========================================================================================
tentative  started by a box at or above its class's ``threshold``; has no id and is not given out
confirmed  had ``min_hits`` boxes and the median of its scores reached ``threshold``; has an id
lost       a confirmed one that no box fits just now; absent from the output, waits ``max_lost_s``
gone       waited too long, or the tracker was closed; its id is named once and never used again
=========  =========================================================================================
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from detector.tracking import motion
from detector.tracking.association import associate, without_twins
from detector.tracking.settings import TrackingSettings
from detector.types import F32, F64, I64, Detections, ObjectClass, TrackId, Tracks

FRESH_S = 1.0
"""An unsure box prolongs only a track that was seen at most that long ago.

A track that is lost must not settle on a lamp post which the network takes for a person now and
then, with a low score, day and night.
"""

SCORES_KEPT = 10
"""Scores of which the median is taken: the latest ones of a track."""

TENTATIVE = 0
"""Stands for "no id yet"; ids count from 1."""

_Index = npt.NDArray[np.bool_] | npt.NDArray[np.intp]


@dataclass(slots=True, eq=False)
class _Bank:
    """All tracks of one camera as a struct of arrays, oldest first.

    ``scores`` is a ring per track: the score of observation ``i`` (from 0) is in column
    ``i % SCORES_KEPT``; columns that were never written hold +inf.
    """

    state: F64  # (5, N, 4), see motion
    shown: F64  # (N, 4) centre x, centre y, width, height to give out
    seen_at: F64  # (N,) seconds
    sure_at: F64  # (N,) seconds, last box at or above the threshold
    hits: I64  # (N,) observations
    class_id: I64  # (N,)
    track_id: I64  # (N,) or TENTATIVE
    scores: F32  # (N, SCORES_KEPT)

    def __len__(self) -> int:
        return len(self.seen_at)

    @classmethod
    def starting(cls, measured: F64, score: F32, class_id: I64, at: float) -> Self:
        """Make tracks of boxes that fit no track."""
        n = len(measured)
        scores = np.full((n, SCORES_KEPT), np.inf, np.float32)
        scores[:, 0] = score
        return cls(
            state=motion.start(measured),
            shown=measured,
            seen_at=np.full(n, at),
            sure_at=np.full(n, at),
            hits=np.ones(n, np.int64),
            class_id=class_id,
            track_id=np.full(n, TENTATIVE, np.int64),
            scores=scores,
        )

    def keep(self, which: _Index) -> None:
        """Forget all others."""
        for field in fields(self):
            array = getattr(self, field.name)
            setattr(self, field.name, array[:, which] if field.name == "state" else array[which])

    def add(self, more: Self) -> None:
        """Append tracks."""
        for field in fields(self):
            axis = 1 if field.name == "state" else 0
            both = (getattr(self, field.name), getattr(more, field.name))
            setattr(self, field.name, np.concatenate(both, axis=axis))

    def observe(self, tracks: npt.NDArray[np.intp], measured: F64, score: F32, at: float) -> None:
        """Take one new box into each of these tracks."""
        expected = self.state[:, tracks]
        self.shown[tracks] = motion.settle(expected, measured)
        self.state[:, tracks] = motion.correct(expected, measured)
        self.scores[tracks, self.hits[tracks] % SCORES_KEPT] = score
        self.hits[tracks] += 1
        self.seen_at[tracks] = at

    def median_scores(self) -> F32:
        """Give the median of each track's latest scores, (N,)."""
        ordered = np.sort(self.scores, axis=1)
        count = np.minimum(self.hits, SCORES_KEPT)
        rows = np.arange(len(self))
        low, high = ordered[rows, (count - 1) // 2], ordered[rows, count // 2]
        return np.asarray((low + high) / 2, np.float32)


class Tracker:
    """Follows the boxes of one camera through time.

    Owned by one thread. Instances share nothing: ids count from 1 in each.

    Args:
        settings: how boxes become tracks.
        scores: ``(min_score, threshold)`` of each class that may come. Boxes below ``min_score``
            are ignored, those from ``threshold`` on may start a track, those between may only
            keep one alive.

    Raises:
        ValueError: scores that are not 0 < min_score <= threshold < 1.
    """

    def __init__(
        self, settings: TrackingSettings, scores: Mapping[ObjectClass, tuple[float, float]]
    ) -> None:
        size = max(ObjectClass) + 1
        self._min_score = np.full(size, np.nan, np.float32)
        self._threshold = np.full(size, np.nan, np.float32)
        self._max_lost_s = np.zeros(size)
        for cls, (min_score, threshold) in scores.items():
            if not 0 < min_score <= threshold < 1:
                raise ValueError(
                    f"scores of {cls.label}: expected 0 < min_score <= threshold < 1, "
                    f"found {min_score}, {threshold}"
                )
            self._min_score[cls] = min_score
            self._threshold[cls] = threshold
            self._max_lost_s[cls] = getattr(settings.max_lost_s, cls.label)
        self._settings = settings
        self._next_id = 1
        self._at: float | None = None
        self._bank = _Bank.starting(
            np.zeros((0, 4)), np.zeros(0, np.float32), np.zeros(0, np.int64), 0.0
        )

    def __len__(self) -> int:
        """Tracks held in memory, tentative and lost ones too; at most ``max_tracks``."""
        return len(self._bank)

    def update(self, detections: Detections, at: float) -> Tracks:
        """Take the boxes of one picture.

        Args:
            detections: boxes of one picture; of classes named in ``scores``, finite.
            at: when it was taken, seconds on the stream's timeline. Must not go backwards; the
                same time twice is another look at the same moment.

        Returns:
            The confirmed tracks observed in this picture with their filtered boxes, in the order
            of their ids, and the ids that are gone since the last call.

        Raises:
            ValueError: time went backwards (call :meth:`close` when a stream starts anew) or a box
                is of an unknown class or not finite. The tracker is as it was before the call.
        """
        self._check(detections, at)
        gone = self._drop_expired(at)
        if self._at is not None:
            self._bank.state = motion.predict(self._bank.state, at - self._at)
        self._at = at

        measured = motion.to_center(detections.xyxy)
        seen, taken = self._associate(detections, measured, at)
        fresh = ~taken & (detections.confidence >= self._threshold[detections.class_id])
        boxes = without_twins(np.flatnonzero(fresh), np.flatnonzero(taken), detections)
        started = self._start(boxes, measured, detections, at)
        return self._confirmed(np.concatenate((seen, np.ones(started, np.bool_))), at, gone)

    def close(self, at: float) -> Tracks:
        """End every track: the stream ended or starts anew on another timeline.

        The next :meth:`update` may carry any time; ids go on counting.

        Args:
            at: seconds on the timeline that ends; only handed through.
        """
        ids = self._bank.track_id
        gone = tuple(TrackId(int(i)) for i in np.sort(ids[ids != TENTATIVE]))
        self._bank.keep(np.zeros(len(ids), np.bool_))
        self._at = None
        return Tracks.empty(at, gone)

    def _check(self, detections: Detections, at: float) -> None:
        """Raise ValueError on what cannot be tracked, before anything was changed."""
        if not np.isfinite(at):
            raise ValueError(f"time of a picture: expected seconds, found {at}")
        if self._at is not None and at < self._at:
            raise ValueError(
                f"time of a picture: expected {self._at} s or later, found {at} s; "
                "close the tracker when a stream starts anew"
            )
        if not np.isfinite(detections.xyxy).all():
            raise ValueError("boxes: expected finite coordinates, found inf or nan")
        ids = detections.class_id
        known = (ids >= 0) & (ids < len(self._threshold))
        known[known] = np.isfinite(self._threshold[ids[known]])
        if not known.all():
            found = sorted({int(i) for i in ids[~known]})
            raise ValueError(f"classes: expected those the tracker has scores for, found {found}")

    def _drop_expired(self, at: float) -> tuple[TrackId, ...]:
        """Forget the tracks that went unseen for too long; give the ids that were known outside."""
        bank = self._bank
        if not len(bank):
            return ()
        tentative = bank.track_id == TENTATIVE
        budget = np.where(
            tentative, self._settings.max_tentative_lost_s, self._max_lost_s[bank.class_id]
        )
        expired = at - bank.seen_at > budget
        if not expired.any():
            return ()
        gone = np.sort(bank.track_id[expired & ~tentative])
        bank.keep(~expired)
        return tuple(TrackId(int(i)) for i in gone)

    def _associate(
        self, detections: Detections, measured: F64, at: float
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Pass by pass, give boxes to tracks; say which tracks were seen and which boxes taken."""
        bank = self._bank
        score, class_id = detections.confidence, detections.class_id
        usable = score >= self._min_score[class_id]
        sure = score >= self._threshold[class_id]
        confirmed = bank.track_id != TENTATIVE
        fresh = at - bank.seen_at <= FRESH_S
        fresh &= at - bank.sure_at <= self._settings.max_unsure_s
        seen, taken = np.zeros(len(bank), np.bool_), np.zeros(len(score), np.bool_)
        for some_tracks, some_boxes in (
            (confirmed, sure),
            (confirmed & fresh, usable),
            (~confirmed, usable),
        ):
            tracks = np.flatnonzero(some_tracks & ~seen)
            boxes = np.flatnonzero(some_boxes & ~taken)
            if not len(tracks) or not len(boxes):
                continue
            i, j = associate(
                bank.state[:, tracks], bank.class_id[tracks], measured[boxes], class_id[boxes]
            )
            tracks, boxes = tracks[i], boxes[j]
            bank.observe(tracks, measured[boxes], score[boxes], at)
            bank.sure_at[tracks[sure[boxes]]] = at
            seen[tracks] = taken[boxes] = True
        return seen, taken

    def _start(
        self, boxes: npt.NDArray[np.intp], measured: F64, detections: Detections, at: float
    ) -> int:
        """Start tracks of these boxes, the surest first where room is short; say how many."""
        room = self._settings.max_tracks - len(self._bank)
        if len(boxes) > room:
            surest = np.argsort(-detections.confidence[boxes], kind="stable")
            boxes = boxes[surest[:room]]
        if len(boxes):
            chosen = detections[boxes]
            self._bank.add(_Bank.starting(measured[boxes], chosen.confidence, chosen.class_id, at))
        return len(boxes)

    def _confirmed(
        self, seen: npt.NDArray[np.bool_], at: float, gone: tuple[TrackId, ...]
    ) -> Tracks:
        """Name the tracks that proved themselves and give out those seen in this picture."""
        bank = self._bank
        if not len(bank):
            return Tracks.empty(at, gone)
        median = bank.median_scores()
        proven = (bank.hits >= self._settings.min_hits) & (median >= self._threshold[bank.class_id])
        new = np.flatnonzero(proven & (bank.track_id == TENTATIVE))
        bank.track_id[new] = np.arange(self._next_id, self._next_id + len(new))
        self._next_id += len(new)
        shown = np.flatnonzero(seen & (bank.track_id != TENTATIVE))
        shown = shown[np.argsort(bank.track_id[shown])]
        return Tracks(
            at=at,
            xyxy=motion.to_corners(bank.shown[shown]),
            confidence=median[shown],
            class_id=bank.class_id[shown],
            track_id=bank.track_id[shown],
            gone=gone,
        )
