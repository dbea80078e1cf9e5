from hypothesis import given
from hypothesis import strategies as st

from detector.pipeline.backoff import Backoff, ReconnectSettings

unit = st.floats(0.0, 1.0)


@given(st.lists(st.tuples(st.floats(0.0, 100.0), st.booleans(), unit), max_size=50))
def test_a_wait_is_never_zero_and_never_above_the_cap(
    calls: list[tuple[float, bool, float]],
) -> None:
    settings = ReconnectSettings()
    drawn = iter([share for _, _, share in calls])
    backoff = Backoff(settings, lambda: next(drawn))

    for healthy_for_s, refused, _ in calls:
        wait_s = backoff.after_failure(healthy_for_s, refused=refused)
        assert settings.first_s * (1 - settings.jitter) <= wait_s <= settings.cap_s


def test_a_camera_that_connects_and_fails_at_once_is_not_hot_looped() -> None:
    backoff = Backoff(ReconnectSettings(jitter=0.0, cap_s=8.0), lambda: 0.0)

    waits_s = [backoff.after_failure(9.9) for _ in range(6)]

    assert waits_s == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert backoff.failures == 6


def test_ten_healthy_seconds_make_the_waits_short_again() -> None:
    backoff = Backoff(ReconnectSettings(jitter=0.0), lambda: 0.0)
    for _ in range(9):
        backoff.after_failure(0.0)

    assert backoff.after_failure(10.0) == 0.5
    assert backoff.failures == 1


def test_a_refused_password_is_retried_at_the_slowest_pace_so_that_the_account_is_not_locked() -> (
    None
):
    backoff = Backoff(ReconnectSettings(jitter=0.0), lambda: 0.0)

    assert backoff.after_failure(0.0, refused=True) == 30.0


def test_jitter_shortens_a_wait_by_its_share() -> None:
    assert Backoff(ReconnectSettings(jitter=0.5), lambda: 1.0).after_failure(0.0) == 0.25
