import json

import numpy as np
import pytest

from benchmarks.simulator.boxes import Seen
from benchmarks.simulator.camera import Camera
from benchmarks.simulator.meshes import Kind, Material, boxes
from benchmarks.simulator.outlines import outside_m
from benchmarks.simulator.scene import Scene, SceneError
from benchmarks.simulator.stage import Stage
from benchmarks.simulator.truth import TruthKeeper
from benchmarks.simulator.waterside import RiverSpec, grown_on_land

RIVER = {"y0_m": -14, "y1_m": -6}


def scene_of(script: list[dict[str, object]], at: tuple[float, float] = (10, -4)) -> Scene:
    return Scene.model_validate(
        {
            "name": "t",
            "duration_s": 40,
            "world": {"river": RIVER},
            "camera": {"eye_m": [0, -3, 5], "target_m": [10, -6, 0], "fps": 10},
            "zones": [
                {
                    "name": "river",
                    "kind": "water",
                    "points_m": [[0, -14], [40, -14], [40, -6], [0, -6]],
                }
            ],
            "actors": [
                {"name": "a", "at": at, "outfit_kind": "wetsuit", "script": script},
            ],
        }
    )


def truth_of(scene: Scene, *, visibility: float = 1.0) -> dict[str, object]:
    """The truth as it would be if the camera saw everybody."""
    spec = scene.camera
    stage = Stage(scene)
    keeper = TruthKeeper(scene, Camera(spec.eye_m, spec.target_m, spec.hfov_deg, *spec.size_px))
    box = (10.0, 10.0, 40.0, 90.0)
    for number in range(round(scene.duration_s * spec.fps)):
        people, ladders = stage.at(number / spec.fps)
        looks = {p.identity: Seen(p.identity, box, box, visibility, 99) for p in people}
        keeper.add(number / spec.fps, people, ladders, looks)
    return dict(json.loads(json.dumps(keeper.document("t.mp4"))))


def test_a_swimmer_keeps_head_and_shoulders_above_the_water() -> None:
    stage = Stage(scene_of([{"do": "swim", "to": [20, -10]}], at=(10, -10)))
    for t_s in np.arange(0.0, 8.0, 0.37):
        people, ladders = stage.at(float(t_s))
        assert people[0].moment.state == "swim"
        z = stage.drawables(people, ladders, float(t_s))[0].mesh["pos"][:, 2]
        assert 0.12 < z.max() < 0.75
        assert 0.05 < np.mean(z > 0) < 0.75  # most of the body's triangles lie in head and hands


def test_who_comes_from_land_wades_before_swimming_and_gets_out_again() -> None:
    stage = Stage(
        scene_of(
            [
                {"do": "swim", "to": [12, -9]},
                {"do": "swim", "to": [14, -6.8]},
                {"do": "bank"},
                {"do": "walk", "to": [14, -3]},
            ]
        )
    )
    states, last = [], None
    for t_s in np.arange(0.0, 25.0, 0.1):
        moment = stage.at(float(t_s))[0][0].moment
        if not states or states[-1] != moment.state:
            states.append(moment.state)
        if last is not None:
            assert np.hypot(moment.ground[0] - last[0], moment.ground[1] - last[1]) < 0.3
        last = moment.ground
    assert [s for s in states if s != "stand"] == ["walk", "wade", "swim", "bank", "walk"]


@pytest.mark.parametrize(
    ("script", "at", "message"),
    [
        ([{"do": "swim", "to": [10, -3]}], (10, -4), "expected a point in the river"),
        ([{"do": "bank"}], (10, -4), "expected to be in the river"),
        ([{"do": "bank"}], (10, -10), "within 3 m of the edge"),
        ([{"do": "walk", "to": [10, -10]}], (10, -4), "expected a way on land"),
        ([{"do": "walk", "to": [10, -20]}], (10, -4), "expected a way on land"),
        ([{"do": "crouch", "for_s": 3}], (10, -10), "expected to be on land"),
    ],
)
def test_a_way_that_water_forbids_says_where(
    script: list[dict[str, object]], at: tuple[float, float], message: str
) -> None:
    with pytest.raises(SceneError, match=rf"actors\.a\.script\.0: .*{message}"):
        Stage(scene_of(script, at))


def test_swimming_without_a_river_is_an_error_that_names_the_key() -> None:
    raw = scene_of([{"do": "swim", "to": [12, -9]}]).model_dump()
    raw["world"]["river"] = None
    with pytest.raises(ValueError, match=r"actors\.a\.script\.0\.do: swim expected world\.river"):
        Scene.model_validate(raw)


def test_a_river_without_width_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least 1 m above"):
        RiverSpec(y0_m=-6, y1_m=-14)


def test_the_truth_tells_who_was_in_the_water_and_arrived() -> None:
    script = [{"do": "swim", "to": [14, -6.8]}, {"do": "bank"}, {"do": "walk", "to": [14, -3]}]
    truth = truth_of(scene_of(script, at=(14, -12)))
    events = truth["events"]
    assert isinstance(events, list)
    inside, out = (
        next(e for e in events if e["kind"] == kind)
        for kind in ("person_in_water", "arrival_from_water")
    )
    assert (inside["start_s"], inside["true_s"], inside["where"]) == (0.0, 0.5, "river")
    assert inside["end_s"] < out["start_s"] < out["true_s"] < 14
    assert not any(e["kind"] == "zone_intrusion" for e in events)
    assert truth["zones"] == [{**truth["zones"][0], "kind": "water"}]  # type: ignore[index]


def test_who_goes_back_into_the_water_at_once_has_not_arrived() -> None:
    script = [{"do": "swim", "to": [14, -6.8]}, {"do": "swim", "to": [14, -12]}]
    events = truth_of(scene_of(script, at=(14, -12)))["events"]
    assert [e["kind"] for e in events if "water" in e["kind"]] == ["person_in_water"]  # type: ignore[attr-defined]


def test_what_nobody_sees_in_the_water_does_not_happen() -> None:
    scene = scene_of([{"do": "swim", "to": [14, -8]}], at=(14, -12))
    assert truth_of(scene, visibility=0.05)["events"] == []


def test_plants_do_not_grow_in_the_river() -> None:
    leaf = Material((0.2, 0.3, 0.1), Kind.LEAF)
    steel = Material((0.5, 0.5, 0.5), Kind.METAL)
    bush_in, bush_out = (
        boxes(np.array([[5.0, y, 1.0]]), np.array([[0.5, 0.5, 1.0]]), leaf) for y in (-10.0, 4.0)
    )
    at = np.stack([np.linspace(0, 60, 40), np.linspace(-16, 4, 40), np.full(40, 0.1)], 1)
    meadow = boxes(at, np.full((40, 3), 0.05), leaf)
    pole = boxes(np.array([[5.0, -10.0, 1.0]]), np.array([[0.1, 0.1, 1.0]]), steel)
    left = grown_on_land([bush_in, bush_out, meadow, pole], RiverSpec(**RIVER))
    assert [len(part) for part in left[:2]] == [0, len(bush_out)]
    assert 0 < len(left[2]) < len(meadow)
    assert len(left[3]) == len(pole)
    y = left[2]["pos"][:, 1]
    assert not ((y > -13.9) & (y < -6.1)).any()


def test_the_distance_to_a_polygon_is_negative_inside() -> None:
    away = outside_m(((0, 0), (4, 0), (4, 2), (0, 2)))
    assert away(2, 1) == pytest.approx(-1.0)
    assert away(2, 5) == pytest.approx(3.0)
