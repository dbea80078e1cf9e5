"""Compares a report with an older one of the same footage, scored the same way.

The older report's 95 % intervals are the limits, and only getting worse fails: recall below the
lower Wilson bound, false alarms per camera-hour above the upper Poisson bound of the old figure.
This is one-sided on purpose: what got better needs no permission, and on the same recordings every
run gives the same figures, so that the interval stands for what the footage can tell, not for
chance between runs. It follows that small footage has wide limits: a kind that was told 5 times of
5 fails only below 0.57. Kinds with fewer events are not compared at all; they are in ``overall``.

Model and configuration may differ, they are what is compared. Footage and protocol may not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from detector.benchmark.report import AccuracyReport, Score
from detector.benchmark.wording import NOTHING, number, rate, words
from detector.errors import ConfigError, Problem

LEAST_EVENTS = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One figure, old and new.

    Attributes:
        name: which.
        old: of the older report.
        new: of the newer one; None where it has none any more, which fails.
        limit: the worst value that passes.
        passed: whether ``new`` is at the limit or better.
        is_rate: a rate of false alarms, else a share of events told.
    """

    name: str
    old: float
    new: float | None
    limit: float
    passed: bool
    is_rate: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """All figures that both reports have."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing got worse beyond its interval."""
        return all(check.passed for check in self.checks)


def read_report(path: Path) -> AccuracyReport:
    """Read a report as it was written.

    Raises:
        ConfigError: with every problem: file and key, what was expected, what was found.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else str(error)
        raise ConfigError(Problem(str(path), "a readable accuracy report", found)) from error
    try:
        return AccuracyReport.model_validate_json(text)
    except ValidationError as error:
        raise ConfigError(
            *(
                Problem(
                    f"{path} {'.'.join(str(step) for step in item['loc'])}".rstrip(),
                    item["msg"],
                    repr(item["input"])[:80],
                )
                for item in error.errors(include_url=False)
            )
        ) from error


def compare(old: AccuracyReport, new: AccuracyReport) -> Comparison:
    """Hold the new report's detector pass against the old one's intervals.

    Raises:
        ConfigError: the reports are of other footage, or scored another way.
    """
    problems = tuple(_differences(old, new))
    if problems:
        raise ConfigError(*problems)
    before, after = old.detector, new.detector
    kinds = {row.name: row.score for row in after.by_kind}
    checks = [
        *_recall("overall", before.overall, after.overall),
        *_recall("alerts", before.alerts, after.alerts),
    ]
    for row in before.by_kind:
        if row.score.events >= LEAST_EVENTS:
            checks += _recall(words(row.name), row.score, kinds.get(row.name))
    checks += _false_alarms("overall", before.overall, after.overall)
    checks += _false_alarms("alerts", before.alerts, after.alerts)
    return Comparison(tuple(checks))


def to_text(comparison: Comparison) -> str:
    """Write a comparison for the terminal, one line for each figure and one for the outcome."""
    width = max((len(check.name) for check in comparison.checks), default=0)
    lines = []
    for check in comparison.checks:
        write = rate if check.is_rate else number
        bound = "at most" if check.is_rate else "at least"
        new = NOTHING if check.new is None else write(check.new)
        verdict = "ok  " if check.passed else "FAIL"
        figures = f"{write(check.old)} -> {new} ({bound} {write(check.limit)})"
        lines.append(f"{verdict} {check.name:{width}}  {figures}")
    failed = sum(not check.passed for check in comparison.checks)
    if not comparison.checks:
        lines.append("The baseline has neither events nor footage: nothing was compared.")
    elif failed:
        lines.append(f"{failed} of {len(comparison.checks)} figures got worse than the baseline.")
    else:
        lines.append(f"All {len(comparison.checks)} figures are within the baseline's intervals.")
    return "\n".join(lines)


def _differences(old: AccuracyReport, new: AccuracyReport) -> Iterator[Problem]:
    """Say in which way two reports cannot be compared."""
    if old.dataset.sha256 != new.dataset.sha256:
        yield Problem(
            "baseline dataset.sha256",
            f"{new.dataset.sha256[:12]}, the footage that was scored now",
            f"{old.dataset.sha256[:12]} ({old.dataset.name})",
        )
    before, after = old.protocol.model_dump(), new.protocol.model_dump()
    for key, value in after.items():
        if before[key] != value:
            yield Problem(f"baseline protocol.{key}", f"{value}, as now", f"{before[key]}")


def _recall(name: str, old: Score, new: Score | None) -> Iterator[Check]:
    if old.recall is None or old.recall_ci95 is None:
        return
    limit, value = old.recall_ci95[0], None if new is None else new.recall
    passed = value is not None and value >= limit
    yield Check(f"PD, {name}", old.recall, value, limit, passed)


def _false_alarms(name: str, old: Score, new: Score) -> Iterator[Check]:
    if old.fa_per_camera_hour is None or old.fa_per_camera_hour_ci95 is None:
        return
    limit, value = old.fa_per_camera_hour_ci95[1], new.fa_per_camera_hour
    passed = value is not None and value <= limit
    title = f"false alarms per camera-hour, {name}"
    yield Check(title, old.fa_per_camera_hour, value, limit, passed, is_rate=True)
