"""What was got wrong, and who is to blame: the network, the tracker or the rules."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain

from detector.benchmark.alarms import Alarm
from detector.benchmark.matching import AlarmResult, EventResult, Protocol, Verdict
from detector.benchmark.places import around, frame_at, objects_of
from detector.benchmark.report import Confusion, Counting, Errors, Failure, Split
from detector.benchmark.scoring import Judged
from detector.benchmark.statistics import quantile, ratio
from detector.geometry import iou
from detector.types import Xyxy

SAME_OBJECT_IOU = 0.3
NOTHING = "nothing"


def confusion(judged: Sequence[Judged], protocol: Protocol) -> tuple[Confusion, ...]:
    """Say what really went on when alarms were false, by kind."""
    found: Counter[tuple[str, str]] = Counter()
    for j in judged:
        for result in j.matched.alarms:
            if result.verdict is Verdict.FALSE:
                found[result.alarm.kind, _going_on(j, result.alarm, protocol)] += 1
    return tuple(
        Confusion(kind=kind, was=was, alarms=count) for (kind, was), count in sorted(found.items())
    )


def _going_on(judged: Judged, alarm: Alarm, protocol: Protocol) -> str:
    """Name the true event that began last before an alarm and was not over."""
    events = [result.event for result in judged.matched.events]
    active = [e for e in events if e.opens(protocol) <= alarm.at_s <= e.lasts_until(protocol)]
    latest = max(active, key=lambda e: e.start_s, default=None)
    return NOTHING if latest is None else latest.kind


def counting(judged: Sequence[Judged]) -> tuple[Counting, ...]:
    """Compare numbers of crossings, and of persons in the largest group, recording by recording."""
    crossings = [
        (
            sum(e.kind == "barrier_crossing" and not e.ignore for e in j.heard.truth.events),
            sum(a.kind == "barrier_crossing" for a in j.heard.alarms),
        )
        for j in judged
    ]
    groups = [
        (
            max((e.largest or e.size for e in j.heard.truth.events), default=0),
            max((a.count for a in j.heard.alarms if a.kind == "group_size"), default=0),
        )
        for j in judged
    ]
    return (_counting("crossings", crossings), _counting("persons in the largest group", groups))


def _counting(what: str, pairs: Sequence[tuple[int, int]]) -> Counting:
    real = [(true, told) for true, told in pairs if true or told]
    true = sum(pair[0] for pair in real)
    return Counting(
        what=what,
        clips=len(real),
        true=true,
        told=sum(pair[1] for pair in real),
        error=ratio(sum(abs(told - true) for true, told in real), true),
    )


def errors(judged: Sequence[Judged]) -> Errors:
    """Look at what hits still got wrong: direction, outcome, distance."""
    hits = [(j, r, r.hit) for j in judged for r in j.matched.events if r.hit is not None]
    rightly = sum(
        bool(member.direction) for _, result, _ in hits for member in result.event.members
    )
    wrongly = sum(
        result.verdict is Verdict.FALSE and result.event is not None
        for j in judged
        for result in j.matched.alarms
    )
    outcomes = [
        ({member.outcome for member in result.event.members}, told)
        for j, result, alarm in hits
        if (told := j.heard.outcomes.get((alarm.incident_id, alarm.kind)))
        and any(member.outcome for member in result.event.members)
    ]
    apart = [
        error
        for j in judged
        for alarm in j.heard.alarms
        if (error := _distance_error(j, alarm)) is not None
    ]
    return Errors(
        directions=rightly + wrongly,
        directions_wrong=wrongly,
        outcomes=len(outcomes),
        outcomes_wrong=sum(told not in true for true, told in outcomes),
        distances=len(apart),
        distance_error_m_p50=quantile(apart, 0.5),
        distance_error_m_p90=quantile(apart, 0.9),
    )


def _distance_error(judged: Judged, alarm: Alarm) -> float | None:
    """Compare the distance of an alarm with that of the true person whose box it names."""
    frame = frame_at(judged.heard.truth, alarm.at_s)
    if frame is None or alarm.distance_m is None or alarm.kind.startswith("ladder"):
        return None
    best, error = SAME_OBJECT_IOU, None
    for thing in frame.objects:
        box = thing.visible
        if thing.label != "person" or box is None or thing.distance_m is None:
            continue
        shared = float(iou([alarm.xyxy], [box])[0, 0])
        if shared > best:
            best, error = shared, abs(alarm.distance_m - abs(thing.distance_m))
    return error


def split(detector: Sequence[Judged], true_boxes: Sequence[Judged]) -> Split:
    """Tell losses in network and tracker from those in the rules; the recordings are the same."""
    pairs = [
        (a.hit is not None, b.hit is not None)
        for one, other in zip(detector, true_boxes, strict=True)
        for a, b in zip(one.matched.events, other.matched.events, strict=True)
    ]
    found = Counter(pairs)
    false_a, false_b = _false(detector), _false(true_boxes)
    shared = sum(min(count, false_b[key]) for key, count in false_a.items())
    return Split(
        found_by_both=found[True, True],
        lost_by_network=found[False, True],
        lost_by_rules=found[False, False],
        found_only_with_network=found[True, False],
        false_with_true_boxes=sum(false_b.values()),
        false_with_network=sum(false_a.values()) - shared,
    )


def _false(judged: Sequence[Judged]) -> Counter[tuple[str, str]]:
    return Counter(
        (j.heard.name, result.alarm.kind)
        for j in judged
        for result in j.matched.alarms
        if result.verdict is Verdict.FALSE
    )


def failures(
    detector: Sequence[Judged], true_boxes: Sequence[Judged] | None, protocol: Protocol
) -> tuple[Failure, ...]:
    """List every missed event and false alarm of the pass with the network, in order of time."""
    others: Sequence[Judged | None] = true_boxes or [None] * len(detector)
    pairs = zip(detector, others, strict=True)
    return tuple(chain.from_iterable(_failures(j, other, protocol) for j, other in pairs))


def _failures(judged: Judged, other: Judged | None, protocol: Protocol) -> Iterator[Failure]:
    named = {"clip": judged.heard.name, "media": judged.heard.truth.media}
    found = _missed(judged, other) + [
        Failure(
            **named,
            what="false",
            kind=result.alarm.kind,
            where=result.alarm.where,
            at_s=result.alarm.at_s,
            box=result.alarm.xyxy,
            note=_about_false(judged, other, result, protocol),
        )
        for result in judged.matched.alarms
        if result.verdict is Verdict.FALSE
    ]
    yield from sorted(found, key=lambda failure: failure.at_s)


def _missed(judged: Judged, other: Judged | None) -> list[Failure]:
    rest = other.matched.events if other else [None] * len(judged.matched.events)
    return [
        Failure(
            clip=judged.heard.name,
            media=judged.heard.truth.media,
            what="missed" if result.late is None else "late",
            kind=result.event.kind,
            where=result.event.where,
            at_s=result.event.due_s,
            box=_place(judged, result),
            note=_about_missed(judged, result, twin),
        )
        for result, twin in zip(judged.matched.events, rest, strict=True)
        if result.hit is None
    ]


def _place(judged: Judged, result: EventResult) -> Xyxy | None:
    return around(objects_of(result.event, judged.heard.truth, result.event.due_s))


def _about_missed(judged: Judged, result: EventResult, twin: EventResult | None) -> str:
    words = []
    if result.late is not None:
        words.append(f"told {result.late.at_s - result.event.due_s:.1f} s after it was due")
    if twin is not None:
        words.append(
            "missed with true boxes too: the rules"
            if twin.hit is None
            else "told with true boxes: network or tracker"
        )
    height = judged.height_px(result.event)
    if height is not None:
        words.append(f"person {height:.0f} px high")
    states = {o.state for o in objects_of(result.event, judged.heard.truth, result.event.due_s)}
    if states := states - {""}:
        words.append(", ".join(sorted(states)))
    return "; ".join(words)


def _about_false(
    judged: Judged, other: Judged | None, result: AlarmResult, protocol: Protocol
) -> str:
    words = [f"score {result.alarm.score:.2f}"]
    went_on = _going_on(judged, result.alarm, protocol)
    words.append("nothing went on" if went_on == NOTHING else f"what went on: {went_on}")
    if other is not None:
        key = (judged.heard.name, result.alarm.kind)
        words.append(
            "raised with true boxes too: the rules"
            if _false([other])[key]
            else "not with true boxes: network or tracker"
        )
    return "; ".join(words)
