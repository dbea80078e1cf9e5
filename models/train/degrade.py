"""What a camera does to a picture: lens, light, sensor, night modes, compression."""

import cv2
import numpy as np

from models.train.raster import Image

Rng = np.random.Generator


def camera_look(rng: Rng, picture: Image) -> Image:
    """The picture with blur, exposure, colour cast, noise and compression of a random camera."""
    look = picture.astype(np.float32)
    if rng.random() < 0.6:
        sigma = rng.uniform(0.3, 1.3)
        look = cv2.GaussianBlur(look, (0, 0), sigma)
    look = 255 * np.clip(look / 255, 0, 1) ** rng.uniform(0.65, 1.5)
    look = look * rng.uniform(0.65, 1.25) * rng.uniform(0.93, 1.07, 3) + rng.uniform(-15, 15)
    if rng.random() < 0.2:
        sharp = cv2.GaussianBlur(look, (0, 0), 1.2)
        look = look + rng.uniform(0.3, 1.2) * (look - sharp)
    look += rng.normal(0, rng.uniform(0.5, 9), (*look.shape[:2], 1))
    return compressed(rng, np.clip(look, 0, 255).astype(np.uint8))


def night(rng: Rng, picture: Image) -> Image:
    """The picture as a colour camera sees it at night: dark, a lamp or two, noise, weak colours."""
    linear = (picture.astype(np.float32) / 255) ** 2.2
    height, width = linear.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    light = np.full((height, width), rng.uniform(0.01, 0.08), np.float32)
    for _ in range(int(rng.integers(0, 3))):
        away = np.hypot(x / width - rng.uniform(-0.1, 1.1), (y / height - rng.uniform(-0.2, 0.7)))
        light += rng.uniform(0.1, 0.6) * np.exp(-((away / rng.uniform(0.2, 0.6)) ** 2))
    tint = rng.uniform((0.6, 0.8, 0.9), (1.1, 1.05, 1.2))
    look = (linear * light[..., None] * tint) ** (1 / rng.uniform(1.8, 2.6)) * 255
    grey = look.mean(axis=2, keepdims=True)
    look = grey + (look - grey) * rng.uniform(0.2, 0.9)
    look += cv2.GaussianBlur(
        rng.normal(0, rng.uniform(3, 14), look.shape).astype(np.float32), (0, 0), 0.6
    )
    return compressed(rng, np.clip(look, 0, 255).astype(np.uint8))


def infrared(rng: Rng, picture: Image) -> Image:
    """A near-infrared night picture: grey, lit from the camera, dark towards the edge."""
    weights = rng.dirichlet((2, 2, 2))
    grey = picture.astype(np.float32) @ weights.astype(np.float32)
    height, width = grey.shape
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    centre = rng.uniform(0.3, 0.7, 2)
    away = np.hypot(x / width - centre[0], y / height - centre[1])
    grey = grey * (rng.uniform(0.7, 1.3) * np.exp(-((away / rng.uniform(0.5, 1.0)) ** 2)) + 0.1)
    grey += rng.normal(0, rng.uniform(2, 10), grey.shape)
    return compressed(rng, _grey_bgr(grey))


def thermal(rng: Rng, picture: Image, people: Image, things: Image) -> Image:
    """A thermal picture: soft surroundings, warm people, ladders a little warmer or colder."""
    grey = cv2.GaussianBlur(picture.astype(np.float32).mean(axis=2), (0, 0), rng.uniform(0.8, 2.5))
    grey = rng.uniform(40, 130) + (grey - grey.mean()) * rng.uniform(-0.5, 0.7)
    soft = cv2.GaussianBlur(things.astype(np.float32) / 255, (0, 0), 0.7)
    step = rng.uniform(18, 80) * rng.choice([-1, 1])
    grey = grey + soft * step
    body = cv2.GaussianBlur(people.astype(np.float32) / 255, (0, 0), 0.9)
    warmth = rng.uniform(150, 250) + 0.15 * (picture.astype(np.float32).mean(axis=2) - 128)
    grey = grey * (1 - body) + warmth * body
    grey += rng.normal(0, rng.uniform(1, 6), grey.shape)
    if rng.random() < 0.15:
        grey = 255 - grey
    return compressed(rng, _grey_bgr(grey))


def compressed(rng: Rng, picture: Image) -> Image:
    """The picture after JPEG at a random quality, sometimes through a lower resolution."""
    height, width = picture.shape[:2]
    if rng.random() < 0.25:
        scale = rng.uniform(0.45, 0.9)
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    quality = int(rng.integers(22, 93))
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded: Image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return decoded


def _grey_bgr(grey: np.ndarray) -> Image:
    clipped = np.clip(grey, 0, 255).astype(np.uint8)
    colour: Image = cv2.cvtColor(clipped, cv2.COLOR_GRAY2BGR)
    return colour
