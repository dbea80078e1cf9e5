"""The shapes of requests and answers about holds."""

from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from detector.api.models import Value, utc
from detector.store import Hold

_REASON = Field(min_length=1, max_length=1000, description="why; it stands in the custody log")
_BY = Field(default="", max_length=100, description="your name for the record")


class _In(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class HoldIn(_In):
    """Keep the evidence of an incident."""

    reason: str = _REASON
    by: str = _BY
    expires_at: AwareDatetime | None = Field(
        default=None, description="until then; without it until it is released"
    )


class ReleaseIn(_In):
    """End a hold."""

    reason: str = _REASON
    by: str = _BY


class HoldOut(Value):
    """Why the evidence of an incident is kept."""

    incident_id: UUID
    reason: str
    by: str = Field(description="who ordered it")
    at: AwareDatetime | None = Field(description="since when")
    expires_at: AwareDatetime | None = Field(description="until when; null until it is released")

    @classmethod
    def of(cls, hold: Hold) -> Self:
        """Show a hold."""
        return cls(
            incident_id=hold.incident_id,
            reason=hold.reason,
            by=hold.by,
            at=utc(hold.at),
            expires_at=utc(hold.expires_at),
        )


class HoldList(Value):
    """All holds in force, the oldest first."""

    holds: list[HoldOut]
