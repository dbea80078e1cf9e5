import numpy as np
import pytest

from detector.types import F32, ObjectClass
from detector.vision.families import FAMILIES, Wanted
from detector.vision.families.end2end import UltralyticsEnd2End
from detector.vision.families.raw import UltralyticsRaw

PERSON, LADDER = ObjectClass.PERSON, ObjectClass.LADDER
WANTED = Wanted({0: PERSON, 2: LADDER}, {PERSON: 0.1, LADDER: 0.3}, nms_iou=0.7)
SIZE = (96, 64)
CELLS = 126
BRANCH = 30


def raw(*cells: tuple[int, list[float]]) -> F32:
    """An output in which the given cells hold (cx, cy, w, h, scores...)."""
    output = np.zeros((7, CELLS), np.float32)
    for index, values in cells:
        output[:, index] = values
    return output


def test_a_raw_head_gives_boxes_of_the_wanted_classes_by_confidence() -> None:
    found = UltralyticsRaw(SIZE, WANTED).decode(
        raw(
            (5, [20, 30, 10, 20, 0.4, 0, 0]),
            (9, [60, 30, 10, 20, 0, 0, 0.9]),
            (7, [80, 10, 4, 4, 0, 0.95, 0]),  # a class nobody asked for
        )
    )
    assert found.xyxy.tolist() == [[55, 20, 65, 40], [15, 20, 25, 40]]
    assert found.class_id.tolist() == [LADDER, PERSON]
    np.testing.assert_allclose(found.confidence, [0.9, 0.4])


def test_each_class_has_its_own_lowest_score() -> None:
    found = UltralyticsRaw(SIZE, WANTED).decode(
        raw((1, [20, 20, 9, 9, 0.2, 0, 0]), (2, [60, 20, 9, 9, 0, 0, 0.2]))
    )
    assert found.class_id.tolist() == [PERSON]


def test_a_cell_stands_for_its_best_class_even_if_that_is_not_wanted() -> None:
    found = UltralyticsRaw(SIZE, WANTED).decode(raw((1, [20, 20, 9, 9, 0.5, 0.6, 0])))
    assert len(found) == 0


def test_doubles_of_a_raw_head_are_suppressed_within_their_class_only() -> None:
    found = UltralyticsRaw(SIZE, WANTED).decode(
        raw(
            (1, [20, 20, 10, 10, 0.5, 0, 0]),
            (2, [20, 20, 10, 10.5, 0.8, 0, 0]),
            (3, [20, 20, 10, 10, 0, 0, 0.6]),
        )
    )
    np.testing.assert_allclose(found.confidence, [0.8, 0.6])


def test_an_end_to_end_head_gives_its_sure_rows_of_wanted_classes() -> None:
    rows = np.array(
        [
            [1, 2, 3, 4, 0.2, 0],
            [5, 6, 7, 8, 0.9, 2],
            [5, 6, 7, 8, 0.99, 1],  # not wanted
            [5, 6, 7, 8, 0.95, 70],  # a number beyond the wanted ones
            [5, 6, 7, 8, 0.25, 2],  # below its class's lowest score
        ],
        np.float32,
    )
    found = UltralyticsEnd2End(SIZE, WANTED).decode(rows)
    assert found.xyxy.tolist() == [[5, 6, 7, 8], [1, 2, 3, 4]]
    assert found.class_id.tolist() == [LADDER, PERSON]


def test_a_person_whom_an_end_to_end_head_gives_twice_is_one() -> None:
    """Seen on footage: two rows with an overlap of 0.94, both above the threshold."""
    rows = np.array(
        [
            [681.6, 125.9, 708.3, 190.4, 0.44, 0],
            [682.2, 126.9, 707.8, 190.3, 0.64, 0],
            [681.6, 125.9, 708.3, 190.4, 0.5, 2],
        ],
        np.float32,
    )
    np.testing.assert_allclose(
        UltralyticsEnd2End(SIZE, WANTED).decode(rows).confidence, [0.64, 0.5]
    )


@pytest.mark.parametrize(
    ("family", "shape", "fits"),
    [
        ("ultralytics-raw", (7, CELLS), True),
        ("ultralytics-raw", (84, CELLS), True),
        ("ultralytics-raw", (7, CELLS + BRANCH), True),
        ("ultralytics-raw", (7, 2 * CELLS), False),
        ("ultralytics-raw", (6, CELLS), False),  # too few classes for number 2
        ("ultralytics-raw", (7, 8400), False),
        ("ultralytics-raw", (300, 6), False),
        ("ultralytics-raw", (7,), False),
        ("ultralytics-end2end", (300, 6), True),
        ("ultralytics-end2end", (7, CELLS), False),
        ("ultralytics-end2end", (6,), False),
    ],
)
def test_an_output_of_another_shape_is_told(
    family: str,
    shape: tuple[int, ...],
    fits: bool,  # noqa: FBT001
) -> None:
    expected = FAMILIES[family](SIZE, WANTED).expected(shape)  # type: ignore[index]
    assert (expected == "") is fits
