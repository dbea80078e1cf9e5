"""Draws and compresses the newest pictures, once however many people look."""

import threading
from dataclasses import dataclass

from detector.evidence.overlay import Picture, draw, encode_jpeg

QUALITY = 80


@dataclass(frozen=True, slots=True)
class _Drawn:
    picture: Picture
    height_px: int | None
    jpeg: bytes


class Pictures:
    """The JPEG that was drawn last for each camera."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest: dict[str, _Drawn] = {}

    def jpeg(self, camera: str, picture: Picture, height_px: int | None) -> bytes:
        """Give ``picture`` with its overlays as a JPEG of at most ``height_px``."""
        with self._lock:
            drawn = self._newest.get(camera)
        if drawn is not None and drawn.picture is picture and drawn.height_px == height_px:
            return drawn.jpeg
        jpeg = encode_jpeg(draw(picture, height_px=height_px), QUALITY)
        with self._lock:
            self._newest[camera] = _Drawn(picture, height_px, jpeg)
        return jpeg
