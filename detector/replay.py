"""Analyses recordings with the cameras' own pipeline, as fast as the machine can."""

import hashlib
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pydantic import ValidationError

from detector import __version__
from detector.config import LoadedConfig
from detector.config.plan import camera_plan, evidence_plan
from detector.errors import ConfigError, Problem, StreamError
from detector.events import ConfigStamp, Context, Event, ModelStamp
from detector.evidence.overlay import Banner, Picture, draw
from detector.evidence.video import VideoWriter
from detector.pipeline.camera import CameraPipeline, Step
from detector.pipeline.recording_evidence import RecordingEvidence
from detector.stages import StageClock
from detector.streams import (
    InputSettings,
    PrivacyMasks,
    Source,
    new_timeline,
    open_source,
    redact,
)
from detector.types import CameraId, Detections, Frame, ObjectClass
from detector.vision import Detector, DetectorInfo
from detector.vision.onnx_detector import load_detector
from detector.vision.view import detect_views

Look = Callable[[CameraPipeline, Frame], Detections]
"""How boxes come from a frame: by the network, or from a file of true ones."""

READ_AHEAD = 4
"""Decoded frames that wait for analysis; decoding and analysis overlap on two cores."""


@dataclass(frozen=True, slots=True)
class ReplayStep:
    """What the latest frame led to, and how far the replay is.

    Attributes:
        picture: the frame with its tracks.
        detections: what the network saw in it; None when the recording is over and only what was
            open ends.
        events: numbered through the recording.
        duration_s: of the recording, where known.
        realtime_factor: stream seconds per second so far.
    """

    picture: Picture
    detections: Detections | None
    events: tuple[Event, ...]
    duration_s: float | None
    realtime_factor: float

    @property
    def pts_s(self) -> float:
        """Where the replay is, stream seconds."""
        return self.picture.frame.pts

    def seen(self) -> dict[str, Any]:
        """Give boxes and tracks of the frame as plain values, for JSON."""
        found = self.detections or Detections.empty()
        tracks = self.picture.tracks
        frame = self.picture.frame
        return {
            "index": frame.index,
            "pts_s": round(frame.pts, 6),
            "size": list(frame.size),
            "detections": [
                {"class": ObjectClass(c).label, "confidence": round(score, 4), "box": box}
                for c, score, box in zip(
                    found.class_id.tolist(),
                    found.confidence.tolist(),
                    found.xyxy.round(2).tolist(),
                    strict=True,
                )
            ],
            "tracks": [
                {"track_id": i, "class": ObjectClass(c).label, "box": box}
                for i, c, box in zip(
                    tracks.track_id.tolist(),
                    tracks.class_id.tolist(),
                    tracks.xyxy.round(2).tolist(),
                    strict=True,
                )
            ],
        }


class Replay:
    """Runs recordings through one camera's geometry and rules.

    The same bytes, configuration and model give the same events: ids derive from their hashes, and
    no wall clock enters.

    Args:
        loaded: the configuration.
        camera: whose geometry and rules; may be left out where there is only one.
        detector: the network; None loads the one that is configured.
        look: where boxes come from instead of the network, for scoring tracker and rules alone.

    Raises:
        ConfigError: the camera is not named and there are several, or there is none of that name.
        ModelError: the network cannot be run.
    """

    def __init__(
        self,
        loaded: LoadedConfig,
        camera: str | None = None,
        detector: Detector | None = None,
        look: Look | None = None,
    ) -> None:
        self._loaded = loaded
        self._name = CameraId(choose_camera(loaded, camera))
        self._camera = loaded.config.cameras[self._name]
        self._stages = StageClock()
        self._detector = detector or load_detector(loaded.config.model, self._stages)
        self._look = look or self._by_network
        self.last_report: dict[str, Any] = {}

    @property
    def info(self) -> DetectorInfo:
        """What runs."""
        return self._detector.info

    def run(
        self, source: str, video: Path | None = None, evidence: Path | None = None
    ) -> Iterator[ReplayStep]:
        """Analyse one recording; ``last_report`` says how it went.

        Args:
            source: file, folder or address.
            video: gets the whole recording with boxes and barrier drawn.
            evidence: folder of snapshots and clips, as in the service's ``data_dir``; each clip is
                told by one more event when the recording is over.

        Raises:
            StreamError: it cannot be opened, or breaks off; what was readable has been analysed
                and its events were given before.
        """
        self.last_report = {}
        settings = self._input(source)
        fps = self._camera.detect.fps
        tally = _Tally()
        masks, timeline = PrivacyMasks(self._camera.mask_polygons), new_timeline(settings)
        kept = None
        if evidence is not None:
            plan = evidence_plan(self._loaded.config, self._name, evidence)
            kept = RecordingEvidence(plan, settings, timeline)
        with open_source(
            settings, self._name, fps, timeline, stages=self._stages, masks=masks
        ) as opened:
            pipeline = self._pipeline(settings)
            writer: AbstractContextManager[VideoWriter | None] = (
                VideoWriter(video, fps) if video else nullcontext()
            )
            with writer as out:
                ahead = _ReadAhead(opened)
                steps = chain(self._steps(pipeline, ahead), _last(pipeline))
                for step, detections in kept.added(steps) if kept else steps:
                    events = tally.count(step, new_frame=detections is not None)
                    if out is not None and detections is not None:
                        out.write(draw(step.picture, _banner(step)), tally.pts_s)
                    speed = tally.realtime_factor
                    yield ReplayStep(step.picture, detections, events, opened.duration_s, speed)
        self.last_report = {"source": source, **tally.report(opened, ahead.failure)}
        if kept is not None:
            self.last_report["evidence"] = kept.report()
        if ahead.failure is not None:
            raise ahead.failure

    def report(self, sources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Give the report of a whole run."""
        info = self.info
        return {
            "tool": f"barrier-detector {__version__}",
            "camera": self._name,
            "config_sha256": self._loaded.sha256,
            "model": {"name": info.model, "version": info.version, "sha256": info.sha256},
            "provider": info.provider,
            "precision": info.precision,
            "threads": info.threads,
            "detect_fps": self._camera.detect.fps,
            "sources": list(sources),
            "stage_cpu_s": {k: round(v, 3) for k, v in self._stages.cpu_s().items()},
        }

    def _input(self, source: str) -> InputSettings:
        template = self._camera.ffmpeg.detect.model_dump()
        try:
            return InputSettings.model_validate(
                template | {"path": source, "pace": "fast", "loop": False}
            )
        except ValidationError as error:
            expected = error.errors()[0]["msg"]
            raise ConfigError(Problem("SOURCE", expected, redact(source))) from None

    def _pipeline(self, settings: InputSettings) -> CameraPipeline:
        info = self.info
        identity = f"{_digest(settings)} {self._loaded.sha256} {info.sha256} {self._name}"
        context = Context(
            site=self._loaded.config.site,
            camera=self._name,
            run_id=uuid5(NAMESPACE_URL, identity),
            model=ModelStamp(name=info.model, sha256=info.sha256),
            config=ConfigStamp(sha256=self._loaded.sha256),
            live=False,
            recording=Path(settings.path).name,
        )
        plan = camera_plan(self._camera, info)
        return CameraPipeline(plan, context, self._stages)

    def _steps(
        self, pipeline: CameraPipeline, frames: "_ReadAhead"
    ) -> Iterator[tuple[Step, Detections | None]]:
        for frame in frames:
            if frame.corrupt:
                continue  # a damaged picture must not be judged as if it were whole
            detections = self._look(pipeline, frame)
            yield pipeline.process(frame, detections), detections

    def _by_network(self, pipeline: CameraPipeline, frame: Frame) -> Detections:
        (detections,) = detect_views(self._detector, [pipeline.view(frame)])
        return detections


def _last(pipeline: CameraPipeline) -> Iterator[tuple[Step, Detections | None]]:
    """End what is open when the recording is over."""
    step = pipeline.close("lost")
    if step is not None:
        yield step, None


class _Tally:
    """Counts one recording's frames and events, and the time they took."""

    def __init__(self) -> None:
        self._began_s, self._began_cpu_s = time.monotonic(), time.process_time()
        self._frames = self._seq = 0
        self._kinds: Counter[str] = Counter()
        self.pts_s = 0.0

    @property
    def realtime_factor(self) -> float:
        """Stream seconds per second so far."""
        return self.pts_s / max(time.monotonic() - self._began_s, 1e-9)

    def count(self, step: Step, *, new_frame: bool) -> tuple[Event, ...]:
        """Take a step and number its events."""
        self._frames += new_frame
        self.pts_s = step.picture.frame.pts
        numbered = enumerate(step.events, start=self._seq + 1)
        events = tuple(event.committed(number) for number, event in numbered)
        self._seq += len(events)
        self._kinds.update(f"{event.data.rule}.{event.data.phase}" for event in events)
        return events

    def report(self, source: Source, failure: StreamError | None) -> dict[str, Any]:
        """Sum up."""
        return {
            "frames_analysed": self._frames,
            "frames_decoded": source.progress.decoded,
            "corrupt": source.progress.corrupt,
            "duration_s": source.duration_s,
            "analysed_until_s": round(self.pts_s, 3),
            "wall_s": round(time.monotonic() - self._began_s, 3),
            "cpu_s": round(time.process_time() - self._began_cpu_s, 3),
            "realtime_factor": round(self.realtime_factor, 2),
            "events": dict(sorted(self._kinds.items())),
            "error": str(failure) if failure else None,
        }


class _ReadAhead:
    """Decodes on a thread of its own, a few frames ahead; keeps the error that ended it."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._frames: queue.Queue[Frame | None] = queue.Queue(READ_AHEAD)
        self._stop = threading.Event()
        self.failure: StreamError | None = None
        self._crash: BaseException | None = None

    def __iter__(self) -> Iterator[Frame]:
        thread = threading.Thread(target=self._read, name="decode", daemon=True)
        thread.start()
        try:
            while (frame := self._frames.get()) is not None:
                yield frame
            if self._crash is not None:
                raise self._crash
        finally:
            self._stop.set()
            while thread.is_alive():
                try:
                    self._frames.get(timeout=0.1)
                except queue.Empty:
                    continue

    def _read(self) -> None:
        try:
            for frame in self._source:
                self._frames.put(frame)
                if self._stop.is_set():
                    break
        except StreamError as error:
            self.failure = error
        except Exception as error:  # noqa: BLE001  (the top of the thread: handed to the reader)
            self._crash = error
        finally:
            self._frames.put(None)


def choose_camera(loaded: LoadedConfig, camera: str | None) -> str:
    """Give the named camera, or the only one.

    Raises:
        ConfigError: there is none of that name, or several and none was named.
    """
    names = list(loaded.config.cameras)
    if camera is None and len(names) == 1:
        return names[0]
    if camera in names and camera is not None:
        return camera
    found = repr(camera) if camera is not None else "no --camera"
    raise ConfigError(Problem(f"{loaded.path} cameras", f"--camera {' | '.join(names)}", found))


def _digest(settings: InputSettings) -> str:
    """Hash a recording's bytes; a folder by its files, an address by itself."""
    path = Path(settings.path)
    files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    if settings.scheme != "file" or not all(p.is_file() for p in files):
        return hashlib.sha256(settings.path.encode()).hexdigest()
    whole = hashlib.sha256()
    for file in files:
        with file.open("rb") as data:
            whole.update(hashlib.file_digest(data, "sha256").digest())
    return whole.hexdigest()


def _banner(step: Step) -> Banner:
    frame = step.picture.frame
    worst = max(
        (n.severity for n in step.picture.notes.values() if n.severity),
        key=lambda s: s.rank,
        default=None,
    )
    text = f"{frame.camera}  {frame.pts:.1f} s"
    return Banner(text, worst) if worst else Banner(text)
