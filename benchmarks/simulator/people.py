"""Clothes on baked bodies: colours by region, loose cloth, hair, hats, hoods, packs."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.bodies import INDEX, Body, bodies, vertex_normals
from benchmarks.simulator.meshes import VERTEX, Array, Kind, Material, Mesh, boxes, merge
from benchmarks.simulator.pose import Stance, resolve

Bools = NDArray[np.bool_]

_CLOTHES = (
    (0.05, 0.05, 0.06), (0.10, 0.11, 0.14), (0.16, 0.17, 0.19), (0.30, 0.31, 0.32), (0.20, 0.22, 0.14),
    (0.28, 0.24, 0.17), (0.12, 0.16, 0.28), (0.35, 0.09, 0.09), (0.55, 0.53, 0.48), (0.22, 0.30, 0.20),
    (0.45, 0.36, 0.24), (0.10, 0.22, 0.38), (0.62, 0.64, 0.66), (0.60, 0.32, 0.08), (0.18, 0.11, 0.10),
)  # fmt: skip
_SKINS = (
    (0.80, 0.60, 0.48),
    (0.68, 0.47, 0.35),
    (0.52, 0.34, 0.24),
    (0.34, 0.21, 0.15),
    (0.86, 0.68, 0.58),
)
_HAIRS = ((0.05, 0.04, 0.03), (0.12, 0.08, 0.05), (0.28, 0.19, 0.11), (0.45, 0.42, 0.40))


@dataclass(frozen=True)
class Outfit:
    """What somebody wears; colours are sRGB 0..1, `loose` is metres of cloth off the body."""

    shirt: tuple[float, float, float]
    trousers: tuple[float, float, float]
    shoes: tuple[float, float, float]
    skin: tuple[float, float, float]
    hair: tuple[float, float, float]
    loose: float = 0.018
    long_sleeves: bool = True
    hat: tuple[float, float, float] | None = None
    hood: bool = False
    masked: bool = False
    gloves: bool = False
    pack: tuple[float, float, float] | None = None
    coat: bool = False


def random_outfit(rng: np.random.Generator) -> Outfit:
    """Dresses somebody at random."""

    def cloth() -> tuple[float, float, float]:
        base = np.array(_CLOTHES[rng.integers(len(_CLOTHES))]) * rng.uniform(0.7, 1.3) + rng.normal(
            0, 0.02, 3
        )
        r, g, b = np.clip(base, 0.03, 0.85)
        return float(r), float(g), float(b)

    dark: tuple[float, float, float] = (0.07, 0.07, 0.08)
    return Outfit(
        shirt=cloth(),
        trousers=cloth() if rng.random() < 0.7 else (0.13, 0.15, 0.22),
        shoes=dark if rng.random() < 0.7 else cloth(),
        skin=_SKINS[rng.integers(len(_SKINS))],
        hair=_HAIRS[rng.integers(len(_HAIRS))],
        loose=float(rng.uniform(0.010, 0.032)),
        long_sleeves=bool(rng.random() < 0.75),
        hat=cloth() if rng.random() < 0.35 else None,
        hood=bool(rng.random() < 0.2),
        masked=bool(rng.random() < 0.15),
        gloves=bool(rng.random() < 0.3),
        pack=cloth() if rng.random() < 0.25 else None,
        coat=bool(rng.random() < 0.25),
    )


class Person:
    """A dressed body that can be drawn in any stance."""

    def __init__(self, body: Body, outfit: Outfit, seed: int = 0) -> None:
        self.body, self.outfit, self.seed = body, outfit, seed
        self._dress()

    @classmethod
    def random(cls, rng: np.random.Generator) -> "Person":
        """Picks a body and clothes."""
        all_bodies = bodies()
        return cls(
            all_bodies[rng.integers(len(all_bodies))], random_outfit(rng), int(rng.integers(1000))
        )

    @cached_property
    def _share(self) -> Array:
        share = np.zeros((len(self.body.vertices), len(INDEX)))
        np.add.at(
            share, (np.arange(len(share))[:, None], self.body.bone_index), self.body.bone_weight
        )
        return share

    def _bones(self, *names: str) -> Array:
        columns = [i for bone, i in INDEX.items() if bone.split(".")[0] in names]
        return self._share[:, columns].sum(1)

    def _dress(self) -> None:
        body, o = self.body, self.outfit
        rest, n = body.vertices, len(body.vertices)
        z = rest[:, 2]
        waist = float(body.joint("abdomen")[2])
        head = body.joint("head")
        rgb = np.tile(np.array(o.skin), (n, 1))
        kind = np.full(n, int(Kind.SKIN))
        warmth, nir, off = np.full(n, 0.92), np.full(n, 0.55), np.zeros(n)

        def paint(
            where: Bools,
            colour: tuple[float, float, float],
            lift: float,
            warm: float,
            *,
            cloth: bool = True,
        ) -> None:
            rgb[where] = colour
            kind[where] = int(Kind.CLOTH if cloth else Kind.PLAIN)
            rng = np.random.default_rng(self.seed + int(1000 * sum(colour)))
            warmth[where] = warm - (0.22 * rng.random() if cloth else 0.0)
            nir[where] = np.clip(0.24 + 0.40 * rng.random() + 0.25 * np.mean(colour), 0, 0.85)
            off[where] = lift

        legs = self._bones("thigh", "shin") + self._bones("hips", "foot") * (
            z > body.joint("foot.L")[2] * 0.9
        )
        hem = waist - (0.34 if o.coat else 0.06)
        torso = self._bones("abdomen", "chest", "clavicle", "hips", "neck") * (
            z < body.joint("neck")[2] + 0.03
        )
        arms = self._bones("upperarm", "forearm")
        paint((legs > 0.5) & (z < waist + 0.05), o.trousers, o.loose * 0.8, 0.66)
        shirt = ((torso > 0.5) | (self._bones("upperarm") > 0.5) | ((legs > 0.5) & o.coat)) & (
            z > hem
        )
        paint(shirt, o.shirt, o.loose, 0.70)
        if o.long_sleeves:
            paint(arms + self._bones("clavicle") > 0.5, o.shirt, o.loose * 0.75, 0.66)
        if o.gloves:
            paint(
                self._bones("hand", "knuckles", "fingertips") > 0.5, (0.10, 0.10, 0.10), 0.004, 0.7
            )
        paint(
            self._bones("foot", "toes") * (z < body.joint("foot.L")[2] * 0.95) > 0.4,
            o.shoes,
            0.008,
            0.55,
        )
        local = rest - head
        crown = float(body.height_m - head[2])
        is_head = self._bones("head") > 0.5
        hairline = is_head & (
            local[:, 2] > crown * 0.50 - 0.35 * np.maximum(-local[:, 0] + 0.02, 0) * 1.0
        )
        hairline &= (local[:, 2] > crown * 0.72) | (local[:, 0] < 0.045)
        back = is_head & (local[:, 0] < 0.0) & (local[:, 2] > crown * 0.18)
        paint(hairline | back, o.hair, 0.014, 0.80)
        if o.hat is not None:
            paint(is_head & (local[:, 2] > crown * 0.60), o.hat, 0.02, 0.72)
        if o.hood:
            paint((hairline | back | (self._bones("neck") > 0.5)), o.shirt, 0.03, 0.7)
        if o.masked:
            paint(is_head & (local[:, 2] < crown * 0.42), (0.05, 0.05, 0.06), 0.006, 0.8)
        normal = vertex_normals(rest, body.faces)
        self._offset = normal * off[:, None]
        self._rgb, self._kind, self._warmth, self._nir = rgb, kind, warmth, nir

    def mesh(self, stance: Stance) -> Mesh:
        """Skins the body for a stance and returns its triangles in the world."""
        rotation, position = resolve(self.body, stance)
        posed, normals = self.body.skin(rotation, position, self._offset)
        index = self.body.faces.ravel()
        mesh = np.zeros(len(index), VERTEX)
        mesh["pos"], mesh["nrm"] = posed[index], normals[index]
        mesh["tex"] = (self.body.vertices + 0.37 * self.seed)[index]
        face_first = np.repeat(self.body.faces[:, 0], 3)
        mesh["col"][:, :3] = np.round(np.clip(self._rgb[face_first], 0, 1) * 255)
        mesh["col"][:, 3] = self._kind[face_first]
        mesh["mat"][:, 0] = np.round(self._nir[face_first] * 255)
        mesh["mat"][:, 1] = np.round(self._warmth[face_first] * 255)
        if self.outfit.pack is None:
            return mesh
        return merge([mesh, self._pack(rotation, position)])

    def _pack(self, rotation: Array, position: Array) -> Mesh:
        chest = INDEX["chest"]
        r = rotation[chest]
        centre = position[chest] + r @ np.array([-0.21, 0.0, 0.16])
        material = Material(
            self.outfit.pack or (0, 0, 0), Kind.CLOTH, nir=0.4, thermal=0.5, gloss=0.0
        )
        body = boxes(centre[None], np.array([[0.09, 0.15, 0.22]]), material, r[None])
        pocket = boxes(
            (centre + r @ np.array([-0.10, 0, -0.06]))[None],
            np.array([[0.04, 0.12, 0.12]]),
            material,
            r[None],
        )
        return merge([body, pocket])
