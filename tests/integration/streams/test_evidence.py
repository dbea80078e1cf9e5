"""From an event on a live camera to its clip, through the whole service."""

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.faults.camera import RtspCamera
from detector.api.app import create_app
from detector.config import load_config
from detector.config.access import ApiSettings
from detector.events import Event, EventKind
from detector.evidence.clip import verify_clip
from detector.pipeline import evidence_worker
from detector.service import Service
from detector.store import ClipRecord, ClipState, EventQuery, open_store
from detector.types import Detections
from detector.vision import DetectorInfo
from detector.vision.scripted import ScriptedDetector
from tests.shown_service import Client
from tests.site_folder import camera, make_config, write

Start = Callable[..., RtspCamera]
RECORD = {"pre_capture_s": 2, "post_capture_s": 2}


class Watcher(ScriptedDetector):
    """Sees nobody for three seconds, then a person in the zone for one and a half."""

    @property
    def info(self) -> DetectorInfo:
        return dataclasses.replace(super().info, sha256="c" * 64)


def watcher() -> Watcher:
    box = np.array([[31, 12, 45, 34]], np.float32)
    person = Detections(box, np.array([0.9], np.float32), np.zeros(1, np.int64))
    return Watcher([Detections.empty()] * 15 + [person] * 8)


def nobody() -> Watcher:
    return Watcher([])


def site(folder: Path, inputs: Sequence[dict[str, Any]], record: dict[str, Any]) -> Path:
    given = camera() | {"ffmpeg": {"inputs": list(inputs)}}
    return write(folder, make_config(folder, cameras={"north": given}, record=record))


def file_of(clip: ClipRecord) -> str:
    return f"{clip.incident_id}-{clip.number}.mp4"


def events(service: Service, *kinds: EventKind) -> list[Event]:
    return [stored.event() for stored in service.store.events(EventQuery(rules=kinds))]


def first(service: Service, *kinds: EventKind) -> Event:
    deadline_s = time.monotonic() + 60.0
    while not (found := events(service, *kinds)):
        assert time.monotonic() < deadline_s, events(service)
        time.sleep(0.05)
    return found[0]


@pytest.fixture(params=["one stream", "two streams"])
def inputs(request: pytest.FixtureRequest, rtsp_camera: Start) -> list[dict[str, Any]]:
    sub = {"path": rtsp_camera().url()}
    main = {"path": sub["path"], "roles": ["record"]}
    return [sub] if request.param == "one stream" else [sub, main]


def test_an_event_is_followed_by_its_verified_clip(
    inputs: list[dict[str, Any]], tmp_path: Path
) -> None:
    with Service(load_config(site(tmp_path, inputs, RECORD)), watcher()) as service:
        alarm = first(service, EventKind.ZONE_INTRUSION)
        ready = first(service, EventKind.EVIDENCE_READY, EventKind.EVIDENCE_MISSING)

        incident = alarm.data.incident_id
        (clip,) = service.store.clips(incident)
        file = verify_clip(service.clip(incident, 1))
        client = Client(create_app(service, ApiSettings()))
        (told,) = client.get(f"/api/v1/incidents/{incident}/clips").json()["clips"]
        part = client.get(
            f"/api/v1/incidents/{incident}/clips/1.mp4", headers={"Range": "bytes=4-7"}
        )

    assert (ready.data.rule, ready.data.has_clip) == (EventKind.EVIDENCE_READY, True)
    assert (ready.data.incident_id, clip.state) == (incident, ClipState.READY)
    assert alarm.time is not None
    happened_at = alarm.time.timestamp()
    assert file.first_captured_at <= happened_at - 1.8
    assert file.last_captured_at >= happened_at + 1.8
    assert file.gaps == ()
    assert (told["sha256"], told["bytes"]) == (file.sha256, file.bytes)
    assert (part.status_code, part.content) == (206, b"ftyp")


def test_a_planned_stop_writes_what_is_held_of_a_clip(rtsp_camera: Start, tmp_path: Path) -> None:
    path = site(tmp_path, [{"path": rtsp_camera().url()}], RECORD | {"post_capture_s": 20})
    with Service(load_config(path), watcher()) as service:
        alarm = first(service, EventKind.ZONE_INTRUSION)
        time.sleep(1.0)
    with open_store(load_config(path).config.store_settings()) as store:
        (clip,) = store.clips(alarm.data.incident_id)
        (ready,) = (e.event() for e in store.events(EventQuery(rules=[EventKind.EVIDENCE_READY])))
    file = verify_clip(tmp_path / "data" / "clips" / f"{clip.incident_id}"[:2] / file_of(clip))

    assert (clip.state, ready.data.has_clip) == (ClipState.READY, True)
    assert clip.end_at <= time.time(), "the 20 s after the event were not there"
    assert json.loads(clip.body)["sha256"] == file.sha256
    assert alarm.time is not None
    assert file.first_captured_at < alarm.time.timestamp() < file.last_captured_at - 0.5


def test_a_clip_that_a_stop_has_no_time_for_is_told_as_missing_by_the_next_run(
    rtsp_camera: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence_worker, "LAST_TURN_S", 0.0)
    path = site(tmp_path, [{"path": rtsp_camera().url()}], RECORD | {"post_capture_s": 5})
    left = tmp_path / "data" / "clips" / "00" / "left.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a clip")
    with Service(load_config(path), watcher()) as service:
        alarm = first(service, EventKind.ZONE_INTRUSION)
    time.sleep(2.5)  # the events that the first run still committed are over
    with Service(load_config(path), nobody()) as service:
        missing = first(service, EventKind.EVIDENCE_READY, EventKind.EVIDENCE_MISSING)
        (clip,) = service.store.clips(alarm.data.incident_id)

    assert (missing.data.rule, missing.data.has_clip) == (EventKind.EVIDENCE_MISSING, False)
    assert clip.state is ClipState.MISSING
    assert "restarted" in str(missing.data.reasons)
    assert not left.exists()


def test_nothing_is_wanted_where_clips_are_switched_off(rtsp_camera: Start, tmp_path: Path) -> None:
    path = site(tmp_path, [{"path": rtsp_camera().url()}], {"enabled": False})
    with Service(load_config(path), watcher()) as service:
        alarm = first(service, EventKind.ZONE_INTRUSION)
        assert service.store.clips(alarm.data.incident_id) == ()
