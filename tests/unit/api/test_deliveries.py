from detector.delivery import Answer, Decision, DeliveryState, Outcome, SinkRoute
from detector.store import Store
from tests.happenings import START, make_event, make_incident
from tests.shown_service import Client

NOW = START + 100


def fill(store: Store) -> None:
    """Queue three deliveries; the first is dead, the second was made."""
    events = [make_event(n, incident=n) for n in (1, 2, 3)]
    store.append(events, [make_incident(n) for n in (1, 2, 3)], [SinkRoute("hook")], now=NOW)
    first, second, _ = store.due("hook", NOW, 3)
    store.record_attempt(
        first, Outcome(Answer.FAILED, "HTTP 500", 500), Decision(DeliveryState.DEAD, NOW), now=NOW
    )
    store.record_attempt(
        second, Outcome(Answer.ACCEPTED, "", 204), Decision(DeliveryState.DELIVERED, NOW), now=NOW
    )


def test_deliveries_come_by_state(client: Client, store: Store) -> None:
    fill(store)
    page = client.get("/api/v1/deliveries?state=dead").json()
    (dead,) = page["deliveries"]
    assert (dead["seq"], dead["attempts"], dead["last_detail"]) == (1, 1, "HTTP 500")
    assert dead["due_at"] is None


def test_deliveries_come_in_pages(client: Client, store: Store) -> None:
    fill(store)
    first = client.get("/api/v1/deliveries?limit=2").json()
    rest = client.get(f"/api/v1/deliveries?limit=2&before_id={first['next_before_id']}").json()
    assert [d["seq"] for d in first["deliveries"] + rest["deliveries"]] == [3, 2, 1]
    assert rest["next_before_id"] is None


def test_a_dead_delivery_is_tried_again_on_request(client: Client, store: Store) -> None:
    fill(store)
    answer = client.post("/api/v1/deliveries/1/retry")
    assert (answer.status_code, answer.json()["state"]) == (200, "pending")
    assert store.deliveries(DeliveryState.DEAD) == ()


def test_what_was_delivered_is_not_sent_again(client: Client, store: Store) -> None:
    fill(store)
    assert client.post("/api/v1/deliveries/2/retry").status_code == 409


def test_an_unknown_delivery_is_not_found(client: Client) -> None:
    assert client.post("/api/v1/deliveries/77/retry").status_code == 404
    assert client.post("/api/v1/deliveries/x/retry").status_code == 422
