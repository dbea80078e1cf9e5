"""Where a river is, and what its banks do to the ground and the plants."""

from collections.abc import Iterable

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from benchmarks.simulator.meshes import Kind, Mesh
from benchmarks.simulator.terrain import Band

EDGE_M = 0.3  # the water's edge wavers by this much
_SHORE_M = 0.9
_PLANTS = (int(Kind.LEAF), int(Kind.BARK))
_HIGH_M, _WIDE_M = 0.7, 20.0  # a single tree or bush is higher, and less wide than a meadow


class RiverSpec(BaseModel):
    """A band of water along the barrier; its surface is level with the ground."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    y0_m: float
    y1_m: float

    @model_validator(mode="after")
    def _has_width(self) -> "RiverSpec":
        if self.y1_m - self.y0_m < 1.0:
            raise ValueError(
                f"y1_m: expected at least 1 m above y0_m ({self.y0_m:g}), found {self.y1_m:g}"
            )
        return self

    def inside_m(self, y_m: float) -> float:
        """How far a point is from the nearer bank, metres; negative on land."""
        return min(y_m - self.y0_m, self.y1_m - y_m)


def shores(river: RiverSpec | None) -> tuple[Band, ...]:
    """Bare wet ground along both banks and under the water."""
    if river is None:
        return ()
    return (Band("mud", river.y0_m - _SHORE_M, river.y1_m + _SHORE_M, 0.6),)


def grown_on_land(parts: Iterable[Mesh], river: RiverSpec | None) -> list[Mesh]:
    """Leaves out plants that would stand in the water: high ones as a whole, grass by the blade."""
    if river is None:
        return list(parts)
    return [_on_land(part, river) for part in parts]


def _on_land(part: Mesh, river: RiverSpec) -> Mesh:
    if len(part) == 0 or not np.isin(part["col"][:, 3], _PLANTS).all():
        return part
    z, y = part["pos"][:, 2], part["pos"][:, 1]
    width = float(np.ptp(part["pos"][:, 0]))
    if float(z.max()) > _HIGH_M and width < _WIDE_M:
        return part if river.inside_m(float(y.mean())) < -EDGE_M else part[:0]
    blades = y.reshape(-1, 3).mean(1)
    dry = (blades < river.y0_m - EDGE_M) | (blades > river.y1_m + EDGE_M)
    return np.asarray(part[np.repeat(dry, 3)])
