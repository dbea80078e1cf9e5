"""Computes a truth file anew from its scene and its boxes, without rendering.

For when the definition of an event changes: positions and states come from the scene, what the
camera saw comes from the file.
"""

from typing import Any

from benchmarks.simulator.boxes import XYXY, Seen
from benchmarks.simulator.camera import Camera
from benchmarks.simulator.scene import Scene
from benchmarks.simulator.stage import Stage
from benchmarks.simulator.truth import TruthKeeper


def retold(scene: Scene, document: dict[str, Any]) -> dict[str, Any]:
    """Returns the truth of a scene with the boxes of an older truth file of the same scene."""
    spec = scene.camera
    camera = Camera(spec.eye_m, spec.target_m, spec.hfov_deg, *spec.size_px)
    stage, keeper = Stage(scene), TruthKeeper(scene, camera)
    for number, frame in enumerate(document["frames"]):
        t_s = number / spec.fps
        looks = {thing["id"]: _look(thing) for thing in frame["objects"]}
        keeper.add(t_s, *stage.at(t_s), looks)
    return keeper.document(document["media"])


def _look(thing: dict[str, Any]) -> Seen:
    return Seen(thing["id"], _box(thing["visible"]), _box(thing["amodal"]), thing["visibility"], 0)


def _box(corners: list[float] | None) -> XYXY | None:
    return None if corners is None else (corners[0], corners[1], corners[2], corners[3])
