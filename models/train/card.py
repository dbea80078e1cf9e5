"""Writes a model's card: `card.md` beside this module with the tables of measured results put in.

python -m models.train.card --before before.jsonl --after after.jsonl --dev dev.jsonl \
    --before-conditions before-conditions.jsonl --after-conditions after-conditions.jsonl \
    --out models/barrier-n/README.md

The measurements are the lines that `evaluate` (before, after), `conditions` (the two others) and
`tracks` (dev) print.
"""

import argparse
import json
from pathlib import Path
from string import Template

from models.train import condition_tables

TEMPLATE = Path(__file__).with_name("card.md")
TITLES = {
    "pets": "PETS S2.L1, day, 768x576, 100 frames",
    "llvip_ir": "LLVIP, thermal night, 32 pictures",
    "llvip_vis": "LLVIP, visible night, 32 pictures",
    "hituav_val": "HIT-UAV val, thermal from a drone, people of about 19 px, 120 pictures",
    "synthetic_x1": "synthetic camera X1 (rendered by others), 80 frames",
    "ladder_all": "56 ladder photos and 62 look-alike photos",
}

Rows = dict[str, dict[str, float]]


def read_rows(path: Path) -> Rows:
    """The lines of an evaluation by set; lines that are no JSON objects are skipped."""
    lines = (line for line in path.read_text().splitlines() if line.startswith("{"))
    rows = [json.loads(line) for line in lines]
    return {row.get("set", row.get("class")): row for row in rows}


def results_table(before: Rows, after: Rows) -> str:
    """The average precisions on the real sets, before and after the fine-tuning."""
    lines = ["| set | class | AP50 before | AP50 after | recall at 0.25 | false boxes a picture |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    for name, title in TITLES.items():
        for label in ("person", "ladder"):
            if f"{label}_ap50" not in after.get(name, {}):
                continue
            old = before.get(name, {}).get(f"{label}_ap50", 0.0)
            new = after[name]
            figures = [old, *(new[f"{label}_{kind}"] for kind in ("ap50", "recall25", "false25"))]
            shown = " | ".join(f"{figure:.3f}" for figure in figures)
            lines.append(f"| {title} | {label} | {shown} |")
    return "\n".join(lines)


def dev_table(dev: Rows) -> str:
    """The operating points and how they were met on the tracks of the dev clips."""
    lines = ["| class | threshold | F0.65 | asked for | found | false tracks | hours |"]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    for name in ("person", "ladder"):
        row = dev[name]
        if "false_tracks" not in row:
            raise SystemExit("card: expected --dev to be lines of models.train.tracks")
        lines.append(
            f"| {name} | {row['threshold']:.3f} | {row['f0.65']:.3f} | {row['things']} | "
            f"{row['found']} | {row['false_tracks']} | {row['hours']:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Write the card."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("before", "after", "before-conditions", "after-conditions", "dev", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    arguments = parser.parse_args()
    before, after = read_rows(arguments.before), read_rows(arguments.after)
    tables = {
        "results": results_table(before, after),
        "operating_points": dev_table(read_rows(arguments.dev)),
        **condition_tables.tables(
            condition_tables.read_lines(arguments.before_conditions),
            condition_tables.read_lines(arguments.after_conditions),
        ),
    }
    arguments.out.write_text(Template(TEMPLATE.read_text()).substitute(tables))


if __name__ == "__main__":
    main()
