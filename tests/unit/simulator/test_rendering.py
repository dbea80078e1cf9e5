"""These need EGL and moderngl; without them they skip and say what is missing."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="needs the simulator extra (moderngl)")

import av

from benchmarks.simulator.boxes import seen
from benchmarks.simulator.camera import Camera
from benchmarks.simulator.frames import Drawable, Instant
from benchmarks.simulator.lighting import light_of
from benchmarks.simulator.meshes import Material, boxes, merge
from benchmarks.simulator.programs import GraphicsError
from benchmarks.simulator.render import Studio, render
from benchmarks.simulator.renderer import Renderer
from benchmarks.simulator.scene import Scene, read_scene
from benchmarks.simulator.terrain import ground_map

CAMERA = Camera((0.0, -6.0, 3.0), (6.0, 0.0, 0.5), 60.0, 160, 96)


def box_at(x: float, y: float, size: float = 0.5) -> np.ndarray:
    return boxes(np.array([[x, y, size]]), np.array([[size] * 3]), Material((0.8, 0.2, 0.2)))


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    try:
        made = Renderer(160, 96)
    except GraphicsError as error:
        pytest.skip(str(error))
    made.load(merge([]), merge([]), ground_map("grass", (), np.random.default_rng(1)))
    made.bake(CAMERA, light_of("day", 30, 40))
    return made


def test_the_visible_box_of_a_free_thing_is_its_projection(renderer: Renderer) -> None:
    thing = Drawable(box_at(5.0, -1.0), 1)
    shot = renderer.frame([thing], Instant())
    look = seen(renderer, CAMERA, shot, thing)
    assert look.visible is not None
    assert look.amodal is not None
    assert np.allclose(look.visible, look.amodal, atol=0.6)
    assert look.visibility > 0.97


def test_a_thing_behind_another_is_less_visible(renderer: Renderer) -> None:
    front, back = Drawable(box_at(4.0, -2.0, 0.6), 1), Drawable(box_at(5.2, -0.8), 2)
    shot = renderer.frame([front, back], Instant())
    assert seen(renderer, CAMERA, shot, front).visibility > 0.97
    assert seen(renderer, CAMERA, shot, back).visibility < 0.7


def test_the_same_frame_is_the_same_twice(renderer: Renderer) -> None:
    things = [Drawable(box_at(5.0, -1.0), 1)]
    first, second = (renderer.frame(things, Instant()) for _ in range(2))
    assert np.array_equal(first.linear, second.linear)
    assert np.array_equal(first.identities, second.identities)


def test_the_copied_background_is_the_composed_one(renderer: Renderer) -> None:
    copied = renderer.frame([], Instant()).linear
    composed = renderer.frame([], Instant(sway=1e-9)).linear
    assert np.abs(copied - composed).max() < 0.02


def test_a_frame_drawn_in_part_is_the_whole_one(renderer: Renderer) -> None:
    things = [Drawable(box_at(5.0, -1.0), 1), Drawable(box_at(8.0, 2.0), 2)]
    renderer.bake(CAMERA, light_of("day", 30, 40))
    whole = renderer.frame(things, Instant())  # the first of a view
    part = renderer.frame(things, Instant())
    assert renderer.frame([], Instant()) is renderer.frame([], Instant())
    again = renderer.frame(things, Instant())  # figures hide each other after a frame of nobody
    for shot in (part, again):
        assert np.array_equal(shot.linear, whole.linear)
        assert np.array_equal(shot.identities, whole.identities)


def test_a_thing_behind_the_camera_is_no_reason_to_leave_others_out(renderer: Renderer) -> None:
    near = Drawable(box_at(5.0, -1.0), 1)
    renderer.frame([near], Instant())
    shot = renderer.frame([near, Drawable(box_at(-9.0, -12.0), 2)], Instant())
    assert seen(renderer, CAMERA, shot, near).visibility > 0.97


def test_a_scene_becomes_a_clip_and_its_truth(tmp_path: Path, renderer: Renderer) -> None:
    del renderer  # skips where there is no GL
    scene = Scene.model_validate(
        {
            "name": "short",
            "duration_s": 0.6,
            "world": {"trees": 1, "bushes": 1, "grass_per_m2": 0.2},
            "camera": {"eye_m": [0, -8, 4], "target_m": [8, -1, 1], "size_px": [160, 96], "fps": 5},
            "actors": [{"name": "a", "at": [8, -3], "script": [{"do": "walk", "to": [8, -1]}]}],
        }
    )
    clip = render(scene, tmp_path)
    with av.open(str(clip)) as container:
        assert sum(1 for _ in container.decode(video=0)) == 3
    truth = (tmp_path / "short.truth.json").read_text()
    assert '"schema":"barrier-truth/1"' in truth
    assert '"class":"person"' in truth


def test_a_shipped_clip_renders_again_as_it_was(renderer: Renderer) -> None:
    del renderer  # skips where there is no GL
    root = Path(__file__).parents[3]
    truth = root / "samples" / "turn_back.truth.json"
    if not truth.exists():
        pytest.skip("turn_back is not shipped")
    frame = json.loads(truth.read_text())["frames"][110]
    studio = Studio(read_scene(root / "benchmarks" / "scenes" / "samples" / "turn_back.yaml"))
    _, _, _, looks = studio.picture(frame["t_s"])
    assert [thing["id"] for thing in frame["objects"]] == [1]
    for thing in frame["objects"]:
        look = looks[thing["id"]]
        assert look.visible is not None
        assert np.allclose(look.visible, thing["visible"], atol=1.0)
        assert abs(look.visibility - thing["visibility"]) < 0.03


def swaying(**nuisances: object) -> Scene:
    return Scene.model_validate(
        {
            "name": "moves",
            "duration_s": 10,
            "world": {"trees": 1, "bushes": 1, "grass_per_m2": 0.2},
            "camera": {"eye_m": [0, -8, 4], "target_m": [8, -1, 1], "size_px": [320, 192]},
            "nuisances": nuisances,
            "actors": [{"name": "a", "at": [8, -3], "script": [{"do": "stand", "for_s": 60}]}],
        }
    )


def test_boxes_follow_the_picture_of_a_drifting_camera(renderer: Renderer) -> None:
    del renderer  # skips where there is no GL
    image, _, _, looks = Studio(swaying()).picture(8.0)
    drift = {"px_per_min": 60, "direction_deg": 0}
    moved, _, _, moved_looks = Studio(swaying(drift=drift)).picture(8.0)
    assert looks[1].visible is not None
    expected = np.array(looks[1].visible) + np.array([8, 0, 8, 0])
    assert np.allclose(moved_looks[1].visible, expected, atol=0.6)
    assert abs(moved_looks[1].visibility - looks[1].visibility) < 0.03
    a, b = image[40:, :-8].astype(float), moved[40:, 8:].astype(float)
    beside = image[40:, :].astype(float), moved[40:, :].astype(float)
    assert np.abs(a - b).mean() < 0.5 * np.abs(beside[0] - beside[1]).mean()


def test_water_hides_what_is_under_it(renderer: Renderer) -> None:
    del renderer  # skips where there is no GL
    raw = swaying().model_dump()
    raw["world"]["river"] = {"y0_m": -5, "y1_m": 1}
    raw["world"]["barrier"]["kind"] = "none"
    look = Studio(Scene.model_validate(raw)).picture(1.0)[3][1]
    assert look.visible is not None
    assert look.amodal is not None
    assert look.visible[3] < look.amodal[3] - 3
    assert 0.1 < look.visibility < 0.5
