"""The composition root: a checked configuration becomes the running service, and stops in order.

Start: store, network, cameras, deliveries, retention, evidence, analysis, readers. Stop: readers,
analysis, evidence, retention, deliveries, store. Incidents that are open stay open in the store:
the next run takes them up, or ends them with the outcome ``restart``; that way a planned stop and a
power cut leave the same behind. Only video is different: a planned stop writes what is in memory of
the clips that are still growing, once nothing more can be added to it.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import cv2

from detector.config import LoadedConfig, config_schema
from detector.config.packages import make_packager
from detector.config.plan import snapshot_folder
from detector.delivery import SinkRoute
from detector.evidence.clip_folder import ClipFolder
from detector.pipeline.analysis import Analysis
from detector.pipeline.disk_watch import RetentionHealth
from detector.pipeline.dispatcher import THREAD as DELIVERY
from detector.pipeline.dispatcher import Dispatcher, SinkHealth
from detector.pipeline.evidence_worker import Announcement, EvidenceWorker
from detector.pipeline.health import Heartbeats
from detector.pipeline.reader_post import ReaderPost
from detector.pipeline.recorder import Recorder
from detector.pipeline.relief import Relief
from detector.pipeline.retention_worker import RetentionWorker
from detector.service.camera import Camera
from detector.service.camera_assembly import CameraAssembly
from detector.service.readiness import ReadyCheck, store_check, thread_checks
from detector.sinks import make_sink
from detector.sinks.base import Sink
from detector.stages import StageClock
from detector.store import Store, open_store
from detector.streams import Latest
from detector.types import CameraId, Frame
from detector.vision import Detector, DetectorInfo
from detector.vision.onnx_detector import load_detector

log = logging.getLogger(__name__)

DELIVERY_BEAT_LIMIT_S = 60.0
JOIN_S = 5.0
"""How long a reader may take to end; one that is stuck in a library is left behind."""


class Service:
    """Everything that runs between start and stop; use it in a ``with`` block.

    Args:
        loaded: the checked configuration.
        detector: a network that is used instead of the configured one (tests).

    Raises:
        ModelError, StoreError, ConfigError: from entering the block; nothing runs then.
    """

    def __init__(self, loaded: LoadedConfig, detector: Detector | None = None) -> None:
        self._loaded = loaded
        self._config = loaded.config
        self._given_detector = detector
        self._heartbeats = Heartbeats()
        self._closing = ExitStack()
        self.stages = StageClock()

    def __enter__(self) -> Self:
        with self._closing as undo:
            self._start(undo)
            self._closing = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def _start(self, undo: ExitStack) -> None:
        config = self._config
        self._detector = self._given_detector or load_detector(config.model, self.stages)
        cv2.setNumThreads(1)  # its pool of threads costs more than it gains beside our own
        self.store: Store = undo.enter_context(open_store(config.store_settings()))
        self.packager = make_packager(config, self.store)
        log.info("evidence packages are sealed with the key %s", self.packager.public_key)
        sinks = [make_sink(name, settings) for name, settings in config.sinks.items()]
        routes = [sink.settings.route(sink.name) for sink in sinks]
        self._snapshots = snapshot_folder(config, config.data_dir)
        self._clips = ClipFolder(config.data_dir / "clips")
        self._slots: Latest[CameraId, Frame] = Latest()
        self._cameras = self._assembled()
        self._start_deliveries(undo, sinks)
        self._start_retention(undo)
        self._start_evidence(undo, routes)
        self._start_analysis(undo, routes)
        self._start_readers(undo)

    def _assembled(self) -> Mapping[CameraId, Camera]:
        assembly = CameraAssembly(
            self._loaded,
            self._detector.info,
            self.store,
            self._slots,
            self._heartbeats,
            self.stages,
        )
        return {
            CameraId(name): assembly.assemble(CameraId(name), settings)
            for name, settings in self._config.cameras.items()
            if settings.enabled
        }

    def _start_deliveries(self, undo: ExitStack, sinks: Sequence[Sink]) -> None:
        self._heartbeats.expect(DELIVERY, DELIVERY_BEAT_LIMIT_S)
        self._dispatcher = Dispatcher(
            self.store, sinks, beat=lambda: self._heartbeats.beat(DELIVERY)
        )
        undo.callback(self._dispatcher.stop)
        self._dispatcher.start()

    def _start_retention(self, undo: ExitStack) -> None:
        config = self._config
        self._retention = RetentionWorker(
            self.store, config.data_dir, config.retention, self._heartbeats
        )
        undo.callback(self._retention.stop)
        self._retention.start()

    def _start_evidence(self, undo: ExitStack, routes: Sequence[SinkRoute]) -> None:
        worker = EvidenceWorker(
            self.store,
            self._clips,
            {name: camera.footage for name, camera in self._cameras.items() if camera.footage},
            Announcement(self._config.site, routes),
            self._heartbeats,
            self._retention.refusal,
        )
        undo.callback(worker.stop)
        worker.start()

    def _start_analysis(self, undo: ExitStack, routes: Sequence[SinkRoute]) -> None:
        snapshots = self._snapshots if self._config.snapshots.enabled else None
        self._recorder = Recorder(self.store, routes, snapshots, self.stages)
        self._analysis = Analysis(
            self._detector,
            self._slots,
            {name: camera.analysed for name, camera in self._cameras.items()},
            self._recorder,
            self._heartbeats,
            batch=len(self._cameras),
        )
        undo.callback(self._analysis.stop)
        self._analysis.start()

    def _start_readers(self, undo: ExitStack) -> None:
        posts = [post for camera in self._cameras.values() for post in camera.posts]
        self._relief = Relief(posts, self._heartbeats)
        undo.callback(stop_readers, posts)
        for post in posts:
            post.start()
        undo.callback(self._relief.stop)
        self._relief.start()

    @property
    def site(self) -> str:
        """Name of the site in the configuration."""
        return self._config.site

    @property
    def config_sha256(self) -> str:
        """Of the configuration in force."""
        return self._loaded.sha256

    @property
    def detector(self) -> DetectorInfo:
        """What network runs, where and how."""
        return self._detector.info

    def cameras(self) -> Sequence[Camera]:
        """Give the cameras in the order of the configuration."""
        return tuple(self._cameras.values())

    def readiness(self) -> Sequence[ReadyCheck]:
        """Check everything that being ready needs; ready when all hold."""
        failure = self._analysis.failure
        unrecorded = filter(None, (camera.record_trouble for camera in self._cameras.values()))
        return (
            store_check(self.store, self._recorder),
            *thread_checks(self._heartbeats),
            ReadyCheck.of("analysis", f"{type(failure).__name__}: {failure}" if failure else ""),
            ReadyCheck.of("readers", self._relief.trouble),
            ReadyCheck.of("record", "; ".join(unrecorded)),
            ReadyCheck.of("disk", self._retention.health.trouble),
        )

    def snapshot(self, event_id: UUID, *, clean: bool = False) -> bytes | None:
        """Give the JPEG that was kept for an event; None when there is none (any more)."""
        return self._snapshots.load(event_id, clean=clean)

    def clip(self, incident_id: UUID, number: int) -> Path:
        """Say where a clip of an incident lies."""
        return self._clips.path(incident_id, number)

    def sink_health(self) -> Sequence[SinkHealth]:
        """Tell how the deliveries to each sink went so far, in the order of the configuration."""
        return self._dispatcher.health()

    @property
    def retention(self) -> RetentionHealth:
        """How the disk and the retention are doing."""
        return self._retention.health

    @property
    def uncommitted_records(self) -> int:
        """Records that wait in memory for the store; 0 while it can write."""
        return self._recorder.waiting

    def config_schema(self) -> Mapping[str, Any]:
        """Give the JSON Schema of the configuration file."""
        return config_schema()

    @property
    def frames_analysed(self) -> int:
        """Frames of all cameras since the start."""
        return self._analysis.frames_total


def stop_readers(posts: Sequence[ReaderPost]) -> None:
    """Ask all readers to end and wait for them, ``JOIN_S`` for all of them together."""
    for reader in posts:
        reader.stop()
    deadline_s = time.monotonic() + JOIN_S
    for reader in posts:
        if not reader.join(max(0.0, deadline_s - time.monotonic())):
            log.warning("%s: still busy in a library, left behind", reader.name)
