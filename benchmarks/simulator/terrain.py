"""The ground as one painted map: grass, dirt strip, road, river, tracks and patches."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

MAP_PX_PER_M = 10.0
EXTENT = (-40.0, 120.0, -45.0, 45.0)  # x0, x1, y0, y1 in metres

_SOILS = {
    "grass": (0.325, 0.335, 0.20),
    "dry": (0.47, 0.42, 0.28),
    "dirt": (0.40, 0.345, 0.275),
    "sand": (0.58, 0.51, 0.38),
    "gravel": (0.44, 0.43, 0.40),
    "asphalt": (0.22, 0.22, 0.23),
    "concrete": (0.52, 0.51, 0.48),
    "snow": (0.82, 0.84, 0.87),
    "forest": (0.25, 0.20, 0.13),
    "mud": (0.26, 0.22, 0.175),
}
SOILS = tuple(_SOILS)
_NIR = {"grass": 0.55, "dry": 0.5, "forest": 0.42, "snow": 0.85, "asphalt": 0.34, "mud": 0.37}
_SOIL_NIR = 0.44


@dataclass(frozen=True)
class Band:
    """A band of ground along the barrier: `soil` from y0 to y1 metres, edges soft by `edge_m`."""

    soil: str
    y0_m: float
    y1_m: float
    edge_m: float = 0.5


def fractal(
    shape: tuple[int, int], rng: np.random.Generator, coarse: int, octaves: int = 5
) -> NDArray[np.float32]:
    """Smooth noise of mean 0 and about unit spread; `coarse` cells across the longer side."""
    out = np.zeros(shape, np.float32)
    longest = max(shape)
    for octave in range(octaves):
        cells = coarse * 2**octave
        grid = (max(2, shape[0] * cells // longest + 2), max(2, shape[1] * cells // longest + 2))
        if min(grid) > min(shape):
            break
        layer = rng.standard_normal(grid).astype(np.float32)
        out += cv2.resize(layer, shape[::-1], interpolation=cv2.INTER_CUBIC) * 0.62**octave
    return out / max(float(out.std()), 1e-6)


def ground_map(base: str, bands: tuple[Band, ...], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Paints the map (rows along y, columns along x): sRGB colour and near-infrared reflectance."""
    x0, x1, y0, y1 = EXTENT
    shape = (int((y1 - y0) * MAP_PX_PER_M), int((x1 - x0) * MAP_PX_PER_M))
    y = (np.arange(shape[0], dtype=np.float32) / MAP_PX_PER_M + y0)[:, None]
    large, fine = fractal(shape, rng, 12, 5), fractal(shape, rng, 120, 4)
    image = np.empty((*shape, 4), np.float32)
    image[:] = (*_SOILS[base], _NIR.get(base, _SOIL_NIR))
    if base in ("grass", "dry"):
        other = np.array([*_SOILS["dry" if base == "grass" else "dirt"], 0.45], np.float32)
        share = np.clip(large * 0.35 + fine * 0.15 + 0.25, 0, 1)[..., None]
        image += (other - image) * share * 0.8
    for band in bands:
        wobble = (large * 0.5 + fine * 0.3) * band.edge_m
        inside = np.clip((y + wobble - band.y0_m) / band.edge_m + 0.5, 0, 1)
        inside *= np.clip((band.y1_m - y - wobble) / band.edge_m + 0.5, 0, 1)
        colour = np.array([*_SOILS[band.soil], _NIR.get(band.soil, _SOIL_NIR)], np.float32)
        image += (colour - image) * inside[..., None]
        if band.soil in ("dirt", "sand", "gravel", "mud") and band.y1_m - band.y0_m > 2.2:
            middle = (band.y0_m + band.y1_m) / 2
            for wheel in (-0.8, 0.8):
                rut = np.exp(-(((y + wobble * 0.4 - middle - wheel) / 0.22) ** 2)) * inside
                image *= 1 - 0.22 * rut[..., None]
    rough = 0.35 if base in ("snow", "asphalt", "concrete") else 1.0
    image *= (1 + 0.05 * rough * large + 0.10 * rough * fine)[..., None].clip(0.5, 1.6)
    return np.round(image.clip(0, 1) * 255).astype(np.uint8)


def colour_at(ground: NDArray[np.uint8], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """The map's sRGB colour (N, 3), 0..1, at ground points (N, 2) in metres."""
    x0, _, y0, _ = EXTENT
    cell = np.floor((at - np.array([x0, y0])) * MAP_PX_PER_M).astype(int)
    limit = np.array(ground.shape[1::-1]) - 1
    column, row = np.clip(cell, 0, limit).T
    return np.asarray(ground[row, column, :3] / 255.0)
