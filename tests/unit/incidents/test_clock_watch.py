from detector.incidents.clock_watch import ClockFault, ClockWatch
from detector.types import ClockReading, Reason


def off(offset_s: float) -> ClockReading:
    return ClockReading(offset_s, None, 0)


def test_a_clock_that_is_off_for_long_is_a_fault_with_value_and_limit() -> None:
    watch = ClockWatch(2.0)

    said = [watch.update(at_s, off(-3600.0)) for at_s in (0.0, 4.9, 5.0)]

    assert said == [None, None, ClockFault(-3600.0, 2.0)]
    assert ClockFault(-3600.0, 2.0).reason == Reason("clock offset (s)", -3600.0, 2.0)


def test_a_moment_is_no_fault() -> None:
    watch = ClockWatch(2.0)
    readings = [off(9.0), off(0.0), off(9.0), off(9.0)]
    assert [watch.update(4.0 * n, each) for n, each in enumerate(readings)] == [None] * 4


def test_a_fault_lasts_until_the_clock_was_right_for_a_while() -> None:
    watch = ClockWatch(2.0)
    for at_s in (0.0, 5.0):
        watch.update(at_s, off(9.0))

    said = [watch.update(at_s, off(0.0)) is None for at_s in (6.0, 15.9, 16.0)]

    assert said == [False, False, True]


def test_what_was_said_stays_while_nothing_is_known() -> None:
    watch = ClockWatch(2.0)
    for at_s in (0.0, 5.0):
        watch.update(at_s, off(9.0))

    assert watch.update(100.0, None) == ClockFault(9.0, 2.0)
