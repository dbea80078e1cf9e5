"""Clothes on baked bodies: colours by region, loose cloth, hair, hats, hoods, packs."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.simulator.bodies import INDEX, Body, bodies, vertex_normals
from benchmarks.simulator.meshes import VERTEX, Array, Kind, Material, Mesh, boxes, merge
from benchmarks.simulator.pose import Stance, resolve

Bools = NDArray[np.bool_]

_CLOTHES = (
    (0.05, 0.05, 0.06),
    (0.10, 0.11, 0.14),
    (0.16, 0.17, 0.19),
    (0.30, 0.31, 0.32),
    (0.20, 0.22, 0.14),
    (0.28, 0.24, 0.17),
    (0.12, 0.16, 0.28),
    (0.35, 0.09, 0.09),
    (0.55, 0.53, 0.48),
    (0.22, 0.30, 0.20),
    (0.45, 0.36, 0.24),
    (0.10, 0.22, 0.38),
    (0.62, 0.64, 0.66),
    (0.60, 0.32, 0.08),
    (0.18, 0.11, 0.10),
)
_SKINS = (
    (0.80, 0.60, 0.48),
    (0.68, 0.47, 0.35),
    (0.52, 0.34, 0.24),
    (0.34, 0.21, 0.15),
    (0.86, 0.68, 0.58),
)
_VEST = (0.76, 0.93, 0.16)
_HAIRS = ((0.05, 0.04, 0.03), (0.12, 0.08, 0.05), (0.28, 0.19, 0.11), (0.45, 0.42, 0.40))


@dataclass(frozen=True)
class Outfit:
    """What somebody wears; colours are sRGB 0..1, `loose` is metres of cloth off the body.

    `suit_gloss` makes one tight shiny skin of shirt, trousers and hood; `vest` is a high-visibility
    vest with two reflecting stripes.
    """

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
    suit_gloss: float | None = None
    vest: bool = False


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


def wetsuit(rng: np.random.Generator) -> Outfit:
    """Dresses somebody to swim: black neoprene with a hood, wet."""
    return replace(
        random_outfit(rng),
        shirt=(0.035, 0.037, 0.042),
        trousers=(0.035, 0.037, 0.042),
        shoes=(0.04, 0.04, 0.045),
        loose=0.004,
        long_sleeves=True,
        hat=None,
        hood=True,
        masked=False,
        pack=None,
        coat=False,
        suit_gloss=0.8,
    )


def patrol(rng: np.random.Generator) -> Outfit:
    """Dresses somebody as a guard: dark uniform, cap, high-visibility vest."""
    return replace(
        random_outfit(rng),
        shirt=(0.08, 0.09, 0.14),
        trousers=(0.08, 0.09, 0.14),
        shoes=(0.06, 0.06, 0.06),
        long_sleeves=True,
        hat=(0.07, 0.08, 0.13),
        hood=False,
        masked=False,
        pack=None,
        coat=False,
        vest=True,
    )


@dataclass(frozen=True)
class _Garment:
    """Vertices covered, colour, metres off the body, warmth, range of infrared reflectance."""

    where: Bools
    rgb: tuple[float, float, float]
    lift_m: float
    warmth: float
    nir: tuple[float, float]
    cloth: bool = True
    gloss: float = 0.0


def _rubber(where: Bools, rgb: tuple[float, float, float], gloss: float) -> _Garment:
    return _Garment(where, rgb, 0.008, 0.50, (0.16, 0.22), cloth=False, gloss=gloss)


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
        return np.asarray(self._share[:, columns].sum(1))

    def _dress(self) -> None:
        """Paints the garments over the skin, later ones over earlier ones."""
        count = len(self.body.vertices)
        rng = np.random.default_rng([self.seed, 17])
        self._rgb = np.tile(np.array(self.outfit.skin), (count, 1))
        self._kind = np.full(count, int(Kind.SKIN))
        self._warmth, self._nir, lift = np.full(count, 0.92), np.full(count, 0.62), np.zeros(count)
        self._gloss = np.zeros(count)
        for garment in (*self._clothes(), *self._headgear()):
            where, cloth = garment.where, garment.cloth
            self._rgb[where] = garment.rgb
            self._kind[where] = int(Kind.CLOTH if cloth else Kind.PLAIN)
            self._warmth[where] = garment.warmth - (0.22 * rng.random() if cloth else 0.0)
            self._nir[where] = rng.uniform(*garment.nir)
            lift[where], self._gloss[where] = garment.lift_m, garment.gloss
        self._offset = vertex_normals(self.body.vertices, self.body.faces) * lift[:, None]

    def _clothes(self) -> list[_Garment]:
        body, o, z = self.body, self.outfit, self.body.vertices[:, 2]
        waist, ankle = float(body.joint("abdomen")[2]), float(body.joint("foot.L")[2])
        legs = self._bones("thigh", "shin") + self._bones("hips", "foot") * (z > ankle * 0.9) > 0.5
        collar = z < body.joint("neck")[2] + 0.03
        torso = self._bones("abdomen", "chest", "clavicle", "hips", "neck") * collar > 0.5
        hem = waist - (0.34 if o.coat else 0.06)
        top = (torso | (self._bones("upperarm") > 0.5) | (legs & o.coat)) & (z > hem)
        if o.long_sleeves:
            top |= self._bones("upperarm", "forearm", "clavicle") > 0.5
        shoes = self._bones("foot", "toes") * (z < ankle * 0.95) > 0.4
        worn = [
            _Garment(legs & (z < waist + 0.05), o.trousers, o.loose * 0.8, 0.66, (0.25, 0.65)),
            _Garment(top, o.shirt, o.loose, 0.70, (0.20, 0.80)),
            _Garment(shoes, o.shoes, 0.008, 0.55, (0.15, 0.40)),
        ]
        if o.suit_gloss is not None:
            worn = [_rubber(g.where, o.shirt, o.suit_gloss) for g in worn]
        if o.vest:
            beside = np.abs(body.vertices[:, 1]) < 0.95 * abs(body.joint("upperarm.L")[1])
            trunk = (torso | top) & beside & collar & (z > waist - 0.12)
            worn.append(_Garment(trunk, _VEST, o.loose + 0.012, 0.66, (0.75, 0.85)))
            stripes = trunk & ((np.abs(z - waist) < 0.04) | (np.abs(z - waist - 0.22) < 0.04))
            lift = o.loose + 0.014
            worn.append(_Garment(stripes, (0.88, 0.89, 0.90), lift, 0.6, (1.0, 1.0), cloth=False))
        if o.gloves:
            hands = self._bones("hand", "knuckles", "fingertips") > 0.5
            worn.append(_Garment(hands, (0.10, 0.10, 0.10), 0.004, 0.70, (0.2, 0.5)))
        return worn

    def _headgear(self) -> list[_Garment]:
        body, o = self.body, self.outfit
        local = body.vertices - body.joint("head")
        x, z = local[:, 0], local[:, 2]
        crown = float(body.height_m - body.joint("head")[2])
        head = self._bones("head") > 0.5
        hair = head & (z > crown * 0.50 - 0.35 * np.maximum(0.02 - x, 0.0))
        hair &= (z > crown * 0.72) | (x < 0.045)
        hair |= head & (x < 0.0) & (z > crown * 0.18)
        worn = [_Garment(hair, o.hair, 0.014, 0.80, (0.18, 0.38), cloth=False)]
        if o.hat is not None:
            worn.append(_Garment(head & (z > crown * 0.60), o.hat, 0.02, 0.72, (0.2, 0.6)))
        if o.hood:
            hood = hair | (self._bones("neck") > 0.5)
            worn.append(
                _Garment(hood, o.shirt, 0.03, 0.70, (0.2, 0.7))
                if o.suit_gloss is None
                else _rubber(hood, o.shirt, o.suit_gloss)
            )
        if o.masked:
            face = head & (z < crown * 0.42)
            worn.append(_Garment(face, (0.05, 0.05, 0.06), 0.006, 0.80, (0.15, 0.4)))
        return worn

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
        mesh["mat"][:, 2] = np.round(self._gloss[face_first] * 255)
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
