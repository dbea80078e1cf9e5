import asyncio
import io
from datetime import UTC

import pytest

from detector.delivery import Answer, Delivery, DeliveryState
from detector.events import Event, EventKind
from detector.sinks.log import LogSettings, LogSink, event_line
from detector.types import Phase, Severity
from tests.happenings import START, make_event


def delivery(event: Event) -> Delivery:
    return Delivery(
        id=1,
        sink="screen",
        seq=1,
        event_id=event.id,
        incident_id=event.data.incident_id,
        state=DeliveryState.PENDING,
        attempts=0,
        queued_at=START,
        due_at=START,
        body=event.to_json(),
    )


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            make_event(distance_m=0.41, track_ids=(7,)),
            "22:13:21 ALERT     gate  person crossed fence, outside → inside (track 7, 0.4 m past)",
        ),
        (
            make_event(
                rule=EventKind.APPROACH,
                severity=Severity.DETECTION,
                phase=Phase.UPDATE,
                distance_m=12.34,
                estimated=True,
                eta_s=9.7,
                count=3,
                side_from="",
            ),
            (
                "22:13:21 DETECTION gate  3 persons still approaching fence "
                "(track 4, about 12.3 m, ETA 10 s)"
            ),
        ),
        (
            make_event(
                rule=EventKind.APPROACH,
                severity=Severity.DETECTION,
                phase=Phase.END,
                outcome="turned_back",
            ),
            "22:13:21 DETECTION gate  person approaching fence: over, turned back (track 4)",
        ),
        (
            make_event(rule=EventKind.LADDER_LEFT, dated=False, side_from="", track_ids=()),
            "+1.0s ALERT     gate  ladder left at fence",
        ),
        (
            make_event(rule=EventKind.INCIDENT, phase=Phase.END, outcome="crossed"),
            "22:13:21 ALERT     gate  incident over, crossed",
        ),
    ],
)
def test_an_event_reads_as_one_line(event: Event, line: str) -> None:
    assert event_line(event, UTC) == line


@pytest.mark.parametrize("rule", list(EventKind))
@pytest.mark.parametrize("phase", list(Phase))
def test_every_kind_of_event_has_words(rule: EventKind, phase: Phase) -> None:
    line = event_line(make_event(rule=rule, phase=phase), UTC)
    assert line.startswith("22:13:21 ALERT     gate  ")
    assert "{" not in line


def test_the_line_is_written_as_text_or_as_the_very_json() -> None:
    for form in ("text", "json"):
        out = io.StringIO()
        sink = LogSink("screen", LogSettings(format=form), out)
        outcome = asyncio.run(sink.send(delivery(make_event())))
        assert outcome.answer is Answer.ACCEPTED
        expected = make_event().to_json() if form == "json" else event_line(make_event())
        assert out.getvalue() == expected + "\n"


def test_a_closed_output_is_an_outcome_and_no_crash() -> None:
    out = io.StringIO()
    out.close()
    outcome = asyncio.run(LogSink("screen", LogSettings(), out).send(delivery(make_event())))
    assert outcome.answer is Answer.UNREACHED
