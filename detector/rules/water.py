"""What rules about the water share: their settings, and how far onto land somebody is."""

import numpy as np

from detector.geometry import distances_to_segments
from detector.rules.base import ZoneRuleSettings
from detector.scene import Scene, Zone
from detector.types import F64

_PIECES = 32  # of each edge: straight in the picture, measured on the ground


class WaterRuleSettings(ZoneRuleSettings):
    """A rule about a zone of ``kind: water``, named by its key."""


class Shore:
    """The border of a zone of water, as far as it is on the ground."""

    def __init__(self, scene: Scene, zone: Zone) -> None:
        self._scene = scene
        corners = zone.polygon
        along = np.linspace(0.0, 1.0, _PIECES + 1)[None, :, None]
        lines = corners[:, None] + along * (np.roll(corners, -1, axis=0) - corners)[:, None]
        plane = scene.ground.plane(lines.reshape(-1, 2)).reshape(lines.shape)
        start, stop = plane[:, :-1].reshape(-1, 2), plane[:, 1:].reshape(-1, 2)
        on_ground = np.isfinite(start).all(axis=1) & np.isfinite(stop).all(axis=1)
        self._start, self._stop = start[on_ground], stop[on_ground]

    def away_m(self, feet: F64, scale: F64) -> F64:
        """Metres from feet (N, 2) to the nearest shore: (N,), NaN where one is above the horizon.

        ``scale`` is (N,) px per metre as the scene gives it.
        """
        plane = self._scene.ground.plane(feet)
        metres = distances_to_segments(plane, self._start, self._stop)
        return np.asarray(metres * self._scene.ground.metres(scale))
