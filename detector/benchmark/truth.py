"""The truth file: what really happened in a recording, for scoring.

Rendered scenes come with one; anybody can write one for their own footage, with nothing in it but
``media``, ``duration_s`` and ``events``. Its JSON Schema is
``docs/schema/truth-1.schema.json``, its description ``docs/truth.md``.
"""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from detector.errors import ConfigError, Problem
from detector.types import Xy, Xyxy

SCHEMA_ID = "urn:barrier-detector:schema:truth:1"
SUFFIX = ".truth.json"

TrueKind = Literal[
    "zone_intrusion",
    "approach",
    "barrier_crossing",
    "climbing",
    "ladder_carried",
    "ladder_at_barrier",
    "ladder_left",
    "fence_work",
    "barrier_changed",
    "loitering",
    "group_size",
    "person_in_water",
    "arrival_from_water",
    "person_down",
]
"""Everything that can truly happen, whether or not there is a rule for it yet."""

ALERT_KINDS = frozenset(
    {"barrier_crossing", "climbing", "ladder_carried", "ladder_at_barrier", "fence_work"}
)
"""Kinds whose severity is alert unless the site says otherwise."""

Seconds = Annotated[float, Field(ge=0)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TrueEvent(_Value):
    """Something that happened.

    Attributes:
        kind: what, in the words of the rules.
        start_s: when it began, seconds from the recording's first picture.
        true_s: from when on the rule's condition holds, its dwell included; ``start_s`` if not
            given. Here the time within which an alarm has to come begins.
        end_s: when it was over; ``true_s`` for what takes no time, as a crossing.
        where: the barrier or zone; empty for anywhere in the picture.
        tracks: keys of ``tracks`` that took part.
        ignore: neither a hit nor a miss nor a false alarm, for what even people cannot decide.
        tags: conditions it is reported under besides those of the recording.
        outcome: how an approach or a climb ended, where that is known.
        direction: of a crossing, as in events.
        size: smallest number of persons of a ``group_size`` event's bin.
        largest: largest number of persons at once while it lasted.
        nearest_m: nearest distance to the barrier.
        top_m: how high the soles came.
        expected: own people, announced.
    """

    kind: TrueKind
    start_s: Seconds
    true_s: Seconds | None = None
    end_s: Seconds
    where: str = ""
    tracks: tuple[int, ...] = ()
    ignore: bool = False
    tags: tuple[str, ...] = ()
    outcome: str = ""
    direction: Literal["", "left_to_right", "right_to_left"] = ""
    size: int = Field(default=0, ge=0)
    largest: int = Field(default=0, ge=0)
    nearest_m: float | None = None
    top_m: float | None = None
    expected: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.start_s <= self.due_s <= self.end_s:
            times = f"start_s {self.start_s}, true_s {self.true_s}, end_s {self.end_s}"
            raise ValueError(f"start_s <= true_s <= end_s; found {times}")
        if self.kind == "group_size" and not self.size:
            raise ValueError("a `size` for group_size")
        return self

    @property
    def due_s(self) -> float:
        """From when on an alarm is due."""
        return self.start_s if self.true_s is None else self.true_s


class NoScore(_Value):
    """A stretch of time in which alarms do not count."""

    start_s: Seconds
    end_s: Seconds
    reason: str = ""


class TrueObject(_Value):
    """A person or ladder in one picture; boxes are x0, y0, x1, y1 in pixels."""

    id: int
    label: Literal["person", "ladder"] = Field(alias="class")
    state: str = ""
    visible: Xyxy | None = Field(description="what can be seen of it; null where it is hidden")
    amodal: Xyxy | None = Field(default=None, description="all of it, hidden parts too")
    visibility: float = Field(default=1.0, ge=0, le=1, description="visible share of its pixels")
    ground_m: Xy | None = None
    distance_m: float | None = Field(default=None, description="to the barrier, left positive")
    sole_m: float | None = Field(default=None, description="height of the soles")


class TrueFrame(_Value):
    """What is in one picture."""

    frame: int = Field(ge=0)
    t_s: Seconds
    objects: tuple[TrueObject, ...]


class Truth(_Value):
    """The truth of one recording."""

    schema_: Literal["barrier-truth/1"] = Field(alias="schema")
    media: str = Field(description="the recording, relative to this file")
    duration_s: float = Field(gt=0)
    events: tuple[TrueEvent, ...]
    no_score: tuple[NoScore, ...] = ()
    tags: tuple[str, ...] = Field(default=(), description="conditions: day, rain, near, ladder, …")
    fps: float | None = Field(default=None, gt=0)
    size_px: tuple[int, int] | None = None
    frames: tuple[TrueFrame, ...] = Field(
        default=(), description="boxes in every picture, where they are known"
    )
    tracks: dict[str, dict[str, Any]] = Field(
        default={}, description="who takes part: class, name, role"
    )
    scene: str = Field(default="", description="name of the rendered scene")
    seed: int | None = None
    camera: dict[str, Any] | None = Field(default=None, description="of a rendered scene")
    sides: dict[str, str] | None = None
    calibration: dict[str, Any] | None = Field(default=None, description="as in a site file")
    barrier: dict[str, Any] | None = Field(default=None, description="as in a site file, and more")
    zones: tuple[dict[str, Any], ...] = ()

    @model_validator(mode="after")
    def _within_the_recording(self) -> Self:
        for number, event in enumerate(self.events):
            if event.start_s > self.duration_s:
                raise ValueError(
                    f"events.{number}.start_s within duration_s {self.duration_s}; "
                    f"found {event.start_s}"
                )
        for before, after in pairwise(self.frames):
            if after.t_s <= before.t_s:
                raise ValueError(
                    f"frames in the order of their t_s; found {after.t_s} after {before.t_s}"
                )
        return self


def read_truth(path: Path) -> Truth:
    """Read a truth file.

    Raises:
        ConfigError: with every problem: file and key, what was expected, what was found.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else str(error)
        raise ConfigError(Problem(str(path), "a readable truth file", found)) from error
    try:
        return Truth.model_validate_json(text)
    except ValidationError as error:
        raise ConfigError(
            *(
                Problem(
                    f"{path} {'.'.join(str(step) for step in item['loc'])}".rstrip(),
                    item["msg"].removeprefix("Value error, "),
                    repr(item["input"])[:80],
                )
                for item in error.errors(include_url=False)
            )
        ) from error


def truth_beside(media: Path) -> Path:
    """Give where the truth of a recording lies: ``clip.mp4`` has ``clip.truth.json``.

    >>> truth_beside(Path("samples/gate.mp4")).name
    'gate.truth.json'
    """
    return media.with_name(media.stem + SUFFIX)


def truth_schema() -> dict[str, Any]:
    """Give the published JSON Schema (2020-12) of a truth file."""
    schema = Truth.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "barrier-detector truth 1",
        **{key: value for key, value in schema.items() if key != "title"},
    }
