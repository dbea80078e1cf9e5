"""The published, versioned form of a clip's tracks: who was where in each analysed picture.

The JSON Schema of :class:`ClipTracks` is at ``docs/schema/tracks-1.schema.json``. A reader may rely
on version 1 to keep its members and their meaning; members may be added.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from detector.types import ClockSource

SCHEMA_ID: Literal["urn:barrier-detector:schema:tracks:1"] = "urn:barrier-detector:schema:tracks:1"

Share = Annotated[float, Field(ge=0, le=1)]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class TrackBox(_Value):
    """One track in one picture."""

    track_id: int
    box: tuple[Share, Share, Share, Share] = Field(
        description="x1, y1, x2, y2 in shares of the picture's width and height"
    )
    score: Share = Field(description="median score of the track so far")


class TracksPicture(_Value):
    """One analysed picture; between two of them nothing was looked at."""

    t_s: Annotated[float, Field(ge=0)] = Field(description="seconds from the clip's first picture")
    at: AwareDatetime | None = Field(
        description="UTC at which it was taken; null for a recording without a date"
    )
    clock: ClockSource = Field(description="whose clock says so")
    boxes: tuple[TrackBox, ...] = Field(description="empty where nobody was seen")


class ClipTrack(_Value):
    """What a track is."""

    track_id: int
    object_class: Literal["person", "ladder"] = Field(alias="class")


class ClipTracks(_Value):
    """The tracks seen during one clip, those of other incidents too."""

    dataschema: Literal["urn:barrier-detector:schema:tracks:1"] = SCHEMA_ID
    version: Literal[1] = 1
    incident_id: UUID
    clip: Annotated[int, Field(ge=1)] = Field(description="number within the incident")
    camera: str
    first_picture_at: AwareDatetime | None = Field(
        description="UTC of the clip's first picture; null for a recording without a date"
    )
    last_picture_at: AwareDatetime | None = Field(description="UTC of the clip's last picture")
    incident_track_ids: tuple[int, ...] = Field(
        description="the tracks the incident is about, as known when the clip was written"
    )
    tracks: tuple[ClipTrack, ...] = Field(description="all that are in a picture, by number")
    pictures: tuple[TracksPicture, ...] = Field(description="by rising time")

    def to_json(self) -> str:
        """One line of JSON."""
        return self.model_dump_json(by_alias=True)


def tracks_schema() -> dict[str, Any]:
    """Give the published JSON Schema (2020-12) of a ``.tracks.json`` file."""
    schema = ClipTracks.model_json_schema(by_alias=True, mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "barrier-detector tracks of a clip 1",
        **{key: value for key, value in schema.items() if key != "title"},
    }
