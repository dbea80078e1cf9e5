import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from detector.benchmark.statistics import (
    average_precision,
    f_score,
    height_at,
    poisson,
    quantile,
    wilson,
)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_of_a_probability_is_scipys(case: tuple[int, int]) -> None:
    hits, trials = case
    theirs = stats.binomtest(hits, trials).proportion_ci(method="wilson")
    ours = wilson(hits, trials)
    assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@given(st.integers(0, 60), st.floats(0.1, 1000))
def test_the_interval_of_a_rate_leaves_a_fortieth_on_each_side(count: int, hours: float) -> None:
    interval = poisson(count, hours)
    assert interval is not None
    low, high = (rate * hours for rate in interval)
    assert stats.poisson.cdf(count, high) == pytest.approx(0.025, rel=1e-6)
    if count:
        assert stats.poisson.sf(count - 1, low) == pytest.approx(0.025, rel=1e-6)
    else:
        assert low == 0


def test_no_footage_gives_no_rate_and_no_event_no_probability() -> None:
    assert poisson(0, 0.0) is None
    assert wilson(0, 0) is None
    assert f_score(None, 0.5, 1.0) is None


def test_the_published_numbers_of_sterile_zone_come_out() -> None:
    # STANDARDS A.5: F1 0.92 with P = R on 216 events is 199 found and 17 false.
    p = 199 / 216
    assert f_score(p, p, 1.0) == pytest.approx(0.92, abs=0.002)
    # STANDARDS A.3: 59 of 59 shows 95 % one-sided; the two-sided Wilson bound lies close below.
    interval = wilson(59, 59)
    assert interval is not None
    assert 0.93 < interval[0] < 0.95


@given(st.floats(0.01, 1), st.floats(0.01, 1))
def test_f_lies_between_precision_and_recall_and_leans_as_its_bias_says(p: float, r: float) -> None:
    values = [f_score(p, r, alpha) for alpha in (0.65, 1.0, 75.0)]
    inside = [min(p, r) - 1e-9 <= v <= max(p, r) + 1e-9 for v in values if v is not None]
    assert inside == [True] * 3
    assert f_score(p, r, 1e9) == pytest.approx(r, rel=1e-6)
    assert f_score(p, r, 1e-9) == pytest.approx(p, rel=1e-6)


@given(st.lists(st.floats(-100, 100), min_size=1), st.sampled_from([0.5, 0.9, 0.95]))
def test_quantiles_are_numpys(values: list[float], share: float) -> None:
    assert quantile(values, share) == pytest.approx(float(np.quantile(values, share)), abs=1e-9)


def test_missed_events_make_the_upper_quantiles_infinite() -> None:
    assert quantile([1.0, 2.0, math.inf], 0.5) == 2.0
    assert quantile([1.0, 2.0, math.inf], 0.9) == math.inf


def test_the_height_at_which_half_is_found_is_recovered() -> None:
    rng = np.random.default_rng(4)
    heights = rng.uniform(10, 120, 4000)
    chance = 1 / (1 + np.exp(-6 * (np.log(heights) - math.log(30))))
    found = (rng.random(4000) < chance).astype(float)
    assert height_at(0.5, heights, found) == pytest.approx(30, rel=0.06)
    assert height_at(0.9, heights, found) == pytest.approx(30 * math.exp(math.log(9) / 6), rel=0.08)


@pytest.mark.parametrize(
    "found",
    [np.ones(20), np.zeros(20), np.r_[np.ones(10), np.zeros(10)], np.r_[np.zeros(2), np.ones(3)]],
)
def test_no_height_is_claimed_where_the_data_do_not_say(found: np.ndarray) -> None:
    assert height_at(0.5, np.linspace(10, 100, len(found)), found) is None


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=12), st.integers(1, 6))
def test_average_precision_is_that_of_a_plain_reckoning(
    boxes: list[tuple[float, bool]], more: int
) -> None:
    truths = sum(right for _, right in boxes) + more
    ranked = sorted(boxes, key=lambda box: -box[0])
    points, hits = [], 0
    for rank, (_, right) in enumerate(ranked, start=1):
        hits += right
        points.append((hits / truths, hits / rank))
    plain = np.mean([max((p for r, p in points if r >= at / 100), default=0) for at in range(101)])
    scores = np.array([score for score, _ in boxes])
    right = np.array([float(r) for _, r in boxes])
    assert average_precision(scores, right, truths) == pytest.approx(plain, abs=0.011)


def test_average_precision_of_no_truth_is_unknown_and_of_no_box_nothing() -> None:
    none = np.zeros(0)
    assert average_precision(none, none, 0) is None
    assert average_precision(none, none, 3) == 0
