
from detector.store import Store
from tests.happenings import START, make_event, make_incident
from tests.shown_service import Client

NOW = START + 100


def fill(store: Store, number: int = 5) -> None:
    for n in range(1, number + 1):
        store.append([make_event(n, incident=n)], [make_incident(n)], [], now=NOW + n)


def seqs(page: dict[str, list[dict[str, str]]]) -> list[int]:
    return [int(event["sequence"]) for event in page["events"]]


def test_pages_follow_each_other_without_a_gap_or_a_repetition(
    client: Client, store: Store
) -> None:
    fill(store, 5)
    seen, cursor = [], 0
    while page := client.get(f"/api/v1/events?after_seq={cursor}&limit=2").json():
        if not page["events"]:
            break
        seen += seqs(page)
        cursor = page["next_after_seq"]
    assert seen == [1, 2, 3, 4, 5]
    assert page["next_after_seq"] == 5
    assert page["first_seq"] == 1


def test_an_event_is_given_byte_for_byte_as_it_is_delivered(client: Client, store: Store) -> None:
    (event,) = store.append([make_event()], [make_incident()], [], now=NOW)
    answer = client.get(f"/api/v1/events/{event.id}")
    assert answer.content.decode() == event.to_json()
    assert answer.headers["content-type"] == "application/cloudevents+json"
