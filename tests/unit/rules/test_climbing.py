from collections.abc import Callable

import numpy as np
import pytest

from detector.rules import ClimbingSettings, build_rules
from detector.rules.climbing import Climbing
from detector.scene import BarrierSettings
from detector.types import Phase, RuleKind, Tracks, Transition, Xyxy
from tests.unit.rules.stage import (
    filmed,
    measured,
    person,
    phases,
    picture,
    play,
    relative,
    stage,
)

# Across the picture, 3 m high: foot at y 500, top at y 350. Below (nearer) is the right side.
FENCE = BarrierSettings(
    points=relative((100, 500), (900, 500)),
    top=relative((100, 350), (900, 350)),
    sides={"left": "outside", "right": "inside"},
)
WALL = FENCE.model_copy(update={"see_through": False})
BARE = FENCE.model_copy(update={"top": ()})


def rule(barrier: BarrierSettings = FENCE, **settings: object) -> Climbing:
    chosen = ClimbingSettings.model_validate({"barrier": "fence"} | settings)
    built = build_rules({"c": chosen}, stage(barrier))[0]
    assert isinstance(built, Climbing)
    return built


def feet(*stops: tuple[float, float], height: float = 85.0) -> Callable[[float], dict[int, Xyxy]]:
    """Feet at x 500 whose y follows (time, y) stops."""
    moments, ys = zip(*stops, strict=True)
    return lambda at: {1: person(500, float(np.interp(at, moments, ys)), height)}


# Stands at y 510, climbs with 0.6 m/s, sits on the top from 6 s on.
UP = ((0.0, 600.0), (1.0, 510.0), (2.0, 510.0), (6.0, 390.0), (7.0, 380.0))


def told_of(barrier: BarrierSettings, *stops: tuple[float, float]) -> list[Transition]:
    return play(rule(barrier), filmed(feet(*stops), 0, stops[-1][0]))


def test_a_climb_is_told_within_two_seconds_and_the_top_again() -> None:
    told = told_of(FENCE, *UP)
    assert phases(told) == [Phase.NEW, Phase.UPDATE]
    new, top = told
    off_the_ground_s = 2 + (0.8 + 0.2) / 0.6
    assert new.at == pytest.approx(off_the_ground_s + 0.2, abs=0.15)
    assert (new.side_from, new.escalates) == ("inside", True)
    assert [r.predicate for r in new.reasons] == [
        "feet off the ground, m",
        "height kept, share",
    ]
    assert top.escalates
    assert top.reasons[0].predicate == "middle of the box above the top line, m"


def test_who_comes_down_again_on_the_same_side_did_not_get_over() -> None:
    told = told_of(FENCE, *UP, (9.0, 510.0), (10.0, 560.0))
    assert (told[-1].phase, told[-1].outcome, told[-1].side_to) == (
        Phase.END,
        "down_same_side",
        "",
    )
    assert not told[-1].escalates


def test_who_lands_behind_a_see_through_fence_is_over() -> None:
    told = told_of(FENCE, *UP, (9.0, 492.0), (11.0, 492.0))
    assert (told[-1].phase, told[-1].outcome) == (Phase.END, "over")
    assert (told[-1].side_from, told[-1].side_to) == ("inside", "outside")
    assert told[-1].escalates


def crossings(told: list[Transition]) -> list[tuple[str, str, str]]:
    return [
        (t.direction, t.side_from, t.side_to) for t in told if t.kind is RuleKind.BARRIER_CROSSING
    ]


def test_who_vanishes_behind_the_top_is_over() -> None:
    climbing = rule(WALL)
    told = play(climbing, filmed(feet(*UP), 0, 7))
    told += climbing.update(picture(9.0, gone=[1]))
    assert [t.outcome for t in told] == ["", "", "over", "crossed"]
    assert not climbing._climbers


def test_who_sinks_behind_the_top_has_crossed_and_the_climb_tells_it() -> None:
    for settings, told_too in (({}, True), ({"tell_crossing": False}, False)):
        climbing = rule(WALL, **settings)
        play(climbing, filmed(feet(*UP), 0, 7))
        told = list(climbing.update(picture(9.0, gone=[1])))
        assert crossings(told) == [("right_to_left", "inside", "outside")] * told_too
    crossed = play(rule(WALL), [*filmed(feet(*UP), 0, 7), picture(9.0, gone=[1])])[-1]
    assert (crossed.phase, crossed.escalates, crossed.until_s) == (Phase.NEW, True, 7.0)


def test_who_lands_in_view_is_left_to_the_rule_of_crossings() -> None:
    landed = told_of(FENCE, *UP, (9.0, 492.0), (11.0, 492.0))
    same_side = told_of(FENCE, *UP, (9.0, 510.0), (10.0, 560.0))
    assert crossings(landed) == crossings(same_side) == []


def test_who_vanishes_below_the_top_is_lost() -> None:
    climbing = rule()
    told = play(climbing, filmed(feet(*UP), 0, 4.5))
    told += climbing.update(picture(7.0, gone=[1]))
    assert [t.outcome for t in told] == ["", "lost"]


def test_who_sinks_behind_a_wall_and_walks_away_is_over() -> None:
    def way(at: float) -> dict[int, Xyxy]:
        if at < 7:
            return feet(*UP)(at)
        return {1: person(500 + 40 * (at - 7), 348, 50)}

    told = play(rule(WALL), filmed(way, 0, 12))
    assert [t.outcome for t in told] == ["", "", "over", "crossed"]


def test_who_stands_before_a_wall_with_hidden_legs_does_not_climb() -> None:
    def way(at: float) -> dict[int, Xyxy]:
        x1, top, x2, bottom = person(500, 510)
        return {1: (x1, top, x2, bottom - 40 if at > 3 else bottom)}

    assert play(rule(WALL), filmed(way, 0, 30)) == []


def test_who_climbs_from_behind_and_lands_in_front_is_over() -> None:
    stops = ((0.0, 440.0), (2.0, 490.0), (3.0, 490.0), (7.0, 380.0), (9.0, 520.0), (10.0, 560.0))
    told = told_of(FENCE, *stops)
    assert [t.outcome for t in told] == ["", "", "over"]
    assert (told[-1].side_from, told[-1].side_to) == ("outside", "inside")


def test_who_climbs_from_behind_and_goes_down_there_is_not_over() -> None:
    stops = ((0.0, 440.0), (2.0, 490.0), (3.0, 490.0), (7.0, 380.0), (9.0, 490.0), (10.0, 490.0))
    assert told_of(FENCE, *stops)[-1].outcome == "down_same_side"


def test_who_comes_into_view_on_top_of_a_wall_climbs_it() -> None:
    """From behind a solid wall nobody is seen before the top."""
    stops = ((0.0, 380.0), (2.0, 420.0), (3.0, 520.0), (4.0, 560.0))
    told = told_of(WALL, *stops)
    assert phases(told) == [Phase.NEW, Phase.UPDATE, Phase.END] or phases(told) == [
        Phase.NEW,
        Phase.END,
    ]
    assert told[0].at < 1
    assert told[0].reasons[0].predicate == "feet on the wall, m above its foot"
    assert (told[-1].outcome, told[-1].side_from) == ("over", "")


def test_a_head_over_the_top_is_a_climb() -> None:
    """Hands and head come over a 2 m fence before the feet are high."""
    low = FENCE.model_copy(update={"top": relative((100, 400), (900, 400))})
    told = told_of(low, (0.0, 600.0), (1.0, 510.0), (2.0, 510.0), (3.5, 474.0), (5.0, 474.0))
    assert told[0].reasons[0].predicate == "head above the top line, m"


def test_a_fence_lower_than_a_man_is_not_climbed_by_standing_at_it() -> None:
    low = FENCE.model_copy(update={"top": relative((100, 450), (900, 450))})
    assert told_of(low, (0.0, 600.0), (1.0, 510.0), (20.0, 510.0)) == []


def test_a_fence_without_a_top_line_can_be_climbed_and_got_over() -> None:
    told = told_of(BARE, *UP, (9.0, 492.0), (11.0, 492.0))
    assert [t.outcome for t in told] == ["", "over"]


def perspective(at: float, speed_px_s: float = 40.0) -> dict[int, Xyxy]:
    """Somebody walks away through the line; the horizon is at y 100 and who walks away shrinks."""
    y = 600 - speed_px_s * at
    return {1: person(500, y, 85 * (y - 100) / 400)}


def test_who_walks_away_through_a_line_shrinks_and_does_not_climb() -> None:
    assert play(rule(BARE), filmed(perspective, 0, 8)) == []
    assert play(rule(), filmed(perspective, 0, 8)) == []


def test_who_works_crouched_at_the_fence_stands_up_and_walks_away_does_not_climb() -> None:
    def way(at: float) -> dict[int, Xyxy]:
        y = 495 - 40 * max(at - 20, 0)  # behind the fence, then away from it
        standing = 90 * (y - 100) / 400
        return {1: person(500, y, standing * (0.6 if at < 20 else 1.0))}

    (climbing,) = build_rules({"c": ClimbingSettings(barrier="fence")}, measured(FENCE))
    assert play(climbing, filmed(way, 0, 26, fps=5)) == []


def test_a_calibration_knows_how_much_a_walker_shrinks() -> None:
    """A ground whose horizon is at y 100 and where 85 px are a person at y 500."""
    scene = measured(FENCE)
    (climbing,) = build_rules({"c": ClimbingSettings(barrier="fence")}, scene)
    assert play(climbing, filmed(perspective, 0, 8)) == []
    (again,) = build_rules({"c": ClimbingSettings(barrier="fence")}, scene)
    told = play(again, filmed(feet(*UP), 0, 7))
    assert [t.phase for t in told] == [Phase.NEW, Phase.UPDATE]
    assert told[0].estimated is False
    limit = told[0].reasons[-1].limit
    assert isinstance(limit, float)
    assert 0.7 < limit <= 0.95


@pytest.mark.parametrize(
    "stops",
    [
        ((0.0, 600.0), (20.0, 600.0)),
        ((0.0, 505.0), (20.0, 505.0)),
        ((0.0, 420.0), (3.0, 380.0), (6.0, 300.0)),
    ],
)
def test_who_stands_or_walks_elsewhere_does_not_climb(
    stops: tuple[tuple[float, float], ...],
) -> None:
    assert told_of(FENCE, *stops) == []


def test_who_walks_past_the_end_of_the_fence_does_not_climb() -> None:
    beside = filmed(lambda at: {1: person(950, 600 - 40 * at)}, 0, 8)
    assert play(rule(), beside) == []


def test_a_new_id_on_the_fence_goes_on_with_the_climb() -> None:
    climbing = rule()
    told = play(climbing, filmed(feet(*UP), 0, 5))
    climber = feet(*UP, (9.0, 510.0), (10.0, 560.0))
    switched: list[Tracks] = filmed(lambda at: {2: climber(at)[1]}, 5.4, 10)
    told += play(climbing, switched)
    told += climbing.update(picture(11.0, gone=[1, 2]))
    assert {t.episode for t in told} == {1}
    assert told[-1].outcome == "down_same_side"
    assert told[-1].track_ids == (2,)


def test_a_second_heir_of_one_climber_begins_anew() -> None:
    climbing = rule()
    play(climbing, filmed(feet(*UP), 0, 5))
    box = feet(*UP)(5)[1]
    climbing.update(picture(5.3, {2: box}))
    (lost,) = climbing.update(picture(5.5, gone=[2]))
    assert lost.outcome == "lost"
    assert climbing.update(picture(5.8, {3: box})) == ()


def test_closing_ends_an_open_climb() -> None:
    climbing = rule()
    play(climbing, filmed(feet(*UP), 0, 5))
    assert [(t.phase, t.outcome) for t in climbing.close(5.1, "stop")] == [(Phase.END, "stop")]
    assert climbing.close(5.2, "stop") == ()


def test_gone_tracks_leave_nothing_behind() -> None:
    climbing = rule()
    for track_id in range(200):
        climbing.update(picture(track_id / 10, {track_id: person(500, 505)}, gone=[track_id - 1]))
    climbing.update(picture(21.0, gone=[199]))
    assert not climbing._climbers
    assert len(climbing._watch) == 0


@pytest.mark.parametrize("fps", [4.0, 10.0, 25.0])
def test_a_climb_does_not_depend_on_the_frame_rate(fps: float) -> None:
    told = play(rule(), filmed(feet(*UP), 0, 7, fps))
    assert phases(told) == [Phase.NEW, Phase.UPDATE]
    assert told[0].at == pytest.approx(3.67, abs=0.05 + 3 / fps)
