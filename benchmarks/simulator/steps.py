"""The steps of an actor's script, as they stand in a scene file."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Point = tuple[float, float]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MoveStep(_Spec):
    """Goes to a ground point."""

    do: Literal["walk", "run", "creep", "crawl"]
    to: Point
    speed_mps: float | None = Field(None, gt=0.0, le=8.0)


class StayStep(_Spec):
    """Stays where it is for a while; `face_deg` turns first."""

    do: Literal["stand", "crouch", "sit", "lie"]
    for_s: float = Field(gt=0.0)
    face_deg: float | None = None


class FenceStep(_Spec):
    """Works with both hands at the barrier, which must be within reach; kneels or stands."""

    do: Literal["cut"]
    for_s: float = Field(gt=0.0)
    standing: bool = False


class TakeStep(_Spec):
    """Has a ladder in the hands from here on."""

    do: Literal["take"]
    ladder: str
    how: Literal["shoulder", "low"] = "shoulder"


class PutStep(_Spec):
    """Puts the carried ladder against the barrier in front: tips, raises, leans."""

    do: Literal["put"]
    lean_deg: float = Field(74.0, ge=55.0, le=82.0)
    for_s: float = Field(6.0, ge=2.0)


class LayStep(_Spec):
    """Lays the carried ladder down beside the way."""

    do: Literal["lay"]
    for_s: float = Field(2.0, gt=0.0)


class ClimbStep(_Spec):
    """Climbs a leaning ladder up to the barrier's top, and down again unless `over` follows."""

    do: Literal["climb"]
    ladder: str
    speed_mps: float = Field(0.40, gt=0.0)
    down: bool = False


class OverStep(_Spec):
    """Goes over the top from a ladder and drops on the other side."""

    do: Literal["over"]


class HelpStep(_Spec):
    """Holds the rear end of a ladder that an actor earlier in the file carries.

    Ends after `for_s`, or when the ladder is no longer carried.
    """

    do: Literal["help_carry"]
    ladder: str
    for_s: float = Field(gt=0.0)


class SwimStep(_Spec):
    """Swims to a point in the river; from land, walks to the edge and wades in first."""

    do: Literal["swim"]
    to: Point
    speed_mps: float = Field(0.7, gt=0.0, le=2.5)


class BankStep(_Spec):
    """Gets out of the river over the nearer edge and up on its feet."""

    do: Literal["bank"]
    for_s: float = Field(4.0, ge=2.0)


Step = Annotated[
    MoveStep
    | StayStep
    | FenceStep
    | TakeStep
    | PutStep
    | LayStep
    | ClimbStep
    | OverStep
    | HelpStep
    | SwimStep
    | BankStep,
    Field(discriminator="do"),
]
