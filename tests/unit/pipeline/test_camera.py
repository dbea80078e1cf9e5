from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from detector.events import ConfigStamp, Context, Event, ModelStamp
from detector.incidents import IncidentSettings
from detector.pipeline.camera import CameraPipeline, CameraPlan, Step
from detector.pipeline.memory import CameraMemory
from detector.pipeline.object_filter import FilterSettings
from detector.rules import default_rules
from detector.scene import BarrierSettings, CalibrationSettings, ZoneSettings
from detector.stages import Stage, StageClock
from detector.tracking import TrackingSettings
from detector.types import CameraId, ClockSource, Detections, Frame, ObjectClass
from detector.vision import TilingSettings

SIZE = (640, 360)
EPOCH = 1_700_000_000.0
FPS = 5.0


def pipeline(*, live: bool = False, memory: CameraMemory | None = None) -> CameraPipeline:
    barriers = {"fence": BarrierSettings.model_validate({"points": [[0.5, 0.0], [0.5, 1.0]]})}
    zones = {"yard": ZoneSettings.model_validate({"coordinates": [[0, 0], [1, 0], [1, 1], [0, 1]]})}
    plan = CameraPlan(
        zones=zones,
        barriers=barriers,
        calibration=CalibrationSettings(),
        rules=default_rules(barriers, zones),
        filters={ObjectClass.PERSON: FilterSettings()},
        scores={ObjectClass.PERSON: (0.2, 0.4)},
        input_size=(640, 384),
        tracking=TrackingSettings(),
        tiling=TilingSettings(),
        incidents=IncidentSettings(),
    )
    context = Context(
        site="s",
        camera=CameraId("north"),
        run_id=UUID(int=1),
        model=ModelStamp(name="m", sha256="a" * 64),
        config=ConfigStamp(sha256="b" * 64),
        live=live,
    )
    return CameraPipeline(plan, context, StageClock(), memory=memory, clock=lambda: EPOCH + 100)


def frame(at: float, size: tuple[int, int] = SIZE, epoch: float = EPOCH) -> Frame:
    image = np.zeros((size[1], size[0], 3), np.uint8)
    index = round(at * FPS)
    stamp = epoch + at
    return Frame(CameraId("north"), index, image, at, stamp, ClockSource.ARRIVAL, stamp)


def person(x: float, foot: float = 250.0, height: float = 100.0) -> Detections:
    box = np.array([[x - 18, foot - height, x + 18, foot]], np.float32)
    return Detections(box, np.array([0.8], np.float32), np.zeros(1, np.int64))


def walk(camera: CameraPipeline, seconds: float = 8.0) -> list[Step]:
    """Walk from the left of the fence to the right of it."""
    times = [n / FPS for n in range(int(seconds * FPS))]
    return [camera.process(frame(t), person(100 + 55 * t)) for t in times]


def said(steps: list[Step]) -> list[Event]:
    return [event for step in steps for event in step.events]


def test_a_person_who_walks_over_the_line_is_a_crossing_with_its_direction() -> None:
    crossings = [e for e in said(walk(pipeline())) if e.data.rule == "barrier_crossing"]
    assert len(crossings) == 1
    assert crossings[0].data.direction in ("left_to_right", "right_to_left")
    assert crossings[0].data.estimated, "metres derive from the person's height"
    assert crossings[0].data.reasons


def test_one_person_is_one_incident_and_the_end_of_the_recording_ends_it() -> None:
    camera = pipeline()
    steps = walk(camera)
    last = camera.close("lost")
    assert last is not None
    events = said([*steps, last])
    assert len({e.data.incident_id for e in events}) == 1
    assert events[-1].data.rule == "incident"
    assert events[-1].data.phase == "end"
    assert camera.open_incidents == 0


def test_every_beginning_has_an_end_after_the_recording() -> None:
    camera = pipeline()
    steps = walk(camera, seconds=4)
    last = camera.close("lost")
    assert last is not None
    began = {(e.data.rule, e.data.rule_name) for e in said(steps) if e.data.phase == "new"}
    ended = {(e.data.rule, e.data.rule_name) for e in said([last]) if e.data.phase == "end"}
    began -= {key for key in began if key[0] == "barrier_crossing"}
    assert began <= ended


def test_the_same_frames_give_the_same_bytes() -> None:
    runs = [[e.to_json() for e in said(walk(pipeline()))] for _ in range(2)]
    assert runs[0] == runs[1]


def test_a_recording_has_no_latency_and_a_live_camera_has() -> None:
    assert said(walk(pipeline()))[0].data.latency is None
    latency = said(walk(pipeline(live=True)))[0].data.latency
    assert latency is not None
    assert latency.decoded_s <= latency.detected_s <= latency.ruled_s


def test_a_recording_without_frames_closes_to_nothing() -> None:
    assert pipeline().close("lost") is None


def test_a_change_of_the_pictures_size_ends_what_was_open_and_goes_on() -> None:
    camera = pipeline()
    walk(camera, seconds=3)
    smaller = camera.process(frame(3.0, size=(320, 180)), Detections.empty())
    assert any(e.data.phase == "end" for e in smaller.events)
    later = [
        camera.process(frame(3.2 + n / FPS, size=(320, 180)), person(50 + 27 * n / FPS, 125, 50))
        for n in range(40)
    ]
    ids = {i for e in said(later) for i in e.data.track_ids}
    assert said(later), "rules go on at the new size"
    assert 1 not in ids, "track ids are never used again"


def test_what_a_track_does_is_noted_beside_its_box() -> None:
    steps = walk(pipeline())
    notes = {note.text for step in steps for note in step.picture.notes.values()}
    assert any("crossing" in text for text in notes)


def test_each_stage_counts_its_cpu() -> None:
    camera = pipeline()
    walk(camera, seconds=1)
    calls = camera._stages.calls()
    assert calls[Stage.TRACK] == calls[Stage.RULES] == 5


@pytest.mark.parametrize("gap_s", [5.0, 600.0])
def test_a_stay_survives_a_restart(gap_s: float) -> None:
    camera = pipeline(live=True)
    steps = [camera.process(frame(n / 2), person(200)) for n in range(300)]
    told = [e for e in said(steps) if e.data.rule == "loitering"]
    assert [e.data.phase for e in told] == ["new"]
    memories = [step.memory for step in steps if step.memory]
    assert memories, "a told stay is remembered"

    stored = CameraMemory.model_validate_json(memories[-1].model_dump_json())
    again = pipeline(live=True, memory=stored)
    epoch = EPOCH + 150 + gap_s
    after = [again.process(frame(n / 2, epoch=epoch), person(200)) for n in range(1000)]
    phases = [e.data.phase for e in said(after) if e.data.rule == "loitering"]
    assert "new" not in phases, "it is still the same stay"
    assert phases.count("update") == 1, "the ten-minute heartbeat counts from its first beginning"


def test_who_stands_still_and_stirs_at_the_barrier_is_fence_work_and_only_in_the_picture() -> None:
    """The core never sees a pixel: what stirs is measured outside and handed to the rules."""
    for busy in (True, False):
        camera = pipeline()
        steps = []
        for n in range(round(24 * FPS)):
            still = frame(n / FPS)
            image = still.image.copy()
            if busy:
                image[180 + 10 * (n % 4) : 200 + 10 * (n % 4), 305:320] = 255
            steps.append(camera.process(replace(still, image=image), person(310)))
        told = [e for e in said(steps) if e.data.rule == "fence_work"]
        assert [e.data.place for e in told] == (["fence"] if busy else [])
