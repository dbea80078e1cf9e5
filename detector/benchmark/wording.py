"""Numbers and facts of an accuracy report in plain words, for people, in every form it takes."""

from collections.abc import Callable

from detector.benchmark.report import AccuracyReport, Interval, ProtocolCard, Score

NOTHING = "\N{EN DASH}"
"""Stands for a value that cannot be had."""

DAY_H = 24.0
CLEAN_DAYS_FOR_ONE = 3
"""Camera-days without a false alarm that show less than one per day (95 %, one-sided: ln 20)."""


def number(value: float | None, digits: int = 2) -> str:
    """Write a value with so many decimals.

    >>> number(0.875), number(3.0, 1), number(None) == NOTHING
    ('0.88', '3.0', True)
    """
    return NOTHING if value is None else f"{value:.{digits}f}"


def rate(value: float | None) -> str:
    """Write a rate, small or large, with two or three significant digits.

    >>> rate(0.0), rate(0.0416), rate(3.71), rate(12.04), rate(2400.0)
    ('0', '0.042', '3.7', '12', '2400')
    """
    if value is None:
        return NOTHING
    if value >= 10:  # noqa: PLR2004
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def percent(value: float | None) -> str:
    """Write a share as percent.

    >>> percent(0.876)
    '88 %'
    """
    return NOTHING if value is None else f"{100 * value:.0f} %"


def recall_text(score: Score) -> str:
    """Write the probability of detection with its 95 % interval."""
    if score.recall is None:
        return NOTHING
    return number(score.recall) + _between(score.recall_ci95, number)


def per_hour_text(score: Score) -> str:
    """Write the false alarms per camera-hour with their 95 % interval."""
    if score.fa_per_camera_hour is None:
        return NOTHING
    return with_bounds(score.fa_per_camera_hour, score.fa_per_camera_hour_ci95)


def per_day_text(score: Score) -> str:
    """Write the false alarms per camera-day with their 95 % interval.

    Below a day of footage the figure is extrapolated: without an interval it is not given.
    """
    bounds = score.fa_per_camera_day_ci95
    if score.fa_per_camera_day is None or (bounds is None and score.camera_hours < DAY_H):
        return NOTHING
    return with_bounds(score.fa_per_camera_day, bounds)


def with_bounds(value: float, bounds: Interval | None) -> str:
    """Write a rate with its interval, where it has one.

    >>> with_bounds(10.0, (3.67, 21.8))
    '10 (3.7 to 22)'
    """
    return rate(value) + _between(bounds, rate)


def _between(bounds: Interval | None, write: Callable[[float | None], str]) -> str:
    return "" if bounds is None else f" ({write(bounds[0])} to {write(bounds[1])})"


def hours_text(hours: float) -> str:
    """Write a length of footage.

    >>> hours_text(0.0567), hours_text(30.25)
    ('0.057 h', '30 h')
    """
    return f"{rate(hours)} h"


def pixels_text(height_px: float | None) -> str:
    """Write a height that a fit gave.

    >>> pixels_text(23.4), pixels_text(None)
    ('23 px', 'an unknown height')
    """
    return "an unknown height" if height_px is None else f"{height_px:.0f} px"


def seconds_text(at_s: float) -> str:
    """Write a place in a recording.

    >>> seconds_text(7.25), seconds_text(75.0), seconds_text(3725.5)
    ('7.2 s', '1:15.0', '1:02:05.5')
    """
    if at_s < 60:  # noqa: PLR2004
        return f"{at_s:.1f} s"
    minutes, seconds = divmod(round(at_s, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02d}:{seconds:04.1f}" if hours else f"{minutes}:{seconds:04.1f}"


def words(name: str) -> str:
    """Write a kind or tag as words.

    >>> words("barrier_crossing")
    'barrier crossing'
    """
    return name.replace("_", " ")


def counted(count: int, one: str, many: str = "") -> str:
    """Write a number of things.

    >>> counted(1, "clip"), counted(0, "clip"), counted(2, "class", "classes")
    ('1 clip', '0 clips', '2 classes')
    """
    return f"{count} {one if count == 1 else many or one + 's'}"


def facts(report: AccuracyReport) -> tuple[tuple[str, str], ...]:
    """Say what was measured, with what and on what, as pairs of name and text."""
    machine, model, dataset = report.machine, report.model, report.dataset
    size = ", ".join(
        (
            counted(len(dataset.clips), "clip"),
            f"{rate(dataset.camera_hours)} camera-hours",
            counted(dataset.events, "event"),
            counted(dataset.quiet_clips, "quiet clip"),
        )
    )
    runs_on = ", ".join(
        (
            machine.processor,
            counted(machine.cores, "core"),
            f"{machine.provider} {machine.precision}",
            counted(machine.threads, "thread"),
        )
    )
    return (
        ("Date", report.date),
        ("Tool", report.tool),
        ("Machine", runs_on),
        ("Model", f"{model.name} {model.version} (sha256 {model.sha256[:12]})"),
        ("Configuration", f"sha256 {report.config_sha256[:12]}"),
        ("Dataset", f"{dataset.name} (sha256 {dataset.sha256[:12]}): {size}"),
        ("Protocol", protocol_text(report.protocol)),
    )


def protocol_text(protocol: ProtocolCard) -> str:
    """Say in words how alarms are compared with events."""
    late = "a false alarm too" if protocol.late_is_fp else "no false alarm"
    if protocol.merge_gap_s:
        merged = f"Alarms of one kind and place within {protocol.merge_gap_s:g} s count once."
    else:
        merged = "Every alarm counts."
    return (
        f"An event is hit by an alarm of its kind and place from {protocol.early_s:g} s before it "
        f"begins until {protocol.window_s:g} s after it is due. An alarm after that is late: the "
        f"event stays missed, the alarm is {late}. Happenings of one kind and place that are less "
        f"than {protocol.join_gap_s:g} s apart are one event. {merged}"
    )


def footage_notes(score: Score) -> tuple[str, ...]:
    """Say what the length of the footage allows to claim about false alarms."""
    if not score.camera_hours:
        return ("No footage was scored: nothing can be said about false alarms.",)
    needed = (
        f"A claim of less than one false alarm per camera and day needs {CLEAN_DAYS_FOR_ONE} "
        "camera-days of footage without any."
    )
    footage = f"{rate(score.camera_hours)} camera-hours"
    if score.camera_hours < DAY_H:
        short = "less than one camera-day: figures per day are extrapolated and mean nothing"
        return (f"The footage is {footage}, {short} without their interval. {needed}",)
    alarms = counted(score.fp, "false alarm")
    return (f"The footage is {footage} with {alarms}. {needed}",)
