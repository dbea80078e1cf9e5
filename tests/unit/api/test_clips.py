import json
from pathlib import Path
from uuid import uuid4

import pytest

from detector.api.app import create_app
from detector.config.access import ApiKeySettings, ApiSettings
from detector.evidence.clip_folder import tracks_beside
from detector.incidents.clip_plan import ClipWish
from detector.store import ClipState, Store
from tests.happenings import GATE, START, incident_id, make_event, make_incident
from tests.shown_service import Client, ShownService

LIST = f"/api/v1/incidents/{incident_id(1)}/clips"
NOW = START + 100


@pytest.fixture
def wanted(store: Store) -> None:
    event = make_event()
    wish = ClipWish(event.id, event.data.incident_id, GATE, NOW, NOW - 5, NOW + 5, 30)
    store.append([event], [make_incident()], [], now=NOW, clips=[wish])


def finish(store: Store, state: ClipState, **body: object) -> None:
    (clip,) = store.due_clips(NOW + 60, 10)
    store.finish_clip(clip, state, json.dumps(body), [], [], now=NOW)


@pytest.mark.usefixtures("wanted")
def test_a_wanted_clip_is_told_and_not_served(client: Client) -> None:
    (clip,) = client.get(LIST).json()["clips"]
    assert (clip["number"], clip["state"], clip["sha256"]) == (1, "wanted", None)
    answer = client.get(f"{LIST}/1.mp4")
    assert answer.status_code == 404
    assert "found one that is wanted" in answer.json()["detail"]


@pytest.mark.usefixtures("wanted")
def test_a_ready_clip_is_served_whole_and_in_parts(
    client: Client, service: ShownService, store: Store, tmp_path: Path
) -> None:
    service.clips = tmp_path
    service.clip(incident_id(1), 1).write_bytes(b"0123456789")
    finish(store, ClipState.READY, duration_s=10.0, gaps=[[1.0, 3.0]])
    (clip,) = client.get(LIST).json()["clips"]
    assert (clip["duration_s"], clip["gaps_s"]) == (10.0, [[1.0, 3.0]])
    whole = client.get(f"{LIST}/1.mp4")
    assert (whole.content, whole.headers["content-type"]) == (b"0123456789", "video/mp4")
    part = client.get(f"{LIST}/1.mp4", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")


@pytest.mark.usefixtures("wanted")
def test_a_ready_clip_whose_file_is_gone_is_told_as_such(client: Client, store: Store) -> None:
    finish(store, ClipState.READY)
    answer = client.get(f"{LIST}/1.mp4")
    assert answer.status_code == 410
    assert "its file deleted" in answer.json()["detail"]


@pytest.mark.usefixtures("wanted")
def test_the_tracks_of_a_ready_clip_are_served_as_they_were_written(
    client: Client, service: ShownService, store: Store, tmp_path: Path
) -> None:
    service.clips = tmp_path
    service.clip(incident_id(1), 1).write_bytes(b"0123456789")
    finish(store, ClipState.READY, tracks={"sha256": "a" * 64})
    assert client.get(LIST).json()["clips"][0]["tracks_sha256"] == "a" * 64
    assert "expected tracks" in client.get(f"{LIST}/1.tracks.json").json()["detail"]
    tracks_beside(service.clip(incident_id(1), 1)).write_bytes(b'{"version":1}')
    answer = client.get(f"{LIST}/1.tracks.json")
    assert (answer.content, answer.headers["content-type"]) == (
        b'{"version":1}',
        "application/json",
    )
    assert client.get(f"{LIST}/2.tracks.json").status_code == 404


@pytest.mark.usefixtures("wanted")
def test_incidents_tell_whether_there_is_video_of_them(client: Client, store: Store) -> None:
    for url in (LIST.removesuffix("/clips"), "/api/v1/incidents"):
        answer = client.get(url).json()
        (shown,) = answer.get("incidents", [answer])
        assert (shown["has_clip"], shown["clips"]["wanted"]) == (False, 1)
    finish(store, ClipState.READY, duration_s=10.0)
    for url in (LIST.removesuffix("/clips"), "/api/v1/incidents"):
        answer = client.get(url).json()
        (shown,) = answer.get("incidents", [answer])
        assert shown["has_clip"] is True
        assert shown["clips"] == {"wanted": 0, "ready": 1, "missing": 0, "deleted": 0}


@pytest.mark.usefixtures("wanted")
def test_a_missing_clip_says_why(client: Client, store: Store) -> None:
    finish(store, ClipState.MISSING, reason="the camera was gone")
    assert client.get(LIST).json()["clips"][0]["reason"] == "the camera was gone"


@pytest.mark.parametrize("path", ["", "/1.mp4", "/1.tracks.json"])
def test_clips_of_an_unknown_incident_are_not_found(client: Client, path: str) -> None:
    assert client.get(f"/api/v1/incidents/{uuid4()}/clips{path}").status_code == 404


@pytest.mark.parametrize("path", ["", "/1.mp4", "/1.tracks.json"])
def test_nobody_sees_a_clip_without_a_key(service: ShownService, path: str) -> None:
    settings = ApiSettings(keys=(ApiKeySettings(name="a", secret_env="KEY"),))
    locked = Client(create_app(service, settings, {"KEY": "k" * 40}))
    assert locked.get(LIST + path).status_code == 401
