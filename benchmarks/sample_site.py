"""Writes the configuration of cameras that play rendered clips, from the truth files beside them.

``python -m benchmarks.sample_site samples > samples/site.yaml``
``python -m benchmarks.sample_site build/scenes/dev --site dev > build/scenes/dev/site.yaml``

Geometry and calibration are those of the scenes. Rules are the defaults. The six sample cameras
shall run on two cores, over and over: three pictures a second each, and no closer looks, which
people of this size do not need. Other folders are analysed at the clips' own rate, once, and with
the closer looks that are the default.
"""

import argparse
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

NAMES = {
    "ladder_day": "A ladder at the barrier, by day",
    "climb_night": "Over the fence at night, near infrared",
    "turn_back": "Approach and turn back",
    "fence_cutting": "Somebody works at the fence",
    "group_grows": "A group that grows",
    "quiet_nuisances": "Rain, headlights, nobody",
}


SAMPLES_HEAD = """\
# The shipped sample cameras: rendered scenes (benchmarks/scenes/samples) whose geometry is known.
# Made by: python -m benchmarks.sample_site samples > samples/site.yaml
# Rules are the defaults: every rule that fits the barriers and zones; see docs/configuration.md.
# Six cameras on two cores: 3 pictures a second each, no tiles (people here are large enough).
"""
HEAD = """\
# Rendered scenes as cameras. Made by: python -m benchmarks.sample_site {folder} --site {site}
# Rules are the defaults: every rule that fits the barriers and zones; see docs/configuration.md.
"""


@dataclass(frozen=True)
class Style:
    """What differs between sets of clips; None leaves the clip's or the product's own value."""

    head: str
    data_dir: str
    fps: float | None = None
    tiles: bool | None = None
    loop: bool = False


SAMPLES = Style(SAMPLES_HEAD, "../build/samples", 3, tiles=False, loop=True)
SCENES = Style(HEAD, "data")


class _Flow(list[Any]):
    """A list that is written on one line."""


class _Dumper(yaml.SafeDumper):
    """Knows lists that are written on one line."""


def main() -> None:
    """Print the configuration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="with NAME.mp4 and NAME.truth.json")
    parser.add_argument("--site", default="samples", help="its name (default: %(default)s)")
    args = parser.parse_args()
    print(written(args.folder, args.site), end="")


def written(folder: Path, name: str) -> str:
    """Give the configuration's text for a folder of clips; raises ValueError without clips."""
    style = SAMPLES if name == "samples" else SCENES
    text = yaml.dump(site(folder, name, style), Dumper=_Dumper, sort_keys=False, width=1000)
    return style.head.format(folder=folder, site=name) + text


def site(folder: Path, name: str, style: Style) -> dict[str, Any]:
    """Give the configuration of a folder of clips; raises ValueError without clips."""
    truths = sorted(folder.glob("*.truth.json"), key=_order)
    if not truths:
        raise ValueError(f"{folder}: expected rendered clips (*.truth.json), found none")
    model = os.path.relpath(Path("models/barrier-n"), folder)
    return {
        "version": 1,
        "site": name,
        "data_dir": style.data_dir,
        "model": {"path": model},
        "sinks": {"console": {"kind": "log"}},
        "cameras": {_name(p): camera(json.loads(p.read_text("utf-8")), style) for p in truths},
    }


def camera(truth: dict[str, Any], style: Style) -> dict[str, Any]:
    """Give one camera's block."""
    source = {"path": truth["media"]} | ({"loop": True} if style.loop else {})
    points = [
        {"image": _Flow(p["image"]), "ground": _Flow(p["ground"])}
        for p in truth["calibration"]["points"]
    ]
    return {
        "friendly_name": NAMES.get(truth["scene"], truth["scene"]),
        "ffmpeg": {"inputs": [source]},
        "detect": {"fps": style.fps or truth["fps"]},
        **({} if style.tiles is None else {"tiling": {"enabled": style.tiles}}),
        **_barriers(truth["barrier"]),
        "zones": {z["name"]: _zone(z) for z in truth["zones"]},
        "calibration": {"points": points},
    }


def _zone(zone: dict[str, Any]) -> dict[str, Any]:
    """A zone as the truth file draws it; land is the default."""
    drawn: dict[str, Any] = {"coordinates": _points(zone["coordinates"])}
    return drawn | ({"kind": "water"} if zone.get("kind") == "water" else {})


def _barriers(barrier: dict[str, Any] | None) -> dict[str, Any]:
    """The barrier as the truth file draws it; nothing where none is in the picture."""
    if barrier is None:
        return {}
    drawn = {
        "points": _points(barrier["points"]),
        "top": _points(barrier["top"]),
        "sides": {"left": "inside", "right": "outside"},
    }
    if not barrier["see_through"]:
        drawn["see_through"] = False
    return {"barriers": {barrier["name"]: drawn}}


def _points(points: list[list[float]]) -> "_Flow":
    return _Flow(_Flow(point) for point in points)


def _name(path: Path) -> str:
    return path.name.removesuffix(".truth.json")


def _order(path: Path) -> int:
    return list(NAMES).index(_name(path)) if _name(path) in NAMES else len(NAMES)


def _represent_flow(dumper: yaml.SafeDumper, data: _Flow) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)


_Dumper.add_representer(_Flow, _represent_flow)

if __name__ == "__main__":
    main()
