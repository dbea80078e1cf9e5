"""Draws a world through one camera: the static part baked once, people and ladders every frame.

Runs on moderngl with EGL; no display or GPU is needed (Mesa's llvmpipe).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.camera import Camera
from benchmarks.simulator.lighting import Light
from benchmarks.simulator.meshes import VERTEX_FORMAT, VERTEX_NAMES, Mesh, merge
from benchmarks.simulator.pose import Array, unit, vec
from benchmarks.simulator.terrain import EXTENT
from benchmarks.simulator.vegetation import SPRITE_PX, SPRITES, sprite_atlas

_SHADERS = Path(__file__).parent / "shaders"
_STATIC_SHADOW_PX = 3072
_MOVING_SHADOW_PX = 1024
_UNITS = {"u_noise": 0, "u_ground": 1, "u_sprites": 2, "u_shadow": 3, "u_dyn_shadow": 4, "u_lit": 5,
          "u_sun": 6, "u_albedo": 7, "u_depth": 8, "u_rgb": 9}  # fmt: skip


@dataclass(frozen=True)
class Drawable:
    """Something that moves: a posed mesh and its identity in the mask, 0 for none."""

    mesh: Mesh
    identity: int


@dataclass(frozen=True)
class Instant:
    """What changes from frame to frame besides the figures; a spot is a car's headlight."""

    t_s: float = 0.0
    sway: float = 0.0
    drift: float = 0.0
    spot_pos: tuple[float, float, float] = (0.0, 0.0, 0.0)
    spot_dir: tuple[float, float, float] = (1.0, 0.0, 0.0)
    spot_rgb: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Shot:
    """A rendered frame: linear light (H, W, 3) float32 and the identity mask at supersampled size."""

    linear: NDArray[np.float32]
    identities: NDArray[np.uint8]


def _source(name: str) -> str:
    text = (_SHADERS / name).read_text()
    return text.replace("#include surface.glsl", (_SHADERS / "surface.glsl").read_text())


def _ortho(direction: tuple[float, float, float], points: Array, margin: float) -> tuple[Array, float]:
    """Matrix (4, 4) looking along -direction that holds all points; and its width in metres."""
    back = unit(np.array(direction))
    right = unit(np.cross(vec(0.01, 0.02, 1.0), back))
    basis = np.stack([right, np.cross(back, right), back])
    local = points @ basis.T
    low, high = local.min(0) - margin, local.max(0) + margin
    size = high - low
    matrix = np.eye(4)
    for axis in range(3):
        sign = -1.0 if axis == 2 else 1.0
        matrix[axis, :3] = sign * 2 * basis[axis] / size[axis]
        matrix[axis, 3] = -sign * (high[axis] + low[axis]) / size[axis]
    return matrix, float(size[:2].max())


class Renderer:
    """One picture size on one GL context; `load` a world, `bake` a view, then `frame` after `frame`."""

    def __init__(self, width_px: int, height_px: int, supersample: int = 2) -> None:
        self.width_px, self.height_px, self.scale = width_px, height_px, supersample
        self._gl = moderngl.create_context(standalone=True, backend="egl", require=330)
        size = self._size = (width_px * supersample, height_px * supersample)
        gl = self._gl
        self._programs = {
            name: gl.program(_source(f"{vertex}.vert"), _source(f"{name}.frag"))
            for vertex, names in (
                ("world", ("static", "moving", "veil", "depth")),
                ("screen", ("sky", "compose", "resolve")),
            )
            for name in names
        }
        self._screens = {n: gl.vertex_array(self._programs[n], []) for n in ("sky", "compose", "resolve")}
        self._baked = [gl.texture(size, 4, dtype="f2"), gl.texture(size, 4, dtype="f2"), gl.texture(size, 4)]
        self._baked_depth = gl.depth_texture(size)
        self._bake_fbo = gl.framebuffer(self._baked, self._baked_depth)
        self._colour, self._ids = gl.texture(size, 4, dtype="f2"), gl.texture(size, 1)
        depth = gl.depth_renderbuffer(size)
        self._frame_fbo = gl.framebuffer([self._colour, self._ids], depth)
        self._veil_fbo = gl.framebuffer([self._colour], depth)
        self._solo_ids = gl.texture(size, 1)
        self._solo_fbo = gl.framebuffer([self._solo_ids], gl.depth_renderbuffer(size))
        self._final = gl.framebuffer([gl.texture((width_px, height_px), 4, dtype="f2")])
        self._shadow = self._shadow_map(_STATIC_SHADOW_PX)
        self._moving_shadow = self._shadow_map(_MOVING_SHADOW_PX)
        for texture in (*self._baked, self._colour):
            texture.repeat_x = texture.repeat_y = False
        self._baked_depth.compare_func = ""
        self._baked_depth.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._noise, self._sprites = self._noise_texture(), self._sprite_texture()
        self._ground: moderngl.Texture | None = None
        self._vbos: dict[str, tuple[Any, int]] = {}
        self._camera: Camera | None = None
        self._light: Light | None = None

    def _shadow_map(self, side: int) -> Any:
        depth = self._gl.depth_texture((side, side))
        depth.compare_func = ""
        depth.filter = (moderngl.NEAREST, moderngl.NEAREST)
        depth.repeat_x = depth.repeat_y = False
        return self._gl.framebuffer([], depth)

    def _noise_texture(self) -> Any:
        rng = np.random.default_rng(3)
        side = 512
        rough = _tiling(rng, side, 1.0)
        layers = [rough, _tiling(rng, side, 1.7), _tiling(rng, side, 1.4), rough]
        pixels = np.stack([np.clip(128 + 42 * n, 0, 255) for n in layers], 2).astype(np.uint8)
        texture = self._gl.texture((side, side), 4, pixels.tobytes())
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        return texture

    def _sprite_texture(self) -> Any:
        texture = self._gl.texture_array((SPRITE_PX, SPRITE_PX, SPRITES), 2, sprite_atlas().tobytes())
        texture.build_mipmaps()
        texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        texture.repeat_x = texture.repeat_y = False
        return texture

    def load(self, solid: Mesh, veil: Mesh, ground: NDArray[np.uint8]) -> None:
        """Takes a world's static meshes and ground map (rows along y) onto the card."""
        if self._ground is not None:
            self._ground.release()
        self._ground = self._gl.texture(ground.shape[1::-1], 4, np.ascontiguousarray(ground).tobytes())
        self._ground.build_mipmaps()
        self._ground.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self._ground.repeat_x = self._ground.repeat_y = False
        x0, x1, y0, y1 = EXTENT
        corner = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y0), (x1, y1), (x0, y1)]) * 2.5
        plane = np.zeros(6, solid.dtype)
        plane["pos"][:, :2], plane["nrm"] = corner, (0, 0, 1)
        plane["col"][:, 3], plane["mat"] = 1, (100, 90, 0, 0)
        self._upload("solid", merge([plane, solid]))
        self._upload("veil", veil)

    def _upload(self, name: str, mesh: Mesh) -> None:
        if name in self._vbos:
            self._vbos.pop(name)[0].release()
        if len(mesh):
            self._vbos[name] = (self._gl.buffer(mesh.tobytes()), len(mesh))

    def _draw(self, name: str, program: str) -> None:
        if name not in self._vbos:
            return
        buffer, count = self._vbos[name]
        prog = self._programs[program]
        used = [n in prog for n in VERTEX_NAMES]
        formats = [
            f if u else {"3f": "12x", "4f1": "4x"}[f] for f, u in zip(VERTEX_FORMAT.split(), used, strict=True)
        ]
        names = [n for n, u in zip(VERTEX_NAMES, used, strict=True) if u]
        array = self._gl.vertex_array(prog, [(buffer, " ".join(formats), *names)])
        array.render(vertices=count)
        array.release()

    def _set(self, program: str, **values: Any) -> None:
        prog = self._programs[program]
        for name, value in values.items():
            if name in prog:
                if isinstance(value, np.ndarray):
                    prog[name].write(np.ascontiguousarray(value.T, dtype="f4").tobytes())
                else:
                    prog[name].value = value
        for name, unit_ in _UNITS.items():
            if name in prog:
                prog[name].value = unit_

    def _bind(self) -> None:
        textures = (self._noise, self._ground, self._sprites, self._shadow.depth_attachment,
                    self._moving_shadow.depth_attachment, *self._baked, self._baked_depth, self._colour)  # fmt: skip
        for location, texture in enumerate(textures):
            texture.use(location)

    def _light_uniforms(self) -> dict[str, Any]:
        camera, light = self._view()
        lamp = light.lamp
        return {
            "u_vp": camera.matrix(),
            "u_inverse": np.linalg.inv(camera.matrix()),
            "u_eye": camera.eye,
            "u_axis": tuple(-camera.basis[2]),
            "u_mode": light.mode,
            "u_sun_dir": light.sun_dir,
            "u_sun_rgb": light.sun_rgb,
            "u_sky_rgb": light.sky_rgb,
            "u_bounce_rgb": light.bounce_rgb,
            "u_lamp": (lamp, lamp, lamp, light.lamp_reach_m),
            "u_fog": (*light.fog_rgb, light.fog_per_m),
            "u_extent": (EXTENT[0], EXTENT[1], EXTENT[2], EXTENT[3]),
            "u_zenith": light.zenith,
            "u_horizon": light.horizon,
            "u_cloud_rgb": light.cloud_rgb,
            "u_clouds": light.clouds,
            "u_shadow_vp": self._shadow_vp,
            "u_soft": light.soft_m / self._shadow_width,
        }

    def _view(self) -> tuple[Camera, Light]:
        if self._camera is None or self._light is None:
            raise RuntimeError("renderer: bake a view before drawing frames")
        return self._camera, self._light

    def bake(self, camera: Camera, light: Light) -> None:
        """Draws the static world's ambient light, sunlight and depth once for a camera and a light."""
        gl = self._gl
        self._camera, self._light = camera, light
        focus = _ground_in_view(camera)
        tall = np.concatenate([focus, focus + vec(0, 0, 7.0)])
        self._shadow_vp, self._shadow_width = _ortho(light.sun_dir, tall, 1.0)
        gl.enable(moderngl.DEPTH_TEST)
        gl.disable(moderngl.BLEND)
        self._bind()
        self._shadow.use()
        self._shadow.clear(depth=1.0)
        if max(light.sun_rgb) > 0:
            self._set("depth", u_vp=self._shadow_vp, u_id=0.0)
            self._draw("solid", "depth")
        self._bake_fbo.use()
        self._bake_fbo.clear(0, 0, 0, 0, depth=1.0)
        uniforms = self._light_uniforms()
        for name in ("sky", "static", "moving", "veil", "compose"):
            self._set(name, **uniforms)
        gl.disable(moderngl.DEPTH_TEST)
        self._screens["sky"].render(vertices=3)
        gl.enable(moderngl.DEPTH_TEST)
        self._draw("solid", "static")

    def frame(self, things: list[Drawable], instant: Instant, blur_px: float = 1.1) -> Shot:
        """Draws moving things into the baked view; `blur_px` is the lens, in supersampled pixels."""
        gl = self._gl
        camera, light = self._view()
        self._upload("things", merge([t.mesh for t in things]))
        self._bind()
        moving: dict[str, Any] = {
            "u_spot_pos": instant.spot_pos,
            "u_spot_dir": tuple(unit(np.array(instant.spot_dir))),
            "u_spot_rgb": instant.spot_rgb,
        }
        moving |= self._cast_shadows(things, camera, light)
        self._frame_fbo.use()
        self._frame_fbo.color_mask = ((True,) * 4, (True,) * 4)
        gl.enable(moderngl.DEPTH_TEST)
        gl.depth_func = "1"  # type: ignore[assignment]
        self._set("compose", **moving, u_time=instant.t_s, u_sway=instant.sway, u_drift=instant.drift)
        self._screens["compose"].render(vertices=3)
        gl.depth_func = "<="
        for thing in things:
            self._upload("thing", thing.mesh)
            self._set("moving", **moving, u_id=thing.identity / 255.0)
            self._draw("thing", "moving")
        self._veil_fbo.use()
        gl.enable(moderngl.BLEND)
        gl.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        self._draw("veil", "veil")
        gl.disable(moderngl.BLEND)
        gl.disable(moderngl.DEPTH_TEST)
        self._final.use()
        texel = (1.0 / self._size[0], 1.0 / self._size[1])
        self._set("resolve", u_texel=texel, u_blur=blur_px)
        self._screens["resolve"].render(vertices=3)
        raw = np.frombuffer(self._final.read(components=3, dtype="f2"), np.float16)
        linear = raw.reshape(self.height_px, self.width_px, 3)[::-1].astype(np.float32)
        mask = np.frombuffer(self._frame_fbo.read(components=1, attachment=1, alignment=1), np.uint8)
        return Shot(linear, mask.reshape(self._size[1], self._size[0])[::-1])

    def _cast_shadows(self, things: list[Drawable], camera: Camera, light: Light) -> dict[str, Any]:
        if not things or max(light.sun_rgb) <= 0:
            return {"u_dyn_vp": np.eye(4), "u_dyn_soft": 0.0, "u_dyn_rect": (2.0, 2.0, 2.0, 2.0)}
        points = np.concatenate([t.mesh["pos"][:: max(1, len(t.mesh) // 300)] for t in things]).astype(float)
        sun = np.array(light.sun_dir)
        fallen = points - sun * (np.maximum(points[:, 2:], 0) / max(sun[2], 0.05))
        vp, width = _ortho(light.sun_dir, np.concatenate([points, fallen]), 0.3 + 2 * light.soft_m)
        self._moving_shadow.use()
        self._moving_shadow.clear(depth=1.0)
        self._gl.enable(moderngl.DEPTH_TEST)
        self._set("depth", u_vp=vp, u_id=0.0)
        self._draw("things", "depth")
        where = camera.project(np.concatenate([points, fallen]))
        rect = np.array([0.0, 0.0, 1.0, 1.0])
        if np.isfinite(where).all():
            pad = 20 + 4 * camera.focal_px * light.soft_m / 10
            low, high = where.min(0) - pad, where.max(0) + pad
            rect = np.array([low[0] / self.width_px, 1 - high[1] / self.height_px,
                             high[0] / self.width_px, 1 - low[1] / self.height_px])  # fmt: skip
        return {"u_dyn_vp": vp, "u_dyn_soft": light.soft_m / width, "u_dyn_rect": tuple(rect)}

    def solo_pixels(self, thing: Drawable) -> int:
        """Counts the supersampled pixels that a thing would cover in the picture with nothing before it."""
        camera, _ = self._view()
        box = camera.box(thing.mesh["pos"].astype(float))
        if box is None:
            return 0
        x0, y0 = (int(max(0, np.floor(v) - 2)) * self.scale for v in (box[0], self.height_px - box[3]))
        x1, y1 = (int(np.ceil(v) + 2) * self.scale for v in (box[2], self.height_px - box[1]))
        x1, y1 = min(x1, self._size[0]), min(y1, self._size[1])
        if x1 <= x0 or y1 <= y0:
            return 0
        area = (x0, y0, x1 - x0, y1 - y0)
        self._solo_fbo.use()
        self._solo_fbo.scissor = area
        self._solo_fbo.clear(0.0, depth=1.0)
        self._gl.enable(moderngl.DEPTH_TEST)
        self._upload("solo", thing.mesh)
        self._sprites.use(_UNITS["u_sprites"])
        self._set("depth", u_vp=camera.matrix(), u_id=1.0)
        self._draw("solo", "depth")
        self._solo_fbo.scissor = None
        return int(np.count_nonzero(np.frombuffer(self._solo_fbo.read(area, components=1, alignment=1), np.uint8)))

    def static_occlusion(self) -> NDArray[np.float32]:
        """Depth of the baked static world (H', W'), 0..1, first row at the top."""
        raw = np.frombuffer(self._baked_depth.read(), np.float32)
        return raw.reshape(self._size[1], self._size[0])[::-1]


def _tiling(rng: np.random.Generator, side: int, power: float) -> NDArray[np.float64]:
    """Noise that tiles, with a spectrum falling as frequency**-power; unit spread."""
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    f[0, 0] = 1.0
    spectrum = np.exp(2j * np.pi * rng.random((side, side))) * f**-power
    spectrum[0, 0] = 0.0
    noise = np.fft.ifft2(spectrum).real
    return np.asarray(noise / noise.std())


def _ground_in_view(camera: Camera, reach_m: float = 55.0) -> Array:
    """Corners (4, 3) of the ground near enough to need shadows."""
    eye = np.array(camera.eye)
    points = []
    for u in (0.0, camera.width_px):
        for v in (0.35 * camera.height_px, camera.height_px * 1.0):
            hit = camera.ground(u, v)
            away = np.array([np.nan, np.nan]) if hit is None else hit - eye[:2]
            length = float(np.hypot(*away)) if hit is not None else np.inf
            if not np.isfinite(length) or length > reach_m:
                d = camera.basis.T @ vec(u - camera.width_px / 2, 0.0, -camera.focal_px)
                away = reach_m * unit(d[:2])
            points.append([*(eye[:2] + away), 0.0])
    return np.array(points)


