"""Which video is wanted for which incident: a window around each event, joined into pieces.

All times are UTC epoch seconds of this machine's clock, by which packets are kept; the times that
events carry may be the camera's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from detector.events import EVIDENCE_KINDS, VIEW_KINDS, Event, EventKind, Moment

SETTLE_S = 1.5
"""Packets of a piece's last moment may still be on their way so long after it."""
_SHOW_NOTHING = VIEW_KINDS | EVIDENCE_KINDS | {EventKind.INCIDENT}


class RecordSettings(BaseModel):
    """Whether video of incidents is kept, and how much (Frigate's block of the same name)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="keep clips of incidents")
    pre_capture_s: float = Field(default=5.0, ge=0, le=60, description="video before each event")
    post_capture_s: float = Field(default=5.0, ge=0, le=60, description="video after each event")
    piece_s: float = Field(
        default=30.0, gt=0, le=300, description="longest clip; what lasts longer has several"
    )

    @property
    def keep_s(self) -> float:
        """Seconds of packets that must be held until a piece is complete and written."""
        return self.pre_capture_s + self.piece_s + self.post_capture_s + 15.0


@dataclass(frozen=True, slots=True)
class ClipWish:
    """The video one event asks for.

    Attributes:
        event_id: who asks.
        incident_id: whose video it is.
        camera: whose packets.
        at: when the event happened; UTC epoch seconds, this machine's clock.
        begin_at: likewise.
        end_at: likewise.
        piece_s: a piece is not extended beyond this.
    """

    event_id: UUID
    incident_id: UUID
    camera: str
    at: float
    begin_at: float
    end_at: float
    piece_s: float


@dataclass(frozen=True, slots=True)
class Piece:
    """One clip of an incident: its number from 1 on, and its time as in :class:`ClipWish`."""

    number: int
    begin_at: float
    end_at: float


def clip_wishes(
    events: Sequence[Event], moment: Moment, settings: RecordSettings
) -> tuple[ClipWish, ...]:
    """Say which video the events of one frame ask for.

    Every event of a rule asks, updates as well: they extend the video while the incident lasts. The
    end of an incident and events about cameras or evidence ask for nothing.

    Args:
        events: decided on the frame.
        moment: that frame; it dates the events by this machine's clock.
        settings: how much is kept before and after.
    """
    wishes = []
    for event in events:
        if event.data.rule in _SHOW_NOTHING:
            continue
        at = moment.decoded_at - (moment.pts - event.data.pts_s)
        begin_at, end_at = at - settings.pre_capture_s, at + settings.post_capture_s
        data = event.data
        wishes.append(
            ClipWish(
                event.id, data.incident_id, data.camera, at, begin_at, end_at, settings.piece_s
            )
        )
    return tuple(wishes)


def next_piece(last: Piece | None, wish: ClipWish, *, is_open: bool) -> Piece | None:
    """Give the piece to be inserted or extended, None where all that is wished is there.

    Args:
        last: the incident's newest piece; a result with its number replaces it.
        wish: what is asked for.
        is_open: whether ``last`` is still to be written, and so may grow.
    """
    if last is None:
        return Piece(1, wish.begin_at, wish.end_at)
    begin_at, end_at = last.begin_at, max(last.end_at, wish.end_at)
    if last.number == 1:  # before any other lies a piece that shows what came before it
        begin_at = min(begin_at, wish.begin_at)
    touches = wish.begin_at <= last.end_at
    if is_open and touches and end_at - begin_at <= wish.piece_s:
        grown = Piece(last.number, begin_at, end_at)
        return None if grown == last else grown
    if wish.end_at <= last.end_at:
        return None
    return Piece(last.number + 1, max(wish.begin_at, last.end_at), wish.end_at)
