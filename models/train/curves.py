"""Plots the losses of a training run over the pictures seen.

    python -m models.train.curves build/train/runs/first --out curves.png

Solid is the mean loss over an epoch of training pictures, augmented as they are then; dashed the
loss on dev pictures at the epoch's end, where the run looked at them. Needs matplotlib, which
`pip install -e '.[bench]'` brings along (the training extra has it too).
"""

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

try:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ImportError as error:
    raise SystemExit(
        f"models.train.curves: expected matplotlib (`pip install -e '.[bench]'`), found {error}"
    ) from error

LOSSES = {"box_loss": "box", "cls_loss": "class", "dfl_loss": "box edges (DFL)"}
PRECISION = "metrics/mAP50(B)"


@dataclass(frozen=True)
class Run:
    """What a run wrote down.

    Attributes:
        pictures: seen by the end of each epoch, (E,).
        columns: the columns of `results.csv` by name, (E,) each.
    """

    pictures: npt.NDArray[np.int64]
    columns: dict[str, npt.NDArray[np.float64]]


def read(folder: Path, epoch_pictures: int = 0) -> Run:
    """Read `results.csv`, and how many pictures an epoch shows where that is not given.

    Raises SystemExit where a file or column is missing, or no epoch is done.
    """
    table = folder / "results.csv"
    try:
        with table.open(newline="") as file:
            rows = [
                {key.strip(): value for key, value in row.items()} for row in csv.DictReader(file)
            ]
        pictures = epoch_pictures or listed_pictures(folder / "args.yaml")
    except OSError as error:
        raise SystemExit(f"{error.filename}: expected a file of the run, found none") from error
    if not rows:
        raise SystemExit(f"{table}: expected at least one epoch, found none")
    wanted = ["epoch", *(f"train/{loss}" for loss in LOSSES)]
    if missing := [name for name in wanted if name not in rows[0]]:
        raise SystemExit(f"{table}: expected columns {missing}, found {list(rows[0])}")
    columns = {key: np.array([float(row[key]) for row in rows]) for key in rows[0]}
    return Run((columns["epoch"] * pictures).astype(np.int64), columns)


def listed_pictures(arguments: Path) -> int:
    """How many pictures an epoch shows, by the training list of the run's data set."""
    settings: dict[str, Any] = yaml.safe_load(arguments.read_text())
    described = Path(settings["data"])
    dataset = yaml.safe_load(described.read_text())
    listed = described.parent / dataset.get("path", "") / dataset["train"]
    lines = sum(1 for line in listed.read_text().splitlines() if line.strip())
    return round(lines * settings.get("fraction", 1.0))


def draw(run: Run) -> Figure:
    """A panel for each loss, and one for the average precision where the run measured it."""
    measured = run.columns.get(PRECISION, np.zeros(1)).any()
    figure = Figure(figsize=(3.6 * (len(LOSSES) + measured), 3.2), layout="constrained")
    panels = figure.subplots(1, len(LOSSES) + measured, squeeze=False)[0]
    for panel, (loss, title) in zip(panels, LOSSES.items(), strict=False):
        line(panel, run, f"train/{loss}", "-")
        line(panel, run, f"val/{loss}", "--")
        panel.set_title(f"{title} loss")
    if measured:
        line(panels[-1], run, PRECISION, "--")
        panels[-1].set_title("AP50 on dev pictures")
        panels[-1].set_ylim(0, 1)
    for panel in panels:
        panel.set_xlabel("training pictures seen")
        panel.set_xlim(0, run.pictures[-1] * 1.05)
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].legend(frameon=False)
    return figure


def line(panel: Axes, run: Run, name: str, style: str) -> None:
    """Draw one column; zeros are epochs at which nothing was measured."""
    values = run.columns.get(name)
    if values is None or not values.any():
        return
    done = values != 0
    label, colour = ("training", "C0") if name.startswith("train/") else ("dev", "C1")
    panel.plot(run.pictures[done], values[done], style + "o", color=colour, ms=4, label=label)


def main() -> None:
    """Plot one run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path, help="the run's folder, with results.csv and args.yaml")
    parser.add_argument("--out", type=Path, required=True, help="a PNG or SVG file")
    parser.add_argument("--epoch-pictures", type=int, default=0, help="if the list has changed")
    arguments = parser.parse_args()
    draw(read(arguments.run, arguments.epoch_pictures)).savefig(arguments.out, dpi=120)


if __name__ == "__main__":
    main()
