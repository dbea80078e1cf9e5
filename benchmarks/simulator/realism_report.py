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
_SHOWN = ("16-24", "32-48", "64-96", "96-128")
_VERDICTS = ("within", "above", "below", "too few")
_PARTS = {"16-48": BINS[:3], "48 and more": BINS[3:]}
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
    lines += ["## In short", "", *_in_short(result), "", *_found(result), ""]
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


def _in_short(result: dict[str, Any]) -> list[str]:
    """Upright people in one small table: medians of the first detector, verdicts of all."""
    rows, first = result["rows"], result["models"][0]["name"]
    about = f"Upright people, median score of {first} rendered / real; cells of every detector:"
    heights = " | ".join(f"{name} px" for name in _SHOWN)
    lines = [about, "", f"| sensor | {heights} | {', '.join(_VERDICTS)} |"]
    lines.append("|---|" + "---|" * (len(_SHOWN) + 1))
    for sensor in result["references"]:
        upright = [r for r in rows if (r["sensor"], r["posture"]) == (sensor, UPRIGHT)]
        cells = {r["height_px"]: r for r in upright if r["detector"] == first}
        medians = [f"{_median(cells[b]['rendered'])} / {_median(cells[b]['real'])}" for b in _SHOWN]
        counts = tally(upright)
        told = ", ".join(str(counts[name]) for name in _VERDICTS)
        note = " (stand-in)" if result["references"][sensor]["stand_in"] else ""
        lines.append(f"| {sensor}{note} | {' | '.join(medians)} | {told} |")
    return lines


def _found(result: dict[str, Any]) -> list[str]:
    """The other postures in one small table: the share found, over all sensors."""
    rows, detectors = result["rows"], [m["name"] for m in result["models"]]
    columns = [(part, detector) for part in _PARTS for detector in detectors]
    heads = " | ".join(f"{detector.split('_')[0]}, {part} px" for part, detector in columns)
    lines = ["Other postures, all sensors, share of rendered people found, with their number:", ""]
    lines += [f"| posture | {heads} |", "|---|" + "--:|" * len(columns)]
    for pose in dict.fromkeys(r["posture"] for r in rows if r["posture"] != UPRIGHT):
        shares = []
        for part, detector in columns:
            here = [r for r in rows if _is(r, detector, pose) and r["height_px"] in _PARTS[part]]
            shares.append(_share([r["rendered"] for r in here]))
        lines.append(f"| {pose} | {' | '.join(shares)} |")
    return lines


def _is(row: Row, detector: str, pose: str) -> bool:
    return bool(row["detector"] == detector and row["posture"] == pose)


def _median(spread: dict[str, Any] | None) -> str:
    return f"{spread['median']:.2f}" if spread and spread["people"] >= ENOUGH else "-"


def _share(spreads: list[dict[str, Any] | None]) -> str:
    some = [s for s in spreads if s]
    people = sum(s["people"] for s in some)
    return (
        f"{sum(s['found'] * s['people'] for s in some) / people:.2f} ({people})" if people else "-"
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
