"""Draws a world through one camera: the static part baked once, people and ladders every frame.

Runs on moderngl with EGL; no display or GPU is needed (Mesa's llvmpipe).
"""

from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.camera import Camera
from benchmarks.simulator.frames import Drawable, Instant, Shot
from benchmarks.simulator.lighting import Light
from benchmarks.simulator.meshes import VERTEX, Mesh, merge
from benchmarks.simulator.pose import Array, unit, vec
from benchmarks.simulator.programs import (
    Programs,
    depth_map,
    ground_texture,
    noise_texture,
    open_context,
    picture,
    sprite_texture,
)
from benchmarks.simulator.river import RiverView
from benchmarks.simulator.terrain import EXTENT
from benchmarks.simulator.waterside import RiverSpec

_STATIC_SHADOW_PX = 3072
_MOVING_SHADOW_PX = 1024
_GROUND_KIND = 1


class Renderer:
    """One picture size on one GL context: `load` a world, `bake` a view, draw each `frame`."""

    def __init__(self, width_px: int, height_px: int, supersample: int = 2) -> None:
        self.width_px, self.height_px, self.scale = width_px, height_px, supersample
        gl = self._gl = open_context()
        self._programs = Programs(gl)
        size = self._size = (width_px * supersample, height_px * supersample)
        self._baked = [picture(gl, size), picture(gl, size), picture(gl, size, "f1")]
        self._baked_depth = depth_map(gl, size)
        self._bake_fbo = gl.framebuffer(self._baked, self._baked_depth)
        self._empty_fbo = gl.framebuffer(
            [picture(gl, size), gl.texture(size, 1)], gl.depth_renderbuffer(size)
        )
        self._colour = picture(gl, size)
        depth = gl.depth_renderbuffer(size)
        self._frame_fbo = gl.framebuffer([self._colour, gl.texture(size, 1)], depth)
        self._veil_fbo = gl.framebuffer([self._colour], depth)
        self._solo_fbo = gl.framebuffer([gl.texture(size, 1)], gl.depth_renderbuffer(size))
        self._final = gl.framebuffer([gl.texture((width_px, height_px), 4, dtype="f2")])
        self._shadow = gl.framebuffer([], depth_map(gl, (_STATIC_SHADOW_PX,) * 2))
        self._moving_shadow = gl.framebuffer([], depth_map(gl, (_MOVING_SHADOW_PX,) * 2))
        self._noise, self._sprites = noise_texture(gl), sprite_texture(gl)
        self._ground: moderngl.Texture | None = None
        self._river: RiverView | None = None
        self._camera: Camera | None = None
        self._light: Light | None = None

    def load(
        self,
        solid: Mesh,
        veil: Mesh,
        ground: NDArray[np.uint8],
        river: RiverSpec | None = None,
    ) -> None:
        """Takes a world's static meshes, ground map (rows along y) and river onto the card."""
        self._river = None
        if river is not None:
            self._river = RiverView(self._gl, self._programs, self._size)
            self._river.load(river)
        if self._ground is not None:
            self._ground.release()
        self._ground = ground_texture(self._gl, ground)
        x0, x1, y0, y1 = EXTENT
        corner = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y0), (x1, y1), (x0, y1)]) * 2.5
        plane = np.zeros(6, VERTEX)
        plane["pos"][:, :2], plane["nrm"] = corner, (0, 0, 1)
        plane["col"][:, 3], plane["mat"] = _GROUND_KIND, (100, 90, 0, 0)
        self._programs.upload("solid", merge([plane, solid]))
        self._programs.upload("veil", veil)

    def bake(self, camera: Camera, light: Light) -> None:
        """Draws the static world's light, sunlight and depth once for a camera and light."""
        gl, programs = self._gl, self._programs
        self._camera, self._light = camera, light
        focus = _ground_in_view(camera)
        self._shadow_vp, self._shadow_width = _ortho(
            light.sun_dir, np.concatenate([focus, focus + vec(0, 0, 7.0)]), 1.0
        )
        gl.enable(moderngl.DEPTH_TEST)
        gl.disable(moderngl.BLEND)
        self._bind()
        self._shadow.use()
        self._shadow.clear(depth=1.0)
        if max(light.sun_rgb) > 0:
            programs.set("depth", u_vp=self._shadow_vp, u_id=0.0)
            programs.draw("solid", "depth")
        uniforms = _uniforms(camera, light)
        uniforms["u_shadow_vp"] = self._shadow_vp
        uniforms["u_soft"] = light.soft_m / self._shadow_width
        if self._river is not None:
            self._river.bake(uniforms)
        self._bake_fbo.use()
        self._bake_fbo.clear(0, 0, 0, 0, depth=1.0)
        for name in ("sky", "static", "moving", "veil", "compose"):
            programs.set(name, **uniforms)
        gl.disable(moderngl.DEPTH_TEST)
        programs.fill("sky")
        gl.enable(moderngl.DEPTH_TEST)
        programs.draw("solid", "static")
        self._compose(self._empty_fbo, Instant(), self._spot(Instant()) | _no_shadows())

    def frame(self, things: list[Drawable], instant: Instant, blur_px: float = 1.1) -> Shot:
        """Draws moving things into the view; `blur_px` is the lens, in supersampled pixels."""
        gl, programs = self._gl, self._programs
        camera, light = self._view()
        programs.upload("things", merge([t.mesh for t in things]))
        self._bind()
        moving = self._spot(instant) | self._cast_shadows(things, camera, light)
        self._background(instant, moving)
        gl.enable(moderngl.DEPTH_TEST)
        if self._river is not None:
            self._river.draw(instant)
        programs.set("moving", **moving)
        first = 0
        for thing in things:
            programs.set("moving", u_id=thing.identity / 255.0)
            programs.draw("things", "moving", len(thing.mesh), first)
            first += len(thing.mesh)
        self._veil_fbo.use()
        gl.enable(moderngl.BLEND)
        gl.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        programs.draw("veil", "veil")
        gl.disable(moderngl.BLEND)
        gl.disable(moderngl.DEPTH_TEST)
        self._final.use()
        texel = (1.0 / self._size[0], 1.0 / self._size[1])
        programs.set("resolve", u_texel=texel, u_blur=blur_px)
        programs.fill("resolve")
        raw = np.frombuffer(self._final.read(components=3, dtype="f2"), np.float16)
        linear = raw.reshape(self.height_px, self.width_px, 3)[::-1].astype(np.float32)
        mask = self._frame_fbo.read(components=1, attachment=1, alignment=1)
        identities = np.frombuffer(mask, np.uint8).reshape(self._size[1], self._size[0])
        return Shot(linear, identities[::-1])

    def solo_pixels(self, thing: Drawable) -> int:
        """Counts the supersampled pixels that a thing would cover with nothing before it."""
        camera, _ = self._view()
        area = self._area(camera.box(thing.mesh["pos"].astype(float)))
        if area is None:
            return 0
        self._solo_fbo.use()
        self._solo_fbo.scissor = area
        self._solo_fbo.clear(0.0, depth=1.0)
        self._gl.enable(moderngl.DEPTH_TEST)
        self._programs.upload("solo", thing.mesh)
        self._bind()
        self._programs.set("depth", u_vp=camera.matrix(), u_id=1.0)
        self._programs.draw("solo", "depth")
        self._solo_fbo.scissor = (0, 0, *self._size)
        pixels = np.frombuffer(self._solo_fbo.read(area, components=1, alignment=1), np.uint8)
        return int(np.count_nonzero(pixels))

    def _bind(self) -> None:
        """Binds textures in the order of `programs.UNITS`."""
        textures: tuple[Any, ...] = (
            self._noise,
            self._ground,
            self._sprites,
            self._shadow.depth_attachment,
            self._moving_shadow.depth_attachment,
            *self._baked,
            self._baked_depth,
            self._colour,
        )
        for location, texture in enumerate(textures):
            texture.use(location)

    def _view(self) -> tuple[Camera, Light]:
        if self._camera is None or self._light is None:
            raise RuntimeError("renderer: bake a view before drawing frames")
        return self._camera, self._light

    @staticmethod
    def _spot(instant: Instant) -> dict[str, Any]:
        return {
            "u_spot_pos": instant.spot_pos,
            "u_spot_dir": tuple(unit(np.array(instant.spot_dir))),
            "u_spot_rgb": instant.spot_rgb,
        }

    def _background(self, instant: Instant, moving: dict[str, Any]) -> None:
        """Puts the static world into the frame; what has not changed is copied, which is cheap."""
        if instant.changes_everything:
            self._compose(self._frame_fbo, instant, moving)
            return
        self._gl.copy_framebuffer(self._frame_fbo, self._empty_fbo)
        width, height = self._size
        x0, y0, x1, y1 = moving["u_dyn_rect"]
        x0, x1 = (int(np.clip(v * width, 0, width)) for v in (x0, x1))
        y0, y1 = (int(np.clip(v * height, 0, height)) for v in (y0, y1))
        if x1 > x0 and y1 > y0:
            self._frame_fbo.scissor = (x0, y0, x1 - x0, y1 - y0)
            self._compose(self._frame_fbo, instant, moving)
            self._frame_fbo.scissor = (0, 0, width, height)
        self._frame_fbo.use()

    def _compose(
        self, target: moderngl.Framebuffer, instant: Instant, moving: dict[str, Any]
    ) -> None:
        target.use()
        self._gl.enable(moderngl.DEPTH_TEST)
        self._gl.depth_func = "1"
        self._programs.set(
            "compose", **moving, u_time=instant.t_s, u_sway=instant.sway, u_drift=instant.drift
        )
        self._programs.fill("compose")
        self._gl.depth_func = "<="

    def _cast_shadows(self, things: list[Drawable], camera: Camera, light: Light) -> dict[str, Any]:
        if not things or max(light.sun_rgb) <= 0:
            return _no_shadows()
        some = [t.mesh["pos"][:: max(1, len(t.mesh) // 300)] for t in things]
        points = np.concatenate(some).astype(float)
        sun = np.array(light.sun_dir)
        fallen = points - sun * (np.maximum(points[:, 2:], 0) / max(sun[2], 0.05))
        reach = np.concatenate([points, fallen])
        vp, width = _ortho(light.sun_dir, reach, 0.3 + 2 * light.soft_m)
        self._moving_shadow.use()
        self._moving_shadow.clear(depth=1.0)
        self._gl.enable(moderngl.DEPTH_TEST)
        self._programs.set("depth", u_vp=vp, u_id=0.0)
        self._programs.draw("things", "depth")
        rect = (0.0, 0.0, 1.0, 1.0)
        where = camera.project(reach)
        if np.isfinite(where).all():
            nearest = max(float(camera.depth(reach).min()), 1.0)
            pad = 12 + camera.focal_px * (0.3 + 2 * light.soft_m) / nearest
            low, high = where.min(0) - pad, where.max(0) + pad
            w, h = self.width_px, self.height_px
            rect = (low[0] / w, 1 - high[1] / h, high[0] / w, 1 - low[1] / h)
        return {"u_dyn_vp": vp, "u_dyn_soft": light.soft_m / width, "u_dyn_rect": rect}

    def _area(
        self, box: tuple[float, float, float, float] | None
    ) -> tuple[int, int, int, int] | None:
        """A box as x, y, width, height in supersampled pixels from below, cut to the picture."""
        if box is None:
            return None
        x0, y0 = (int(max(0, np.floor(v) - 2)) for v in (box[0], self.height_px - box[3]))
        x1 = min(int(np.ceil(box[2]) + 2), self.width_px)
        y1 = min(int(np.ceil(self.height_px - box[1]) + 2), self.height_px)
        if x1 <= x0 or y1 <= y0:
            return None
        return x0 * self.scale, y0 * self.scale, (x1 - x0) * self.scale, (y1 - y0) * self.scale


def _no_shadows() -> dict[str, Any]:
    return {"u_dyn_vp": np.eye(4), "u_dyn_soft": 0.0, "u_dyn_rect": (2.0, 2.0, 2.0, 2.0)}


def _uniforms(camera: Camera, light: Light) -> dict[str, Any]:
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
        "u_lamp": (light.lamp, light.lamp, light.lamp, light.lamp_reach_m),
        "u_fog": (*light.fog_rgb, light.fog_per_m),
        "u_extent": EXTENT,
        "u_zenith": light.zenith,
        "u_horizon": light.horizon,
        "u_cloud_rgb": light.cloud_rgb,
        "u_clouds": light.clouds,
    }


def _ortho(
    direction: tuple[float, float, float], points: Array, margin: float
) -> tuple[Array, float]:
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


def _ground_in_view(camera: Camera, reach_m: float = 55.0) -> Array:
    """Corners (4, 3) of the ground near enough to need shadows."""
    eye = np.array(camera.eye)
    points = []
    for u in (0.0, camera.width_px):
        for v in (0.35 * camera.height_px, camera.height_px * 1.0):
            hit = camera.ground(u, v)
            away = None if hit is None else hit - eye[:2]
            if away is None or float(np.hypot(*away)) > reach_m:
                ray = camera.basis.T @ vec(u - camera.width_px / 2, 0.0, -camera.focal_px)
                away = reach_m * unit(ray[:2])
            points.append([*(eye[:2] + away), 0.0])
    return np.array(points)
