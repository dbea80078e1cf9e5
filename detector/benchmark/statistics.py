"""The formulas: rates with their intervals, F with a recall bias, quantiles, height at a rate."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import optimize, stats

from detector.types import F64

Z95 = 1.959963984540054
"""Two-sided 95 % quantile of the normal distribution."""
_RIDGE = 1e-3


def ratio(part: float, whole: float) -> float | None:
    """Give a share, None of nothing.

    >>> ratio(1, 4), ratio(0, 0)
    (0.25, None)
    """
    return part / whole if whole else None


def wilson(hits: int, trials: int) -> tuple[float, float] | None:
    """Give the 95 % interval of a probability (Wilson 1927); None without a trial.

    >>> low, high = wilson(9, 10)
    >>> round(low, 3), round(high, 3)
    (0.596, 0.982)
    """
    if not trials:
        return None
    p, z2 = hits / trials, Z95**2
    centre = (p + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = p * (1 - p) / trials + z2 / (4 * trials**2)
    half = Z95 * math.sqrt(spread) / (1 + z2 / trials)
    return max(0.0, centre - half), min(1.0, centre + half)


def poisson(count: int, exposure: float) -> tuple[float, float] | None:
    """Give the exact 95 % interval of a rate (Garwood 1936); None without exposure.

    >>> low, high = poisson(0, 24.0)
    >>> low, round(high * 24, 3)
    (0.0, 3.689)
    """
    if exposure <= 0:
        return None
    low = float(stats.chi2.ppf(0.025, 2 * count)) / 2 if count else 0.0
    high = float(stats.chi2.ppf(0.975, 2 * count + 2)) / 2
    return low / exposure, high / exposure


def f_score(precision: float | None, recall: float | None, alpha: float) -> float | None:
    """Give F with the recall bias of i-LIDS: ``(alpha + 1) R P / (R + alpha P)``.

    This is F-beta with beta squared = alpha: 1 is F1, below 1 favours precision.

    >>> round(f_score(0.5, 1.0, 1.0), 3), round(f_score(0.5, 1.0, 75.0), 3)
    (0.667, 0.987)
    """
    if precision is None or recall is None:
        return None
    below = recall + alpha * precision
    return (alpha + 1) * recall * precision / below if below else 0.0


def quantile(values: Sequence[float], share: float) -> float | None:
    """Give a quantile by linear interpolation; None of nothing, infinite where it falls on one.

    >>> quantile([1.0, 2.0, 3.0], 0.5), quantile([1.0, math.inf], 0.95)
    (2.0, inf)
    """
    if not values:
        return None
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low, high = ordered[math.floor(at)], ordered[math.ceil(at)]
    if math.isinf(high):
        return low if at == math.floor(at) else high
    return low + (high - low) * (at - math.floor(at))


def height_at(rate: float, heights_px: F64, found: F64) -> float | None:
    """Give the height in pixels at which the probability of being found reaches ``rate``.

    Fits logit P = b0 + b1 ln(height) by maximum likelihood with a faint ridge on b1.

    Args:
        rate: 0..1, exclusive.
        heights_px: (N,) positive.
        found: (N,) 0 or 1.

    Returns:
        None where the data do not say: fewer than ten, all or none found, or taller people are
        not found more often, or the height is outside of twice the range that was seen.
    """
    if len(heights_px) < 10 or not 0 < found.mean() < 1:  # noqa: PLR2004
        return None
    x = np.log(heights_px)
    middle = float(x.mean())

    def loss(b: F64) -> float:
        z = b[0] + b[1] * (x - middle)
        return float(np.logaddexp(0, z).sum() - (found * z).sum() + _RIDGE * b[1] ** 2)

    b0, b1 = optimize.minimize(loss, np.zeros(2), method="BFGS").x
    if b1 <= 0:
        return None
    at = math.exp(middle + (math.log(rate / (1 - rate)) - b0) / b1)
    inside = heights_px.min() / 2 <= at <= heights_px.max() * 2
    return float(at) if inside else None


def average_precision(scores: F64, right: F64, truths: int) -> float | None:
    """Give the average precision, interpolated at 101 recalls as COCO does.

    Args:
        scores: (N,) of all boxes that count.
        right: (N,) 1 for a box that found a truth, 0 for one that did not.
        truths: number of true boxes.

    Returns:
        0..1, None where there is no truth.
    """
    if not truths:
        return None
    if not len(scores):
        return 0.0
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    precision = hits / np.arange(1, len(order) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    recall = hits / truths
    at = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.append(envelope, 0.0)[at].mean())
