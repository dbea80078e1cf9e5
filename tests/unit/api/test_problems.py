"""Every error has one form, and none tells what is inside."""

import logging

import pytest
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from detector.api.app import create_app
from detector.api.shield import SECURITY_HEADERS, Shield
from detector.config.access import ApiSettings
from detector.store import Store
from tests.shown_service import Client, ShownCamera, ShownService


class BrokenService(ShownService):
    def cameras(self) -> list[ShownCamera]:
        raise RuntimeError("password=hunter2 in /secret/place")


@pytest.fixture
def broken(store: Store) -> FastAPI:
    return create_app(BrokenService(store), ApiSettings())


@pytest.mark.parametrize(
    ("method", "path", "options", "status"),
    [
        ("GET", "/api/v1/nothing", {}, 404),
        ("GET", "/page/passwd", {}, 404),
        ("GET", "/page/..%2fapp.py", {}, 404),
        ("DELETE", "/api/v1/events", {}, 405),
        ("GET", "/api/v1/events?limit=x", {}, 422),
        ("POST", "/api/v1/incidents/1/state", {"content": b"{"}, 422),
        ("POST", "/api/v1/incidents/1/state", {"content": b"x" * 65_537}, 413),
        ("GET", "/health/live", {"headers": {"Host": "x.example"}}, 421),
    ],
)
def test_every_error_is_a_problem(
    client: Client, method: str, path: str, options: dict[str, object], status: int
) -> None:
    answer = client.request(method, path, **options)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["instance"].startswith("/")


def test_a_wrong_method_is_told_the_right_ones(client: Client) -> None:
    assert client.request("DELETE", "/api/v1/events").headers["allow"] == "GET"


def test_a_body_of_unknown_length_is_refused(client: Client) -> None:
    headers = {"Transfer-Encoding": "chunked"}
    assert client.post("/api/v1/deliveries/1/retry", headers=headers).status_code == 411


def test_an_unforeseen_error_tells_nothing_and_is_logged_once_under_its_trace(
    broken: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    with caplog.at_level(logging.INFO):
        answer = Client(broken).get("/api/v1/cameras", headers=headers)
    assert answer.status_code == 500
    assert answer.json()["trace_id"] == trace
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
    logged = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(logged) == 1
    assert trace in logged[0].getMessage()
    assert logged[0].exc_info is not None


def test_errors_without_a_callers_trace_get_one_of_their_own(broken: FastAPI) -> None:
    traces = {Client(broken).get("/api/v1/cameras").json()["trace_id"] for _ in range(3)}
    assert len(traces) == 3


def test_a_store_that_fails_is_unavailable_and_its_place_is_not_told(
    client: Client, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    store.close()
    answer = client.get("/api/v1/events")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "sqlite" not in answer.text
    assert answer.json()["trace_id"] in caplog.text
    assert "sqlite" in caplog.text


@pytest.mark.parametrize("path", ["/", "/api/v1/events", "/api/v1/nothing", "/health/live"])
def test_every_answer_carries_the_security_headers(client: Client, path: str) -> None:
    answer = client.get(path)
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value


def test_an_answer_that_broke_off_half_way_is_left_to_the_server_to_break() -> None:
    async def half(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        Client(Shield(half), raising=True).get("/")
