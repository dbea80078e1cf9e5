"""Many real RTSP cameras with random faults, then all dead: does anything grow or go missing?

    python -m benchmarks.soak [--cameras 8] [--minutes 30]

docs/faults.md says what is measured. Writes ``soak.md``, ``soak.json`` and ``soak.png``.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.faults.camera import RtspCamera, missing_gstreamer
from benchmarks.faults.campaign import Watcher, shows
from benchmarks.faults.film import make_film
from benchmarks.faults.kinds import BY_NAME, Rig, Sign
from benchmarks.faults.site import QUICK, Site, live_camera
from benchmarks.machine import ROOT, stamp, write_result

FPS = 5
BLINDING = ("killed", "suspended", "frozen-stream", "never-answers")
OTHERS = ("corrupt-bytes", "resolution", "same-picture", "no-keyframes", "loss-2-percent")
PAUSE_S = (10.0, 40.0)
HOLD_S = (6.0, 15.0)


@dataclass
class Samples:
    """RSS in MiB, threads and descriptors of the service, each second."""

    at_s: list[float] = field(default_factory=list)
    rss_mib: list[float] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def take(self, process: psutil.Process, at_s: float) -> None:
        """Read once."""
        with process.oneshot():
            self.at_s.append(round(at_s, 1))
            self.rss_mib.append(round(process.memory_info().rss / 2**20, 1))
            self.threads.append(process.num_threads())
            self.descriptors.append(process.num_fds())


def disturb(site: Site, name: str, rig: Rig, over: threading.Event, told: list[Any]) -> None:
    """Make one random fault after the other until it is over; note whether each was shown."""
    dice, watcher = random.Random(name), Watcher(site, name)  # noqa: S311  (which fault, when)
    while not over.wait(dice.uniform(*PAUSE_S)):
        fault = BY_NAME[dice.choice(BLINDING if dice.random() < 0.5 else OTHERS)]
        before = watcher.since(0.0)[-1]
        made_s, made_at = time.monotonic(), time.time()
        fault.make(rig)
        over.wait(dice.uniform(*HOLD_S))
        mended_at = time.time()
        looks = watcher.since(made_s)
        fault.mend(rig)
        shown = fault.name not in BLINDING or any(shows(Sign.STATE, k, before) for k in looks)
        line = {"camera": name, "fault": fault.name, "made_at": made_at, "mended_at": mended_at}
        told.append(line | {"shown": shown})


def run(folder: Path, cameras: int, minutes: float) -> dict[str, Any]:
    """Run both halves."""
    small = make_film(folder / "small.h264", scale=6, fps=FPS)
    large = make_film(folder / "large.h264", scale=8, fps=FPS)
    rigs = {f"c{n}": Rig(RtspCamera(small, fps=FPS), small, large) for n in range(cameras)}
    for rig in rigs.values():
        rig.camera.start()
    site = Site(folder, {name: live_camera(rig.url, QUICK) for name, rig in rigs.items()})
    samples, told, over = Samples(), list[Any](), threading.Event()
    try:
        site.start()
        process = psutil.Process(site.process.pid if site.process else None)
        threads = [
            threading.Thread(target=disturb, args=(site, name, rig, over, told))
            for name, rig in rigs.items()
        ]
        for thread in threads:
            thread.start()
        began_s = time.monotonic()
        _sample(samples, process, began_s, minutes * 60)
        over.set()
        for thread in threads:
            thread.join()
        for rig in rigs.values():
            rig.close()
        _sample(samples, process, began_s, minutes * 120)
        dead = {name: looks[-1].state for name, looks in site.looks.items()}
        committed, lost = site.settle()
        requests = site.receiver.requests()
    finally:
        over.set()
        site.close()
        for rig in rigs.values():
            rig.close()
    return {
        "samples": vars(samples),
        "flat": {half: flatness(samples, half, minutes) for half in ("faults", "dead")},
        "faults": told,
        "silent": [line for line in told if not line["shown"]],
        "without_event": without_event(told, requests),
        "states_when_dead": dead,
        "committed": sum(committed.values()),
        "lost": sum(lost.values()),
        "latency_s": {name: latency(requests, name) for name in rigs},
    }


def _sample(samples: Samples, process: psutil.Process, began_s: float, until_s: float) -> None:
    while (now_s := time.monotonic() - began_s) < until_s:
        samples.take(process, now_s)
        time.sleep(1.0)


def without_event(told: list[Any], requests: Sequence[dict[str, Any]]) -> int | None:
    """Count blinding faults during which no event about the camera came; None: none ever came."""
    found = []
    for entry in requests:
        data = json.loads(entry["body"])["data"]
        if data["rule"].startswith("camera_"):
            found.append((data["camera"], entry["at"]))
    if not found:
        return None
    return sum(
        not any(
            camera == line["camera"] and line["made_at"] <= at <= line["mended_at"]
            for camera, at in found
        )
        for line in told
        if line["fault"] in BLINDING
    )


def flatness(samples: Samples, half: str, minutes: float) -> dict[str, Any]:
    """Give range and slope of RSS in the later two thirds of a half, and the ranges of counts."""
    first_s = minutes * 60 * (1 / 3 if half == "faults" else 4 / 3)
    last_s = minutes * 60 * (1 if half == "faults" else 2)
    chosen = [i for i, at_s in enumerate(samples.at_s) if first_s <= at_s <= last_s]
    at_h = np.array([samples.at_s[i] for i in chosen]) / 3600
    rss = np.array([samples.rss_mib[i] for i in chosen])
    threads = [samples.threads[i] for i in chosen]
    descriptors = [samples.descriptors[i] for i in chosen]
    return {
        "rss_mib": [float(rss.min()), float(rss.max())],
        "rss_slope_mib_per_h": round(float(np.polyfit(at_h, rss, 1)[0]), 1),
        "threads": [min(threads), max(threads)],
        "descriptors": [min(descriptors), max(descriptors)],
    }


def latency(requests: Sequence[dict[str, Any]], camera: str) -> dict[str, float] | None:
    """Give quantiles of seconds from the capture of the deciding frame to its webhook's receipt."""
    found = []
    for entry in requests:
        event = json.loads(entry["body"])
        data = event["data"]
        if data["camera"] == camera and data["phase"] == "new" and data["latency"]:
            committed_s = data["latency"]["committed_s"]
            recorded_at = datetime.fromisoformat(event["recordedtime"]).timestamp()
            found.append(committed_s + entry["at"] - recorded_at)
    if not found:
        return None
    p50, p95, p99 = np.quantile(found, (0.5, 0.95, 0.99))
    return {"n": len(found), "p50": round(p50, 3), "p95": round(p95, 3), "p99": round(p99, 3)}


def plot(result: dict[str, Any], path: Path) -> None:
    """Draw the three curves over time."""
    import matplotlib as mpl  # noqa: PLC0415  (an extra)

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    samples = result["samples"]
    figure, axes = plt.subplots(3, 1, figsize=(9, 7), sharex=True, layout="constrained")
    names = ("rss_mib", "threads", "descriptors")
    for axis, name, label in zip(axes, names, ("RSS, MiB", "threads", "descriptors"), strict=True):
        axis.plot([at_s / 60 for at_s in samples["at_s"]], samples[name], linewidth=1)
        axis.axvline(result["minutes"], color="grey", linestyle="--", linewidth=1)
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
    axes[0].set_title(f"{result['cameras']} cameras: random faults, then all addresses dead")
    axes[-1].set_xlabel("minutes")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def markdown(result: dict[str, Any]) -> str:
    """Lay it out for people."""
    machine, flat = result["machine"], result["flat"]
    head = f"`{result['command']}` · {result['date']} · {machine['processor']}, {machine['cores']}"
    rows = [
        f"| {half} | {f['rss_mib'][0]:.0f} to {f['rss_mib'][1]:.0f} | {f['rss_slope_mib_per_h']} "
        f"| {f['threads'][0]} to {f['threads'][1]} "
        f"| {f['descriptors'][0]} to {f['descriptors'][1]} |"
        for half, f in flat.items()
    ]
    times = [
        f"| {name} | {t['n']} | {t['p50']:.2f} | {t['p95']:.2f} | {t['p99']:.2f} |"
        for name, t in result["latency_s"].items()
        if t is not None
    ]
    untold = "not measured:" if result["without_event"] is None else result["without_event"]
    told = (
        f"{len(result['faults'])} faults, {len(result['silent'])} silent; "
        f"{untold} blinding ones without an event about the camera; {result['committed']} events "
        f"committed, {result['lost']} lost. States at the end, all dead: "
        f"{', '.join(sorted(set(result['states_when_dead'].values())))}."
    )
    text = ["# Soak", "", f"{head} cores · commit {result['commit']}", "", told, ""]
    text += ["![Memory, threads and descriptors](soak.png)", ""]
    text += ["| half | RSS MiB | slope MiB/h | threads | descriptors |", "|---|--:|--:|--:|--:|"]
    text += [*rows, "", "Seconds from capture to receipt of each new happening:", ""]
    text += ["| camera | n | p50 | p95 | p99 |", "|---|--:|--:|--:|--:|", *times, ""]
    return "\n".join(text)


def main() -> int:
    """Run it and write the results; the exit code is 1 if something was lost or silent."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=30.0, help="of each half")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    given = parser.parse_args()
    if missing := missing_gstreamer():
        parser.error(f"gst-rtsp-server and its bindings (`make test-tools`): {missing}")
    command = f"python -m benchmarks.soak --cameras {given.cameras} --minutes {given.minutes:g}"
    head = {"command": command, **stamp(), "cameras": given.cameras, "minutes": given.minutes}
    with tempfile.TemporaryDirectory() as folder:
        result = head | run(Path(folder), given.cameras, given.minutes)
    write_result(given.out, "soak", result, markdown(result))
    plot(result, given.out / "soak.png")
    print(markdown(result))
    return 1 if result["lost"] or result["silent"] or result["without_event"] else 0


if __name__ == "__main__":
    sys.exit(main())
