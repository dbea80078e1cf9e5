"""Who hangs on a see-through fence, and who stands behind it.

Both have their feet on the fence's face in the picture. Who stands there is as small as the ground
there makes people; who hangs on the fence is as tall as at its foot. So a person's own stature is
learnt from where the feet are surely on the ground, and held against the height on the face.
"""

from collections import deque
from collections.abc import Iterable
from enum import Enum, auto
from statistics import median

import numpy as np

from detector.scene import Barrier, Scene
from detector.types import F64, TrackId

_TALLER = 1.05  # than somebody of this stature who stands there; boxes are not more certain
_REMEMBERED = 30  # observations that a stature is the median of


class Foothold(Enum):
    """What a person's feet are on."""

    GROUND = auto()  # or nothing is known that says otherwise
    FACE = auto()  # seen on the fence's face, as small as somebody behind it
    FENCE = auto()  # seen there, and too tall for that


class FenceFaces:
    """Tells footholds at one barrier; forgets a track when it is gone."""

    def __init__(self, scene: Scene, barrier: Barrier) -> None:
        self._scene = scene
        self._barrier = barrier
        self._statures: dict[int, deque[float]] = {}

    def __len__(self) -> int:
        return len(self._statures)

    def update(
        self, track_ids: list[int], feet: F64, heights: F64, gone: Iterable[TrackId]
    ) -> list[Foothold]:
        """Take feet (N, 2) px and steady heights (N,) px of the persons of a picture."""
        for track_id in gone:
            self._statures.pop(track_id, None)
        if not (self._barrier.settings.see_through and len(self._barrier.top)):
            return [Foothold.GROUND] * len(track_ids)
        relative = heights / self._scene.expected_height_px(feet)
        on_face = self._barrier.on_face(feet)
        rows = zip(track_ids, relative.tolist(), on_face.tolist(), strict=True)
        return [self._foothold(*row) for row in rows]

    def clear(self) -> None:
        """Forget all tracks."""
        self._statures.clear()

    def _foothold(self, track_id: int, relative: float, on_face: bool) -> Foothold:  # noqa: FBT001
        if np.isnan(relative):
            return Foothold.GROUND
        seen = self._statures.setdefault(track_id, deque(maxlen=_REMEMBERED))
        if not on_face:
            seen.append(relative)
            return Foothold.GROUND
        stature = median(seen) if seen else 1.0
        return Foothold.FENCE if relative > _TALLER * stature else Foothold.FACE
