"""What the scenes of the accuracy benchmark cover, by their tags, as Markdown tables."""

from collections.abc import Iterable
from pathlib import Path

from benchmarks.simulator.scene import Scene
from benchmarks.simulator.scene_set import read_set

GROUPS = ("dev", "test")
DISTANCES = ("near", "middle", "far", "quiet")
SENSORS = ("day", "overcast", "dusk", "nir", "thermal")
CONDITIONS = (*SENSORS, "night", "rain", "fog", "snow")
ACTIONS = (
    *("walk", "run", "creep", "crouch", "crawl", "turn_back", "ladder", "climb", "cut"),
    *("group", "stay", "river", "patrol"),
)
NUISANCES = (
    *("sway", "cloud_shadows", "headlights", "animal", "insects", "shake", "drift"),
    *("ladder_like", "people_far_off"),
)


def problems(scene: Scene) -> list[str]:
    """What is wrong with the tags of a scene, in words; empty when nothing is."""
    found = []
    known = {*DISTANCES, *CONDITIONS, *ACTIONS, *NUISANCES}
    if unknown := sorted(set(scene.tags) - known):
        found.append(f"tags: expected known words, found {unknown}")
    for words, what in ((DISTANCES, "distance or quiet"), (SENSORS, "sensor")):
        if len(picked := [t for t in scene.tags if t in words]) != 1:
            found.append(f"tags: expected exactly one {what}, found {picked}")
    if scene.light.sensor not in scene.tags:
        found.append(f"tags: expected the sensor {scene.light.sensor!r}, found {scene.tags}")
    for word, there in (("rain", scene.light.rain > 0), ("fog", scene.light.fog_per_m > 0)):
        if (word in scene.tags) != there:
            found.append(f"tags: expected {word!r} exactly where the light has it")
    return found


def tables(folder: Path) -> str:
    """Counts of scenes by tag and a list of all scenes, for the groups below a folder."""
    groups = {name: read_set(folder / name) for name in GROUPS}
    scenes = [list(group.values()) for group in groups.values()]
    lines = [_row("", GROUPS), _row("---", ["---"] * len(GROUPS))]
    lines.append(_row("scenes", map(len, scenes)))
    lines.append(_row("minutes", (f"{sum(s.duration_s for s in g) / 60:.1f}" for g in scenes)))
    lines.append(
        _row("frames", (round(sum(s.duration_s * s.camera.fps for s in g)) for g in scenes))
    )
    words = (*DISTANCES, *CONDITIONS, *ACTIONS, *NUISANCES)
    lines += [_row(tag, (_with(tag, group) for group in scenes)) for tag in words]
    for kind in sorted({s.world.barrier.kind for group in scenes for s in group}):
        counts = (sum(s.world.barrier.kind == kind for s in group) for group in scenes)
        lines.append(_row(f"{kind} barrier", counts))
    for name, group in groups.items():
        lines += ["", _row(name, ["s", "what happens"]), _row("---", ["---", "---"])]
        lines += [_row(s.name, [f"{s.duration_s:g}", _sentence(p)]) for p, s in group.items()]
    return "\n".join(lines) + "\n"


def _row(first: str, others: Iterable[object]) -> str:
    return "| " + " | ".join([first, *map(str, others)]) + " |"


def _with(tag: str, scenes: Iterable[Scene]) -> int:
    return sum(tag in s.tags for s in scenes)


def _sentence(path: Path) -> str:
    return path.read_text("utf-8").splitlines()[0].removeprefix("# ")
