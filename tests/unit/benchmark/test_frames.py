from typing import Any

import numpy as np
import pytest

from detector.benchmark.frames import Analysed, FrameScorer
from detector.benchmark.report import BoxScore, FrameScore
from detector.benchmark.truth import Truth
from detector.types import Detections, Tracks
from tests.scored import truth

Box = tuple[float, float, float, float]
MAN: Box = (100, 100, 140, 200)
FAR: Box = (300, 50, 308, 70)


def thing(who: int, box: Box | None, **more: Any) -> dict[str, Any]:
    return {"id": who, "class": "person", "visible": box, "amodal": box, "state": "walk"} | more


def real(*pictures: list[dict[str, Any]], **more: Any) -> Truth:
    frames = [
        {"frame": i, "t_s": i / 5, "objects": tuple(objects)} for i, objects in enumerate(pictures)
    ]
    return truth(frames=tuple(frames), duration_s=60.0, **more)


def seen(at_s: float, *boxes: tuple[Box, float], cls: int = 0, ids: bool = True) -> Analysed:
    xyxy = np.array([box for box, _ in boxes], np.float32).reshape(-1, 4)
    scores = np.array([score for _, score in boxes], np.float32)
    classes = np.full(len(boxes), cls, np.int64)
    track_id = np.arange(len(boxes), dtype=np.int64)
    tracks = Tracks(at_s, xyxy, scores, classes, track_id) if ids else Tracks.empty(at_s)
    return Analysed(at_s, Detections(xyxy, scores, classes), tracks)


def scored(real: Truth, *pictures: Analysed) -> FrameScore:
    scorer = FrameScorer()
    scorer.add(real, pictures)
    result = scorer.result()
    assert result is not None
    return result


def of(table: tuple[BoxScore, ...], name: str) -> BoxScore:
    (found,) = [row for row in table if row.name == name]
    return found


def test_a_box_on_a_person_is_right_and_one_beside_is_false() -> None:
    result = scored(real([thing(1, MAN)]), seen(0, (MAN, 0.9), ((400, 100, 440, 200), 0.5)))
    person = of(result.classes, "person")
    assert (person.boxes, person.recall, person.false_per_frame) == (1, 1.0, 1.0)
    assert person.ap50 == pytest.approx(1.0)


def test_two_boxes_on_one_person_are_one_right_and_one_false() -> None:
    result = scored(real([thing(1, MAN)]), seen(0, (MAN, 0.6), ((101, 101, 141, 201), 0.9)))
    person = of(result.classes, "person")
    assert (person.recall, person.false_per_frame) == (1.0, 1.0)


def test_who_can_hardly_be_seen_is_neither_to_be_found_nor_wrong_to_be_found() -> None:
    hidden = thing(1, MAN, visibility=0.1)
    result = scored(real([hidden]), seen(0, (MAN, 0.9)))
    person = of(result.classes, "person")
    assert (person.boxes, person.ap50, person.recall, person.false_per_frame) == (0, None, None, 0)


def test_a_box_may_frame_what_is_seen_or_all_of_a_person() -> None:
    half = thing(1, (100, 100, 140, 140), amodal=MAN, visibility=0.4)
    for box in ((100, 100, 140, 140), MAN):
        assert of(scored(real([half]), seen(0, (box, 0.9))).classes, "person").recall == 1.0


def test_small_people_need_less_overlap() -> None:
    # Moved by half its width: an overlap of a third.
    moved = (304, 50, 312, 70)
    tall_moved = (120, 100, 160, 200)
    small = scored(real([thing(1, FAR)]), seen(0, (moved, 0.9)))
    tall = scored(real([thing(1, MAN)]), seen(0, (tall_moved, 0.9)))
    assert of(small.classes, "person").recall == 1.0
    assert of(tall.classes, "person").recall == 0.0


def test_heights_states_and_conditions_have_their_rows() -> None:
    result = scored(
        real([thing(1, MAN, state="climb"), thing(2, FAR)], tags=("night", "night")),
        seen(0, (MAN, 0.9)),
    )
    assert [(row.name, row.recall) for row in result.by_height] == [
        ("16-24 px", 0.0),
        ("96-128 px", 1.0),
    ]
    assert of(result.by_state, "person climb").recall == 1.0
    assert of(result.by_state, "person walk").recall == 0.0
    assert of(result.by_tag, "person night").recall == 0.5


def test_a_ladder_is_not_found_by_a_person() -> None:
    ladder = thing(3, MAN, **{"class": "ladder"})
    assert of(scored(real([ladder]), seen(0, (MAN, 0.9))).classes, "ladder").recall == 0.0
    assert of(scored(real([ladder]), seen(0, (MAN, 0.9), cls=1)).classes, "ladder").recall == 1.0


def test_tracks_that_keep_to_their_people_are_perfect() -> None:
    pictures = [[thing(1, MAN), thing(2, FAR)]] * 5
    result = scored(real(*pictures), *[seen(i / 5, (MAN, 0.9), (FAR, 0.9)) for i in range(5)])
    assert result.mot is not None
    assert (result.mot.mota, result.mot.idf1, result.mot.id_switches) == (100, 100, 0)


def test_tracks_that_swap_people_are_switches() -> None:
    pictures = [[thing(1, MAN), thing(2, FAR)]] * 6
    straight = [seen(i / 5, (MAN, 0.9), (FAR, 0.9)) for i in range(3)]
    swapped = [seen(i / 5, (FAR, 0.9), (MAN, 0.9)) for i in range(3, 6)]
    result = scored(real(*pictures), *straight, *swapped)
    assert result.mot is not None
    assert result.mot.id_switches == 2
    assert result.mot.idf1 == pytest.approx(50)


def test_pictures_without_a_labelled_one_near_in_time_are_left_out() -> None:
    assert scored(real([thing(1, MAN)]), seen(0), seen(5.0)).frames == 1
    scorer = FrameScorer()
    scorer.add(truth(), [seen(0)])
    assert scorer.result() is None
