"""The result of ``detector bench accuracy``: typed, versioned, written as JSON.

A value that cannot be had (no event, no hour, no box) is null, never 0. What is infinite (the delay
of a missed event) is null too, and said so where it is meant.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from detector.types import Xyxy

Share = Annotated[float, Field(ge=0, le=1)]
Interval = tuple[float, float]
Pass = Literal["detector", "true_boxes"]
"""What is fed into tracker and rules: the network's boxes, or those of the truth."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TimeToAlarm(_Value):
    """Seconds from the moment an event is due until it is told.

    The quantiles are of the hits; ``all_p50`` and ``all_p95`` count misses as infinitely late and
    are null where they fall on one. ``within`` gives the share of all events by limit in seconds.
    """

    p50: float | None
    p90: float | None
    p95: float | None
    max: float | None
    all_p50: float | None
    all_p95: float | None
    within: dict[str, Share]


class Score(_Value):
    """Events told and not told, alarms right and wrong, for one selection.

    ``recall`` is the probability of detection (PD). Rates of false alarms are per camera; their
    intervals are exact Poisson (Garwood), those of recall Wilson, both 95 %.
    """

    events: int
    tp: int
    fn: int
    fp: int
    late: int
    duplicates: int
    ignored: int
    precision: Share | None
    recall: Share | None
    recall_ci95: Interval | None
    f1: Share | None
    f0_65: Share | None
    f75: Share | None
    camera_hours: float
    fa_per_camera_hour: float | None
    fa_per_camera_hour_ci95: Interval | None
    fa_per_camera_day: float | None
    fa_per_camera_day_ci95: Interval | None
    tta_s: TimeToAlarm


class Row(_Value):
    """A line of a table."""

    name: str
    score: Score


class CurvePoint(_Value):
    """Alarms below ``min_score`` dropped: what is still told, and how many false alarms remain."""

    min_score: float
    recall: Share
    precision: Share | None
    fa_per_camera_day: float
    f0_65: Share | None
    f75: Share | None


class Curve(_Value):
    """Probability of detection over the rate of false alarms, by the score of the alarms.

    ``pd_at`` gives the recall at 0.1, 1, 10 and 100 false alarms per camera-day: null where the
    footage is too short to tell (less than 3 / rate camera-days without one).
    """

    points: tuple[CurvePoint, ...]
    pd_at: dict[str, Share | None]
    operational_alert: CurvePoint | None = Field(description="largest F0.65")
    event_recording: CurvePoint | None = Field(description="largest F75")


class Counting(_Value):
    """How many persons or crossings were counted, against how many there were."""

    what: str
    clips: int
    true: int
    told: int
    error: float | None = Field(description="sum of |told - true| over the clips / sum of true")


class Confusion(_Value):
    """Alarms of one kind that told nothing true of their kind, by what really went on then."""

    kind: str
    was: str = Field(description="kind of the true event nearest in time, or nothing")
    alarms: int


class Errors(_Value):
    """What a hit still got wrong."""

    directions: int = Field(description="crossings told that have a true direction")
    directions_wrong: int
    outcomes: int = Field(description="approaches and climbs told whose outcome is known")
    outcomes_wrong: int
    distances: int = Field(description="alarms with a distance whose true distance is known")
    distance_error_m_p50: float | None
    distance_error_m_p90: float | None


class HeightFit(_Value):
    """Height in pixels at which half and nine of ten are found; null where data do not say."""

    h50_px: float | None
    h90_px: float | None


class PassScore(_Value):
    """Everything about one pass over all clips."""

    overall: Score
    alerts: Score = Field(description="only kinds whose severity is alert")
    by_kind: tuple[Row, ...]
    by_window: tuple[Row, ...] = Field(description="overall, for windows of 1, 2, 5 and 10 s")
    alerts_by_window: tuple[Row, ...]
    by_tag: tuple[Row, ...]
    by_height: tuple[Row, ...] = Field(description="by the person's height when the event is due")
    by_clip: tuple[Row, ...]
    height: HeightFit
    curve: Curve
    confusion: tuple[Confusion, ...]
    counting: tuple[Counting, ...]
    errors: Errors


class Split(_Value):
    """Where events were lost: in the network and tracker, or in the rules.

    ``lost_by_rules`` are missed with true boxes too; ``lost_by_network`` only with the network's.
    False alarms likewise: those of a kind and clip that true boxes raise too are the rules'.
    """

    found_by_both: int
    lost_by_network: int
    lost_by_rules: int
    found_only_with_network: int
    false_with_true_boxes: int
    false_with_network: int


class BoxScore(_Value):
    """How well boxes of one class and one selection are found, frame by frame."""

    name: str
    boxes: int
    ap50: Share | None
    recall: Share | None = Field(description="at the model's min_score")
    false_per_frame: float | None


class Mot(_Value):
    """Tracks against true identities (TrackEval), percent; people only."""

    hota: float
    det_a: float
    ass_a: float
    idf1: float
    mota: float
    id_switches: int


class FrameScore(_Value):
    """Boxes and tracks in every analysed picture."""

    frames: int
    classes: tuple[BoxScore, ...]
    by_state: tuple[BoxScore, ...]
    by_tag: tuple[BoxScore, ...]
    by_height: tuple[BoxScore, ...] = Field(description="persons; IoU 0.5, below 24 px 0.3")
    height: HeightFit
    mot: Mot | None


class Failure(_Value):
    """A missed event or a false alarm, for the strip of pictures."""

    clip: str
    media: str
    what: Literal["missed", "late", "false"]
    kind: str
    where: str
    at_s: float = Field(description="when the event was due, or the alarm came")
    box: Xyxy | None = Field(description="pixels: where it happened, or what was taken for it")
    note: str = Field(description="in words: who is to blame, what went on")


class ClipCard(_Value):
    """One recording."""

    name: str
    media: str
    duration_s: float
    events: int
    tags: tuple[str, ...]
    realtime_factor: float


class Machine(_Value):
    """Where it ran."""

    processor: str
    cores: int
    provider: str
    precision: str
    threads: int


class ModelCard(_Value):
    """Which network."""

    name: str
    version: str
    sha256: str


class Dataset(_Value):
    """Which footage: ``sha256`` is over all recordings and truth files."""

    name: str
    sha256: str
    clips: tuple[ClipCard, ...]
    camera_hours: float
    events: int
    quiet_clips: int


class ProtocolCard(_Value):
    """How it was scored, see ``detector.benchmark.matching``."""

    window_s: float
    early_s: float
    merge_gap_s: float
    join_gap_s: float
    late_is_fp: bool
    alphas: tuple[float, float, float] = (1.0, 0.65, 75.0)


class AccuracyReport(_Value):
    """A whole run."""

    schema_: Literal["barrier-accuracy/1"] = Field(alias="schema", default="barrier-accuracy/1")
    tool: str
    date: str
    machine: Machine
    model: ModelCard
    config_sha256: str
    dataset: Dataset
    protocol: ProtocolCard
    detector: PassScore
    true_boxes: PassScore | None = Field(description="null where the truth has no boxes")
    split: Split | None
    frames: FrameScore | None
    kinds_without_rule: dict[str, int] = Field(
        description="true events of kinds that no rule of the cameras tells: part of the misses"
    )
    failures: tuple[Failure, ...]

    def to_json(self) -> str:
        """Give the report as it is written."""
        return self.model_dump_json(by_alias=True, indent=1) + "\n"
