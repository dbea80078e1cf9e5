"""Where a person's feet are, and how big the person is, when boxes flicker and feet are hidden.

A box that suddenly loses its lower part (a bush, a car, another person) keeps its head where it
was, so its feet are taken a usual height below the head until the box is whole again.
"""

from collections import deque
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from detector.types import F64, TrackId, Tracks

_MEMORY_S = 1.0  # a median over this is steady, and a walker's size changes little in it
_HIDDEN_BELOW = 0.8  # of the usual height
_HIDDEN_MAX_S = 3.0  # after that the box is believed: somebody sits
_HEAD_STAYS = 0.15  # of the usual height: the head may move so far in one step


@dataclass(slots=True)
class _Body:
    recent: deque[tuple[float, float]] = field(default_factory=deque)  # (at, height)
    top: float = 0.0
    bottom: float = 0.0
    hidden_since: float | None = None


class Footing:
    """Steady feet and heights of the tracks of one camera; forgets a track when it is gone."""

    def __init__(self) -> None:
        self._bodies: dict[int, _Body] = {}

    def __len__(self) -> int:
        return len(self._bodies)

    def update(self, tracks: Tracks) -> tuple[F64, F64]:
        """Give feet (M, 2) px and heights (M,) px of all tracks of the picture."""
        steady = [
            self._stand(track_id, tracks.at, top, bottom)
            for track_id, (_, top, _, bottom) in zip(
                tracks.track_id.tolist(), tracks.xyxy.tolist(), strict=True
            )
        ]
        self.forget(tracks.gone)
        lowest, heights = np.array(steady, np.float64).reshape(-1, 2).T
        middle = (tracks.xyxy[:, 0] + tracks.xyxy[:, 2]).astype(np.float64) / 2
        return np.stack([middle, lowest], axis=1), heights

    def forget(self, gone: tuple[TrackId, ...]) -> None:
        """Drop what is known of tracks that never come back."""
        for track_id in gone:
            self._bodies.pop(track_id, None)

    def clear(self) -> None:
        """Drop everything."""
        self._bodies.clear()

    def _stand(self, track_id: int, at: float, top: float, bottom: float) -> tuple[float, float]:
        """Give the y of the feet and the usual height."""
        body = self._bodies.setdefault(track_id, _Body())
        height = bottom - top
        usual = median(h for _, h in body.recent) if body.recent else height
        if self._is_hidden(body, at, (top, bottom), usual):
            body.top = top
            return top + usual, usual
        if body.hidden_since is not None:
            body.hidden_since = None
            if height < _HIDDEN_BELOW * usual:
                body.recent.clear()
        body.top, body.bottom = top, bottom
        body.recent.append((at, height))
        while at - body.recent[0][0] > _MEMORY_S:
            body.recent.popleft()
        return bottom, median(h for _, h in body.recent)

    @staticmethod
    def _is_hidden(body: _Body, at: float, edges: tuple[float, float], usual: float) -> bool:
        """Tell whether the lower part is missing, and note since when."""
        top, bottom = edges
        if not body.recent or bottom - top >= _HIDDEN_BELOW * usual:
            return False
        if body.hidden_since is not None:
            return at - body.hidden_since <= _HIDDEN_MAX_S
        head_stayed = abs(top - body.top) <= _HEAD_STAYS * usual
        feet_rose = body.bottom - bottom > max(_HEAD_STAYS * usual, top - body.top)
        if not (head_stayed and feet_rose and at - body.recent[-1][0] <= _MEMORY_S):
            return False
        body.hidden_since = at
        return True
