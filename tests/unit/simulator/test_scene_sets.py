"""The scenes of the accuracy benchmark: their tags come true, and the groups share nothing."""

import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.simulator import scene_set
from benchmarks.simulator.coverage import GROUPS, SENSORS, problems, tables
from benchmarks.simulator.recipe import read_recipe
from benchmarks.simulator.rehearsal import rehearsed
from benchmarks.simulator.scene import Scene, SceneError
from benchmarks.simulator.scene_set import fingerprints, read_set, render_set

ROOT = Path(__file__).parents[3]
SCENES = ROOT / "benchmarks" / "scenes"
SETS = {group: list(read_set(SCENES / group).values()) for group in GROUPS}
EVERY = [scene for scenes in SETS.values() for scene in scenes]
# The distance from camera to action that a tag stands for, metres on the ground.
ACTION_M = {"near": (6.0, 14.0), "middle": (17.0, 28.0), "far": (32.0, 47.0)}


def named(scene: Scene) -> str:
    return scene.name


@pytest.mark.parametrize("scene", EVERY, ids=named)
def test_every_scene_has_known_tags_a_zone_and_a_sentence(scene: Scene) -> None:
    assert problems(scene) == []
    assert scene.zones
    group = next(g for g, scenes in SETS.items() if scene in scenes)
    first = (SCENES / group / f"{scene.name}.yaml").read_text("utf-8").splitlines()[0]
    assert first.startswith("# ")
    assert first.endswith(".")


@pytest.mark.parametrize("scene", EVERY, ids=named)
def test_what_is_true_of_a_scene_is_what_its_tags_say(scene: Scene) -> None:
    truth = rehearsed(scene, fps=2.0)
    events = truth["events"]
    kinds = {e["kind"] for e in events}
    if "quiet" in scene.tags:
        assert kinds == set()
        return
    assert kinds & {"zone_intrusion", "approach"}
    promised = {
        "ladder": {"ladder_carried", "ladder_at_barrier"},
        "climb": {"climbing"},
        "cut": {"fence_work"},
        "stay": {"loitering"},
        "river": {"person_in_water", "arrival_from_water"},
    }
    for tag, wanted in promised.items():
        assert (tag in scene.tags) == (wanted <= kinds), tag
    assert ("group" in scene.tags) == any(e.get("size", 0) >= 3 for e in events)
    assert ("patrol" in scene.tags) == all(e.get("expected", False) for e in events)
    turned = any(e.get("outcome") == "turned_back" for e in events)
    if "turn_back" in scene.tags:
        assert turned
    assert distance_word(scene, truth) in scene.tags


def distance_word(scene: Scene, truth: dict[str, Any]) -> str:
    """The distance tag of where people are while they are at their nearest to the barrier."""
    things = [
        thing
        for frame in truth["frames"]
        for thing in frame["objects"]
        if thing["class"] == "person" and thing["visibility"] > 0.5
    ]
    nearest = min(abs(t["distance_m"]) for t in things)
    at = [t["ground_m"] for t in things if abs(t["distance_m"]) < nearest + 1.0]
    away = float(np.median(np.hypot(*(np.array(at) - scene.camera.eye_m[:2]).T)))
    return next((w for w, (least, most) in ACTION_M.items() if least <= away <= most), f"{away}")


@pytest.mark.parametrize("group", GROUPS)
def test_a_third_of_each_group_has_nothing_to_report(group: str) -> None:
    quiet = [s for s in SETS[group] if "quiet" in s.tags]
    assert 3 * len(quiet) >= len(SETS[group])


@pytest.mark.parametrize("group", GROUPS)
def test_each_group_covers_what_guards_react_to_at_three_distances(group: str) -> None:
    seen = {tag for scene in SETS[group] for tag in scene.tags}
    seen |= {kind for scene in SETS[group] for kind in (f"{scene.world.barrier.kind} barrier",)}
    actions = {"ladder", "climb", "cut", "turn_back", "group", "stay", "river", "patrol"}
    conditions = {*SENSORS, "rain", "fog", "near", "middle", "far", "quiet"}
    barriers = {f"{kind} barrier" for kind in ("sheet", "mesh", "bars", "concertina", "wall")}
    assert actions | conditions | barriers <= seen
    assert max(len(s.actors) for s in SETS[group]) >= 20
    assert sum("stay" in s.tags for s in SETS[group]) == 1


def test_groups_share_no_name_seed_world_camera_body_or_outfit() -> None:
    dev, test = SETS["dev"], SETS["test"]
    for what in (
        lambda s: {s.name},
        lambda s: {s.seed},
        lambda s: {s.world.seed},
        lambda s: {s.camera.eye_m},
        lambda s: {a.body for a in s.actors},
        lambda s: {a.outfit for a in s.actors},
    ):
        assert not {v for s in dev for v in what(s)} & {v for s in test for v in what(s)}
    assert len({s.seed for s in EVERY}) == len({s.world.seed for s in EVERY}) == len(EVERY)


def test_no_test_scene_shows_a_body_that_training_pictures_show() -> None:
    kept_back = {6, 7}
    assert {a.body for s in SETS["test"] for a in s.actors} <= kept_back


def test_no_two_recipes_share_a_seed_and_no_scene_has_one_of_them() -> None:
    recipes = [read_recipe(path) for path in sorted((SCENES / "train").glob("*.yaml"))]
    assert len(recipes) >= 8
    taken = sorted(r.seeds for r in recipes)
    assert all(a[1] < b[0] for a, b in pairwise(taken))
    for scene in EVERY:
        assert not any(first <= scene.seed <= last for first, last in taken)


def test_the_readme_holds_the_tables_that_the_scenes_give() -> None:
    readme = (SCENES / "README.md").read_text("utf-8")
    assert tables(SCENES) in readme, (
        "run: python -m benchmarks.simulator coverage benchmarks/scenes"
    )


def write_scene(folder: Path, name: str, inside: str | None = None) -> Path:
    path = folder / f"{name}.yaml"
    camera = "{eye_m: [0, -8, 4], target_m: [8, 0, 1], size_px: [96, 54], fps: 5}"
    path.write_text(f"name: {inside or name}\nduration_s: 1\ncamera: {camera}\n", "utf-8")
    return path


def test_a_scene_that_is_not_named_as_its_file_is_an_error(tmp_path: Path) -> None:
    write_scene(tmp_path, "one", inside="two")
    with pytest.raises(SceneError, match=r"one\.yaml: name: expected 'one', found 'two'"):
        read_set(tmp_path)
    with pytest.raises(SceneError, match="expected scene files"):
        read_set(tmp_path / "nothing")


def test_a_set_is_rendered_once_and_told_anew_when_only_a_definition_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def rendered(scene: Scene, out: Path) -> None:
        done.append(f"render {scene.name}")
        (out / f"{scene.name}.truth.json").write_text(json.dumps(rehearsed(scene)), "utf-8")

    monkeypatch.setattr(scene_set, "_render", rendered)
    monkeypatch.setattr(scene_set, "_retell", lambda scene, _: done.append(f"tell {scene.name}"))
    scenes, out = tmp_path / "scenes", tmp_path / "out"
    scenes.mkdir()
    for name in ("a", "b"):
        write_scene(scenes, name)
    render_set(scenes, out)
    render_set(scenes, out)
    assert done == ["render a", "render b"]

    note = out / "b.made.json"
    note.write_text(json.dumps(json.loads(note.read_text("utf-8")) | {"truth": "other"}), "utf-8")
    (scenes / "a.yaml").write_text((scenes / "a.yaml").read_text("utf-8") + "seed: 4\n", "utf-8")
    render_set(scenes, out)
    assert done[2:] == ["render a", "tell b"]
    assert json.loads(note.read_text("utf-8")) == fingerprints(scenes / "b.yaml")


def test_a_clip_that_was_cut_off_is_rendered_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_scene: Scene, _out: Path) -> None:
        raise KeyboardInterrupt

    scenes, out = tmp_path / "scenes", tmp_path / "out"
    scenes.mkdir()
    write_scene(scenes, "a")
    monkeypatch.setattr(scene_set, "_render", broken)
    with pytest.raises(KeyboardInterrupt):
        render_set(scenes, out)
    assert not (out / "a.made.json").exists()


def test_a_set_is_rendered_in_a_process_of_its_own(tmp_path: Path) -> None:
    pytest.importorskip("moderngl", reason="needs the simulator extra (moderngl)")
    from benchmarks.simulator.programs import GraphicsError  # noqa: PLC0415 - needs moderngl

    scenes, out = tmp_path / "scenes", tmp_path / "out"
    scenes.mkdir()
    write_scene(scenes, "a")
    try:
        render_set(scenes, out)
    except GraphicsError as error:
        pytest.skip(str(error))
    assert (out / "a.mp4").stat().st_size > 0
    assert json.loads((out / "a.truth.json").read_text("utf-8"))["media"] == "a.mp4"


def test_what_the_fingerprint_leaves_out_is_nothing_a_clip_is_made_with() -> None:
    pytest.importorskip("moderngl", reason="needs the simulator extra (moderngl)")
    code = (
        "import sys, benchmarks.simulator.render\n"
        "print(*(m.rsplit('.', 1)[1] for m in sys.modules if m.startswith('benchmarks.sim')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "renderer" in run.stdout.split()
    assert not set(run.stdout.split()) & set(scene_set.NOT_IN_A_CLIP)
