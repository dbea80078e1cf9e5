"""Paints walls, floors and their openings: the flat surroundings that ladders stand against."""

import cv2
import numpy as np

from models.train.raster import Array, Image

Rng = np.random.Generator

PX_PER_M = 64
FLOOR_M = 8.0


def wall(rng: Rng, size_m: tuple[float, float], textures: list[Image]) -> Image:
    """A wall of (width, height) metres at PX_PER_M, with windows, doors and pipes."""
    width, height = (int(side * PX_PER_M) for side in size_m)
    picture = _surface(rng, (width, height), textures, (_siding, _bricks, _stucco, _corrugated))
    for _ in range(int(rng.integers(0, 6))):
        _opening(rng, picture)
    if rng.random() < 0.3:
        _pipe(rng, picture)
    stain = _noise(rng, (width, height), 6)
    return _times(picture, 1 + 0.25 * (stain - 0.5))


def floor(rng: Rng, textures: list[Image]) -> Image:
    """A tile of FLOOR_M square: grass, gravel, asphalt, slabs or boards."""
    size = int(FLOOR_M * PX_PER_M), int(FLOOR_M * PX_PER_M)
    picture = _surface(rng, size, textures, (_grass, _gravel, _slabs, _stucco))
    return _times(picture, 1 + 0.2 * (_noise(rng, size, 8) - 0.5))


def foliage(rng: Rng, size: tuple[int, int]) -> tuple[Image, Image]:
    """A bush of leaf blobs as (picture, alpha), both of (width, height) pixels."""
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    alpha = np.zeros((height, width), np.uint8)
    green = np.array([30, 80, 55]) * rng.uniform(0.6, 2.0)
    for _ in range(int(rng.integers(150, 400))):
        angle, reach = rng.uniform(0, 2 * np.pi), np.sqrt(rng.random()) * 0.46
        centre = (
            int(width * (0.5 + reach * np.cos(angle))),
            int(height * (0.5 + reach * np.sin(angle))),
        )
        axes = (int(width * rng.uniform(0.01, 0.05)) + 1, int(height * rng.uniform(0.01, 0.04)) + 1)
        tilt = float(rng.uniform(0, 180))
        leaf = np.clip(green * rng.uniform(0.4, 1.5), 0, 255)
        cv2.ellipse(picture, centre, axes, tilt, 0, 360, leaf.tolist(), -1, cv2.LINE_AA)
        cv2.ellipse(alpha, centre, axes, tilt, 0, 360, 255, -1, cv2.LINE_AA)
    return picture, alpha


def sky(rng: Rng, size: tuple[int, int]) -> Image:
    """A plain or cloudy sky or a plain studio backdrop of (width, height) pixels."""
    width, height = size
    top = np.array([215, 165, 120]) * rng.uniform(0.4, 1.1) + rng.normal(0, 8, 3)
    low = np.full(3, rng.uniform(130, 250))
    ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    picture = np.clip(top * (1 - ramp) + low * ramp, 0, 255) * np.ones((1, width, 1), np.float32)
    cells = int(rng.integers(3, 8))
    billow = sum(_noise(rng, size, cells * 2**octave) / 2**octave for octave in range(4)) / 1.9
    cloud = np.clip((billow - rng.uniform(0.3, 0.8)) * 3, 0, 1)[..., None]
    picture = picture * (1 - cloud) + rng.uniform(180, 250) * cloud
    return _treeline(rng, np.clip(picture, 0, 255).astype(np.uint8))


def tiled(texture: Image, size: tuple[int, int], tile_px: int) -> Image:
    """The texture repeated at `tile_px` to fill (width, height)."""
    scale = tile_px / max(texture.shape[:2])
    shape = tuple(max(8, round(side * scale)) for side in texture.shape[1::-1])
    tile = cv2.resize(texture, shape, interpolation=cv2.INTER_AREA)
    reps = -(-size[1] // tile.shape[0]), -(-size[0] // tile.shape[1])
    repeated: Image = np.tile(tile, (*reps, 1))[: size[1], : size[0]].copy()
    return repeated


def _surface(rng: Rng, size: tuple[int, int], textures: list[Image], painters: tuple) -> Image:
    if textures and rng.random() < 0.45:
        texture = textures[rng.integers(len(textures))]
        picture = tiled(texture, size, int(rng.uniform(1.0, 4.0) * PX_PER_M))
        if rng.random() < 0.6:
            grey = picture.mean()
            picture = _times(picture, rng.uniform(70, 200) / max(grey, 20))
        if rng.random() < 0.4:
            tint = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
            picture = cv2.addWeighted(picture, 0.4, tint, 0.6, 0)
        return picture
    painted: Image = painters[rng.integers(len(painters))](rng, size)
    return painted


def _base(rng: Rng, size: tuple[int, int]) -> Array:
    tone = np.full(3, rng.uniform(50, 235)) + rng.normal(0, 10, 3)
    if rng.random() < 0.2:
        tone = rng.uniform(30, 230, 3)
    grain = rng.standard_normal((size[1], size[0], 1), dtype=np.float32) * rng.uniform(1, 9)
    surface: Array = np.clip(tone.astype(np.float32) + grain, 0, 255)
    return surface


def _siding(rng: Rng, size: tuple[int, int]) -> Image:
    board = rng.uniform(0.09, 0.25) * PX_PER_M
    phase = (np.arange(size[1]) % board) / board
    shade = 1 - rng.uniform(0.1, 0.6) * np.clip(1 - phase * board / 2.5, 0, 1) - 0.08 * phase
    return np.clip(_base(rng, size) * shade[:, None, None], 0, 255).astype(np.uint8)


def _corrugated(rng: Rng, size: tuple[int, int]) -> Image:
    pitch = rng.uniform(0.06, 0.4) * PX_PER_M
    wave = np.sin(np.arange(size[0]) / pitch * 2 * np.pi)
    shade = 1 + rng.uniform(0.05, 0.3) * np.sign(wave) * np.abs(wave) ** rng.uniform(0.2, 1.0)
    return np.clip(_base(rng, size) * shade[None, :, None], 0, 255).astype(np.uint8)


def _stucco(rng: Rng, size: tuple[int, int]) -> Image:
    return _base(rng, size).astype(np.uint8)


def _bricks(rng: Rng, size: tuple[int, int]) -> Image:
    mortar = np.full((size[1], size[0], 3), rng.uniform(90, 200)).astype(np.uint8)
    tone = np.array([60, 80, 150]) * rng.uniform(0.5, 1.4) + rng.normal(0, 15, 3)
    high, wide = rng.uniform(0.065, 0.2) * PX_PER_M, rng.uniform(0.21, 0.45) * PX_PER_M
    for row in range(int(size[1] / high) + 1):
        shift = (row % 2) * wide / 2
        for column in range(-1, int(size[0] / wide) + 1):
            corner = int(column * wide + shift) + 1, int(row * high) + 1
            end = int((column + 1) * wide + shift) - 1, int((row + 1) * high) - 1
            colour = np.clip(tone * rng.uniform(0.75, 1.2), 0, 255)
            cv2.rectangle(mortar, corner, end, colour.tolist(), -1)
    return mortar


def _slabs(rng: Rng, size: tuple[int, int]) -> Image:
    picture = _base(rng, size).astype(np.uint8)
    joint = np.clip(picture.mean(axis=(0, 1)) * rng.uniform(0.4, 1.5), 0, 255).tolist()
    wide, high = rng.uniform(0.1, 1.5, 2) * PX_PER_M
    for x in np.arange(0, size[0], wide):
        cv2.line(picture, (int(x), 0), (int(x), size[1]), joint, int(rng.integers(1, 4)))
    for y in np.arange(0, size[1], high):
        cv2.line(picture, (0, int(y)), (size[0], int(y)), joint, int(rng.integers(1, 4)))
    return picture


def _grass(rng: Rng, size: tuple[int, int]) -> Image:
    tone = np.array([45, 110, 85]) * rng.uniform(0.5, 1.5) + rng.normal(0, 12, 3)
    fine = 1 + 0.25 * rng.standard_normal((size[1], size[0], 1), dtype=np.float32)
    patches = 0.7 + 0.6 * _noise(rng, size, 12)[..., None]
    return np.clip(tone * fine * patches, 0, 255).astype(np.uint8)


def _gravel(rng: Rng, size: tuple[int, int]) -> Image:
    stones = _noise(rng, size, size[0] // 6)[..., None] * 0.6 + 0.7
    return np.clip(_base(rng, size) * stones, 0, 255).astype(np.uint8)


def _treeline(rng: Rng, picture: Image) -> Image:
    """Trees or roofs against the sky, all the way down (the ground is laid over them)."""
    height, width = picture.shape[:2]
    if rng.random() < 0.3:
        return picture
    level = rng.uniform(0.1, 0.6) * height
    jagged = _noise(rng, (width, 8), int(rng.integers(8, 60)))[0]
    rough = _noise(rng, (width, 8), width // 6)[0]
    crown = level + (jagged * rng.uniform(10, 160) + rough * 14)
    leaf = np.array([35, 65, 50]) * rng.uniform(0.5, 1.8)
    below = np.arange(height)[:, None] > crown[None, :]
    speckle = 0.5 + rng.random((height, width), dtype=np.float32)
    trees = np.clip(leaf * cv2.GaussianBlur(speckle, (0, 0), 1.5)[..., None], 0, 255)
    picture[below] = trees[below].astype(np.uint8)
    return picture


def _opening(rng: Rng, picture: Image) -> None:
    height, width = picture.shape[:2]
    door = rng.random() < 0.3
    wide = int(rng.uniform(0.7, 2.4) * PX_PER_M)
    high = int((rng.uniform(1.9, 2.3) if door else rng.uniform(0.6, 1.7)) * PX_PER_M)
    if wide >= width or high >= height:
        return
    left = int(rng.integers(0, width - wide))
    top = height - high if door else int(rng.integers(0, height - high))
    frame = np.clip(np.full(3, rng.choice([240, 60, 150])) + rng.normal(0, 15, 3), 0, 255).tolist()
    glass = np.clip(np.full(3, rng.uniform(20, 170)) + rng.normal(0, 20, 3), 0, 255).tolist()
    edge = int(rng.uniform(0.04, 0.12) * PX_PER_M)
    cv2.rectangle(picture, (left, top), (left + wide, top + high), frame, -1)
    inner = (left + edge, top + edge), (left + wide - edge, top + high - edge)
    cv2.rectangle(picture, *inner, glass, -1)
    bar = max(1, edge // 2)
    for x in np.linspace(left, left + wide, int(rng.integers(2, 6)))[1:-1]:
        cv2.line(picture, (int(x), top), (int(x), top + high), frame, bar)
    for y in np.linspace(top, top + high, int(rng.integers(2, 6)))[1:-1]:
        cv2.line(picture, (left, int(y)), (left + wide, int(y)), frame, bar)


def _pipe(rng: Rng, picture: Image) -> None:
    height, width = picture.shape[:2]
    x = int(rng.integers(0, width))
    tone = rng.uniform(30, 240)
    cv2.line(picture, (x + 3, 0), (x + 3, height), (tone * 0.5,) * 3, 7)
    cv2.line(picture, (x, 0), (x, height), (tone,) * 3, 7)


def _noise(rng: Rng, size: tuple[int, int], cells: int) -> Array:
    """Smooth noise in 0..1 with about `cells` bumps along the width."""
    cells = max(cells, 2)
    rows = max(2, cells * size[1] // size[0])
    coarse = rng.random((rows, cells)).astype(np.float32)
    smooth = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
    clipped: Array = np.clip(smooth, 0, 1)
    return clipped


def _times(picture: Image, factor: Array | float) -> Image:
    gain = factor[..., None] if isinstance(factor, np.ndarray) else factor
    scaled: Image = np.clip(picture * gain, 0, 255).astype(np.uint8)
    return scaled
