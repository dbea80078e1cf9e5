"""The page of the comparison of variants."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Row:
    """What is known of one variant.

    Attributes:
        size_mb: of the file, millions of bytes.
        missing: why it could not run here; then nothing below is known.
        cpu: processor time per picture by case, as a multiple of the shipped network's.
        wall: passed time per picture, likewise.
        ap50: average precision by set and class.
        found_again: share of the shipped network's sure boxes that it finds too.
        added: its sure boxes that the shipped network does not have, as a share.
        wins: whether it is worth shipping; None for the shipped network itself.
    """

    name: str
    size_mb: float
    missing: str = ""
    cpu: dict[str, float] = field(default_factory=dict)
    wall: dict[str, float] = field(default_factory=dict)
    ap50: dict[str, float] = field(default_factory=dict)
    found_again: float = 0.0
    added: float = 0.0
    wins: bool | None = None


def table(heads: Sequence[str], rows: Sequence[Row], cells: Callable[[Row], list[str]]) -> str:
    """Give a table with a line for every variant; the reason stands where it could not run."""
    lines = [f"| {' | '.join(('variant', *heads))} |", f"|---|{'--:|' * len(heads)}"]
    for row in rows:
        shown = [f"not available: {row.missing}"] if row.missing else cells(row)
        lines.append(f"| {' | '.join((row.name, *shown))} |")
    return "\n".join(lines)


def as_markdown(head: str, rows: Sequence[Row], note: str) -> str:
    """Write the result as a page; the first row is the measure of the others."""
    cases, sets = list(rows[0].cpu), list(rows[0].ap50)
    verdict = {True: "yes", False: "no", None: "-"}

    def costs(row: Row) -> list[str]:
        ratios = [f"{row.cpu[case]:.2f} ({row.wall[case]:.2f})" for case in cases]
        return [f"{row.size_mb:.1f}", *ratios, verdict[row.wins]]

    def finds(row: Row) -> list[str]:
        precisions = [f"{row.ap50[name]:.3f}" for name in sets]
        return [*precisions, f"{row.found_again:.3f}", f"{row.added:.3f}"]

    first = rows[0].name
    cost_note = (
        f"Processor time per picture as a multiple of {first}'s in the same case, in brackets "
        f"passed time; pre- and postprocessing included. {note}"
    )
    found_note = (
        "AP50 at the input of a whole frame, which is not the model card's; and of the sure boxes "
        f"of {first} the share found again, and sure boxes that it does not have:"
    )
    parts = [
        "# Variants of the network: what they cost and what they find",
        head,
        cost_note,
        table(["MB", *cases, "wins"], rows, costs),
        found_note,
        table([*sets, "found again", "added"], rows, finds),
    ]
    return "\n\n".join(parts) + "\n"
