"""An accuracy report as Markdown, for people and for keeping beside the code."""

import re
from collections.abc import Iterator

from detector.benchmark.details import detail_sections
from detector.benchmark.report import AccuracyReport
from detector.benchmark.tables import Section, Table, score_sections
from detector.benchmark.wording import facts

_SPECIAL = re.compile(r"([\\|<>*`\[\]])")


def to_markdown(report: AccuracyReport) -> str:
    """Write the whole report, every section, also those without a row."""
    lines = [f"# Accuracy on {_escaped(report.dataset.name)}", ""]
    lines += [f"- {name}: {_escaped(text)}" for name, text in facts(report)]
    for section in (*score_sections(report), *detail_sections(report)):
        lines += _section(section)
    return "\n".join(lines) + "\n"


def _section(section: Section) -> Iterator[str]:
    yield from ("", f"## {section.title}")
    for note in section.notes:
        yield from ("", note)
    for table in section.tables:
        if table.title:
            yield from ("", f"### {table.title}")
        yield ""
        yield from _table(table) if table.rows else ("Nothing to list.",)


def _table(table: Table) -> Iterator[str]:
    marks = ["---" if i < table.texts else "--:" for i in range(len(table.columns))]
    yield _row(table.columns)
    yield f"|{'|'.join(marks)}|"
    yield from (_row(tuple(_escaped(cell) for cell in row)) for row in table.rows)


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    r"""Take the meaning from what Markdown would read as markup, and the line breaks.

    >>> print(_escaped("a|b <i>"))
    a\|b \<i\>
    """
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
