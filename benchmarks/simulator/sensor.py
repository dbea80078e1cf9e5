"""From linear light to what a camera delivers: exposure, noise, sharpening, rain, overlay."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.insects import Blot

Linear = NDArray[np.float32]
Image = NDArray[np.uint8]


@dataclass(frozen=True)
class SensorModel:
    """The camera's habits: `exposure` in stops around automatic, noise in 8-bit steps."""

    mode: int = 0
    exposure: float = 0.0
    noise: float = 2.0
    sharpen: float = 0.5
    contrast: float = 1.0
    saturation: float = 1.0
    warmth: float = 0.0
    blur_px: float = 0.0
    rain: float = 0.0
    hot_black: bool = False
    vignette: float = 0.15
    overlay: str = ""


class Sensor:
    """Turns linear frames into 8-bit BGR; the first frame sets the exposure."""

    def __init__(self, model: SensorModel, seed: int) -> None:
        self.model = model
        self._rng = np.random.default_rng(seed)
        self._gain: float | None = None
        self._stretch = 1.0
        self._kept: tuple[Linear, Linear] | None = None
        self._bank: list[NDArray[np.float32]] = []

    def develop(self, linear: Linear, label: str = "", blots: Iterable[Blot] = ()) -> Image:
        """Makes the 8-bit BGR picture (H, W, 3) of a linear RGB frame (H, W, 3) behind blots."""
        m = self.model
        tone = self._atmosphere(self._toned(linear))
        for blot in blots:
            blot.over(tone)
        h, w = tone.shape[:2]
        if m.blur_px > 0.05:
            tone = np.asarray(cv2.GaussianBlur(tone, (0, 0), m.blur_px), np.float32)
        tone = tone + self._noise(h, w) * (m.noise / 255.0) * (1.15 - 0.5 * tone)
        if m.sharpen > 0:
            tone = tone + m.sharpen * (tone - cv2.GaussianBlur(tone, (0, 0), 1.1))
        out = np.round(np.clip(tone, 0, 1) * 255).astype(np.uint8)[..., ::-1]
        out = np.ascontiguousarray(out)
        if label:
            scale = h / 720
            for colour, thick in (((0, 0, 0), 3), ((235, 235, 235), 1)):
                cv2.putText(
                    out,
                    label,
                    (int(16 * scale), int(34 * scale)),
                    cv2.FONT_HERSHEY_SIMPLEX,
                    0.8 * scale,
                    colour,
                    thick,
                    cv2.LINE_AA,
                )
        return out

    def _toned(self, linear: Linear) -> Linear:
        """The tones of a frame; those of a frame that comes again, unwritable, are kept."""
        if self._kept is not None and self._kept[0] is linear:
            return self._kept[1].copy()
        image = np.maximum(linear, 0.0)
        tone = self._thermal(image) if self.model.mode == 2 else self._visible(image)
        self._kept = None if linear.flags.writeable else (linear, tone.copy())
        return tone

    def _visible(self, image: Linear) -> Linear:
        m = self.model
        if self._gain is None:
            luma = image @ np.array([0.21, 0.72, 0.07], np.float32)
            key = float(np.exp(np.log(luma[::4, ::4] + 1e-3).mean()))
            high = float(np.percentile(luma[::4, ::4], 98))
            # Infrared cameras leave the ground dark: what the lamp hits must not burn out.
            middle, brightest = (0.10, 0.34) if m.mode == 1 else (0.20, 1.5)
            automatic = min(middle / max(key, 1e-3), brightest / max(high, 1e-3), 16.0)
            self._gain = automatic * 2.0**m.exposure
        x = image * self._gain
        h, w = x.shape[:2]
        if m.vignette > 0:
            yy = np.linspace(-1, 1, h, dtype=np.float32)[:, None] ** 2
            xx = np.linspace(-1, 1, w, dtype=np.float32)[None, :] ** 2
            x = x * (1 - m.vignette * (yy + xx) / 2)[..., None]
        x = x * np.array([1 + m.warmth, 1.0, 1 - m.warmth], np.float32)
        x = (x * (1 + 0.18 * x)) / (
            1 + 0.75 * x
        )  # shoulder: highlights roll off, mid tones keep contrast
        grey = (x @ np.array([0.3, 0.59, 0.11], np.float32))[..., None]
        x = np.clip(grey + (x - grey) * (m.saturation if m.mode == 0 else 0.0), 0, None)
        tone = np.power(np.minimum(x, 1.0), 1 / 2.2)
        return np.asarray((tone - 0.42) * m.contrast * 1.12 + 0.42, np.float32)

    def _thermal(self, image: Linear) -> Linear:
        warm = image[..., :1]
        if self._gain is None:
            low, middle, high = np.percentile(warm[::4, ::4], (2, 40, 99.3))
            self._gain = float(middle)
            self._stretch = float(np.clip(0.66 / max(high - low, 1e-3), 0.9, 1.8))
        tone = np.clip((warm - self._gain) * self._stretch * self.model.contrast + 0.33, 0, 1)
        tone = np.asarray(cv2.GaussianBlur(np.repeat(tone, 3, 2), (0, 0), 0.8), np.float32)
        return np.asarray(1 - tone if self.model.hot_black else tone, np.float32)

    def _noise(self, h: int, w: int) -> NDArray[np.float32]:
        """Picks a window of a noise tile: fresh noise for every pixel costs more than a frame."""
        if not self._bank:
            for soft in (0.55, 0.8):
                tile = cv2.GaussianBlur(
                    self._rng.standard_normal((h + 64, w + 64, 3)).astype(np.float32), (0, 0), soft
                )
                if self.model.mode:
                    tile = np.repeat(tile[..., :1], 3, axis=2)
                self._bank.append(tile / tile.std())
        tile = self._bank[int(self._rng.integers(2))]
        y, x = self._rng.integers(0, 64, 2)
        window = tile[y : y + h, x : x + w]
        return window[:, ::-1] if self._rng.random() < 0.5 else window

    def _atmosphere(self, tone: Linear) -> Linear:
        if self.model.rain <= 0:
            return tone
        h, w = tone.shape[:2]
        layer = np.zeros((h, w), np.uint8)
        slant = 0.12
        for _ in range(int(260 * self.model.rain)):
            x, y = self._rng.uniform(0, w), self._rng.uniform(-40, h)
            length = self._rng.gamma(2.0, 14.0)
            near = length > 50
            cv2.line(
                layer,
                (int(x), int(y)),
                (int(x + slant * length), int(y + length)),
                int(self._rng.uniform(30, 110)),
                2 if near else 1,
                cv2.LINE_AA,
            )
        streak = cv2.GaussianBlur(layer, (0, 0), 0.8).astype(np.float32)[..., None] / 255
        return np.asarray(tone * (1 - streak * 0.5) + streak * 0.45, np.float32)


def compressed(image: Image, quality: int) -> Image:
    """Sends a picture through JPEG and back."""
    _, buffer = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(buffer, cv2.IMREAD_COLOR), np.uint8)
