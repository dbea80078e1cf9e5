import json
from uuid import uuid4

import pytest

from detector.api.app import create_app
from detector.config.access import ApiKeySettings, ApiSettings, Scope
from detector.store import Store
from tests.happenings import START, ended, incident_id, make_event
from tests.shown_service import Client, ShownService

INCIDENT = f"/api/v1/incidents/{incident_id(1)}"
LATER = "2100-01-01T00:00:00Z"


@pytest.fixture(autouse=True)
def happened(store: Store) -> None:
    store.append([make_event()], [ended()], [], now=START)


def holds(client: Client) -> list[dict[str, str | None]]:
    found: list[dict[str, str | None]] = client.get("/api/v1/holds").json()["holds"]
    return found


def test_a_hold_is_placed_listed_and_released_and_the_custody_log_tells_all_of_it(
    client: Client, store: Store
) -> None:
    wanted = {"reason": " court order 7 ", "by": "Ana", "expires_at": LATER}
    placed = client.post(f"{INCIDENT}/hold", json=wanted)
    assert placed.status_code == 200
    assert holds(client) == [placed.json()]
    assert (placed.json()["by"], placed.json()["expires_at"]) == ("Ana", LATER)

    released = client.post(f"{INCIDENT}/release", json={"reason": "case closed", "by": "Ben"})
    assert released.status_code == 204
    assert holds(client) == []
    hold, release = (json.loads(entry.body) for entry in store.custody())
    assert (hold["action"], hold["actor"], hold["purpose"]) == ("hold", "Ana", "court order 7")
    assert (hold["result"], hold["role"]) == (f"until {LATER}", "admin")
    assert (release["action"], release["actor"]) == ("release", "Ben")
    assert release["purpose"] == "case closed"
    assert hold["request_id"]
    assert hold["request_id"] != release["request_id"]


def test_a_hold_can_be_prolonged_and_not_shortened(client: Client, store: Store) -> None:
    client.post(f"{INCIDENT}/hold", json={"reason": "police asked", "expires_at": LATER})
    shorter = {"reason": "less", "expires_at": "2099-01-01T00:00:00Z"}
    answer = client.post(f"{INCIDENT}/hold", json=shorter)
    assert answer.status_code == 409
    assert "found one until 2099-01-01T00:00:00Z; release it first" in answer.json()["detail"]
    assert client.post(f"{INCIDENT}/hold", json={"reason": "court"}).status_code == 200
    assert [(hold["reason"], hold["expires_at"]) for hold in holds(client)] == [("court", None)]
    assert len(store.custody()) == 2


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({}, "body/reason"),
        ({"reason": "  "}, "body/reason"),
        ({"reason": "x", "until": LATER}, "body/until"),
        ({"reason": "x", "expires_at": "2100-01-01T00:00:00"}, "body/expires_at"),
    ],
)
def test_a_hold_without_a_reason_or_with_an_unclear_time_is_refused(
    client: Client, body: dict[str, str], part: str
) -> None:
    answer = client.post(f"{INCIDENT}/hold", json=body)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [part]


def test_a_hold_that_would_be_over_already_is_refused(client: Client) -> None:
    body = {"reason": "x", "expires_at": "2020-01-01T00:00:00Z"}
    answer = client.post(f"{INCIDENT}/hold", json=body)
    assert answer.status_code == 422
    assert "expected a time to come, found 2020-01-01T00:00:00Z" in answer.json()["detail"]


def test_an_unknown_incident_cannot_be_held_and_one_without_a_hold_not_released(
    client: Client, store: Store
) -> None:
    body = {"reason": "x"}
    assert client.post(f"/api/v1/incidents/{uuid4()}/hold", json=body).status_code == 404
    assert client.post(f"{INCIDENT}/release", json=body).status_code == 404
    assert store.custody() == ()


def test_who_may_operate_may_hold_and_only_an_admin_may_release(service: ShownService) -> None:
    keys = (
        ApiKeySettings(name="vms", secret_env="READ"),
        ApiKeySettings(name="desk", scopes=(Scope.OPERATE,), secret_env="OPERATE"),
        ApiKeySettings(name="chief", scopes=(Scope.ADMIN,), secret_env="ADMIN"),
    )
    secrets = {name: name[0] * 40 for name in ("READ", "OPERATE", "ADMIN")}
    app = create_app(service, ApiSettings(keys=keys), secrets)
    reader, operator, admin = (
        Client(app, Authorization=f"Bearer {secret}") for secret in secrets.values()
    )
    body = {"reason": "x", "by": "Ana"}
    assert reader.post(f"{INCIDENT}/hold", json=body).status_code == 403
    assert operator.post(f"{INCIDENT}/hold", json=body).json()["by"] == "Ana (key desk)"
    assert len(holds(reader)) == 1
    assert operator.post(f"{INCIDENT}/release", json=body).status_code == 403
    assert admin.post(f"{INCIDENT}/release", json=body).status_code == 204
