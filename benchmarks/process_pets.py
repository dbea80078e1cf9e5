"""Scores the command itself: ``detector process`` on the PETS clip against its 28 true crossings.

``python -m benchmarks.process_pets [--model FOLDER]``

Unlike ``benchmarks.crossings``, which feeds the tracker, this runs the shipped command with a
configuration of its own, in a process of its own, and reads the events it wrote. Needs the shared
footage.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from benchmarks.crossings import LINES, score, true_crossings
from benchmarks.machine import ROOT, stamp, write_result
from benchmarks.mot import CLIPS, SHARED_DATA, read_truth
from detector.events import Event
from detector.types import Xy

RATES_HZ = (10.0, 5.0)
OUT = ROOT / "benchmarks" / "results"


class Told(NamedTuple):
    """A crossing as the events tell it."""

    at: float
    until_s: float
    direction: str
    foot: Xy


def main() -> None:
    """Run, score, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "barrier-n")
    options = parser.parse_args()
    line = LINES[0]
    clip = CLIPS[line.clip]
    truth = true_crossings(read_truth(clip), line, clip.fps)
    rows = []
    for rate_hz in RATES_HZ:
        events, report = process(SHARED_DATA / clip.video, options.model, rate_hz)
        told = [
            Told(e.data.pts_s, e.data.end_s or e.data.pts_s, e.data.direction, e.data.foot)
            for e in events
            if e.data.rule == "barrier_crossing"
        ]
        run = report["sources"][0] | {"source": Path(clip.video).name}
        rows.append({"hz": rate_hz, **score(truth, told), **run})
        print(row(rows[-1]))
    result = {
        "command": "python -m benchmarks.process_pets",
        **stamp(),
        "model": report["model"],
        "provider": f"{report['provider']} {report['precision']}, {report['threads']} thread(s)",
        "line": line.label,
        "rows": rows,
    }
    write_result(OUT, "process_pets", result, markdown(result))


def process(video: Path, model: Path, rate_hz: float) -> tuple[list[Event], dict[str, Any]]:
    """Run the command and read what it wrote."""
    width, height = CLIPS[LINES[0].clip].size
    points = [[x / width, y / height] for x, y in (LINES[0].start, LINES[0].stop)]
    config = {
        "version": 1,
        "site": "pets",
        "model": {"path": str(model.resolve())},
        "cameras": {
            "s2l1": {
                "ffmpeg": {"inputs": [{"path": str(video)}]},
                "detect": {"fps": rate_hz},
                "barriers": {"line": {"points": points}},
            }
        },
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "site.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        given = [sys.executable, "-m", "detector", "process", str(video)]
        given += ["--config", str(folder / "site.yaml"), "--events", str(folder / "events.jsonl")]
        given += ["--report", str(folder / "report.json")]
        subprocess.run(given, check=True, capture_output=True, cwd=ROOT)
        lines = (folder / "events.jsonl").read_text("utf-8").splitlines()
        report = json.loads((folder / "report.json").read_text("utf-8"))
    return [Event.model_validate_json(text) for text in lines], report


def row(found: dict[str, Any]) -> str:
    """Give one line of the table."""
    return (
        f"| {found['hz']:g} | {found['true']} | {found['reported']} | {found['precision']:.2f} | "
        f"{found['recall']:.2f} | {found['f1']:.2f} | {found['direction']:.2f} | "
        f"{found['delay_median_s']:.1f}, {found['delay_max_s']:.1f} | {found['missed_at']} | "
        f"{found['false_at']} | {found['realtime_factor']} |"
    )


def markdown(result: dict[str, Any]) -> str:
    """Lay the result out as a table."""
    machine, model = result["machine"], result["model"]
    head = (
        f"`{result['command']}` · {result['date']} · {machine['processor']}, {machine['cores']} "
        f"cores · commit {result['commit']} · {model['name']} {model['version']} "
        f"({model['sha256'][:12]}) on {result['provider']}"
    )
    what = (
        f"Line {result['line']} px, default rules, no calibration. A hit is an event within 1 s of "
        "a labelled crossing; PETS was not trained on, but looked at when the model and the "
        "tracker were chosen."
    )
    columns = (
        "| Hz | true | told | precision | recall | F1 | direction | delay s median, max | "
        "missed at s | false at s | times real time |"
    )
    ruler = "|--:|--:|--:|--:|--:|--:|--:|---|---|---|--:|"
    rows = [row(found) for found in result["rows"]]
    text = ["# `detector process` on PETS S2.L1", "", head, "", what, "", columns, ruler, *rows, ""]
    return "\n".join(text)


if __name__ == "__main__":
    main()
