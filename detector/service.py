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
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid4

import cv2

from detector.config import CameraSettings, LoadedConfig, config_schema
from detector.config.packages import make_packager
from detector.config.plan import camera_plan, missing_classes, say_masks, snapshot_folder
from detector.delivery import SinkRoute
from detector.errors import StoreError
from detector.events import VIEW_KINDS, ConfigStamp, Context, Incident, ModelStamp
from detector.evidence.clip_folder import ClipFolder
from detector.evidence.overlay import Picture
from detector.evidence.trail import Trail
from detector.incidents.camera_watch import CameraWatch
from detector.incidents.coverage import WatchSpan, WatchState
from detector.incidents.watch_ledger import WatchLedger, silence_s
from detector.pipeline.analysis import AnalysedCamera, Analysis
from detector.pipeline.camera import CameraPipeline
from detector.pipeline.camera_guard import CameraGuard
from detector.pipeline.disk_watch import RetentionHealth
from detector.pipeline.dispatcher import THREAD as DELIVERY
from detector.pipeline.dispatcher import Dispatcher, SinkHealth
from detector.pipeline.evidence_worker import Announcement, EvidenceWorker, Footage
from detector.pipeline.health import CameraHealth, Heartbeats
from detector.pipeline.mask_keeper import MaskKeeper, meter_of
from detector.pipeline.memory import CameraMemory
from detector.pipeline.reader import Reader
from detector.pipeline.reader_post import ReaderPost
from detector.pipeline.record_reader import RecordReader
from detector.pipeline.record_watch import record_trouble
from detector.pipeline.recorder import Recorder
from detector.pipeline.relief import Relief
from detector.pipeline.retention_worker import RetentionWorker
from detector.pipeline.source_thread import ReaderPlan
from detector.pipeline.view_follower import GeometryState, ViewFollower
from detector.pipeline.watch_keeper import WatchKeeper
from detector.scene import PrivacyMaskSettings
from detector.sinks import make_sink
from detector.stages import StageClock
from detector.store import Store, open_store
from detector.streams import (
    IdleSwitch,
    Latest,
    PacketRing,
    PrivacyMasks,
    has_packets,
    open_source,
    redact,
)
from detector.streams.privacy import ClipMasks
from detector.types import CameraId, Frame
from detector.vision import Detector, DetectorInfo
from detector.vision.onnx_detector import load_detector

log = logging.getLogger(__name__)

DELIVERY_BEAT_LIMIT_S = 60.0
RING_BYTES = 64 << 20
"""Most memory for the packets of one camera."""
TRAIL_BYTES = 16 << 20
"""Most memory for the tracks of one camera's last seconds."""
MASKED_KEEP = 3
"""Clips with masks are encoded, which takes its time: packets are held so much longer."""
JOIN_S = 5.0
"""How long a reader may take to end; one that is stuck in a library is left behind."""


def by_subject(
    incidents: Sequence[Incident],
) -> tuple[tuple[Incident, ...], tuple[Incident, ...]]:
    """Part open incidents into those about a camera itself and those about what it saw."""
    of_view = tuple(i for i in incidents if VIEW_KINDS.intersection(i.rules))
    return of_view, tuple(i for i in incidents if i not in of_view)


@dataclass(frozen=True, slots=True)
class ReadyCheck:
    """One condition for being ready."""

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Camera:
    """One running camera, as others may see it."""

    name: str
    settings: CameraSettings
    reader: ReaderPost
    analysed: AnalysedCamera
    recorded: ReaderPost | None = None

    @property
    def friendly_name(self) -> str:
        """Name for people; "" where none was given."""
        return self.settings.friendly_name

    @property
    def source(self) -> str:
        """Its address without any password."""
        return redact(self.settings.ffmpeg.detect.path)

    @property
    def zones(self) -> Sequence[str]:
        """Names of its zones."""
        return tuple(self.settings.zones)

    @property
    def barriers(self) -> Sequence[str]:
        """Names of its barriers."""
        return tuple(self.settings.barriers)

    @property
    def privacy_masks(self) -> Mapping[str, PrivacyMaskSettings]:
        """What nobody may see, by name."""
        return self.settings.privacy_masks

    def health(self) -> CameraHealth:
        """Give a consistent snapshot of how it is doing."""
        return self.reader.monitor.snapshot()

    def record_health(self) -> CameraHealth | None:
        """Tell how its main stream is doing; None where no stream is only recorded."""
        return self.recorded.monitor.snapshot() if self.recorded else None

    @property
    def record_trouble(self) -> str:
        """Why its clips will be missing while it is watched; "" while they will not."""
        after_s = self.settings.integrity.offline.after_s
        return record_trouble(self.health(), self.record_health(), after_s)

    def picture(self) -> Picture | None:
        """Give the newest analysed frame with what was found in it; None before the first."""
        return self.analysed.picture

    def watching(self) -> WatchSpan | None:
        """Give the span of its ledger that goes on; None before the first look."""
        return self.analysed.keeper.ledger.current

    def geometry(self) -> GeometryState:
        """Say where its zones and barriers are."""
        return self.analysed.guard.geometry.state

    def watched_s(self) -> Mapping[tuple[WatchState, str], float]:
        """Give its final seconds since the start by state and reason."""
        return self.analysed.keeper.ledger.totals


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
        self._snapshots = snapshot_folder(config, config.data_dir)
        self._clips = ClipFolder(config.data_dir / "clips")
        self._footage: dict[str, Footage] = {}
        self._slots: Latest[CameraId, Frame] = Latest()
        self._cameras = {
            CameraId(name): self._camera(CameraId(name), settings)
            for name, settings in config.cameras.items()
            if settings.enabled
        }
        cameras = self._cameras.values()
        posts = [post for c in cameras for post in (c.reader, c.recorded) if post]
        self._posts, self._relief = posts, Relief(posts, self._heartbeats)
        self._heartbeats.expect(DELIVERY, DELIVERY_BEAT_LIMIT_S)
        self._dispatcher = Dispatcher(
            self.store, sinks, beat=lambda: self._heartbeats.beat(DELIVERY)
        )
        undo.callback(self._dispatcher.stop)
        self._dispatcher.start()
        routes = [sink.settings.route(sink.name) for sink in sinks]
        self._retention = RetentionWorker(
            self.store, config.data_dir, config.retention, self._heartbeats
        )
        undo.callback(self._retention.stop)
        self._retention.start()
        self._start_evidence(undo, routes)
        self._recorder = Recorder(
            self.store,
            routes,
            self._snapshots if config.snapshots.enabled else None,
            self.stages,
        )
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
        undo.callback(self._stop_readers)
        for post in self._posts:
            post.start()
        undo.callback(self._relief.stop)
        self._relief.start()

    def _start_evidence(self, undo: ExitStack, routes: Sequence[SinkRoute]) -> None:
        announcement = Announcement(self._config.site, routes)
        worker = EvidenceWorker(
            self.store,
            self._clips,
            self._footage,
            announcement,
            self._heartbeats,
            self._retention.refusal,
        )
        undo.callback(worker.stop)
        worker.start()

    def _camera(self, name: CameraId, settings: CameraSettings) -> Camera:
        info = self._detector.info
        for missing in missing_classes(settings, info):
            log.warning("camera %s: the model %s knows no %s", name, info.model, missing.label)
        context = Context(
            site=self._config.site,
            camera=name,
            run_id=uuid4(),
            model=ModelStamp(name=info.model, sha256=info.sha256),
            config=ConfigStamp(sha256=self._loaded.sha256),
            live=True,
        )
        masks = PrivacyMasks(settings.mask_polygons)
        detect = settings.detect
        moving = MaskKeeper.of(masks, settings.integrity, detect.fps, detect.idling)
        ring = self._ring(name, settings, moving.trail if moving else masks)
        record = self._config.record_settings(name) if ring else None
        state = self.store.camera_state(name)
        of_view, of_people = by_subject(self.store.open_incidents(name))
        plan = camera_plan(settings, info)
        pipeline = CameraPipeline(
            replace(plan, record=record),
            context,
            self.stages,
            resumed=of_people,
            memory=CameraMemory.model_validate_json(state) if state else None,
        )
        source, main = settings.ffmpeg.detect, settings.ffmpeg.record
        beside = main is not None and main is not source
        reader_plan = ReaderPlan(name, source, settings.detect.fps, settings.reconnect)
        recorded = None
        if ring and main and beside:
            of_main = ReaderPlan(name, main, None, settings.reconnect, ring)
            recorded = ReaderPost(RecordReader(of_main, self._heartbeats))
        else:
            reader_plan = replace(reader_plan, ring=ring)
        idling = settings.detect.idling
        say_masks(name, settings)
        idle = IdleSwitch(name, idling, source.stall_s) if idling else None
        opener = partial(open_source, stages=self.stages, idle=idle, masks=moving or masks)
        reader = ReaderPost(Reader(reader_plan, self._slots, self._heartbeats, opener=opener))
        meter = meter_of(plan.integrity, settings.mask_polygons, moving)
        guard = CameraGuard(
            meter,
            CameraWatch(context, plan.integrity, of_view, source.clock_alarm_s),
            reader.monitor.snapshot,
            ViewFollower(meter, plan.integrity.moved),
            masks=moving,
        )
        ledger = WatchLedger(name, silence_s(settings.detect.fps), self.store.watched_until(name))
        keeper = WatchKeeper(ledger, guard.standing)
        trail = self._footage[name].trail if name in self._footage else None
        analysed = AnalysedCamera(pipeline, reader.monitor, guard, keeper, idle, trail)
        return Camera(name, settings, reader, analysed, recorded)

    def _ring(
        self, name: CameraId, settings: CameraSettings, masks: ClipMasks
    ) -> PacketRing | None:
        """Make room for the packets of what is played; None where no clips are kept."""
        record = self._config.record_settings(name)
        source = settings.ffmpeg.record or settings.ffmpeg.detect
        if not record.enabled or not has_packets(source):
            return None
        keep_s = record.keep_s * (MASKED_KEEP if settings.privacy_masks else 1)
        ring = PacketRing(keep_s, RING_BYTES)
        self._footage[name] = Footage(ring, Trail(keep_s, TRAIL_BYTES), masks)
        return ring

    def _stop_readers(self) -> None:
        for reader in self._posts:
            reader.stop()
        deadline_s = time.monotonic() + JOIN_S
        for reader in self._posts:
            if not reader.join(max(0.0, deadline_s - time.monotonic())):
                log.warning("%s: still busy in a library, left behind", reader.name)

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
        checks = [self._store_check()]
        late = self._heartbeats.late()
        checks += [
            ReadyCheck(f"thread {name}", ok=False, detail=f"no sign of life for {age_s:.0f} s")
            for name, age_s in late.items()
        ]
        if not late:
            checks.append(ReadyCheck("threads", ok=True))
        failure = self._analysis.failure
        detail = f"{type(failure).__name__}: {failure}" if failure else ""
        checks.append(ReadyCheck("analysis", ok=failure is None, detail=detail))
        unrelieved = self._relief.trouble
        checks.append(ReadyCheck("readers", ok=not unrelieved, detail=unrelieved))
        unrecorded = "; ".join(filter(None, (c.record_trouble for c in self._cameras.values())))
        checks.append(ReadyCheck("record", ok=not unrecorded, detail=unrecorded))
        trouble = self._retention.health.trouble
        checks.append(ReadyCheck("disk", ok=not trouble, detail=trouble))
        return checks

    def _store_check(self) -> ReadyCheck:
        if self._recorder.fault:
            waiting = f"{self._recorder.waiting} records wait: {self._recorder.fault}"
            return ReadyCheck("store", ok=False, detail=waiting)
        try:
            self.store.probe()
        except StoreError as error:
            return ReadyCheck("store", ok=False, detail=str(error))
        return ReadyCheck("store", ok=True)

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
