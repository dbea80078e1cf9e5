"""The clips of a recording: the pieces that the store would choose for a live camera."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from detector.incidents.clip_plan import SETTLE_S, ClipWish, Piece, next_piece


@dataclass(frozen=True, slots=True)
class PlannedClip:
    """One clip that is wanted of a recording; all times are seconds from its first picture.

    Attributes:
        incident_id: whose clip.
        piece: its number and its time, which may reach beyond the recording on both sides.
        moments: the events that asked for it; it must show one of them.
    """

    incident_id: UUID
    piece: Piece
    moments: tuple[float, ...]


class RecordingClips:
    """Collects what the events of one recording ask for."""

    def __init__(self) -> None:
        self._planned: dict[UUID, list[PlannedClip]] = {}

    def want(self, wishes: Sequence[ClipWish], now_s: float) -> None:
        """Take the wishes of the events that were decided at ``now_s``, seconds of the recording.

        A piece may grow until a live one would have been written.
        """
        for wish in wishes:
            self._want(wish, now_s)

    def planned(self) -> tuple[PlannedClip, ...]:
        """Give all clips, each incident's in their order."""
        return tuple(clip for clips in self._planned.values() for clip in clips)

    def _want(self, wish: ClipWish, now_s: float) -> None:
        theirs = self._planned.setdefault(wish.incident_id, [])
        last = theirs[-1] if theirs else None
        is_open = last is not None and now_s < last.piece.end_at + SETTLE_S
        piece = next_piece(last.piece if last else None, wish, is_open=is_open)
        if last is not None and (piece is None or piece.number == last.piece.number):
            if is_open:
                moments = (*last.moments, wish.at)
                theirs[-1] = replace(last, piece=piece or last.piece, moments=moments)
            return
        if piece is not None:
            # As in the store: what goes on with an earlier piece shows the event from its begin on
            moments = (max(wish.at, piece.begin_at),)
            theirs.append(PlannedClip(wish.incident_id, piece, moments))
