"""A running service as the HTTP interface sees it: a real store, cameras that stand still."""

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from starlette.types import ASGIApp

from detector.api.server import Server, address, bind
from detector.config.access import ApiSettings
from detector.evidence.clip_folder import ClipFolder
from detector.evidence.overlay import Picture
from detector.evidence.signing_key import SigningKey
from detector.evidence.snapshot import SnapshotFolder
from detector.incidents.coverage import WatchSpan, WatchState
from detector.pipeline.disk_watch import RetentionHealth
from detector.pipeline.dispatcher import SinkHealth
from detector.pipeline.health import CameraHealth, CameraState
from detector.pipeline.package_contents import EvidenceFolders
from detector.pipeline.packager import Packager
from detector.pipeline.view_follower import GeometryState
from detector.scene import PrivacyMaskSettings
from detector.stages import Stage, StageClock
from detector.store import Store
from detector.types import CameraId, ClockSource, Frame, ObjectClass, Tracks
from detector.vision.base import ClassScores, DetectorInfo

LIVE = CameraHealth(
    camera=CameraId("gate"),
    state=CameraState.LIVE,
    reason="",
    since=1_700_000_000.0,
    fps_in=12.5,
    fps_analysed=5.0,
    frames=40,
    drops=3,
    corrupt=1,
    connects=1,
    failures=0,
    latency_s=0.08,
    last_frame_at=1_700_000_100.0,
    clock=ClockSource.ARRIVAL,
    clock_offset_s=None,
    clock_drift_ppm=None,
    clock_jumps=0,
    width=64,
    height=48,
    codec="h264",
)


def make_picture(index: int = 0, decoded_at: float = 1_700_000_100.0) -> Picture:
    """A grey frame with one person in it."""
    frame = Frame(
        camera=CameraId("gate"),
        index=index,
        image=np.full((480, 640, 3), 90, np.uint8),
        pts=index / 5,
        captured_at=decoded_at,
        clock=ClockSource.ARRIVAL,
        decoded_at=decoded_at,
    )
    tracks = Tracks(
        at=frame.pts,
        xyxy=np.array([[100, 100, 160, 300]], np.float32),
        confidence=np.array([0.9], np.float32),
        class_id=np.array([ObjectClass.PERSON], np.int64),
        track_id=np.array([1], np.int64),
    )
    return Picture(frame=frame, tracks=tracks)


@dataclass
class ShownCamera:
    """A camera whose health and picture a test sets."""

    name: str = "gate"
    friendly_name: str = ""
    source: str = "rtsp://camera.example/stream"
    zones: Sequence[str] = ("strip",)
    barriers: Sequence[str] = ("fence",)
    privacy_masks: Mapping[str, PrivacyMaskSettings] = field(default_factory=dict)
    state: CameraHealth = LIVE
    recorded: CameraHealth | None = None
    shown: Picture | None = None
    span: WatchSpan | None = None
    lies: GeometryState = GeometryState.AS_DRAWN
    seconds: Mapping[tuple[WatchState, str], float] = field(default_factory=dict)

    def health(self) -> CameraHealth:
        return replace(self.state, camera=CameraId(self.name))

    def record_health(self) -> CameraHealth | None:
        return self.recorded

    def picture(self) -> Picture | None:
        return self.shown

    def watching(self) -> WatchSpan | None:
        return self.span

    def geometry(self) -> GeometryState:
        return self.lies

    def watched_s(self) -> Mapping[tuple[WatchState, str], float]:
        return self.seconds


@dataclass(frozen=True)
class ShownCheck:
    name: str
    ok: bool = True
    detail: str = ""


INFO = DetectorInfo(
    model="people",
    version="1",
    sha256="a" * 64,
    family="end2end",
    provider="cpu",
    precision="fp32",
    threads=2,
    input_size=(640, 640),
    max_batch=4,
    scores={ObjectClass.PERSON: ClassScores(0.1, 0.4), ObjectClass.LADDER: ClassScores(0.2, 0.5)},
    reason="the only provider that is installed",
)


@dataclass
class ShownService:
    """What a test says, around a real store."""

    store: Store
    site: str = "north"
    config_sha256: str = "b" * 64
    detector: DetectorInfo = INFO
    stages: StageClock = field(default_factory=StageClock)
    shown: list[ShownCamera] = field(default_factory=lambda: [ShownCamera()])
    checks: list[ShownCheck] = field(default_factory=lambda: [ShownCheck("store")])
    sinks: list[SinkHealth] = field(default_factory=list)
    retention: RetentionHealth = field(default_factory=RetentionHealth)
    uncommitted_records: int = 0
    snapshots: dict[UUID, bytes] = field(default_factory=dict)
    clean_snapshots: dict[UUID, bytes] = field(default_factory=dict)
    clips: Path = Path()

    def __post_init__(self) -> None:
        self.stages.add(Stage.INFERENCE, 1.5, calls=3)

    @property
    def packager(self) -> Packager:
        where = Path(self.store.where).parent
        folders = EvidenceFolders(
            ClipFolder(where / "clips"), SnapshotFolder(where / "snapshots"), where / "packages"
        )
        key = SigningKey(Ed25519PrivateKey.from_private_bytes(b"k" * 32))
        return Packager(self.store, folders, key, self.site)

    def cameras(self) -> Sequence[ShownCamera]:
        return self.shown

    def sink_health(self) -> Sequence[SinkHealth]:
        return self.sinks

    def readiness(self) -> Sequence[ShownCheck]:
        return self.checks

    def snapshot(self, event_id: UUID, *, clean: bool = False) -> bytes | None:
        return (self.clean_snapshots if clean else self.snapshots).get(event_id)

    def clip(self, incident_id: UUID, number: int) -> Path:
        return self.clips / f"{incident_id}-{number}.mp4"

    def config_schema(self) -> Mapping[str, Any]:
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"}


class Client:
    """Asks an application in this process, one request at a time, without a socket."""

    def __init__(self, app: ASGIApp, *, raising: bool = False, **headers: str) -> None:
        self._app = app
        self._raising = raising
        self._headers = headers

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=self._raising)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1:8000", headers=self._headers
            ) as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """Serve ``app`` on a free loopback port by a real server; gives its address."""
    listener = bind(ApiSettings(port=0))
    server = Server(app)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield address(listener)
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive(), "the server did not stop"
