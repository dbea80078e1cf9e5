from dataclasses import replace
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from detector.delivery import (
    Answer,
    Decision,
    Delivery,
    DeliveryState,
    EventFilter,
    Outcome,
    RetrySettings,
    decide,
)
from detector.events import EventKind
from detector.types import Phase, Severity
from tests.happenings import START, incident_id, make_event

DEFAULT = RetrySettings()
NO_JITTER = RetrySettings(jitter=0)
FAILED = Outcome(Answer.FAILED, "HTTP 500", 500)

failures = st.sampled_from([Answer.UNREACHED, Answer.FAILED, Answer.REJECTED])
draws = st.floats(0, 1, exclude_max=True)
pauses = st.none() | st.floats(0, 10 * 86400)
schedules = st.builds(
    RetrySettings,
    delays_s=st.lists(st.floats(0.5, 86400), min_size=1, max_size=14).map(tuple),
    jitter=st.floats(0, 1),
    expires_after_s=st.floats(1, 60),
)


def queued(at: float = START) -> Delivery:
    return Delivery(
        id=1,
        sink="hook",
        seq=1,
        event_id=make_event().id,
        incident_id=incident_id(1),
        state=DeliveryState.PENDING,
        attempts=0,
        queued_at=at,
        due_at=at,
        body=make_event().to_json(),
    )


def after(delivery: Delivery, decision: Decision) -> Delivery:
    return replace(
        delivery,
        state=decision.state,
        due_at=decision.due_at,
        attempts=delivery.attempts + 1,
    )


def attempt_times(outcome: Outcome, retry: RetrySettings, draw: float = 0.0) -> list[float]:
    delivery, times = queued(0.0), []
    while delivery.state is DeliveryState.PENDING:
        times.append(delivery.due_at)
        delivery = after(delivery, decide(delivery, outcome, delivery.due_at, retry, draw))
    return times


def test_the_attempts_are_a_fast_front_and_then_the_schedule_of_standard_webhooks() -> None:
    minute, hour = 60, 3600
    waits = [0, 1, 2, 5, 10, 30]
    waits += [5 * minute, 30 * minute, *(n * hour for n in (2, 5, 10, 14, 20, 24))]
    assert attempt_times(FAILED, NO_JITTER) == list(accumulate(waits))


def test_a_message_called_unacceptable_is_dead_after_the_fast_front() -> None:
    rejected = Outcome(Answer.REJECTED, "HTTP 400", 400)
    assert attempt_times(rejected, NO_JITTER) == [0, 1, 3, 8, 18, 48]


@given(retry=schedules, answers=st.data(), draw=draws)
def test_a_delivery_always_ends_and_only_an_accepted_one_counts_as_delivered(
    retry: RetrySettings, answers: st.DataObject, draw: float
) -> None:
    delivery, answer = queued(), Answer.FAILED
    most = int(retry.expires_after_s / min(retry.delays_s)) + 2
    for _ in range(most):
        answer = answers.draw(failures | st.just(Answer.ACCEPTED))
        decision = decide(delivery, Outcome(answer, ""), delivery.due_at, retry, draw)
        delivery = after(delivery, decision)
        if delivery.state is not DeliveryState.PENDING:
            break
    assert delivery.state is not DeliveryState.PENDING
    assert (delivery.state is DeliveryState.DELIVERED) == (answer is Answer.ACCEPTED)


@given(
    retry=schedules, made=st.integers(0, 20), answer=failures, pause=pauses, draw=draws,
    late=st.floats(0, 1000),
)  # fmt: skip
def test_a_delivery_never_runs_before_its_time(
    retry: RetrySettings, made: int, answer: Answer, pause: float | None, draw: float, late: float
) -> None:
    delivery = replace(queued(), attempts=made)
    now = delivery.due_at + late
    decision = decide(delivery, Outcome(answer, "", retry_after_s=pause), now, retry, draw)
    if decision.state is DeliveryState.PENDING:
        wait = decision.due_at - now
        tolerance = 1e-6  # doubles count seconds since 1970 in steps of a quarter microsecond
        planned = retry.delays_s[min(made, len(retry.delays_s) - 1)]
        assert wait >= planned - tolerance
        assert wait >= (pause or 0) - tolerance
        assert wait <= max(planned * (1 + retry.jitter), pause or 0) + tolerance
        assert decision.due_at <= delivery.queued_at + retry.expires_after_s


@given(retry=schedules, pause=st.floats(0, 1e6), answer=failures)
def test_a_wish_to_be_left_alone_holds_for_the_whole_sink(
    retry: RetrySettings, pause: float, answer: Answer
) -> None:
    decision = decide(queued(), Outcome(answer, "", 429, pause), START, retry, 0.0)
    assert decision.hold_sink_until == START + pause


def test_410_disables_the_sink_and_keeps_the_event() -> None:
    decision = decide(queued(), Outcome(Answer.GONE, "HTTP 410", 410), START, DEFAULT, 0.0)
    assert decision.disable_sink
    assert decision.state is DeliveryState.PENDING


def test_an_event_that_grew_old_while_the_service_was_off_is_tried_once_more() -> None:
    late = START + 30 * 86400
    delivered = decide(queued(), Outcome(Answer.ACCEPTED, ""), late, DEFAULT, 0.0)
    assert delivered.state is DeliveryState.DELIVERED
    assert decide(queued(), FAILED, late, DEFAULT, 0.0).state is DeliveryState.DEAD


def test_success_makes_due_what_could_not_reach_the_sink_some_time_ago() -> None:
    decision = decide(queued(), Outcome(Answer.ACCEPTED, ""), START, DEFAULT, 0.0)
    assert decision.hasten_before == START - DEFAULT.hasten_gap_s


@pytest.mark.parametrize(
    ("wants", "fits"),
    [
        ({}, True),
        ({"rules": ["barrier_crossing", "climbing"]}, True),
        ({"rules": ["climbing"]}, False),
        ({"cameras": ["gate"]}, True),
        ({"cameras": ["yard"]}, False),
        ({"phases": ["new", "end"]}, True),
        ({"phases": ["end"]}, False),
        ({"min_severity": "alert"}, True),
        ({"min_severity": "welfare"}, False),
        ({"rules": ["barrier_crossing"], "cameras": ["yard"]}, False),
    ],
)
def test_a_filter_lets_an_alert_of_a_new_crossing_at_the_gate_pass(
    wants: dict[str, object], *, fits: bool
) -> None:
    event = make_event(
        camera="gate",
        rule=EventKind.BARRIER_CROSSING,
        phase=Phase.NEW,
        severity=Severity.ALERT,
    )
    assert EventFilter.model_validate(wants).matches(event) is fits


@pytest.mark.parametrize(
    "wrong", [{"rules": ["climbing", "climbing"]}, {"rules": ["flying"]}, {"camera": ["gate"]}]
)
def test_a_filter_with_a_slip_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EventFilter.model_validate(wrong)


def test_a_delivery_gives_its_event() -> None:
    assert queued().event() == make_event()
