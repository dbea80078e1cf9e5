from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.rules import FenceWork, FenceWorkSettings, build_rules
from detector.scene import BarrierSettings
from detector.types import Phase, Severity, Tracks, Xyxy
from tests.unit.rules.stage import (
    FENCE,
    LAW,
    PX_M,
    person,
    phases,
    picture,
    play,
    stage,
    times,
    walks,
)

FPS = 5.0
BUSY, IDLE = 0.12, 0.004
NEAR_X = 470.0  # 0.6 m from the fence


def rule(barrier: BarrierSettings = FENCE, **settings: object) -> FenceWork:
    chosen = FenceWorkSettings.model_validate({"barrier": "fence"} | settings)
    built = build_rules({"w": chosen}, stage(barrier))[0]
    assert isinstance(built, FenceWork)
    return built


def stays(
    start_s: float,
    stop_s: float,
    stir: float | Callable[[float], float] = BUSY,
    x: float = NEAR_X,
    track_id: int = 1,
    height: float = 85.0,
) -> list[Tracks]:
    """Somebody at one place whose box is a little restless."""
    rng = np.random.default_rng(3)
    share = stir if callable(stir) else lambda _: stir
    return [
        picture(
            at,
            {track_id: person(x + rng.normal(0, 1), 400 + rng.normal(0, 1), height)},
            stir={track_id: share(at)},
        )
        for at in times(start_s, stop_s, FPS)
    ]


def test_who_works_at_the_fence_for_twenty_seconds_is_told_once_and_why() -> None:
    (new,) = play(rule(), stays(0, 60))
    assert (new.phase, new.since_s, new.severity) == (Phase.NEW, 0.0, Severity.ALERT)
    assert new.at == pytest.approx(20.0)
    assert new.distance_m == pytest.approx(0.6, abs=0.1)
    assert (new.side_from, new.estimated) == ("inside", True)
    assert [(r.predicate, r.limit) for r in new.reasons] == [
        ("at work, s", 20.0),
        ("distance to the barrier, m", 1.5),
        ("speed of the feet, m/s", 0.2),
        ("share of the box that stirs, median", 0.025),
    ]
    assert [r.value >= r.limit for r in new.reasons] == [True, False, False, True]


@pytest.mark.parametrize("stir", [0.0, IDLE, lambda at: 0.4 if at % 3 < 0.7 else IDLE])
def test_who_sits_stands_or_looks_around_at_the_fence_does_not_work(
    stir: float | Callable[[float], float],
) -> None:
    assert play(rule(), stays(0, 120, stir)) == []


def test_who_waves_two_metres_from_the_fence_does_not_work_at_it() -> None:
    assert play(rule(), stays(0, 60, x=400.0)) == []


def test_a_patrol_that_walks_by_does_not_work() -> None:
    tracks = walks((470, 100), (470, 700), speed_m_s=0.5)
    busy = [picture(t.at, {1: tuple(t.xyxy[0].tolist())}, stir={1: 0.3}) for t in tracks]
    assert busy[-1].at > 20
    assert play(rule(), busy) == []


def test_work_of_less_than_twenty_seconds_is_not_told_and_does_not_add_up() -> None:
    work = rule()
    for start_s in (0, 40, 80):
        assert play(work, stays(start_s, start_s + 16)) == []
        assert play(work, stays(start_s + 16.2, start_s + 39.8, IDLE)) == []


def test_a_break_of_a_second_does_not_begin_the_work_anew() -> None:
    (new,) = play(rule(), stays(0, 60, lambda at: IDLE if 10 <= at < 12 else BUSY))
    assert new.at == pytest.approx(20.0)


def test_a_rest_of_five_seconds_begins_it_anew() -> None:
    (new,) = play(rule(), stays(0, 60, lambda at: IDLE if 10 <= at < 15.5 else BUSY))
    assert 34 <= new.at <= 37


def test_who_kneels_down_to_work_has_been_there_since_the_feet_stopped() -> None:
    coming = [
        picture(at, {1: person(NEAR_X - (4 - at) * 1.4 * PX_M, 400)}, stir={1: 0.3})
        for at in times(0, 3.8, FPS)
    ]
    kneeling = stays(4.0, 40.0, height=60.0)
    (new,) = play(rule(), coming + kneeling)
    assert new.since_s == pytest.approx(4.0, abs=0.41)
    assert new.at == pytest.approx(24.0, abs=0.41)


def test_a_told_worker_who_rests_at_the_fence_is_still_there_and_has_left_when_gone() -> None:
    work = rule()
    assert phases(play(work, stays(0, 25))) == [Phase.NEW]
    assert play(work, stays(25.2, 60, IDLE)) == []
    (end,) = play(work, stays(60.2, 70, x=300.0))
    assert (end.phase, end.outcome) == (Phase.END, "left")
    assert end.until_s == pytest.approx(60.2, abs=0.9)
    assert 62 <= end.at <= 63.2
    assert end.reasons[0].limit == 2.0
    assert phases(play(work, stays(70.2, 100))) == [Phase.NEW], "coming back is a second time"


def test_a_lost_worker_ends_as_lost() -> None:
    work = rule()
    play(work, stays(0, 25))
    (end,) = work.update(picture(28.2, gone=[1]))
    assert (end.outcome, end.until_s) == ("lost", 25.0)
    assert work.update(picture(29.0, gone=[1])) == ()


def test_a_new_id_at_the_same_place_goes_on_with_the_work() -> None:
    told = play(rule(), stays(0, 12) + stays(12.6, 40, track_id=2))
    assert [(t.at, t.since_s, t.track_ids) for t in told] == [(pytest.approx(20.0), 0.0, (2,))]


def test_a_history_that_was_taken_over_is_not_taken_over_again() -> None:
    work = rule()
    play(work, [*stays(0, 12), *stays(12.2, 12.2, track_id=2), picture(12.4, gone=[2])])
    (new,) = play(work, stays(12.6, 40, track_id=3))
    assert new.since_s == pytest.approx(12.6)


def test_closing_ends_what_is_told_and_only_that() -> None:
    work = rule()
    play(work, stays(0, 25))
    work.update(picture(25.2, {1: person(NEAR_X, 400), 2: person(NEAR_X, 600)}))
    assert [(t.track_ids, t.outcome) for t in work.close(26, "stop")] == [((1,), "stop")]
    assert work.close(27, "stop") == ()


@pytest.mark.parametrize("fps", [2.0, 5.0, 12.5])
def test_work_counts_seconds_whatever_the_frame_rate(fps: float) -> None:
    pictures = [picture(at, {1: person(NEAR_X, 400)}, stir={1: BUSY}) for at in times(0, 30, fps)]
    (new,) = play(rule(), pictures)
    assert 20 <= new.at <= 20 + 1 / fps


@LAW
@given(st.lists(st.tuples(st.floats(380, 620), st.floats(0, 0.2)), min_size=1, max_size=80))
def test_gone_tracks_leave_nothing_behind_and_nobody_is_told_before_the_time(
    ways: list[tuple[float, float]],
) -> None:
    work = rule(work_s=2.0)
    told = play(
        work,
        [picture(n / 5, {1: person(x, 400)}, stir={1: stir}) for n, (x, stir) in enumerate(ways)],
    )
    told += work.update(picture(len(ways) / 5 + 3, gone=[1]))
    assert all(t.at - t.since_s >= 2.0 for t in told)
    assert len([t for t in told if t.phase is Phase.NEW]) == len(
        [t for t in told if t.phase is Phase.END]
    )
    assert not work._workers


def test_metres_of_the_strip_are_the_barriers() -> None:
    wide = FENCE.model_copy(update={"strip_m": 3.0})
    box: Xyxy = person(400, 400)
    far = [picture(at, {1: box}, stir={1: BUSY}) for at in times(0, 30, FPS)]
    assert phases(play(rule(wide), far)) == [Phase.NEW]
    assert play(rule(), far) == []
