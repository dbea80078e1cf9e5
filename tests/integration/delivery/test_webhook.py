import base64
import json
import os
import time
from uuid import UUID

import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from detector.delivery import Answer, DeliveryState, RetrySettings, SinkRoute
from tests.happenings import make_event, make_incident
from tests.receiver import free_port
from tests.rig import Rig, until


def test_each_event_arrives_once_signed_and_byte_for_byte(rig: Rig) -> None:
    rig.receiver.start()
    rig.deliver(rig.hook())
    rig.happen(1, 20, incidents=4)
    rig.until_delivered(20)
    requests = rig.receiver.requests()
    assert sorted(rig.receiver.taken()) == list(range(1, 21))
    for request in requests:
        assert request["verified"]
        assert request["id"] == request["event_id"]
        assert request["type"] == "application/cloudevents+json; charset=utf-8"
        assert request["host"] == f"127.0.0.1:{rig.receiver.port}"
        assert abs(request["timestamp"] - request["at"]) < 60
        stored = rig.store.event(UUID(request["id"]))
        assert stored is not None
        assert request["body"] == stored.body
        assert JSONFormat().read(CloudEvent, request["body"]).get_id() == request["id"]


def test_the_events_of_an_incident_arrive_in_their_order_through_failures(rig: Rig) -> None:
    rig.receiver.start()
    rig.receiver.tell(next=[{"status": 500}, {"status": 503}, {"status": 204}] * 6)
    rig.happen(1, 18, incidents=3)
    rig.deliver(rig.hook(concurrency=3))
    rig.until_delivered(18)
    taken = [entry for entry in rig.receiver.requests() if entry["status"] == 204]
    for incident in {entry["incident"] for entry in taken}:
        seqs = [entry["seq"] for entry in taken if entry["incident"] == incident]
        assert seqs == sorted(seqs)
    assert len(taken) == 18


def test_an_upstream_system_that_is_away_gets_everything_when_it_comes_back(rig: Rig) -> None:
    dispatcher = rig.deliver(rig.hook())
    rig.happen(1, 5, incidents=5)
    until(lambda: all(d.last_answer is Answer.UNREACHED for d in rig.store.deliveries()))
    assert dispatcher.health()[0].failing_since is not None
    rig.receiver.start()
    rig.until_delivered(5)
    assert sorted(rig.receiver.taken()) == [1, 2, 3, 4, 5]
    assert dispatcher.health()[0].failing_since is None


def test_a_receiver_killed_in_the_middle_has_everything_in_the_end(rig: Rig) -> None:
    rig.receiver.start()
    rig.deliver(rig.hook())
    rig.happen(1, 30, incidents=6)
    until(lambda: len(rig.receiver.taken()) >= 5)
    rig.receiver.kill()
    rig.happen(31, 60, incidents=6)
    rig.receiver.start()
    rig.until_delivered(60)
    taken = [entry for entry in rig.receiver.requests() if entry["status"] == 204]
    assert {entry["seq"] for entry in taken} == set(range(1, 61))
    assert len({(entry["id"], entry["body"]) for entry in taken}) == 60


def test_what_waits_for_hours_goes_at_once_when_a_fresh_event_gets_through(rig: Rig) -> None:
    hours = RetrySettings(delays_s=(7200,), hasten_gap_s=0.01)
    dispatcher = rig.deliver(rig.hook(retry=hours))
    rig.happen(1, 3, incidents=3)
    until(lambda: dispatcher.health()[0].failed == 3)
    rig.receiver.start()
    time.sleep(0.02)
    rig.happen(4, 4, incidents=9)
    rig.until_delivered(4)


def test_a_fresh_event_of_the_same_incident_wakes_the_one_that_waits_for_hours(rig: Rig) -> None:
    dispatcher = rig.deliver(rig.hook(retry=RetrySettings(delays_s=(7200,))))
    rig.happen(1, 1)
    until(lambda: dispatcher.health()[0].failed == 1)
    rig.receiver.start()
    rig.happen(2, 2)
    rig.until_delivered(2)
    assert rig.receiver.taken() == [1, 2]


def test_who_took_an_event_with_a_picture_stands_in_the_custody_log(rig: Rig) -> None:
    rig.receiver.start()
    rig.receiver.tell(next=[{"status": 503}])
    rig.deliver(rig.hook())
    event = make_event(has_snapshot=True)
    rig.store.append([event], [make_incident()], [SinkRoute("hook")], now=time.time())
    rig.until_delivered(1)
    (told,) = (json.loads(e.body) for e in rig.store.custody() if e.action == "disclose")
    assert told["recipient"] == f"hook (http://127.0.0.1:{rig.receiver.port})"
    assert told["result"] == "HTTP 204"


def test_a_slow_answer_counts_as_none_and_the_event_comes_again_under_the_same_id(rig: Rig) -> None:
    rig.receiver.start()
    rig.receiver.tell(next=[{"status": 204, "delay_s": 1.5}])
    rig.deliver(rig.hook(timeout_s=0.3))
    rig.happen(1, 1)
    rig.until_delivered(1)
    until(lambda: len(rig.receiver.requests()) == 2)
    first, second = rig.receiver.requests()
    assert first["id"] == second["id"]
    (delivery,) = rig.store.deliveries()
    assert delivery.attempts == 2


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured_for_the_whole_sink(
    rig: Rig,
    status: int,
) -> None:
    rig.receiver.start()
    rig.receiver.tell(next=[{"status": status, "headers": {"Retry-After": "1"}}])
    dispatcher = rig.deliver(rig.hook())
    rig.happen(1, 1)
    until(lambda: dispatcher.health()[0].failed == 1)
    rig.happen(2, 2, incidents=2)
    rig.until_delivered(2)
    refused, *later = rig.receiver.requests()
    assert all(entry["at"] - refused["at"] >= 0.95 for entry in later)


def test_410_disables_the_sink_and_enabling_it_sends_what_waited(rig: Rig) -> None:
    rig.receiver.start()
    rig.receiver.tell(next=[{"status": 410, "body": "moved away"}])
    rig.deliver(rig.hook())
    rig.happen(1, 1)
    until(lambda: rig.store.sinks()[0].disabled_at)
    rig.happen(2, 3, incidents=3)
    (status,) = rig.store.sinks()
    assert (status.pending, status.disabled_why) == (3, "HTTP 410: moved away")
    assert len(rig.receiver.requests()) == 1
    rig.store.enable_sink("hook")
    rig.until_delivered(3)


def test_a_redirect_is_a_failure_and_nobody_else_sees_the_event(rig: Rig) -> None:
    rig.receiver.start()
    target = f"http://127.0.0.1:{rig.receiver.port}/elsewhere"
    rig.receiver.tell(next=[{"status": 302, "headers": {"Location": target}}])
    rig.deliver(rig.hook())
    rig.happen(1, 1)
    rig.until_delivered(1)
    assert [entry["status"] for entry in rig.receiver.requests()] == [302, 204]


def test_an_event_that_the_receiver_calls_unacceptable_is_dead_and_can_be_replayed(
    rig: Rig,
) -> None:
    rig.receiver.start()
    rig.receiver.tell(always={"status": 422, "body": "unknown\ncamera"})
    quick = RetrySettings(delays_s=(0.02,), rejected_attempts=3)
    dispatcher = rig.deliver(rig.hook(retry=quick))
    rig.happen(1, 2)
    until(lambda: rig.store.counts().dead == 2)
    assert [entry["seq"] for entry in rig.receiver.requests()] == [1, 1, 1, 2, 2, 2]
    until(lambda: dispatcher.health()[0].dead == 2)  # counted after it is stored
    second, first = rig.store.deliveries(DeliveryState.DEAD)
    assert first.last_detail == "HTTP 422: unknown camera"
    rig.receiver.tell()
    rig.store.retry(second.id, now=time.time())
    rig.until_delivered(1)
    assert rig.receiver.taken() == [2]


def test_both_keys_sign_while_one_is_being_replaced(
    rig: Rig,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEW_KEY", "whsec_" + base64.b64encode(os.urandom(32)).decode())
    monkeypatch.setenv("BEARER", "letmein")
    rig.receiver.start()
    rig.deliver(
        rig.hook(secrets=[{"env": "NEW_KEY"}, {"env": "HOOK_KEY"}], bearer={"env": "BEARER"})
    )
    rig.happen(1, 1)
    until(rig.receiver.requests)
    (request,) = rig.receiver.requests()
    assert request["signatures"] == 2
    assert request["verified"]
    assert request["authorization"] == "Bearer letmein"


@pytest.mark.parametrize(
    ("url", "allow", "detail"),
    [
        ("http://169.254.169.254/latest", [], "not allowed"),
        ("http://127.0.0.1:{port}/", ["10.0.0.0/8"], "not allowed"),
        ("http://nowhere.invalid/", [], "cannot be resolved"),
        ("https://127.0.0.1:{port}/", [], "SSL"),
        ("http://localhost:{closed}/", [], "ConnectError"),
    ],
)
def test_a_target_that_cannot_or_must_not_be_reached_is_a_failed_attempt_with_a_reason(
    rig: Rig,
    url: str,
    allow: list[str],
    detail: str,
) -> None:
    rig.receiver.start()
    address = url.format(port=rig.receiver.port, closed=free_port())
    rig.deliver(rig.hook(url=address, allow=allow))
    rig.happen(1, 1)
    until(lambda: rig.store.deliveries()[0].attempts)
    assert detail in rig.store.deliveries()[0].last_detail
    assert rig.receiver.requests() == []


def test_a_name_is_resolved_once_and_the_host_header_keeps_it(rig: Rig) -> None:
    rig.receiver.start()
    rig.deliver(
        rig.hook(url=f"http://localhost:{rig.receiver.port}/hook", allow=["127.0.0.0/8", "::1"])
    )
    rig.happen(1, 1)
    until(rig.receiver.requests)
    assert rig.receiver.requests()[0]["host"] == f"localhost:{rig.receiver.port}"


def test_an_answer_without_end_does_not_hold_the_thread(rig: Rig) -> None:
    rig.receiver.start()
    rig.receiver.tell(next=[{"status": 500, "body": "x" * 1_000_000}])
    rig.deliver(rig.hook())
    rig.happen(1, 1)
    rig.until_delivered(1)
