"""The truth file of a scene: frames, events, calibration, barrier and zones in the picture."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.simulator import happenings, welfare
from benchmarks.simulator.boxes import Seen
from benchmarks.simulator.camera import Camera
from benchmarks.simulator.happenings import LadderTrack, PersonTrack
from benchmarks.simulator.outlines import clipped, outside_m, polygon
from benchmarks.simulator.scene import Scene
from benchmarks.simulator.stage import LadderNow, PersonNow

SCHEMA = "barrier-truth/1"
BARRIER = "fence"
MIN_VISIBILITY = 0.12
MIN_HEIGHT_PX = 10.0
SOLID = ("sheet", "wall")
_LadderRow = tuple[float, float, str, int, int, bool]
_NO_LADDER: _LadderRow = (np.nan, np.nan, "", 0, 0, False)


class TruthKeeper:
    """Collects what was in each frame and makes the truth file of it."""

    def __init__(self, scene: Scene, camera: Camera) -> None:
        self._scene, self._camera = scene, camera
        self._frames: list[dict[str, Any]] = []
        self._people: dict[int, list[tuple[float, float, float, str, bool]]] = {}
        self._ladders: dict[int, list[_LadderRow]] = {}
        self._names: dict[int, tuple[str, str]] = {}

    def add(
        self, t_s: float, people: list[PersonNow], ladders: list[LadderNow], looks: dict[int, Seen]
    ) -> None:
        """Records one frame."""
        objects = []
        for person in people:
            m, look = person.moment, looks.get(person.identity)
            self._names[person.identity] = ("person", person.name)
            row = self._people.setdefault(person.identity, self._missing_people())
            row.append((*m.ground, m.sole_m, m.state, _visible(look)))
            if look is not None and look.amodal is not None:
                objects.append(
                    _entry("person", m.state, look, m.ground) | {"sole_m": round(m.sole_m, 2)}
                )
        for ladder in ladders:
            look = looks.get(ladder.identity)
            self._names[ladder.identity] = ("ladder", ladder.name)
            rows = self._ladders.setdefault(ladder.identity, self._missing_ladders())
            ground = ladder.ground
            rows.append(
                (
                    *ground,
                    ladder.pose.state,
                    ladder.holder,
                    ladder.helper,
                    _visible(look),
                )
            )
            if look is not None and look.amodal is not None:
                objects.append(_entry("ladder", ladder.pose.state, look, ground))
        self._frames.append({"frame": len(self._frames), "t_s": round(t_s, 4), "objects": objects})
        self._pad()

    def _missing_people(self) -> list[tuple[float, float, float, str, bool]]:
        return [(np.nan, np.nan, np.nan, "", False)] * len(self._frames)

    def _missing_ladders(self) -> list[_LadderRow]:
        return [_NO_LADDER] * len(self._frames)

    def _pad(self) -> None:
        count = len(self._frames)
        for rows in self._people.values():
            rows.extend([(np.nan, np.nan, np.nan, "", False)] * (count - len(rows)))
        for ladder_rows in self._ladders.values():
            ladder_rows.extend([_NO_LADDER] * (count - len(ladder_rows)))

    def events(self) -> list[dict[str, Any]]:
        """The true events in the order they begin."""
        fps = self._scene.camera.fps
        people = [_person_track(i, rows) for i, rows in self._people.items()]
        found = [h for p in people for h in happenings.person_happenings(p, fps, BARRIER)]
        found += [h for p in people for h in welfare.down_happenings(p, fps)]
        for identity, rows in self._ladders.items():
            found += happenings.ladder_happenings(
                _ladder_track(identity, rows), people, fps, BARRIER
            )
        for zone in self._scene.zones:
            inside = polygon(zone.points_m)
            within = happenings.zone_happenings(people, inside, fps, zone.name)
            if zone.kind == "water":
                within = [h for h in within if h.kind != "zone_intrusion"]
                water = welfare.Water(zone.name, inside, self._shore(zone.points_m))
                found += [h for p in people for h in welfare.water_happenings(p, fps, water)]
            found += within
        ordered = sorted(found, key=lambda h: (h.start_s, h.kind, h.tracks))
        return [h.as_dict() | self._expected(h.tracks) for h in ordered]

    def _shore(self, points: tuple[tuple[float, float], ...]) -> Callable[[float, float], float]:
        """How far a point is onto land from a zone of water; the river is no land either."""
        river, off = self._scene.world.river, outside_m(points)
        if river is None:
            return off
        return lambda x, y: min(off(x, y), -river.inside_m(y))

    def _patrols(self, identity: int) -> bool:
        actors = self._scene.actors
        return identity <= len(actors) and actors[identity - 1].role == "patrol"

    def _expected(self, tracks: tuple[int, ...]) -> dict[str, bool]:
        """Marks what nobody but a patrol did."""
        people = [i for i in tracks if i in self._people]
        return {"expected": True} if people and all(map(self._patrols, people)) else {}

    def document(self, media: str) -> dict[str, Any]:
        """The whole truth file."""
        scene, camera = self._scene, self._camera
        return {
            "schema": SCHEMA,
            "media": media,
            "scene": scene.name,
            "seed": scene.seed,
            "fps": scene.camera.fps,
            "size_px": [camera.width_px, camera.height_px],
            "duration_s": round(len(self._frames) / scene.camera.fps, 4),
            "tags": list(dict.fromkeys([*scene.tags, scene.light.sensor])),
            "sides": {"left": "y > 0", "right": "y < 0"},
            "camera": {"eye_m": camera.eye, "target_m": camera.target, "hfov_deg": camera.hfov_deg},
            "calibration": {"points": calibration(camera)},
            "barrier": barrier_in_picture(camera, scene),
            "zones": [
                {
                    "name": z.name,
                    "coordinates": clipped(camera, z.points_m),
                    "ground_m": z.points_m,
                }
                | ({"kind": z.kind} if z.kind != "land" else {})
                for z in scene.zones
            ],
            "tracks": {
                str(i): {"class": cls, "name": name}
                | ({"role": "patrol"} if self._patrols(i) else {})
                for i, (cls, name) in sorted(self._names.items())
            },
            "events": self.events(),
            "no_score": [],
            "frames": self._frames,
        }


def _visible(look: Seen | None) -> bool:
    if look is None or look.visible is None:
        return False
    height = max(look.visible[3] - look.visible[1], look.visible[2] - look.visible[0])
    return look.visibility >= MIN_VISIBILITY and height >= MIN_HEIGHT_PX


def _entry(cls: str, state: str, look: Seen, ground: tuple[float, float]) -> dict[str, Any]:
    return {
        "id": look.identity,
        "class": cls,
        "state": state,
        "visible": None if look.visible is None else [round(v, 1) for v in look.visible],
        "amodal": None if look.amodal is None else [round(v, 1) for v in look.amodal],
        "visibility": look.visibility,
        "ground_m": [round(ground[0], 3), round(ground[1], 3)],
        "distance_m": round(ground[1], 3),
    }


def _person_track(identity: int, rows: list[tuple[float, float, float, str, bool]]) -> PersonTrack:
    x, y, sole, states, visible = zip(*rows, strict=True)
    return PersonTrack(
        identity, np.array(x), np.array(y), np.array(sole), tuple(states), np.array(visible)
    )


def _ladder_track(identity: int, rows: list[_LadderRow]) -> LadderTrack:
    x, y, states, holder, helper, visible = zip(*rows, strict=True)
    return LadderTrack(
        identity,
        np.array(x),
        np.array(y),
        tuple(states),
        np.array(holder),
        np.array(visible),
        np.array(helper),
    )


def relative(camera: Camera, x: float, y: float, z: float = 0.0) -> tuple[float, float] | None:
    """A world point in relative picture coordinates, None when it is behind or outside."""
    u, v = camera.project(np.array([[x, y, z]]))[0]
    at = (float(u / camera.width_px), float(v / camera.height_px))
    return at if np.isfinite(u) and 0.0 <= at[0] <= 1.0 and 0.0 <= at[1] <= 1.0 else None


def calibration(camera: Camera) -> list[dict[str, Any]]:
    """Up to nine ground points spread over the picture: relative picture place and metres."""
    points = []
    for v in (0.95, 0.6, 0.35):
        for u in (0.1, 0.5, 0.9):
            hit = camera.ground(u * camera.width_px, v * camera.height_px)
            if hit is not None and np.hypot(*(hit - np.array(camera.eye[:2]))) < 80:
                points.append(
                    {"image": [u, v], "ground": [round(float(hit[0]), 3), round(float(hit[1]), 3)]}
                )
    return points


def barrier_in_picture(camera: Camera, scene: Scene) -> dict[str, Any] | None:
    """The barrier's foot and top, point above point, as far as both are in the picture."""
    spec = scene.world.barrier
    if spec.kind == "none":
        return None
    seen = []
    for x in np.arange(-15.0, 60.0, 0.25):
        foot, top = relative(camera, float(x), 0.0), relative(camera, float(x), 0.0, spec.height_m)
        if foot is not None and top is not None:
            seen.append((float(x), foot, top))
    if len(seen) < 2:
        return None
    picked = [seen[i] for i in np.linspace(0, len(seen) - 1, 5).astype(int)]
    return {
        "name": BARRIER,
        "kind": spec.kind,
        "height_m": spec.height_m,
        "see_through": spec.kind not in SOLID,
        "points": [[round(v, 5) for v in foot] for _, foot, _ in picked],
        "top": [[round(v, 5) for v in top] for _, _, top in picked],
        "ground_m": [[x, 0.0] for x, _, _ in picked],
    }
