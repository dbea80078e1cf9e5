from detector.incidents.pace import JUDGED_S, Pace


def test_a_camera_of_which_more_is_left_out_than_analysed_is_slow_from_when_that_began() -> None:
    pace = Pace()
    pace.count(5.0, 100, lambda: 40)  # whatever came before is not asked
    pace.count(5.0 + JUDGED_S, 110, lambda: 51)
    assert pace.slow_since_s == 5.0
    pace.count(5.0 + 2 * JUDGED_S, 120, lambda: 90)
    assert pace.slow_since_s == 5.0


def test_half_of_the_pictures_is_enough() -> None:
    pace = Pace()
    pace.count(0.0, 0, lambda: 0)
    pace.count(JUDGED_S, 25, lambda: 25)
    assert pace.slow_since_s is None


def test_a_short_stutter_is_none() -> None:
    pace = Pace()
    pace.count(0.0, 0, lambda: 0)
    pace.count(2.0, 0, lambda: 10)
    pace.count(JUDGED_S, 40, lambda: 10)
    assert pace.slow_since_s is None


def test_a_camera_that_keeps_up_again_is_no_longer_slow() -> None:
    pace = Pace()
    pace.count(0.0, 0, lambda: 0)
    pace.count(JUDGED_S, 10, lambda: 40)
    pace.count(1.5 * JUDGED_S, 35, lambda: 40)
    assert pace.slow_since_s == 0.0
    pace.count(2 * JUDGED_S, 60, lambda: 40)
    assert pace.slow_since_s is None


def test_a_camera_that_gives_nothing_is_not_called_slow() -> None:
    pace = Pace()
    pace.count(0.0, 7, lambda: 9)
    pace.count(JUDGED_S, 7, lambda: 9)
    assert pace.slow_since_s is None
