"""Plots with a row for each kind or condition: events told, and false alarms."""

from collections.abc import Sequence

from detector.benchmark.canvas import Canvas, Group, Plot, Series, groups_of
from detector.benchmark.report import AccuracyReport, Interval
from detector.benchmark.wording import words

_BAR = 0.36
_ROW_PX = 38
_MARGINS_PX = 92


def recall_plot(report: AccuracyReport, field: str, section: str, title: str) -> Plot | None:
    """Draw a bar for each row and pass; None without an event.

    Args:
        report: what is drawn.
        field: the rows' field of a pass.
        section: where the plot belongs.
        title: what is drawn, in words.
    """
    groups = groups_of(report, field, lambda score: score.recall is not None)
    names = list(dict.fromkeys(name for group in groups for name in group.rows))
    if not names:
        return None
    labels = [words(name) for name in names]
    canvas = Canvas(field, _MARGINS_PX + _ROW_PX * len(names), labels)
    axes = canvas.axes
    for group in groups:
        values = [group.rows[name].recall or 0.0 for name in group.rows]
        places = [_place(names.index(name), group, groups) for name in group.rows]
        axes.barh(places, values, _BAR, color=group.series.colour, alpha=0.42, label=group.name)
        bounds = [score.recall_ci95 for score in group.rows.values()]
        _whiskers(canvas, group.series, places, values, bounds)
    for index, name in enumerate(names):
        events = next(group.rows[name].events for group in groups if name in group.rows)
        axes.annotate(f"n = {events}", (1, index), (10, 0), textcoords="offset points", va="center")
    _name_rows(canvas, labels)
    axes.set_xlim(0, 1)
    axes.set_xlabel("probability of detection, with its 95 % interval")
    canvas.legend()
    caption = "Lines are 95 % intervals (Wilson); n is the number of events."
    return Plot(section, title, caption, canvas.svg(title))


def _place(index: int, group: Group, groups: Sequence[Group]) -> float:
    """Give where a row's mark lies: side by side with that of the other pass, if there is one."""
    return index + (group.number - 0.5) * (_BAR + 0.03) if len(groups) > 1 else float(index)


def _name_rows(canvas: Canvas, labels: Sequence[str]) -> None:
    canvas.axes.set_yticks(range(len(labels)), labels)
    canvas.axes.set_ylim(len(labels) - 0.5, -0.5)
    canvas.axes.tick_params(axis="y", length=0, pad=9)
    canvas.axes.grid(visible=True, axis="x")


def _whiskers(
    canvas: Canvas,
    series: Series,
    places: Sequence[float],
    values: Sequence[float],
    bounds: Sequence[Interval | None],
) -> None:
    """Draw intervals along the horizontal axis."""
    known = [b or (v, v) for v, b in zip(values, bounds, strict=True)]
    below = [max(0.0, v - b[0]) for v, b in zip(values, known, strict=True)]
    above = [max(0.0, b[1] - v) for v, b in zip(values, known, strict=True)]
    canvas.axes.errorbar(
        values,
        places,
        xerr=[below, above],
        fmt="none",
        ecolor=series.colour,
        elinewidth=2,
        capsize=4,
    )


def false_alarm_plot(report: AccuracyReport) -> Plot | None:
    """Draw the false alarms per camera-hour by condition; None without footage."""
    groups = groups_of(report, "by_tag", lambda score: score.fa_per_camera_hour_ci95 is not None)
    names = list(dict.fromkeys(name for group in groups for name in group.rows))
    if not names:
        return None
    labels = [words(name) for name in names]
    scores = [score for group in groups for score in group.rows.values()]
    ends = [end for score in scores for end in score.fa_per_camera_hour_ci95 or () if end > 0]
    floor, ceiling = min(ends) / 2, max(ends) * 1.5
    canvas = Canvas("false", _MARGINS_PX + _ROW_PX * len(names), labels)
    for group in groups:
        _draw_rates(
            canvas, group, [_place(names.index(n), group, groups) for n in group.rows], floor
        )
    for index, name in enumerate(names):
        score = next(group.rows[name] for group in groups if name in group.rows)
        text = f"{score.camera_hours:.2g} h"
        canvas.axes.annotate(
            text, (ceiling, index), (10, 0), textcoords="offset points", va="center"
        )
    _name_rows(canvas, labels)
    canvas.log_across(floor, ceiling)
    canvas.axes.set_xlabel("false alarms per camera-hour, with their 95 % interval")
    canvas.legend()
    title = "False alarms per camera-hour, by condition"
    caption = (
        "Lines are exact 95 % intervals (Poisson). A mark at the left edge means none; its line "
        "says how many there might be. At the right the hours of footage."
    )
    return Plot("conditions", title, caption, canvas.svg(title))


def _draw_rates(canvas: Canvas, group: Group, places: Sequence[float], floor: float) -> None:
    rates = [max(score.fa_per_camera_hour or 0.0, floor) for score in group.rows.values()]
    _whiskers(
        canvas,
        group.series,
        places,
        rates,
        [score.fa_per_camera_hour_ci95 for score in group.rows.values()],
    )
    canvas.axes.plot(
        rates,
        places,
        linestyle="none",
        marker=group.series.marker,
        markersize=8,
        color=group.series.colour,
        clip_on=False,
        label=group.name,
    )
