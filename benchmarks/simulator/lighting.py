"""Light of an hour and a sensor: sun, sky, haze, infrared lamp."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

Sensor = Literal["day", "overcast", "dusk", "nir", "thermal"]
RGB = tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """Linear light; `mode` 0 colour, 1 near infrared, 2 thermal; `soft_m` blurs the sun's shadow."""

    mode: int
    sun_dir: RGB
    sun_rgb: RGB
    sky_rgb: RGB
    bounce_rgb: RGB
    zenith: RGB
    horizon: RGB
    cloud_rgb: RGB
    clouds: float = 0.3
    soft_m: float = 0.03
    fog_rgb: RGB = (0.7, 0.75, 0.8)
    fog_per_m: float = 0.0008
    lamp: float = 0.0
    lamp_reach_m: float = 20.0


def _scaled(rgb: RGB, by: float) -> RGB:
    return (rgb[0] * by, rgb[1] * by, rgb[2] * by)


def sun_direction(azimuth_deg: float, elevation_deg: float) -> RGB:
    """Unit vector towards the sun; azimuth from the world's x axis, counterclockwise."""
    a, e = np.radians(azimuth_deg), np.radians(elevation_deg)
    return (float(np.cos(a) * np.cos(e)), float(np.sin(a) * np.cos(e)), float(np.sin(e)))


def light_of(
    sensor: Sensor, azimuth_deg: float, elevation_deg: float, fog_per_m: float = 0.0
) -> Light:
    """Makes the light of a sensor and hour; fog adds to the clear air's haze."""
    towards = sun_direction(azimuth_deg, elevation_deg)
    if sensor == "day":
        low = float(np.clip((25 - elevation_deg) / 25, 0, 1))
        sun = _scaled((1.0, 0.93 - 0.18 * low, 0.82 - 0.38 * low), 2.7 - 0.9 * low)
        light = Light(0, towards, sun, (0.52, 0.64, 0.85), (0.26, 0.25, 0.20), (0.22, 0.42, 0.85),
                      (0.75, 0.85, 0.98), (1.15, 1.12, 1.08), fog_rgb=(0.62, 0.70, 0.82))  # fmt: skip
    elif sensor == "overcast":
        towards = sun_direction(azimuth_deg, 74)
        light = Light(0, towards, (0.62, 0.63, 0.65), (0.62, 0.65, 0.70), (0.20, 0.20, 0.18), (0.80, 0.84, 0.90),
                      (0.95, 0.97, 1.0), (0.9, 0.92, 0.95), 0.9, 0.55, (0.72, 0.75, 0.79), 0.0015)  # fmt: skip
    elif sensor == "dusk":
        towards = sun_direction(azimuth_deg, 60)
        light = Light(0, towards, (0.05, 0.055, 0.075), (0.075, 0.088, 0.125), (0.022, 0.022, 0.026), (0.035, 0.055, 0.12),
                      (0.16, 0.12, 0.11), (0.07, 0.065, 0.08), 0.5, 0.6, (0.08, 0.085, 0.10), 0.0015)  # fmt: skip
    elif sensor == "nir":
        dark: RGB = (0.0, 0.0, 0.0)
        light = Light(1, towards, dark, (0.012,) * 3, (0.006,) * 3, (0.004,) * 3, (0.008,) * 3, (0.006,) * 3,
                      0.3, 0.03, (0.05,) * 3, 0.0012, 1.6, 22.0)  # fmt: skip
    else:
        dark = (0.0, 0.0, 0.0)
        light = Light(2, towards, dark, dark, dark, (0.02,) * 3, (0.16,) * 3, (0.10,) * 3, 0.3, 0.03,
                      (0.28,) * 3, 0.0025)  # fmt: skip
    return replace(light, fog_per_m=light.fog_per_m + fog_per_m)
