import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.types import F64
from detector.vision.settings import TilingSettings
from detector.vision.tiles import MAX_ZOOM, Heights, Region, Strip, TileSchedule, plan_tiles

FRAME, INPUT = (1920, 1080), (640, 384)
SETTINGS = TilingSettings()


def constant(height: float) -> Heights:
    return lambda feet: np.full(len(feet), height)


def by_distance(top: float, bottom: float) -> Heights:
    """A level ground: persons at the upper edge are ``top`` px tall, at the lower ``bottom``."""
    return lambda feet: top + (bottom - top) * feet[:, 1] / FRAME[1]


def zoom(tile: Region) -> float:
    return min(INPUT[0] / tile.size[0], INPUT[1] / tile.size[1])


def shown(tile: Region, feet: F64, height: float) -> bool:
    """Tell whether a person standing at ``feet`` is wholly within a tile."""
    x, y = feet
    low, high = max(0, x - height / 4), min(FRAME[0], x + height / 4)
    return (
        tile.left <= low
        and high <= tile.right
        and tile.top <= max(0, y - height)
        and y <= tile.bottom
    )


def test_people_whom_the_whole_frame_shows_large_enough_need_no_tiles() -> None:
    assert plan_tiles(FRAME, [Strip([(0, 900), (1900, 900)])], constant(130), INPUT, SETTINGS) == ()


def test_nothing_is_planned_where_heights_are_not_known() -> None:
    line = Strip([(0, 900), (1900, 900)])
    assert plan_tiles(FRAME, [line], constant(float("nan")), INPUT, SETTINGS) == ()


def test_nothing_is_planned_when_tiling_is_off_or_nothing_matters() -> None:
    off = TilingSettings(enabled=False)
    assert plan_tiles(FRAME, [Strip([(0, 900), (1900, 900)])], constant(30), INPUT, off) == ()
    assert plan_tiles(FRAME, [], constant(30), INPUT, SETTINGS) == ()


def test_a_strip_outside_the_frame_needs_no_tiles() -> None:
    assert plan_tiles(FRAME, [Strip([(0, -50), (1900, -50)])], constant(30), INPUT, SETTINGS) == ()


coordinates = st.tuples(st.integers(0, 1919), st.integers(100, 1079))


@given(
    points=st.lists(coordinates, min_size=2, max_size=5),
    top=st.floats(8, 60),
    bottom=st.floats(60, 400),
    smallest=st.floats(16, 80),
    where=st.floats(0, 1),
)
def test_everybody_on_the_strip_is_shown_wholly_and_large_enough(
    points: list[tuple[int, int]], top: float, bottom: float, smallest: float, where: float
) -> None:
    settings = TilingSettings(min_person_px=smallest)
    heights = by_distance(top, bottom)
    tiles = plan_tiles(FRAME, [Strip(points)], heights, INPUT, settings)
    line = np.array(points, np.float64)
    step = where * (len(line) - 1)
    at = line[int(step)] + (step - int(step)) * (
        line[min(int(step) + 1, len(line) - 1)] - line[int(step)]
    )
    height = float(heights(at[None])[0])
    wanted = (
        min(smallest, MAX_ZOOM * height) * 0.89
    )  # a tenth less is allowed, and tiles have whole pixels
    views = [Region.whole(FRAME), *tiles]
    assert any(shown(view, at, height) and height * zoom(view) >= wanted for view in views)


@given(points=st.lists(coordinates, min_size=3, max_size=3, unique=True), height=st.floats(10, 200))
def test_tiles_lie_within_the_frame_and_none_is_there_twice(
    points: list[tuple[int, int]], height: float
) -> None:
    tiles = plan_tiles(FRAME, [Strip(points, closed=True)], constant(height), INPUT, SETTINGS)
    assert len(set(tiles)) == len(tiles)
    for tile in tiles:
        assert 0 <= tile.left < tile.right <= FRAME[0]
        assert 0 <= tile.top < tile.bottom <= FRAME[1]


def test_the_inside_of_a_polygon_is_shown_too() -> None:
    square = Strip([(200, 300), (1700, 300), (1700, 1000), (200, 1000)], closed=True)
    tiles = plan_tiles(FRAME, [square], constant(40), INPUT, SETTINGS)
    middle = np.array([950.0, 650.0])
    assert any(shown(tile, middle, 40) for tile in tiles)


def test_the_farthest_people_come_first() -> None:
    line = Strip([(100, 1000), (1800, 200)])
    tiles = plan_tiles(FRAME, [line], by_distance(10, 200), INPUT, SETTINGS)
    assert len(tiles) >= 2
    assert zoom(tiles[0]) >= max(map(zoom, tiles)) - 0.01


def test_a_frame_smaller_than_the_input_is_left_whole() -> None:
    assert plan_tiles((32, 32), [Strip([(0, 20), (30, 20)])], constant(5), INPUT, SETTINGS) == ()


@given(count=st.integers(0, 9), budget=st.integers(1, 5))
def test_tiles_take_turns_within_the_budget_and_the_whole_frame_is_always_there(
    count: int, budget: int
) -> None:
    tiles = tuple(Region(n, 0, n + 10, 10) for n in range(count))
    schedule = TileSchedule(FRAME, tiles, budget)
    frames = [schedule.regions() for _ in range(schedule.period_frames)]
    assert all(regions[0] == Region.whole(FRAME) for regions in frames)
    assert all(len(regions) <= 1 + budget for regions in frames)
    assert all(len(set(regions)) == len(regions) for regions in frames)
    assert {tile for regions in frames for tile in regions[1:]} == set(tiles)


@pytest.mark.parametrize("wrong", [{"budget_per_frame": 0}, {"min_person_px": 0}, {"tile": 1}])
def test_unusable_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        TilingSettings.model_validate(wrong)


def test_every_tile_is_looked_at_once_where_frames_come_rarely() -> None:
    tiles = tuple(Region(10 * n, 0, 10 * n + 10, 10) for n in range(5))
    schedule = TileSchedule((100, 50), tiles, budget_per_frame=2)
    assert schedule.regions(every=True) == (Region.whole((100, 50)), *tiles)
    assert schedule.regions() == (Region.whole((100, 50)), *tiles[:2]), "turns go on as before"
