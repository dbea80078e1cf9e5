import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.rules import PersonDownSettings, build_rules
from detector.rules.base import Rule
from detector.types import Phase, Severity, Tracks, Xyxy
from tests.unit.rules.stage import LAW, PX_M, filmed, person, phases, picture, play, stage, times

FPS = 5.0
X, Y = 500.0, 500.0


def rule(**settings: object) -> Rule:
    chosen = PersonDownSettings.model_validate(settings)
    return build_rules({"d": chosen}, stage())[0]


def lying(x: float = X, y: float = Y) -> Xyxy:
    """The box of somebody who lies across the view."""
    return person(x, y, height=25.0, width=80.0)


def stands(start_s: float, stop_s: float, x: float = X, track_id: int = 1) -> list[Tracks]:
    return filmed(lambda _: {track_id: person(x, Y)}, start_s, stop_s, FPS)


def lies(start_s: float, stop_s: float, x: float = X, track_id: int = 1) -> list[Tracks]:
    """A little restless, as boxes of lying people are."""
    rng = np.random.default_rng(7)
    return filmed(
        lambda _: {track_id: lying(x + rng.normal(0, 3), Y + rng.normal(0, 2))},
        start_s,
        stop_s,
        FPS,
    )


def test_who_stood_and_lies_for_ten_seconds_is_told_once_as_a_matter_of_welfare() -> None:
    (new,) = play(rule(), stands(0, 3) + lies(3.2, 60))
    assert (new.phase, new.since_s, new.severity) == (Phase.NEW, 3.2, Severity.WELFARE)
    assert new.at == pytest.approx(13.2, abs=0.21)
    assert (new.place, new.estimated) == ("", True)
    assert [(r.predicate, r.limit) for r in new.reasons] == [
        ("lying, s", 10.0),
        ("width of the box in heights", 1.2),
        ("moved, m", 0.5),
        ("stood upright before", "1 s"),
    ]


def crouches(start_s: float, stop_s: float) -> list[Tracks]:
    """Heels and elbows apart, facing the camera: a little wider than high."""
    return filmed(lambda _: {1: person(X, Y, height=55.0, width=62.0)}, start_s, stop_s, FPS)


def test_who_crouches_is_not_down() -> None:
    assert not play(rule(), stands(0, 3) + crouches(3.2, 60))


def test_from_which_shape_on_somebody_lies_can_be_set() -> None:
    (new,) = play(rule(flatness=1.0), stands(0, 3) + crouches(3.2, 60))
    assert new.phase is Phase.NEW


def test_who_gets_up_ends_it() -> None:
    down = rule()
    play(down, stands(0, 3) + lies(3.2, 20))
    (end,) = play(down, stands(20.2, 25))
    assert (end.phase, end.outcome) == (Phase.END, "got_up")
    assert end.until_s == pytest.approx(20.0)
    assert end.at == pytest.approx(21.2, abs=0.21)
    assert phases(play(down, lies(25.2, 40))) == [Phase.NEW], "a second fall is a second time"


def test_who_crawls_away_ends_it_and_does_not_begin_it_again() -> None:
    down = rule()
    play(down, stands(0, 3) + lies(3.2, 20))
    told = play(down, crawls(20, 60))
    assert [(t.phase, t.outcome) for t in told] == [(Phase.END, "moved")]


def crawls(start_s: float, stop_s: float, speed_m_s: float = 0.3) -> list[Tracks]:
    return filmed(
        lambda at: {1: lying(X - (at - start_s) * speed_m_s * PX_M)}, start_s, stop_s, FPS
    )


@pytest.mark.parametrize("speed_m_s", [0.15, 0.3, 0.6])
def test_who_crawls_is_not_down(speed_m_s: float) -> None:
    assert play(rule(), stands(0, 3) + crawls(3, 30, speed_m_s)) == []


def test_who_sits_or_crouches_is_not_down() -> None:
    for height, width in ((50.0, 45.0), (60.0, 40.0)):
        sitting = filmed(lambda _, h=height, w=width: {1: person(X, Y, h, w)}, 3, 60, FPS)
        assert play(rule(), stands(0, 3) + sitting) == []


def test_who_crouches_flat_for_three_seconds_is_not_down() -> None:
    assert play(rule(), stands(0, 3) + lies(3.2, 6.2) + stands(6.4, 20)) == []


@pytest.mark.parametrize("height", [85.0, 36.0])
def test_what_was_never_upright_is_not_told(height: float) -> None:
    """A dog asleep, a heap of clothes, or a box that was high for a moment only."""
    before = filmed(lambda _: {1: person(X, Y, height)}, 0, 0.6, FPS)
    assert play(rule(), before + lies(0.8, 40)) == []


def test_a_box_that_is_wrong_for_a_moment_does_not_begin_it_anew() -> None:
    wrong = stands(8.2, 8.6)
    (new,) = play(rule(), stands(0, 3) + lies(3.2, 8) + wrong + lies(8.8, 20))
    assert new.since_s == pytest.approx(3.2)


def test_a_new_id_where_somebody_fell_goes_on_with_who_stood_there() -> None:
    fallen = [*stands(0, 3), picture(6.2, gone=[1]), *lies(7, 30, x=X + 40, track_id=2)]
    (new,) = play(rule(), fallen)
    assert (new.track_ids, new.since_s) == ((2,), 7.0)
    again = stands(0, 3) + lies(3.2, 9) + [picture(12.2, gone=[1])]
    (new,) = play(rule(), again + lies(13, 20, track_id=2))
    assert new.since_s == pytest.approx(3.2)


def test_a_told_episode_outlives_a_change_of_id() -> None:
    down = rule()
    told = play(down, stands(0, 3) + lies(3.2, 20))
    told += play(down, [picture(23.2, gone=[1]), *lies(24, 60, track_id=2)])
    assert phases(told) == [Phase.NEW]


@pytest.mark.parametrize(("x", "start_s"), [(X + 150, 5.0), (X, 14.0)], ids=["far", "late"])
def test_a_new_id_elsewhere_or_later_is_somebody_else(x: float, start_s: float) -> None:
    assert play(rule(), stands(0, 3) + lies(start_s, start_s + 20, x=x, track_id=2)) == []


def test_who_is_not_seen_for_ten_seconds_is_lost() -> None:
    down = rule()
    play(down, stands(0, 3) + lies(3.2, 20))
    assert play(down, [picture(at) for at in times(20.2, 29.8, FPS)]) == []
    (end,) = down.update(picture(30.2, gone=[1]))
    assert (end.outcome, end.until_s) == ("lost", pytest.approx(20.0))


def test_only_the_zone_counts_where_there_is_one() -> None:
    assert phases(play(rule(zone="yard"), stands(0, 3) + lies(3.2, 20))) == [Phase.NEW]
    outside = stands(0, 3, x=100) + lies(3.2, 20, x=100)
    assert play(rule(zone="yard"), outside) == []


def test_closing_ends_what_is_told_and_only_that() -> None:
    down = rule()
    play(down, stands(0, 3) + lies(3.2, 20))
    down.update(picture(20.2, {1: lying(), 2: person(200, 300)}))
    assert [(t.track_ids, t.outcome) for t in down.close(21, "stop")] == [((1,), "stop")]
    assert down.close(22, "stop") == ()


@LAW
@given(
    st.lists(
        st.dictionaries(
            st.integers(1, 3),
            st.tuples(st.sampled_from([300.0, 330.0, 600.0]), st.booleans()),
            max_size=3,
        ),
        min_size=1,
        max_size=80,
    )
)
def test_every_new_has_one_end_and_ten_seconds_later_nothing_is_left(
    scenes: list[dict[int, tuple[float, bool]]],
) -> None:
    down = rule(down_s=1.0)
    told = play(
        down,
        [
            picture(n / 2, {i: lying(x) if flat else person(x, Y) for i, (x, flat) in who.items()})
            for n, who in enumerate(scenes)
        ],
    )
    told += down.update(picture(len(scenes) / 2 + 10, gone=[1, 2, 3]))
    assert phases(told).count(Phase.NEW) == phases(told).count(Phase.END)
    assert all(t.at - t.since_s >= 1.0 for t in told)
    assert not down._persons
