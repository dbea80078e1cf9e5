"""Writes the configuration of the sample cameras from the truth files of their scenes.

``python -m benchmarks.sample_site samples > samples/site.yaml``

Geometry and calibration are those of the scenes. Rules are the defaults. Six cameras shall run on
two cores: three pictures a second each, and no closer looks, which people of this size do not need.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import yaml

HEAD = """\
# The shipped sample cameras: rendered scenes (benchmarks/scenes/samples) whose geometry is known.
# Made by: python -m benchmarks.sample_site samples > samples/site.yaml
# Rules are the defaults: every rule that fits the barriers and zones; see docs/configuration.md.
# Six cameras on two cores: 3 pictures a second each, no tiles (people here are large enough).
"""
NAMES = {
    "ladder_day": "A ladder at the barrier, by day",
    "climb_night": "Over the fence at night, near infrared",
    "turn_back": "Approach and turn back",
    "fence_cutting": "Somebody works at the fence",
    "group_grows": "A group that grows",
    "quiet_nuisances": "Rain, headlights, nobody",
}


class _Flow(list[Any]):
    """A list that is written on one line."""


def main() -> None:
    """Print the configuration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="with NAME.mp4 and NAME.truth.json")
    folder = parser.parse_args().folder
    truths = sorted(folder.glob("*.truth.json"), key=_order)
    cameras = {_name(path): camera(json.loads(path.read_text("utf-8"))) for path in truths}
    site = {
        "version": 1,
        "site": "samples",
        "data_dir": "../build/samples",
        "model": {"path": "../models/barrier-n"},
        "sinks": {"console": {"kind": "log"}},
        "cameras": cameras,
    }
    yaml.SafeDumper.add_representer(_Flow, _represent_flow)
    print(HEAD + yaml.safe_dump(site, sort_keys=False, width=1000), end="")


def camera(truth: dict[str, Any]) -> dict[str, Any]:
    """Give one camera's block."""
    barrier = truth["barrier"]
    drawn = {
        "points": _points(barrier["points"]),
        "top": _points(barrier["top"]),
        "sides": {"left": "inside", "right": "outside"},
    }
    if not barrier["see_through"]:
        drawn["see_through"] = False
    points = [
        {"image": _Flow(p["image"]), "ground": _Flow(p["ground"])}
        for p in truth["calibration"]["points"]
    ]
    return {
        "friendly_name": NAMES.get(truth["scene"], truth["scene"]),
        "ffmpeg": {"inputs": [{"path": truth["media"], "loop": True}]},
        "detect": {"fps": 3},
        "tiling": {"enabled": False},
        "barriers": {"fence": drawn},
        "zones": {z["name"]: {"coordinates": _points(z["coordinates"])} for z in truth["zones"]},
        "calibration": {"points": points},
    }


def _points(points: list[list[float]]) -> "_Flow":
    return _Flow(_Flow(point) for point in points)


def _name(path: Path) -> str:
    return path.name.removesuffix(".truth.json")


def _order(path: Path) -> int:
    return list(NAMES).index(_name(path)) if _name(path) in NAMES else len(NAMES)


def _represent_flow(dumper: yaml.SafeDumper, data: _Flow) -> yaml.Node:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True)


if __name__ == "__main__":
    main()
