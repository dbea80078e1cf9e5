"""Who may ask what, from where."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from detector.api.app import create_app
from detector.config.access import (
    ApiKeySettings,
    ApiSettings,
    Scope,
    check_exposure,
    read_secrets,
)
from detector.errors import ConfigError
from detector.store import Store
from tests.happenings import START, incident_id, make_event, make_incident
from tests.shown_service import Client, ShownService

SECRETS = {scope.name: scope.value[0] * 40 for scope in Scope}
KEYS = tuple(
    ApiKeySettings(name=scope.value, scopes=(scope,), secret_env=scope.name) for scope in Scope
)
GUARDED = ApiSettings(keys=KEYS)
ID = "00000000-0000-0000-0000-000000000000"
OPEN_PATHS = {"/health/live", "/health/ready"}


@pytest.fixture
def guarded(service: ShownService) -> FastAPI:
    return create_app(service, GUARDED, SECRETS)


def holding(app: FastAPI, scope: Scope) -> Client:
    return Client(app, Authorization=f"Bearer {SECRETS[scope.name]}")


def every_route(app: FastAPI) -> list[tuple[str, str]]:
    """Method and path of everything that is described."""
    return [
        (
            method.upper(),
            path.format(event_id=ID, incident_id=ID, name="gate", delivery_id=1, number=1),
        )
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    ]


def test_without_a_key_nothing_is_told_but_health(guarded: FastAPI) -> None:
    for method, path in every_route(guarded):
        answer = Client(guarded).request(method, path)
        if path in OPEN_PATHS:
            assert answer.status_code == 200
        else:
            assert answer.status_code == 401, path
            assert answer.headers["www-authenticate"] == "Bearer"


def test_a_wrong_key_opens_nothing(guarded: FastAPI) -> None:
    for secret in ("wrong" * 10, SECRETS["READ"][:-1], SECRETS["READ"] + "r", "", "ключ" * 10):
        headers = {"Authorization": f"Bearer {secret}".encode()}
        assert Client(guarded).get("/api/v1/cameras", headers=headers).status_code == 401


def test_a_scope_includes_the_ones_below_it_and_none_above(guarded: FastAPI, store: Store) -> None:
    store.append([make_event()], [make_incident()], [], now=START)
    state = f"/api/v1/incidents/{incident_id(1)}/state"
    change = {"state": "acknowledged"}
    outcomes = {
        scope: (
            holding(guarded, scope).get("/api/v1/cameras").status_code,
            holding(guarded, scope).post(state, json=change).status_code,
            holding(guarded, scope).post("/api/v1/deliveries/1/retry").status_code,
            holding(guarded, scope).post("/api/v1/sinks/hook/enable").status_code,
        )
        for scope in Scope
    }
    assert outcomes == {
        Scope.READ: (200, 403, 403, 403),
        Scope.OPERATE: (200, 200, 403, 403),
        Scope.ADMIN: (200, 409, 404, 404),
    }


def test_too_low_a_scope_is_told_which_one_is_needed(guarded: FastAPI) -> None:
    answer = holding(guarded, Scope.READ).post("/api/v1/deliveries/1/retry")
    assert answer.json()["detail"] == "expected a key with scope admin, found read"
    assert 'scope="admin"' in answer.headers["www-authenticate"]


def test_every_change_needs_more_than_reading(guarded: FastAPI) -> None:
    for method, path in every_route(guarded):
        if method != "GET":
            answer = holding(guarded, Scope.READ).request(method, path, json={"state": "closed"})
            assert answer.status_code == 403, path


def test_the_page_itself_needs_no_key_because_it_holds_nothing(guarded: FastAPI) -> None:
    assert Client(guarded).get("/").status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "", "127.0.0.1.evil.example", "[::1"]
)
def test_a_page_of_the_web_that_points_its_name_here_is_not_served(
    client: Client, host: str
) -> None:
    answer = client.get("/api/v1/cameras", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000"])
def test_this_machine_is_served_under_its_names(client: Client, host: str) -> None:
    assert client.get("/api/v1/cameras", headers={"Host": host}).status_code == 200


def test_a_reverse_proxy_is_served_under_the_names_that_were_set_up(
    service: ShownService,
) -> None:
    app = create_app(service, ApiSettings(allowed_hosts=("watch.example", "*.guard.example")))
    hosts = ("watch.example", "a.guard.example", "guard.example", "b.example")
    answers = [Client(app).get("/health/live", headers={"Host": host}) for host in hosts]
    assert [answer.status_code for answer in answers] == [200, 200, 421, 421]


def test_a_page_of_another_site_cannot_change_anything(client: Client) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:9999"):
        answer = client.post("/api/v1/deliveries/1/retry", headers={"Origin": origin})
        assert answer.status_code == 403, origin
    own = client.post("/api/v1/deliveries/1/retry", headers={"Origin": "http://127.0.0.1:8000"})
    assert own.status_code == 404


def test_no_other_site_is_invited_to_read(client: Client) -> None:
    answer = client.get("/api/v1/cameras", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "watch.example"])  # noqa: S104
def test_listening_to_other_machines_without_a_key_is_a_config_error(
    service: ShownService, host: str
) -> None:
    settings = ApiSettings(host=host)
    (problem,) = check_exposure(settings)
    assert problem.where == "api.keys"
    with pytest.raises(ConfigError, match="open to other machines, found none"):
        create_app(service, settings)
    assert check_exposure(ApiSettings(host=host, keys=KEYS)) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_alone_needs_no_key(host: str) -> None:
    assert check_exposure(ApiSettings(host=host)) == []


def test_all_missing_secrets_are_told_at_once(tmp_path: Path) -> None:
    settings = ApiSettings(
        keys=(
            ApiKeySettings(name="a", secret_env="UNSET"),
            ApiKeySettings(name="b", secret_file=tmp_path / "missing"),
            ApiKeySettings(name="c", secret_env="SHORT"),
            ApiKeySettings(name="d", secret_env="LONG"),
            ApiKeySettings(name="e", secret_env="LONG"),
        )
    )
    with pytest.raises(ConfigError) as caught:
        read_secrets(settings, {"SHORT": "hunter2", "LONG": "x" * 32})
    wheres = [problem.where for problem in caught.value.problems]
    assert wheres == [
        "api.keys.0.secret_env",
        "api.keys.1.secret_file",
        "api.keys.2.secret_env",
        "api.keys.4.secret_env",
    ]
    assert "hunter2" not in str(caught.value)


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s" * 32 + "\n")
    key = ApiKeySettings(name="a", secret_file=tmp_path / "key")
    assert read_secrets(ApiSettings(keys=(key,)), {}) == {"a": "s" * 32}


@pytest.mark.parametrize(
    "key",
    [
        {"name": "a"},
        {"name": "a", "secret_env": "A", "secret_file": "b"},
        {"name": "a b", "secret_env": "A"},
        {"name": "a", "secret_env": "A", "scopes": []},
        {"name": "a", "secret_env": "A", "scopes": ["write"]},
        {"name": "a", "secret": "in the clear"},
    ],
)
def test_a_key_that_cannot_be_used_is_refused(key: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ApiSettings.model_validate({"keys": [key]})


def test_two_keys_cannot_have_one_name() -> None:
    with pytest.raises(ValidationError, match="each name once"):
        ApiSettings(keys=(KEYS[0], KEYS[0]))


def test_no_secret_stays_in_memory(guarded: FastAPI) -> None:
    state = repr(vars(guarded.state.keyring))
    assert not any(secret in state for secret in SECRETS.values())
