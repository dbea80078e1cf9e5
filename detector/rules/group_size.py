"""How many persons are in a zone at once, in bins, told when a higher bin holds."""

from bisect import bisect_right
from collections import deque
from statistics import median
from typing import Literal

from pydantic import Field

from detector.rules.base import Episode, Facts, Sighting, Story, ZoneRuleSettings, sightings
from detector.scene import Scene
from detector.types import (
    ObjectClass,
    Phase,
    Reason,
    RuleKind,
    Severity,
    Tracks,
    Transition,
)

BINS = (1, 2, 3, 5, 10, 20)
"""Smallest number of each bin: 1, 2, 3-4, 5-9, 10-19, 20 and more."""


class GroupSizeSettings(ZoneRuleSettings):
    """Settings of ``group_size``.

    Attributes:
        least: a group begins with so many persons.
        hold_s: how long a number has to hold: it is the median of this time.
        alert_from: from so many persons on the severity is alert.
        leave_grace_s: how long it has to be fewer than ``least`` until the episode ends.
    """

    kind: Literal["group_size"] = "group_size"
    severity: Severity = Severity.DETECTION
    least: int = Field(default=2, ge=1)
    hold_s: float = Field(default=1.0, ge=0.0)
    alert_from: int = Field(default=3, ge=1)
    leave_grace_s: float = Field(default=10.0, ge=0.0)


class GroupSize:
    """One episode per gathering; a higher bin escalates it, a lower one waits for the end."""

    kind = RuleKind.GROUP_SIZE

    def __init__(self, name: str, settings: GroupSizeSettings, scene: Scene) -> None:
        self.name = name
        self._settings = settings
        self._zone = scene.zones[settings.zone]
        self._story = Story(name, self.kind, settings.zone, settings.severity)
        self._counts: deque[tuple[float, int]] = deque()
        self._since_s = 0.0
        self._last_group_s = 0.0
        self._peak = 0
        self._episode: Episode | None = None

    def update(self, tracks: Tracks) -> tuple[Transition, ...]:
        """Take the tracks of the next picture."""
        inside = dict(zip(tracks.track_id.tolist(), self._zone.contains(tracks.xyxy), strict=True))
        present = [s for s in sightings(tracks, ObjectClass.PERSON) if inside[s.track_id]]
        self._count(tracks.at, len(present))
        held = self._held()
        if self._episode is not None and present:
            self._episode.last = present[0]
        if held >= self._settings.least:
            self._last_group_s = tracks.at
            return self._grow(tracks.at, held, present)
        over = tracks.at - self._last_group_s >= self._settings.leave_grace_s
        return self.close(tracks.at, "dispersed") if over else ()

    def close(self, at: float, reason: str) -> tuple[Transition, ...]:
        """End the gathering."""
        episode, peak = self._episode, self._peak
        self._episode, self._peak = None, 0
        if episode is None:
            return ()
        ended = episode.tell(Phase.END, at, until_s=self._last_group_s, outcome=reason, count=peak)
        return (ended,)

    def _count(self, at: float, persons: int) -> None:
        """Remember the number of one picture, and since when there may have been a group."""
        before = self._counts[-1][1] if self._counts else 0
        if before < self._settings.least <= persons:
            self._since_s = at
        self._counts.append((at, persons))
        while len(self._counts) > 1 and at - self._counts[1][0] >= self._settings.hold_s:
            self._counts.popleft()

    def _held(self) -> int:
        """Give the number that held: the median of the time, 0 before that time has passed."""
        if self._counts[-1][0] - self._counts[0][0] < self._settings.hold_s:
            return 0
        return int(median(persons for _, persons in self._counts))

    def _grow(self, at: float, held: int, present: list[Sighting]) -> tuple[Transition, ...]:
        """Tell a higher bin than this gathering had so far, with the next picture that has one."""
        bin_before, bin_now = _bin(self._peak), _bin(held)
        if bin_now <= bin_before or not present:
            return ()
        self._peak = held
        phase = Phase.UPDATE
        if self._episode is None:
            phase = Phase.NEW
            self._episode = self._story.begin(self._since_s, present[0])
        if held >= self._settings.alert_from:
            self._episode.severity = max(Severity.ALERT, self._episode.severity, key=_rank)
        counts = [persons for _, persons in self._counts]
        facts: Facts = {
            "count": held,
            "escalates": True,
            "reasons": (
                Reason("persons at once, median", held, BINS[bin_now - 1]),
                Reason("fewest at once", min(counts), 0),
                Reason("most at once", max(counts), BINS[bin_now - 1]),
                Reason("held, s", at - self._counts[0][0], self._settings.hold_s),
            ),
        }
        ids = tuple(sighting.track_id for sighting in present)
        return (self._episode.tell(phase, at, track_ids=ids, **facts),)


def _bin(persons: int) -> int:
    """Number of the bin, 0 for nobody."""
    return bisect_right(BINS, persons)


def _rank(severity: Severity) -> int:
    return severity.rank
