import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detector.geometry import iou
from detector.types import Detections, ObjectClass
from detector.vision.merge import SAME_IOU, merge
from detector.vision.tiles import Region

FRAME = (1920, 1080)
WHOLE = Region.whole(FRAME)
LEFT = Region(0, 300, 800, 780)
RIGHT = Region(700, 300, 1500, 780)
BELOW = Region(0, 700, 800, 1080)


def found(*boxes: tuple[float, ...], score: float = 0.8, object_class: int = 0) -> Detections:
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    count = len(xyxy)
    return Detections(xyxy, np.full(count, score, np.float32), np.full(count, object_class))


def seen_in(region: Region, *boxes: tuple[float, ...], score: float = 0.8) -> Detections:
    """What a perfect detector finds in a region: every box of which it shows at least a third."""
    shown = []
    for box in boxes:
        low = np.maximum(box[:2], (region.left, region.top))
        high = np.minimum(box[2:], (region.right, region.bottom))
        part = np.prod(np.maximum(high - low, 0))
        if part >= np.prod(np.subtract(box[2:], box[:2])) / 3:
            shown.append((*(low - (region.left, region.top)), *(high - (region.left, region.top))))
    return found(*shown, score=score)


def close(one: Detections, *boxes: tuple[float, ...]) -> bool:
    return np.allclose(np.sort(one.xyxy, axis=0), np.sort(np.array(boxes), axis=0), atol=0.01)


persons = st.builds(
    lambda x, y, h, slim: (x, y, x + h * slim, y + h),
    st.floats(0, 1700),
    st.floats(0, 800),
    st.floats(20, 250),
    st.floats(0.25, 0.8),
)


@st.composite
def regions(draw: st.DrawFn) -> Region:
    left, top = draw(st.integers(0, 1500)), draw(st.integers(0, 800))
    width, height = draw(st.integers(200, 900)), draw(st.integers(150, 600))
    return Region(left, top, min(left + width, 1920), min(top + height, 1080))


def test_nothing_seen_gives_nothing() -> None:
    assert len(merge(FRAME, [])) == 0
    assert len(merge(FRAME, [(WHOLE, Detections.empty()), (LEFT, Detections.empty())])) == 0


def test_boxes_of_a_tile_come_out_in_pixels_of_the_frame() -> None:
    assert close(merge(FRAME, [(RIGHT, found((10, 20, 30, 60)))]), (710, 320, 730, 360))


@given(person=persons, tiles=st.lists(regions(), max_size=4))
def test_a_person_whom_the_whole_frame_shows_comes_out_once_and_whole(
    person: tuple[float, ...], tiles: list[Region]
) -> None:
    seen = [(region, seen_in(region, person, score=0.9)) for region in tiles]
    seen.insert(0, (WHOLE, seen_in(WHOLE, person, score=0.3)))
    assert close(merge(FRAME, seen), seen[0][1].xyxy[0])


def test_a_person_cut_by_a_border_comes_out_once_as_the_whole_box() -> None:
    person = (760, 400, 840, 600)
    seen = [(WHOLE, seen_in(WHOLE, person, score=0.4)), (LEFT, seen_in(LEFT, person, score=0.9))]
    assert close(merge(FRAME, seen), person)


def test_two_parts_of_a_person_whom_only_tiles_show_become_one() -> None:
    person = (680, 400, 820, 600)  # wider than what the tiles have in common
    seen = [
        (WHOLE, Detections.empty()),
        (LEFT, seen_in(LEFT, person)),
        (RIGHT, seen_in(RIGHT, person)),
    ]
    assert [len(part) for _, part in seen] == [0, 1, 1]
    assert close(merge(FRAME, seen), person)


def test_two_parts_across_a_lower_border_become_one() -> None:
    person = (300, 640, 380, 840)
    seen = [(LEFT, seen_in(LEFT, person)), (BELOW, seen_in(BELOW, person))]
    assert [len(part) for _, part in seen] == [1, 1]
    assert close(merge(FRAME, seen), person)


def test_two_people_on_both_sides_of_an_overlap_stay_two() -> None:
    one, two = (740, 400, 820, 600), (640, 400, 730, 600)  # each is cut by one tile only
    seen = [(LEFT, seen_in(LEFT, one, two)), (RIGHT, seen_in(RIGHT, one, two))]
    assert len(merge(FRAME, seen)) == 2


def test_a_person_and_a_ladder_in_the_same_place_stay_two() -> None:
    box = (100, 100, 150, 200)
    seen = [
        (WHOLE, found(box)),
        (LEFT, found((100, -200, 150, -100), object_class=ObjectClass.LADDER)),
    ]
    assert len(merge(FRAME, seen)) == 2


def test_people_whom_one_region_tells_apart_are_never_merged() -> None:
    close_together = found((100, 100, 150, 200), (105, 100, 155, 200))
    assert len(merge(FRAME, [(WHOLE, close_together), (LEFT, Detections.empty())])) == 2


def test_a_tile_that_tells_two_people_apart_wins_over_a_frame_that_does_not() -> None:
    one, two = (300, 400, 330, 480), (335, 400, 365, 480)
    seen = [(WHOLE, found((300, 400, 365, 480), score=0.4)), (LEFT, seen_in(LEFT, one, two))]
    assert close(merge(FRAME, seen), one, two)


@given(st.lists(persons, max_size=5), st.lists(regions(), max_size=4), st.randoms())
def test_the_order_of_the_tiles_does_not_matter(
    people: list[tuple[float, ...]], tiles: list[Region], random: object
) -> None:
    seen = [
        (region, seen_in(region, *people, score=0.5 + 0.1 * number))
        for number, region in enumerate((WHOLE, *tiles))
    ]
    shuffled = seen.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = merge(FRAME, seen), merge(FRAME, shuffled)
    assert sorted(map(tuple, one.xyxy.tolist())) == sorted(map(tuple, other.xyxy.tolist()))


@given(st.lists(persons, max_size=6), st.lists(regions(), max_size=4))
def test_there_are_no_double_boxes_and_nobody_is_invented(
    people: list[tuple[float, ...]], tiles: list[Region]
) -> None:
    apart = [p for n, p in enumerate(people) if not (iou([p], people[:n] or [p[:2] * 2]) > 0).any()]
    seen = [(region, seen_in(region, *apart)) for region in (WHOLE, *tiles)]
    out = merge(FRAME, seen)
    assert len(out) == len(apart)
    overlaps = iou(out.xyxy, out.xyxy) - np.eye(len(out))
    assert not (overlaps > SAME_IOU).any()
    assert (np.diff(out.confidence) <= 0).all()
