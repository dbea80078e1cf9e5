"""The analysis thread: newest frames of all cameras, one batch through the network, events."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from detector.evidence.overlay import Picture
from detector.evidence.trail import Trail
from detector.pipeline.camera import CameraPipeline
from detector.pipeline.camera_guard import CameraGuard
from detector.pipeline.health import CameraMonitor, Heartbeats
from detector.pipeline.recorder import Recorder
from detector.pipeline.supervised_thread import SupervisedThread
from detector.pipeline.watch_keeper import WatchKeeper
from detector.streams import IdleSwitch, Latest
from detector.types import CameraId, Detections, Frame
from detector.vision import Detector
from detector.vision.view import View, detect_views

log = logging.getLogger(__name__)

THREAD = "analysis"
BEAT_LIMIT_S = 30.0
WAIT_S = 0.5


@dataclass(slots=True)
class AnalysedCamera:
    """One camera as the analysis thread owns it; others read ``picture`` and ``trail`` only."""

    pipeline: CameraPipeline
    monitor: CameraMonitor
    guard: CameraGuard
    keeper: WatchKeeper
    idle: IdleSwitch | None = None
    trail: Trail | None = None
    picture: Picture | None = field(default=None)

    def view(self, frame: Frame) -> View:
        """Say where in the frame the network has to look."""
        return self.pipeline.view(frame, every_tile=self.idle is not None and self.idle.idling)


class Analysis:
    """Runs the network and the rules of all cameras on one thread.

    Args:
        detector: the network; used by this thread only.
        slots: the readers put their frames here.
        cameras: by id.
        recorder: commits what is found.
        heartbeats: shows that the thread runs.
        batch: the most cameras whose frames go through the network at once.
    """

    def __init__(
        self,
        detector: Detector,
        slots: Latest[CameraId, Frame],
        cameras: Mapping[CameraId, AnalysedCamera],
        recorder: Recorder,
        heartbeats: Heartbeats,
        batch: int,
    ) -> None:
        self._detector = detector
        self._slots = slots
        self._cameras = cameras
        self._recorder = recorder
        self._batch = batch
        self._thread = SupervisedThread(THREAD, self._run, heartbeats)
        self.failure: BaseException | None = None
        self.frames_total = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start(BEAT_LIMIT_S)

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Finish the frames in hand and end; False if the thread did not end in time."""
        return self._thread.stop(timeout_s)

    def wait(self, timeout_s: float) -> bool:
        """Wait until all recordings are analysed; True when the thread ended."""
        return self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._thread.stopping:
            try:
                if self._turn():
                    break
            except Exception as error:  # the top of the thread: say it once, stay unready, go on
                if self.failure is None or str(error) != str(self.failure):
                    log.exception("analysis failed on a frame")
                self.failure = error
                self._thread.pause(WAIT_S)
        cameras = self._cameras.values()
        self._recorder.record_watch(span for c in cameras for span in c.keeper.close())
        self._recorder.flush()

    def _turn(self) -> bool:
        """Analyse what lies ready; True when nothing will ever come again."""
        self._thread.beat()
        if self._recorder.full and not self._recorder.flush():
            self._guard({})
            self._thread.pause(WAIT_S)
            return False
        taken = self._slots.take(WAIT_S, self._batch)
        self._guard({frame.camera: frame for frame in taken})
        # A damaged picture must not be judged as if it were whole; its camera counts it.
        whole = [self._cameras[frame.camera].guard for frame in taken if not frame.corrupt]
        frames = [guard.shown for guard in whole if guard.shown is not None]
        if not taken:
            self._recorder.flush()
            return self._slots.drained
        if frames:
            self._analyse(frames)
        self.failure = None
        return False

    def _guard(self, taken: Mapping[CameraId, Frame]) -> None:
        """Look after every camera, most of all after those that gave no picture."""
        for name, camera in self._cameras.items():
            outcome = camera.guard.look(taken.get(name))
            if outcome.events and camera.idle:
                camera.idle.attend()
            self._recorder.record_outcome(outcome)
            shift = camera.guard.geometry.shift
            camera.pipeline.follow(None if shift is None else shift.matrix, camera.guard.marks)
        cameras = self._cameras.values()
        self._recorder.record_watch(span for c in cameras for span in c.keeper.look())

    def _analyse(self, frames: Sequence[Frame]) -> None:
        views = [self._cameras[frame.camera].view(frame) for frame in frames]
        for frame, detections in zip(frames, detect_views(self._detector, views), strict=True):
            self._one(frame, detections)

    def _one(self, frame: Frame, detections: Detections) -> None:
        camera = self._cameras[frame.camera]
        step = camera.pipeline.process(frame, detections)
        camera.picture = step.picture
        if camera.idle and camera.pipeline.attentive:
            camera.idle.attend()
        if camera.trail is not None:
            camera.trail.add(frame, step.picture.tracks)
        self._recorder.record(step)
        camera.monitor.analysed(frame)
        camera.keeper.analysed()
        self.frames_total += 1
