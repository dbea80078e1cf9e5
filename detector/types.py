"""The values that flow through the pipeline: frozen, checked, and free of I/O.

Sets (detections, tracks) are numpy struct-of-arrays whose memory is read-only; single things are
objects. Times named ``pts``, ``at`` or ``*_s`` are seconds on the stream's own timeline; ``*_at``
on a frame is UTC epoch seconds for people. Boxes are ``xyxy`` in pixels of the camera's frame, x to
the right, y downwards.
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Literal, NewType

import numpy as np
import numpy.typing as npt

CameraId = NewType("CameraId", str)
TrackId = NewType("TrackId", int)

F32 = npt.NDArray[np.float32]
F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]

Xyxy = tuple[float, float, float, float]
Xy = tuple[float, float]
Direction = Literal["", "left_to_right", "right_to_left"]


class ObjectClass(IntEnum):
    """What a box holds. The system never says who."""

    PERSON = 0
    LADDER = 1

    @property
    def label(self) -> str:
        """The word used in configurations and events."""
        return self.name.lower()


class ClockSource(StrEnum):
    """Where a frame's UTC time comes from."""

    CAMERA = "camera"  # RTCP sender report of the camera
    ARRIVAL = "arrival"  # this machine's clock when the packet came
    CONTAINER = "container"  # creation time written in the recording
    CONFIGURED = "configured"  # given by the user
    NONE = "none"  # a recording without a date: times count from 1970-01-01


@dataclass(frozen=True, slots=True)
class ClockReading:
    """A camera's own clock beside this machine's.

    Attributes:
        offset_s: camera's clock minus this machine's, less the quickest way between them.
        drift_ppm: microseconds that the camera's clock gains each second; None until known.
        jumps: how often it was set by half a second or more since the service began.
    """

    offset_s: float
    drift_ppm: float | None
    jumps: int


class Phase(StrEnum):
    """Where a happening stands."""

    NEW = "new"
    UPDATE = "update"
    END = "end"


class Severity(StrEnum):
    """How urgent an event is, in rising order."""

    INFO = "info"
    DETECTION = "detection"
    ALERT = "alert"
    WELFARE = "welfare"

    @property
    def rank(self) -> int:
        """Position in the rising order."""
        return list(Severity).index(self)


class RuleKind(StrEnum):
    """The questions that can be asked of tracks; PRODUCT semantics in ``docs/rules.md``."""

    ZONE_INTRUSION = "zone_intrusion"
    APPROACH = "approach"
    BARRIER_CROSSING = "barrier_crossing"
    CLIMBING = "climbing"
    LADDER_CARRIED = "ladder_carried"
    LADDER_AT_BARRIER = "ladder_at_barrier"
    LADDER_LEFT = "ladder_left"
    LOITERING = "loitering"
    GROUP_SIZE = "group_size"
    FENCE_WORK = "fence_work"
    PERSON_IN_WATER = "person_in_water"
    ARRIVAL_FROM_WATER = "arrival_from_water"
    PERSON_DOWN = "person_down"


def _frozen(name: str, array: npt.NDArray[np.generic], dtype: type, shape: tuple[int, ...]) -> None:
    """Check dtype and shape (-1 = any) and forbid writing."""
    fits = array.ndim == len(shape) and all(
        want in (-1, have) for want, have in zip(shape, array.shape, strict=True)
    )
    if array.dtype != dtype or not fits:
        msg = f"{name}: expected {np.dtype(dtype)} {shape}, found {array.dtype} {array.shape}"
        raise ValueError(msg)
    array.setflags(write=False)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One decoded picture of one camera.

    Attributes:
        camera: whose picture.
        index: running number of the frames the source handed out, from 0.
        image: (H, W, 3) uint8 BGR, read-only.
        pts: seconds on the stream's timeline; never decreases within one connection.
        captured_at: UTC epoch seconds at which the camera took it, as well as is known.
        clock: where ``captured_at`` comes from.
        decoded_at: UTC epoch seconds of this machine when the picture was ready.
        corrupt: parts of the picture are damaged, or it builds on a picture that is, or was lost.
        reading: what is known of the camera's own clock, believed or not; None where nothing is.
    """

    camera: CameraId
    index: int
    image: U8
    pts: float
    captured_at: float
    clock: ClockSource
    decoded_at: float
    corrupt: bool = False
    reading: ClockReading | None = None

    def __post_init__(self) -> None:
        """Raise ValueError on a wrong shape or dtype."""
        _frozen("image", self.image, np.uint8, (-1, -1, 3))

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.image.shape[1], self.image.shape[0]


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Boxes found in one picture.

    Attributes:
        xyxy: (N, 4) float32 pixels.
        confidence: (N,) float32 in 0..1.
        class_id: (N,) int64 values of :class:`ObjectClass`.
    """

    xyxy: F32
    confidence: F32
    class_id: I64

    def __post_init__(self) -> None:
        """Raise ValueError on wrong shapes or dtypes."""
        n = len(self.xyxy)
        _frozen("xyxy", self.xyxy, np.float32, (n, 4))
        _frozen("confidence", self.confidence, np.float32, (n,))
        _frozen("class_id", self.class_id, np.int64, (n,))

    def __len__(self) -> int:
        return len(self.xyxy)

    @classmethod
    def empty(cls) -> "Detections":
        """No boxes.

        >>> len(Detections.empty())
        0
        """
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))

    def __getitem__(self, index: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Detections":
        """Give the boxes chosen by a mask or by positions."""
        return Detections(self.xyxy[index], self.confidence[index], self.class_id[index])


@dataclass(frozen=True, slots=True, eq=False)
class Tracks:
    """The confirmed tracks that were observed in one picture, and those that are gone.

    A track that is lost for a moment is absent, then comes back under its id or is named once in
    ``gone``.

    Attributes:
        at: seconds on the stream's timeline.
        xyxy: (M, 4) float32 pixels.
        confidence: (M,) float32, median of the track's scores.
        class_id: (M,) int64 values of :class:`ObjectClass`.
        track_id: (M,) int64, unique within one camera's run.
        gone: ids that will never come back.
        stir: (M,) float32 in 0..1, share of the box's pixels that changed visibly since a fraction
            of a second ago; zeros, also when left out, where that is not known.
    """

    at: float
    xyxy: F32
    confidence: F32
    class_id: I64
    track_id: I64
    gone: tuple[TrackId, ...] = ()
    stir: F32 = field(default_factory=lambda: np.zeros(0, np.float32))

    def __post_init__(self) -> None:
        """Raise ValueError on wrong shapes or dtypes."""
        n = len(self.xyxy)
        if not len(self.stir):
            object.__setattr__(self, "stir", np.zeros(n, np.float32))
        _frozen("xyxy", self.xyxy, np.float32, (n, 4))
        _frozen("confidence", self.confidence, np.float32, (n,))
        _frozen("class_id", self.class_id, np.int64, (n,))
        _frozen("track_id", self.track_id, np.int64, (n,))
        _frozen("stir", self.stir, np.float32, (n,))

    def __len__(self) -> int:
        return len(self.xyxy)

    @classmethod
    def empty(cls, at: float, gone: tuple[TrackId, ...] = ()) -> "Tracks":
        """Nobody in view at ``at``.

        >>> len(Tracks.empty(1.5))
        0
        """
        none = Detections.empty()
        ids = np.zeros(0, np.int64)
        return cls(at, none.xyxy, none.confidence, none.class_id, ids, gone)


@dataclass(frozen=True, slots=True)
class Reason:
    """One predicate of a rule with the value it had and the limit it was held against."""

    predicate: str
    value: float | str
    limit: float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """A rule's happening began, changed or ended.

    Attributes:
        rule: name of the rule in the configuration.
        kind: what the rule asks.
        place: name of the barrier or zone it is about.
        episode: number of the happening, unique within the rule; NEW, UPDATEs and END share it.
        phase: NEW once, then any number of UPDATE, then END. A happening that ends at once (a
            crossing) is one NEW with ``until_s`` set and has no END.
        at: seconds on the stream's timeline when the rule decided.
        since_s: when the happening began.
        until_s: when it ended; None while it lasts.
        severity: how urgent.
        track_ids: who takes part, first the one that caused this transition.
        object_class: class of the first track.
        xyxy: its last box, pixels.
        foot: its anchor, pixels.
        confidence: its median score, 0..1.
        distance_m: distance to the barrier on the ground, None where the rule has none.
        estimated: metres derive from a person's height, not from ground points.
        eta_s: seconds until the barrier at the present speed, where known.
        direction: "left_to_right" or "right_to_left" for crossings, "" otherwise.
        side_from: name of the side it came from, "" where there is none.
        side_to: name of the side it went to, "" where there is none.
        outcome: how it ended ("crossed", "turned_back", "lost", "over", ...), "" while open.
        count: persons taking part, as well as is known.
        escalates: passes every rate limit (a new fact, a higher bin, a crossing).
        reasons: why, predicate by predicate.
    """

    rule: str
    kind: RuleKind
    place: str
    episode: int
    phase: Phase
    at: float
    since_s: float
    until_s: float | None
    severity: Severity
    track_ids: tuple[TrackId, ...]
    object_class: ObjectClass
    xyxy: Xyxy
    foot: Xy
    confidence: float
    distance_m: float | None = None
    estimated: bool = False
    eta_s: float | None = None
    direction: Direction = ""
    side_from: str = ""
    side_to: str = ""
    outcome: str = ""
    count: int = 1
    escalates: bool = False
    reasons: tuple[Reason, ...] = field(default=())
