"""The river in the picture: what it mirrors is baked once, its ripples are drawn every frame."""

from typing import Any

import moderngl
import numpy as np

from benchmarks.simulator.frames import Instant
from benchmarks.simulator.meshes import VERTEX, Kind, Mesh
from benchmarks.simulator.programs import UNITS, Programs, picture
from benchmarks.simulator.terrain import EXTENT
from benchmarks.simulator.waterside import EDGE_M, RiverSpec

_LEVEL_M = 0.01  # above the ground, which it would flicker with
_FAR = 2.5  # times the painted ground, as far as the ground reaches
_BODIES = 8
_GROUND_VERTICES = 6
_MIRROR = np.diag([1.0, 1.0, -1.0, 1.0])


def water_mesh(river: RiverSpec) -> Mesh:
    """Two triangles from bank to bank."""
    x0, x1 = EXTENT[0] * _FAR, EXTENT[1] * _FAR
    y0, y1 = river.y0_m - EDGE_M, river.y1_m + EDGE_M
    mesh = np.zeros(6, VERTEX)
    mesh["pos"][:, :2] = [(x0, y0), (x1, y0), (x1, y1), (x0, y0), (x1, y1), (x0, y1)]
    mesh["pos"][:, 2], mesh["nrm"] = _LEVEL_M, (0, 0, 1)
    mesh["col"][:, 3] = int(Kind.WATER)
    return mesh


class RiverView:
    """A river seen through a camera, on the renderer's GL context."""

    def __init__(self, gl: moderngl.Context, programs: Programs, size: tuple[int, int]) -> None:
        self._programs, self._size = programs, size
        half = (size[0] // 2, size[1] // 2)
        self._mirror = [picture(gl, half), picture(gl, half), picture(gl, half, "f1")]
        for texture in self._mirror:
            texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._fbo = gl.framebuffer(self._mirror, gl.depth_renderbuffer(half))

    def load(self, river: RiverSpec) -> None:
        """Takes the water's mesh onto the card."""
        self._programs.upload("water", water_mesh(river))
        self._programs.set("water", u_banks=(river.y0_m, river.y1_m))

    def bake(self, uniforms: dict[str, Any]) -> None:
        """Draws the world as the surface mirrors it; leaves uniforms that must be set anew."""
        gl, programs = self._programs.gl, self._programs
        below = uniforms["u_vp"] @ _MIRROR
        eye = uniforms["u_eye"]
        mirrored = uniforms | {"u_vp": below}
        programs.set("sky", **mirrored | {"u_inverse": np.linalg.inv(below)})
        programs.set("sky", u_eye=(eye[0], eye[1], -eye[2]))
        programs.set("static", **mirrored)
        programs.set("water", **uniforms)
        programs.set("water", u_pixel=(1.0 / self._size[0], 1.0 / self._size[1]))
        self._fbo.use()
        self._fbo.clear(0, 0, 0, 0, depth=1.0)
        gl.disable(moderngl.DEPTH_TEST)
        programs.fill("sky")
        gl.enable(moderngl.DEPTH_TEST)
        programs.draw("solid", "static", first=_GROUND_VERTICES)

    def draw(self, instant: Instant) -> None:
        """Draws the water into the target in use, behind what stands before it."""
        for name, texture in zip(("u_mirror_lit", "u_mirror_sun"), self._mirror, strict=False):
            texture.use(UNITS[name])
        bodies = [(x, y, 1.0) for x, y in instant.swimmers[:_BODIES]]
        bodies += [(0.0, 0.0, 0.0)] * (_BODIES - len(bodies))
        self._programs.set("water", u_time=instant.t_s, u_bodies=bodies)
        self._programs.draw("water", "water")
