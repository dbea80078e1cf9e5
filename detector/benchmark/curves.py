"""Plots over a number: the rate of false alarms, the height of a person."""

import re

from detector.benchmark.canvas import SERIES, SHADE, Canvas, Group, Plot, Series, groups_of
from detector.benchmark.report import AccuracyReport, Curve, CurvePoint, HeightFit
from detector.benchmark.tables import passes
from detector.benchmark.wording import CLEAN_DAYS_FOR_ONE, DAY_H

_OPEN_BIN = 4 / 3
"""How far the last, open bin of heights is drawn, as a multiple of its lower edge."""
_BIN = re.compile(r"(\d+)(?:-(\d+)|\+) px")
_APART = 1.03
"""Factor by which the passes' marks are moved off the middle of a bin, one each way."""


def curve_plot(report: AccuracyReport) -> Plot | None:
    """Draw the probability of detection over the false alarms; None without a curve or footage."""
    curves = [
        (name, scores.curve, series)
        for (name, scores), series in zip(passes(report), SERIES, strict=False)
        if scores.curve.points
    ]
    hours = report.detector.overall.camera_hours
    if not curves or not hours:
        return None
    shown = CLEAN_DAYS_FOR_ONE * DAY_H / hours
    rates = [point.fa_per_camera_day for _, curve, _ in curves for point in curve.points]
    floor = min([DAY_H / hours, *(rate for rate in rates if rate > 0)]) / 4
    ceiling = max([shown, *rates]) * 2
    canvas = Canvas("curve", 380)
    axes = canvas.axes
    axes.axvspan(floor, shown, color=SHADE, alpha=0.35, linewidth=0)
    for name, curve, series in curves:
        _draw_curve(canvas, name, curve, series, (floor, ceiling))
    canvas.log_across(floor, ceiling)
    axes.set_ylim(0, 1.03)
    axes.grid(visible=True)
    axes.set_xlabel("false alarms per camera-day")
    axes.set_ylabel("probability of detection")
    canvas.legend(inside=True)
    title = "Probability of detection over false alarms per camera-day"
    caption = (
        "Further up and further left is better; the left edge stands for no false alarm at all. "
        "In the shaded range the footage is too short to show so low a rate: it would take "
        f"{CLEAN_DAYS_FOR_ONE} times as long as one false alarm takes to come, without any."
    )
    return Plot("curve", title, caption, canvas.svg(title))


def _draw_curve(
    canvas: Canvas, name: str, curve: Curve, series: Series, limits: tuple[float, float]
) -> None:
    floor, ceiling = limits
    points = sorted((max(p.fa_per_camera_day, floor), p.recall) for p in curve.points)
    canvas.axes.plot(
        [*(x for x, _ in points), ceiling],
        [*(y for _, y in points), points[-1][1]],
        color=series.colour,
        linestyle=series.line,
        linewidth=2,
        drawstyle="steps-post",
        label=name,
    )
    who = name.lower()
    _mark(canvas, curve.operational_alert, f"operational alert, {who}", series, floor)
    _mark(canvas, curve.event_recording, f"event recording, {who}", series, floor)


def _mark(
    canvas: Canvas, point: CurvePoint | None, label: str, series: Series, floor: float
) -> None:
    if point is None:
        return
    alert = label.startswith("operational")
    canvas.axes.plot(
        [max(point.fa_per_camera_day, floor)],
        [point.recall],
        linestyle="none",
        marker="D" if alert else "o",
        markersize=8 if alert else 13,
        color=series.colour,
        markerfacecolor=series.colour if alert else "none",
        markeredgewidth=2,
        clip_on=False,
        label=label,
    )


def height_plot(report: AccuracyReport) -> Plot | None:
    """Draw the events told by the person's height; None where no height is known."""
    groups = groups_of(report, "by_height", lambda score: score.recall is not None)
    bins = {name: edges for g in groups for name in g.rows if (edges := _edges(name))}
    if not bins:
        return None
    canvas = Canvas("heights", 340)
    axes = canvas.axes
    fits = dict(passes(report))
    for group in groups:
        height = fits[group.name].height
        _draw_heights(canvas, group, bins, _named(group.name, height))
        _draw_fit(canvas, height, group.series)
    open_ends = {high for name, (_, high) in bins.items() if "+" in name}
    ends = {end for pair in bins.values() for end in pair}
    ticks = sorted(ends - open_ends)
    canvas.log_across(min(ends) / 1.1, max(ends) * 1.1)
    axes.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(0, 1.03)
    axes.grid(visible=True, axis="y")
    axes.set_xlabel("height of the person, pixels")
    axes.set_ylabel("probability of detection")
    canvas.legend()
    title = "Events told, by a person's height in the picture"
    caption = (
        "Horizontal lines span the range of heights, vertical ones are 95 % intervals (Wilson). "
        "Dotted: the height at which half (h50) and nine of ten (h90) are told, by a fit."
    )
    return Plot("heights", title, caption, canvas.svg(title))


def _edges(name: str) -> tuple[float, float] | None:
    """Read the edges of a bin of heights from its name.

    >>> _edges("24-32 px"), _edges("96+ px"), _edges("tall")
    ((24.0, 32.0), (96.0, 128.0), None)
    """
    found = _BIN.fullmatch(name)
    if found is None:
        return None
    low = float(found[1])
    return low, float(found[2]) if found[2] else low * _OPEN_BIN


def _draw_heights(
    canvas: Canvas, group: Group, bins: dict[str, tuple[float, float]], label: str
) -> None:
    colour = group.series.colour
    shift = _APART ** (2 * group.number - 1)
    first = True
    for name, (low, high) in bins.items():
        score = group.rows.get(name)
        if score is None or score.recall is None:
            continue
        middle = (low * high) ** 0.5 * shift
        bounds = score.recall_ci95 or (score.recall, score.recall)
        spread = [[max(0.0, score.recall - bounds[0])], [max(0.0, bounds[1] - score.recall)]]
        canvas.axes.errorbar(
            [middle],
            [score.recall],
            yerr=spread,
            xerr=[[middle - low], [high - middle]],
            fmt=group.series.marker,
            markersize=8,
            color=colour,
            elinewidth=1.6,
            clip_on=False,
            label=label if first else None,
        )
        first = False


def _draw_fit(canvas: Canvas, height: HeightFit, series: Series) -> None:
    """Mark the heights at which half and nine of ten are told."""
    for height_px in (height.h50_px, height.h90_px):
        if height_px is not None:
            canvas.axes.axvline(height_px, color=series.colour, linestyle=":", linewidth=1.6)


def _named(name: str, height: HeightFit) -> str:
    """Name a pass with the heights its lines stand at."""
    known = (("h50", height.h50_px), ("h90", height.h90_px))
    parts = [f"{what} {height_px:.0f} px" for what, height_px in known if height_px is not None]
    return ", ".join((name, *parts))
