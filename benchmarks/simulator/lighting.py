"""Light of an hour and a sensor: sun, sky, haze, infrared lamp."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

Sensor = Literal["day", "overcast", "dusk", "nir", "thermal"]
RGB = tuple[float, float, float]


@dataclass(frozen=True)
class Light:
    """Linear light; `mode` 0 colour, 1 near infrared, 2 thermal; `soft_m` blurs shadows."""

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
    makers = {"day": _day, "overcast": _overcast, "dusk": _dusk, "nir": _infrared}
    light = makers.get(sensor, _thermal)(azimuth_deg, elevation_deg)
    return replace(light, fog_per_m=light.fog_per_m + fog_per_m)


def _day(azimuth_deg: float, elevation_deg: float) -> Light:
    low = float(np.clip((25 - elevation_deg) / 25, 0, 1))
    return Light(
        mode=0,
        sun_dir=sun_direction(azimuth_deg, elevation_deg),
        sun_rgb=_scaled((1.0, 0.93 - 0.18 * low, 0.82 - 0.38 * low), 2.7 - 0.9 * low),
        sky_rgb=(0.52, 0.64, 0.85),
        bounce_rgb=(0.26, 0.25, 0.20),
        zenith=(0.22, 0.42, 0.85),
        horizon=(0.75, 0.85, 0.98),
        cloud_rgb=(1.15, 1.12, 1.08),
        fog_rgb=(0.62, 0.70, 0.82),
    )


def _overcast(azimuth_deg: float, _: float) -> Light:
    return Light(
        mode=0,
        sun_dir=sun_direction(azimuth_deg, 74),
        sun_rgb=(0.62, 0.63, 0.65),
        sky_rgb=(0.62, 0.65, 0.70),
        bounce_rgb=(0.20, 0.20, 0.18),
        zenith=(0.80, 0.84, 0.90),
        horizon=(0.95, 0.97, 1.0),
        cloud_rgb=(0.9, 0.92, 0.95),
        clouds=0.9,
        soft_m=0.55,
        fog_rgb=(0.72, 0.75, 0.79),
        fog_per_m=0.0015,
    )


def _dusk(azimuth_deg: float, _: float) -> Light:
    return Light(
        mode=0,
        sun_dir=sun_direction(azimuth_deg, 60),
        sun_rgb=(0.054, 0.056, 0.066),
        sky_rgb=(0.082, 0.088, 0.108),
        bounce_rgb=(0.022, 0.022, 0.026),
        zenith=(0.035, 0.055, 0.12),
        horizon=(0.16, 0.12, 0.11),
        cloud_rgb=(0.07, 0.065, 0.08),
        clouds=0.5,
        soft_m=0.6,
        fog_rgb=(0.08, 0.085, 0.10),
        fog_per_m=0.0015,
    )


def _infrared(azimuth_deg: float, elevation_deg: float) -> Light:
    """Night: almost nothing but the lamp beside the lens."""
    return Light(
        mode=1,
        sun_dir=sun_direction(azimuth_deg, elevation_deg),
        sun_rgb=(0.0, 0.0, 0.0),
        sky_rgb=_grey(0.012),
        bounce_rgb=_grey(0.006),
        zenith=_grey(0.004),
        horizon=_grey(0.008),
        cloud_rgb=_grey(0.006),
        fog_rgb=_grey(0.05),
        fog_per_m=0.0012,
        lamp=1.6,
        lamp_reach_m=22.0,
    )


def _thermal(azimuth_deg: float, elevation_deg: float) -> Light:
    """Surfaces show their own warmth; only sky and haze are light."""
    return Light(
        mode=2,
        sun_dir=sun_direction(azimuth_deg, elevation_deg),
        sun_rgb=(0.0, 0.0, 0.0),
        sky_rgb=(0.0, 0.0, 0.0),
        bounce_rgb=(0.0, 0.0, 0.0),
        zenith=_grey(0.02),
        horizon=_grey(0.16),
        cloud_rgb=_grey(0.10),
        fog_rgb=_grey(0.28),
        fog_per_m=0.0025,
    )


def _grey(value: float) -> RGB:
    return (value, value, value)
