"""Live events over a real connection: nothing is left out, nobody waits for a slow client."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from detector.api import feed as feed_module
from detector.api.app import create_app
from detector.api.routes import events as events_route
from detector.config.access import ApiSettings
from detector.store import Store, StoreSettings, open_store
from detector.types import Phase
from tests.happenings import START, make_event, make_incident
from tests.shown_service import ShownService, served

NOW = START + 100
PATH = "/api/v1/events/stream"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(StoreSettings(path=tmp_path / "events.sqlite3")) as opened:
        yield opened


@pytest.fixture
def app(store: Store) -> FastAPI:
    return create_app(ShownService(store), ApiSettings())


def commit(store: Store, *numbers: int, camera: str = "gate") -> None:
    """Commit events, each of its own incident, at once."""
    events = [make_event(n, incident=n, camera=camera) for n in numbers]
    incidents = [make_incident(n, camera=camera, phase=Phase.END) for n in numbers]
    store.append(events, incidents, [], now=NOW + max(numbers))


class Message(dict[str, str]):
    """The fields of one server-sent message."""


@contextmanager
def listening(url: str, query: str = "", **headers: str) -> Iterator[Iterator[Message]]:
    """Open a stream; gives its messages, without comments."""
    with (
        httpx.Client(base_url=url, timeout=20) as client,
        client.stream("GET", f"{PATH}?{query}", headers=headers) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _messages(answer)


def _messages(answer: httpx.Response) -> Iterator[Message]:
    message = Message()
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            if name:
                message[name] = value
        elif message:
            yield message
            message = Message()


def ids(messages: Iterator[Message], number: int) -> list[int]:
    return [int(next(messages)["id"]) for _ in range(number)]


def wait_for_streams(app: FastAPI, number: int) -> None:
    deadline = time.monotonic() + 20
    while app.state.feed.streams != number:
        assert time.monotonic() < deadline, f"{app.state.feed.streams} streams"
        time.sleep(0.01)


def test_an_event_arrives_as_it_was_committed(app: FastAPI, store: Store) -> None:
    with served(app) as url, listening(url, "after_seq=0") as messages:
        commit(store, 1)
        message = next(messages)
        assert message["id"] == "1"
        (stored,) = store.events(events_route.EventQuery())
        assert message["data"] == stored.body


def test_a_new_client_gets_what_comes_and_not_what_was(app: FastAPI, store: Store) -> None:
    commit(store, 1, 2)
    with served(app) as url, listening(url) as messages:
        wait_for_streams(app, 1)
        time.sleep(0.2)  # its first read must not find anything
        commit(store, 3)
        assert ids(messages, 1) == [3]


@pytest.mark.parametrize("way", ["header", "query"])
def test_a_client_that_comes_back_gets_what_it_missed(app: FastAPI, store: Store, way: str) -> None:
    commit(store, *range(1, 251))
    query, headers = ("", {"Last-Event-ID": "3"}) if way == "header" else ("after_seq=3", {})
    with served(app) as url, listening(url, query, **headers) as messages:
        assert ids(messages, 247) == list(range(4, 251))
        commit(store, 251)
        assert ids(messages, 1) == [251]


def test_the_header_of_a_reconnection_wins_over_the_address_it_repeats(
    app: FastAPI, store: Store
) -> None:
    commit(store, 1, 2, 3)
    headers = {"Last-Event-ID": "2"}
    with served(app) as url, listening(url, "after_seq=0", **headers) as messages:
        assert ids(messages, 1) == [3]


def test_events_committed_while_a_client_connects_are_not_lost(app: FastAPI, store: Store) -> None:
    writer = threading.Thread(target=lambda: [commit(store, n) for n in range(1, 121)])
    with served(app) as url:
        writer.start()
        with listening(url, "after_seq=0") as messages:
            assert ids(messages, 120) == list(range(1, 121))
        writer.join()


def test_a_filter_leaves_out_the_rest_and_keeps_the_numbers(app: FastAPI, store: Store) -> None:
    with served(app) as url, listening(url, "after_seq=0&cameras=north") as messages:
        commit(store, 1, 2)
        commit(store, 1, camera="north")
        commit(store, 3)
        commit(store, 2, camera="north")
        assert ids(messages, 2) == [3, 5]


def test_a_client_is_told_when_events_it_missed_are_no_longer_stored(
    app: FastAPI, store: Store
) -> None:
    commit(store, 1, 2)
    commit(store, 3)
    store.prune(before=NOW + 3)
    with served(app) as url, listening(url, **{"Last-Event-ID": "1"}) as messages:
        notice = next(messages)
        assert notice["event"] == "gap"
        assert json.loads(notice["data"]) == {"after_seq": 1, "first_seq": 3, "last_seq": 3}
        assert ids(messages, 1) == [3]


def test_a_cursor_of_another_store_is_told_and_begins_anew(app: FastAPI, store: Store) -> None:
    commit(store, 1, 2)
    with served(app) as url, listening(url, **{"Last-Event-ID": "900"}) as messages:
        assert next(messages)["event"] == "gap"
        assert ids(messages, 2) == [1, 2]


@pytest.mark.parametrize("cursor", ["-1", "x", "1.5", "99999999999999999999"])
def test_a_cursor_that_is_no_number_is_refused(app: FastAPI, cursor: str) -> None:
    with served(app) as url:
        answer = httpx.get(url + PATH, headers={"Last-Event-ID": cursor})
        assert answer.status_code == 422


def test_a_silent_stream_is_kept_open_by_comments(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_route, "PING_S", 0.05)
    with served(app) as url, httpx.stream("GET", url + PATH, timeout=20) as answer:
        assert next(line for line in answer.iter_lines() if line).startswith(": ping")


def test_streams_end_whole_when_the_server_stops(app: FastAPI, store: Store) -> None:
    ended: list[list[str]] = []

    def listen(url: str) -> None:
        with listening(url, "after_seq=0") as messages:
            ended.append([message["id"] for message in messages])

    commit(store, 1)
    with served(app) as url:
        listener = threading.Thread(target=listen, args=(url,))
        listener.start()
        wait_for_streams(app, 1)
        time.sleep(0.2)
    listener.join(20)
    assert ended == [["1"]]
    assert app.state.feed.streams == 0


def test_a_client_that_goes_away_is_forgotten(app: FastAPI) -> None:
    with served(app) as url:
        with listening(url):
            wait_for_streams(app, 1)
        wait_for_streams(app, 0)


def test_a_client_that_reads_nothing_holds_up_neither_commits_nor_other_clients(
    app: FastAPI, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_route, "SEND_TIMEOUT_S", 1.0)
    with served(app) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.socket() as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect((host, int(port)))
            deaf.sendall(f"GET {PATH}?after_seq=0 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            wait_for_streams(app, 1)
            long = [make_event(n, incident=1, outcome="x" * 20_000) for n in range(1, 301)]
            store.append(long, [make_incident(1)], [], now=NOW)
            with listening(url, "after_seq=0") as messages:
                assert ids(messages, 300) == list(range(1, 301))
            wait_for_streams(app, 0)  # given up after the timeout; it can go on where it stopped


def test_more_streams_than_the_limit_are_refused_for_now(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events_route, "MAX_STREAMS", 1)
    with served(app) as url, listening(url):
        wait_for_streams(app, 1)
        answer = httpx.get(url + PATH)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


def test_a_store_that_fails_ends_the_stream_and_not_the_service(app: FastAPI, store: Store) -> None:
    with served(app) as url:
        with listening(url) as messages:
            wait_for_streams(app, 1)
            time.sleep(0.2)
            store.close()
            app.state.feed._committed(1)
            assert list(messages) == []
        assert httpx.get(f"{url}/health/live").status_code == 200


def test_the_batch_is_smaller_than_the_replays_tested_here() -> None:
    assert feed_module.BATCH < 247
