from dataclasses import dataclass

from detector.pipeline.leap_guard import LeapGuard, running_s

HOUR, DAY = 3600.0, 86_400.0


@dataclass
class Clocks:
    wall_s: float = 1_700_000_000.0
    steady_s: float = 50.0

    def go_on(self, seconds: float, leap_s: float = 0.0) -> None:
        self.wall_s += seconds + leap_s
        self.steady_s += seconds

    def guard(self) -> LeapGuard:
        return LeapGuard(lambda: self.wall_s, lambda: self.steady_s)


def test_a_clock_that_goes_on_is_set_by_minutes_or_set_back_is_followed() -> None:
    clocks = Clocks()
    guard = clocks.guard()
    for leap_s in (0.0, 600.0, -600.0, 0.0, -10 * HOUR):
        clocks.go_on(400 * DAY, leap_s)
        assert guard.now() == clocks.wall_s


def test_after_a_leap_the_time_goes_on_without_it_for_a_day_and_then_it_counts() -> None:
    clocks = Clocks()
    guard = clocks.guard()
    clocks.go_on(60, leap_s=300 * DAY)
    assert guard.now() == clocks.wall_s - 300 * DAY
    clocks.go_on(DAY - 1)
    assert guard.now() == clocks.wall_s - 300 * DAY
    clocks.go_on(2)
    assert guard.now() == clocks.wall_s
    clocks.go_on(60)
    assert guard.now() == clocks.wall_s


def test_a_leap_that_is_set_right_is_over_at_once() -> None:
    clocks = Clocks()
    guard = clocks.guard()
    clocks.go_on(60, leap_s=2 * HOUR)
    assert guard.now() == clocks.wall_s - 2 * HOUR
    clocks.go_on(60, leap_s=-2 * HOUR)
    assert guard.now() == clocks.wall_s


def test_a_leap_after_the_clock_was_set_back_is_seen_from_there() -> None:
    clocks = Clocks()
    guard = clocks.guard()
    clocks.go_on(60, leap_s=-10 * HOUR)
    assert guard.now() == clocks.wall_s
    clocks.go_on(60, leap_s=2 * HOUR)
    assert guard.now() == clocks.wall_s - 2 * HOUR


def test_the_steady_clock_goes_on() -> None:
    assert 0 < running_s() <= running_s()
