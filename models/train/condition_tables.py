"""The tables of a model card that `conditions` measures, as Markdown."""

import json
from collections.abc import Sequence
from pathlib import Path

Row = dict[str, object]

SENSOR_TITLES = {"all": "all", "day": "day", "nir": "near infrared", "thermal": "thermal"}
WAY_TITLES = {
    "whole": "whole picture",
    "tiles": "with the tiles of the service",
    "native": "with squares at scale 1",
}
NOTHING = "-"


def read_lines(path: Path) -> list[Row]:
    """The lines that `conditions` wrote.

    Raises:
        SystemExit: the first is not the one that says what was measured.
    """
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    if not rows or rows[0].get("measure") != "about":
        raise SystemExit(f"{path}: expected the lines of models.train.conditions")
    return rows


def tables(before: Sequence[Row], after: Sequence[Row]) -> dict[str, str]:
    """The tables by the names that they have in `card.md`."""
    return {
        "ladders": ladder_table(after),
        "stills": still_table(before, after),
        "people": people_table(before, after, "person"),
        "postures": people_table(before, after, "posture"),
        "climbers": climber_table(before, after),
        "heights": height_table(before, after),
        "look_alikes": look_alike_table(after),
    }


def ladder_table(after: Sequence[Row]) -> str:
    """Ladders in the test scenes by sensor and state; the start weights know none."""
    head = ("sensor", "state", "ladders", "boxes", "AP50", "recall", "false boxes a picture")
    return _table(
        head,
        [
            (
                SENSOR_TITLES[str(row["sensor"])],
                str(row["condition"]),
                str(row["things"]),
                str(row["boxes"]),
                _number(row, "ap50"),
                _number(row, "recall_threshold"),
                _number(row, "false_threshold"),
            )
            for row in _of(after, "ladder")
        ],
    )


def still_table(before: Sequence[Row], after: Sequence[Row]) -> str:
    """Both classes on stills by sensor, before and after."""
    old = {(row["class"], row["sensor"]): row for row in _of(before, "stills")}
    head = ("class", "sensor", "boxes", "AP50 before", "AP50 after", "recall", "false boxes")
    return _table(
        head,
        [
            (
                str(row["class"]),
                SENSOR_TITLES[str(row["sensor"])],
                str(row["boxes"]),
                _number(old.get((row["class"], row["sensor"])), "ap50"),
                _number(row, "ap50"),
                _number(row, "recall_threshold"),
                _number(row, "false_threshold"),
            )
            for row in _of(after, "stills")
        ],
    )


def people_table(before: Sequence[Row], after: Sequence[Row], measure: str) -> str:
    """People by sensor, posture and hiding, before and after; few boxes say little."""
    old = {(row["sensor"], row["condition"]): row for row in _of(before, measure)}
    head = ("sensor", "who", "people", "boxes", "AP50 before", "after",
            "≥ 48 px", "recall at 1 false before", "after")  # fmt: skip
    lines = []
    for row in _of(after, measure):
        was = old.get((row["sensor"], row["condition"]))
        lines.append(
            (
                SENSOR_TITLES[str(row["sensor"])],
                str(row["condition"]),
                str(row.get("things", 0)),
                str(row["boxes"]),
                _number(was, "ap50"),
                _number(row, "ap50"),
                str(row.get("tall_boxes", 0)),
                _number(was, "recall_at_1_false"),
                _number(row, "recall_at_1_false"),
            )
        )
    return _table(head, lines)


def climber_table(before: Sequence[Row], after: Sequence[Row]) -> str:
    """Climbing people cut out of photographs, by their height in the picture."""
    old = {row["height_px"]: row for row in _of(before, "climb_crops")}
    head = ("height, px", "crops", "at 0.25 before", "at 0.25 after", "at the threshold",
            "at 1 false box before", "after")  # fmt: skip
    return _table(
        head,
        [
            (
                str(row["height_px"]),
                str(row["crops"]),
                _number(old.get(row["height_px"]), "recall_fixed"),
                _number(row, "recall_fixed"),
                _number(row, "recall_threshold"),
                _number(old.get(row["height_px"]), "recall_at_1_false"),
                _number(row, "recall_at_1_false"),
            )
            for row in _of(after, "climb_crops")
        ],
    )


def height_table(before: Sequence[Row], after: Sequence[Row]) -> str:
    """h50 and h90 by way of looking, score and sensor, with intervals where there are some."""
    head = ("looked at", "tiles", "weights", "score", "sensor", "h50", "h90", "h50, steps",
            "h90, steps", "false boxes a picture")  # fmt: skip
    lines = [
        (
            WAY_TITLES[str(row["way"])],
            f"{row['tiles']:g}",
            weights,
            f"{row['score']:.2f}",
            SENSOR_TITLES[str(row["sensor"])],
            _height(row, "h50_fit"),
            _height(row, "h90_fit"),
            _height(row, "h50_rising"),
            _height(row, "h90_rising"),
            _number(row, "false_per_picture", 2),
        )
        for weights, rows in (("before", before), ("after", after))
        for row in _of(rows, "heights")
    ]
    order = list(WAY_TITLES.values())
    lines.sort(key=lambda line: order.index(line[0]))
    return _table(head, lines)


def look_alike_table(after: Sequence[Row]) -> str:
    """Ladder boxes per 100 pictures without ladders."""
    head = ("pictures", "how many", "score", "false boxes", "per 100 pictures", "95 % interval")
    lines = []
    for row in _of(after, "look_alikes"):
        low, high = row["false_per_100_95"]  # type: ignore[misc] # written as a pair
        lines.append(
            (
                str(row["set"]),
                str(row["pictures"]),
                f"{row['score']:.2f}",
                str(row["false_boxes"]),
                _number(row, "false_per_100", 1),
                f"{low:.1f} to {high:.1f}",
            )
        )
    return _table(head, lines)


def _of(rows: Sequence[Row], measure: str) -> list[Row]:
    return [row for row in rows if row["measure"] == measure]


def _number(row: Row | None, key: str, digits: int = 3) -> str:
    value = None if row is None else row.get(key)
    return NOTHING if value is None else f"{value:.{digits}f}"


def _height(row: Row, key: str) -> str:
    value, interval = row[key], row.get(f"{key}_95")
    if value is None:
        return NOTHING
    if not isinstance(interval, list | tuple):
        return f"{value:.0f}"
    return f"{value:.0f} ({interval[0]:.0f} to {interval[1]:.0f})"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
