"""Grass, bushes and trees as leaf cards on procedurally painted sprites."""

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.meshes import Array, Kind, Material, Mesh, cards, merge, tubes

SPRITE_PX = 128
SPRITES = 8
TUFTS, TURF, LEAVES, NEEDLES, WEEDS = (0, 1), 2, (3, 4, 5), 6, 7  # layers of the atlas
_PAINT_PX = 4 * SPRITE_PX

_LEAF = Material((0, 0, 0), Kind.LEAF, nir=0.44, thermal=0.38, gloss=0.0, sway=1.0)
_BLADE = Material((0, 0, 0), Kind.LEAF, nir=0.34, thermal=0.34, gloss=0.0, sway=0.7)
_BARK = Material((0.27, 0.23, 0.19), Kind.BARK, nir=0.35, thermal=0.37, gloss=0.0)

Canvas = NDArray[np.uint8]


def sprite_atlas(seed: int = 5) -> NDArray[np.uint8]:
    """Paints the sprites (layer, row from below, column, 2): brightness and coverage."""
    rng = np.random.default_rng(seed)
    atlas = np.zeros((SPRITES, SPRITE_PX, SPRITE_PX, 2), np.uint8)
    for layer in range(SPRITES):
        tone = np.full((_PAINT_PX, _PAINT_PX), 128, np.uint8)
        cover = np.zeros((_PAINT_PX, _PAINT_PX), np.uint8)
        if layer in TUFTS:
            _paint_blades(tone, cover, rng, rng.normal(0.5, 0.11, 46), 5.0)
        elif layer == TURF:
            _paint_blades(tone, cover, rng, rng.uniform(0.05, 0.95, 62), 4.5)
        elif layer == WEEDS:
            _paint_blades(tone, cover, rng, rng.normal(0.5, 0.16, 11), 4.0, heads=True)
        else:
            _paint_twigs(tone, cover, rng, needles=layer == NEEDLES)
        size = (SPRITE_PX, SPRITE_PX)
        atlas[layer, :, :, 0] = cv2.resize(tone, size, interpolation=cv2.INTER_AREA)[::-1]
        atlas[layer, :, :, 1] = cv2.resize(cover, size, interpolation=cv2.INTER_AREA)[::-1]
    return atlas


def _paint_blades(
    tone: Canvas,
    cover: Canvas,
    rng: np.random.Generator,
    roots: Array,
    width_px: float,
    *,
    heads: bool = False,
) -> None:
    """Blades that rise from `roots` (share of the width) and bend outwards; heads carry seeds."""
    size = len(tone)
    s = np.linspace(0, 1, 12)
    for root in roots:
        tall = rng.uniform(0.55, 0.97) if heads else rng.uniform(0.25, 0.95) ** 1.3
        reach = (0.5 * (root - 0.5) + rng.normal(0, 0.13)) * tall
        x = (root + reach * s**2) * size
        root_y = 0.0 if heads else rng.uniform(0.0, 0.22)  # no straight line along the ground
        y = size * (1 - root_y - tall * (1 - root_y) * (s - 0.25 * abs(reach) * s**3)) - 1
        shade = int(np.clip(rng.normal(128, 30), 55, 220))
        for i in range(11):
            thick = max(2, round(width_px * (1 - s[i]) ** 0.6))
            a, b = (int(x[i]), int(y[i])), (int(x[i + 1]), int(y[i + 1]))
            cv2.line(tone, a, b, int(shade * (0.65 + 0.45 * s[i])), thick, cv2.LINE_AA)
            cv2.line(cover, a, b, 255, thick, cv2.LINE_AA)
        if heads:
            end, axes = (int(x[-2]), int(y[-2])), (int(rng.uniform(5, 9)), int(rng.uniform(18, 40)))
            cv2.ellipse(tone, end, axes, reach * 90, 0, 360, shade, -1, cv2.LINE_AA)
            cv2.ellipse(cover, end, axes, reach * 90, 0, 360, 255, -1, cv2.LINE_AA)


def _paint_twigs(tone: Canvas, cover: Canvas, rng: np.random.Generator, *, needles: bool) -> None:
    """Leaves or needles along twigs that start at the middle, so that the outline is ragged."""
    size = len(tone)
    for _ in range(15 if needles else 12):
        angle, reach = rng.uniform(0, 2 * np.pi), rng.uniform(0.25, 0.47)
        for _ in range(40 if needles else 20):
            along = rng.uniform(0.1, 1.0)
            turn = angle + rng.normal(0, 0.22)
            centre = (
                int(size * (0.5 + reach * along * np.cos(turn))),
                int(size * (0.5 + reach * along * np.sin(turn))),
            )
            axes = (int(size * rng.uniform(0.026, 0.048)), int(size * rng.uniform(0.012, 0.024)))
            if needles:
                axes = (int(size * 0.06), max(3, int(size * 0.009)))
            tilt = float(np.degrees(turn) + rng.normal(0, 40))
            shade = int(np.clip(rng.normal(128, 30) * (0.75 + 0.35 * along), 50, 215))
            cv2.ellipse(tone, centre, axes, tilt, 0, 360, shade, -1, cv2.LINE_AA)
            cv2.ellipse(cover, centre, axes, tilt, 0, 360, 255, -1, cv2.LINE_AA)


def grass(at: Array, height: Array, rng: np.random.Generator, rgb: Array) -> Mesh:
    """Plants tufts at ground points (N, 2) with heights (N,) in metres and colours (N, 3)."""
    count = len(at)
    layer = rng.integers(0, len(TUFTS), count).astype(float)
    width = height * rng.uniform(0.5, 0.8, count)
    crossed = [_blades(at, height, width, layer, rng, rgb) for _ in range(2)]
    return merge(crossed)


def turf(at: Array, height: Array, rng: np.random.Generator, rgb: Array) -> Mesh:
    """Covers ground points (N, 2) with rows of short blades; heights (N,), colours (N, 3)."""
    layer = np.full(len(at), float(TURF))
    return _blades(at, height, rng.uniform(0.16, 0.34, len(at)), layer, rng, rgb)


def weeds(at: Array, height: Array, rng: np.random.Generator, rgb: Array) -> Mesh:
    """Plants tall stalks with seed heads at ground points (N, 2)."""
    layer = np.full(len(at), float(WEEDS))
    return merge([_blades(at, height, height * 0.45, layer, rng, rgb) for _ in range(2)])


def _blades(
    at: Array, height: Array, width: Array, layer: Array, rng: np.random.Generator, rgb: Array
) -> Mesh:
    count = len(at)
    angle = rng.uniform(0, np.pi, count)
    tint = rgb * rng.uniform(0.82, 1.22, (count, 1)) + rng.normal(0, 0.012, (count, 3))
    tint += rng.uniform(0, 0.07, (count, 1)) * np.array([1.0, 0.85, 0.45])  # some blades have dried
    right = np.stack([np.cos(angle), np.sin(angle), np.zeros(count)], 1) * width[:, None]
    lean = rng.normal(0, 0.15, (count, 2)) * height[:, None]
    up = np.concatenate([lean, height[:, None] / 2], 1)
    centre = np.concatenate([at, height[:, None] * 0.42], 1) + np.concatenate(
        [lean, np.zeros((count, 1))], 1
    )
    normal = np.tile([0.0, 0.0, 1.0], (count, 1)) + rng.normal(0, 0.22, (count, 3))
    return cards(centre, (right, up), layer, _BLADE, tint, normal)


def _foliage(
    centres: Array,
    size: Array,
    rng: np.random.Generator,
    look: tuple[Array, int],
    outward: Array,
) -> Mesh:
    """Leaf cards turned at random; `look` is colour (3,) or (N, 3) and layer, `outward` (N, 3)."""
    colour, layer = look
    count = len(centres)
    u = rng.normal(0, 1, (count, 3))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    w = np.cross(u, rng.normal(0, 1, (count, 3)))
    w /= np.linalg.norm(w, axis=1, keepdims=True)
    tint = colour * rng.uniform(0.75, 1.2, (count, 1)) + rng.normal(0, 0.012, (count, 3))
    length = np.maximum(np.linalg.norm(outward, axis=1, keepdims=True), 1e-6)
    normal = outward / length + np.array([0, 0, 0.35]) + rng.normal(0, 0.2, (count, 3))
    edges = (u * size[:, None], w * size[:, None])
    return cards(centres, edges, np.full(count, float(layer)), _LEAF, tint, normal)


def _lobes(
    middles: Array, radii: Array, per_lobe: int, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Points on the shells of balls: places (N, 3), outward directions and shade 0..1 (N, 1)."""
    count = len(middles) * per_lobe
    out = rng.normal(0, 1, (count, 3))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    depth = rng.uniform(0.35, 1.05, (count, 1)) ** 0.5
    radius = np.repeat(radii, per_lobe)[:, None]
    places = np.repeat(middles, per_lobe, 0) + out * depth * radius * np.array([1, 1, 0.8])
    shade = np.clip(0.62 + 0.3 * depth + 0.20 * out[:, 2:], 0.45, 1.15)
    return places, out, shade


def bush(at: Array, size: float, rng: np.random.Generator, rgb: Array) -> Mesh:
    """Makes a leafy bush on the ground point (2,) about `size` metres across."""
    lobes = int(rng.integers(4, 8))
    angle, away = rng.uniform(0, 2 * np.pi, lobes), size * rng.uniform(0.05, 0.36, lobes)
    z = size * (0.10 + 0.36 * rng.random(lobes) * (1 - 2 * away / size))
    middles = np.stack([at[0] + away * np.cos(angle), at[1] + away * np.sin(angle), z], 1)
    places, out, shade = _lobes(middles, size * rng.uniform(0.16, 0.27, lobes), 60, rng)
    places[:, 2] = np.abs(places[:, 2]) * 0.97 + 0.02 * size
    sizes = np.clip(rng.uniform(0.06, 0.10, len(places)) * size, 0.06, 0.16)
    return _foliage(places, sizes, rng, (rgb * shade, int(rng.choice(LEAVES))), out)


def tree(at: Array, height: float, rng: np.random.Generator, rgb: Array, *, conifer: bool) -> Mesh:
    """Makes a tree on the ground point (2,): trunk, limbs and leaf cards."""
    base = np.array([at[0], at[1], 0.0])
    lean = np.array([rng.normal(0, 0.03), rng.normal(0, 0.03), 1.0])
    cut = np.linspace(0, 0.92, 7)[:, None]
    bend = np.concatenate([np.zeros((1, 3)), rng.normal(0, 0.012 * height, (6, 3)) * [1, 1, 0]])
    spine = base + lean * height * cut + bend
    widths = height * rng.uniform(0.010, 0.016) * (1 - 0.9 * cut[:, 0])
    trunk = tubes(spine[:-1], spine[1:], np.stack([widths[:-1], widths[1:]], 1), _BARK, 7)
    crown = _fir if conifer else _broadleaf
    return merge([trunk, *crown(base, lean * height, float(widths[0]), rng, rgb)])


def _fir(
    base: Array, axis: Array, radius: float, rng: np.random.Generator, rgb: Array
) -> list[Mesh]:
    """Drooping boughs in whorls, longest near the ground."""
    boughs, each, height = 170, 8, float(axis[2])
    share = rng.uniform(0.06, 0.99, boughs)
    reach = height * (0.03 + 0.19 * (1 - share)) * rng.uniform(0.75, 1.15, boughs)
    angle = rng.uniform(0, 2 * np.pi, boughs)
    root = base + axis * share[:, None]
    tip = root + np.stack([np.cos(angle) * reach, np.sin(angle) * reach, -0.28 * reach], 1)
    ends = np.stack([np.full(boughs, 0.25 * radius), np.full(boughs, 0.008)], 1)
    along = np.tile(np.linspace(0.25, 1.0, each), boughs)[:, None]
    places = np.repeat(root, each, 0) * (1 - along) + np.repeat(tip, each, 0) * along
    places += rng.normal(0, 0.012 * height, places.shape)
    outward = np.repeat(tip - root, each, 0) + np.array([0, 0, 0.3])
    sizes = rng.uniform(0.022, 0.036, len(places)) * height
    shade = 0.55 + 0.5 * along
    return [
        tubes(root, tip, ends, _BARK, 4),
        _foliage(places, sizes, rng, (rgb * shade, NEEDLES), outward),
    ]


def _broadleaf(
    base: Array, axis: Array, radius: float, rng: np.random.Generator, rgb: Array
) -> list[Mesh]:
    """Lobes of leaves around the ends of limbs, from a low crown base to the top."""
    lobes, height = int(rng.integers(18, 26)), float(axis[2])
    share = rng.uniform(0.30, 0.94, lobes)
    widest = 0.27 * np.sin(np.pi * np.clip(1.12 * share - 0.14, 0.06, 0.97)) ** 0.7
    angle = np.arange(lobes) * 2.4 + rng.normal(0, 0.5, lobes)
    away = height * widest * rng.uniform(0.35, 1.0, lobes)
    root = base + axis * (share * 0.82)[:, None]
    flat = np.stack([np.cos(angle) * away, np.sin(angle) * away, np.zeros(lobes)], 1)
    middles = base + axis * share[:, None] + flat
    ends = np.stack([np.full(lobes, 0.45 * radius), np.full(lobes, 0.012)], 1)
    radii = height * rng.uniform(0.085, 0.14, lobes) * (1.15 - 0.4 * share)
    places, out, shade = _lobes(middles, radii, 62, rng)
    outward = 0.6 * out + 0.6 * (places - (base + axis * 0.55)) / (0.3 * height)
    sizes = rng.uniform(0.022, 0.036, len(places)) * height
    leaves = _foliage(places, sizes, rng, (rgb * shade, int(rng.choice(LEAVES))), outward)
    return [tubes(root, middles, ends, _BARK, 4), leaves]
