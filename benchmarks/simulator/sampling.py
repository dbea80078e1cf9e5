"""Draws what a recipe describes: worlds, cameras, light, sensors and situations, from a seed."""

from dataclasses import dataclass

import numpy as np

from benchmarks.simulator.arrangements import WITHOUT_LADDER, Ground, Item, draw
from benchmarks.simulator.camera import Camera
from benchmarks.simulator.fauna import animal
from benchmarks.simulator.ladder_arrangements import WITH_LADDER
from benchmarks.simulator.lighting import Light, light_of
from benchmarks.simulator.meshes import Mesh
from benchmarks.simulator.nuisances import AnimalSpec
from benchmarks.simulator.pose import Array, vec
from benchmarks.simulator.recipe import CameraRecipe, Recipe, WorldRecipe
from benchmarks.simulator.sensor import SensorModel
from benchmarks.simulator.water_work import WADE_M
from benchmarks.simulator.waterside import RiverSpec
from benchmarks.simulator.world import (
    HOUSE_X_M,
    BandSpec,
    BarrierSpec,
    World,
    WorldSpec,
    random_structures,
)

ANIMALS = ("dog", "deer", "fox", "bird")
AT_BARRIER = ("leaning", "climbed", "over_the_top")


@dataclass(frozen=True)
class View:
    """A camera on a world under a light, with its sensor's name."""

    world: World
    camera: Camera
    light: Light
    sensor: str
    rain: float


def _count(least_most: tuple[int, int], rng: np.random.Generator) -> int:
    return int(rng.integers(least_most[0], least_most[1] + 1))


def random_world(recipe: WorldRecipe, rng: np.random.Generator) -> WorldSpec:
    """Draws a world."""
    kind = draw(recipe.barrier, rng)
    house = kind == "none" and rng.random() < recipe.house
    soil = draw(recipe.soil, rng)
    bands = []
    for _ in range(_count(recipe.bands, rng)):
        y, width = rng.uniform(-12, 8), rng.uniform(1, 5)
        strip = str(rng.choice(recipe.band_soils))
        bands.append(BandSpec(soil=strip, y0_m=y, y1_m=y + width, edge_m=rng.uniform(0.05, 0.9)))
    green = soil in ("grass", "dry")
    river = _river(recipe, rng) if recipe.river > 0 and rng.random() < recipe.river else None
    return WorldSpec(
        seed=int(rng.integers(1 << 30)),
        soil=soil,
        barrier=BarrierSpec(
            kind=kind,
            height_m=float(rng.uniform(*recipe.barrier_m)),
            coil=bool(rng.random() < recipe.coil),
        ),
        bands=tuple(bands),
        grass_per_m2=float(rng.uniform(*recipe.grass_per_m2) if green else rng.choice([0.0, 0.6])),
        grass_height_m=float(rng.uniform(*recipe.grass_m)),
        bushes=_count(recipe.bushes, rng),
        trees=_count(recipe.trees, rng),
        conifers=float(rng.random()),
        forest_y_m=float(rng.uniform(*recipe.forest_m)),
        structures=random_structures(rng, _count(recipe.structures, rng), recipe.structure_kinds),
        house=bool(house),
        river=river,
    )


def _river(recipe: WorldRecipe, rng: np.random.Generator) -> RiverSpec:
    bank = float(rng.uniform(*recipe.river_y_m))
    return RiverSpec(y0_m=bank - float(rng.uniform(*recipe.river_m)), y1_m=bank)


def random_camera(
    recipe: CameraRecipe, size_px: tuple[int, int], rng: np.random.Generator
) -> Camera:
    """Draws a camera that looks along or at the barrier."""
    height = float(rng.uniform(*recipe.height_m))
    y = -float(rng.uniform(*recipe.before_m))
    yaw = rng.uniform(*recipe.yaw_rad)
    reach = rng.uniform(*recipe.reach_m)
    eye = (float(rng.uniform(*recipe.along_m)), y, height)
    target = (
        eye[0] + reach * float(np.cos(yaw)),
        eye[1] + reach * float(np.sin(yaw)),
        float(rng.uniform(0, 2.0)),
    )
    hfov = float(rng.uniform(*recipe.hfov_deg))
    return Camera(eye, target, hfov, *size_px, roll_deg=float(rng.normal(0, 1.5)))


def random_view(recipe: Recipe, world: World, rng: np.random.Generator) -> View:
    """Draws camera, hour, sensor and weather on a world."""
    lights = recipe.light
    sensor = draw(lights.sensor, rng)
    fog = float(rng.choice([0.0, rng.uniform(*lights.fog_per_m)], p=[1 - lights.fog, lights.fog]))
    azimuth, elevation = float(rng.uniform(0, 360)), float(rng.uniform(*lights.sun_elevation_deg))
    light = light_of(sensor, azimuth, elevation, fog)  # type: ignore[arg-type]
    wet = sensor in ("overcast", "dusk", "nir") and rng.random() < lights.rain
    rain = float(rng.uniform(*lights.rain_strength)) if wet else 0.0
    return View(world, random_camera(recipe.camera, recipe.size_px, rng), light, sensor, rain)


def random_sensor(view: View, rng: np.random.Generator) -> SensorModel:
    """Draws the camera's habits."""
    dark = view.sensor in ("nir", "dusk")
    return SensorModel(
        mode=view.light.mode,
        exposure=float(rng.normal(0.0, 0.35)),
        noise=float(rng.gamma(2.0, 2.1 if dark else 1.2))
        + (1.0 if view.sensor == "thermal" else 0.4),
        sharpen=float(rng.uniform(0, 1.1)),
        contrast=float(rng.uniform(0.8, 1.15)),
        saturation=float(rng.uniform(0.25, 1.15)),
        warmth=float(rng.normal(0, 0.05)),
        blur_px=float(rng.choice([0.0, rng.uniform(0.3, 1.3)], p=[0.6, 0.4])),
        rain=view.rain,
        hot_black=bool(rng.random() < 0.15),
        vignette=float(rng.uniform(0, 0.4)),
    )


def _spot(recipe: Recipe, camera: Camera, rng: np.random.Generator) -> Array | None:
    """A ground point in the picture where a person is neither too small nor too large."""
    least, most = recipe.person_px
    for _ in range(30):
        u, v = rng.uniform(0.04, 0.96) * camera.width_px, camera.height_px * rng.uniform(0.12, 0.97)
        hit = camera.ground(u, v)
        if hit is None:
            continue
        point = vec(hit[0], hit[1], 0.0)
        tall = camera.focal_px * 1.75 / float(camera.depth(point)[0])
        if (
            least < tall < most
            and abs(hit[1]) < 25
            and (tall > recipe.small_px or rng.random() < recipe.small)
        ):
            return point
    return None


def _at_barrier(recipe: Recipe, point: Array, camera: Camera) -> Array | None:
    """The barrier's point nearest to a point, when the camera sees a person there well enough."""
    near = vec(point[0], -0.5 if point[1] <= 0 else 0.5, 0.0)
    depth = float(camera.depth(near)[0])
    pixel = camera.project(near)[0]
    width, height = recipe.size_px
    if (
        not np.isfinite(pixel[0])
        or not 0.02 * width < pixel[0] < 0.98 * width
        or not 0 < pixel[1] < 1.1 * height
    ):
        return None
    least, most = recipe.person_px
    return near if least < camera.focal_px * 1.75 / depth < most * 1.2 else None


def _fits(what: str, view: View, spot: Array) -> bool:
    """Whether a situation can be at a place: swimmers in the river, all others on land."""
    river, spec = view.world.spec.river, view.world.spec
    if what == "swimming":
        return river is not None and river.inside_m(float(spot[1])) > WADE_M
    if river is not None and river.inside_m(float(spot[1])) > -1.0:
        return False
    if what in AT_BARRIER and spec.house:
        return bool(HOUSE_X_M[0] < spot[0] < HOUSE_X_M[1] and spot[1] < 0)
    return True


def _place_for(what: str, recipe: Recipe, view: View, rng: np.random.Generator) -> Array | None:
    """Finds a place for a situation; those at the barrier need one where it is in view."""
    for _ in range(10):
        spot = _spot(recipe, view.camera, rng)
        if spot is not None and what in AT_BARRIER:
            spot = _at_barrier(recipe, spot, view.camera)
        elif spot is None:
            return None
        if spot is not None and _fits(what, view, spot):
            return spot
    return None


def arrange(recipe: Recipe, view: View, ground: Ground, rng: np.random.Generator) -> list[Item]:
    """Fills a picture with its situations."""
    situations = recipe.situations
    level = rng.random() - situations.empty
    if level < 0:
        return []
    none, one, _ = situations.ladders
    with_ladder = int(level > none) + int(level > none + one)
    others = int(rng.choice(len(situations.others), p=situations.others)) + int(with_ladder == 0)
    names = [draw(situations.with_ladder, rng) for _ in range(with_ladder)]
    names += [draw(situations.without_ladder, rng) for _ in range(others)]
    items: list[Item] = []
    for name in names:
        spot = _place_for(name, recipe, view, rng)
        if spot is not None:
            items += (WITH_LADDER | WITHOUT_LADDER)[name](ground, spot, rng)
    return items


def animals(recipe: Recipe, view: View, rng: np.random.Generator) -> list[Mesh]:
    """Lets animals stray into a picture, each somewhere on its way."""
    meshes = []
    shares = recipe.situations.animals
    for _ in range(int(rng.choice(len(shares), p=shares))):
        spot = _spot(recipe, view.camera, rng)
        heading = rng.uniform(0, 2 * np.pi)
        if spot is None or not _fits("animal", view, spot):
            continue
        way = 4.0 * np.array([np.cos(heading), np.sin(heading)])
        path = (tuple(map(float, spot[:2])), tuple(map(float, spot[:2] + way)))
        spec = AnimalSpec(kind=ANIMALS[rng.integers(len(ANIMALS))], path=path)
        mesh = animal(spec, float(rng.uniform(0, 1)))
        if mesh is not None:
            meshes.append(mesh)
    return meshes
