"""The service under test, as a process of its own, with its API watched ten times a second."""

import base64
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import yaml

from detector.errors import EvidenceError
from detector.evidence.clip import verify_clip
from tests.receiver import Receiver
from tests.site_folder import camera, make_model

KEY = "HOOK_KEY"
LOOK_EVERY_S = 0.1
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Look:
    """What the API said of one camera at monotonic ``at_s``."""

    at_s: float
    state: str
    reason: str
    corrupt: int
    frames: int
    size: tuple[int, int]
    clock_offset_s: float | None


@dataclass(frozen=True)
class Clip:
    """A clip as the database has it.

    Attributes:
        incident: its id.
        number: of the clip within it.
        camera: whose video it is.
        state: "wanted", "ready" or "missing".
        known: what is known of the file; ``{"reason": ...}`` of a missing one.
    """

    incident: str
    number: int
    camera: str
    state: str
    known: dict[str, Any]

    @property
    def name(self) -> str:
        """Of its file, without the ending."""
        return f"{self.incident}-{self.number}"


@dataclass(frozen=True)
class Profile:
    """Timeouts of the cameras under test; ``None`` leaves the product's default.

    Attributes:
        name: in the results.
        stall_s: the input's limit of silence.
        reconnect: the keys of a camera's ``reconnect``.
        calm_s: how long a camera has to be well before the next fault.
        hold_s: how long a fault lasts at least.
        integrity: limits of the checks that hold for a drawn film; the others are off (``_VIEW``).
    """

    name: str
    stall_s: float | None
    reconnect: dict[str, float]
    calm_s: float
    hold_s: float
    integrity: dict[str, Any]


QUICK = Profile(
    "quick",
    stall_s=2.0,
    reconnect={"first_s": 0.3, "cap_s": 2.0, "healthy_s": 3.0},
    calm_s=4.0,
    hold_s=12.0,
    integrity={"restored_after_s": 1.0, "offline": {"after_s": 1.0}, "frozen": {"after_s": 2.0}},
)
DEFAULT = Profile("default", None, {}, calm_s=11.0, hold_s=20.0, integrity={})
PROFILES = {profile.name: profile for profile in (QUICK, DEFAULT)}


_VIEW = ("covered", "blurred", "dark", "moved")
"""Checks of a view; the film that the cameras play is a grey field without one."""


def live_camera(url: str, profile: Profile, transport: str = "tcp") -> dict[str, Any]:
    """Give the configuration of one camera under test."""
    integrity = {name: {"enabled": False} for name in _VIEW} | profile.integrity
    given = camera(url) | {"reconnect": profile.reconnect, "integrity": integrity}
    given["ffmpeg"]["inputs"][0]["transport"] = transport
    if profile.stall_s is not None:
        given["ffmpeg"]["inputs"][0]["stall_s"] = profile.stall_s
    return given


class Site:
    """``detector serve`` on a folder of its own, an incident system, and a watcher of the API."""

    def __init__(self, folder: Path, cameras: dict[str, Any], data: Path | None = None) -> None:
        self.folder = folder
        self.data = data or folder / "data"
        self.receiver = Receiver(
            folder / "received.jsonl", "whsec_" + base64.b64encode(os.urandom(24)).decode()
        )
        self.looks: dict[str, list[Look]] = {name: [] for name in cameras}
        self.process: subprocess.Popen[str] | None = None
        self._over = threading.Event()
        self._watching: threading.Thread | None = None
        make_model(folder / "model")
        self.configure(cameras)

    def configure(self, cameras: dict[str, Any]) -> None:
        """Write the configuration for the next start."""
        retry = {"delays_s": [0.1, 0.2, 0.5], "expires_after_s": 3600, "hasten_gap_s": 0.05}
        hook = {"kind": "webhook", "url": self.receiver.url, "secrets": [{"env": KEY}]}
        config = {
            "version": 1,
            "site": "faults",
            "data_dir": str(self.data),
            "model": {"path": "model", "provider": "cpu", "threads": 1},
            "api": {"port": 0},
            "retention": {"free_space_floor_gib": 0},  # some disks here are small
            "cameras": cameras,
            "sinks": {"hook": hook | {"retry": retry, "allow": ["127.0.0.1"]}},
        }
        (self.folder / "site.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def start(self) -> None:
        """Start the service, and at the first time the incident system; wait until it answers."""
        if self.receiver._process is None:  # noqa: SLF001  (it is killed on its own in the tests)
            self.receiver.start()
        log = (self.folder / "serve.log").open("a")
        with log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "detector", "serve", str(self.folder / "site.yaml")],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
                env=os.environ | {KEY: self.receiver.secret},
            )
        for line in self.process.stdout or ():
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                self._over.clear()
                self._watching = threading.Thread(target=self._watch, args=(found[0],), daemon=True)
                self._watching.start()
                return
        raise RuntimeError((self.folder / "serve.log").read_text(encoding="utf-8"))

    def _watch(self, url: str) -> None:
        with httpx.Client(base_url=url, timeout=30) as client:
            while not self._over.wait(LOOK_EVERY_S):
                try:
                    told = client.get("/api/v1/cameras").json()["cameras"]
                except httpx.TransportError:
                    continue  # it was killed, or it is being stopped
                for seen in told:
                    self.looks[seen["name"]].append(_look(seen))

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the service only; the incident system goes on."""
        self._over.set()
        if self._watching is not None:
            self._watching.join()
        if self.process is not None:
            self.process.send_signal(how)
            self.process.communicate(timeout=60)
            self.process = None

    def close(self) -> None:
        """End everything."""
        self.end()
        self.receiver.kill()

    def committed(self) -> dict[str, str]:
        """Give every event in the database: id to camera."""
        rows = self.read("SELECT id, camera FROM events")
        return {str(UUID(str(event_id))): str(name) for event_id, name in rows}

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database, which the service may be writing to."""
        path = self.data / "events.sqlite3"
        if not path.exists():
            return []
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def settle(self, patience_s: float = 60.0) -> tuple[Counter[str], Counter[str]]:
        """Wait for the clips and the deliveries; give committed and lost events by camera."""
        deadline_s = time.monotonic() + patience_s
        while True:
            taken = {e["event_id"] for e in self.receiver.requests() if e["status"] < 300}
            committed, wanted = self.committed(), any(c.state == "wanted" for c in self.clips())
            lost = {i: name for i, name in committed.items() if i not in taken}
            if not (lost or wanted) or time.monotonic() > deadline_s:
                return Counter(committed.values()), Counter(lost.values())
            time.sleep(0.5)

    def clips(self) -> list[Clip]:
        """Give every clip in the database."""
        rows = self.read("SELECT incident_id, number, camera, state, body FROM clips")
        return [Clip(str(UUID(str(row[0]))), *row[1:4], json.loads(row[4])) for row in rows]

    def clip_path(self, clip: Clip) -> Path:
        """Say where the file of a clip lies, whether it is there or not."""
        return self.data / "clips" / clip.name[:2] / f"{clip.name}.mp4"

    def clips_by_fate(self) -> Counter[tuple[str, str]]:
        """Count clips by (camera, "ready", "missing" or "lost").

        Lost is a clip that neither can be decoded to its end and is the file that was announced,
        nor was announced missing; call it when all is settled.
        """
        events = [e for e in self.receiver.requests() if e["status"] < 300]
        said = {_clip_said(json.loads(entry["body"])["data"]) for entry in events}
        return Counter((clip.camera, self._fate(clip, said)) for clip in self.clips())

    def _fate(self, clip: Clip, said: set[tuple[str, str]]) -> str:
        if clip.state == "missing" and (clip.name, "evidence_missing") in said:
            return "missing"
        if clip.state != "ready" or (clip.name, "evidence_ready") not in said:
            return "lost"
        try:
            found = verify_clip(self.clip_path(clip))
        except EvidenceError:
            return "lost"
        return "ready" if found.sha256 == clip.known["sha256"] else "lost"


def _look(seen: dict[str, Any]) -> Look:
    return Look(
        at_s=time.monotonic(),
        state=seen["state"],
        reason=seen["reason"],
        corrupt=seen["corrupt"],
        frames=seen["frames"],
        size=(seen["width"], seen["height"]),
        clock_offset_s=seen["clock_offset_s"],
    )


def _clip_said(data: dict[str, Any]) -> tuple[str, str]:
    """Give the name of the clip an event is about, "" for none, and the kind of the event."""
    found = [r["value"] for r in data["reasons"] if r["predicate"] == "clip_number"]
    return (f"{data['incident_id']}-{int(found[0])}" if found else "", data["rule"])
