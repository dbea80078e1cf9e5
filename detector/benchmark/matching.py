"""Which alarm told which true event: the protocol of i-LIDS with the product's own kinds.

An alarm hits an event of its kind and place that has not been told yet, if it comes between the
event's beginning and ``window_s`` after the moment from which it is due. What i-LIDS leaves open is
decided here and stated in ``docs/accuracy.md``:

- Happenings of one kind at one place that overlap, or follow within ``join_gap_s``, are one event:
  the product promises one incident, not a flood. Crossings and rising groups stay apart: they are
  counted.
- An event that takes no time (a crossing) can be told until ``window_s`` after it. A crossing told
  in the wrong direction is a false alarm, and the crossing is still to be told.
- An alarm that names a group of n hits every due size of up to n.
- A later alarm inside an event already told is a duplicate, not a false alarm; one inside an event
  after its window is late: the event stays missed, and with ``late_is_fp`` the alarm is false too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from detector.benchmark.alarms import Alarm
from detector.benchmark.truth import NoScore, TrueEvent

COUNTED = ("barrier_crossing", "group_size")
"""Kinds of which each happening is an event of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """How alarms and events are compared; all times in seconds.

    Attributes:
        window_s: how long after an event is due an alarm still hits it.
        early_s: how long before its beginning an alarm hits it, for jitter of the annotation.
        merge_gap_s: alarms of one kind and place nearer than this count once; 0 is off.
        join_gap_s: true happenings of one kind and place nearer than this are one event.
        late_is_fp: count an alarm after the window as false (the strict variant).
        min_score: alarms below it are dropped, for sweeps.
    """

    window_s: float = 10.0
    early_s: float = 0.5
    merge_gap_s: float = 0.0
    join_gap_s: float = 10.0
    late_is_fp: bool = False
    min_score: float = 0.0


class Verdict(StrEnum):
    """What an alarm turned out to be."""

    HIT = "hit"
    DUPLICATE = "duplicate"
    LATE = "late"
    IGNORED = "ignored"
    MERGED = "merged"
    FALSE = "false"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredEvent:
    """One event to be told: one or several happenings that belong together."""

    kind: str
    where: str
    start_s: float
    due_s: float
    end_s: float
    ignore: bool
    members: tuple[TrueEvent, ...]

    def opens(self, protocol: Protocol) -> float:
        """Say from when on an alarm hits it."""
        return self.start_s - protocol.early_s

    def closes(self, protocol: Protocol) -> float:
        """Say until when an alarm hits it."""
        until = self.due_s + protocol.window_s
        return until if self.end_s <= self.due_s else min(until, self.end_s)

    def lasts_until(self, protocol: Protocol) -> float:
        """Say until when an alarm is about it, in time or not."""
        return max(self.end_s, self.closes(protocol))

    def fits(self, alarm: Alarm) -> bool:
        """Say whether an alarm is of this kind, place and direction."""
        true, told = self.members[0].direction, alarm.direction
        return self.is_like(alarm) and (not true or not told or true == told)

    def is_like(self, alarm: Alarm) -> bool:
        """Say whether an alarm is of this kind and place; no place fits every place."""
        same_place = not alarm.where or not self.where or alarm.where == self.where
        return alarm.kind == self.kind and same_place


@dataclass(frozen=True, slots=True)
class EventResult:
    """An event, and the alarm that told it.

    Attributes:
        event: what happened.
        hit: the alarm that told it in time; None: it was missed.
        late: the first alarm that came after the window; None: there was none, or it was hit.
    """

    event: ScoredEvent
    hit: Alarm | None
    late: Alarm | None = None

    @property
    def delay_s(self) -> float | None:
        """Seconds from due to told; negative where the rule's dwell was not waited for."""
        return None if self.hit is None else self.hit.at_s - self.event.due_s


@dataclass(frozen=True, slots=True)
class AlarmResult:
    """An alarm, what it turned out to be, and the event it was about.

    A false alarm is about nothing, or about a crossing in the other direction.
    """

    alarm: Alarm
    verdict: Verdict
    event: ScoredEvent | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """All events and alarms of one recording; ignored events are not among the events."""

    events: tuple[EventResult, ...]
    alarms: tuple[AlarmResult, ...]


def join(events: Sequence[TrueEvent], gap_s: float) -> tuple[ScoredEvent, ...]:
    """Make the events to be told from what happened, in the order they begin."""
    joined: list[ScoredEvent] = []
    newest: dict[tuple[str, str, bool], int] = {}
    for event in sorted(events, key=lambda e: (e.start_s, e.kind)):
        key = (event.kind, event.where, event.ignore)
        index = None if event.kind in COUNTED else newest.get(key)
        if index is not None and event.start_s <= joined[index].end_s + gap_s:
            joined[index] = _with(joined[index], event)
            continue
        newest[key] = len(joined)
        joined.append(
            ScoredEvent(
                kind=event.kind,
                where=event.where,
                start_s=event.start_s,
                due_s=event.due_s,
                end_s=event.end_s,
                ignore=event.ignore,
                members=(event,),
            )
        )
    return tuple(joined)


def _with(whole: ScoredEvent, event: TrueEvent) -> ScoredEvent:
    return ScoredEvent(
        kind=whole.kind,
        where=whole.where,
        start_s=whole.start_s,
        due_s=min(whole.due_s, event.due_s),
        end_s=max(whole.end_s, event.end_s),
        ignore=whole.ignore,
        members=(*whole.members, event),
    )


def match(
    events: Sequence[TrueEvent],
    alarms: Sequence[Alarm],
    no_score: Sequence[NoScore] = (),
    protocol: Protocol | None = None,
) -> Matched:
    """Compare one recording's alarms with its events, in order of time."""
    rules = protocol or Protocol()
    scored = join(events, rules.join_gap_s)
    due = [e for e in scored if not e.ignore and not _within(e.due_s, no_score)]
    told = _Told(due, rules)
    ignoring = [e for e in scored if e.ignore]
    results: list[AlarmResult] = []
    newest: dict[tuple[str, str], float] = {}
    for alarm in sorted(alarms, key=lambda a: a.at_s):
        if alarm.score < rules.min_score:
            continue
        last = newest.get(alarm.place)
        newest[alarm.place] = alarm.at_s
        if _within(alarm.at_s, no_score):
            results.append(AlarmResult(alarm, Verdict.IGNORED))
        elif last is not None and alarm.at_s - last < rules.merge_gap_s:
            results.append(AlarmResult(alarm, Verdict.MERGED))
        else:
            results.append(told.judge(alarm, ignoring))
    return Matched(told.results(), tuple(results))


class _Told:
    """Which events were told by which alarm so far."""

    def __init__(self, due: Sequence[ScoredEvent], protocol: Protocol) -> None:
        self._due = due
        self._protocol = protocol
        self._hits: dict[int, Alarm] = {}
        self._late: dict[int, Alarm] = {}

    def judge(self, alarm: Alarm, ignoring: Sequence[ScoredEvent]) -> AlarmResult:
        """Say what the next alarm is."""
        about = [i for i, event in enumerate(self._due) if self._is_about(event, alarm)]
        if opened := [i for i in about if self._can_be_hit_by(i, alarm)]:
            taken = opened if alarm.kind == "group_size" else opened[:1]
            self._hits.update(dict.fromkeys(taken, alarm))
            return AlarmResult(alarm, Verdict.HIT, self._due[taken[-1]])
        for event in ignoring:
            if self._is_about(event, alarm):
                return AlarmResult(alarm, Verdict.IGNORED, event)
        if again := [i for i in about if i in self._hits]:
            return AlarmResult(alarm, Verdict.DUPLICATE, self._due[again[-1]])
        if about:
            self._late.setdefault(about[0], alarm)
            return AlarmResult(alarm, Verdict.LATE, self._due[about[0]])
        return AlarmResult(alarm, Verdict.FALSE, self._in_the_other_direction(alarm))

    def _is_about(self, event: ScoredEvent, alarm: Alarm) -> bool:
        return event.fits(alarm) and self._is_on(event, alarm.at_s)

    def _is_on(self, event: ScoredEvent, at_s: float) -> bool:
        return event.opens(self._protocol) <= at_s <= event.lasts_until(self._protocol)

    def _in_the_other_direction(self, alarm: Alarm) -> ScoredEvent | None:
        untold = (event for i, event in enumerate(self._due) if i not in self._hits)
        same = (e for e in untold if e.is_like(alarm) and self._is_on(e, alarm.at_s))
        return next(same, None)

    def _can_be_hit_by(self, index: int, alarm: Alarm) -> bool:
        event = self._due[index]
        big_enough = alarm.kind != "group_size" or alarm.count >= event.members[0].size
        in_time = alarm.at_s <= event.closes(self._protocol)
        return index not in self._hits and in_time and big_enough

    def results(self) -> tuple[EventResult, ...]:
        """Give every event with the alarm that told it."""
        return tuple(
            EventResult(event, self._hits.get(i), None if i in self._hits else self._late.get(i))
            for i, event in enumerate(self._due)
        )


def _within(at_s: float, stretches: Sequence[NoScore]) -> bool:
    return any(stretch.start_s <= at_s <= stretch.end_s for stretch in stretches)
