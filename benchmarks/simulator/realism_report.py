"""The realism measurement for people to read: tables and one picture."""

from collections import Counter
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from benchmarks.simulator.realism import BINS, ENOUGH, UPRIGHT, Scores

_REAL, _OURS = "#7a7a7a", "#c8501e"
Row = dict[str, Any]


def markdown(result: dict[str, Any]) -> str:
    """Lays the result out as tables, one for each detector, and one for the other postures."""
    machine = result["machine"]
    models = ", ".join(f"{m['name']} (sha256 {m['sha256'][:12]})" for m in result["models"])
    head = (
        f"`{result['command']}` · {result['date']} · {machine['processor']}, {machine['cores']} "
        f"cores · commit {result['commit']} · {result['cpu_s']} CPU-s · {models}"
    )
    lines = ["# Rendered people beside real ones", "", head, "", _explained(result), ""]
    for model in result["models"]:
        rows = [r for r in result["rows"] if r["detector"] == model["name"]]
        verdicts = ", ".join(f"{count} {name}" for name, count in tally(rows).most_common())
        lines += [f"## {model['name']}: upright (walk, run, stand)", "", f"Cells: {verdicts}.", ""]
        lines += [*_upright(rows), ""]
        lines += [f"## {model['name']}: other postures, rendered", "", *_others(rows), ""]
    return "\n".join(lines)


def _explained(result: dict[str, Any]) -> str:
    sets = "; ".join(
        f"{sensor}: {' and '.join(r['sets'])}"
        + (f" (stand-in: {r['stand_in']})" * bool(r["stand_in"]))
        for sensor, r in result["references"].items()
    )
    return (
        "Scores of person boxes, 0 where none lies on the person (IoU 0.4). Heights are pixels of "
        "the person's box in the detector's 640-pixel picture; everything went through JPEG. Cells "
        "hold median (quartiles), share found at 0.3 and people. The verdict says where the "
        f"rendered median lies against the real 10-90 % range, from {ENOUGH} people on each side; "
        "a wide range is easy to lie in, so read the shares too. Real pictures are taken at 640 "
        f"pixels and shrunk to a half and a quarter. Real sets: {sets}."
    )


def _cell(spread: dict[str, Any] | None) -> str:
    if spread is None:
        return "- | - | 0"
    text = f"{spread['median']:.2f} ({spread['quarter']:.2f}-{spread['three_quarters']:.2f})"
    return f"{text} | {spread['found']:.2f} | {spread['people']}"


def _upright(rows: list[Row]) -> list[str]:
    lines = [
        "| sensor | px | rendered | found | n | real | found | n | real 10-90 % | verdict |",
        "|---|---|---|--:|--:|---|--:|--:|---|---|",
    ]
    for row in rows:
        if row["posture"] == UPRIGHT:
            real = row["real"]
            span = f"{real['low']:.2f}-{real['high']:.2f}" if real else "-"
            lines.append(
                f"| {row['sensor']} | {row['height_px']} | {_cell(row['rendered'])} | "
                f"{_cell(real)} | {span} | {row['verdict']} |"
            )
    return lines


def _others(rows: list[Row]) -> list[str]:
    lines = [
        "Median score, share found and people; no real reference exists for any of these.",
        "",
        "| sensor | posture | " + " | ".join(f"{name} px" for name in BINS) + " |",
        "|---|---|" + "---|" * len(BINS),
    ]
    keys = dict.fromkeys((r["sensor"], r["posture"]) for r in rows if r["posture"] != UPRIGHT)
    for sensor, pose in keys:
        cells = []
        for row in rows:
            if (row["sensor"], row["posture"]) == (sensor, pose):
                ours = row["rendered"]
                cells.append(
                    f"{ours['median']:.2f}, {ours['found']:.2f} ({ours['people']})" if ours else "-"
                )
        lines.append(f"| {sensor} | {pose} | " + " | ".join(cells) + " |")
    return lines


def tally(rows: list[Row]) -> Counter[str]:
    """How often each verdict fell on upright people."""
    return Counter(row["verdict"] for row in rows if row["posture"] == UPRIGHT)


def plot(result: dict[str, Any], rendered: Scores, path: Path) -> None:
    """Draws scores over heights: the real range and median behind every rendered person."""
    sensors = list(result["references"])
    models = [m["name"] for m in result["models"]]
    size = (5.6 * len(models), 2.5 * len(sensors) + 0.8)
    figure, axes = plt.subplots(
        len(sensors), len(models), figsize=size, sharex=True, sharey=True, squeeze=False
    )
    for i, sensor in enumerate(sensors):
        for j, model in enumerate(models):
            rows = [
                r
                for r in result["rows"]
                if (r["detector"], r["sensor"], r["posture"]) == (model, sensor, UPRIGHT)
            ]
            reference = result["references"][sensor]
            note = " + ".join(reference["sets"]) + (" (stand-in)" if reference["stand_in"] else "")
            _panel(axes[i, j], rows, rendered)
            axes[i, j].set_title(f"{sensor}, {model.split('_')[0]} · real: {note}", fontsize=9)
            if j == 0:
                axes[i, j].set_ylabel("score")
    for axis in axes[-1]:
        axis.set_xlabel("height of the person, px of 640")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper center", ncol=4, fontsize=9, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.97))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _panel(axis: Axes, rows: list[Row], rendered: Scores) -> None:
    x = np.arange(len(BINS))
    jitter = np.random.default_rng(1)
    for place, row in enumerate(rows):
        key = (row["detector"], row["sensor"], UPRIGHT, row["height_px"])
        scores = rendered.get(key, [])
        at = place + jitter.uniform(-0.22, 0.22, len(scores))
        axis.scatter(at, scores, s=7, color=_OURS, alpha=0.35, linewidths=0)

    def line(side: str, name: str) -> list[float]:
        return [r[side][name] if r[side] and r[side]["people"] >= ENOUGH else np.nan for r in rows]

    axis.fill_between(
        x, line("real", "low"), line("real", "high"), color=_REAL, alpha=0.25, label="real, 10-90 %"
    )
    axis.plot(x, line("real", "median"), color=_REAL, marker="s", ms=4, label="real, median")
    axis.plot(
        x, line("rendered", "median"), color=_OURS, marker="o", ms=5, label="rendered, median"
    )
    axis.set_xticks(x, BINS, fontsize=8)
    axis.set_ylim(-0.03, 1.0)
    axis.grid(axis="y", alpha=0.3)
