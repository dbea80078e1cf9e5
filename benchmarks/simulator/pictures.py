"""Labelled training pictures: strongly varied worlds, cameras, light, people and ladders.

Many pictures share a baked world, so a picture costs little; all of it follows from the seed.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.arrangements import (
    LADDER,
    WITH_LADDER,
    WITHOUT_LADDER,
    Ground,
    Item,
    pick,
)
from benchmarks.simulator.bodies import bodies
from benchmarks.simulator.boxes import Seen, seen
from benchmarks.simulator.camera import Camera
from benchmarks.simulator.lighting import Light, light_of
from benchmarks.simulator.pose import Array, vec
from benchmarks.simulator.renderer import Drawable, Instant, Renderer, Shot
from benchmarks.simulator.sensor import Image, Sensor, SensorModel
from benchmarks.simulator.world import (
    HOUSE_X_M,
    BandSpec,
    BarrierSpec,
    World,
    WorldSpec,
    build,
    random_structures,
)

WIDTH_PX, HEIGHT_PX = 768, 432
VIEWS_PER_WORLD = 3
PICTURES_PER_VIEW = 8
PER_WORLD = VIEWS_PER_WORLD * PICTURES_PER_VIEW
PERSON_PX = (15.0, 250.0)
MIN_VISIBILITY = 0.25
MIN_CONTRAST = 3.5  # of 255: what nobody could see is not labelled
_HELD_OUT_BODIES = 2  # the last bodies appear in test pictures only


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
    soil = str(rng.choice(["grass", "dry", "gravel", "asphalt", "concrete", "sand", "snow", "mud"],
                          p=[0.40, 0.2, 0.08, 0.09, 0.07, 0.07, 0.05, 0.04]))  # fmt: skip
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


def contrast(image: Image, shot: Shot, look: Seen, scale: int) -> float:
    """How much a thing stands out from what surrounds it, in steps of 255: means and spreads compared."""
    if look.visible is None:
        return 0.0
    x0, y0, x1, y1 = look.visible
    pad = 4 + int(0.15 * max(x1 - x0, y1 - y0))
    rows = slice(max(int(y0) - pad, 0), int(y1) + pad)
    columns = slice(max(int(x0) - pad, 0), int(x1) + pad)
    mask = shot.identities[::scale, ::scale][rows, columns]
    inside, outside = mask == look.identity, mask == 0
    patch = cv2.GaussianBlur(image[rows, columns], (0, 0), 1.0).astype(np.float32)
    if not inside.any() or not outside.any():
        return 255.0 if inside.any() else 0.0
    a, b = patch[inside], patch[outside]
    return float(np.abs(a.mean(0) - b.mean(0)).mean() + 0.5 * abs(a.std() - b.std()))


def label_lines(items: list[Item], looks: list[Seen], contrasts: list[float]) -> list[str]:
    """YOLO lines (class, centre, size; relative) of what is visible enough; 0 person, 1 ladder."""
    lines = []
    for (kind, _), look, stands_out in zip(items, looks, contrasts, strict=True):
        box = look.visible
        if box is None or look.visibility < MIN_VISIBILITY or stands_out < MIN_CONTRAST:
            continue
        width, height = box[2] - box[0], box[3] - box[1]
        if max(width, height) < 9 or min(width, height) < 2.5:
            continue
        x, y = (box[0] + box[2]) / 2 / WIDTH_PX, (box[1] + box[3]) / 2 / HEIGHT_PX
        cls = 1 if kind == LADDER else 0
        lines.append(f"{cls} {x:.6f} {y:.6f} {width / WIDTH_PX:.6f} {height / HEIGHT_PX:.6f}")
    return lines


def _save(image: Image, path: Path, rng: np.random.Generator) -> None:
    quality = int(rng.choice([30, 45, 60, 75, 90]))
    if rng.random() < 0.3:
        small = cv2.resize(image, None, fx=0.66, fy=0.66, interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, max(quality, 45)])
        image = np.asarray(
            cv2.resize(cv2.imdecode(data, cv2.IMREAD_COLOR), image.shape[1::-1]), np.uint8
        )
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, quality])


class PictureMaker:
    """Writes pictures under DIR/images, labels under DIR/labels and a line each to DIR/pictures.jsonl."""

    def __init__(self, seed: int, out: Path, *, held_out: bool = False) -> None:
        self._seed, self._out = seed, out
        everyone = bodies()
        self._bodies = everyone[-_HELD_OUT_BODIES:] if held_out else everyone[:-_HELD_OUT_BODIES]
        self._renderer = Renderer(WIDTH_PX, HEIGHT_PX)
        for name in ("images", "labels"):
            (out / name).mkdir(parents=True, exist_ok=True)

    def run(self, count: int) -> None:
        """Makes `count` pictures, those already there excepted."""
        for index in range(0, count, PER_WORLD):
            numbers = [
                n
                for n in range(index, min(index + PER_WORLD, count))
                if not self._label(n).exists()
            ]
            if numbers:
                self._make_world(index // PER_WORLD, numbers)

    def _label(self, number: int) -> Path:
        return self._out / "labels" / f"{self._seed:06d}_{number:06d}.txt"

    def _make_world(self, index: int, numbers: list[int]) -> None:
        rng = np.random.default_rng([self._seed, index])
        world = build(random_world(rng), (-5.0, 45.0))
        self._renderer.load(world.solid, world.veil, world.ground)
        for part in range(VIEWS_PER_WORLD):
            first = index * PER_WORLD + part * PICTURES_PER_VIEW
            todo = [n for n in numbers if first <= n < first + PICTURES_PER_VIEW]
            if not todo:
                continue
            view = random_view(world, np.random.default_rng([self._seed, index, part]))
            self._renderer.bake(view.camera, view.light)
            for number in todo:
                self._make_picture(view, number)

    def _make_picture(self, view: View, number: int) -> None:
        rng = np.random.default_rng([self._seed, number, 1 << 20])
        spec = view.world.spec
        height = spec.barrier.height_m if spec.barrier.kind != "none" else 0.0
        ground = Ground(
            self._bodies,
            5.0 if spec.house else height,
            "house" if spec.house else spec.barrier.kind,
        )
        items = arrange(view, ground, rng)
        things = [Drawable(mesh, k + 1) for k, (_, mesh) in enumerate(items)]
        shot = self._renderer.frame(things, Instant(), float(rng.uniform(0.7, 1.5)))
        image = Sensor(random_sensor(view, rng), int(rng.integers(1 << 30))).develop(
            shot.linear, _stamp(rng)
        )
        looks = [seen(self._renderer, view.camera, shot, thing) for thing in things]
        contrasts = [contrast(image, shot, look, self._renderer.scale) for look in looks]
        lines = label_lines(items, looks, contrasts)
        path = self._label(number)
        _save(image, self._out / "images" / f"{path.stem}.jpg", rng)
        note = {"picture": path.stem, "sensor": view.sensor, "barrier": spec.barrier.kind, "rain": view.rain,
                "fog_per_m": round(view.light.fog_per_m, 4), "ladders": sum(x[0] == "1" for x in lines),
                "persons": sum(x[0] == "0" for x in lines)}  # fmt: skip
        with (self._out / "pictures.jsonl").open("a") as notes:
            notes.write(json.dumps(note) + "\n")
        path.write_text("".join(line + "\n" for line in lines))


def _stamp(rng: np.random.Generator) -> str:
    if rng.random() < 0.4:
        return ""
    return f"CAM {rng.integers(1, 64)}  2026-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d} {rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}:{rng.integers(0, 60):02d}"


def contact_sheet(folder: Path, picks: list[str], columns: int = 4) -> NDArray[np.uint8]:
    """Draws pictures with their labels side by side."""
    tiles = []
    for name in picks:
        image = np.asarray(cv2.imread(str(folder / "images" / f"{name}.jpg")), np.uint8)
        for line in (folder / "labels" / f"{name}.txt").read_text().splitlines():
            cls, x, y, w, h = (float(v) for v in line.split())
            p = [
                int((x - w / 2) * WIDTH_PX),
                int((y - h / 2) * HEIGHT_PX),
                int((x + w / 2) * WIDTH_PX),
                int((y + h / 2) * HEIGHT_PX),
            ]
            cv2.rectangle(
                image, (p[0], p[1]), (p[2], p[3]), (0, 200, 255) if cls else (80, 255, 80), 1
            )
        tiles.append(image)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles) - columns + 1, columns)]
    return np.vstack(rows)
