"""Rendered people of every posture, size and sensor, seen clearly: what realism is measured on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator import postures
from benchmarks.simulator.arrangements import PERSON, Ground, Item, somebody
from benchmarks.simulator.bodies import Body, bodies
from benchmarks.simulator.boxes import XYXY, seen
from benchmarks.simulator.camera import Camera
from benchmarks.simulator.frames import Drawable, Instant
from benchmarks.simulator.ladder_arrangements import carried, climbed
from benchmarks.simulator.lighting import Light, Sensor, light_of
from benchmarks.simulator.pose import Array, Stance, vec
from benchmarks.simulator.postures import Place
from benchmarks.simulator.recipe import WorldRecipe, read_recipe
from benchmarks.simulator.renderer import Renderer
from benchmarks.simulator.sampling import random_world
from benchmarks.simulator.sensor import Sensor as Developer
from benchmarks.simulator.sensor import SensorModel, compressed
from benchmarks.simulator.world import BarrierSpec, WorldSpec, build

SIZE_PX = (640, 360)
_GENERAL = Path(__file__).parents[1] / "scenes" / "train" / "general.yaml"
HEIGHTS_PX = (16.0, 210.0)
SENSORS: tuple[Sensor, ...] = ("day", "overcast", "dusk", "nir", "thermal")
POSES = ("upright", "crouch", "sit", "crawl", "climb", "carry")
JPEG_QUALITY = 60
_TALL_M = {"upright": 1.75, "crouch": 1.0, "sit": 0.95, "crawl": 0.75, "climb": 1.75, "carry": 1.75}
_WIDE_M = {"upright": 1.0, "crouch": 1.0, "sit": 1.1, "crawl": 1.6, "climb": 2.0, "carry": 4.0}
_NOISE = {"day": 2.0, "overcast": 2.2, "dusk": 3.2, "nir": 2.8, "thermal": 2.0}
_LENSES = ((28.0, 17.0), (48.0, 14.0), (72.0, 10.0))  # field of view in degrees, aim in metres
_BARRIERS = ("sheet", "none", "mesh", "wall", "bars")
_PICTURES = {"upright": 3, "crouch": 2, "sit": 2, "crawl": 2, "climb": 1, "carry": 2}
_PEOPLE = 8
_MIN_VISIBILITY = 0.6
_FIELD_M = 22.0  # how far from the barrier people stand


@dataclass(frozen=True)
class Sample:
    """A picture (H, W, 3) BGR with the visible boxes of its people, all in one posture."""

    sensor: str
    pose: str
    image: NDArray[np.uint8]
    boxes: list[XYXY]


def lineup(seed: int, worlds: int) -> Iterator[Sample]:
    """Renders the pictures of `worlds` worlds; the same seed gives the same pictures."""
    renderer, everyone, recipe = Renderer(*SIZE_PX), bodies(), read_recipe(_GENERAL)
    for index in range(worlds):
        rng = np.random.default_rng([seed, index])
        spec = _world(recipe.world, rng, _BARRIERS[index % len(_BARRIERS)])
        world = build(spec, (-5.0, 50.0))
        renderer.load(world.solid, world.veil, world.ground)
        barrier = spec.barrier
        height_m = 0.0 if barrier.kind == "none" else barrier.height_m
        ground = Ground(everyone, height_m, barrier.kind, recipe.situations.acts)
        for sensor in SENSORS:
            for hfov_deg, aim_m in _LENSES:
                camera = _camera(rng, hfov_deg, aim_m)
                light = light_of(sensor, float(rng.uniform(0, 360)), float(rng.uniform(15, 60)))
                renderer.bake(camera, light)
                yield from _Shooting(renderer, camera, light, sensor, ground).samples(rng)


@dataclass(frozen=True)
class _Shooting:
    """One baked view in which people are placed and taken."""

    renderer: Renderer
    camera: Camera
    light: Light
    sensor: str
    ground: Ground

    def samples(self, rng: np.random.Generator) -> Iterator[Sample]:
        for pose in POSES:
            if pose == "climb" and not self.ground.barrier_m:
                continue
            for _ in range(_PICTURES[pose]):
                items = self._people(pose, rng)
                if items:
                    yield self._taken(pose, items, rng)

    def _people(self, pose: str, rng: np.random.Generator) -> list[Item]:
        """Places people of random heights beside each other in the picture."""
        items: list[Item] = []
        taken: list[tuple[float, float]] = []
        for _ in range(80):
            tall_px = float(np.exp(rng.uniform(*np.log(HEIGHTS_PX))))
            spot = self._at_barrier(rng) if pose == "climb" else self._spot(pose, tall_px, rng)
            if spot is None or not self._fits(spot, _TALL_M[pose]):
                continue
            middle = float(self.camera.project(spot)[0, 0])
            depth = float(self.camera.depth(spot)[0])
            half_px = self.camera.focal_px * _WIDE_M[pose] / 2 / depth
            if any(abs(middle - at) < half_px + half for at, half in taken):
                continue
            taken.append((middle, half_px))
            items += _posed(pose, self.ground, spot, rng)
            if len(taken) == _PEOPLE:
                break
        return items

    def _spot(self, pose: str, tall_px: float, rng: np.random.Generator) -> Array | None:
        """A ground point (3,) before the barrier where somebody appears about `tall_px` high."""
        camera, column = self.camera, float(rng.uniform(0.03, 0.97) * SIZE_PX[0])
        depth = camera.focal_px * _TALL_M[pose] / tall_px
        right, up, back = camera.basis
        sideways = (column - SIZE_PX[0] / 2) / camera.focal_px * depth
        rise = (back[2] * depth - right[2] * sideways - camera.eye[2]) / up[2]
        spot = np.array(camera.eye) + right * sideways + up * rise - back * depth
        nearest = -1.0 if self.ground.barrier_m else _FIELD_M
        return spot if -_FIELD_M < spot[1] < nearest else None

    @staticmethod
    def _at_barrier(rng: np.random.Generator) -> Array:
        return vec(float(rng.uniform(3, 45)), -0.5, 0.0)

    def _fits(self, spot: Array, tall_m: float) -> bool:
        """Whether somebody `tall_m` high is whole in the picture, and neither tiny nor huge."""
        foot, head = self.camera.project(np.stack([spot, spot + vec(0, 0, tall_m)]))
        inside = foot[1] < SIZE_PX[1] - 3 and head[1] > 3 and 8 < foot[0] < SIZE_PX[0] - 8
        return bool(inside and HEIGHTS_PX[0] < foot[1] - head[1] < HEIGHTS_PX[1])

    def _taken(self, pose: str, items: list[Item], rng: np.random.Generator) -> Sample:
        things = [Drawable(mesh, k + 1) for k, (_, mesh) in enumerate(items)]
        shot = self.renderer.frame(things, Instant())
        model = SensorModel(
            self.light.mode,
            exposure=float(rng.normal(0, 0.2)),
            noise=_NOISE[self.sensor],
            sharpen=0.45,
            saturation=0.85,
        )
        developed = Developer(model, int(rng.integers(1 << 30))).develop(shot.linear)
        looks = [seen(self.renderer, self.camera, shot, thing) for thing in things]
        boxes = [
            look.visible
            for (kind, _), look in zip(items, looks, strict=True)
            if kind == PERSON and look.visible and look.visibility >= _MIN_VISIBILITY
        ]
        return Sample(self.sensor, pose, compressed(developed, JPEG_QUALITY), boxes)


def _world(recipe: WorldRecipe, rng: np.random.Generator, barrier: str) -> WorldSpec:
    """A random world whose barrier people can be put against, with nothing standing in the way."""
    shape = BarrierSpec(kind=barrier, height_m=float(rng.uniform(2.2, 3.6)), coil=False)
    update = {"barrier": shape, "house": False, "structures": ()}
    return random_world(recipe, rng).model_copy(update=update)


def _camera(rng: np.random.Generator, hfov_deg: float, aim_m: float) -> Camera:
    eye = (0.0, float(-rng.uniform(4.0, 8.0)), float(rng.uniform(3.0, 5.0)))
    target = (aim_m, float(eye[1] + rng.uniform(-1.0, 4.0)), 0.8)
    return Camera(eye, target, hfov_deg, *SIZE_PX)


def _posed(pose: str, ground: Ground, at: Array, rng: np.random.Generator) -> list[Item]:
    """Somebody at a ground point in a posture, with what it needs."""
    if pose in ("climb", "carry"):
        return (climbed if pose == "climb" else carried)(ground, at, rng)
    who = somebody(ground, rng)
    return [(PERSON, who.mesh(_stance(pose, who.body, Place(at, rng.uniform(0, 6.283)), rng)))]


def _stance(pose: str, body: Body, place: Place, rng: np.random.Generator) -> Stance:
    t, seed = float(rng.uniform(0, 20)), int(rng.integers(1000))
    makers: dict[str, Callable[[], Stance]] = {
        "crouch": lambda: postures.crouch(body, place, t, seed),
        "sit": lambda: postures.sit(body, place, t, seed),
        "crawl": lambda: postures.crawl(body, place, rng.random()),
    }
    if pose in makers:
        return makers[pose]()
    speed_mps = float(rng.choice([0.0, rng.uniform(0.8, 1.8), rng.uniform(2.6, 4.0)]))
    if speed_mps == 0.0:
        return postures.stand(body, place, t, seed)
    return postures.gait(body, place, rng.random(), speed_mps)
