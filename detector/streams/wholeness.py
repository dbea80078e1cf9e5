"""Tells pictures that are as the camera took them from those that build on lost or damaged ones.

FFmpeg marks a picture whose own bits are damaged. What is decoded from it afterwards looks just as
wrong and is not marked, up to the next key frame; a picture that never arrived is replaced by the
one before without a word.
"""

from collections import deque

from detector.streams.frame_numbers import FrameNumbers

_PENDING = 64  # more pictures than any decoder holds back


class Wholeness:
    """Follows the packets of one connection and judges the pictures that come out of them.

    A key frame makes whole again. Pictures shown before the key frame that they follow in the
    stream (open groups) may build on the group before it, and are judged with that.

    A stream without key frames (intra refresh) is whole again when it has been refreshed once from
    a point of recovery on; FFmpeg calls the packet there a key frame. It gives out nothing before
    that when it begins in the middle of such a stream.

    Damage that is only seen when a picture comes out cannot be known of B-frames that were given
    out before it.

    Args:
        numbers: finds pictures that never arrived.
    """

    def __init__(self, numbers: FrameNumbers) -> None:
        self._numbers = numbers
        self._broken = self._was_broken = False
        self._key_pts: int | None = None
        self._refreshed_in: int | None = None  # pictures; None: no refresh has begun since a loss
        self.refreshes = False
        """The stream is refreshed piece by piece: what FFmpeg calls key frames shows parts only."""
        self._pending: deque[tuple[int | None, bool]] = deque(maxlen=_PENDING)

    def packet(self, data: bytes, pts: int | None, *, is_key: bool) -> None:
        """Take a packet that is about to be decoded."""
        missing = self._numbers.missing(data)
        after = self._numbers.refreshed_after(data) if is_key else 0
        if is_key and not after:
            self._was_broken, self._broken, self._key_pts = self._broken, False, pts
        elif missing:
            self._break()
        self._refresh(after)
        before_key = pts is not None and self._key_pts is not None and pts < self._key_pts
        self._pending.append((pts, self._broken or (before_key and self._was_broken)))

    def undecodable(self) -> None:
        """Note that the newest packet gave no picture, or not a whole one."""
        self._break()

    def picture(self, pts: int | None, *, is_damaged: bool) -> bool:
        """Whether the picture that came out is whole; ``is_damaged``: the decoder says it is not.

        Damage spreads to what was decoded after it, in pictures that are still to come out.
        """
        at = next((i for i, (own, _) in enumerate(self._pending) if own == pts), None)
        broken = self._broken if at is None else self._pending[at][1]
        if is_damaged:
            self._spread(0 if at is None else at)
        if at is not None:
            del self._pending[at]
        return not (broken or is_damaged)

    def _spread(self, first: int) -> None:
        """Everything after a damaged picture is broken, up to the next key frame in the queue."""
        for i in range(first, len(self._pending)):
            pts, _ = self._pending[i]
            if i > first and pts is not None and pts == self._key_pts:
                return
            self._pending[i] = (pts, True)
        self._break()

    def _break(self) -> None:
        self._broken, self._refreshed_in = True, None

    def _refresh(self, after: int) -> None:
        """Count the pictures of a refresh; ``after``: how many one needs that begins now."""
        self.refreshes = self.refreshes or after > 0
        if not self._broken:
            self._refreshed_in = None
        elif self._refreshed_in is None:
            self._refreshed_in = after or None
        elif self._numbers.counted:
            self._refreshed_in -= 1
            if not self._refreshed_in:
                self._broken, self._refreshed_in = False, None
