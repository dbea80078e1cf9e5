"""What a user may say about tracking; times are seconds, never frames."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)]


class LostBudget(BaseModel):
    """How long a track of each class may go unseen before it is gone, in seconds.

    Ladders are long, thin and often found in one picture and missed in the next: they are waited
    for longer than people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: Seconds = 3.0
    ladder: Seconds = 6.0


class TrackingSettings(BaseModel):
    """How boxes become tracks.

    Frigate's ``min_initialized`` and ``max_disappeared`` count frames; ours count observations and
    seconds, so they mean the same at 2 and at 25 pictures a second.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_hits: int = Field(
        default=3,
        ge=1,
        le=10,
        description="Observations a track needs before it is given out (Frigate: min_initialized).",
    )
    max_lost_s: LostBudget = Field(
        default=LostBudget(),
        description="Seconds a track may go unseen before it is gone (Frigate: max_disappeared).",
    )
    max_tentative_lost_s: Seconds = Field(
        default=1.0,
        description="Seconds a track that was never given out may go unseen before it is dropped.",
    )
    max_unsure_s: Seconds = Field(
        default=10.0,
        description="Seconds a track may live on boxes below its class's threshold alone.",
    )
    max_tracks: int = Field(
        default=256,
        ge=1,
        le=10_000,
        description="Tracks kept at once; when all are taken no new one starts.",
    )
