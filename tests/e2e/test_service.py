"""The whole service as its users run it: a process, its API, and an incident system upstream."""

import base64
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from detector.store import StoreSettings, open_store
from tests.kept_evidence import Kept
from tests.receiver import Receiver
from tests.site_folder import camera, make_config, make_recording, write

KEY = "HOOK_KEY"
SECRET = "whsec_" + base64.b64encode(os.urandom(24)).decode()


class Running:
    """A service process that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self.client = httpx.Client()

    def start(self) -> None:
        """Start it and wait for its address."""
        with (self._folder / "serve.log").open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "detector", "serve", str(self._folder / "site.yaml")],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=os.environ | {KEY: SECRET},
            )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                self.client.close()
                self.client = httpx.Client(base_url=found[0], timeout=10)
                return
        raise RuntimeError((self._folder / "serve.log").read_text())

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it and wait."""
        self.client.close()
        if self._process is not None:
            self._process.send_signal(how)
            self._process.communicate(timeout=60)
            self._process = None

    def get(self, path: str, **params: Any) -> Any:
        """Ask the API."""
        return self.client.get(f"/api/v1/{path}", params=params).raise_for_status().json()


def until(condition: Callable[[], object], patience_s: float = 60) -> None:
    deadline_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come true in time"
        time.sleep(0.05)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(tmp_path / "received.jsonl", SECRET)
    made.start()
    yield made
    made.kill()


def hook(receiver: Receiver) -> dict[str, Any]:
    retry = {"delays_s": [0.1, 0.2, 0.5], "expires_after_s": 600, "hasten_gap_s": 0.05}
    return {
        "kind": "webhook",
        "url": receiver.url,
        "secrets": [{"env": KEY}],
        "retry": retry,
        "allow": ["127.0.0.1"],
    }


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path)
    yield made
    made.kill()


def looped(folder: Path, name: str, shown: tuple[float, float] = (0.4, 2.0)) -> dict[str, Any]:
    make_recording(folder / f"{name}.mp4", seconds=4, shown=shown)
    given = camera(f"{name}.mp4")
    given["ffmpeg"]["inputs"][0]["loop"] = True
    return given


def test_an_event_goes_from_the_picture_to_the_incident_system(
    tmp_path: Path, running: Running, receiver: Receiver
) -> None:
    cameras = {"north": looped(tmp_path, "north"), "dead": camera("gone.mp4")}
    write(tmp_path, make_config(tmp_path, cameras=cameras, sinks={"hook": hook(receiver)}))
    running.start()
    until(lambda: len(receiver.taken()) >= 3)

    first = receiver.requests()[0]
    assert first["verified"]
    event = json.loads(first["body"])
    assert event["data"]["rule"] == "zone_intrusion"
    assert event["data"]["camera"] == "north"
    assert event["data"]["latency"]["committed_s"] > 0
    stored = running.get("events", after_seq=0, limit=100)["events"]
    assert stored[0] == event, "what is served is what was sent, byte for byte in meaning"

    picture = running.client.get(f"/api/v1/events/{event['id']}/snapshot.jpg")
    assert picture.status_code == 200
    assert picture.content.startswith(b"\xff\xd8")
    assert event["data"]["has_snapshot"]
    latest = running.client.get("/api/v1/cameras/north/latest.jpg")
    assert latest.content.startswith(b"\xff\xd8")

    states = {c["name"]: c["state"] for c in running.get("cameras")["cameras"]}
    assert states["north"] == "live"
    assert states["dead"] == "not_found", "a camera that is not there is said, others go on"
    assert running.client.get("/health/ready").json()["ready"]
    (sink,) = running.get("sinks")["sinks"]
    assert (sink["name"], sink["configured"], sink["dead"]) == ("hook", True, 0)
    until(lambda: running.get("sinks")["sinks"][0]["delivered"] >= 3)
    assert "perimeter_events_total" in running.client.get("/metrics").text
    assert "<html" in running.client.get("/").text


def test_no_event_is_lost_when_the_service_is_killed_again_and_again(
    tmp_path: Path, running: Running, receiver: Receiver
) -> None:
    cameras = {f"c{n}": looped(tmp_path, f"c{n}", (0.2 * n, 1.6 + 0.2 * n)) for n in range(4)}
    for settings in cameras.values():  # much faster than life: many events in a short test
        settings["ffmpeg"]["inputs"][0]["pace"] = "fast"
        settings["detect"]["fps"] = 5
    write(tmp_path, make_config(tmp_path, cameras=cameras, sinks={"hook": hook(receiver)}))
    database = tmp_path / "data" / "events.sqlite3"
    for _ in range(3):
        running.start()
        known = count(database)
        until(lambda known=known: count(database) >= known + 70)
        running.kill(signal.SIGKILL)
        assert count(database) >= known + 70
    cut = count(database)

    for settings in cameras.values():  # the last run only delivers
        settings["enabled"] = False
    cameras["quiet"] = looped(tmp_path, "quiet", (9.0, 9.0))
    write(tmp_path, make_config(tmp_path, cameras=cameras, sinks={"hook": hook(receiver)}))
    running.start()
    committed = set(range(1, cut + 1))
    until(lambda: committed <= set(receiver.taken()))

    requests = receiver.requests()
    ids = {entry["seq"]: entry["id"] for entry in requests}
    assert all(entry["verified"] for entry in requests)
    assert all(entry["id"] == ids[entry["seq"]] for entry in requests), "duplicates keep their id"
    assert len(set(ids.values())) == len(ids), "and no two events share one"


def ids(records: list[dict[str, Any]]) -> list[str]:
    return [record["incident"]["incident_id"] for record in records]


def count(database: Path) -> int:
    """Count the committed events, as another program would."""
    if not database.exists():
        return 0
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT count(*) FROM events").fetchone()[0])
    except sqlite3.OperationalError:  # not created yet
        return 0
    finally:
        connection.close()


def test_an_open_incident_survives_a_restart(tmp_path: Path, running: Running) -> None:
    stays = looped(tmp_path, "north", shown=(0.0, 9.0))  # somebody who never leaves
    write(tmp_path, make_config(tmp_path, cameras={"north": stays}))
    running.start()
    until(lambda: running.get("incidents")["incidents"])
    before = running.get("incidents")["incidents"]
    running.kill(signal.SIGKILL)
    running.start()
    until(lambda: running.get("events", after_seq=1)["events"])
    after = running.get("incidents")["incidents"]
    assert ids(after) == ids(before)


def test_events_are_followed_on_the_command_line(tmp_path: Path, running: Running) -> None:
    write(tmp_path, make_config(tmp_path, cameras={"north": looped(tmp_path, "north")}))
    running.start()
    until(lambda: running.get("events")["events"])
    told = subprocess.run(
        [sys.executable, "-m", "detector", "events", "--url", str(running.client.base_url)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(told.stdout.splitlines()[0])["data"]["camera"] == "north"


def test_a_running_service_deletes_what_is_over_and_keeps_what_is_held(
    tmp_path: Path, running: Running
) -> None:
    with open_store(StoreSettings(path=tmp_path / "data" / "events.sqlite3")) as store:
        kept = Kept(store, tmp_path / "data")
        old, held = kept.happen(1, 0), kept.happen(2, 0)  # years ago by today's clock
        kept.hold(held)
        names = kept.files_of(held)
    write(tmp_path, make_config(tmp_path, cameras={"north": looped(tmp_path, "north")}))
    running.start()
    until(lambda: running.client.get(f"/api/v1/incidents/{old}").status_code == 404)
    assert [hold["incident_id"] for hold in running.get("holds")["holds"]] == [str(held)]
    assert running.client.get(f"/api/v1/incidents/{held}/clips/1.mp4").status_code == 200
    files = {path.name for path in (tmp_path / "data" / "clips").rglob("*") if path.is_file()}
    assert files == {name for name in names if "jpg" not in name}
    ready = running.client.get("/health/ready").json()
    assert "disk" in {check["name"] for check in ready["checks"] if check["ok"]}
    headroom = "perimeter_disk_headroom_seconds"
    until(lambda: headroom in running.client.get("/metrics").text)


def test_the_ledger_tells_watching_from_a_stop_and_from_a_kill(
    tmp_path: Path, running: Running
) -> None:
    cameras = {"north": looped(tmp_path, "north"), "dead": camera("gone.mp4")}
    write(tmp_path, make_config(tmp_path, cameras=cameras))
    began = time.time()

    def covered(name: str) -> dict[str, float]:
        found = running.get(f"cameras/{name}/coverage", after=began, before=time.time())
        sums = [found[f"{s}_s"] for s in ("watched", "degraded", "blind", "unknown")]
        assert sum(sums) == pytest.approx(found["window_s"], abs=0.003)
        return {f"{r['state']} {r['reason']}": r["seconds"] for r in found["reasons"]}

    running.start()
    until(lambda: covered("north").get("watched ", 0) > 2)
    running.kill(signal.SIGTERM)
    stopped = time.time()
    time.sleep(2.0)
    running.start()
    until(lambda: "watched " in covered("north"))
    down_s = covered("north")["blind service_down"]
    assert 2.0 <= down_s <= time.time() - stopped + 2.0, "a planned stop ends what was watched"

    running.kill(signal.SIGKILL)  # at most the last ten seconds were not written yet
    killed = time.time()
    running.start()
    until(lambda: covered("north").get("blind service_down", 0) > down_s)
    more_s = covered("north")["blind service_down"] - down_s
    assert more_s <= time.time() - killed + 10.5
    assert "watched " not in covered("dead"), "a camera that never gave a picture never watched"
