"""The sections of an accuracy report that explain its scores: errors, boxes, clips, failures."""

from collections.abc import Sequence

from detector.benchmark.report import AccuracyReport, BoxScore, FrameScore
from detector.benchmark.tables import Section, Table, passes
from detector.benchmark.wording import (
    NOTHING,
    number,
    percent,
    pixels_text,
    rate,
    seconds_text,
    words,
)

WHAT = {"missed": "missed", "late": "told late", "false": "false alarm"}


def detail_sections(report: AccuracyReport) -> tuple[Section, ...]:
    """Give the sections about what was wrong and why, the failures last."""
    return (
        _confusion(report),
        _counting(report),
        _errors(report),
        _split(report),
        _frames(report),
        _without_rule(report),
        _clips(report),
        _failures(report),
    )


def _confusion(report: AccuracyReport) -> Section:
    note = "False alarms of each kind, by what really went on at that time."
    rows = tuple(
        (name, words(item.kind), words(item.was), str(item.alarms))
        for name, scores in passes(report)
        for item in scores.confusion
    )
    table = Table(("", "told", "what went on", "alarms"), rows, texts=3)
    return Section("confusion", "What was taken for what", (note,), (table,))


def _counting(report: AccuracyReport) -> Section:
    note = "The error is the sum of the clips' differences, over all there were."
    rows = tuple(
        (name, words(c.what), str(c.clips), str(c.true), str(c.told), percent(c.error))
        for name, scores in passes(report)
        for c in scores.counting
    )
    table = Table(("", "counted", "clips", "true", "told", "error"), rows, texts=2)
    return Section("counting", "Counting", (note,), (table,))


def _errors(report: AccuracyReport) -> Section:
    note = "What an alarm in time still got wrong: which way, how it ended, how far away."
    rows = []
    for name, scores in passes(report):
        e = scores.errors
        rows.append((name, "direction of a crossing", str(e.directions), str(e.directions_wrong)))
        rows.append((name, "outcome", str(e.outcomes), str(e.outcomes_wrong)))
    distances = tuple(
        (
            name,
            str(scores.errors.distances),
            number(scores.errors.distance_error_m_p50),
            number(scores.errors.distance_error_m_p90),
        )
        for name, scores in passes(report)
    )
    tables = (
        Table(("", "about", "known", "wrong"), tuple(rows), texts=2),
        Table(("", "known", "error p50, m", "error p90, m"), distances, title="Distance"),
    )
    return Section("errors", "Errors of hits", (note,), tables)


def _split(report: AccuracyReport) -> Section:
    split = report.split
    if split is None:
        note = "Without true boxes it cannot be told whether the network or the rules fail."
        return Section("split", "Network or rules", (note,), ())
    note = (
        "An event missed with true boxes too is lost by the rules; one missed only with the "
        "network's boxes is lost by network and tracker. False alarms likewise."
    )
    rows = (
        ("events told in both passes", str(split.found_by_both)),
        ("events lost by the network", str(split.lost_by_network)),
        ("events lost by the rules", str(split.lost_by_rules)),
        ("events told only with the network's boxes", str(split.found_only_with_network)),
        ("false alarms with true boxes too", str(split.false_with_true_boxes)),
        ("false alarms with the network only", str(split.false_with_network)),
    )
    return Section("split", "Network or rules", (note,), (Table(("", "number"), rows),))


def _frames(report: AccuracyReport) -> Section:
    frames = report.frames
    if frames is None:
        note = "The truth has no boxes: pictures were not scored one by one."
        return Section("frames", "Boxes and tracks", (note,), ())
    height = frames.height
    note = (
        f"Boxes and tracks in {frames.frames} analysed pictures. AP50 is the average precision at "
        "an overlap (IoU) of 0.5; recall and false boxes are at the model's own threshold. Persons "
        f"found in half of the pictures from {pixels_text(height.h50_px)} on (h50), in nine of "
        f"ten from {pixels_text(height.h90_px)} on (h90)."
    )
    tables = (
        _boxes("By class", frames.classes),
        _boxes("By state", frames.by_state),
        _boxes("By condition", frames.by_tag),
        _boxes("Persons by height", frames.by_height),
        _mot(frames),
    )
    return Section("frames", "Boxes and tracks", (note,), tables)


def _boxes(title: str, scores: Sequence[BoxScore]) -> Table:
    rows = tuple(
        (
            words(s.name),
            str(s.boxes),
            number(s.ap50),
            number(s.recall),
            number(s.false_per_frame, 3),
        )
        for s in scores
    )
    columns = ("", "boxes", "AP50", "recall", "false per picture")
    return Table(columns, rows, title=title)


def _mot(frames: FrameScore) -> Table:
    columns = ("", "HOTA", "DetA", "AssA", "IDF1", "MOTA", "identity switches")
    mot = frames.mot
    if mot is None:
        return Table(columns, (), title="Tracks of persons")
    scores = (mot.hota, mot.det_a, mot.ass_a, mot.idf1, mot.mota)
    row = ("persons, percent", *(number(s, 1) for s in scores), str(mot.id_switches))
    return Table(columns, (row,), title="Tracks of persons")


def _without_rule(report: AccuracyReport) -> Section:
    note = (
        "True events of kinds that no rule of the cameras tells. They are among the misses above."
    )
    rows = tuple((words(kind), str(n)) for kind, n in report.kinds_without_rule.items())
    return Section(
        "without_rule", "Kinds without a rule", (note,), (Table(("kind", "events"), rows),)
    )


def _clips(report: AccuracyReport) -> Section:
    scores = {row.name: row.score for row in report.detector.by_clip}
    rows = []
    for clip in report.dataset.clips:
        score = scores.get(clip.name)
        told = (str(score.tp), str(score.fp)) if score else (NOTHING, NOTHING)
        tags = ", ".join(words(tag) for tag in clip.tags) or NOTHING
        length = f"{clip.duration_s:.0f}"
        rows.append((clip.name, tags, length, str(clip.events), *told, rate(clip.realtime_factor)))
    columns = ("clip", "conditions", "seconds", "events", "hits", "false alarms", "x real time")
    return Section("clips", "Clips", (), (Table(columns, tuple(rows), texts=2),))


def _failures(report: AccuracyReport) -> Section:
    rows = tuple(
        (
            WHAT[item.what],
            words(item.kind),
            item.clip,
            item.where or NOTHING,
            item.note or NOTHING,
            seconds_text(item.at_s),
        )
        for item in report.failures
    )
    columns = ("", "kind", "clip", "where", "what went on", "time")
    note = "The time is when the event was due, or the alarm came."
    return Section("failures", "Missed and false", (note,), (Table(columns, rows, texts=5),))
