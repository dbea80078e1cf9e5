"""A picture to check a calibration by: a person's height and the distance, all over it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from detector.evidence.overlay import WEIGHT, distance_text
from detector.scene import Barrier, MeasuredGround, Scene
from detector.types import F64, U8

_COLUMNS = 8
_APART = 1.35  # of a person's height: from one foot to the next above it
_LEAST_APART = 0.07  # of the picture's height: room for the words
_SMALLEST_PX = 6
_MARK = (60, 220, 255)
_RIM = (24, 20, 16)


@dataclass(frozen=True, slots=True)
class Spot:
    """One place on the ground.

    Attributes:
        foot: (x, y) pixels.
        person_px: expected height of a standing person there.
        barrier: name of the nearest barrier; "" where the camera has none.
        distance_m: to that barrier; None where there is none.
        side: name of the side of the barrier it is on.
    """

    foot: tuple[float, float]
    person_px: float
    barrier: str = ""
    distance_m: float | None = None
    side: str = ""


def spots(scene: Scene) -> tuple[Spot, ...]:
    """Stand persons in columns, from the lower edge up, none in front of another.

    Without ground points or a barrier of known height nothing is known without a person: empty.
    """
    width, height = scene.size
    found = []
    for column in range(_COLUMNS):
        foot = np.array([[(column + 0.3) * width / _COLUMNS, 0.97 * height]])
        while foot[0, 1] > 0:
            person_px = float(scene.expected_height_px(foot)[0])
            if not _SMALLEST_PX <= person_px <= height:
                break
            place = float(foot[0, 0]), float(foot[0, 1])
            nearest = _nearest(scene, foot, person_px / scene.ground.person_height_m)
            found.append(Spot(place, person_px, *nearest))
            foot = foot - [[0.0, max(_APART * person_px, _LEAST_APART * height)]]
    return tuple(found)


def draw_spots(image: U8, found: Sequence[Spot], *, estimated: bool) -> None:
    """Draw each spot as a stick of a person's height with the distance at its foot, in place."""
    width = max(1, round(image.shape[0] / 450))
    for spot in found:
        foot = round(spot.foot[0]), round(spot.foot[1])
        head = foot[0], round(spot.foot[1] - spot.person_px)
        for colour, extra in ((_RIM, 2), (_MARK, 0)):
            cv2.line(image, foot, head, colour, width + extra, cv2.LINE_AA)
            cv2.circle(image, foot, width + 1 + extra, colour, -1, cv2.LINE_AA)
        if spot.distance_m is not None:
            words = f"{distance_text(spot.distance_m, estimated=estimated)} {spot.side}"
            _write(image, words, (foot[0] + 2 * width + 3, foot[1]))


def _write(image: U8, text: str, at: tuple[int, int]) -> None:
    """Write on a dark ground, so that it can be read on any picture."""
    font, size_px = cv2.FontFace("sans"), max(12, image.shape[0] // 42)
    size = image.shape[1], image.shape[0]
    width = int(cv2.getTextSize(size, text, (0, 0), font, size_px, WEIGHT)[2])
    corner = (at[0] + width + 4, at[1] + 4)
    cv2.rectangle(image, (at[0] - 3, at[1] - size_px), corner, _RIM, -1)
    cv2.putText(image, text, at, _MARK, font, size_px, WEIGHT)


def summary(scene: Scene) -> list[str]:
    """Say in lines how the metres of this camera come about and how well the points fit."""
    ground = scene.ground
    if not isinstance(ground, MeasuredGround):
        return [
            f"no ground points: metres are estimated from a person's {ground.person_height_m} m"
        ]
    fit = ground.fit
    lines = [
        f"ground points fit within {fit.target_error:.2f} m ({fit.source_error:.1f} px)",
    ]
    if fit.target_error < 1e-6:  # noqa: PLR2004  (four points always fit)
        lines.append("exactly four points always fit: give a fifth one to learn the error")
    if ground.vertical is None:
        lines.append("the points do not tell the camera's tilt: person heights are a rough guess")
    return lines


def _nearest(scene: Scene, foot: F64, px_per_m: float) -> tuple[str, float | None, str]:
    best: tuple[Barrier, float, int] | None = None
    for barrier in scene.barriers.values():
        offsets = scene.offsets(barrier, foot, np.array([px_per_m]))
        distance = float(offsets.distance[0])
        if np.isfinite(distance) and (best is None or distance < best[1]):
            best = barrier, distance, int(offsets.side[0])
    if best is None:
        return "", None, ""
    barrier, distance, side = best
    return barrier.name, distance, barrier.side_name(side)
