"""How much was watched stands beside every count."""

from typing import Any

import pytest

from detector.api.app import create_app
from detector.cli import main
from detector.config.access import ApiSettings
from detector.incidents.coverage import WatchSpan, WatchState
from detector.store import Store
from detector.types import Phase, Severity
from tests.happenings import START, incident_id, make_event, make_incident
from tests.shown_service import Client, ShownCamera, ShownService, served

BEGAN = 1_700_000_000.0
WATCHED = WatchSpan("gate", WatchState.WATCHED, "", BEGAN, BEGAN + 600.0)
COVERED = WatchSpan("gate", WatchState.BLIND, "covered", BEGAN + 600.0, BEGAN + 900.0)
HOUR = f"after={BEGAN:.0f}&before={BEGAN + 3600:.0f}"


def test_a_window_is_parted_into_watched_degraded_blind_and_unknown(
    client: Client, store: Store
) -> None:
    store.write_watch([WATCHED, COVERED])
    found = client.get(f"/api/v1/cameras/gate/coverage?{HOUR}").json()
    sums = [found[f"{state}_s"] for state in ("watched", "degraded", "blind", "unknown")]
    assert sums == [600.0, 0.0, 300.0, 2700.0]
    assert found["window_s"] == sum(sums) == 3600.0
    assert [(span["state"], span["reason"]) for span in found["spans"]] == [
        ("watched", ""),
        ("blind", "covered"),
        ("unknown", ""),
    ]
    assert found["spans"][0]["began_at"] == found["after"] == "2023-11-14T22:13:20Z"


def test_what_goes_on_counts_up_to_now_though_it_is_written_later(
    client: Client, service: ShownService
) -> None:
    service.store.write_watch([WATCHED])
    service.shown[0].span = WatchSpan("gate", WatchState.WATCHED, "", BEGAN, BEGAN + 609.0)
    found = client.get(f"/api/v1/cameras/gate/coverage?{HOUR}").json()
    assert found["watched_s"] == 609.0


def test_all_cameras_come_in_one_answer(client: Client, service: ShownService) -> None:
    service.shown.append(ShownCamera("north"))
    service.store.write_watch([WATCHED])
    gate, north = client.get(f"/api/v1/coverage?{HOUR}").json()["cameras"]
    assert (gate["watched_s"], gate["unknown_s"]) == (600.0, 3000.0)
    assert (north["camera"], north["unknown_s"]) == ("north", 3600.0)


def test_counts_are_of_what_began_and_stand_beside_their_coverage(
    client: Client, service: ShownService
) -> None:
    store = service.store
    store.append([make_event(n) for n in range(1, 4)], [make_incident()], (), now=BEGAN)
    store.write_watch([WATCHED])
    began = make_event(1).time
    assert began is not None
    window = f"after={began.timestamp() - 60:.0f}&before={began.timestamp() + 60:.0f}"
    found = client.get(f"/api/v1/events/counts?{window}").json()
    new = [n for n in range(1, 4) if make_event(n).data.phase == "new"]
    assert sum(row["count"] for row in found["counts"]) == len(new) > 0
    assert [row["camera"] for row in found["coverage"]] == ["gate"]
    nothing = client.get(f"/api/v1/events/counts?{window}&cameras=west").json()
    assert (nothing["counts"], nothing["coverage"]) == ([], [])


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ("", 3),
        ("places=yard", 1),
        ("places=Yard", 0),
        ("places=fence,yard", 3),
        ("labels=ladder", 1),
        ("labels=person,ladder", 3),
        ("min_severity=alert", 1),
        ("rules=approach", 0),
        (f"incident_id={incident_id(2)}", 2),
        ("cameras=west", 0),
    ],
)
def test_counts_take_the_filters_of_the_list_of_events(
    client: Client, service: ShownService, filters: str, count: int
) -> None:
    facts: list[dict[str, Any]] = [
        {"place": "yard"},
        {"class": "ladder", "incident": 2},
        {"severity": Severity.ALERT, "incident": 2},
    ]
    for number, fact in enumerate(facts, 1):
        given = {"severity": Severity.DETECTION, "phase": Phase.NEW} | fact
        event = make_event(number, **given)
        incident = make_incident(given.get("incident", 1))
        service.store.append([event], [incident], (), now=BEGAN)
    window = f"after={START - 60:.0f}&before={START + 60:.0f}"
    found = client.get(f"/api/v1/events/counts?{window}&{filters}").json()
    assert sum(row["count"] for row in found["counts"]) == count
    listed = client.get(f"/api/v1/events?{window}&{filters}").json()
    assert len(listed["events"]) == count


def test_a_window_that_ends_before_it_begins_is_refused(client: Client) -> None:
    answer = client.get("/api/v1/coverage?after=100&before=50")
    assert answer.status_code == 422
    assert "expected after to be earlier than before" in answer.json()["detail"]


def test_an_unknown_camera_has_no_coverage(client: Client) -> None:
    assert client.get("/api/v1/cameras/west/coverage").status_code == 404


def test_the_command_line_says_it_in_one_line_for_each_camera(
    service: ShownService, capsys: pytest.CaptureFixture[str]
) -> None:
    service.store.write_watch([WATCHED, COVERED])
    with served(create_app(service, ApiSettings())) as url:
        window = ["--after", f"{BEGAN:.0f}", "--before", f"{BEGAN + 1000:.0f}"]
        assert main(["coverage", "--url", url, *window]) == 0
        assert main(["coverage", "--url", url, "--after", "yesterday"]) == 1
    said = capsys.readouterr()
    line = "gate  watched 60.0 % of 1000 s, blind 300.0 s (covered), unknown 100.0 s"
    assert said.out.splitlines() == [line]
    assert "expected the coverage, found" in said.err


@pytest.mark.parametrize("filters", ["rules=nonsense", "cameras=gate&colour=red"])
def test_a_count_with_a_misspelt_filter_is_refused(client: Client, filters: str) -> None:
    assert client.get(f"/api/v1/events/counts?{HOUR}&{filters}").status_code == 422


def test_prometheus_gets_the_seconds_by_state_and_reason(
    client: Client, service: ShownService
) -> None:
    service.shown[0].seconds = {(WatchState.BLIND, "dark"): 12.5}
    line = 'perimeter_watched_seconds_total{camera="gate",reason="dark",state="blind"} 12.5'
    assert line in client.get("/metrics").text
