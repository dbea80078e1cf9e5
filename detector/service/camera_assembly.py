"""Puts cameras together: settings, and what an earlier run left, become readers and analysis."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from uuid import uuid4

from detector.config import CameraSettings, LoadedConfig
from detector.config.plan import camera_plan, missing_classes, say_masks
from detector.events import VIEW_KINDS, ConfigStamp, Context, Incident, ModelStamp
from detector.evidence.trail import Trail
from detector.incidents.camera_watch import CameraWatch
from detector.incidents.watch_ledger import WatchLedger, silence_s
from detector.pipeline.analysis import AnalysedCamera
from detector.pipeline.camera import CameraPipeline
from detector.pipeline.camera_guard import CameraGuard
from detector.pipeline.evidence_worker import Footage
from detector.pipeline.health import Heartbeats
from detector.pipeline.mask_keeper import MaskKeeper, meter_of
from detector.pipeline.memory import CameraMemory
from detector.pipeline.reader import Reader
from detector.pipeline.reader_post import ReaderPost
from detector.pipeline.record_reader import RecordReader
from detector.pipeline.source_thread import ReaderPlan
from detector.pipeline.view_follower import ViewFollower
from detector.pipeline.watch_keeper import WatchKeeper
from detector.service.camera import Camera
from detector.stages import StageClock
from detector.store import Store
from detector.streams import (
    IdleSwitch,
    Latest,
    PacketRing,
    PrivacyMasks,
    has_packets,
    open_source,
)
from detector.streams.privacy import ClipMasks
from detector.types import CameraId, Frame
from detector.vision import DetectorInfo

log = logging.getLogger(__name__)

RING_BYTES = 64 << 20
"""Most memory for the packets of one camera."""
TRAIL_BYTES = 16 << 20
"""Most memory for the tracks of one camera's last seconds."""
MASKED_KEEP = 3
"""Clips with masks are encoded, which takes its time: packets are held so much longer."""


def by_subject(
    incidents: Sequence[Incident],
) -> tuple[tuple[Incident, ...], tuple[Incident, ...]]:
    """Part open incidents into those about a camera itself and those about what it saw."""
    of_view = tuple(i for i in incidents if VIEW_KINDS.intersection(i.rules))
    return of_view, tuple(i for i in incidents if i not in of_view)


class CameraAssembly:
    """Assembles the cameras of one run.

    Args:
        loaded: the checked configuration.
        info: the network that runs.
        store: knows what earlier runs left open.
        slots: the readers put their frames here.
        heartbeats: show that the readers run.
        stages: what each stage costs.
    """

    def __init__(
        self,
        loaded: LoadedConfig,
        info: DetectorInfo,
        store: Store,
        slots: Latest[CameraId, Frame],
        heartbeats: Heartbeats,
        stages: StageClock,
    ) -> None:
        self._loaded = loaded
        self._info = info
        self._store = store
        self._slots = slots
        self._heartbeats = heartbeats
        self._stages = stages

    def assemble(self, name: CameraId, settings: CameraSettings) -> Camera:
        """Put a camera together; nothing of it runs yet.

        Raises:
            StoreError: what earlier runs left of it cannot be read.
        """
        for missing in missing_classes(settings, self._info):
            model = self._info.model
            log.warning("camera %s: the model %s knows no %s", name, model, missing.label)
        say_masks(name, settings)
        masks, idling = PrivacyMasks(settings.mask_polygons), settings.detect.idling
        moving = MaskKeeper.of(masks, settings.integrity, settings.detect.fps, idling)
        footage = self._footage(name, settings, moving.trail if moving else masks)
        idle = IdleSwitch(name, idling, settings.ffmpeg.detect.stall_s) if idling else None
        opener = partial(open_source, stages=self._stages, idle=idle, masks=moving or masks)
        recorded = self._record_reader(name, settings, footage)
        ring = footage.ring if footage and not recorded else None
        plan = ReaderPlan(
            name, settings.ffmpeg.detect, settings.detect.fps, settings.reconnect, ring
        )
        reader = ReaderPost(Reader(plan, self._slots, self._heartbeats, opener=opener))
        context = self._context(name)
        of_view, of_people = by_subject(self._store.open_incidents(name))
        watch = CameraWatch(
            context, settings.integrity, of_view, settings.ffmpeg.detect.clock_alarm_s
        )
        guard = guard_of(settings, watch, reader, moving)
        analysed = AnalysedCamera(
            self._pipeline(settings, context, of_people, filmed=footage is not None),
            reader.monitor,
            guard,
            self._keeper(name, settings, guard),
            idle,
            footage.trail if footage else None,
        )
        return Camera(name, settings, reader, analysed, recorded, footage)

    def _context(self, name: CameraId) -> Context:
        return Context(
            site=self._loaded.config.site,
            camera=name,
            run_id=uuid4(),
            model=ModelStamp(name=self._info.model, sha256=self._info.sha256),
            config=ConfigStamp(sha256=self._loaded.sha256),
            live=True,
        )

    def _footage(
        self, name: CameraId, settings: CameraSettings, masks: ClipMasks
    ) -> Footage | None:
        """Make room for the packets of what is played; None where no clips are kept."""
        record = self._loaded.config.record_settings(name)
        source = settings.ffmpeg.record or settings.ffmpeg.detect
        if not record.enabled or not has_packets(source):
            return None
        keep_s = record.keep_s * (MASKED_KEEP if settings.privacy_masks else 1)
        return Footage(PacketRing(keep_s, RING_BYTES), Trail(keep_s, TRAIL_BYTES), masks)

    def _record_reader(
        self, name: CameraId, settings: CameraSettings, footage: Footage | None
    ) -> ReaderPost | None:
        """Give the reader of a main stream that is only kept; None where there is none."""
        main = settings.ffmpeg.record
        if footage is None or main is None or main is settings.ffmpeg.detect:
            return None
        plan = ReaderPlan(name, main, None, settings.reconnect, footage.ring)
        return ReaderPost(RecordReader(plan, self._heartbeats))

    def _pipeline(
        self,
        settings: CameraSettings,
        context: Context,
        resumed: Sequence[Incident],
        *,
        filmed: bool,
    ) -> CameraPipeline:
        name = context.camera
        record = self._loaded.config.record_settings(name) if filmed else None
        state = self._store.camera_state(name)
        return CameraPipeline(
            replace(camera_plan(settings, self._info), record=record),
            context,
            self._stages,
            resumed=resumed,
            memory=CameraMemory.model_validate_json(state) if state else None,
        )

    def _keeper(self, name: CameraId, settings: CameraSettings, guard: CameraGuard) -> WatchKeeper:
        silent_s, until = silence_s(settings.detect.fps), self._store.watched_until(name)
        return WatchKeeper(WatchLedger(name, silent_s, until), guard.standing, guard.drops)


def guard_of(
    settings: CameraSettings, watch: CameraWatch, reader: ReaderPost, moving: MaskKeeper | None
) -> CameraGuard:
    """Give the guard that watches the camera of ``reader``, and moves its masks along with it."""
    meter = meter_of(settings.integrity, settings.mask_polygons, moving)
    follower = ViewFollower(meter, settings.integrity.moved)
    return CameraGuard(meter, watch, reader.monitor.snapshot, follower, masks=moving)
