"""What all plots of a report share: axes in one style, the passes' colours, the SVG."""

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from detector.benchmark.extra import bench_extra
from detector.benchmark.report import AccuracyReport, Row, Score
from detector.benchmark.tables import passes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_PX = 760
_POINTS_PER_INCH = 72  # matplotlib's SVG counts in points: 1 pt is 1 unit of the view box
_LEFT_PX, _RIGHT_PX, _TOP_PX, _BOTTOM_PX = 62, 84, 34, 52
_TEXT_PX = 13
_LETTER_PX = 7.4
_INK, _QUIET, _EDGE = "#14181d", "#4c5966", "#c3ccd5"


@dataclass(frozen=True, slots=True)
class Series:
    """How one pass is drawn, told apart by colour and by line (Okabe and Ito's palette)."""

    colour: str
    line: str
    marker: str


SERIES = (Series("#0072b2", "-", "o"), Series("#d55e00", "--", "s"))

SHADE = "#9aa7b3"

_VARIABLES: Mapping[str, str] = {
    _INK: "--text",
    _QUIET: "--quiet",
    _EDGE: "--edge",
    SHADE: "--shade",
    SERIES[0].colour: "--series-1",
    SERIES[1].colour: "--series-2",
}
"""Colours as matplotlib writes them, and the CSS variables by which a page changes them."""

_STYLE: Any = {  # matplotlib types its keys one by one, anew in each version
    "svg.fonttype": "none",  # letters stay text: to select, to search, to read aloud
    "svg.hashsalt": "accuracy",  # the same report gives the same bytes
    "text.parse_math": False,  # a clip may be called $1
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial"],
    "font.size": _TEXT_PX,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.color": _QUIET,
    "ytick.color": _QUIET,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "grid.color": _EDGE,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
}


_STYLE_ELEMENT = re.compile(r"<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
"""It would rule over the whole page."""
_ID = re.compile(r'\bid="')
_REFERENCE = re.compile(r'(?:xlink:)?href="#|url\(#')


@contextmanager
def plot_style() -> Iterator[None]:
    """Draw in the style of the report within.

    Raises:
        DetectorError: matplotlib is not installed.
    """
    with bench_extra():
        import matplotlib as mpl  # noqa: PLC0415  (an extra)
    with mpl.rc_context(_STYLE):
        yield


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture.

    Attributes:
        section: key of the section it belongs to.
        title: what it shows, also for those who cannot see it.
        caption: how to read it.
        svg: an ``<svg>`` element whose colours are CSS variables with values to fall back on.
    """

    section: str
    title: str
    caption: str
    svg: str


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one pass, and how they are drawn."""

    name: str
    rows: dict[str, Score]
    series: Series
    number: int


def groups_of(report: AccuracyReport, field: str, keep: Callable[[Score], bool]) -> list[Group]:
    """Give each pass's rows that are kept; passes without any are left out."""
    groups = []
    for number, (name, scores) in enumerate(passes(report)):
        rows: Sequence[Row] = getattr(scores, field)
        kept = {row.name: row.score for row in rows if keep(row.score)}
        if kept:
            groups.append(Group(name, kept, SERIES[number], number))
    return groups


class Canvas:
    """Axes on a transparent ground, as wide as the page's column; use it within ``plot_style``.

    Args:
        name: prefix of the ids within the SVG; unique in a page.
        height_px: of the whole plot.
        labels: those of the vertical axis, which the left margin has to hold.
    """

    def __init__(self, name: str, height_px: float, labels: Sequence[str] = ()) -> None:
        from matplotlib.figure import Figure  # noqa: PLC0415  (an extra)

        self._name = name
        widest_px = 16 + _LETTER_PX * max(map(len, labels), default=0)
        left_px = min(max(_LEFT_PX, widest_px), WIDTH_PX / 2)
        size = (WIDTH_PX / _POINTS_PER_INCH, height_px / _POINTS_PER_INCH)
        self._figure = Figure(figsize=size)
        self.axes: Axes = self._figure.add_subplot()
        self._figure.patch.set_visible(False)
        self.axes.patch.set_visible(False)
        self._figure.subplots_adjust(
            left=left_px / WIDTH_PX,
            right=1 - _RIGHT_PX / WIDTH_PX,
            top=1 - _TOP_PX / height_px,
            bottom=_BOTTOM_PX / height_px,
        )

    def log_across(self, low: float, high: float) -> None:
        """Make the horizontal axis logarithmic, from ``low`` to ``high``, its numbers plain."""
        from matplotlib.ticker import FuncFormatter, NullFormatter  # noqa: PLC0415  (an extra)

        self.axes.set_xscale("log")
        self.axes.set_xlim(low, high)
        self.axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        self.axes.xaxis.set_minor_formatter(NullFormatter())

    def legend(self, *, inside: bool = False) -> None:
        """Name the series above the axes, or in their lower right corner."""
        if inside:
            self.axes.legend(loc="lower right", fontsize=_TEXT_PX - 1)
        else:
            self.axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)

    def svg(self, title: str) -> str:
        """Give the SVG element, of the width it is given, for use within a page."""
        file = io.StringIO()
        nobody = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        self._figure.savefig(file, format="svg", metadata=nobody)
        text = file.getvalue()
        text = _STYLE_ELEMENT.sub("", text[text.index("<svg") :])
        opening, rest = text.split(">", 1)
        box = re.search(r'viewBox="[^"]+"', opening)
        label = escape(title)
        rest = _ID.sub(f'id="{self._name}-', rest)
        rest = _REFERENCE.sub(lambda m: f"{m[0].removeprefix('xlink:')}{self._name}-", rest)
        for colour, variable in _VARIABLES.items():
            rest = rest.replace(f": {colour}", f": var({variable}, {colour})")
        namespace = 'xmlns="http://www.w3.org/2000/svg"'
        return f'<svg {namespace} {box[0] if box else ""} role="img" aria-label="{label}">{rest}'
