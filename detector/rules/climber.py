"""What is remembered of somebody who may be climbing: stances on the way up, and on the ground."""

from collections import deque
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from detector.rules.base import Episode
from detector.rules.line import Place

RISING_S = 1.0  # moving up is judged over this time
_MEMORY_S = 10.0  # how long ago somebody may have stood at the foot of the barrier


@dataclass(frozen=True, slots=True)
class Stance:
    """One person at one moment, measured by the barrier.

    Attributes:
        place: with the sighting.
        feet_m: feet over the foot line, NaN beside the barrier.
        head_m: head over the top line, NaN beside it and without one.
        middle_m: middle of the box over the top line, NaN likewise.
        barrier_m: height of the barrier, NaN likewise.
        wall_m: feet below the top line of a solid wall while on its face, NaN otherwise.
        height_px: of the box.
        expected_px: of a person standing there, NaN without calibration.
    """

    place: Place
    feet_m: float
    head_m: float
    middle_m: float
    barrier_m: float
    wall_m: float
    height_px: float
    expected_px: float


@dataclass(slots=True)
class Climber:
    """Somebody near the barrier, climbing or not."""

    recent: deque[Stance] = field(default_factory=deque)  # the last second
    ground: deque[Stance] = field(default_factory=deque)  # at the barrier, the last ten
    was_below: bool = False  # was at the barrier before, however long ago
    votes: int = 0  # observations in a row that say it began
    episode: Episode | None = None
    base: Stance | None = None
    from_behind: bool = True  # behind the foot line as the camera sees it
    side: int = 0  # where it began, 0 where nobody saw that
    on_top: bool = False
    in_front: int = 0  # observations in a row
    shrunk: int = 0
    landed_s: float | None = None

    def add(self, now: Stance, strip_m: float) -> None:
        """Remember the last second, and the last time at the barrier while not climbing."""
        self.recent.append(now)
        if self.episode is None and now.place.distance_m <= strip_m and not np.isnan(now.feet_m):
            self.ground.append(now)
            self.was_below = True
        at = now.place.sighting.at
        for stances, memory_s in ((self.recent, RISING_S), (self.ground, _MEMORY_S)):
            while stances and at - stances[0].place.sighting.at > memory_s:
                stances.popleft()

    @property
    def started_behind(self) -> bool:
        """Tell where somebody came from; the newer stances may be on the way up already."""
        older = list(self.ground)[: len(self.ground) // 2 + 1]
        return median(stance.feet_m for stance in older) > 0

    @property
    def height_px(self) -> float:
        """Height of the box, the median of the last second."""
        return median(stance.height_px for stance in self.recent)
