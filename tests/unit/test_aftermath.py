"""The check after the crash benchmark has to find what it looks for."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.faults.aftermath import aftermath
from benchmarks.faults.site import Site
from detector.delivery import SinkRoute
from detector.events import EventKind
from detector.evidence.clip_folder import ClipFolder, tracks_beside
from detector.incidents.clip_plan import ClipWish
from detector.pipeline.evidence_worker import THREAD, Announcement, EvidenceWorker, Footage
from detector.pipeline.health import Heartbeats
from detector.store import EventQuery, StoreSettings, open_store
from tests.happenings import GATE, START, incident_id, make_event, make_incident
from tests.unit.pipeline.test_evidence_worker import ring, trail

NOW = START + 100
READY, MISSING = incident_id(1), incident_id(2)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site at rest: one incident with its clip, one whose clip is missing, all of it told."""
    made = Site(tmp_path, {})
    with open_store(StoreSettings(path=made.data / "events.sqlite3")) as store:
        for number, at in ((1, NOW), (2, NOW + 500)):
            event = make_event(number, incident=number, rule=EventKind.ZONE_INTRUSION)
            incident = make_incident(number).model_copy(update={"gravest": event.data})
            wish = ClipWish(event.id, event.data.incident_id, GATE, at, at - 2, at + 2, 30)
            store.append([event], [incident], [SinkRoute("hook")], now=NOW, clips=[wish])
        heartbeats = Heartbeats()
        heartbeats.expect(THREAD, 60)
        footage = {GATE: Footage(ring(NOW - 5, 10), trail())}
        said = Announcement("site", [SinkRoute("hook")])
        folder = ClipFolder(made.data / "clips")
        EvidenceWorker(store, folder, footage, said, heartbeats).turn(NOW + 600)
        with made.receiver.record.open("w") as record:
            for stored in store.events(EventQuery()):
                record.write(json.dumps(request(stored.event())) + "\n")
    return made


def request(event: Any) -> dict[str, Any]:
    told = {"event_id": str(event.id), "status": 204, "verified": True}
    return told | {"incident": str(event.data.incident_id), "body": event.to_json()}


def clip(site: Site) -> Path:
    return ClipFolder(site.data / "clips").path(READY, 1)


def change(site: Site, statement: str) -> None:
    with sqlite3.connect(site.data / "events.sqlite3") as connection:
        connection.execute(statement)
    connection.close()


def told(site: Site, rewrite: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    lines = rewrite(site.receiver.requests())
    site.receiver.record.write_text("".join(json.dumps(line) + "\n" for line in lines))


def flip(path: Path) -> None:
    """Alter a byte of the moment the clip says it was taken: it still decodes."""
    data = path.read_bytes()
    path.write_bytes(data.replace(b"captured 20", b"captured 30"))


def test_a_site_where_all_is_there_or_announced_missing_is_clean(site: Site) -> None:
    found = aftermath(site, set())
    assert (found.clean, found.wrong) == (True, {})
    assert (found.incidents, found.clips_ready, found.clips_missing) == (2, 1, 1)
    assert (found.committed, found.requests) == (4, 4)


def other_body(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*lines, lines[0] | {"body": lines[0]["body"] + " "}]


DEFECTS: dict[str, tuple[Callable[[Site], object], str]] = {
    "an event was not taken": (lambda site: told(site, lambda lines: lines[1:]), "lost"),
    "an event is gone": (
        lambda site: change(site, "DELETE FROM events WHERE rule = 'evidence_ready'"), "vanished"),
    "an event came twice and different": (lambda site: told(site, other_body), "altered"),
    "a signature was wrong": (
        lambda site: told(site, lambda lines: [*lines, lines[0] | {"verified": False}]),
        "unverified"),
    "no clip was asked for": (
        lambda site: change(site, "DELETE FROM clips WHERE state = 'missing'"),
        "incidents_without_clip"),
    "a clip is not there": (lambda site: clip(site).unlink(), "clips_wrong"),
    "a clip was cut off": (lambda site: clip(site).write_bytes(b"half"), "clips_wrong"),
    "a clip is another than announced": (lambda site: flip(clip(site)), "clips_wrong"),
    "a clip is still to be made": (
        lambda site: change(site, "UPDATE clips SET state = 'wanted'"), "clips_wrong"),
    "tracks are others": (lambda site: tracks_beside(clip(site)).write_text(""), "tracks_wrong"),
    "tracks are gone": (lambda site: tracks_beside(clip(site)).unlink(), "tracks_wrong"),
    "a file belongs to nothing": (
        lambda site: clip(site).with_name(f"{MISSING}-1.mp4").write_bytes(b""), "strangers"),
    "a file was not finished": (
        lambda site: clip(site).with_suffix(".part").write_bytes(b""), "unfinished"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "name"), DEFECTS.values(), ids=DEFECTS)
def test_each_defect_is_found(site: Site, spoil: Callable[[Site], object], name: str) -> None:
    spoil(site)
    found = aftermath(site, set())
    assert not found.clean
    assert found.wrong[name] > 0


def test_an_event_that_was_seen_once_and_is_gone_is_found(site: Site) -> None:
    assert aftermath(site, {"seen before a kill"}).wrong == {"vanished": 1}


def test_a_picture_that_was_announced_and_is_not_there_is_found(site: Site) -> None:
    change(site, """UPDATE events SET body = replace(body, '"has_snapshot":false',
           '"has_snapshot":true') WHERE seq = 1""")  # fmt: skip
    assert aftermath(site, set()).pictures_wrong == 1
