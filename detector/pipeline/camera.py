"""One camera's way from boxes to events: the same code for live cameras and recordings."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from detector.events import Context, Event, Incident, Latency, Moment
from detector.evidence.overlay import Note, Picture, distance_text
from detector.incidents import IncidentBook, IncidentSettings, Outcome
from detector.incidents.clip_plan import ClipWish, RecordSettings, clip_wishes
from detector.incidents.view import IntegritySettings
from detector.pipeline.memory import SAVE_EVERY_S, CameraMemory
from detector.pipeline.object_filter import FilterSettings, keep
from detector.rules import BarrierCrossingSettings, Rule, RuleSettings, build_rules
from detector.scene import BarrierSettings, CalibrationSettings, Scene, ZoneSettings
from detector.scene.moved import moved_barriers, moved_calibration, moved_zones
from detector.stages import Stage, StageClock
from detector.tracking import Tracker, TrackingSettings
from detector.types import (
    F64,
    Detections,
    Direction,
    Frame,
    ObjectClass,
    Phase,
    Reason,
    RuleKind,
    Severity,
    TrackId,
    Tracks,
    Transition,
)
from detector.vision import TilingSettings
from detector.vision.stir import StirMeter
from detector.vision.tiles import Strip, TileSchedule, plan_tiles
from detector.vision.view import View

NOTE_S = 4.0
"""How long the picture says what a track did."""

READ_STIR = frozenset({RuleKind.FENCE_WORK})
"""Rules that need to know how much stirs in the boxes; without one of them nothing is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraPlan:
    """What is to be done with one camera's frames.

    Attributes:
        zones, barriers, calibration, rules: geometry and questions, relative to the picture.
        filters: the classes that are tracked, with their limits.
        scores: (min_score, threshold) of each of these classes.
        input_size: (width, height) of the network's input, for which tiles are planned.
        tracking: how boxes become tracks.
        tiling: how far people are looked at more closely.
        incidents: how happenings become incidents.
        integrity: when the camera's view is at fault.
        record: how much video each event asks for; None where none is held.
    """

    zones: Mapping[str, ZoneSettings]
    barriers: Mapping[str, BarrierSettings]
    calibration: CalibrationSettings
    rules: Mapping[str, RuleSettings]
    filters: Mapping[ObjectClass, FilterSettings]
    scores: Mapping[ObjectClass, tuple[float, float]]
    input_size: tuple[int, int]
    tracking: TrackingSettings
    tiling: TilingSettings
    incidents: IncidentSettings
    integrity: IntegritySettings = field(default_factory=IntegritySettings)
    record: RecordSettings | None = None

    def scene(self, size: tuple[int, int], moved: F64 | None = None) -> Scene:
        """Lay the geometry out for pictures of (width, height) pixels.

        ``moved`` is a homography (3, 3) of relative coordinates from the view that was drawn on to
        the present one; None where that is the same.
        """
        if moved is None:
            return Scene.build(size, self.zones, self.barriers, self.calibration)
        return Scene.build(
            size,
            moved_zones(self.zones, moved),
            moved_barriers(self.barriers, moved),
            moved_calibration(self.calibration, moved),
        )

    @property
    def directions(self) -> Mapping[str, Direction]:
        """By barrier, which crossings count; barriers where both do are left out."""
        return {
            rule.barrier: rule.direction
            for rule in self.rules.values()
            if isinstance(rule, BarrierCrossingSettings) and rule.direction != "any"
        }

    def tiles(self, scene: Scene) -> TileSchedule:
        """Say which regions of each frame are looked at: the whole, and tiles along the strips."""
        strips = [Strip(barrier.points) for barrier in scene.barriers.values()]
        strips += [Strip(zone.polygon, closed=True) for zone in scene.zones.values()]
        tiles = plan_tiles(
            scene.size, strips, scene.expected_height_px, self.input_size, self.tiling
        )
        return TileSchedule(scene.size, tiles, self.tiling.budget_per_frame)


@dataclass(frozen=True, slots=True)
class Step:
    """What one frame led to.

    Attributes:
        picture: the frame with its tracks.
        events: to be committed, in order.
        incidents: newest value of each that changed.
        memory: what has to be remembered over a restart, when that changed.
        clips: the video that the events ask for.
    """

    picture: Picture
    events: tuple[Event, ...]
    incidents: tuple[Incident, ...]
    memory: CameraMemory | None = None
    clips: tuple[ClipWish, ...] = ()


@dataclass(slots=True)
class _Geometry:
    """What depends on the size of the pictures."""

    size: tuple[int, int]
    scene: Scene
    tiles: TileSchedule
    rules: tuple[Rule, ...]
    stir: StirMeter | None  # where a rule asks for it
    moved: F64 | None  # the view it was moved along with


@dataclass(slots=True)
class _Said:
    note: Note
    until: float = field(default=float("inf"))


class CameraPipeline:
    """Tracks, judges and reports for one camera; owned by one thread.

    Args:
        plan: what is asked of the camera.
        context: what all its events have in common.
        stages: counts the CPU of each stage.
        resumed: incidents that were open when an earlier run stopped.
        memory: what that run remembered.
        clock: UTC epoch seconds, for latencies.
    """

    def __init__(
        self,
        plan: CameraPlan,
        context: Context,
        stages: StageClock,
        resumed: Sequence[Incident] = (),
        memory: CameraMemory | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._plan = plan
        self._context = context
        self._stages = stages
        self._clock = clock
        self._tracker = Tracker(plan.tracking, plan.scores)
        self._book = IncidentBook(context, plan.incidents, resumed)
        self._geometry: _Geometry | None = None
        self._memory = memory
        self._saved_at = float("-inf")
        self._ended: list[Transition] = []
        self._notes: dict[TrackId, _Said] = {}
        self._last: Frame | None = None
        self.attentive = False
        """Something was in the newest frame, or an incident is open: look on closely."""
        self._moved: F64 | None = None
        self._marks: tuple[Reason, ...] = ()

    def follow(self, moved: F64 | None, marks: tuple[Reason, ...] = ()) -> None:
        """Take where the view is from the next frame on, and what is to be said with each event.

        Args:
            moved: as for :meth:`CameraPlan.scene`; the same object as before changes nothing,
                another one ends what the rules have open, as other pictures would.
            marks: reasons that are added to those of the rules.
        """
        self._moved, self._marks = moved, marks

    def view(self, frame: Frame, *, every_tile: bool = False) -> View:
        """Say where in the frame the network has to look; once for each frame, in order.

        ``every_tile``: look everywhere at once, as frames come too rarely to take turns.
        """
        return View(frame.image, self._geometry_for(frame).tiles.regions(every=every_tile))

    def process(self, frame: Frame, detections: Detections) -> Step:
        """Take the boxes found in one frame; frames come in the order of their time."""
        detected_at = self._clock()
        geometry = self._geometry_for(frame)
        ended, self._ended = self._ended, []
        with self._stages.measure(Stage.TRACK):
            boxes = keep(detections, self._plan.filters, frame.size)
            tracks = self._tracker.update(boxes, frame.pts)
            if geometry.stir is not None:
                stir = geometry.stir.measure(frame.image, frame.pts, tracks.xyxy)
                tracks = replace(tracks, stir=stir)
        with self._stages.measure(Stage.RULES):
            told = [*ended, *(t for rule in geometry.rules for t in rule.update(tracks))]
            transitions = self._marked(told)
            moment = Moment.of(frame)
            outcome = self._book.advance(moment, transitions)
        self._annotate(tracks, transitions)
        self.attentive = bool(len(tracks)) or self._noticed(boxes) or self.open_incidents > 0
        self._last = frame
        memory = self._changed_memory(geometry.rules, moment)
        return self._step(frame, tracks, outcome, detected_at, memory)

    def close(self, reason: str) -> Step | None:
        """End everything that is open: the recording is over; None if no frame ever came."""
        if self._last is None or self._geometry is None:
            return None
        frame = self._last
        gone = self._tracker.close(frame.pts)
        transitions = [t for rule in self._geometry.rules for t in rule.close(frame.pts, reason)]
        moment = Moment.of(frame)
        first = self._book.advance(moment, transitions)
        last = self._book.close(moment)
        events = first.events + last.events
        incidents = {i.incident_id: i for i in first.incidents + last.incidents}
        outcome = Outcome(events, tuple(incidents.values()))
        return self._step(frame, gone, outcome, self._clock(), None)

    def _noticed(self, boxes: Detections) -> bool:
        """Whether any box may belong to a track."""
        least = {c: min_score for c, (min_score, _) in self._plan.scores.items()}
        return any(
            score >= least.get(ObjectClass(c), 1.0)
            for score, c in zip(boxes.confidence, boxes.class_id, strict=True)
        )

    @property
    def open_incidents(self) -> int:
        """How many incidents are open."""
        return self._book.open_incidents

    def _geometry_for(self, frame: Frame) -> _Geometry:
        """Lay out scene and rules; anew when the size of the pictures changed."""
        geometry = self._geometry
        if geometry is not None and self._fits(geometry, frame):
            return geometry
        if geometry is not None:
            if geometry.size != frame.size:
                self._tracker.close(frame.pts)
            self._ended += [t for r in geometry.rules for t in r.close(frame.pts, "lost")]
        scene = self._plan.scene(frame.size, self._moved)
        rules = build_rules(self._plan.rules, scene)
        if geometry is None and self._memory is not None:
            self._memory.give_back(rules, Moment.of(frame))
        stir = StirMeter() if any(rule.kind in READ_STIR for rule in rules) else None
        tiles = self._plan.tiles(scene)
        self._geometry = _Geometry(frame.size, scene, tiles, rules, stir, self._moved)
        return self._geometry

    def _fits(self, geometry: _Geometry, frame: Frame) -> bool:
        return geometry.size == frame.size and geometry.moved is self._moved

    def _marked(self, transitions: list[Transition]) -> list[Transition]:
        if not self._marks:
            return transitions
        return [replace(told, reasons=told.reasons + self._marks) for told in transitions]

    def _changed_memory(self, rules: Sequence[Rule], moment: Moment) -> CameraMemory | None:
        """Give what is to be saved: when a stay changed, and each minute while there is one."""
        memory = CameraMemory.of(rules, moment)
        before = self._memory.marks if self._memory else ()
        due = bool(memory.marks) and moment.pts - self._saved_at >= SAVE_EVERY_S
        if memory.marks == before and not due:
            return None
        self._memory, self._saved_at = memory, moment.pts
        return memory

    def _annotate(self, tracks: Tracks, transitions: Sequence[Transition]) -> None:
        """Keep what the picture says beside each track up to date."""
        for transition in transitions:
            words = transition.kind.replace("_", " ")
            if transition.distance_m is not None:
                metres = distance_text(transition.distance_m, estimated=transition.estimated)
                words += f" {metres}"
            over = transition.phase is Phase.END or transition.until_s is not None
            until = transition.at + NOTE_S if over else float("inf")
            for track_id in transition.track_ids:
                known = self._notes.get(track_id)
                graver = known and _rank(known.note) > transition.severity.rank
                if not (known and graver and known.until > transition.at):
                    self._notes[track_id] = _Said(Note(words, transition.severity), until)
        for track_id in tracks.gone:
            self._notes.pop(track_id, None)
        expired = [i for i, said in self._notes.items() if said.until < tracks.at]
        for track_id in expired:
            del self._notes[track_id]

    def _step(
        self,
        frame: Frame,
        tracks: Tracks,
        outcome: Outcome,
        detected_at: float,
        memory: CameraMemory | None,
    ) -> Step:
        notes = {i: said.note for i, said in self._notes.items()}
        scene = self._geometry.scene if self._geometry else None
        picture = Picture(
            frame=frame,
            tracks=tracks,
            scene=scene,
            notes=notes,
            directions=self._plan.directions,
        )
        events = outcome.events
        if self._context.live and events:
            latency = Latency(
                decoded_s=round(frame.decoded_at - frame.captured_at, 6),
                detected_s=round(detected_at - frame.captured_at, 6),
                ruled_s=round(self._clock() - frame.captured_at, 6),
            )
            events = tuple(event.with_latency(latency) for event in events)
        record = self._plan.record
        clips = clip_wishes(events, Moment.of(frame), record) if record and events else ()
        return Step(picture, events, outcome.incidents, memory, clips)


def _rank(note: Note) -> int:
    return (note.severity or Severity.INFO).rank
