"""What training pictures are made of: random worlds, cameras, light and situations."""

from dataclasses import dataclass

import numpy as np

from benchmarks.simulator.arrangements import WITH_LADDER, WITHOUT_LADDER, Ground, Item, pick
from benchmarks.simulator.camera import Camera
from benchmarks.simulator.lighting import Light, light_of
from benchmarks.simulator.pose import Array, vec
from benchmarks.simulator.sensor import SensorModel
from benchmarks.simulator.world import (
    HOUSE_X_M,
    BandSpec,
    BarrierSpec,
    World,
    WorldSpec,
    random_structures,
)

WIDTH_PX, HEIGHT_PX = 768, 432
PERSON_PX = (15.0, 250.0)


@dataclass(frozen=True)
class View:
    """A camera on a world under a light, with its sensor's name."""

    world: World
    camera: Camera
    light: Light
    sensor: str
    rain: float


def random_world(rng: np.random.Generator) -> WorldSpec:
    """Draws a world."""
    kind = str(
        rng.choice(
            ["sheet", "mesh", "bars", "concertina", "wall", "none"],
            p=[0.2, 0.22, 0.14, 0.1, 0.16, 0.18],
        )
    )
    house = kind == "none" and rng.random() < 0.7
    soil = str(
        rng.choice(
            ["grass", "dry", "gravel", "asphalt", "concrete", "sand", "snow", "mud"],
            p=[0.40, 0.2, 0.08, 0.09, 0.07, 0.07, 0.05, 0.04],
        )
    )
    bands = []
    for _ in range(int(rng.integers(0, 4))):
        y, width = rng.uniform(-12, 8), rng.uniform(1, 5)
        strip = str(
            rng.choice(["dirt", "gravel", "asphalt", "concrete", "sand", "grass", "mud", "snow"])
        )
        bands.append(BandSpec(soil=strip, y0_m=y, y1_m=y + width, edge_m=rng.uniform(0.05, 0.9)))
    green = soil in ("grass", "dry")
    return WorldSpec(
        seed=int(rng.integers(1 << 30)),
        soil=soil,
        barrier=BarrierSpec(
            kind=kind, height_m=float(rng.uniform(1.8, 5.0)), coil=bool(rng.random() < 0.45)
        ),
        bands=tuple(bands),
        grass_per_m2=float(rng.uniform(0, 12) if green else rng.choice([0.0, 0.6])),
        grass_height_m=float(rng.uniform(0.10, 0.55)),
        bushes=int(rng.integers(0, 22)),
        trees=int(rng.integers(0, 34)),
        conifers=float(rng.random()),
        forest_y_m=float(rng.uniform(9, 24)),
        structures=random_structures(rng, int(rng.integers(1, 8))),
        house=bool(house),
    )


def random_camera(rng: np.random.Generator) -> Camera:
    """Draws a camera 3 to 8 m high that looks along or at the barrier."""
    height = float(rng.uniform(3.0, 8.0))
    y = float(-rng.uniform(2.5, 14.0))
    yaw = rng.uniform(-0.35, 1.35)
    reach = rng.uniform(7.0, 22.0)
    eye = (float(rng.uniform(-3, 4)), y, height)
    target = (
        eye[0] + reach * float(np.cos(yaw)),
        eye[1] + reach * float(np.sin(yaw)),
        float(rng.uniform(0, 2.0)),
    )
    return Camera(
        eye, target, float(rng.uniform(35, 90)), WIDTH_PX, HEIGHT_PX, float(rng.normal(0, 1.5))
    )


def random_view(world: World, rng: np.random.Generator) -> View:
    """Draws camera, hour, sensor and weather on a world."""
    sensor = str(
        rng.choice(["day", "overcast", "dusk", "nir", "thermal"], p=[0.38, 0.23, 0.10, 0.17, 0.12])
    )
    fog = float(rng.choice([0.0, rng.uniform(0.004, 0.03)], p=[0.8, 0.2]))
    light = light_of(sensor, float(rng.uniform(0, 360)), float(rng.uniform(10, 65)), fog)  # type: ignore[arg-type]
    rain = (
        float(rng.uniform(0.2, 1.2))
        if sensor in ("overcast", "dusk", "nir") and rng.random() < 0.22
        else 0.0
    )
    return View(world, random_camera(rng), light, sensor, rain)


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


def _spot(camera: Camera, rng: np.random.Generator) -> Array | None:
    """A ground point in the picture where a person is neither too small nor too large."""
    for _ in range(30):
        hit = camera.ground(rng.uniform(0.04, 0.96) * WIDTH_PX, HEIGHT_PX * rng.uniform(0.12, 0.97))
        if hit is None:
            continue
        point = vec(hit[0], hit[1], 0.0)
        tall = camera.focal_px * 1.75 / float(camera.depth(point)[0])
        if (
            PERSON_PX[0] < tall < PERSON_PX[1]
            and abs(hit[1]) < 25
            and (tall > 40 or rng.random() < 0.3)
        ):
            return point
    return None


def _at_barrier(point: Array, camera: Camera) -> Array | None:
    """The barrier's point nearest to a point, when the camera sees a person there well enough."""
    near = vec(point[0], -0.5 if point[1] <= 0 else 0.5, 0.0)
    depth = float(camera.depth(near)[0])
    pixel = camera.project(near)[0]
    if (
        not np.isfinite(pixel[0])
        or not 0.02 * WIDTH_PX < pixel[0] < 0.98 * WIDTH_PX
        or not 0 < pixel[1] < 1.1 * HEIGHT_PX
    ):
        return None
    return near if PERSON_PX[0] < camera.focal_px * 1.75 / depth < PERSON_PX[1] * 1.2 else None


def _place_for(what: str, camera: Camera, rng: np.random.Generator, *, house: bool) -> Array | None:
    """Finds a place for a situation; those at the barrier need one where it is in view."""
    for _ in range(10):
        spot = _spot(camera, rng)
        if spot is None or what not in ("leaning", "climbed", "over_the_top"):
            return spot
        spot = _at_barrier(spot, camera)
        if spot is not None and (
            not house or (HOUSE_X_M[0] < spot[0] < HOUSE_X_M[1] and spot[1] < 0)
        ):
            return spot
    return None


def arrange(view: View, ground: Ground, rng: np.random.Generator) -> list[Item]:
    """Fills a picture with zero to four situations."""
    kind = rng.random()
    if kind < 0.05:
        return []
    with_ladder = int(kind > 0.27) + int(kind > 0.85)
    others = int(rng.choice([0, 1, 2, 3], p=[0.25, 0.35, 0.25, 0.15])) + int(with_ladder == 0)
    makers = [pick(WITH_LADDER, rng) for _ in range(with_ladder)] + [
        pick(WITHOUT_LADDER, rng) for _ in range(others)
    ]
    items: list[Item] = []
    for make in makers:
        spot = _place_for(make.__name__, view.camera, rng, house=ground.barrier_kind == "house")
        if spot is not None:
            items += make(ground, spot, rng)
    return items
