"""Plays a scene without drawing it: what is true if nothing but a solid barrier hides anybody.

A scene is written and tested with this in well under a second; vegetation, structures and other
people hide nobody here, so a rendered clip can hold less, never more.
"""

from typing import Any

import numpy as np

from benchmarks.simulator.bodies import bodies
from benchmarks.simulator.boxes import Seen
from benchmarks.simulator.camera import Camera
from benchmarks.simulator.pose import Array, resolve
from benchmarks.simulator.scene import Scene
from benchmarks.simulator.stage import LadderNow, PersonNow, Stage
from benchmarks.simulator.truth import SOLID, TruthKeeper


def rehearsed(scene: Scene, fps: float | None = None) -> dict[str, Any]:
    """Returns the truth of a scene, its boxes drawn around joints and ladder ends.

    `fps` is how often it is looked at, the camera's own rate where it is None. Raises
    `SceneError` on a script that cannot be played.
    """
    spec = scene.camera
    if fps is not None:
        spec = spec.model_copy(update={"fps": fps})
        scene = scene.model_copy(update={"camera": spec})
    camera = Camera(spec.eye_m, spec.target_m, spec.hfov_deg, *spec.size_px)
    stage, keeper = Stage(scene), TruthKeeper(scene, camera)
    for number in range(round(scene.duration_s * spec.fps)):
        t_s = number / spec.fps
        people, ladders = stage.at(t_s)
        shapes = {p.identity: _joints(scene, p) for p in people}
        shapes |= {ladder.identity: _rails(ladder) for ladder in ladders}
        looks = {i: _look(scene, camera, i, points) for i, points in shapes.items()}
        keeper.add(t_s, people, ladders, looks)
    return keeper.document(f"{scene.name}.mp4")


def _joints(scene: Scene, person: PersonNow) -> Array:
    """Joints (26, 3) of a person in the world, metres."""
    everyone = bodies()
    body = everyone[scene.actors[person.identity - 1].body % len(everyone)]
    return resolve(body, person.moment.stance)[1]


def _rails(ladder: LadderNow) -> Array:
    """Points (9, 3) along a ladder, metres."""
    along = np.linspace(0.0, ladder.length_m, 9)[:, None]
    return np.asarray(ladder.pose.foot + along * ladder.pose.along)


def _look(scene: Scene, camera: Camera, identity: int, points: Array) -> Seen:
    pixels = camera.project(points)
    shown = np.isfinite(pixels[:, 0]) & ~_behind(scene, camera, points)
    shown &= ((pixels >= 0) & (pixels <= (camera.width_px, camera.height_px))).all(1)
    amodal = camera.box(points)
    if amodal is None or not shown.any():
        return Seen(identity, None, amodal, 0.0, 0)
    (x0, y0), (x1, y1) = pixels[shown].min(0), pixels[shown].max(0)
    box = (float(x0), float(y0), float(x1), float(y1))
    return Seen(identity, box, amodal, round(float(shown.mean()), 3), 0)


def _behind(scene: Scene, camera: Camera, points: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which points (N, 3) a solid barrier hides from the camera."""
    eye, barrier = np.array(camera.eye), scene.world.barrier
    if barrier.kind not in SOLID:
        return np.zeros(len(points), dtype=bool)
    other_side = points[:, 1] * eye[1] < 0
    share = eye[1] / np.where(other_side, eye[1] - points[:, 1], 1.0)
    height = eye[2] + (points[:, 2] - eye[2]) * share
    return np.asarray(other_side & (height < barrier.height_m))
