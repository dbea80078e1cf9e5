"""How boxes move between two pictures: a Kalman filter whose time is seconds.

A box is four coordinates: centre x, centre y, width, height. Each is a filter of two states,
position and velocity, independent of the other three. The velocity is an Ornstein-Uhlenbeck
process: it keeps its value for about ``MEMORY_S`` and is forgotten afterwards. So

- a prediction over 3 s is the same as thirty over 0.1 s (the law is exact, not a step per picture),
- an unseen box coasts, slows down and stops; it never runs out of the picture,
- its uncertainty grows with seconds unseen, and the gate of the association with it.

All noise is in units of the box's own height: a person far away moves fewer pixels.

The closed form of the noise is that of an integrated Ornstein-Uhlenbeck process (Singer 1970,
"Estimating optimal tracking filter performance for manned maneuvering targets", one order lower).

A *state* is a (5, N, 4) float64 array: position, velocity and the three different entries of the
2x2 covariance (position, position-velocity, velocity), for N boxes and 4 coordinates.
"""

import numpy as np

from detector.types import F32, F64

MEMORY_S = 3.0
"""Time after which 63 % of a velocity is forgotten."""

SPEED = np.array([0.5, 0.2, 0.15, 0.08])
"""Standard deviation of the velocities, in box heights a second; a brisk walk is 0.8."""

MEASUREMENT = np.array([0.06, 0.05, 0.12, 0.09])
"""Standard deviation of a detector's coordinates, in box heights.

Twice the scatter that is measured from one picture to the next: detectors' errors last for several
pictures (half a body hidden), and a velocity must not believe them.
"""

JITTER = MEASUREMENT / 2
"""The part of it that is new in every picture, which is what the box given out is rid of."""

MIN_HEIGHT_PX = 4.0
"""Boxes are at least this high where their height is a unit; keeps the algebra finite."""


def to_center(xyxy: F32) -> F64:
    """Turn (N, 4) corners into (N, 4) float64 centre x, centre y, width, height."""
    corners = xyxy.astype(np.float64)
    low, high = corners[:, :2], corners[:, 2:]
    return np.concatenate(((low + high) / 2, high - low), axis=1)


def to_corners(center: F64) -> F32:
    """Turn (N, 4) centre x, centre y, width, height into (N, 4) float32 corners."""
    half = np.maximum(center[:, 2:], 0.0) / 2
    return np.concatenate((center[:, :2] - half, center[:, :2] + half), axis=1).astype(np.float32)


def _unit(height: F64) -> F64:
    """Box heights as a (N, 1) unit of length in pixels."""
    return np.maximum(height, MIN_HEIGHT_PX)[:, None]


def start(measured: F64) -> F64:
    """Give the state (5, N, 4) of (N, 4) boxes seen for the first time: velocity unknown."""
    unit = _unit(measured[:, 3])
    zero = np.zeros_like(measured)
    return np.stack((measured, zero, (unit * MEASUREMENT) ** 2, zero, (unit * SPEED) ** 2))


def predict(state: F64, elapsed_s: float) -> F64:
    """Move states (5, N, 4) forward by ``elapsed_s`` ≥ 0 seconds.

    For a constant height ``predict(predict(s, a), b)`` equals ``predict(s, a + b)``.
    """
    position, velocity, var_p, cov, var_v = state
    kept = np.exp(-elapsed_s / MEMORY_S)
    reach_s = MEMORY_S * (1.0 - kept)
    spread = (_unit(position[:, 3]) * SPEED) ** 2
    noise_p = MEMORY_S**2 * (2 * elapsed_s / MEMORY_S - 3.0 + 4.0 * kept - kept**2)
    noise_c = MEMORY_S * (1.0 - kept) ** 2
    noise_v = 1.0 - kept**2
    return np.stack(
        (
            position + reach_s * velocity,
            kept * velocity,
            var_p + 2 * reach_s * cov + reach_s**2 * var_v + spread * noise_p,
            kept * (cov + reach_s * var_v) + spread * noise_c,
            kept**2 * var_v + spread * noise_v,
        )
    )


def correct(state: F64, measured: F64) -> F64:
    """Take (N, 4) measured boxes into states (5, N, 4): the Kalman update per coordinate."""
    position, velocity, var_p, cov, var_v = state
    noise = (_unit(position[:, 3]) * MEASUREMENT) ** 2
    gain_p = var_p / (var_p + noise)
    gain_v = cov / (var_p + noise)
    surprise = measured - position
    rest = 1.0 - gain_p
    return np.stack(
        (
            position + gain_p * surprise,
            velocity + gain_v * surprise,
            # Joseph form: stays positive whatever the rounding
            rest**2 * var_p + gain_p**2 * noise,
            rest * cov,
            var_v - gain_v * cov,
        )
    )


def settle(state: F64, measured: F64) -> F64:
    """Give the (N, 4) boxes to show for predicted states (5, N, 4) and their measured boxes.

    Closer to the measurement than the filter's own position: that one resists errors that last,
    and would lag behind a person who turns.
    """
    position, _, var_p, _, _ = state
    gain = var_p / (var_p + (_unit(position[:, 3]) * JITTER) ** 2)
    return np.asarray(position + gain * (measured - position), np.float64)


def surprise(state: F64, measured: F64) -> tuple[F64, F64]:
    """Say how badly M measured boxes fit N states.

    Returns:
        (N, M) squared Mahalanobis distances (chi-squared with 4 degrees of freedom) and (N,)
        logarithms of how much wider the expectation is than that of a box seen just now.
    """
    position, _, var_p, _, _ = state
    noise = (_unit(position[:, 3]) * MEASUREMENT) ** 2
    variance = var_p + noise
    apart = measured[None, :, :] - position[:, None, :]
    distance = np.einsum("nmk,nk->nm", apart**2, 1.0 / variance)
    return distance, np.log(variance / (2 * noise)).sum(axis=1)
