"""Climbers and walkers at a see-through fence: both have their feet on its face in the picture."""

from collections.abc import Callable

import numpy as np
import pytest

from detector.rules import ApproachSettings, BarrierCrossingSettings, build_rules
from detector.rules.hanging import FenceFaces, Foothold
from detector.scene import BarrierSettings, Scene
from detector.types import TrackId, Transition, Xyxy
from tests.unit.rules.stage import filmed, measured, person, play, relative, stage

HORIZON_Y, FOOT_Y, TOP_Y = 100.0, 500.0, 350.0
FENCE = BarrierSettings(
    points=relative((100, FOOT_Y), (900, FOOT_Y)), top=relative((100, TOP_Y), (900, TOP_Y))
)
WALL = FENCE.model_copy(update={"see_through": False})


def standing(y: float, tall: float = 1.0) -> Xyxy:
    """Somebody who stands where the feet seem to be; ``tall`` of the usual stature."""
    return person(500, y, tall * 85 * (y - HORIZON_Y) / (FOOT_Y - HORIZON_Y))


def hanging(y: float, tall: float = 1.0) -> Xyxy:
    """Somebody at the fence whose feet are off the ground."""
    return person(500, y, tall * 85)


def footholds(*boxes: Xyxy, scene: Scene | None = None) -> list[Foothold]:
    """Give what the feet of one track are on, box by box."""
    site = scene or measured(FENCE)
    faces = FenceFaces(site, site.barriers["fence"])
    found = []
    for x1, top, x2, bottom in boxes:
        feet, height = np.array([[(x1 + x2) / 2, bottom]]), np.array([bottom - top])
        found += faces.update([1], feet, height, ())
    return found


def test_who_is_too_tall_for_the_ground_seen_behind_the_fence_hangs_on_it() -> None:
    assert footholds(standing(540), standing(440)) == [Foothold.GROUND, Foothold.FACE]
    assert footholds(standing(540), hanging(440)) == [Foothold.GROUND, Foothold.FENCE]


@pytest.mark.parametrize("tall", [0.85, 1.0, 1.15])
def test_the_stature_is_that_of_the_person_not_of_the_average(tall: float) -> None:
    assert footholds(standing(540, tall), standing(440, tall))[-1] is Foothold.FACE
    assert footholds(standing(540, tall), hanging(440, tall))[-1] is Foothold.FENCE


def test_who_is_first_seen_behind_the_fence_is_taken_for_an_average_person() -> None:
    assert footholds(standing(440)) == [Foothold.FACE]
    assert footholds(hanging(440)) == [Foothold.FENCE]


def test_without_calibration_or_top_or_at_a_wall_nothing_is_claimed() -> None:
    bare = FENCE.model_copy(update={"top": ()})
    for scene in (stage(FENCE), measured(bare), measured(WALL)):
        assert footholds(standing(540), hanging(440), scene=scene) == [Foothold.GROUND] * 2


def test_a_track_is_forgotten_when_it_is_gone() -> None:
    scene = measured(FENCE)
    faces = FenceFaces(scene, scene.barriers["fence"])
    feet, height = np.array([[500.0, 540.0]]), np.array([90.0])
    faces.update([1], feet, height, ())
    assert len(faces) == 1
    faces.update([], np.zeros((0, 2)), np.zeros(0), [TrackId(1)])
    assert len(faces) == 0
    faces.update([1], feet, height, ())
    faces.clear()
    assert len(faces) == 0


def told(settings: object, way: Callable[[float], Xyxy], until_s: float) -> list[Transition]:
    (rule,) = build_rules({"r": settings}, measured(FENCE))  # type: ignore[dict-item]
    return play(rule, filmed(lambda at: {1: way(at)}, 0, until_s, fps=5))


def path(*stops: tuple[float, float]) -> Callable[[float], float]:
    moments, ys = zip(*stops, strict=True)
    return lambda at: float(np.interp(at, moments, ys))


UP_AND_DOWN = path((0, 600), (3, 510), (5, 510), (10, 370), (12, 370), (17, 510), (20, 600))


def climb(at: float) -> Xyxy:
    """Comes from the front, climbs up and down again."""
    y = UP_AND_DOWN(at)
    return hanging(y) if y < FOOT_Y else standing(y)


def test_who_climbs_up_and_down_again_has_not_crossed() -> None:
    assert told(BarrierCrossingSettings(barrier="fence"), climb, 20) == []


def test_who_comes_down_from_the_fence_does_not_approach_it_from_behind() -> None:
    phases = [
        (t.phase.value, t.outcome) for t in told(ApproachSettings(barrier="fence"), climb, 20)
    ]
    assert phases.count(("new", "")) == 1
    assert ("end", "crossed") not in phases


OVER = path((0, 600), (3, 510), (5, 510), (10, 370), (11, 370), (13, 490), (19, 420))


def over(at: float) -> Xyxy:
    """Climbs, drops behind the fence and walks away from it."""
    y = OVER(at)
    return hanging(y) if 5 < at < 13 else standing(y)


def test_who_lands_behind_the_fence_has_crossed_two_seconds_later() -> None:
    (crossing,) = told(BarrierCrossingSettings(barrier="fence"), over, 19)
    assert 14.5 <= crossing.at <= 15.5  # near the ground climbing and standing look the same


def test_who_walks_through_a_gap_has_crossed_when_the_look_of_it_has_lasted() -> None:
    way = path((0, 600), (6, 440))
    (crossing,) = told(BarrierCrossingSettings(barrier="fence"), lambda at: standing(way(at)), 8)
    cut_s = 6 * (600 - FOOT_Y) / 160
    assert crossing.until_s == pytest.approx(cut_s, abs=0.3)
    assert 2.0 <= crossing.at - cut_s <= 2.8


def test_who_has_left_the_face_of_the_fence_has_surely_crossed() -> None:
    low = FENCE.model_copy(update={"top": relative((100, 480), (900, 480))})
    way = path((0, 600), (6, 440))
    (rule,) = build_rules({"r": BarrierCrossingSettings(barrier="fence")}, measured(low))
    (crossing,) = play(rule, filmed(lambda at: {1: standing(way(at))}, 0, 8, fps=5))
    assert crossing.at - 6 * (600 - FOOT_Y) / 160 < 1.5
