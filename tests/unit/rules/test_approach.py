import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.rules import ApproachSettings, build_rules
from detector.rules.approach import Approach
from detector.scene import BarrierSettings
from detector.types import Phase, Tracks, Xyxy
from tests.unit.rules.stage import (
    FENCE,
    LAW,
    PX_M,
    filmed,
    person,
    phases,
    picture,
    play,
    relative,
    stage,
    walks,
)


def rule(barrier: BarrierSettings = FENCE, **settings: object) -> Approach:
    chosen = ApproachSettings.model_validate({"barrier": "fence"} | settings)
    built = build_rules({"a": chosen}, stage(barrier))[0]
    assert isinstance(built, Approach)
    return built


def there_and_back(nearest_x: float, speed_m_s: float = 1.4) -> list[Tracks]:
    """From x 100 to ``nearest_x`` and back."""
    px_s = speed_m_s * PX_M
    turn_s = (nearest_x - 100) / px_s
    return filmed(
        lambda at: {1: person(100 + px_s * (turn_s - abs(turn_s - at)), 400)}, 0, 2 * turn_s
    )


def test_who_comes_and_crosses_is_told_with_distance_arrival_and_outcome() -> None:
    told = play(rule(near_m=6), walks((100, 400), (700, 400)))
    new, *updates, end = told
    assert new.phase is Phase.NEW
    assert new.distance_m == pytest.approx(6, abs=0.3)
    assert new.at - new.since_s < 0.2
    assert new.eta_s == pytest.approx(6 / 1.4, abs=0.3)
    assert (new.side_from, new.estimated) == ("inside", True)
    assert {t.phase for t in updates} == {Phase.UPDATE}
    distances = [t.distance_m for t in (new, *updates)]
    assert distances == sorted(distances, reverse=True)
    assert (end.phase, end.outcome, end.direction) == (Phase.END, "crossed", "right_to_left")
    assert (end.side_from, end.side_to) == ("inside", "outside")
    assert end.until_s == pytest.approx(400 / 70, abs=0.05)


def test_who_turns_back_is_told_with_the_nearest_point() -> None:
    told = play(rule(), there_and_back(400))
    assert phases(told)[0] is Phase.NEW
    assert [t.outcome for t in told if t.phase is Phase.END] == ["turned_back"]
    end = told[-1]
    assert end.distance_m == pytest.approx(7, abs=0.4)
    nearest = next(r for r in end.reasons if r.predicate == "nearest, m")
    assert nearest.value == pytest.approx(2, abs=0.3)
    assert end.eta_s is None


def test_who_comes_again_after_turning_back_is_a_new_approach() -> None:
    first = there_and_back(400)
    again = filmed(lambda at: {1: person(100 + 70 * (at - 10), 400)}, 10, 14)
    told = play(rule(), first + again)
    assert [t.episode for t in told if t.phase is Phase.NEW] == [1, 2]


def test_who_vanishes_is_lost() -> None:
    approach = rule()
    play(approach, walks((100, 400), (300, 400)))
    (end,) = approach.update(picture(9.0, gone=[1]))
    assert (end.phase, end.outcome) == (Phase.END, "lost")
    assert not approach._ways


def test_who_crosses_without_having_come_nearer_ends_nothing() -> None:
    told = play(rule(near_m=1, hysteresis_m=20), walks((300, 400), (700, 400)))
    assert told == []


@pytest.mark.parametrize(
    ("start", "stop"),
    [((300, 120), (300, 680)), ((450, 400), (100, 400)), ((300, 400), (300, 400))],
)
def test_who_walks_along_goes_away_or_stands_does_not_approach(
    start: tuple[float, float], stop: tuple[float, float]
) -> None:
    if start == stop:
        rng = np.random.default_rng(3)
        standing = filmed(
            lambda _: {1: person(300 + rng.normal(0, 4), 400, 85 + rng.normal(0, 4))}, 0, 60
        )
        assert play(rule(), standing) == []
    else:
        assert play(rule(), walks(start, stop)) == []


def test_who_stays_far_does_not_approach() -> None:
    assert play(rule(near_m=3), walks((100, 400), (300, 400))) == []


def test_only_the_asked_side_counts() -> None:
    assert play(rule(from_side="left"), there_and_back(400)) == []
    assert play(rule(from_side="right"), there_and_back(400)) != []
    from_left = walks((900, 400), (600, 400))
    assert play(rule(from_side="right"), from_left) == []
    assert play(rule(from_side="left"), from_left) != []


def test_updates_are_rare_and_never_idle() -> None:
    slow = filmed(lambda at: {1: person(100 + 20 * min(at, 15), 400)}, 0, 120)
    told = play(rule(), slow)
    updates = [t for t in told if t.phase is Phase.UPDATE]
    gaps = np.diff([t.at for t in updates])
    assert 2 <= len(updates) <= 10
    arrivals = [t for t in updates if t.reasons[0].value < 1]
    assert len(arrivals) <= 4  # one per step of the arrival time
    assert sum(gap < 2.0 for gap in gaps) <= len(arrivals) + 1
    assert updates[-1].at < 20  # who stands is not told again
    assert told[-1].phase is Phase.UPDATE


def test_a_new_id_goes_on_with_the_approach() -> None:
    first = walks((100, 400), (400, 400))
    start = first[-1].at + 0.4
    second = filmed(lambda at: {2: person(410 + 70 * (at - start), 400)}, start, start + 4)
    told = play(rule(), first + second)
    assert [t.episode for t in told] == [1] * len(told)
    assert (told[-1].outcome, told[-1].track_ids) == ("crossed", (2,))


def test_a_second_heir_of_one_track_begins_anew() -> None:
    approach = rule()
    first = walks((100, 400), (400, 400))
    play(approach, first)
    start = first[-1].at
    approach.update(picture(start + 0.3, {2: person(405, 400)}))
    (lost,) = approach.update(picture(start + 0.5, gone=[2]))
    assert lost.outcome == "lost"
    assert approach.update(picture(start + 0.8, {3: person(410, 400)})) == ()


def test_a_climber_on_a_solid_wall_has_no_distance_and_stays_open() -> None:
    wall = BarrierSettings(
        points=relative((100, 500), (900, 500)),
        top=relative((100, 350), (900, 350)),
        see_through=False,
    )
    way = filmed(lambda at: {1: person(500, max(750 - 60 * at, 400))}, 0, 8)
    told = play(rule(wall), way)
    assert Phase.END not in phases(told)
    assert told[0].phase is Phase.NEW


def test_closing_ends_every_open_approach() -> None:
    approach = rule()
    play(approach, walks((100, 400), (300, 400)))
    assert [(t.phase, t.outcome) for t in approach.close(9.0, "restart")] == [
        (Phase.END, "restart")
    ]
    assert approach.close(9.0, "restart") == ()


@LAW
@given(st.lists(st.floats(50, 950), min_size=2, max_size=60), st.sampled_from([2.0, 5.0, 12.0]))
def test_every_approach_has_one_end(xs: list[float], fps: float) -> None:
    approach = rule()
    ways: list[dict[int, Xyxy]] = [{1: person(x, 400)} for x in xs]
    told = play(approach, [picture(n / fps, way) for n, way in enumerate(ways)])
    told += approach.update(picture(len(xs) / fps, gone=[1]))
    by_episode: dict[int, list[Phase]] = {}
    for transition in told:
        by_episode.setdefault(transition.episode, []).append(transition.phase)
    for said in by_episode.values():
        assert said[0] is Phase.NEW
        assert said[-1] is Phase.END
        assert set(said[1:-1]) <= {Phase.UPDATE}
    assert not approach._ways
    assert len(approach._watch) == 0


@pytest.mark.parametrize("fps", [5.0, 10.0, 25.0])
def test_an_approach_does_not_depend_on_the_frame_rate(fps: float) -> None:
    told = play(rule(near_m=6), walks((100, 400), (700, 400), fps))
    assert told[0].at == pytest.approx(100 / 70, abs=0.35)
    assert told[-1].at == pytest.approx(400 / 70 + 0.3 / 1.4, abs=3 / fps + 0.05)
