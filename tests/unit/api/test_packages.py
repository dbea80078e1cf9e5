"""Packages over HTTP, and the notes of who looked at what."""

import json
import threading
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from detector.api import consultations as consultations_module
from detector.api.app import create_app
from detector.api.consultations import ONE_LOOK_S, Consultations
from detector.config.access import ApiKeySettings, ApiSettings, Scope
from detector.errors import StoreError
from detector.evidence.verify_package import check
from detector.incidents.clip_plan import ClipWish
from detector.store import ClipState, CustodyAction, NewCustody, Store, incident_object
from tests.happenings import GATE, START, incident_id, make_event, make_incident
from tests.shown_service import Client, ShownService, served

PATH = "/api/v1/packages"
FIRST = str(incident_id(1))
WANTED = {"incident_ids": [FIRST], "purpose": "case 7", "recipient": "court", "by": "Ana"}
LOOK = NewCustody(CustodyAction.CONSULT, "incident/1", "Ana", purpose="p")
PICTURE = f"/api/v1/events/{make_event().id}/snapshot.jpg"


@pytest.fixture(autouse=True)
def _happened(store: Store) -> None:
    event = make_event(has_snapshot=True)
    wish = ClipWish(event.id, event.data.incident_id, GATE, START, START - 5, START + 5, 30)
    store.append([event], [make_incident()], [], now=START, clips=[wish])


def said(store: Store, action: str) -> list[dict[str, Any]]:
    entries = [json.loads(entry.body) for entry in store.custody()]
    return [entry for entry in entries if entry["action"] == action]


def test_a_package_is_streamed_and_whole(client: Client, store: Store) -> None:
    answer = client.post(PATH, json=WANTED)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert int(answer.headers["content-length"]) == len(answer.content)
    report = check(BytesIO(answer.content), answer.headers["x-evidence-key"])
    assert report.findings == []
    assert report.manifest["order"] == {
        "actor": "Ana",
        "role": "admin",
        "purpose": "case 7",
        "recipient": "court",
    }
    begun, ended = said(store, "export")
    assert (begun["recipient"], begun["purpose"]) == ("court", "case 7")
    assert ended["result"].endswith(answer.headers["x-manifest-sha256"])


def test_a_package_leaves_nothing_behind_whether_it_was_fetched_or_broken_off(
    service: ShownService, tmp_path: Path
) -> None:
    big = tmp_path / "snapshots" / str(make_event().id)[:2] / f"{make_event().id}.jpg"
    big.parent.mkdir(parents=True)
    big.write_bytes(bytes(16 << 20))
    with served(create_app(service, ApiSettings())) as url:
        with httpx.stream("POST", url + PATH, json=WANTED, timeout=20) as answer:
            next(answer.iter_bytes())
        fetched = httpx.post(url + PATH, json=WANTED, timeout=20).content
    assert check(BytesIO(fetched)).findings == []
    assert len(fetched) > 16 << 20
    assert list((tmp_path / "packages").iterdir()) == []


def test_the_key_is_told_by_the_service(client: Client) -> None:
    key = client.get("/api/v1/service").json()["evidence_key"]
    assert key == client.post(PATH, json=WANTED).headers["x-evidence-key"]


@pytest.mark.parametrize(
    "change", [{"purpose": " "}, {"purpose": None}, {"incident_ids": []}, {"incident_ids": ["x"]}]
)
def test_a_package_without_purpose_or_incident_is_refused(
    client: Client, store: Store, change: dict[str, Any]
) -> None:
    assert client.post(PATH, json=WANTED | change).status_code == 422
    assert said(store, "export") == []


def test_a_package_of_an_unknown_incident_is_not_found(client: Client, store: Store) -> None:
    unknown = str(uuid4())
    answer = client.post(PATH, json=WANTED | {"incident_ids": [FIRST, unknown]})
    assert (answer.status_code, unknown in answer.json()["detail"]) == (404, True)
    assert said(store, "export") == []


def test_a_package_that_cannot_be_written_is_said_without_paths(
    client: Client, tmp_path: Path
) -> None:
    (tmp_path / "packages").write_text("in the way")
    answer = client.post(PATH, json=WANTED)
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text


def test_a_key_that_only_reads_gets_no_package(service: ShownService, store: Store) -> None:
    keys = (
        ApiKeySettings(name="eye", scopes=(Scope.READ,), secret_env="R"),
        ApiKeySettings(name="desk", scopes=(Scope.OPERATE,), secret_env="O"),
    )
    app = create_app(service, ApiSettings(keys=keys), {"R": "r" * 40, "O": "o" * 40})
    reading = Client(app, Authorization=f"Bearer {'r' * 40}")
    assert reading.post(PATH, json=WANTED).status_code == 403
    operating = Client(app, Authorization=f"Bearer {'o' * 40}")
    assert operating.post(PATH, json=WANTED).status_code == 200
    assert said(store, "export")[0]["actor"] == "Ana (key desk)"


# --- who looked at what ---------------------------------------------------------------------------


def test_looking_at_a_picture_is_noted_once_with_its_purpose(
    client: Client, service: ShownService, store: Store
) -> None:
    service.snapshots[make_event().id] = b"jpeg"
    for _ in range(3):
        assert client.get(PICTURE, headers={"X-Purpose": "case 7"}).status_code == 200
    assert client.get(f"/api/v1/incidents/{FIRST}/snapshot.jpg").content == b"jpeg"
    (entry,) = said(store, "consult")
    assert entry["object"] == f"incident/{FIRST}/snapshots/{make_event().id}"
    assert (entry["actor"], entry["role"], entry["purpose"]) == ("local", "admin", "case 7")
    assert len(entry["request_id"]) == 32


def test_playing_a_clip_in_parts_is_one_look(
    client: Client, service: ShownService, store: Store, tmp_path: Path
) -> None:
    service.clips = tmp_path
    service.clip(incident_id(1), 1).write_bytes(b"0123456789")
    (clip,) = store.due_clips(START + 60, 10)
    store.finish_clip(clip, ClipState.READY, "{}", [], [], now=START)
    for part in ("0-3", "4-9"):
        path = f"/api/v1/incidents/{FIRST}/clips/1.mp4"
        assert client.get(path, headers={"Range": f"bytes={part}"}).status_code == 206
    (entry,) = said(store, "consult")
    assert (entry["object"], entry["purpose"]) == (f"incident/{FIRST}/clips/1", "not given")


def test_a_picture_that_is_not_there_is_no_look(client: Client, store: Store) -> None:
    assert client.get(PICTURE).status_code == 410
    assert said(store, "consult") == []


def test_a_store_that_cannot_write_does_not_keep_the_picture_back(
    client: Client, service: ShownService, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.snapshots[make_event().id] = b"jpeg"

    def refuse(*_: object, **__: object) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(store, "log_custody", refuse)
    answer = client.get(PICTURE)
    assert (answer.status_code, answer.content) == (200, b"jpeg")
    monkeypatch.undo()
    service.snapshots[make_event(2).id] = b"jpeg"
    client.get(f"/api/v1/incidents/{FIRST}/snapshot.jpg")  # the same thing: still one look
    assert said(store, "consult") == []
    client.get(f"/api/v1/events/{make_event(2).id}/snapshot.jpg")
    assert len(said(store, "consult")) == 2


def test_a_look_counts_anew_after_ten_minutes_and_for_somebody_else(store: Store) -> None:
    now = START
    consultations = Consultations(store, clock=lambda: now)
    consultations.note(LOOK)
    now += ONE_LOOK_S - 1
    consultations.note(LOOK)
    consultations.note(NewCustody(CustodyAction.CONSULT, "incident/1", "Ben", purpose="p"))
    now += 1
    consultations.note(LOOK)
    assert [entry["actor"] for entry in said(store, "consult")] == ["Ana", "Ben", "Ana"]


def test_looks_that_wait_keep_their_time_and_are_bounded(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now, most = START, 20  # of the product's thousand: each is a commit
    monkeypatch.setattr(consultations_module, "MOST_WAITING", most)
    consultations = Consultations(store, clock=lambda: now)

    def refuse(*_: object, **__: object) -> None:
        raise StoreError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(store, "log_custody", refuse)
        for number in range(most + 5):
            name = incident_object(incident_id(number))
            consultations.note(NewCustody(CustodyAction.CONSULT, name, "Ana", purpose="p"))
    told = [line for line in caplog.messages if line.startswith("not in the custody log yet")]
    assert len(told) == len(set(told)) == most + 5
    now += 60
    consultations.note(LOOK)
    noted = store.custody(limit=2 * most)
    entries = [entry for entry in noted if entry.action == CustodyAction.CONSULT]
    assert len(entries) == most
    assert (entries[0].at, entries[-1].at) == (START, START + 60)
    assert "too many wait, not noted: Ana looked at incident/" in caplog.text


def test_nobody_waits_while_another_look_is_being_written(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    consultations = Consultations(store)
    is_writing, may_end = threading.Event(), threading.Event()
    write = store.log_custody

    def slow(*arguments: Any, **named: Any) -> Any:
        is_writing.set()
        assert may_end.wait(20)
        return write(*arguments, **named)

    monkeypatch.setattr(store, "log_custody", slow)
    first = threading.Thread(target=consultations.note, args=(LOOK,))
    first.start()
    assert is_writing.wait(20)
    consultations.note(NewCustody(CustodyAction.CONSULT, "incident/2", "Ben", purpose="p"))
    assert said(store, "consult") == []  # it came back although the first is not written
    may_end.set()
    first.join(20)
    assert [entry["actor"] for entry in said(store, "consult")] == ["Ana", "Ben"]
    assert not caplog.messages  # it was not late, nothing is wrong
