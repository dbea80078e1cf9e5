"""Health, metrics, and what the service says about itself."""

from dataclasses import replace

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as metrics

from detector.api import readiness
from detector.delivery import SinkRoute
from detector.pipeline.dispatcher import SinkHealth
from detector.pipeline.health import CameraState
from detector.store import Store
from tests.happenings import START, make_event, make_incident
from tests.shown_service import LIVE, Client, ShownCheck, ShownService

NOW = START + 100
LATENCY = {"decoded_s": 0.1, "detected_s": 0.2, "ruled_s": 0.3}


def samples(client: Client) -> dict[tuple[str, tuple[str, ...]], float]:
    answer = client.get("/metrics")
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in metrics(answer.text)
        for sample in family.samples
    }


def test_a_process_that_answers_is_alive(client: Client) -> None:
    assert client.get("/health/live").json() == {"alive": True}


def test_ready_means_that_every_check_holds(
    client: Client, service: ShownService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "HOLD_S", 0.0)
    assert client.get("/health/ready").status_code == 200
    service.checks.append(ShownCheck("thread analysis", ok=False, detail="silent for 31 s"))
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "checks": [
            {"name": "store", "ok": True, "detail": ""},
            {"name": "thread analysis", "ok": False, "detail": "silent for 31 s"},
        ],
    }


def test_many_who_ask_at_once_cost_one_look(service: ShownService) -> None:
    now_s = 0.0
    probe = readiness.ReadinessProbe(service, clock=lambda: now_s)
    assert all(check.ok for check in probe.checks())
    service.checks = [ShownCheck("store", ok=False, detail="the disk is full")]
    now_s = 0.9
    assert all(check.ok for check in probe.checks())
    now_s = 1.0
    assert not any(check.ok for check in probe.checks())


def test_metrics_show_cameras_stages_and_backlog(
    client: Client, service: ShownService, store: Store
) -> None:
    store.append([make_event()], [make_incident()], [SinkRoute("hook")], now=NOW)
    taken = SinkHealth(sink="hook", delivered=5, failed=2).with_latency(0.3).with_latency(3.0)
    service.sinks = [taken]
    service.uncommitted_records = 7
    found = samples(client)
    assert found["perimeter_camera_up", ("gate",)] == 1
    assert found["perimeter_frames_total", ("gate",)] == 40
    assert found["perimeter_frames_dropped_total", ("gate",)] == 3
    assert found["perimeter_stage_cpu_seconds_total", ("inference",)] == 1.5
    assert found["perimeter_stage_runs_total", ("inference",)] == 3
    assert ("perimeter_stage_runs_total", ("decode",)) not in found, "nobody measured it"
    assert found["perimeter_outbox_messages", ("hook", "pending")] == 1
    assert found["perimeter_deliveries_total", ("delivered", "hook")] == 5
    assert found["perimeter_deliveries_total", ("failed", "hook")] == 2
    assert found["perimeter_delivery_latency_seconds_bucket", ("0.25", "hook")] == 0
    assert found["perimeter_delivery_latency_seconds_bucket", ("0.5", "hook")] == 1
    assert found["perimeter_delivery_latency_seconds_bucket", ("+Inf", "hook")] == 2
    assert found["perimeter_delivery_latency_seconds_sum", ("hook",)] == pytest.approx(3.3)
    assert found["perimeter_uncommitted_records", ()] == 7
    assert found["perimeter_store_up", ()] == 1
    assert ("perimeter_clock_offset_seconds", ("gate",)) not in found


def test_metrics_show_recorded_streams_and_readers_that_hang(
    client: Client, service: ShownService
) -> None:
    assert ("perimeter_record_up", ("gate",)) not in samples(client)
    service.shown[0].state = replace(LIVE, replaced=3, stuck=2)
    service.shown[0].recorded = replace(
        LIVE, state=CameraState.STALLED, connects=4, last_frame_at=None
    )
    found = samples(client)
    assert found["perimeter_record_up", ("gate",)] == 0
    assert found["perimeter_record_connects_total", ("gate",)] == 4
    assert ("perimeter_record_packet_age_seconds", ("gate",)) not in found
    assert found["perimeter_readers_replaced_total", ("gate", "detect")] == 3
    assert found["perimeter_readers_stuck", ("gate", "detect")] == 2
    assert found["perimeter_readers_stuck", ("gate", "record")] == 0
    service.shown[0].recorded = LIVE
    found = samples(client)
    assert found["perimeter_record_up", ("gate",)] == 1
    assert found["perimeter_record_packet_age_seconds", ("gate",)] > 0


def test_events_are_counted_once_however_often_they_are_scraped(
    client: Client, store: Store
) -> None:
    store.append([make_event(1, latency=LATENCY)], [make_incident()], [], now=START + 2)
    for _ in range(2):
        found = samples(client)
    assert found["perimeter_events_total", ("gate", "new", "barrier_crossing")] == 1
    assert found["perimeter_event_latency_seconds_count", ("gate",)] == 1
    assert found["perimeter_event_latency_seconds_sum", ("gate",)] == pytest.approx(1.0)
    store.append([make_event(2)], [make_incident()], [], now=START + 3)
    found = samples(client)
    assert found["perimeter_events_total", ("gate", "new", "barrier_crossing")] == 2
    assert found["perimeter_event_latency_seconds_count", ("gate",)] == 1


def test_a_store_that_fails_is_a_metric_and_not_a_failed_scrape(
    client: Client, store: Store
) -> None:
    store.close()
    found = samples(client)
    assert found["perimeter_store_up", ()] == 0
    assert found["perimeter_camera_up", ("gate",)] == 1


def test_openmetrics_is_given_where_it_is_asked_for(client: Client) -> None:
    answer = client.get(
        "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}
    )
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    names = {family.name for family in open_metrics(answer.text)}
    assert "perimeter_camera_up" in names
    assert all(name.startswith("perimeter_") for name in names)


def test_the_service_says_what_runs_in_effect(client: Client) -> None:
    shown = client.get("/api/v1/service").json()
    assert shown["site"] == "north"
    assert shown["model"]["provider"] == "cpu"
    assert shown["model"]["threads"] == 2
    assert shown["model"]["classes"] == ["person", "ladder"]


def test_the_schema_of_the_configuration_is_published(client: Client) -> None:
    answer = client.get("/api/v1/config/schema.json")
    assert answer.headers["content-type"] == "application/schema+json"
    assert answer.json()["type"] == "object"
