from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from benchmarks.simulator.arrangements import SWIMMER, Ground
from benchmarks.simulator.bodies import bodies
from benchmarks.simulator.recipe import Recipe, RecipeError, read_recipe
from benchmarks.simulator.sampling import animals, arrange, random_view, random_world
from benchmarks.simulator.world import World, build

TRAIN = Path(__file__).parents[3] / "benchmarks" / "scenes" / "train"
GENERAL = TRAIN / "general.yaml"
FROZEN = (
    993043769,
    "grass",
    "none",
    4.002094,
    10,
    ("power_pole", "pylon", "scaffold", "stairs", "gate"),
    "nir",
    69.610024,
    0.56948,
)


def changed(tmp_path: Path, change: dict[str, Any]) -> Path:
    raw = yaml.safe_load(GENERAL.read_text("utf-8"))
    for key, value in change.items():
        *parents, last = key.split(".")
        place = raw
        for parent in parents:
            place = place[parent]
        place[last] = value
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(raw), "utf-8")
    return path


@pytest.mark.parametrize("path", sorted(TRAIN.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_recipe_reads_draws_a_world_and_is_named_as_its_file(path: Path) -> None:
    recipe = read_recipe(path)
    assert recipe.name == path.stem
    for seed in range(20):
        spec = random_world(recipe.world, np.random.default_rng(seed))
        assert recipe.world.barrier[spec.barrier.kind] > 0
        kinds = {s.kind for s in spec.structures}
        assert kinds <= set(recipe.world.structure_kinds)


def test_one_recipe_alone_holds_bodies_out() -> None:
    held = [p.stem for p in TRAIN.glob("*.yaml") if read_recipe(p).held_out_bodies]
    assert held == ["held_out"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("world.colour", "red", r"recipe\.yaml[\s\S]*world\.colour"),
        ("world.barrier", {"hedge": 1.0}, r"barrier: expected some of .*found \['hedge'\]"),
        ("world.barrier", {"mesh": 0.0}, "barrier: expected at least one share above 0"),
        ("world.structure_kinds", ["ladder"], r"structure_kinds: expected .*found \['ladder'\]"),
        ("world.trees", [9, 3], r"trees: expected \[least, most\], found \[9, 3\]"),
        ("situations.empty", 0.5, "empty and ladders: expected shares that add up to 1"),
        ("situations.others", [0.5], "others: expected shares that add up to 1, found 0.5"),
        ("situations.acts", {"fly": 1.0}, r"acts: expected .*found \['fly'\]"),
        ("light.sensor", {"day": 0.0}, "sensor: expected at least one share above 0"),
    ],
)
def test_a_wrong_key_is_an_error_that_names_it(
    tmp_path: Path, key: str, value: object, message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        read_recipe(changed(tmp_path, {key: value}))


def test_a_seed_of_another_recipe_is_refused() -> None:
    recipe = read_recipe(GENERAL)
    recipe.check_seed(100)
    with pytest.raises(RecipeError, match=r"general: expected a seed in \[1, 899\], found 900"):
        recipe.check_seed(900)


def test_weather_and_sensors_come_as_often_as_the_recipe_says(tmp_path: Path) -> None:
    recipe = read_recipe(
        changed(
            tmp_path,
            {"light.sensor": {"nir": 3.0, "day": 1.0}, "light.fog": 0.5, "light.rain": 1.0},
        )
    )
    views = views_of(recipe, 400)
    night = [v for v in views if v.sensor == "nir"]
    assert 0.68 < len(night) / len(views) < 0.82
    assert all((v.rain > 0) == (v.sensor == "nir") for v in views)
    # The air has a little haze of its own.
    foggy = sum(v.light.fog_per_m > 0.0039 for v in views)
    assert 0.42 < foggy / len(views) < 0.58


def views_of(recipe: Recipe, count: int) -> list[Any]:
    world: World = build(random_world(recipe.world, np.random.default_rng(1)))
    return [random_view(recipe, world, np.random.default_rng(seed)) for seed in range(count)]


def test_swimmers_are_in_the_river_and_everybody_else_is_on_land() -> None:
    recipe = read_recipe(TRAIN / "river.yaml")
    swimmers = others = 0
    for seed in range(4):
        world = build(random_world(recipe.world, np.random.default_rng(seed)))
        river = world.spec.river
        assert river is not None
        ground = Ground(bodies()[:2], world.spec.barrier.height_m, "mesh", recipe.situations.acts)
        for number in range(8):
            rng = np.random.default_rng([seed, number])
            items = arrange(recipe, random_view(recipe, world, rng), ground, rng)
            for kind, mesh in items:
                inside = river.inside_m(float(mesh["pos"][:, 1].mean()))
                if kind == SWIMMER:
                    assert inside > -0.5
                    assert mesh["pos"][:, 2].min() < -0.2
                    swimmers += 1
                elif kind == "person" and len(items) == 1:
                    assert inside < 0.5
                    others += 1
    assert swimmers > 10
    assert others > 0


def test_the_general_recipe_draws_what_the_shipped_networks_pictures_were_drawn_from() -> None:
    """Frozen from the recipe as it was written in code; the pictures were equal bit for bit."""
    recipe = read_recipe(GENERAL)
    spec = random_world(recipe.world, np.random.default_rng([100, 0]))
    view = random_view(recipe, build(spec), np.random.default_rng([100, 0, 0]))
    assert (
        spec.seed,
        spec.soil,
        spec.barrier.kind,
        round(spec.barrier.height_m, 6),
        spec.trees,
        tuple(s.kind for s in spec.structures),
        view.sensor,
        round(view.camera.hfov_deg, 6),
        round(view.camera.target[2], 6),
    ) == FROZEN


def test_animals_stray_in_where_a_recipe_has_them_and_nowhere_else() -> None:
    def strays(name: str) -> list[int]:
        recipe = read_recipe(TRAIN / name)
        world = build(random_world(recipe.world, np.random.default_rng(1)), (-5.0, 45.0))
        view = random_view(recipe, world, np.random.default_rng(2))
        return [len(animals(recipe, view, np.random.default_rng(n))) for n in range(40)]

    assert set(strays("general.yaml")) == {0}
    assert max(strays("animals.yaml")) >= 2
