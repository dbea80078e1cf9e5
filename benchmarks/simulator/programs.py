"""Shader programs, textures and vertex buffers on one headless GL context."""

from pathlib import Path
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.meshes import VERTEX_FORMAT, VERTEX_NAMES, Mesh
from benchmarks.simulator.vegetation import SPRITE_PX, SPRITES, sprite_atlas

_SHADERS = Path(__file__).parent / "shaders"
_PROGRAMS = {
    "static": "world",
    "moving": "world",
    "veil": "world",
    "depth": "world",
    "sky": "screen",
    "compose": "screen",
    "resolve": "screen",
    "water": "world",
}
UNITS = {
    "u_noise": 0,
    "u_ground": 1,
    "u_sprites": 2,
    "u_shadow": 3,
    "u_dyn_shadow": 4,
    "u_lit": 5,
    "u_sun": 6,
    "u_albedo": 7,
    "u_depth": 8,
    "u_rgb": 9,
    "u_mirror_lit": 10,
    "u_mirror_sun": 11,
}
_UNUSED = {"3f": "12x", "4f1": "4x"}
_NOISE_PX = 512


class GraphicsError(RuntimeError):
    """No GL context can be had here; the message says what to install."""


def open_context() -> moderngl.Context:
    """Opens a GL 3.3 context without display; raises `GraphicsError` where there is none."""
    try:
        options: dict[str, Any] = {"standalone": True, "backend": "egl", "require": 330}
        return moderngl.create_context(**options)
    except Exception as error:
        raise GraphicsError(
            "simulator: expected an EGL surfaceless GL 3.3 context, found none; on Debian install "
            f"libegl1 libegl-mesa0 libgl1-mesa-dri libgbm1 ({error})"
        ) from error


def _source(name: str) -> str:
    text = (_SHADERS / name).read_text()
    return text.replace("#include surface.glsl", (_SHADERS / "surface.glsl").read_text())


class Programs:
    """All programs of the renderer and the meshes they draw, by name."""

    def __init__(self, gl: moderngl.Context) -> None:
        self._gl = self.gl = gl
        self._programs: dict[str, Any] = {
            name: gl.program(_source(f"{vertex}.vert"), _source(f"{name}.frag"))
            for name, vertex in _PROGRAMS.items()
        }
        for program in self._programs.values():
            for name, unit in UNITS.items():
                if name in program:
                    program[name].value = unit
        self._screens = {
            name: gl.vertex_array(self._programs[name], [])
            for name, vertex in _PROGRAMS.items()
            if vertex == "screen"
        }
        self._buffers: dict[str, tuple[moderngl.Buffer, int]] = {}

    def upload(self, name: str, mesh: Mesh) -> None:
        """Keeps a mesh under a name, in place of an older one."""
        if name in self._buffers:
            self._buffers.pop(name)[0].release()
        if len(mesh):
            self._buffers[name] = (self._gl.buffer(mesh.tobytes()), len(mesh))

    def draw(self, mesh: str, program: str, count: int | None = None, first: int = 0) -> None:
        """Draws a kept mesh, or `count` vertices of it, from `first`; nothing when it is empty."""
        if mesh not in self._buffers:
            return
        buffer, total = self._buffers[mesh]
        prog = self._programs[program]
        used = [name in prog for name in VERTEX_NAMES]
        formats = [
            code if use else _UNUSED[code]
            for code, use in zip(VERTEX_FORMAT.split(), used, strict=True)
        ]
        names = [name for name, use in zip(VERTEX_NAMES, used, strict=True) if use]
        array = self._gl.vertex_array(prog, [(buffer, " ".join(formats), *names)])
        array.render(vertices=total - first if count is None else count, first=first)
        array.release()

    def fill(self, program: str) -> None:
        """Runs a screen program over the whole target."""
        self._screens[program].render(vertices=3)

    def set(self, program: str, **values: Any) -> None:
        """Sets those of the uniforms that the program has; arrays are matrices."""
        prog = self._programs[program]
        for name, value in values.items():
            if name not in prog:
                continue
            if isinstance(value, np.ndarray):
                prog[name].write(np.ascontiguousarray(value.T, dtype="f4").tobytes())
            else:
                prog[name].value = value


def noise_texture(gl: moderngl.Context) -> moderngl.Texture:
    """A tiling texture of four noises from rough to smooth."""
    rng = np.random.default_rng(3)
    rough = _tiling(rng, _NOISE_PX, 1.0)
    layers = [rough, _tiling(rng, _NOISE_PX, 1.7), _tiling(rng, _NOISE_PX, 1.4), rough]
    pixels = np.stack([np.clip(128 + 42 * n, 0, 255) for n in layers], 2).astype(np.uint8)
    texture = gl.texture((_NOISE_PX, _NOISE_PX), 4, pixels.tobytes())
    texture.build_mipmaps()
    texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    return texture


def sprite_texture(gl: moderngl.Context) -> moderngl.TextureArray:
    """The painted grass and leaves."""
    texture = gl.texture_array((SPRITE_PX, SPRITE_PX, SPRITES), 2, sprite_atlas().tobytes())
    texture.build_mipmaps()
    texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    texture.repeat_x = texture.repeat_y = False
    return texture


def ground_texture(gl: moderngl.Context, ground: NDArray[np.uint8]) -> moderngl.Texture:
    """The ground map (rows along y, columns along x)."""
    texture = gl.texture(ground.shape[1::-1], 4, np.ascontiguousarray(ground).tobytes())
    texture.build_mipmaps()
    texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
    texture.repeat_x = texture.repeat_y = False
    return texture


def depth_map(gl: moderngl.Context, size: tuple[int, int]) -> moderngl.Texture:
    """A depth texture that shaders read as plain numbers."""
    depth = gl.depth_texture(size)
    depth.compare_func = ""
    depth.filter = (moderngl.NEAREST, moderngl.NEAREST)
    depth.repeat_x = depth.repeat_y = False
    return depth


def picture(gl: moderngl.Context, size: tuple[int, int], dtype: str = "f2") -> moderngl.Texture:
    """A render target of four channels; nearest sampling, which the CPU rasteriser does fastest."""
    texture = gl.texture(size, 4, dtype=dtype)
    texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
    texture.repeat_x = texture.repeat_y = False
    return texture


def _tiling(rng: np.random.Generator, side: int, power: float) -> NDArray[np.float64]:
    """Noise that tiles, with a spectrum falling as frequency**-power; unit spread."""
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    f[0, 0] = 1.0
    spectrum = np.exp(2j * np.pi * rng.random((side, side))) * f**-power
    spectrum[0, 0] = 0.0
    noise = np.fft.ifft2(spectrum).real
    return np.asarray(noise / noise.std())
