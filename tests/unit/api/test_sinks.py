from detector.delivery import Answer, Decision, DeliveryState, Outcome, SinkRoute
from detector.pipeline.dispatcher import SinkHealth
from detector.store import Store
from tests.happenings import START, make_event, make_incident
from tests.shown_service import Client, ShownService

NOW = START + 100
STAMP = "2023-11-14T22:15:00Z"


def queue(store: Store, *sinks: str) -> None:
    """Queue an event for each sink."""
    routes = [SinkRoute(sink) for sink in sinks]
    store.append([make_event()], [make_incident()], routes, now=NOW)


def refuse(store: Store, sink: str) -> None:
    """Have the sink answer that it wants no more."""
    (delivery,) = store.due(sink, NOW, 1)
    gone = Outcome(Answer.FAILED, "HTTP 410 Gone", 410)
    kept = Decision(DeliveryState.PENDING, NOW, disable_sink=True)
    store.record_attempt(delivery, gone, kept, now=NOW)


def test_a_sink_shows_its_backlog_and_how_it_takes_events(
    client: Client, service: ShownService, store: Store
) -> None:
    queue(store, "hook")
    service.sinks = [
        SinkHealth(
            sink="hook",
            delivered=5,
            failed=2,
            in_flight=1,
            failing_since=NOW,
            last_detail="refused",
        )
    ]
    assert client.get("/api/v1/sinks").json()["sinks"] == [
        {
            "name": "hook",
            "configured": True,
            "pending": 1,
            "dead": 0,
            "oldest_pending_at": STAMP,
            "hold_until": None,
            "disabled_at": None,
            "disabled_why": "",
            "delivered": 5,
            "failed": 2,
            "in_flight": 1,
            "failing_since": STAMP,
            "last_detail": "refused",
        }
    ]


def test_sinks_come_in_the_order_of_the_configuration_then_those_of_earlier_runs(
    client: Client, service: ShownService, store: Store
) -> None:
    queue(store, "a", "old")
    service.sinks = [SinkHealth(sink="b"), SinkHealth(sink="a")]
    sinks = client.get("/api/v1/sinks").json()["sinks"]
    assert [(sink["name"], sink["configured"], sink["pending"]) for sink in sinks] == [
        ("b", True, 0),
        ("a", True, 1),
        ("old", False, 1),
    ]


def test_a_disabled_sink_says_why_and_is_enabled_with_what_waited_for_it(
    client: Client, service: ShownService, store: Store
) -> None:
    service.sinks = [SinkHealth(sink="hook")]
    queue(store, "hook")
    refuse(store, "hook")
    (shown,) = client.get("/api/v1/sinks").json()["sinks"]
    assert (shown["disabled_at"], shown["disabled_why"]) == (STAMP, "HTTP 410 Gone")
    assert store.due("hook", NOW, 1) == ()

    enabled = client.post("/api/v1/sinks/hook/enable").json()

    assert (enabled["disabled_at"], enabled["disabled_why"], enabled["pending"]) == (None, "", 1)
    assert len(store.due("hook", NOW, 1)) == 1


def test_enabling_again_changes_nothing(client: Client, service: ShownService) -> None:
    service.sinks = [SinkHealth(sink="hook")]
    first, second = (client.post("/api/v1/sinks/hook/enable") for _ in range(2))
    assert (first.status_code, first.json()) == (200, second.json())


def test_an_unknown_sink_is_answered_with_the_known_ones_and_not_remembered(
    client: Client, service: ShownService, store: Store
) -> None:
    service.sinks = [SinkHealth(sink="hook")]
    answer = client.post("/api/v1/sinks/west/enable")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "sink: expected one of hook, found west"
    assert store.sinks() == ()
