"""Grass, bushes and trees as leaf cards on procedurally painted sprites."""

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.meshes import Array, Kind, Material, Mesh, cards, merge, tubes

SPRITE_PX = 128
SPRITES = 8  # 0-2 grass, 3-5 leaves, 6 needles, 7 reed and weed


def sprite_atlas(seed: int = 5) -> NDArray[np.uint8]:
    """Paints the sprites (layer, row from below, column, 2): brightness and coverage."""
    rng = np.random.default_rng(seed)
    atlas = np.zeros((SPRITES, SPRITE_PX, SPRITE_PX, 2), np.uint8)
    scale = 4
    size = SPRITE_PX * scale
    for layer in range(SPRITES):
        tone, cover = np.full((size, size), 128, np.uint8), np.zeros((size, size), np.uint8)
        if layer in (0, 1, 2, 7):
            _paint_blades(tone, cover, rng, 110 if layer < 7 else 40, 0.9 if layer < 7 else 1.8)
        else:
            _paint_leaves(tone, cover, rng, needles=layer == 6)
        small = [
            cv2.resize(a, (SPRITE_PX, SPRITE_PX), interpolation=cv2.INTER_AREA)
            for a in (tone, cover)
        ]
        atlas[layer, :, :, 0], atlas[layer, :, :, 1] = small[0][::-1], small[1][::-1]
    return atlas


def _paint_blades(
    tone: NDArray[np.uint8],
    cover: NDArray[np.uint8],
    rng: np.random.Generator,
    count: int,
    width: float,
) -> None:
    size = len(tone)
    for _ in range(count):
        x0 = rng.uniform(0.12, 0.88) * size
        reach = rng.normal(0, 0.16) * size
        height = size * rng.uniform(0.35, 0.98)
        s = np.linspace(0, 1, 12)
        x = x0 + reach * s**2
        y = size - 1 - height * (s - 0.12 * s**3 * abs(reach) / size * 4)
        shade = int(np.clip(rng.normal(128, 32), 50, 225))
        for i in range(11):
            thick = max(1, int(width * 9 * (1 - s[i]) ** 0.7))
            a, b = (int(x[i]), int(y[i])), (int(x[i + 1]), int(y[i + 1]))
            cv2.line(tone, a, b, int(shade * (0.6 + 0.5 * s[i])), thick, cv2.LINE_AA)
            cv2.line(cover, a, b, 255, thick, cv2.LINE_AA)


def _paint_leaves(
    tone: NDArray[np.uint8], cover: NDArray[np.uint8], rng: np.random.Generator, *, needles: bool
) -> None:
    size = len(tone)
    for _ in range(170):
        r, angle = size * 0.46 * np.sqrt(rng.uniform()), rng.uniform(0, 2 * np.pi)
        centre = (int(size / 2 + r * np.cos(angle)), int(size / 2 + r * np.sin(angle)))
        axes = (int(size * rng.uniform(0.030, 0.055)), int(size * rng.uniform(0.012, 0.028)))
        if needles:
            axes = (int(size * 0.07), max(2, int(size * 0.007)))
        tilt = float(rng.uniform(0, 360))
        shade = int(np.clip(rng.normal(128, 30), 55, 215))
        cv2.ellipse(tone, centre, axes, tilt, 0, 360, shade, -1, cv2.LINE_AA)
        cv2.ellipse(cover, centre, axes, tilt, 0, 360, 255, -1, cv2.LINE_AA)


def grass(
    at: Array, height: Array, rng: np.random.Generator, rgb: tuple[float, float, float]
) -> Mesh:
    """Plants tufts at ground points (N, 2) with heights (N,) in metres."""
    count = len(at)
    angle = rng.uniform(0, np.pi, count)
    width = height * rng.uniform(0.55, 1.0, count)
    colour = np.array(rgb) * rng.uniform(0.75, 1.2, (count, 1)) + rng.normal(0, 0.018, (count, 3))
    colour += rng.uniform(0, 0.10, (count, 1)) * np.array([1.0, 0.8, 0.3])
    material = Material(rgb, Kind.LEAF, nir=0.38, thermal=0.30, gloss=0.0, sway=0.7)
    base = np.concatenate([at, height[:, None] * 0.47], 1)
    out = []
    for extra in (0.0, np.pi / 2):
        right = (
            np.stack([np.cos(angle + extra), np.sin(angle + extra), np.zeros(count)], 1)
            * width[:, None]
        )
        up = np.stack([rng.normal(0, 0.06, count), rng.normal(0, 0.06, count), height / 2], 1)
        normal = np.tile([0.0, 0.0, 1.0], (count, 1)) + rng.normal(0, 0.25, (count, 3))
        out.append(
            cards(
                base, (right, up), rng.integers(0, 3, count).astype(float), material, colour, normal
            )
        )
    return merge(out)


def _foliage(
    centres: Array, size: Array, rng: np.random.Generator, colour: Array, layer: int, middle: Array
) -> Mesh:
    count = len(centres)
    u = rng.normal(0, 1, (count, 3))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    w = np.cross(u, rng.normal(0, 1, (count, 3)))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    material = Material((0, 0, 0), Kind.LEAF, nir=0.48, thermal=0.40, gloss=0.0, sway=1.0)
    tint = colour * rng.uniform(0.7, 1.2, (count, 1)) + rng.normal(0, 0.015, (count, 3))
    normal = centres - middle
    normal = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6) + np.array(
        [0, 0, 0.4]
    )
    return cards(
        centres,
        (u * size[:, None], w * size[:, None]),
        np.full(count, float(layer)),
        material,
        tint,
        normal,
    )


def bush(at: Array, size: float, rng: np.random.Generator, rgb: Array, count: int = 90) -> Mesh:
    """Makes a leafy bush on the ground point (2,) about `size` metres across."""
    p = rng.normal(0, 1, (count, 3))
    p /= np.linalg.norm(p, axis=1, keepdims=True)
    p *= rng.uniform(0.4, 1.0, (count, 1)) ** 0.5
    middle = np.array([at[0], at[1], size * 0.35])
    centres = middle + p * np.array([size * 0.5, size * 0.5, size * 0.4])
    centres[:, 2] = np.abs(centres[:, 2])
    return _foliage(
        centres, rng.uniform(0.12, 0.24, count) * size, rng, rgb, int(rng.integers(3, 6)), middle
    )


def tree(at: Array, height: float, rng: np.random.Generator, rgb: Array, *, conifer: bool) -> Mesh:
    """Makes a tree on the ground point (2,): trunk, limbs and leaf cards."""
    bark = Material((0.30, 0.25, 0.20), Kind.BARK, nir=0.4, thermal=0.38, gloss=0.0)
    base = np.array([at[0], at[1], 0.0])
    lean = np.array([rng.normal(0, 0.04), rng.normal(0, 0.04), 1.0])
    radius = height * rng.uniform(0.014, 0.022)
    cut = np.linspace(0, 0.92, 6)
    spine = (
        base
        + lean * height * cut[:, None]
        + np.concatenate([np.zeros((1, 3)), rng.normal(0, 0.06, (5, 3))])
    )
    widths = radius * (1 - 0.85 * cut)
    trunk = tubes(spine[:-1], spine[1:], np.stack([widths[:-1], widths[1:]], 1), bark, 7)
    share = rng.uniform(0.28 if conifer else 0.35, 0.98, 46)
    root = base + lean * height * share[:, None]
    angle = rng.uniform(0, 2 * np.pi, 46)
    spread = height * (
        0.20 * (1.08 - share) / 0.7 if conifer else 0.26 * np.sin(np.pi * (share * 0.75 + 0.22))
    )
    reach = spread * rng.uniform(0.6, 1.1, 46)
    tip = root + np.stack(
        [np.cos(angle) * reach, np.sin(angle) * reach, reach * (-0.15 if conifer else 0.35)], 1
    )
    limbs = tubes(
        root, tip, np.stack([radius * 0.3 * (1.1 - share), np.full(46, 0.01)], 1), bark, 4
    )
    mix = np.repeat(rng.uniform(0.35, 1.05, (46, 5)), 1, 1).reshape(-1, 1)
    centres = np.repeat(root, 5, 0) * (1 - mix) + np.repeat(tip, 5, 0) * mix
    centres += rng.normal(0, height * 0.03, centres.shape)
    size = rng.uniform(0.045, 0.075, len(centres)) * height * (0.9 if conifer else 1.0)
    middle = base + np.array([0, 0, height * 0.6])
    layer = 6 if conifer else int(rng.integers(3, 6))
    return merge([trunk, limbs, _foliage(centres, size, rng, rgb, layer, middle)])
