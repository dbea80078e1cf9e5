"""Counts what was told and what was missed, over all recordings and by every condition."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from uuid import UUID

import numpy as np

from detector.benchmark.alarms import Alarm
from detector.benchmark.matching import (
    AlarmResult,
    EventResult,
    Matched,
    Protocol,
    ScoredEvent,
    Verdict,
    match,
)
from detector.benchmark.places import event_height_px
from detector.benchmark.report import HeightFit, Row, Score, TimeToAlarm
from detector.benchmark.statistics import f_score, height_at, poisson, quantile, ratio, wilson
from detector.benchmark.truth import Truth

HOUR_S = 3600.0
WINDOWS_S = (1.0, 2.0, 5.0, 10.0)
HEIGHTS_PX = (8, 12, 16, 24, 32, 48, 64, 96, 128)
"""Lower edges of the bins of person heights; the last bin is open."""

KeepEvent = Callable[[ScoredEvent], bool]
KeepAlarm = Callable[[Alarm], bool]


@dataclass(frozen=True, slots=True)
class Heard:
    """One recording as it is scored: what happened, and what was told.

    Attributes:
        name: of the camera.
        truth: of the recording.
        alarms: in order of time.
        outcomes: how each rule's part of each incident ended, by incident and kind.
    """

    name: str
    truth: Truth
    alarms: tuple[Alarm, ...]
    outcomes: Mapping[tuple[UUID, str], str]

    @property
    def hours(self) -> float:
        """Length that is scored: without the stretches that are not."""
        unscored = sum(
            max(0.0, min(n.end_s, self.truth.duration_s) - n.start_s) for n in self.truth.no_score
        )
        return (self.truth.duration_s - unscored) / HOUR_S


@dataclass(frozen=True, slots=True)
class Judged:
    """A recording and the verdicts on it."""

    heard: Heard
    matched: Matched

    def height_px(self, event: ScoredEvent) -> float | None:
        """Give the height of the tallest person taking part when the event is due."""
        return event_height_px(event, self.heard.truth)


def judge(heard: Iterable[Heard], protocol: Protocol) -> list[Judged]:
    """Compare every recording's alarms with its events."""
    return [Judged(h, match(h.truth.events, h.alarms, h.truth.no_score, protocol)) for h in heard]


def _every(_: object) -> bool:
    return True


def tally(
    judged: Sequence[Judged],
    protocol: Protocol,
    keep_event: KeepEvent = _every,
    keep_alarm: KeepAlarm = _every,
) -> Score:
    """Count over recordings, of events and alarms that are kept."""
    events = [r for j in judged for r in j.matched.events if keep_event(r.event)]
    alarms = [r for j in judged for r in j.matched.alarms if keep_alarm(r.alarm)]
    return score(events, alarms, sum(j.heard.hours for j in judged), protocol)


def score(
    events: Sequence[EventResult],
    alarms: Sequence[AlarmResult],
    hours: float,
    protocol: Protocol,
) -> Score:
    """Count, and give the rates with their intervals."""
    verdicts = Counter(result.verdict for result in alarms)
    hits = sum(result.hit is not None for result in events)
    false = verdicts[Verdict.FALSE] + (verdicts[Verdict.LATE] if protocol.late_is_fp else 0)
    precision, recall = ratio(hits, hits + false), ratio(hits, len(events))
    by_hour = poisson(false, hours)
    return Score(
        events=len(events),
        tp=hits,
        fn=len(events) - hits,
        fp=false,
        late=verdicts[Verdict.LATE],
        duplicates=verdicts[Verdict.DUPLICATE],
        ignored=verdicts[Verdict.IGNORED] + verdicts[Verdict.MERGED],
        precision=precision,
        recall=recall,
        recall_ci95=wilson(hits, len(events)),
        f1=f_score(precision, recall, 1.0),
        f0_65=f_score(precision, recall, 0.65),
        f75=f_score(precision, recall, 75.0),
        camera_hours=hours,
        fa_per_camera_hour=ratio(false, hours),
        fa_per_camera_hour_ci95=by_hour,
        fa_per_camera_day=ratio(24 * false, hours),
        fa_per_camera_day_ci95=None if by_hour is None else (24 * by_hour[0], 24 * by_hour[1]),
        tta_s=time_to_alarm(events),
    )


def time_to_alarm(events: Sequence[EventResult]) -> TimeToAlarm:
    """Say how long after they were due events were told."""
    delays = [result.delay_s for result in events if result.delay_s is not None]
    everything = delays + [float("inf")] * (len(events) - len(delays))
    return TimeToAlarm(
        p50=quantile(delays, 0.50),
        p90=quantile(delays, 0.90),
        p95=quantile(delays, 0.95),
        max=max(delays, default=None),
        all_p50=_finite(quantile(everything, 0.50)),
        all_p95=_finite(quantile(everything, 0.95)),
        within={
            f"{limit_s:g}": sum(delay <= limit_s for delay in delays) / len(events)
            for limit_s in WINDOWS_S
            if events
        },
    )


def _finite(value: float | None) -> float | None:
    return None if value == float("inf") else value


def by_kind(judged: Sequence[Judged], protocol: Protocol) -> tuple[Row, ...]:
    """Score each kind that happened or was told."""
    kinds = {r.event.kind for j in judged for r in j.matched.events}
    kinds |= {r.alarm.kind for j in judged for r in j.matched.alarms}
    return tuple(
        Row(name=kind, score=of_kinds(judged, protocol, frozenset({kind})))
        for kind in sorted(kinds)
    )


def of_kinds(judged: Sequence[Judged], protocol: Protocol, kinds: frozenset[str]) -> Score:
    """Score some kinds only."""
    return tally(judged, protocol, lambda e: e.kind in kinds, lambda a: a.kind in kinds)


def by_window(
    heard: Sequence[Heard], protocol: Protocol, kinds: frozenset[str] | None = None
) -> tuple[Row, ...]:
    """Score with windows of 1, 2, 5 and 10 s; all kinds or some only."""
    rows = []
    for window_s in WINDOWS_S:
        rules = replace(protocol, window_s=window_s)
        judged = judge(heard, rules)
        whole = tally(judged, rules) if kinds is None else of_kinds(judged, rules, kinds)
        rows.append(Row(name=f"{window_s:g} s", score=whole))
    return tuple(rows)


def by_tag(judged: Sequence[Judged], protocol: Protocol) -> tuple[Row, ...]:
    """Score each condition: recordings that have the tag, and events with it in the others."""
    tags = {tag for j in judged for tag in j.heard.truth.tags}
    tags |= {t for j in judged for r in j.matched.events for m in r.event.members for t in m.tags}
    rows = []
    for tag in sorted(tags):
        whole = [j for j in judged if tag in j.heard.truth.tags]
        others = [j for j in judged if tag not in j.heard.truth.tags]
        events = [r for j in whole for r in j.matched.events]
        events += [r for j in others for r in j.matched.events if _tagged(r.event, tag)]
        alarms = [r for j in whole for r in j.matched.alarms]
        hours = sum(j.heard.hours for j in whole)
        rows.append(Row(name=tag, score=score(events, alarms, hours, protocol)))
    return tuple(rows)


def _tagged(event: ScoredEvent, tag: str) -> bool:
    return any(tag in member.tags for member in event.members)


def by_clip(judged: Sequence[Judged], protocol: Protocol) -> tuple[Row, ...]:
    """Score each recording: one bad camera must be visible."""
    return tuple(Row(name=j.heard.name, score=tally([j], protocol)) for j in judged)


def by_height(judged: Sequence[Judged], protocol: Protocol) -> tuple[Row, ...]:
    """Score by the height of the person when the event is due, and of the box of an alarm."""
    rows = []
    for name, low, high in height_bins():
        events = [
            result
            for j in judged
            for result in j.matched.events
            if low <= (j.height_px(result.event) or 0) < high
        ]
        alarms = [
            result
            for j in judged
            for result in j.matched.alarms
            if low <= result.alarm.xyxy[3] - result.alarm.xyxy[1] < high
            and not result.alarm.kind.startswith("ladder")
        ]
        hours = sum(j.heard.hours for j in judged)
        if events or alarms:
            rows.append(Row(name=name, score=score(events, alarms, hours, protocol)))
    return tuple(rows)


def height_fit(judged: Sequence[Judged]) -> HeightFit:
    """Say how tall a person has to be for events to be told in half and in nine of ten cases."""
    pairs = [
        (height, result.hit is not None)
        for j in judged
        for result in j.matched.events
        if (height := j.height_px(result.event)) is not None
    ]
    heights = np.array([height for height, _ in pairs], float)
    told = np.array([hit for _, hit in pairs], float)
    return HeightFit(h50_px=height_at(0.5, heights, told), h90_px=height_at(0.9, heights, told))


def height_bins() -> Iterator[tuple[str, float, float]]:
    """Give each bin of heights in pixels: its name, from where, to below where.

    >>> [name for name, _, _ in height_bins()][-2:]
    ['96-128 px', '128+ px']
    """
    for low, high in pairwise(HEIGHTS_PX):
        yield f"{low}-{high} px", low, high
    yield f"{HEIGHTS_PX[-1]}+ px", HEIGHTS_PX[-1], float("inf")
