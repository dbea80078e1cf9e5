"""The laws of the Kalman filter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.tracking import motion
from detector.types import F32, F64

seconds = st.floats(0, 20)
pixels = st.floats(-2000, 4000)
sizes = st.floats(0, 2000)
boxes = st.tuples(pixels, pixels, sizes, sizes).map(lambda box: np.array([box]))


def moving(center: tuple[float, ...], velocity: tuple[float, ...]) -> F64:
    state = motion.start(np.array([center]))
    state[1] = velocity
    return state


@given(boxes, st.tuples(pixels, pixels, pixels), seconds, seconds)
def test_one_long_step_equals_two_short_ones(
    box: F64, velocity: tuple[float, float, float], a: float, b: float
) -> None:
    state = motion.start(box)
    state[1, :, :3] = velocity  # the height stays: it is the unit of the noise
    at_once = motion.predict(state, a + b)
    in_two = motion.predict(motion.predict(state, a), b)
    np.testing.assert_allclose(in_two, at_once, rtol=1e-6, atol=1e-6)


@given(boxes)
def test_no_time_changes_nothing(box: F64) -> None:
    state = motion.start(box)
    np.testing.assert_allclose(motion.predict(state, 0.0), state, atol=1e-9)


@given(boxes, st.lists(st.tuples(boxes, seconds), max_size=20))
def test_a_covariance_stays_a_covariance_and_finite(
    box: F64, observations: list[tuple[F64, float]]
) -> None:
    state = motion.start(box)
    for measured, elapsed_s in observations:
        state = motion.correct(motion.predict(state, elapsed_s), measured)
        _, _, var_p, cov, var_v = state
        assert np.isfinite(state).all()
        assert (var_p > 0).all()
        assert (var_v > 0).all()
        assert (cov**2 <= var_p * var_v * (1 + 1e-9)).all()


@given(boxes, boxes, seconds)
def test_the_corrected_position_lies_between_expectation_and_measurement(
    box: F64, measured: F64, elapsed_s: float
) -> None:
    expected = motion.predict(motion.start(box), elapsed_s)
    position = motion.correct(expected, measured)[0]
    assert (position >= np.minimum(expected[0], measured) - 1e-6).all()
    assert (position <= np.maximum(expected[0], measured) + 1e-6).all()


@given(boxes, boxes, seconds)
def test_the_box_shown_lies_between_the_filters_and_the_measured_one(
    box: F64, measured: F64, elapsed_s: float
) -> None:
    expected = motion.predict(motion.start(box), elapsed_s)
    settled, filtered = motion.settle(expected, measured), motion.correct(expected, measured)[0]
    assert (np.abs(settled - measured) <= np.abs(filtered - measured) + 1e-6).all()


def test_the_closed_form_of_the_noise_agrees_with_a_simulation() -> None:
    rng = np.random.default_rng(7)
    speed, steps, step_s = 0.8, 200, 0.01
    kept = np.exp(-step_s / motion.MEMORY_S)
    velocity = rng.normal(0, speed, 20_000)
    position = np.zeros_like(velocity)
    for _ in range(steps):
        following = kept * velocity + rng.normal(0, speed * np.sqrt(1 - kept**2), len(velocity))
        position += step_s * (velocity + following) / 2
        velocity = following
    state = motion.start(np.array([[0.0, 0.0, 1.0, motion.MIN_HEIGHT_PX]]))
    state[2] = 0.0
    predicted = motion.predict(state, steps * step_s)
    unit = motion.MIN_HEIGHT_PX * motion.SPEED[0] / speed
    assert predicted[2, 0, 0] == pytest.approx(position.var() * unit**2, rel=0.05)
    assert predicted[3, 0, 0] == pytest.approx((position * velocity).mean() * unit**2, rel=0.05)
    assert predicted[4, 0, 0] == pytest.approx(velocity.var() * unit**2, rel=0.05)


def test_an_unseen_box_coasts_and_stops() -> None:
    state = moving((100.0, 100.0, 30.0, 80.0), (60.0, 0.0, 0.0, 0.0))
    after_half_a_second = motion.predict(state, 0.5)[0, 0, 0]
    after_a_minute = motion.predict(state, 60.0)[0, 0, 0]
    assert 120 < after_half_a_second < 130
    assert after_a_minute == pytest.approx(100 + 60 * motion.MEMORY_S)


def test_uncertainty_grows_with_seconds_not_with_calls() -> None:
    state = motion.start(np.array([[100.0, 100.0, 30.0, 80.0]]))
    often = state
    for _ in range(50):
        often = motion.predict(often, 0.02)
    np.testing.assert_allclose(often, motion.predict(state, 1.0), rtol=1e-9)


@given(
    st.tuples(pixels, pixels, st.floats(0.5, 2000), st.floats(0.5, 2000)).map(
        lambda box: np.array([[box[0], box[1], box[0] + box[2], box[1] + box[3]]], np.float32)
    )
)
def test_corners_survive_the_round_trip(xyxy: F32) -> None:
    back = motion.to_corners(motion.to_center(xyxy))
    np.testing.assert_allclose(back, xyxy, rtol=1e-5, atol=1e-2)


def test_a_box_never_turns_inside_out() -> None:
    corners = motion.to_corners(np.array([[10.0, 10.0, -3.0, -5.0]]))
    assert (corners == 10).all()
