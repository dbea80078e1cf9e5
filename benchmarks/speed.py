"""What one camera costs: frames per second and CPU per stage for 1, 2, 4 and 8 cameras at 5 fps.

``python -m benchmarks.speed [--video CLIP] [--model FOLDER] [--seconds 60]``

Each row is a service of its own in a process of its own, with the whole way from decoding to the
committed event. The network runs on ONNX Runtime's CPU provider with one thread, so that every
stage's CPU is that of one thread and can be measured (``time.thread_time``); what no stage claims
(threads, health, store's readers, Python) is "rest". "Around" is everything but decoding and
inference.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import yaml

from benchmarks.machine import ROOT, stamp, write_result
from detector.config import load_config
from detector.service import Service
from detector.vision.manifest import manifest_path, read_manifest

CAMERAS = (1, 2, 4, 8)
FPS = 5.0
SETTLE_S = 5.0
SAMPLE_S = 1.0
FOOTNOTE = (
    "Decoding counts every picture of the recording, analysed or not. Drops are frames that were "
    "due but replaced by a newer one before the network was free."
)


def main() -> None:
    """Measure every row, then write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--video", type=Path, default=ROOT / "samples" / "ladder_day.mp4")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "barrier-n")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    parser.add_argument("--row", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row is not None:
        print(json.dumps(measure(options.row, options.video, options.model, options.seconds)))
        return
    rows = []
    for count in CAMERAS:
        given = [sys.executable, "-m", "benchmarks.speed", "--row", str(count)]
        given += ["--video", str(options.video), "--model", str(options.model)]
        given += ["--seconds", str(options.seconds)]
        told = subprocess.run(given, check=True, capture_output=True, text=True, cwd=ROOT)
        rows.append(json.loads(told.stdout.splitlines()[-1]))
        print(line(rows[-1]))
    manifest = read_manifest(manifest_path(options.model))
    result = {
        "command": f"python -m benchmarks.speed --seconds {options.seconds:g}",
        **stamp(),
        "model": {"name": manifest.name, "sha256": manifest.sha256},
        "video": options.video.name,
        "rows": rows,
    }
    write_result(options.out, "speed", result, markdown(result))


def measure(count: int, video: Path, model: Path, seconds: float) -> dict[str, Any]:
    """Run a service with ``count`` cameras and watch it for ``seconds``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "site.yaml"
        path.write_text(yaml.safe_dump(site(count, video, model)), encoding="utf-8")
        with Service(load_config(path)) as service:
            time.sleep(SETTLE_S)
            process = psutil.Process()
            before, cpu_before = service.stages.cpu_s(), sum(process.cpu_times()[:2])
            frames_before, began = service.frames_analysed, time.monotonic()
            rss = []
            while time.monotonic() - began < seconds:
                time.sleep(SAMPLE_S)
                rss.append(round(process.memory_info().rss / 2**20, 1))
            wall_s = time.monotonic() - began
            cpu_s = sum(process.cpu_times()[:2]) - cpu_before
            frames = service.frames_analysed - frames_before
            after = service.stages.cpu_s()
            healths = [camera.health() for camera in service.cameras()]
    stages = {stage.value: after[stage] - before[stage] for stage in after}
    stages["rest"] = cpu_s - sum(stages.values())
    around = cpu_s - stages["decode"] - stages["inference"]
    return {
        "cameras": count,
        "wanted_fps": count * FPS,
        "analysed_fps": round(frames / wall_s, 2),
        "drops": sum(health.drops for health in healths),
        "cpu_cores": round(cpu_s / wall_s, 2),
        "cpu_ms_per_frame": {k: round(1000 * v / max(frames, 1), 3) for k, v in stages.items()},
        "around_over_decode_and_inference": round(
            around / (stages["decode"] + stages["inference"]), 4
        ),
        "latency_s": [health.latency_s for health in healths],
        "rss_mib": rss,
    }


def site(count: int, video: Path, model: Path) -> dict[str, Any]:
    """Configure ``count`` cameras that show the same recording, with every rule that fits."""
    line_ = [[0.05, 0.62], [0.95, 0.62]]
    yard = [[0.02, 0.3], [0.98, 0.3], [0.98, 0.98], [0.02, 0.98]]
    camera = {
        "ffmpeg": {"inputs": [{"path": str(video.resolve()), "loop": True}]},
        "detect": {"fps": FPS},
        "barriers": {"fence": {"points": line_}},
        "zones": {"yard": {"coordinates": yard}},
    }
    return {
        "version": 1,
        "model": {"path": str(model.resolve()), "provider": "cpu", "threads": 1},
        "cameras": {f"camera{n}": camera for n in range(count)},
    }


def line(row: dict[str, Any]) -> str:
    """Say a row in one line."""
    return (
        f"{row['cameras']} cameras: {row['analysed_fps']:.1f} of {row['wanted_fps']:g} fps, "
        f"{row['cpu_cores']:.2f} cores, around/(decode+inference) "
        f"{100 * row['around_over_decode_and_inference']:.1f} %"
    )


def markdown(result: dict[str, Any]) -> str:
    """Lay the result out as tables."""
    rows, machine, model = result["rows"], result["machine"], result["model"]
    stages = list(rows[0]["cpu_ms_per_frame"])
    head = (
        f"`{result['command']}` · {result['date']} · {machine['processor']}, {machine['cores']} "
        f"cores · commit {result['commit']} · model {model['name']} ({model['sha256'][:12]}), ONNX "
        f"Runtime CPU provider, one thread · recording {result['video']}"
    )
    columns = (
        "cameras",
        "wanted fps",
        "analysed fps",
        "drops",
        "cores",
        "around / (decode + inference)",
        "RSS first → last MiB",
    )
    text = ["# Speed", "", head, "", *table_head(columns)]
    text += [
        f"| {r['cameras']} | {r['wanted_fps']:g} | {r['analysed_fps']} | {r['drops']} | "
        f"{r['cpu_cores']} | {100 * r['around_over_decode_and_inference']:.1f} % | "
        f"{r['rss_mib'][0]} → {r['rss_mib'][-1]} |"
        for r in rows
    ]
    text += ["", "CPU ms per analysed frame:", "", *table_head(("cameras", *stages))]
    for r in rows:
        spent = " | ".join(f"{r['cpu_ms_per_frame'][stage]:.2f}" for stage in stages)
        text.append(f"| {r['cameras']} | {spent} |")
    text += ["", FOOTNOTE, ""]
    return "\n".join(text)


def table_head(columns: Sequence[str]) -> list[str]:
    """Give the first two lines of a table."""
    return [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]


if __name__ == "__main__":
    main()
