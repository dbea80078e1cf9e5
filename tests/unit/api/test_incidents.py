from uuid import uuid4

import pytest

from detector.api.app import create_app
from detector.api.wording import headline
from detector.config.access import ApiKeySettings, ApiSettings, Scope
from detector.events import EventKind, Incident
from detector.store import Store
from detector.types import Phase, Severity
from tests.happenings import START, incident_id, make_event, make_incident
from tests.shown_service import Client, ShownService

NOW = START + 100
STATE = f"/api/v1/incidents/{incident_id(1)}/state"


def fill(store: Store, number: int = 3) -> None:
    for n in range(1, number + 1):
        store.append([make_event(n, incident=n)], [make_incident(n)], [], now=NOW + n)


def test_incidents_come_newest_first_in_pages(client: Client, store: Store) -> None:
    fill(store, 3)
    first = client.get("/api/v1/incidents?limit=2").json()
    rest = client.get(f"/api/v1/incidents?limit=2&before_seq={first['next_before_seq']}").json()
    shown = [item["incident"]["incident_id"] for item in first["incidents"] + rest["incidents"]]
    assert shown == [str(incident_id(n)) for n in (3, 2, 1)]
    assert rest["next_before_seq"] is None


def test_incidents_are_chosen_by_camera_severity_and_state(client: Client, store: Store) -> None:
    for n, camera in enumerate(("north", "south"), 1):
        severity = Severity.ALERT if camera == "north" else Severity.DETECTION
        incident = make_incident(n, camera=camera, severity=severity)
        store.append([make_event(n, incident=n, camera=camera)], [incident], [], now=NOW)

    def cameras(query: str) -> list[str]:
        page = client.get(f"/api/v1/incidents?{query}").json()
        return [item["incident"]["camera"] for item in page["incidents"]]

    assert cameras("cameras=north") == ["north"]
    assert cameras("min_severity=alert") == ["north"]
    assert cameras("state=acknowledged") == []
    assert cameras("phase=new") == ["south", "north"]
    assert cameras(f"before={START + 2}") == ["north"]


def test_the_way_of_an_incident_through_the_hands_of_people_is_kept(
    client: Client, store: Store
) -> None:
    fill(store, 1)
    assert client.post(STATE, json={"state": "acknowledged", "by": "Ana"}).status_code == 200
    answer = client.post(STATE, json={"state": "dismissed", "reason": "own patrol", "by": "Ben"})
    shown = answer.json()
    assert shown["operator_state"] == "dismissed"
    assert shown["moves"] == ["acknowledged", "closed"]
    moves = [(m["state_from"], m["state_to"], m["by"], m["reason"]) for m in shown["history"]]
    assert moves == [
        ("new", "acknowledged", "Ana", ""),
        ("acknowledged", "dismissed", "Ben", "own patrol"),
    ]
    assert client.get(f"/api/v1/incidents/{incident_id(1)}").json() == shown


def test_a_move_that_the_present_state_does_not_allow_is_a_conflict(
    client: Client, store: Store
) -> None:
    fill(store, 1)
    answer = client.post(STATE, json={"state": "closed"})
    assert answer.status_code == 409
    assert "expected one of" in answer.json()["detail"]


def test_a_dismissal_needs_a_reason(client: Client, store: Store) -> None:
    fill(store, 1)
    answer = client.post(STATE, json={"state": "dismissed", "reason": "   "})
    assert answer.status_code == 422
    assert client.get(f"/api/v1/incidents/{incident_id(1)}").json()["operator_state"] == "new"


def test_the_key_that_vouches_for_a_name_is_noted(service: ShownService, store: Store) -> None:
    fill(store, 1)
    key = ApiKeySettings(name="desk", scopes=(Scope.OPERATE,), secret_env="KEY")
    app = create_app(service, ApiSettings(keys=(key,)), {"KEY": "s" * 32})
    client = Client(app, Authorization=f"Bearer {'s' * 32}")
    client.post(STATE, json={"state": "acknowledged", "by": "Ana"})
    answer = client.post(STATE, json={"state": "confirmed"})
    assert [move["by"] for move in answer.json()["history"]] == ["Ana (key desk)", "key desk"]


@pytest.mark.parametrize("body", [{}, {"state": "gone"}, {"state": "closed", "who": "Ana"}])
def test_a_wrong_change_is_refused(client: Client, body: dict[str, str]) -> None:
    assert client.post(STATE, json=body).status_code == 422


def test_an_unknown_incident_is_not_found(client: Client) -> None:
    for answer in (
        client.get(f"/api/v1/incidents/{uuid4()}"),
        client.post(f"/api/v1/incidents/{uuid4()}/state", json={"state": "acknowledged"}),
        client.get(f"/api/v1/incidents/{uuid4()}/snapshot.jpg"),
    ):
        assert answer.status_code == 404


def test_the_picture_of_an_incident_is_that_of_its_gravest_event(
    client: Client, service: ShownService, store: Store
) -> None:
    events = [
        make_event(1, severity=Severity.DETECTION, has_snapshot=True),
        make_event(2, severity=Severity.ALERT, has_snapshot=True),
        make_event(3, severity=Severity.DETECTION, has_snapshot=True),
        make_event(4, severity=Severity.ALERT),
    ]
    store.append(events, [make_incident()], [], now=NOW)
    service.snapshots.update({event.id: b"picture %d" % n for n, event in enumerate(events, 1)})
    path = f"/api/v1/incidents/{incident_id(1)}/snapshot.jpg"
    assert client.get(path).content == b"picture 2"
    del service.snapshots[events[1].id]
    assert client.get(path).content == b"picture 3"


def incident(rule: EventKind, **facts: object) -> Incident:
    return make_incident().model_copy(update={"rules": (rule,), **facts})


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (incident(EventKind.BARRIER_CROSSING), "Person crossed the line · fence"),
        (
            incident(EventKind.BARRIER_CROSSING, gravest=make_event(count=3).data),
            "3 persons crossed the line from outside to inside · fence",
        ),
        (incident(EventKind.CLIMBING, outcome="over"), "Person climbed over the barrier · fence"),
        (
            incident(EventKind.BARRIER_CROSSING, gravest=make_event(count=1).data, count=7),
            "Person crossed the line from outside to inside · fence",
        ),
        (
            incident(EventKind.APPROACH, outcome="turned_back", places=()),
            "Person approached and turned back",
        ),
        (incident(EventKind.LADDER_AT_BARRIER), "Ladder at the barrier · fence"),
        (incident(EventKind.GROUP_SIZE, count=7), "Group of 7 · fence"),
        (incident(EventKind.LOITERING, phase=Phase.END), "Person stayed in one place · fence"),
    ],
)
def test_an_incident_is_told_in_one_neutral_line(shown: Incident, words: str) -> None:
    assert headline(shown) == words


@pytest.mark.parametrize("rule", [kind for kind in EventKind if kind is not EventKind.INCIDENT])
@pytest.mark.parametrize("outcome", ["", "crossed", "over", "lost", "turned_back", "restart"])
def test_no_line_judges_the_people_in_it(rule: EventKind, outcome: str) -> None:
    for phase in Phase:
        words = headline(incident(rule, outcome=outcome, phase=phase)).lower()
        for judging in ("intruder", "illegal", "suspect", "migrant", "threat", "offender"):
            assert judging not in words


def test_of_several_rules_the_gravest_gives_the_line() -> None:
    rules = (EventKind.APPROACH, EventKind.BARRIER_CROSSING, EventKind.LADDER_LEFT)
    assert headline(make_incident().model_copy(update={"rules": rules})).startswith(
        "Person crossed"
    )
