import math
from uuid import UUID

import pytest

from detector.api.app import create_app
from detector.config.access import ApiSettings
from detector.evidence.disk import DiskSpace
from detector.pipeline.disk_watch import RetentionHealth
from detector.store import ClipState, Store
from tests.happenings import START, ended, incident_id, make_event
from tests.kept_evidence import NOW, Kept
from tests.shown_service import Client, ShownService

INCIDENT = f"/api/v1/incidents/{incident_id(1)}"


def samples(client: Client) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_the_disk_and_the_retention_have_metrics(store: Store) -> None:
    health = RetentionHealth(
        space=DiskSpace(1000, 400),
        headroom_s=7000.0,
        refusal="full",
        bytes_kept={"clips": 300},
        oldest_at={"clips": START},
        deleted={("clips", "age"): 2},
        unknown=1,
    )
    seen = samples(Client(create_app(ShownService(store, retention=health), ApiSettings())))
    assert seen["perimeter_disk_free_bytes"] == 400
    assert seen["perimeter_disk_headroom_seconds"] == 7000
    assert seen["perimeter_clips_refused"] == 1
    assert seen['perimeter_evidence_bytes{class="clips"}'] == 300
    assert seen['perimeter_retention_oldest_age_seconds{class="clips"}'] > 0
    assert seen['perimeter_retention_deleted_total{class="clips",reason="age"}'] == 2
    assert seen["perimeter_evidence_unknown"] == 1


def test_headroom_without_writes_is_infinite_and_unknown_before_the_first_turn(
    store: Store,
) -> None:
    quiet = RetentionHealth(space=DiskSpace(1000, 400))
    seen = samples(Client(create_app(ShownService(store, retention=quiet), ApiSettings())))
    assert seen["perimeter_disk_headroom_seconds"] == math.inf
    seen = samples(Client(create_app(ShownService(store), ApiSettings())))
    assert "perimeter_disk_headroom_seconds" not in seen


def test_a_clip_that_retention_took_is_gone_and_its_row_says_deleted(
    client: Client, store: Store, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = Kept(store, tmp_path_factory.mktemp("data"))
    kept.happen(1, 100)
    kept.worker().turn(NOW)
    (clip,) = client.get(f"{INCIDENT}/clips").json()["clips"]
    assert (clip["state"], clip["reason"]) == (ClipState.DELETED, "deleted: retention: age")
    answer = client.get(f"{INCIDENT}/clips/1.mp4")
    assert answer.status_code == 410
    assert "found it deleted by retention" in answer.json()["detail"]


def pictured(store: Store) -> UUID:
    (event,) = store.append([make_event().with_snapshot()], [ended()], [], now=START)
    return event.id


def test_a_snapshot_that_was_there_is_gone_and_one_that_never_was_is_not_found(
    client: Client, store: Store, service: ShownService
) -> None:
    event_id = pictured(store)
    paths = [f"/api/v1/events/{event_id}/snapshot.jpg", f"{INCIDENT}/snapshot.jpg"]
    assert [client.get(path).status_code for path in paths] == [410, 410]
    service.snapshots[event_id] = b"jpeg"
    assert [client.get(path).status_code for path in paths] == [200, 200]
    store.append([make_event(2, incident=2)], [ended(2)], [], now=START)
    paths = [
        f"/api/v1/events/{make_event(2).id}/snapshot.jpg",
        f"/api/v1/incidents/{incident_id(2)}/snapshot.jpg",
    ]
    assert [client.get(path).status_code for path in paths] == [404, 404]
