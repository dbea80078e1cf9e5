"""Who is where from a barrier, and who has cut its line.

A person has crossed when the anchor was beyond the band (``past_m``) on one side, the straight
way between two observations cut the drawn line, and ``observations`` in a row were beyond the band
on the other side. Everything nearer is undecided, so flicker and swaying on the line count for
nothing, and a way around an end changes the side without a crossing.

On a see-through fence a climber's feet seem to be behind it. Who is too tall for that has not
crossed yet, and feet that are seen on its face have to look like standing behind it for a while.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from detector.geometry import last_cuts
from detector.rules.base import Sighting, sightings
from detector.rules.footing import Footing
from detector.rules.hanging import FenceFaces, Foothold
from detector.scene import Barrier, Scene
from detector.types import ObjectClass, TrackId, Tracks, Xy

CrossingDirection = Literal["left_to_right", "right_to_left"]
PAST_M = 0.3
OBSERVATIONS = 3
_HEIR_S = 1.0
_HEIR_M = 1.5
_ON_FACE_S = 2.0  # a climber passes faster through where climbing and standing look the same


class Place(NamedTuple):
    """A person and where from the barrier.

    Attributes:
        sighting: with steady feet.
        distance_m: to the nearest point of the barrier, NaN where the feet are no ground.
        side: +1 left, -1 right, 0 unknown.
        scale: px per metre there.
        foothold: what the feet are on.
    """

    sighting: Sighting
    distance_m: float
    side: int
    scale: float
    foothold: Foothold


class BarrierView:
    """Places persons by one barrier."""

    def __init__(self, scene: Scene, barrier: Barrier) -> None:
        self._scene = scene
        self._barrier = barrier
        self._footing = Footing()
        self._faces = FenceFaces(scene, barrier)

    def update(self, tracks: Tracks) -> list[Place]:
        """Give the place of every person of the picture."""
        persons = np.flatnonzero(tracks.class_id == ObjectClass.PERSON)
        only = replace(
            tracks,
            xyxy=tracks.xyxy[persons],
            confidence=tracks.confidence[persons],
            class_id=tracks.class_id[persons],
            track_id=tracks.track_id[persons],
            stir=tracks.stir[persons],
        )
        feet, heights = self._footing.update(only)
        boxes = np.array(only.xyxy, np.float64)
        boxes[:, 1], boxes[:, 3] = feet[:, 1] - heights, feet[:, 1]
        scale = self._scene.scale(boxes, only.class_id)
        offsets = self._scene.offsets(self._barrier, feet, scale)
        distance = offsets.distance
        if not self._barrier.settings.see_through:
            distance = np.where(self._barrier.on_face(feet), np.nan, distance)
        footholds = self._faces.update(only.track_id.tolist(), feet, heights, tracks.gone)
        hanging = [foothold is Foothold.FENCE for foothold in footholds]
        distance = np.where(np.array(hanging, bool), np.nan, distance)
        rows = zip(
            sightings(only, ObjectClass.PERSON),
            feet.tolist(),
            distance.tolist(),
            offsets.side.tolist(),
            scale.tolist(),
            footholds,
            strict=True,
        )
        return [
            Place(replace(sighting, foot=(x, y)), metres, side, px, foothold)
            for sighting, (x, y), metres, side, px, foothold in rows
        ]

    def clear(self) -> None:
        """Forget all tracks."""
        self._footing.clear()
        self._faces.clear()


class Cut(NamedTuple):
    """Somebody crossed the line.

    Attributes:
        at: when the way cut it, between two observations.
        side_from: +1 left, -1 right.
        side_to: the other one.
        observations: in a row past the band.
        place: where the person is now.
    """

    at: float
    side_from: int
    side_to: int
    observations: int
    place: Place

    @property
    def direction(self) -> CrossingDirection:
        """Seen walking from the first to the last point of the barrier."""
        return "left_to_right" if self.side_from > 0 else "right_to_left"


@dataclass(slots=True)
class _Walker:
    at: float
    foot: Xy
    sign: int = 0  # of the last observation off the line
    side: int = 0  # last side beyond the band, 0 = never yet
    past: int = 0  # observations in a row beyond the band on the other side
    past_since: float = 0.0  # the first of them
    cut_at: float | None = None
    parent: TrackId | None = None  # whose history this is, while that may come back
    own_side: int = 0  # side without that history


class LineWatch:
    """Finds the crossings of one barrier; forgets a track when it is gone.

    Attributes:
        past_m: half the undecided band.
        adopted: tracks that began with this picture, with the lost track they take over from.
    """

    def __init__(
        self, barrier: Barrier, past_m: float = PAST_M, observations: int = OBSERVATIONS
    ) -> None:
        self._barrier = barrier
        self.past_m = past_m
        self.adopted: dict[TrackId, TrackId] = {}
        self._observations = observations
        self._walkers: dict[TrackId, _Walker] = {}

    def __len__(self) -> int:
        return len(self._walkers)

    def update(self, places: Sequence[Place], gone: tuple[TrackId, ...]) -> dict[TrackId, Cut]:
        """Take the places of the next picture; give who has crossed."""
        seen = {place.sighting.track_id for place in places}
        self.adopted = {}
        self._disinherit(seen)
        cuts = {}
        for place in places:
            track_id = place.sighting.track_id
            walker = self._walkers.get(track_id)
            if np.isnan(place.distance_m):
                if walker is not None:
                    walker.past = 0
                continue
            if walker is None:
                walker = self._walkers[track_id] = self._arrive(place, seen)
            cut = self._step(walker, place)
            if cut is not None:
                cuts[track_id] = cut
        for track_id in gone:
            self._walkers.pop(track_id, None)
        return cuts

    def clear(self) -> None:
        """Forget all tracks."""
        self._walkers.clear()

    def _arrive(self, place: Place, seen: set[TrackId]) -> _Walker:
        """Begin a track; it takes over from one that was lost just here and just now.

        Trackers give a new id most often where it matters: where a person climbs, jumps or meets
        another one at the line.
        """
        now = place.sighting
        heirs = {walker.parent for walker in self._walkers.values()}
        near = [
            (float(np.hypot(now.foot[0] - w.foot[0], now.foot[1] - w.foot[1])), track_id)
            for track_id, w in self._walkers.items()
            if track_id not in seen and track_id not in heirs and now.at - w.at <= _HEIR_S
        ]
        gap, parent = min(near, default=(np.inf, None))
        if parent is None or gap > _HEIR_M * place.scale:
            return _Walker(now.at, now.foot)
        self.adopted[now.track_id] = parent
        return replace(self._walkers[parent], parent=parent, own_side=0)

    def _disinherit(self, seen: set[TrackId]) -> None:
        """Give back the history of those whose supposed former self is there again."""
        for walker in self._walkers.values():
            if walker.parent in seen:
                walker.parent, walker.side, walker.past = None, walker.own_side, 0
                walker.cut_at = None

    def _step(self, walker: _Walker, place: Place) -> Cut | None:
        at, foot = place.sighting.at, place.sighting.foot
        sign = place.side or walker.sign
        if walker.sign and sign != walker.sign:
            share = last_cuts([walker.foot], [foot], self._barrier.points)[0]
            walker.cut_at = None if np.isnan(share) else walker.at + share * (at - walker.at)
        walker.at, walker.foot, walker.sign = at, foot, sign
        if place.distance_m >= self.past_m:
            walker.own_side = walker.own_side or sign
            walker.side = walker.side or sign
        if sign == walker.side:
            walker.past = 0
        elif place.distance_m >= self.past_m:
            walker.past_since = walker.past_since if walker.past else at
            walker.past += 1
        unsure = place.foothold is Foothold.FACE and at - walker.past_since < _ON_FACE_S
        if walker.past < self._observations or unsure:
            return None
        side_from, cut_at, past = walker.side, walker.cut_at, walker.past
        walker.side, walker.past, walker.cut_at = sign, 0, None
        if cut_at is None:
            return None
        return Cut(float(cut_at), side_from, sign, past, place)
