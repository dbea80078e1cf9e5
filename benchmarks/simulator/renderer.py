"""Draws a world through one camera: the static part baked once, people and ladders every frame.

Runs on moderngl with EGL; no display or GPU is needed (Mesa's llvmpipe).
"""

from typing import Any

import moderngl
import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.camera import Camera
from benchmarks.simulator.frames import Drawable, Instant, Shot, patched
from benchmarks.simulator.lighting import Light
from benchmarks.simulator.meshes import VERTEX, Mesh, merge
from benchmarks.simulator.pose import unit, vec
from benchmarks.simulator.programs import (
    Programs,
    depth_map,
    ground_texture,
    noise_texture,
    open_context,
    picture,
    sprite_texture,
)
from benchmarks.simulator.projections import (
    Area,
    around,
    ground_in_view,
    no_shadows,
    ortho,
    shadow_rect,
    uniforms,
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
        self._still: Shot | None = None
        self._still_blur_px = 0.0
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
        focus = ground_in_view(camera)
        self._shadow_vp, self._shadow_width = ortho(
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
        known = uniforms(camera, light)
        known["u_shadow_vp"] = self._shadow_vp
        known["u_soft"] = light.soft_m / self._shadow_width
        if self._river is not None:
            self._river.bake(known)
        self._bake_fbo.use()
        self._bake_fbo.clear(0, 0, 0, 0, depth=1.0)
        for name in ("sky", "static", "moving", "veil", "compose"):
            programs.set(name, **known)
        gl.disable(moderngl.DEPTH_TEST)
        programs.fill("sky")
        gl.enable(moderngl.DEPTH_TEST)
        programs.draw("solid", "static")
        self._compose(self._empty_fbo, Instant(), self._spot(Instant()) | no_shadows())
        self._still, self._still_blur_px = None, 0.0

    def frame(self, things: list[Drawable], instant: Instant, blur_px: float = 1.1) -> Shot:
        """Draws moving things into the view; `blur_px` is the lens, in supersampled pixels."""
        programs = self._programs
        camera, light = self._view()
        programs.upload("things", merge([t.mesh for t in things]))
        self._bind()
        moving = self._spot(instant) | self._cast_shadows(things, camera, light)
        whole = Area(0, 0, self.width_px, self.height_px)
        area = whole
        # A background is kept from the second frame of the same look on: pictures change it each.
        if blur_px == self._still_blur_px and not instant.changes_everything:
            area = self._changed(things, moving, camera)
        self._still = self._still if blur_px == self._still_blur_px else None
        self._still_blur_px = blur_px
        if area == whole:
            return self._drawn(things, instant, moving, whole)
        if self._still is None:
            quiet = self._spot(Instant()) | no_shadows()
            self._still = self._drawn([], Instant(), quiet, whole)
            self._still.linear.flags.writeable = self._still.identities.flags.writeable = False
        if area.empty:
            return self._still
        part = self._drawn(things, instant, moving, area)
        return patched(self._still, part, (area.x0, self.height_px - area.y1), self.scale)

    def _changed(self, things: list[Drawable], moving: dict[str, Any], camera: Camera) -> Area:
        """Where a frame differs from the still background, in pixels of the picture."""
        w, h = self.width_px, self.height_px
        found = [camera.box(t.mesh["pos"].astype(float)) for t in things]
        boxes = [box for box in found if box is not None]
        if self._river is not None or len(boxes) < len(found):
            return Area(0, 0, w, h)
        x0, y0, x1, y1 = moving["u_dyn_rect"]
        if x0 < 1 and y0 < 1 and x1 > 0 and y1 > 0:
            boxes.append((x0 * w, (1 - y1) * h, x1 * w, (1 - y0) * h))
        return around(boxes, camera)

    def _drawn(
        self, things: list[Drawable], instant: Instant, moving: dict[str, Any], area: Area
    ) -> Shot:
        """Draws a frame and reads an area of it back."""
        gl, programs = self._gl, self._programs
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
        # The lens blurs over two supersampled pixels beside the area.
        self._veil_fbo.scissor = area.grown(1, self.width_px, self.height_px).scissor(self.scale)
        self._veil_fbo.use()
        gl.enable(moderngl.BLEND)
        gl.blend_func = moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA
        programs.draw("veil", "veil")
        gl.disable(moderngl.BLEND)
        gl.disable(moderngl.DEPTH_TEST)
        self._final.scissor = area.scissor()
        self._final.use()
        texel = (1.0 / self._size[0], 1.0 / self._size[1])
        programs.set("resolve", u_texel=texel, u_blur=self._still_blur_px)
        programs.fill("resolve")
        return self._read(area)

    def _read(self, area: Area) -> Shot:
        width, height = area.size
        pixels = self._final.read(area.scissor(), components=3, dtype="f2")
        raw = np.frombuffer(pixels, np.float16)
        linear = raw.reshape(height, width, 3)[::-1].astype(np.float32)
        mask = self._frame_fbo.read(
            area.scissor(self.scale), components=1, attachment=1, alignment=1
        )
        identities = np.frombuffer(mask, np.uint8)
        return Shot(linear, identities.reshape(height * self.scale, width * self.scale)[::-1])

    def solo_pixels(self, thing: Drawable) -> int:
        """Counts the supersampled pixels that a thing would cover with nothing before it."""
        camera, _ = self._view()
        box = camera.box(thing.mesh["pos"].astype(float))
        if box is None or around([box], camera).empty:
            return 0
        area = around([box], camera).scissor(self.scale)
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
        self._frame_fbo.use()  # whose scissor holds for the copy
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
            return no_shadows()
        some = [t.mesh["pos"][:: max(1, len(t.mesh) // 300)] for t in things]
        points = np.concatenate(some).astype(float)
        sun = np.array(light.sun_dir)
        fallen = points - sun * (np.maximum(points[:, 2:], 0) / max(sun[2], 0.05))
        reach = np.concatenate([points, fallen])
        vp, width = ortho(light.sun_dir, reach, 0.3 + 2 * light.soft_m)
        self._moving_shadow.use()
        self._moving_shadow.clear(depth=1.0)
        self._gl.enable(moderngl.DEPTH_TEST)
        self._programs.set("depth", u_vp=vp, u_id=0.0)
        self._programs.draw("things", "depth")
        rect = shadow_rect(camera, reach, 0.3 + 2 * light.soft_m)
        return {"u_dyn_vp": vp, "u_dyn_soft": light.soft_m / width, "u_dyn_rect": rect}
