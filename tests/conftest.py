"""What all tests share."""

import os

import pytest
from hypothesis import settings

# A busy machine is no fault of the code: no example fails for its time.
settings.register_profile("detector", deadline=None)
settings.load_profile("detector")

LEAST_WORKERS = 4
"""Most of the time tests wait, for cameras and timers: two cores have work for so many."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Say how many workers ``-n auto`` starts."""
    return max(LEAST_WORKERS, len(os.sched_getaffinity(0)))
