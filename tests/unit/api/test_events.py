import json
from uuid import uuid4

import jsonschema
import pytest

from detector.events import EventKind, event_schema
from detector.store import Store
from detector.types import Severity
from tests.happenings import START, ended, incident_id, make_event, make_incident
from tests.shown_service import Client, ShownService

NOW = START + 100


def fill(store: Store, number: int = 5) -> None:
    for n in range(1, number + 1):
        store.append([make_event(n, incident=n)], [ended(n)], [], now=NOW + n)


def seqs(client: Client, query: str) -> list[int]:
    answer = client.get(f"/api/v1/events?{query}")
    assert answer.status_code == 200, answer.text
    return [int(event["sequence"]) for event in answer.json()["events"]]


def test_pages_follow_each_other_without_a_gap_or_a_repetition(
    client: Client, store: Store
) -> None:
    fill(store, 5)
    seen, cursor = [], 0
    while page := client.get(f"/api/v1/events?after_seq={cursor}&limit=2").json():
        if not page["events"]:
            break
        seen += [int(event["sequence"]) for event in page["events"]]
        cursor = page["next_after_seq"]
    assert seen == [1, 2, 3, 4, 5]
    assert page == {"events": [], "next_after_seq": 5, "first_seq": 1}


def test_a_reader_can_see_that_events_before_its_cursor_are_no_longer_stored(
    client: Client, store: Store
) -> None:
    fill(store, 2)
    store.prune(before=NOW + 10)
    fill_again = make_event(9, incident=9)
    store.append([fill_again], [make_incident(9)], [], now=NOW + 20)
    page = client.get("/api/v1/events?after_seq=0").json()
    assert page["first_seq"] == 3


def test_an_event_is_given_byte_for_byte_as_it_is_delivered(client: Client, store: Store) -> None:
    (event,) = store.append([make_event()], [make_incident()], [], now=NOW)
    answer = client.get(f"/api/v1/events/{event.id}")
    assert answer.content.decode() == event.to_json()
    assert answer.headers["content-type"] == "application/cloudevents+json"


def test_events_in_a_page_satisfy_the_published_schema(client: Client, store: Store) -> None:
    fill(store, 1)
    (event,) = client.get("/api/v1/events").json()["events"]
    jsonschema.validate(event, event_schema())


def test_an_undated_event_has_no_time_rather_than_null(client: Client, store: Store) -> None:
    store.append([make_event(dated=False)], [make_incident()], [], now=NOW)
    (event,) = client.get("/api/v1/events").json()["events"]
    assert "time" not in event


def test_filters_are_comma_lists_as_in_frigate_and_all_asks_nothing(
    client: Client, store: Store
) -> None:
    north, south = make_incident(1, camera="north"), make_incident(1, camera="south")
    store.append(
        [
            make_event(1, camera="north"),
            make_event(2, camera="south", rule=EventKind.LADDER_LEFT, **{"class": "ladder"}),
            make_event(3, camera="north", rule=EventKind.CLIMBING, severity=Severity.INFO),
        ],
        [north, south],
        [],
        now=NOW,
    )
    assert seqs(client, "cameras=all&labels=all&rules=all") == [1, 2, 3]
    assert seqs(client, "cameras=north, south") == [1, 2, 3]
    assert seqs(client, "cameras=north") == [1, 3]
    assert seqs(client, "labels=ladder") == [2]
    assert seqs(client, "rules=climbing,ladder_left") == [2, 3]
    assert seqs(client, "min_severity=alert") == [1, 2]
    assert seqs(client, f"incident_id={incident_id(1, 'south')}") == [2]
    assert seqs(client, "cameras=north&rules=ladder_left") == []


@pytest.mark.parametrize("stamp", [f"{START + 2}", "2023-11-14T22:13:22Z"])
def test_times_are_epoch_seconds_or_rfc_3339(client: Client, store: Store, stamp: str) -> None:
    fill(store, 3)
    assert seqs(client, f"after={stamp}") == [2, 3]
    assert seqs(client, f"before={stamp}") == [1]


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("limit=0", "query/limit"),
        ("limit=1001", "query/limit"),
        ("after_seq=-1", "query/after_seq"),
        ("after_seq=99999999999999999999", "query/after_seq"),
        ("labels=person,dog", "query/labels"),
        ("rules=intrusion", "query/rules"),
        ("after=yesterday", "query/after"),
        ("after=2023-11-14T22:13:22", "query/after"),
        ("incident_id=7", "query/incident_id"),
        ("camera=north", "query/camera"),
    ],
)
def test_a_wrong_filter_is_named_and_not_ignored(client: Client, query: str, where: str) -> None:
    answer = client.get(f"/api/v1/events?{query}")
    assert answer.status_code == 422
    assert [part["pointer"] for part in answer.json()["errors"]] == [where]


def test_a_wrong_name_is_answered_with_the_right_ones(client: Client) -> None:
    answer = client.get("/api/v1/events?labels=dog")
    assert "all or some of person,ladder, found dog" in answer.json()["errors"][0]["detail"]


def test_an_event_that_is_not_stored_is_not_found(client: Client) -> None:
    answer = client.get(f"/api/v1/events/{uuid4()}")
    assert answer.status_code == 404
    assert "expected one that is stored" in answer.json()["detail"]


def test_the_snapshot_is_the_picture_that_was_kept(client: Client, service: ShownService) -> None:
    event = make_event()
    service.snapshots[event.id] = b"\xff\xd8jpeg"
    answer = client.get(f"/api/v1/events/{event.id}/snapshot.jpg")
    assert (answer.content, answer.headers["content-type"]) == (b"\xff\xd8jpeg", "image/jpeg")
    assert answer.headers["cache-control"] == "no-store"
    missing = client.get(f"/api/v1/events/{uuid4()}/snapshot.jpg")
    assert missing.status_code == 404


def test_the_picture_without_overlays_is_given_to_who_asks_for_it_and_never_the_other(
    client: Client, service: ShownService
) -> None:
    event = make_event()
    service.snapshots[event.id] = b"drawn"
    path = f"/api/v1/events/{event.id}/snapshot.jpg"
    without = client.get(f"{path}?overlay=0")
    assert without.status_code == 404
    assert "expected a snapshot without overlays, found none" in without.json()["detail"]
    service.clean_snapshots[event.id] = b"clean"
    assert client.get(f"{path}?overlay=0").content == b"clean"
    assert client.get(f"{path}?overlay=1").content == b"drawn"
    assert client.get(f"{path}?overlay=maybe").status_code == 422


def test_the_schema_that_events_name_is_published(client: Client) -> None:
    answer = client.get("/api/v1/schemas/event-1.json")
    assert json.loads(answer.content) == event_schema()
    assert answer.headers["content-type"] == "application/schema+json"
