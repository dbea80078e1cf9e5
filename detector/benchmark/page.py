"""An accuracy report as one HTML file that needs nothing else: no network, no script."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from detector.benchmark.details import WHAT, detail_sections
from detector.benchmark.extra import bench_extra
from detector.benchmark.plots import plots
from detector.benchmark.report import AccuracyReport, Failure, PassScore, Score
from detector.benchmark.tables import headline_scores, score_sections
from detector.benchmark.wording import (
    counted,
    facts,
    hours_text,
    per_hour_text,
    recall_text,
    seconds_text,
    words,
)

_TEMPLATE = "page.html.j2"


@dataclass(frozen=True, slots=True)
class Card:
    """A failure as it is shown; ``picture`` is a data URI, empty where there is none."""

    what: str
    title: str
    clip: str
    when: str
    where: str
    note: str
    picture: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the few numbers at the top: what, how much, its interval, of how many."""

    name: str
    value: str
    more: str


def to_html(report: AccuracyReport, pictures: Mapping[int, bytes]) -> str:
    """Write the page.

    Args:
        report: what is shown.
        pictures: JPEG by index into ``report.failures``; some or all may be missing.

    Raises:
        DetectorError: jinja2 or matplotlib is not installed.
    """
    with bench_extra():
        import jinja2  # noqa: PLC0415  (an extra)
    loader = jinja2.FunctionLoader(lambda name: (files(__package__) / name).read_text("utf-8"))
    environment = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cards = [_card(failure, pictures.get(i)) for i, failure in enumerate(report.failures)]
    sections = (*score_sections(report), *detail_sections(report))
    return environment.get_template(_TEMPLATE).render(
        report=report,
        facts=facts(report),
        figures=_figures(report),
        sections=[section for section in sections if section.key != "failures"],
        plots=plots(report),
        shown=[card for card in cards if card.picture],
        unseen=[card for card in cards if not card.picture],
    )


def _card(failure: Failure, jpeg: bytes | None) -> Card:
    data = base64.b64encode(jpeg).decode("ascii") if jpeg else ""
    return Card(
        what=failure.what,
        title=f"{WHAT[failure.what]}: {words(failure.kind)}",
        clip=failure.clip,
        when=seconds_text(failure.at_s),
        where=failure.where,
        note=failure.note,
        picture=data and f"data:image/jpeg;base64,{data}",
    )


def _figures(report: AccuracyReport) -> tuple[Figure, ...]:
    scores = dict(headline_scores(report, report.detector))
    found = [_told(f"Events told within {window}", score) for window, score in scores.items()]
    return (*found, *_others(report.detector))


def _told(name: str, score: Score) -> Figure:
    value, _, bounds = recall_text(score).partition(" ")
    return Figure(name, value, f"{bounds} {score.tp} of {counted(score.events, 'event')}".strip())


def _others(scores: PassScore) -> tuple[Figure, ...]:
    overall = scores.overall
    value, _, bounds = per_hour_text(overall).partition(" ")
    false = f"{bounds} {overall.fp} in {hours_text(overall.camera_hours)}".strip()
    told = _told("Alerts told in time", scores.alerts)
    return (told, Figure("False alarms per camera-hour", value, false))
