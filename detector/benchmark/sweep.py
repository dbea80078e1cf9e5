"""Detection over false alarms, by the score from which on alarms are believed."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from detector.benchmark.matching import Protocol
from detector.benchmark.report import Curve, CurvePoint
from detector.benchmark.scoring import Heard, judge, tally

MOST_POINTS = 60
RATES_PER_DAY = (0.1, 1.0, 10.0, 100.0)
CLEAN_DAYS = 3.0
"""Camera-days without a false alarm that show a rate of less than one a day at 95 %."""


def curve(heard: Sequence[Heard], protocol: Protocol) -> Curve:
    """Sweep the score of the alarms; each point is scored anew with the weaker ones dropped."""
    swept = (_point(heard, protocol, float(least)) for least in _scores(heard))
    points = [point for point in swept if point is not None]
    days = sum(h.hours for h in heard) / 24
    return Curve(
        points=tuple(points),
        pd_at={f"{rate:g}": _recall_at(points, rate, days) for rate in RATES_PER_DAY},
        operational_alert=max(points, key=lambda p: p.f0_65 or 0, default=None),
        event_recording=max(points, key=lambda p: p.f75 or 0, default=None),
    )


def _scores(heard: Sequence[Heard]) -> list[float]:
    """Give every score that an alarm has, thinned out evenly where there are many."""
    found = sorted({alarm.score for h in heard for alarm in h.alarms})
    if len(found) <= MOST_POINTS:
        return found
    return [found[i] for i in np.linspace(0, len(found) - 1, MOST_POINTS).astype(int)]


def _point(heard: Sequence[Heard], protocol: Protocol, least: float) -> CurvePoint | None:
    rules = replace(protocol, min_score=least)
    score = tally(judge(heard, rules), rules)
    if score.recall is None or score.fa_per_camera_day is None:
        return None
    return CurvePoint(
        min_score=least,
        recall=score.recall,
        precision=score.precision,
        fa_per_camera_day=score.fa_per_camera_day,
        f0_65=score.f0_65,
        f75=score.f75,
    )


def _recall_at(points: Sequence[CurvePoint], rate: float, days: float) -> float | None:
    """Give the best recall at no more than a rate; None where the footage cannot show the rate."""
    if days * rate < CLEAN_DAYS:
        return None
    return max((p.recall for p in points if p.fa_per_camera_day <= rate), default=0.0)
