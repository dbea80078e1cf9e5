"""Renders a scene file to a clip and its truth."""

import json
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.boxes import Seen, seen
from benchmarks.simulator.camera import Camera
from benchmarks.simulator.insects import Blot, blot
from benchmarks.simulator.lighting import light_of
from benchmarks.simulator.mast import Mast, Moved
from benchmarks.simulator.renderer import Renderer
from benchmarks.simulator.scene import Scene
from benchmarks.simulator.sensor import Sensor, SensorModel
from benchmarks.simulator.stage import LadderNow, PersonNow, Stage
from benchmarks.simulator.truth import TruthKeeper
from benchmarks.simulator.video import VideoWriter
from benchmarks.simulator.world import build

Image = NDArray[np.uint8]
_GREEN, _AMBER = (80, 255, 80), (0, 200, 255)


class Studio:
    """A scene's world, camera and stage, ready to draw any instant in order of time."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        spec, light = scene.camera, scene.light
        self.camera = Camera(spec.eye_m, spec.target_m, spec.hfov_deg, *spec.size_px)
        self.stage = Stage(scene)
        moves = scene.nuisances
        self._mast = Mast(spec.size_px, moves.shake, moves.drift, scene.seed)
        self._margin_px = self._mast.margin_px(scene.duration_s)
        self._wide = self.camera.widened(self._margin_px)
        self.renderer = Renderer(self._wide.width_px, self._wide.height_px)
        world = build(scene.world, (spec.eye_m[0] - 8, spec.eye_m[0] + 55))
        self.renderer.load(world.solid, world.veil, world.ground, scene.world.river)
        lit = light_of(
            light.sensor, light.sun_azimuth_deg, light.sun_elevation_deg, light.fog_per_m
        )
        self.renderer.bake(self._wide, lit)
        video = scene.video
        model = SensorModel(
            lit.mode,
            light.exposure,
            video.noise,
            video.sharpen,
            video.contrast,
            video.saturation,
            rain=light.rain,
        )
        self.sensor = Sensor(model, scene.seed)

    def picture(
        self, t_s: float
    ) -> tuple[Image, list[PersonNow], list[LadderNow], dict[int, Seen]]:
        """The developed frame (H, W, 3) BGR, who is in it and how it looks, by identity."""
        people, ladders = self.stage.at(t_s)
        things = self.stage.drawables(people, ladders, t_s)
        shot = self.renderer.frame(things, self.stage.instant(t_s, people))
        looks = {t.identity: seen(self.renderer, self._wide, shot, t) for t in things if t.identity}
        if self._margin_px:
            scale, size = self.renderer.scale, self.scene.camera.size_px
            moved = Moved(self._mast.at(t_s), self._margin_px, size)
            shot = moved.shot(shot, scale)
            looks = {i: moved.look(look, shot, scale) for i, look in looks.items()}
        label = f"{self.scene.video.label}  {_clock(t_s)}"
        return self.sensor.develop(shot.linear, label, self._blots(t_s)), people, ladders, looks

    def _blots(self, t_s: float) -> list[Blot]:
        """What is before the lens."""
        size, mode = self.scene.camera.size_px, self.sensor.model.mode
        found = [
            blot(spec, t_s, size, mode, self.scene.seed + number)
            for number, spec in enumerate(self.scene.nuisances.insects)
        ]
        return [b for b in found if b is not None]


def _clock(t_s: float) -> str:
    whole = int(t_s)
    return f"2026-06-14 {6 + whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def render(scene: Scene, out: Path) -> Path:
    """Renders a scene to OUT/<name>.mp4 and OUT/<name>.truth.json; returns the clip's path."""
    out.mkdir(parents=True, exist_ok=True)
    studio = Studio(scene)
    keeper = TruthKeeper(scene, studio.camera)
    clip = out / f"{scene.name}.mp4"
    count = round(scene.duration_s * scene.camera.fps)
    begun, cpu = time.perf_counter(), time.process_time()
    with VideoWriter(clip, scene.camera.size_px, scene.camera.fps, scene.video) as video:
        for number in range(count):
            t_s = number / scene.camera.fps
            image, people, ladders, looks = studio.picture(t_s)
            keeper.add(t_s, people, ladders, looks)
            video.write(image)
    document = keeper.document(clip.name)
    (out / f"{scene.name}.truth.json").write_text(
        json.dumps(document, separators=(",", ":")) + "\n"
    )
    print(
        f"{clip}: {count} frames, {(time.process_time() - cpu) / count:.2f} CPU-s and "
        f"{(time.perf_counter() - begun) / count:.2f} s a frame, {clip.stat().st_size / 1e6:.1f} MB"
    )
    return clip


def preview(scene: Scene, frames: int = 12, columns: int = 4, width_px: int = 480) -> Image:
    """A contact sheet: frames over the scene with true boxes, states and distances."""
    studio = Studio(scene)
    tiles = []
    for t_s in np.linspace(0, scene.duration_s - 1 / scene.camera.fps, frames):
        image, people, ladders, looks = studio.picture(float(t_s))
        for person in people:
            text = f"{person.moment.state} {person.moment.ground[1]:+.1f}"
            _mark(image, looks.get(person.identity), text, _GREEN)
        for ladder in ladders:
            _mark(image, looks.get(ladder.identity), ladder.pose.state, _AMBER)
        scale = width_px / image.shape[1]
        tile = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        cv2.putText(
            tile,
            f"{t_s:.1f} s",
            (6, tile.shape[0] - 8),
            cv2.FONT_HERSHEY_SIMPLEX,
            0.5,
            (255, 255, 255),
            1,
        )
        tiles.append(tile)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles) - columns + 1, columns)]
    return np.asarray(np.vstack(rows), np.uint8)


def _mark(image: Image, look: Seen | None, text: str, colour: tuple[int, int, int]) -> None:
    if look is None or look.visible is None:
        return
    x0, y0, x1, y1 = (int(v) for v in look.visible)
    cv2.rectangle(image, (x0, y0), (x1, y1), colour, 1)
    cv2.putText(
        image,
        f"{text} {look.visibility:.1f}",
        (x0, y0 - 4),
        cv2.FONT_HERSHEY_SIMPLEX,
        0.45,
        colour,
        1,
    )
