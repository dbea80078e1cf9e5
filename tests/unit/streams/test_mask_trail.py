"""What clips hide, by what was known of a camera's masks at the time."""

import numpy as np

from detector.streams import MaskTrail, PrivacyMasks

DRAWN = PrivacyMasks([[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]])


def shown(trail: MaskTrail, at: float) -> bool:
    """Whether anything of a picture that came then may be seen."""
    image = np.full((36, 64, 3), 200, np.uint8)
    trail.burn_at(image, at)
    return bool(image.any())


def judged(trail: MaskTrail, begin_at: float, end_at: float, masks: PrivacyMasks | None) -> None:
    for at in np.arange(begin_at, end_at + 0.1, 0.2):
        trail.note(float(at), masks)


def test_what_came_while_no_picture_was_judged_is_hidden() -> None:
    trail = MaskTrail()
    judged(trail, 1000.0, 1010.0, DRAWN)
    judged(trail, 1070.0, 1080.0, DRAWN)  # its stream was gone, the recorded one was not
    assert [shown(trail, at) for at in (1005.0, 1008.9)] == [True, True]
    assert [shown(trail, at) for at in (1009.5, 1011.5, 1040.0, 1069.5, 1070.5)] == [False] * 5
    assert [shown(trail, at) for at in (1071.5, 1079.0)] == [True, True]


def test_a_short_gap_between_two_judged_pictures_hides_nothing() -> None:
    trail = MaskTrail()
    judged(trail, 1000.0, 1010.0, DRAWN)
    judged(trail, 1014.0, 1020.0, DRAWN)
    assert shown(trail, 1012.0)


def test_a_clock_that_was_set_back_brings_no_earlier_masks_back() -> None:
    trail = MaskTrail()
    judged(trail, 1000.0, 1100.0, DRAWN)
    judged(trail, 1040.0, 1060.0, None)  # the camera was turned after the clock was set
    assert not any(shown(trail, at) for at in (1030.0, 1050.0, 1059.0, 1080.0))
    judged(trail, 1060.2, 1070.0, DRAWN)
    assert [shown(trail, at) for at in (1060.9, 1065.0)] == [False, True]


def test_the_first_picture_after_a_clock_was_set_back_is_no_beginning() -> None:
    trail = MaskTrail()
    judged(trail, 1000.0, 1100.0, None)
    judged(trail, 1040.0, 1060.0, DRAWN)
    assert [shown(trail, at) for at in (1039.5, 1040.5, 1050.0)] == [False, False, True]


def test_what_was_before_a_turn_that_is_forgotten_is_hidden() -> None:
    trail = MaskTrail(keep_s=60.0)
    judged(trail, 1000.0, 1010.0, None)
    judged(trail, 1010.2, 1080.0, DRAWN)
    assert [shown(trail, at) for at in (1010.0, 1010.5, 1012.0)] == [False, False, True]
