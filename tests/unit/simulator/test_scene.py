import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.simulator.boxes import Seen
from benchmarks.simulator.camera import Camera
from benchmarks.simulator.retell import retold
from benchmarks.simulator.scene import ActorSpec, Scene, SceneError, read_scene
from benchmarks.simulator.stage import Stage
from benchmarks.simulator.truth import TruthKeeper, barrier_in_picture, calibration, polygon

SAMPLES = sorted((Path(__file__).parents[3] / "benchmarks" / "scenes" / "samples").glob("*.yaml"))


def scene_of(script: list[dict[str, object]], **more: object) -> Scene:
    raw = {
        "name": "t",
        "duration_s": 20,
        "camera": {"eye_m": [0, -8, 5], "target_m": [10, 0, 1]},
        "ladders": {"l": {"length_m": 4.0}},
        "actors": [{"name": "a", "at": [10, -8], "script": script}],
    }
    return Scene.model_validate(raw | more)


def test_every_sample_scene_compiles_and_moves_without_jumps() -> None:
    assert len(SAMPLES) >= 5
    for path in SAMPLES:
        stage = Stage(read_scene(path))
        last: dict[int, tuple[float, float]] = {}
        for t_s in np.arange(0, stage_length(path), 0.1):
            people, _ = stage.at(float(t_s))
            for person in people:
                at = person.moment.ground
                if person.identity in last:
                    moved = np.hypot(
                        at[0] - last[person.identity][0], at[1] - last[person.identity][1]
                    )
                    assert moved < 0.75, (path.name, person.name, t_s)
                last[person.identity] = at


def stage_length(path: Path) -> float:
    return read_scene(path).duration_s


def test_an_unknown_key_is_an_error_that_names_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        "name: x\nduration_s: 3\ncamera: {eye_m: [0,0,1], target_m: [1,0,0], zoom: 2}\n"
    )
    with pytest.raises(SceneError, match=r"s\.yaml[\s\S]*camera\.zoom"):
        read_scene(path)


def test_a_ladder_nobody_defined_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected one of"):
        scene_of([{"do": "take", "ladder": "none"}])


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ([{"do": "put"}], "expected a ladder in hand"),
        ([{"do": "climb", "ladder": "l"}], "to lean at the barrier"),
        ([{"do": "cut", "for_s": 5}], "within 1.5 m of the barrier"),
    ],
)
def test_a_script_that_cannot_be_played_says_where(
    script: list[dict[str, object]], message: str
) -> None:
    with pytest.raises(SceneError, match=rf"actors\.a\.script\.0: .*{message}"):
        Stage(scene_of(script))


def test_a_ladder_that_was_put_down_stays_where_it_is() -> None:
    scene = scene_of(
        [
            {"do": "take", "ladder": "l"},
            {"do": "put", "for_s": 4},
            {"do": "walk", "to": [20, -8]},
        ]
    )
    stage = Stage(scene)
    put = stage.timelines[0].segments
    ends = next(s.end_s for s in put if s.leaves is not None)
    poses = []
    for t_s in (ends + 0.01, ends + 5, ends + 1):
        _, ladders = stage.at(t_s)
        assert ladders[0].pose.state == "leaning"
        assert ladders[0].holder == 0
        poses.append(ladders[0].pose.foot)
    assert np.allclose(poses[0], poses[1])
    assert np.allclose(poses[0], poses[2])


def test_who_climbs_over_lands_on_the_other_side() -> None:
    scene = scene_of(
        [
            {"do": "take", "ladder": "l"},
            {"do": "put", "for_s": 4},
            {"do": "climb", "ladder": "l"},
            {"do": "over"},
        ]
    )
    timeline = Stage(scene).timelines[0]
    first, last = timeline.at(0.0), timeline.at(999.0)
    assert first is not None
    assert last is not None
    assert first.ground[1] < 0 < last.ground[1]
    assert last.sole_m == 0.0
    top = max(timeline.at(t).sole_m for t in np.arange(0, 40, 0.1))  # type: ignore[union-attr]
    assert 1.5 < top < 3.2


def test_the_same_scene_moves_the_same_way_twice() -> None:
    scene = read_scene(SAMPLES[0])
    meshes = []
    for _ in range(2):
        stage = Stage(scene)
        people, ladders = stage.at(12.0)
        meshes.append(stage.drawables(people, ladders, 12.0))
    for a, b in zip(*meshes, strict=True):
        assert a.identity == b.identity
        assert np.array_equal(a.mesh["pos"], b.mesh["pos"])


def test_polygons_know_inside_from_outside() -> None:
    inside = polygon(((0, 0), (4, 0), (4, 2), (0, 2)))
    assert inside(1, 1)
    assert not inside(5, 1)
    assert not inside(1, -0.5)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_calibration_points_give_back_the_barrier_through_a_homography(path: Path) -> None:
    scene = read_scene(path)
    spec = scene.camera
    camera = Camera(spec.eye_m, spec.target_m, spec.hfov_deg, *spec.size_px)
    points, barrier = calibration(camera), barrier_in_picture(camera, scene)
    assert len(points) >= 6
    assert barrier is not None
    rows = []
    for point in points:
        (u, v), (x, y) = point["image"], point["ground"]
        rows += [[u, v, 1, 0, 0, 0, -x * u, -x * v, -x], [0, 0, 0, u, v, 1, -y * u, -y * v, -y]]
    h = np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3)
    for (u, v), (x, y) in zip(barrier["points"], barrier["ground_m"], strict=True):
        gx, gy, w = h @ [u, v, 1]
        assert np.hypot(gx / w - x, gy / w - y) < 0.05 + 0.01 * x
    assert all(
        top[1] < foot[1] for top, foot in zip(barrier["top"], barrier["points"], strict=True)
    )


def truth_of(path: Path) -> dict[str, object]:
    found = path.parents[3] / "samples" / f"{path.stem}.truth.json"
    if not found.exists():
        pytest.skip(f"{found.name} is not shipped")
    return dict(json.loads(found.read_text()))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_the_shipped_truth_is_what_its_scene_does(path: Path) -> None:
    truth, stage = truth_of(path), Stage(read_scene(path))
    frames = truth["frames"]
    assert isinstance(frames, list)
    for frame in frames[::25]:
        people, ladders = stage.at(frame["t_s"])
        now = {p.identity: (p.moment.state, p.moment.ground) for p in people}
        now |= {ladder.identity: (ladder.pose.state, ladder.ground) for ladder in ladders}
        for thing in frame["objects"]:
            state, ground = now[thing["id"]]
            assert state == thing["state"]
            assert np.allclose(ground, thing["ground_m"], atol=0.002)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.stem)
def test_the_shipped_events_are_those_of_the_definitions(path: Path) -> None:
    truth = truth_of(path)
    again = json.loads(json.dumps(retold(read_scene(path), truth)))
    assert again["events"] == truth["events"]
    assert again["frames"] == truth["frames"]
    assert again["barrier"] == truth["barrier"]
    assert again["calibration"] == truth["calibration"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "ladder_day",
            {"ladder_carried", "approach", "ladder_at_barrier", "climbing", "barrier_crossing"},
        ),
        (
            "climb_night",
            {"ladder_carried", "approach", "ladder_at_barrier", "climbing", "barrier_crossing"},
        ),
        ("turn_back", {"approach"}),
        ("fence_cutting", {"approach", "fence_work"}),
        ("group_grows", {"approach", "group_size"}),
        ("quiet_nuisances", set()),
    ],
)
def test_the_shipped_samples_show_what_they_are_named_for(name: str, expected: set[str]) -> None:
    events = truth_of(next(p for p in SAMPLES if p.stem == name))["events"]
    assert isinstance(events, list)
    kinds = {event["kind"] for event in events}
    assert expected <= kinds
    assert bool(kinds) == bool(expected)


def test_only_what_a_patrol_alone_did_is_expected() -> None:
    walks = [{"do": "walk", "to": [10, -3]}]
    patrol = {"name": "b", "role": "patrol", "outfit_kind": "patrol", "at": [12, -8]}
    scene = scene_of(walks, actors=[{"name": "a", "at": [10, -8], "script": walks}])
    scene = Scene.model_validate(
        scene.model_dump()
        | {
            "actors": [*scene.model_dump()["actors"], patrol | {"script": walks}],
            "zones": [{"name": "z", "points_m": [[0, -12], [20, -12], [20, 0], [0, 0]]}],
        }
    )
    spec = scene.camera
    stage = Stage(scene)
    keeper = TruthKeeper(scene, Camera(spec.eye_m, spec.target_m, spec.hfov_deg, *spec.size_px))
    box = (10.0, 10.0, 40.0, 90.0)
    for number in range(50):
        people, ladders = stage.at(number / spec.fps)
        looks = {p.identity: Seen(p.identity, box, box, 1.0, 99) for p in people}
        keeper.add(number / spec.fps, people, ladders, looks)
    document = keeper.document("t.mp4")
    assert document["tracks"]["1"] == {"class": "person", "name": "a"}
    assert document["tracks"]["2"] == {"class": "person", "name": "b", "role": "patrol"}
    assert {tuple(e["tracks"]): e.get("expected", False) for e in document["events"]} == {
        (1,): False,
        (2,): True,
        (1, 2): False,
    }


def test_dark_clothes_of_a_uniform_are_an_error() -> None:
    with pytest.raises(ValueError, match="dark_clothes: expected only with outfit_kind ordinary"):
        ActorSpec.model_validate(
            {
                "name": "a",
                "at": [0, 0],
                "outfit_kind": "patrol",
                "dark_clothes": True,
                "script": [{"do": "stand", "for_s": 1}],
            }
        )
