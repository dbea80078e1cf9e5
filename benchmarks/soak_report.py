"""What a soak shows: curves of memory, threads and descriptors, faults that were told, latency."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import psutil

BLINDING = ("killed", "suspended", "frozen-stream", "never-answers")
"""Faults of the campaign under which no picture comes; each has to be told."""
HALVES = ("faults", "dead")


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


def without_event(told: list[Any], requests: Sequence[dict[str, Any]]) -> int | None:
    """Count blinding faults during which no event about the camera came; None: none ever came."""
    found = []
    for entry in requests:
        data = json.loads(entry["body"])["data"]
        if data["rule"] == "camera_offline" and data["phase"] == "new":
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


def flatness(samples: Samples, half: str, minutes: float) -> dict[str, Any] | None:
    """Give range and slope of RSS in the later two thirds of a half, and the ranges of counts.

    None before that time began.
    """
    first_s = minutes * 60 * (1 / 3 if half == "faults" else 4 / 3)
    last_s = minutes * 60 * (1 if half == "faults" else 2)
    chosen = [i for i, at_s in enumerate(samples.at_s) if first_s <= at_s <= last_s]
    if len(chosen) < 2:  # no slope
        return None
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
        f"{untold} blinding ones without an event about the camera. {_ending(result)}"
    )
    text = ["# Soak", "", f"{head} cores · commit {result['commit']}", "", told, ""]
    text += ["![Memory, threads and descriptors](soak.png)", ""]
    text += ["| half | RSS MiB | slope MiB/h | threads | descriptors |", "|---|--:|--:|--:|--:|"]
    text += [
        *rows,
        "",
        "Seconds from capture to receipt of each new happening, with the tests' tiny network:",
    ]
    text += ["what the shipped one takes (docs/models.md) is not in them.", ""]
    text += ["| camera | n | p50 | p95 | p99 |", "|---|--:|--:|--:|--:|", *times, ""]
    return "\n".join(text)


def _ending(result: dict[str, Any]) -> str:
    """Say what is counted at the end, or that the run did not come to it."""
    counts = result["counts"]
    if not counts:
        wanted_min = 2 * result["minutes"]
        return f"**Cut off after {result['ran_minutes']:g} of {wanted_min:g} minutes.**"
    states = sorted(set(result["states_when_dead"].values()))
    return (
        f"{counts['committed']} events committed, {counts['lost']} lost; {counts['clips_ready']} "
        f"clips ready, {counts['clips_missing']} announced missing, {counts['clips_lost']} lost. "
        f"States at the end, all dead: {', '.join(states)}."
    )
