"""Labelled training pictures: strongly varied worlds, cameras, light, people and ladders.

Many pictures share a baked world, so a picture costs little; all of it follows from the seed.
"""

import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.arrangements import LADDER, SWIMMER, Ground, Item
from benchmarks.simulator.bodies import bodies
from benchmarks.simulator.boxes import Seen, seen
from benchmarks.simulator.frames import Drawable, Instant, Shot
from benchmarks.simulator.recipe import Recipe
from benchmarks.simulator.renderer import Renderer
from benchmarks.simulator.sampling import (
    View,
    animals,
    arrange,
    random_sensor,
    random_view,
    random_world,
)
from benchmarks.simulator.sensor import Image, Sensor
from benchmarks.simulator.world import build

VIEWS_PER_WORLD = 3
PICTURES_PER_VIEW = 8
PER_WORLD = VIEWS_PER_WORLD * PICTURES_PER_VIEW
MIN_VISIBILITY = 0.25
MIN_VISIBILITY_SWIMMING = 0.08  # the water hides most of a swimmer, and what it leaves is one
MIN_CONTRAST = 3.5  # of 255: what nobody could see is not labelled
_HELD_OUT_BODIES = 2  # the last bodies appear only where a recipe holds them out


def contrast(image: Image, shot: Shot, look: Seen, scale: int) -> float:
    """How much a thing stands out from its surroundings, in steps of 255."""
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


def label_lines(
    items: list[Item], looks: list[Seen], contrasts: list[float], size_px: tuple[int, int]
) -> list[str]:
    """YOLO lines (class, centre, size; relative) of what is visible enough; 0 person, 1 ladder."""
    lines, scale = [], np.array(size_px, dtype=float)
    for (kind, _), look, stands_out in zip(items, looks, contrasts, strict=True):
        box = look.visible
        least = MIN_VISIBILITY_SWIMMING if kind == SWIMMER else MIN_VISIBILITY
        if box is None or look.visibility < least or stands_out < MIN_CONTRAST:
            continue
        width, height = box[2] - box[0], box[3] - box[1]
        if max(width, height) < 9 or min(width, height) < 2.5:
            continue
        x, y = np.array([box[0] + box[2], box[1] + box[3]]) / 2 / scale
        w, h = np.array([width, height]) / scale
        cls = 1 if kind == LADDER else 0
        lines.append(f"{cls} {x:.6f} {y:.6f} {w:.6f} {h:.6f}")
    return lines


def _save(image: Image, path: Path, rng: np.random.Generator) -> None:
    quality = int(rng.choice([30, 45, 60, 75, 90]))
    if rng.random() < 0.3:
        small = cv2.resize(image, None, fx=0.66, fy=0.66, interpolation=cv2.INTER_AREA)
        _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, max(quality, 45)])
        decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
        image = np.asarray(cv2.resize(decoded, image.shape[1::-1]), np.uint8)
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, quality])


class PictureMaker:
    """Writes DIR/images, DIR/labels and a line for each picture to DIR/pictures.jsonl.

    Raises `RecipeError` when the seed is not one of the recipe's.
    """

    def __init__(self, recipe: Recipe, seed: int, out: Path) -> None:
        recipe.check_seed(seed)
        self._recipe, self._seed, self._out = recipe, seed, out
        seen, kept = bodies()[:-_HELD_OUT_BODIES], bodies()[-_HELD_OUT_BODIES:]
        self._bodies = kept if recipe.held_out_bodies else seen
        self._renderer = Renderer(*recipe.size_px)
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
        world = build(random_world(self._recipe.world, rng), (-5.0, 45.0))
        self._renderer.load(world.solid, world.veil, world.ground, world.spec.river)
        for part in range(VIEWS_PER_WORLD):
            first = index * PER_WORLD + part * PICTURES_PER_VIEW
            todo = [n for n in numbers if first <= n < first + PICTURES_PER_VIEW]
            if not todo:
                continue
            rng = np.random.default_rng([self._seed, index, part])
            view = random_view(self._recipe, world, rng)
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
            self._recipe.situations.acts,
        )
        items = arrange(self._recipe, view, ground, rng)
        things = [Drawable(mesh, k + 1) for k, (_, mesh) in enumerate(items)]
        stray_rng = np.random.default_rng([self._seed, number, 1 << 21])
        strays = [Drawable(mesh, 0) for mesh in animals(self._recipe, view, stray_rng)]
        shot = self._renderer.frame([*things, *strays], Instant(), float(rng.uniform(0.7, 1.5)))
        image = Sensor(random_sensor(view, rng), int(rng.integers(1 << 30))).develop(
            shot.linear, _stamp(rng)
        )
        looks = [seen(self._renderer, view.camera, shot, thing) for thing in things]
        contrasts = [contrast(image, shot, look, self._renderer.scale) for look in looks]
        lines = label_lines(items, looks, contrasts, self._recipe.size_px)
        path = self._label(number)
        _save(image, self._out / "images" / f"{path.stem}.jpg", rng)
        note = {
            "picture": path.stem,
            "recipe": self._recipe.name,
            "sensor": view.sensor,
            "barrier": spec.barrier.kind,
            "rain": view.rain,
            "fog_per_m": round(view.light.fog_per_m, 4),
            "ladders": sum(x[0] == "1" for x in lines),
            "persons": sum(x[0] == "0" for x in lines),
            "animals": len(strays),
        }
        with (self._out / "pictures.jsonl").open("a") as notes:
            notes.write(json.dumps(note) + "\n")
        path.write_text("".join(line + "\n" for line in lines))


def _stamp(rng: np.random.Generator) -> str:
    if rng.random() < 0.4:
        return ""
    camera, month, day = rng.integers(1, 64), rng.integers(1, 13), rng.integers(1, 29)
    hour, minute, second = rng.integers(0, 24), rng.integers(0, 60), rng.integers(0, 60)
    return f"CAM {camera}  2026-{month:02d}-{day:02d} {hour:02d}:{minute:02d}:{second:02d}"


def contact_sheet(folder: Path, picks: list[str], columns: int = 4) -> NDArray[np.uint8]:
    """Draws pictures with their labels side by side."""
    tiles = []
    for name in picks:
        image = np.asarray(cv2.imread(str(folder / "images" / f"{name}.jpg")), np.uint8)
        for line in (folder / "labels" / f"{name}.txt").read_text().splitlines():
            cls, x, y, w, h = (float(v) for v in line.split())
            across, down = image.shape[1::-1]
            p = [
                int((x - w / 2) * across),
                int((y - h / 2) * down),
                int((x + w / 2) * across),
                int((y + h / 2) * down),
            ]
            cv2.rectangle(
                image, (p[0], p[1]), (p[2], p[3]), (0, 200, 255) if cls else (80, 255, 80), 1
            )
        tiles.append(image)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles) - columns + 1, columns)]
    return np.vstack(rows)
