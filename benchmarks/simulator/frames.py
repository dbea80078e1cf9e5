"""What the renderer takes and gives: moving things, an instant's changes, a shot."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.meshes import Mesh


@dataclass(frozen=True)
class Drawable:
    """Something that moves: a posed mesh and its identity in the mask, 0 for none."""

    mesh: Mesh
    identity: int


@dataclass(frozen=True)
class Instant:
    """What changes from frame to frame besides the figures.

    A spot is a car's headlight; `swimmers` are the ground points of who stirs the water.
    """

    t_s: float = 0.0
    sway: float = 0.0
    drift: float = 0.0
    spot_pos: tuple[float, float, float] = (0.0, 0.0, 0.0)
    spot_dir: tuple[float, float, float] = (1.0, 0.0, 0.0)
    spot_rgb: tuple[float, float, float] = (0.0, 0.0, 0.0)
    swimmers: tuple[tuple[float, float], ...] = ()

    @property
    def changes_everything(self) -> bool:
        """Whether the static world looks different from how it was baked."""
        return self.sway > 0 or self.drift > 0 or max(self.spot_rgb) > 0


@dataclass(frozen=True)
class Shot:
    """A rendered frame: linear light (H, W, 3) and the identity mask at supersampled size."""

    linear: NDArray[np.float32]
    identities: NDArray[np.uint8]


def patched(still: Shot, part: Shot, corner_px: tuple[int, int], scale: int) -> Shot:
    """A still picture of nobody with a part of it replaced, whose upper left corner is given."""
    linear, identities = still.linear.copy(), np.zeros_like(still.identities)
    for target, source, k in (
        (linear, part.linear, 1),
        (identities, part.identities, scale),
    ):
        x, y = corner_px[0] * k, corner_px[1] * k
        target[y : y + source.shape[0], x : x + source.shape[1]] = source
    return Shot(linear, identities)
