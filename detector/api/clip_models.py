"""The shapes of answers about clips."""

import json
from typing import Any, Self

from pydantic import AwareDatetime, Field

from detector.api.models import Value, utc
from detector.store.records import ClipRecord, ClipState


class ClipOut(Value):
    """One piece of video of an incident."""

    number: int = Field(description="from 1; the file is `{number}.mp4` beside this list")
    state: ClipState
    begin_at: AwareDatetime | None = Field(description="wanted from then, by this machine's clock")
    end_at: AwareDatetime | None = Field(description="wanted until then, likewise")
    reason: str = Field(description="why there is none; empty unless missing or deleted")
    duration_s: float | None = Field(description="length of the file; null if there never was one")
    width: int | None = Field(description="pixels")
    height: int | None = Field(description="pixels")
    codec: str | None = Field(description="h264 or hevc")
    bytes: int | None
    sha256: str | None = Field(description="of the file")
    first_captured_at: AwareDatetime | None = Field(description="of the first picture")
    last_captured_at: AwareDatetime | None = Field(description="of the last picture")
    gaps_s: list[tuple[float, float]] = Field(
        description="seconds of the clip between which no picture came"
    )
    damaged: int = Field(description="pictures that came damaged")
    tracks_sha256: str | None = Field(
        description="of `{number}.tracks.json`, the boxes of the clip; null where there are none"
    )

    @classmethod
    def of(cls, clip: ClipRecord) -> Self:
        """Show a clip and what is known of its file."""
        known: dict[str, Any] = json.loads(clip.body)
        return cls(
            number=clip.number,
            state=clip.state,
            begin_at=utc(clip.begin_at),
            end_at=utc(clip.end_at),
            reason=known.get("reason", ""),
            duration_s=known.get("duration_s"),
            width=known.get("width"),
            height=known.get("height"),
            codec=known.get("codec"),
            bytes=known.get("bytes"),
            sha256=known.get("sha256"),
            first_captured_at=utc(known.get("first_captured_at")),
            last_captured_at=utc(known.get("last_captured_at")),
            gaps_s=known.get("gaps", []),
            damaged=known.get("damaged", 0),
            tracks_sha256=(known.get("tracks") or {}).get("sha256"),
        )


class ClipList(Value):
    """All clips of an incident in the order of their numbers."""

    clips: list[ClipOut]
