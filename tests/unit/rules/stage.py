"""A stage for rules: 50 px are a metre, people are 1.70 m, and pictures come from written ways."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from hypothesis import settings

from detector.rules.base import Rule
from detector.scene import BarrierSettings, CalibrationSettings, Scene, ZoneSettings
from detector.types import ObjectClass, Phase, TrackId, Tracks, Transition, Xy, Xyxy

LAW = settings(deadline=None, max_examples=30)
"""For properties: machines are slow at times, and a test never asserts how long it took."""
DEAR_LAW = settings(LAW, max_examples=10)
"""For properties of which one example takes half a second."""

SIZE = (1000, 800)
PX_M = 50.0
PERSON_PX = 1.70 * PX_M
NOBODY: Mapping[int, Xyxy] = {}
STILLNESS: Mapping[int, float] = {}


def relative(*points: Xy) -> tuple[Xy, ...]:
    """Pixels of the stage as coordinates of a configuration."""
    return tuple((x / SIZE[0], y / SIZE[1]) for x, y in points)


SQUARE = ZoneSettings(coordinates=relative((300, 300), (700, 300), (700, 700), (300, 700)))
POND = SQUARE.model_copy(update={"kind": "water"})
# Runs down the screen: its left is at larger x.
FENCE = BarrierSettings(
    points=relative((500, 100), (500, 700)), sides={"left": "outside", "right": "inside"}
)


def stage(barrier: BarrierSettings = FENCE, zone: ZoneSettings = SQUARE) -> Scene:
    """A fence down the middle and a square zone around its middle."""
    return Scene.build(SIZE, {"yard": zone}, {"fence": barrier})


def measured(barrier: BarrierSettings) -> Scene:
    """A ground with ground points: the horizon at y 100, 85 px are a person at y 500, 8 m away."""
    focus, up_m = 400.0, 8.0  # level camera
    points = [
        {
            "image": ((500 + focus * x / depth) / SIZE[0], (100 + focus * up_m / depth) / SIZE[1]),
            "ground": (x, depth),
        }
        for x, depth in ((-2, 6), (2, 6), (-4, 16), (4, 16), (0, 10))
    ]
    calibration = CalibrationSettings.model_validate({"points": points})
    return Scene.build(SIZE, {}, {"fence": barrier}, calibration)


def person(x: float, y: float, height: float = PERSON_PX, width: float = 30.0) -> Xyxy:
    """The box of a person whose feet are at (x, y)."""
    return (x - width / 2, y - height, x + width / 2, y)


def picture(
    at: float,
    people: Mapping[int, Xyxy] = NOBODY,
    ladders: Mapping[int, Xyxy] = NOBODY,
    gone: Iterable[int] = (),
    stir: Mapping[int, float] = STILLNESS,
) -> Tracks:
    """The tracks of one picture, by id; ``stir`` is the share of the box that changes."""
    ids = [*people, *ladders]
    boxes = np.array([*people.values(), *ladders.values()], np.float32).reshape(-1, 4)
    classes = [ObjectClass.PERSON] * len(people) + [ObjectClass.LADDER] * len(ladders)
    return Tracks(
        at,
        boxes,
        np.full(len(ids), 0.9, np.float32),
        np.array(classes, np.int64),
        np.array(ids, np.int64),
        tuple(TrackId(track_id) for track_id in gone),
        np.array([stir.get(track_id, 0.0) for track_id in ids], np.float32),
    )


def times(start_s: float, stop_s: float, fps: float = 10.0) -> list[float]:
    """Moments from start to stop, both included where they fall on a picture."""
    count = int(round((stop_s - start_s) * fps, 6)) + 1
    return [start_s + index / fps for index in range(count)]


def filmed(
    way: Callable[[float], Mapping[int, Xyxy]], start_s: float, stop_s: float, fps: float = 10.0
) -> list[Tracks]:
    """Pictures of people whose boxes are a function of time."""
    return [picture(at, way(at)) for at in times(start_s, stop_s, fps)]


def straight(start: Xy, stop: Xy, speed_m_s: float = 1.4) -> Callable[[float], Xy]:
    """The way of feet that go from start to stop and stand there."""
    length_s = float(np.hypot(stop[0] - start[0], stop[1] - start[1])) / (speed_m_s * PX_M)

    def where(at: float) -> Xy:
        share = min(at / length_s, 1.0)
        return (
            start[0] + share * (stop[0] - start[0]),
            start[1] + share * (stop[1] - start[1]),
        )

    return where


def walks(
    start: Xy, stop: Xy, fps: float = 10.0, speed_m_s: float = 1.4, track_id: int = 1
) -> list[Tracks]:
    """Pictures of one person who goes straight from start to stop, and one more second."""
    where = straight(start, stop, speed_m_s)
    length_s = float(np.hypot(stop[0] - start[0], stop[1] - start[1])) / (speed_m_s * PX_M)
    return filmed(lambda at: {track_id: person(*where(at))}, 0.0, length_s + 1.0, fps)


def play(rule: Rule, pictures: Sequence[Tracks]) -> list[Transition]:
    """Everything a rule says about some pictures."""
    return [transition for tracks in pictures for transition in rule.update(tracks)]


def phases(told: Iterable[Transition]) -> list[Phase]:
    """Only the phases."""
    return [transition.phase for transition in told]
