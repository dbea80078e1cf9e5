"""A folder of scenes becomes a folder of clips; what is there already and still true is kept.

Beside each clip lies NAME.made.json with two fingerprints: of everything its pictures follow from,
and of everything its truth follows from besides. Libraries and drivers are no part of them.
"""

import hashlib
import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.simulator.retell import retold
from benchmarks.simulator.scene import Scene, SceneError, read_scene

_SOURCES = Path(__file__).parent
_SUFFIXES = (".py", ".glsl", ".vert", ".frag", ".npz")
TRUTH_ONLY = ("happenings", "outlines", "retell", "truth", "welfare")
NOT_IN_A_CLIP = (
    "__main__",
    "arrangements",
    "bake_bodies",
    "contact_sheets",
    "coverage",
    "footage",
    "lineup",
    "ladder_arrangements",
    "person_finder",
    "pictures",
    "realism",
    "realism_report",
    "recipe",
    "rehearsal",
    "sampling",
    "scene_set",
)


def read_set(folder: Path) -> dict[Path, Scene]:
    """Reads all scene files of a folder; raises `SceneError` when a name is not its file's."""
    scenes = {path: read_scene(path) for path in sorted(folder.glob("*.yaml"))}
    if not scenes:
        raise SceneError(f"{folder}: expected scene files (*.yaml), found none")
    for path, scene in scenes.items():
        if scene.name != path.stem:
            raise SceneError(f"{path}: name: expected {path.stem!r}, found {scene.name!r}")
    return scenes


def fingerprints(scene_file: Path) -> dict[str, str]:
    """SHA-256 of what the pictures and of what, besides, the truth of a scene follow from."""
    files = [p for p in sorted(_SOURCES.rglob("*")) if p.suffix in _SUFFIXES]
    used = [p for p in files if p.parent != _SOURCES or p.stem not in NOT_IN_A_CLIP]
    truth = [p for p in used if p.parent == _SOURCES and p.stem in TRUTH_ONLY]
    pictures = [scene_file, *(p for p in used if p not in truth)]
    return {"pictures": _sha256(pictures), "truth": _sha256(truth)}


def _sha256(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def render_set(folder: Path, out: Path) -> None:
    """Renders the scenes of a folder to OUT; tells anew what only needs that, skips the rest.

    Can be interrupted at any time: a clip counts as made when its NAME.made.json is written.
    """
    scenes = read_set(folder)
    out.mkdir(parents=True, exist_ok=True)
    for path, scene in scenes.items():
        note, now = out / f"{scene.name}.made.json", fingerprints(path)
        made = json.loads(note.read_text("utf-8")) if note.exists() else {}
        if made == now:
            print(f"{scene.name}: unchanged")
            continue
        note.unlink(missing_ok=True)
        if made.get("pictures") == now["pictures"]:
            _retell(scene, out / f"{scene.name}.truth.json")
        else:
            _render(scene, out)
        note.write_text(json.dumps(now) + "\n", "utf-8")
    for stray in sorted({p.stem for p in out.glob("*.mp4")} - {s.name for s in scenes.values()}):
        print(f"{stray}: is in {out}, but no scene of {folder}; remove it by hand")


def _render(scene: Scene, out: Path) -> None:
    """Renders in a process of its own: what OpenGL took is only given back when that ends."""
    from benchmarks.simulator.render import render  # noqa: PLC0415 - needs EGL, reading a set does not

    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        pool.submit(render, scene, out).result()


def _retell(scene: Scene, truth: Path) -> None:
    document = retold(scene, json.loads(truth.read_text("utf-8")))
    truth.write_text(json.dumps(document, separators=(",", ":")) + "\n", "utf-8")
    print(f"{scene.name}: events anew, pictures unchanged")
