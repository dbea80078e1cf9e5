"""The shapes of answers about how much was watched, and of counts with it beside them."""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field

from detector.api.models import Value
from detector.events import EventKind
from detector.incidents.coverage import Coverage, WatchSpan, WatchState

Seconds = Annotated[float, Field(ge=0)]


def utc_date(epoch_s: float) -> datetime:
    """Turn UTC epoch seconds into a date."""
    return datetime.fromtimestamp(epoch_s, UTC)


class ReasonSeconds(Value):
    """How long a camera was in a state for one reason."""

    state: WatchState
    reason: str = Field(description="in a word; empty while watched and where nothing is known")
    seconds: Seconds


class WatchSpanOut(Value):
    """A time in which a camera's state was the same."""

    state: WatchState
    reason: str
    began_at: AwareDatetime
    ended_at: AwareDatetime

    @classmethod
    def of(cls, span: WatchSpan) -> Self:
        """Show a span."""
        return cls(
            state=span.state,
            reason=span.reason,
            began_at=utc_date(span.began_at),
            ended_at=utc_date(span.ended_at),
        )


class CoverageOut(Value):
    """How a camera watched in a window; the four sums make up the window."""

    camera: str
    after: AwareDatetime
    before: AwareDatetime
    window_s: Seconds
    watched_s: Seconds
    degraded_s: Seconds = Field(description="seen, but worse than usual")
    blind_s: Seconds = Field(description="nobody would have been seen")
    unknown_s: Seconds = Field(description="nothing is written about it")
    reasons: list[ReasonSeconds] = Field(description="the same seconds by reason, longest first")

    @classmethod
    def of(cls, camera: str, found: Coverage) -> Self:
        """Sum up."""
        seconds = found.seconds()
        by_state = {
            state: round(sum(s for (of, _), s in seconds.items() if of is state), 3)
            for state in WatchState
        }
        reasons = [
            ReasonSeconds(state=state, reason=reason, seconds=round(value, 3))
            for (state, reason), value in sorted(seconds.items(), key=lambda item: -item[1])
        ]
        return cls(
            camera=camera,
            after=utc_date(found.after),
            before=utc_date(found.before),
            window_s=round(found.before - found.after, 3),
            watched_s=by_state[WatchState.WATCHED],
            degraded_s=by_state[WatchState.DEGRADED],
            blind_s=by_state[WatchState.BLIND],
            unknown_s=by_state[WatchState.UNKNOWN],
            reasons=reasons,
        )


class CameraCoverageOut(CoverageOut):
    """How one camera watched in a window, with the spans that make it up."""

    spans: list[WatchSpanOut] = Field(description="in order, without gap and overlap")

    @classmethod
    def with_spans(cls, camera: str, found: Coverage) -> Self:
        """Sum up, and show the spans."""
        summed = CoverageOut.of(camera, found).model_dump()
        return cls(**summed, spans=[WatchSpanOut.of(span) for span in found.spans])


class CoverageList(Value):
    """How all cameras watched, in the order of the configuration."""

    cameras: list[CoverageOut]


class EventCountOut(Value):
    """How often something began in the window."""

    camera: str
    rule: EventKind
    count: int = Field(ge=1)


class EventCounts(Value):
    """What began in a window, and how much of it each camera watched.

    A camera that saw nothing has no count: its coverage says whether it would have seen something.
    """

    after: AwareDatetime
    before: AwareDatetime
    counts: list[EventCountOut]
    coverage: list[CoverageOut]
