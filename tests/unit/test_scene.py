from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from detector.errors import ConfigError
from detector.geometry import Anchor
from detector.scene import (
    BarrierSettings,
    CalibrationSettings,
    MeasuredGround,
    Scene,
    ZoneSettings,
)
from detector.scene.ground import scale_line
from detector.types import ObjectClass

SIZE = (1000, 500)
SQUARE = [[0.1, 0.2], [0.5, 0.2], [0.5, 0.8], [0.1, 0.8]]
# A camera 5 m up that looks along +Y and 0.3 rad down, focal length 1000 px: y in metres, x across.
FOCUS, UP_M, TILT = 1000.0, 5.0, 0.3


def seen(x: float, y: float, z: float = 0.0) -> tuple[float, float]:
    """Where a world point is in the picture, px."""
    depth = y * np.cos(TILT) - (z - UP_M) * np.sin(TILT)
    below = -(z - UP_M) * np.cos(TILT) - y * np.sin(TILT)
    return float(500 + FOCUS * x / depth), float(250 + FOCUS * below / depth)


def relative(*points: tuple[float, float]) -> list[tuple[float, float]]:
    return [(x / SIZE[0], y / SIZE[1]) for x, y in points]


def calibration(*, mirrored: bool = False) -> CalibrationSettings:
    ground = [(-3, 14), (3, 14), (4, 25), (-4, 25), (0, 18)]
    return CalibrationSettings.model_validate(
        {
            "points": [
                {
                    "image": relative(seen(*point))[0],
                    "ground": (-point[0] if mirrored else point[0], point[1]),
                }
                for point in ground
            ]
        }
    )


def person(x: float, y: float) -> list[float]:
    """The box of a standing person in that camera."""
    foot, head = seen(x, y), seen(x, y, 1.7)
    return [foot[0] - 15, head[1], foot[0] + 15, foot[1]]


# --- settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "coordinates",
    [
        SQUARE,
        "0.1,0.2,0.5,0.2,0.5,0.8,0.1,0.8",
        ["0.1,0.2", "0.5,0.2", "0.5,0.8", "0.1,0.8"],
        [(0.1, 0.2), (0.5, 0.2), (0.5, 0.8), (0.1, 0.8)],
    ],
)
def test_a_zone_is_written_as_pairs_or_as_in_frigate(coordinates: Any) -> None:
    zone = ZoneSettings.model_validate({"coordinates": coordinates})
    assert [list(point) for point in zone.coordinates] == SQUARE


def test_one_object_may_be_written_without_a_list() -> None:
    zone = ZoneSettings.model_validate({"coordinates": SQUARE, "objects": "person"})
    assert zone.objects == ("person",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"coordinates": [[0, 0], [1.2, 0], [1, 1]]}, "less than or equal to 1"),
        ({"coordinates": [[0, 0], [-0.1, 0], [1, 1]]}, "greater than or equal to 0"),
        ({"coordinates": [[0, 0], ["nan", 0], [1, 1]]}, "coordinates"),
        ({"coordinates": "0,0,1,0,1"}, "pairs of numbers"),
        ({"coordinates": "0,0,x,0,1,1"}, "valid number"),
        ({"coordinates": 7}, "tuple"),
        ({"coordinates": [[0, 0], [1, 1]]}, "at least 3 distinct points, found 2"),
        ({"coordinates": [[0, 0], [1, 1], [0, 0]]}, "at least 3 distinct points, found 2"),
        ({"coordinates": [[0, 0], [1, 0], [1, 0], [1, 1]]}, "every point once"),
        ({"coordinates": [[0, 0], [1, 1], [1, 0], [0, 1]]}, "found edges 1 and 3"),
        ({"objects": ["car"]}, "person"),
        ({"cordinates": SQUARE}, "Extra inputs"),
        ({"loitering_time": -1}, "greater than or equal to 0"),
    ],
)
def test_a_zone_that_cannot_be_used_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ZoneSettings.model_validate({"coordinates": SQUARE} | change)


FOOT, TOP = [[0.1, 0.8], [0.9, 0.7]], [[0.1, 0.5], [0.9, 0.5]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": [[0.1, 0.1]]}, "at least 2 distinct points, found 1"),
        ({"points": [[0.1, 0.1], [0.1, 0.1]]}, "at least 2 distinct points, found 1"),
        ({"points": [[0, 0], [1, 0], [1, 1], [0.5, 0], [0, 1]]}, "found edges 1 and 3"),
        ({"top": [[0.1, 0.5]]}, "top: expected at least 2"),
        ({"top": TOP[::-1]}, "drawn the same way"),
        ({"height_m": 3}, "expected a top line"),
        ({"see_through": False}, "expected a top line"),
        ({"top": [*TOP, [0.95, 0.5]], "height_m": 3}, "one point above each of the 2"),
        ({"top": [[0.1, 0.9], [0.9, 0.95]], "height_m": 3}, "found one below"),
        ({"sides": {"left": "us", "right": "us"}}, "two different names"),
        ({"sides": {"left": ""}}, "at least 1 character"),
        ({"strip_m": 0}, "greater than 0"),
    ],
)
def test_a_barrier_that_cannot_be_used_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        BarrierSettings.model_validate({"points": FOOT} | change)


@pytest.mark.parametrize(
    ("image", "ground", "message"),
    [
        ([[0, 0], [1, 0], [1, 1]], None, "at least 4"),
        ([[0, 0], [0.5, 0], [1, 0], [0.2, 0]], None, "on one line"),
        ([[0, 0], [1, 0], [1, 1], [0, 0]], None, "every image point once"),
        ([[0, 0], [1, 0], [1, 1], [0, 1]], [[0, 0], [9, 0], [9, 9], [0, 0]], "every ground point"),
    ],
)
def test_a_degenerate_calibration_is_refused(
    image: list[list[float]], ground: list[list[float]] | None, message: str
) -> None:
    world = ground or [[0, 0], [9, 0], [9, 9], [0, 9]]
    points = [{"image": i, "ground": g} for i, g in zip(image, world, strict=False)]
    with pytest.raises(ValidationError, match=message):
        CalibrationSettings.model_validate({"points": points})


def test_settings_round_trip_through_json_and_have_a_schema() -> None:
    for settings in (
        ZoneSettings.model_validate({"coordinates": SQUARE}),
        BarrierSettings.model_validate({"points": FOOT, "top": TOP, "height_m": 3}),
        calibration(),
    ):
        kind = type(settings)
        assert kind.model_validate_json(settings.model_dump_json()) == settings
        assert TypeAdapter(kind).json_schema()["additionalProperties"] is False


# --- zones and barriers ------------------------------------------------------------------------


def test_a_zone_is_drawn_in_the_pixels_of_the_frame() -> None:
    zone = Scene.build(SIZE, {"a": ZoneSettings.model_validate({"coordinates": SQUARE})}, {}).zones[
        "a"
    ]
    assert zone.polygon.tolist() == [[100, 100], [500, 100], [500, 400], [100, 400]]
    assert not zone.polygon.flags.writeable
    boxes = np.array([[490, 300, 530, 390], [480, 350, 500, 420]])
    assert zone.contains(boxes).tolist() == [False, False]
    assert zone.contains(boxes, Anchor.CENTER).tolist() == [False, True]
    assert zone.contains(boxes, Anchor.ANY).tolist() == [True, True]


def test_a_zone_wants_the_objects_it_names() -> None:
    named = ZoneSettings.model_validate({"coordinates": SQUARE, "objects": ["ladder"]})
    scene = Scene.build(
        SIZE, {"n": named, "any": ZoneSettings.model_validate({"coordinates": SQUARE})}, {}
    )
    assert scene.zones["n"].wants(ObjectClass.LADDER)
    assert not scene.zones["n"].wants(ObjectClass.PERSON)
    assert scene.zones["any"].wants(ObjectClass.PERSON)


def fence(**settings: Any) -> BarrierSettings:
    return BarrierSettings.model_validate({"points": FOOT} | settings)


def test_heights_are_measured_from_foot_and_top() -> None:
    scene = Scene.build(SIZE, {}, {"a": fence(top=TOP), "b": fence()})
    barrier, open_line = scene.barriers["a"], scene.barriers["b"]
    points = [[100, 390], [900, 340], [500, 240], [950, 300]]
    assert barrier.above_foot(points) == pytest.approx([10, 10, 135, np.nan], nan_ok=True)
    assert barrier.above_top(points) == pytest.approx([-140, -90, 10, np.nan], nan_ok=True)
    assert np.isnan(open_line.above_top(points)).all()
    assert barrier.on_face(points).tolist() == [True, True, False, False]
    assert not open_line.on_face(points).any()


def test_a_barrier_along_the_view_has_no_heights_over_it() -> None:
    scene = Scene.build(SIZE, {}, {"a": fence(points=[[0.5, 0.1], [0.52, 0.9]])})
    assert np.isnan(scene.barriers["a"].above_foot([[510, 200]])).all()


def test_the_sides_of_a_barrier_have_names() -> None:
    sides = {"left": "outside", "right": "inside"}
    barrier = Scene.build(SIZE, {}, {"a": fence(sides=sides)}).barriers["a"]
    assert [barrier.side_name(side) for side in (1, -1, 0)] == ["outside", "inside", ""]


# --- the ground --------------------------------------------------------------------------------


@pytest.mark.parametrize("mirrored", [False, True])
def test_ground_points_give_metres_and_sides(mirrored: bool) -> None:  # noqa: FBT001
    line = fence(points=relative(seen(-3, 16), seen(3, 16)))
    scene = Scene.build(SIZE, {}, {"a": line}, calibration(mirrored=mirrored))
    assert not scene.estimated
    feet = np.array([seen(0, 20), seen(1, 14), seen(5, 16)])
    offsets = scene.offsets(scene.barriers["a"], feet, np.ones(3))
    assert offsets.distance == pytest.approx([4, 2, 2], abs=1e-4)
    assert offsets.side[:2].tolist() == [1, -1]  # from left to right: far is left
    apart = scene.separations_m([seen(0, 15)], [seen(3, 19)], np.ones(1))
    assert apart == pytest.approx([5], abs=1e-4)


def test_ground_points_tell_how_high_persons_are_seen() -> None:
    scene = Scene.build(SIZE, {}, {}, calibration())
    for place in ((0, 14), (2, 18), (-3, 25)):
        _, top, _, bottom = person(*place)
        height = scene.expected_height_px([seen(*place)])[0]
        assert height == pytest.approx(bottom - top, rel=0.02)


def test_a_view_without_focal_length_takes_the_scale_across_it() -> None:
    points = [{"image": (x, y), "ground": (x * 10, y * 5)} for x in (0.2, 0.8) for y in (0.2, 0.8)]
    settings = CalibrationSettings.model_validate({"points": points})
    scene = Scene.build(SIZE, {}, {}, settings)
    assert isinstance(scene.ground, MeasuredGround)
    assert scene.ground.vertical is None
    assert scene.expected_height_px([[500, 250]]) == pytest.approx([170])


def test_above_the_horizon_nothing_is_known() -> None:
    line = fence(points=relative(seen(-3, 16), seen(3, 16)))
    scene = Scene.build((1000, 500), {}, {"a": line}, calibration())
    sky = np.array([[500.0, -100.0]])
    assert np.isnan(scene.expected_height_px(sky)).all()
    offsets = scene.offsets(scene.barriers["a"], sky, np.ones(1))
    assert np.isnan(offsets.distance).all()
    assert offsets.side.tolist() == [0]


def test_a_barrier_above_the_horizon_is_a_config_error() -> None:
    steep = CalibrationSettings.model_validate(
        {
            "points": [
                {"image": relative(seen(x, y))[0], "ground": (x, y)}
                for x, y in ((-3, 14), (3, 14), (4, 25), (-4, 25))
            ]
        }
    )
    low = {
        "points": [
            {"image": (p.image[0], p.image[1] / 2 + 0.5), "ground": p.ground} for p in steep.points
        ]
    }
    lowered = CalibrationSettings.model_validate(low)
    with pytest.raises(ConfigError, match=r"barriers\.wall\.points: expected .* horizon"):
        Scene.build(SIZE, {}, {"wall": fence(points=[[0.1, 0.01], [0.9, 0.01]])}, lowered)


def test_without_calibration_the_person_is_the_measure() -> None:
    scene = Scene.build(SIZE, {}, {"a": fence(points=[[0.5, 0.1], [0.5, 0.9]])})
    assert scene.estimated
    boxes = np.array([[585, 115, 615, 200], [585, 30, 615, 200.0]])
    scale = scene.scale(boxes, np.zeros(2, np.int64))
    assert scale == pytest.approx([50, 100])
    offsets = scene.offsets(scene.barriers["a"], [[600, 200], [600, 200]], scale)
    assert offsets.distance == pytest.approx([2, 1])
    assert np.isnan(scene.expected_height_px([[600, 200]])).all()
    assert scene.separations_m([[0, 0]], [[50, 0]], scale[:1]) == pytest.approx([1])


def test_a_ladder_has_the_scale_of_the_nearest_person() -> None:
    scene = Scene.build(SIZE, {}, {})
    boxes = np.array([[0, 0, 30, 85], [500, 0, 530, 170], [480, 100, 490, 180.0]])
    classes = np.array([ObjectClass.PERSON, ObjectClass.PERSON, ObjectClass.LADDER], np.int64)
    assert scene.scale(boxes, classes) == pytest.approx([50, 100, 100])
    alone = scene.scale(np.array([[0, 0, 90, 120.0]]), np.array([ObjectClass.LADDER], np.int64))
    assert alone == pytest.approx([50])


def test_a_barrier_of_known_height_gives_the_scale_everywhere() -> None:
    settings = fence(points=[[0.1, 0.8], [0.9, 0.6]], top=[[0.1, 0.4], [0.9, 0.3]], height_m=2.0)
    scene = Scene.build(SIZE, {}, {"a": settings})
    assert scene.estimated
    # 200 px at y 400 and 150 px at y 300: 0.25 px per metre and px of y.
    box = np.array([[0, 0, 30, 200.0]])
    assert scene.scale(box, np.zeros(1, np.int64)) == pytest.approx([50])
    assert scene.expected_height_px([[0, 400]]) == pytest.approx([170])
    assert np.isnan(scene.expected_height_px([[0, -10]])).all()


def test_uprights_at_one_distance_give_one_scale() -> None:
    pairs = [((0.0, 100.0), (0.0, 60.0), 2.0), ((50.0, 100.0), (50.0, 40.0), 2.0)]
    assert scale_line(pairs) == pytest.approx((25, 0))
