"""The sections of an accuracy report as titles, sentences and tables of text.

Markdown and page are made of the same sections, so that they never say different things. The ones
about scores are here, the others in ``details``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detector.benchmark.report import AccuracyReport, CurvePoint, PassScore, Row, Score
from detector.benchmark.statistics import poisson
from detector.benchmark.wording import (
    DAY_H,
    NOTHING,
    footage_notes,
    hours_text,
    number,
    per_day_text,
    per_hour_text,
    percent,
    pixels_text,
    recall_text,
    with_bounds,
    words,
)

PASSES = {"detector": "Detector", "true_boxes": "True boxes"}
HEADLINE_WINDOWS = ("1 s", "10 s")
LIMITS_S = ("1", "2", "5", "10")
FA_PER_DAY = ("0.1", "1", "10", "100")


@dataclass(frozen=True, slots=True)
class Table:
    """Text in rows; the first ``texts`` columns are words, the others numbers.

    Attributes:
        columns: their headings.
        rows: each as long as ``columns``.
        texts: how many columns from the left are words.
        title: above the table, where a section has several.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1
    title: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report.

    Attributes:
        key: its name in links, and by which plots find their place.
        title: its heading.
        notes: sentences above the tables.
        tables: may have no rows, which is then said.
    """

    key: str
    title: str
    notes: tuple[str, ...]
    tables: tuple[Table, ...]


def passes(report: AccuracyReport) -> Iterator[tuple[str, PassScore]]:
    """Give the passes there are, with their names."""
    yield PASSES["detector"], report.detector
    if report.true_boxes is not None:
        yield PASSES["true_boxes"], report.true_boxes


def score_sections(report: AccuracyReport) -> tuple[Section, ...]:
    """Give the sections about events told and missed."""
    return (
        _headline(report),
        _by_kind(report),
        _by_window(report),
        _by_tag(report),
        _by_height(report),
        _time_to_alarm(report),
        _curve(report),
    )


def headline_scores(report: AccuracyReport, scores: PassScore) -> tuple[tuple[str, Score], ...]:
    """Give a pass's overall scores at the headline windows and at the protocol's own."""
    own = f"{report.protocol.window_s:g} s"
    found = [(row.name, row.score) for row in scores.by_window if row.name in HEADLINE_WINDOWS]
    if own not in dict(found):
        found.append((own, scores.overall))
    return tuple(found)


def _headline(report: AccuracyReport) -> Section:
    heads: list[str] = []
    overall: list[Score] = []
    alerts: list[Score | None] = []
    for name, scores in passes(report):
        of_alerts = {row.name: row.score for row in scores.alerts_by_window}
        of_alerts[f"{report.protocol.window_s:g} s"] = scores.alerts
        for window, score in headline_scores(report, scores):
            heads.append(f"{name}, {window}")
            overall.append(score)
            alerts.append(of_alerts.get(window))
    rows = (
        ("Events", *(str(s.events) for s in overall)),
        ("Hits", *(str(s.tp) for s in overall)),
        ("PD (95 %)", *(recall_text(s) for s in overall)),
        ("Events of alert kinds", *(str(s.events) if s else NOTHING for s in alerts)),
        ("PD of alert kinds (95 %)", *(recall_text(s) if s else NOTHING for s in alerts)),
        ("Precision", *(number(s.precision) for s in overall)),
        ("F1", *(number(s.f1) for s in overall)),
        ("F0.65", *(number(s.f0_65) for s in overall)),
        ("F75", *(number(s.f75) for s in overall)),
        ("False alarms", *(f"{s.fp} in {hours_text(s.camera_hours)}" for s in overall)),
        ("per camera-hour (95 %)", *(per_hour_text(s) for s in overall)),
        ("per camera-day (95 %)", *(per_day_text(s) for s in overall)),
        ("False alarms of alert kinds", *(str(s.fp) if s else NOTHING for s in alerts)),
        ("Late", *(str(s.late) for s in overall)),
        ("Duplicates", *(str(s.duplicates) for s in overall)),
        ("Ignored", *(str(s.ignored) for s in overall)),
    )
    about = (
        "PD is the probability of detection: the share of events told within the window (1 s or "
        "10 s after they are due). The detector pass is the whole service; with true boxes, "
        "tracker and rules are fed what is known to be in the pictures."
    )
    notes = (about, *footage_notes(report.detector.overall))
    if report.true_boxes is None:
        notes = (*notes, "The truth has no boxes: there is no pass with true boxes.")
    return Section("headline", "Result", notes, (Table(("", *heads), rows),))


def _compared(
    head: str, report: AccuracyReport, field: str, *, hours: bool = False, title: str = ""
) -> Table:
    """Put the rows of both passes side by side, by name."""
    ours: Sequence[Row] = getattr(report.detector, field)
    theirs = {row.name: row.score for row in getattr(report.true_boxes, field, ())}
    columns = [head, "events", "hits", "PD (95 %)", "false alarms"]
    columns += ["hours", "per camera-hour (95 %)"] if hours else ["precision"]
    columns += ["hits, true boxes", "PD, true boxes", "false, true boxes"] * bool(theirs)
    rows = []
    for row in (*ours, *_only_in(theirs, ours)):
        cells = _cells(row.score, hours=hours)
        if theirs:
            cells += _few_cells(theirs.get(row.name))
        name = row.name if field == "by_clip" else words(row.name)
        rows.append((name, *cells))
    return Table(tuple(columns), tuple(rows), title=title)


def _only_in(theirs: dict[str, Score], ours: Sequence[Row]) -> list[Row]:
    """Give rows that only true boxes have (a kind told falsely by them alone), ours being 0."""
    known = {row.name for row in ours}
    nothing = {"tp": 0, "fp": 0, "precision": None, "recall": None, "recall_ci95": None}
    return [
        Row(name=name, score=score.model_copy(update=nothing))
        for name, score in theirs.items()
        if name not in known
    ]


def _cells(score: Score, *, hours: bool) -> list[str]:
    cells = [str(score.events), str(score.tp), recall_text(score), str(score.fp)]
    if hours:
        return [*cells, hours_text(score.camera_hours), per_hour_text(score)]
    return [*cells, number(score.precision)]


def _few_cells(score: Score | None) -> list[str]:
    if score is None:
        return [NOTHING] * 3
    return [str(score.tp), recall_text(score), str(score.fp)]


def _by_kind(report: AccuracyReport) -> Section:
    return Section("kinds", "By kind", (), (_compared("kind", report, "by_kind"),))


def _by_window(report: AccuracyReport) -> Section:
    note = "How much is told in time, if a person on duty waits no longer than this."
    tables = (
        _compared("window", report, "by_window", title="All kinds"),
        _compared("window", report, "alerts_by_window", title="Kinds whose severity is alert"),
    )
    return Section("windows", "By window", (note,), tables)


def _by_tag(report: AccuracyReport) -> Section:
    note = (
        "A condition is a tag of a recording or of an event; one event counts under each of its "
        "tags. Few events say little: look at the interval."
    )
    table = _compared("condition", report, "by_tag", hours=True)
    return Section("conditions", "By condition", (note,), (table,))


def _by_height(report: AccuracyReport) -> Section:
    notes = ["Height of the tallest person taking part when the event is due, in pixels."]
    notes += [
        f"{name}: half of the events are told from {pixels_text(scores.height.h50_px)} on (h50), "
        f"nine of ten from {pixels_text(scores.height.h90_px)} on (h90)."
        for name, scores in passes(report)
        if scores.height.h50_px is not None or scores.height.h90_px is not None
    ]
    if len(notes) == 1:
        notes.append("The events do not say from which height on half or nine of ten are told.")
    table = _compared("height", report, "by_height")
    return Section("heights", "By a person's height", tuple(notes), (table,))


def _time_to_alarm(report: AccuracyReport) -> Section:
    note = (
        "Seconds from the moment an event is due until it is told. Quantiles are of the hits; "
        "those of all events count a miss as never told, and are a dash where they fall on one."
    )
    columns = ("", "hits", "p50", "p90", "p95", "max", "p50 of all", "p95 of all")
    limits = tuple(f"in {limit} s" for limit in LIMITS_S)
    rows = []
    for name, scores in passes(report):
        rows.append((f"{name}, all kinds", *_times(scores.overall)))
        rows.append((f"{name}, alerts", *_times(scores.alerts)))
    kinds = tuple(
        (words(row.name), *_times(row.score)) for row in report.detector.by_kind if row.score.tp
    )
    tables = (
        Table((*columns, *limits), tuple(rows)),
        Table(("kind", *columns[1:], *limits), kinds, title="By kind, detector"),
    )
    return Section("times", "Time to alarm", (note,), tables)


def _times(score: Score) -> tuple[str, ...]:
    tta = score.tta_s
    quantiles = (tta.p50, tta.p90, tta.p95, tta.max, tta.all_p50, tta.all_p95)
    shares = (percent(tta.within.get(limit)) for limit in LIMITS_S)
    return (str(score.tp), *(number(value, 1) for value in quantiles), *shares)


def _curve(report: AccuracyReport) -> Section:
    dropped = (
        "If alarms of a low score are dropped, fewer are false and fewer events are told. PD at a "
        "rate of false alarms is a dash where the footage is too short to show so low a rate."
    )
    thresholds = (
        "Operational alert is the threshold with the largest F0.65 (few false alarms), event "
        "recording the one with the largest F75 (few misses). They were chosen on the clips "
        "they are scored on, so both flatter."
    )
    at = tuple(
        (name, *(number(scores.curve.pd_at.get(limit)) for limit in FA_PER_DAY))
        for name, scores in passes(report)
    )
    columns = ("", *(f"PD at {limit} per day" for limit in FA_PER_DAY))
    tables = (Table(columns, at), _points(report))
    return Section("curve", "PD over false alarms", (dropped, thresholds), tables)


def _points(report: AccuracyReport) -> Table:
    named = {"operational_alert": "operational alert", "event_recording": "event recording"}
    rows = []
    for name, scores in passes(report):
        for field, title in named.items():
            point = getattr(scores.curve, field)
            if point is None:
                continue
            measures = (point.min_score, point.recall, point.precision)
            hours = scores.overall.camera_hours
            rates = (_per_day(point, hours), number(point.f0_65), number(point.f75))
            rows.append((name, title, *(number(value) for value in measures), *rates))
    columns = ("", "point", "score from", "PD", "precision", "false per camera-day (95 %)")
    return Table((*columns, "F0.65", "F75"), tuple(rows), texts=2, title="Operating points")


def _per_day(point: CurvePoint, hours: float) -> str:
    """Write a point's rate with its interval, from the number of false alarms it stands for."""
    false = round(point.fa_per_camera_day * hours / DAY_H)
    bounds = poisson(false, hours)
    if bounds is None:
        return NOTHING
    return with_bounds(point.fa_per_camera_day, (DAY_H * bounds[0], DAY_H * bounds[1]))
