import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.geometry import (
    Anchor,
    bottom_centers,
    box_gaps,
    boxes_in_polygon,
    boxes_meet_polygon,
    fit_homography,
    ios,
    iou,
    last_cuts,
    offsets_to_polyline,
    points_in_polygon,
    project,
    self_crossing,
    upright,
)

LAW = settings(deadline=None)
coordinate = st.integers(-1000, 1000).map(float)
point = st.tuples(coordinate, coordinate)


@st.composite
def boxes(draw: st.DrawFn) -> list[float]:
    x, y = draw(point)
    width, height = draw(st.integers(1, 500)), draw(st.integers(1, 500))
    return [x, y, x + width, y + height]


@st.composite
def star_polygons(draw: st.DrawFn) -> np.ndarray:
    """Simple polygons: radii at rising angles around a middle."""
    radii = draw(st.lists(st.integers(10, 400), min_size=3, max_size=9))
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    middle = np.array(draw(point))
    return middle + np.array(radii)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)


@LAW
@given(boxes(), boxes(), point)
def test_overlap_is_symmetric_bounded_and_moves_along(
    a: list[float], b: list[float], shift: tuple[float, float]
) -> None:
    moved = np.array([a, b]) + np.array([*shift, *shift])
    for measure in (iou, ios):
        value = measure([a], [b])[0, 0]
        assert 0 <= value <= 1
        assert value == measure([b], [a])[0, 0]
        assert value == pytest.approx(measure(moved[:1], moved[1:])[0, 0])
    assert iou([a], [a])[0, 0] == pytest.approx(1)
    assert (box_gaps([a], [b])[0, 0] > 0) <= (iou([a], [b])[0, 0] == 0)


def test_boxes_without_area_overlap_with_nothing() -> None:
    assert iou([[1, 1, 1, 1]], [[1, 1, 1, 1]]).tolist() == [[0.0]]
    assert ios([[3, 3, 2, 2]], [[0, 0, 9, 9]]).tolist() == [[0.0]]


def test_no_boxes_give_empty_matrices() -> None:
    none = np.zeros((0, 4))
    assert iou(none, [[0, 0, 1, 1]]).shape == (0, 1)
    assert boxes_meet_polygon(none, [[0, 0], [1, 0], [0, 1]]).shape == (0,)
    assert offsets_to_polyline(np.zeros((0, 2)), [[0, 0], [1, 0]]).distance.shape == (0,)


@LAW
@given(star_polygons(), st.lists(point, min_size=1, max_size=20), st.integers(0, 8))
def test_a_zone_does_not_depend_on_winding_or_first_vertex(
    polygon: np.ndarray, points: list[tuple[float, float]], turn: int
) -> None:
    inside = points_in_polygon(points, polygon)
    turned = np.roll(polygon, turn % len(polygon), axis=0)
    assert (points_in_polygon(points, turned) == inside).all()
    assert (points_in_polygon(points, turned[::-1]) == inside).all()


@LAW
@given(star_polygons(), st.lists(point, min_size=1, max_size=20))
def test_nothing_is_inside_beyond_the_extent(
    polygon: np.ndarray, points: list[tuple[float, float]]
) -> None:
    low, high = polygon.min(axis=0) - 1e-6, polygon.max(axis=0) + 1e-6
    beyond = (np.array(points) < low).any(axis=1) | (np.array(points) > high).any(axis=1)
    assert not points_in_polygon(points, polygon)[beyond].any()


@LAW
@given(star_polygons(), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_the_border_of_a_zone_is_inside(polygon: np.ndarray, shares: list[float]) -> None:
    edges = np.roll(polygon, -1, axis=0) - polygon
    border = np.concatenate([polygon + share * edges for share in shares])
    assert points_in_polygon(border, polygon).all()
    assert boxes_meet_polygon(np.hstack([border, border]), polygon).all()


@LAW
@given(star_polygons(), boxes())
def test_a_box_whose_feet_or_middle_are_inside_meets_the_zone(
    polygon: np.ndarray, box: list[float]
) -> None:
    by_anchor = {anchor: boxes_in_polygon([box], polygon, anchor)[0] for anchor in Anchor}
    assert by_anchor[Anchor.ANY] >= by_anchor[Anchor.CENTER]
    assert by_anchor[Anchor.ANY] >= by_anchor[Anchor.BOTTOM_CENTER]


def test_a_zone_that_is_cut_by_a_box_without_corners_inside_is_met() -> None:
    cross = [[40, 0], [60, 0], [60, 100], [40, 100]]
    assert boxes_meet_polygon([[0, 45, 100, 55]], cross).tolist() == [True]
    assert boxes_meet_polygon([[0, -50, 200, 150]], cross).tolist() == [True]


@pytest.mark.parametrize("right", [400.0, 260.0])
def test_feet_are_not_clipped_into_a_zone(right: float) -> None:
    """Known fault: boxes were clipped to the polygon's extent before the anchor was taken."""
    square = [[100, 100], [200, 100], [200, 200], [100, 200]]
    assert bottom_centers([[150, 100, right, 180]])[0, 0] > 200
    for anchor in (Anchor.BOTTOM_CENTER, Anchor.CENTER):
        assert not boxes_in_polygon([[150, 100, right, 180]], square, anchor)[0]


@LAW
@given(
    st.lists(point, min_size=2, max_size=6, unique=True),
    st.lists(point, min_size=1, max_size=10),
)
def test_a_line_walked_backwards_has_the_same_distances_and_the_other_sides(
    line: list[tuple[float, float]], points: list[tuple[float, float]]
) -> None:
    there, back = offsets_to_polyline(points, line), offsets_to_polyline(points, line[::-1])
    assert there.distance == pytest.approx(back.distance)
    nearest_is_clear = np.abs(there.nearest - back.nearest).max(axis=1) < 1e-6
    assert (there.side == -back.side)[nearest_is_clear].all()


@pytest.mark.parametrize(
    ("foot", "side"),
    [((10, -5), 1), ((10, 5), -1), ((18, -2), 1), ((25, 5), -1), ((22, 2), -1), ((15, -12), 1)],
)
def test_the_side_at_a_corner_is_that_of_both_edges(foot: tuple[float, float], side: int) -> None:
    corner = [[0, 0], [20, 0], [20, -20]]
    assert offsets_to_polyline([foot], corner).side.tolist() == [side]


@LAW
@given(st.floats(0.01, 0.99), st.floats(-1.4, 1.4))
def test_around_a_sharp_tip_the_sides_do_not_flicker(radius: float, turn: float) -> None:
    """The tip of a narrow V is nearest to both edges: rounding must not choose the side."""
    v = [[-10.0, -1.0], [0.0, 0.0], [-10.0, 1.0]]
    tip = [radius * np.cos(turn), radius * np.sin(turn)]
    assert offsets_to_polyline([tip], v).side.tolist() == [1]


def test_a_point_on_the_line_or_on_its_prolongation_has_no_side() -> None:
    offsets = offsets_to_polyline([[5, 0], [-5, 0], [15, 0]], [[0, 0], [10, 0]])
    assert offsets.side.tolist() == [0, 0, 0]
    assert offsets.distance.tolist() == [0, 5, 5]


def test_a_point_above_the_horizon_has_no_distance_and_no_side() -> None:
    offsets = offsets_to_polyline([[np.nan, np.nan]], [[0, 0], [10, 0]])
    assert np.isnan(offsets.distance[0])
    assert offsets.side.tolist() == [0]


@LAW
@given(point, point, st.lists(point, min_size=2, max_size=5, unique=True))
def test_a_move_cuts_a_line_at_a_point_of_both(
    start: tuple[float, float],
    stop: tuple[float, float],
    line: list[tuple[float, float]],
) -> None:
    share = last_cuts([start], [stop], line)[0]
    if not np.isnan(share):
        cut = np.array(start) + share * (np.array(stop) - np.array(start))
        assert offsets_to_polyline([cut], line).distance[0] < 1e-6


def test_of_several_cuts_the_last_one_counts() -> None:
    line = [[2, -1], [2, 1], [6, 1], [6, -1]]
    assert last_cuts([[0, 0]], [[8, 0]], line).tolist() == [0.75]


def test_a_move_along_the_line_does_not_cut_it() -> None:
    assert np.isnan(last_cuts([[0, 0]], [[5, 0]], [[-5, 0], [9, 0]])[0])


@pytest.mark.parametrize(
    ("points", "closed", "edges"),
    [
        ([(0, 0), (1, 1), (1, 0), (0, 1)], True, (0, 2)),
        ([(0, 0), (2, 0), (1, 0), (1, 1)], True, (0, 1)),
        ([(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)], True, (0, 2)),
        ([(0, 0), (4, 0), (4, 4), (2, -1)], False, (0, 2)),
        ([(0, 0), (4, 0), (4, 2), (1, 0), (3, 0)], False, (0, 2)),
        ([(0, 0), (4, 0), (4, 4), (0, 4)], True, None),
        ([(0, 0), (4, 0)], False, None),
        ([(0, 0), (4, 0), (2, 1)], False, None),
        ([(0, 0), (4, 0), (2, 1), (2, 0.5)], True, None),
    ],
)
def test_crossing_edges_are_found(
    points: list[tuple[float, float]],
    closed: bool,  # noqa: FBT001  (a parameter of the table)
    edges: tuple[int, int] | None,
) -> None:
    assert self_crossing(points, closed=closed) == edges


@LAW
@given(star_polygons())
def test_a_star_does_not_cross_itself(polygon: np.ndarray) -> None:
    assert self_crossing([tuple(p) for p in polygon.tolist()], closed=True) is None


# --- homographies ------------------------------------------------------------------------------


def camera(
    focus: float, height_m: float, tilt: float, size: tuple[int, int] = (1280, 720)
) -> np.ndarray:
    """A (3, 4) camera at ``height_m`` looking along +Y and down by ``tilt``; X right, Z up."""
    sine, cosine = np.sin(tilt), np.cos(tilt)
    turn = np.array([[1, 0, 0], [0, -sine, -cosine], [0, cosine, -sine]])
    lens = np.array([[focus, 0, size[0] / 2], [0, focus, size[1] / 2], [0, 0, 1.0]])
    return lens @ np.column_stack([turn, turn @ np.array([0, 0, -height_m])])


def seen(view: np.ndarray, world: np.ndarray) -> np.ndarray:
    homogeneous = np.column_stack([world, np.ones(len(world))]) @ view.T
    return homogeneous[:, :2] / homogeneous[:, 2:]


GROUND = np.array([[-4, 8], [4, 8], [5, 20], [-5, 20], [0, 12.0], [3, 15]])

cameras = st.builds(camera, st.floats(600, 2500), st.floats(2, 12), st.floats(0.1, 0.6))


@LAW
@given(cameras)
def test_a_fitted_plane_gives_the_ground_back(view: np.ndarray) -> None:
    image = seen(view, np.column_stack([GROUND, np.zeros(len(GROUND))]))
    fit = fit_homography(image, GROUND)
    assert fit.target_error < 1e-4
    assert fit.source_error < 1e-3
    there = project(fit.matrix, seen(view, np.array([[1.0, 17.0, 0.0]])))
    assert there == pytest.approx(np.array([[1.0, 17.0]]), abs=1e-3)


@LAW
@given(cameras)
def test_one_plane_tells_how_high_a_person_is_seen(view: np.ndarray) -> None:
    image = seen(view, np.column_stack([GROUND, np.zeros(len(GROUND))]))
    fit = fit_homography(image, GROUND)
    vertical = upright(fit.inverse, (1280, 720), (0.0, 12.0))
    assert vertical is not None
    head = fit.inverse @ np.array([2.0, 14.0, 1.0]) + 1.7 * vertical
    assert head[:2] / head[2] == pytest.approx(
        seen(view, np.array([[2.0, 14.0, 1.7]]))[0], rel=1e-2, abs=1.0
    )


def test_a_plane_seen_straight_on_does_not_tell_the_focal_length() -> None:
    fit = fit_homography([[0, 0], [100, 0], [100, 100], [0, 100]], [[0, 0], [1, 0], [1, 1], [0, 1]])
    assert upright(fit.inverse, (100, 100), (0.5, 0.5)) is None


def test_points_beyond_the_horizon_are_nowhere() -> None:
    view = camera(1000.0, 5.0, 0.2)
    fit = fit_homography(seen(view, np.column_stack([GROUND, np.zeros(6)])), GROUND)
    horizon_y = 360 - 1000 * np.tan(0.2)
    assert np.isnan(project(fit.matrix, [[640, horizon_y - 5]])).all()
    assert not np.isnan(project(fit.matrix, [[640, horizon_y + 5]])).any()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([[0, 0], [1, 0], [1, 1]], "at least 4"),
        ([[0, 0], [1, 0], [2, 0], [3, 0]], "on one line"),
        ([[0, 0], [1, 0], [2, 0], [0, 1]], "on one line"),
        ([[1, 1], [1, 1], [1, 1], [1, 1]], "in one place"),
    ],
)
def test_a_degenerate_calibration_is_refused(source: list[list[float]], message: str) -> None:
    target = [[0, 0], [2, 0], [2, 2], [0, 2]][: len(source)]
    with pytest.raises(ValueError, match=message):
        fit_homography(source, target)
    if len(source) == 4:
        with pytest.raises(ValueError, match=message):
            fit_homography(target, source)


def test_points_on_both_sides_of_the_horizon_are_refused() -> None:
    twisted = [[0, 0], [1, 0], [0, 1], [1, 1]]
    with pytest.raises(ValueError, match="horizon"):
        fit_homography(twisted, [[0, 0], [1, 0], [1, 1], [0, 1]])
