import numpy as np
import pytest

from detector.rules import Loitering, LoiteringSettings, Stay, build_rules
from detector.types import Phase, Severity, Tracks, Xyxy
from tests.unit.rules.stage import (
    SQUARE,
    filmed,
    person,
    phases,
    picture,
    play,
    stage,
    times,
    walks,
)

HOUR_S = 3600.0


def rule(loitering_time: float = 0.0, **settings: object) -> Loitering:
    chosen = LoiteringSettings.model_validate({"zone": "yard"} | settings)
    zone = SQUARE.model_copy(update={"loitering_time": loitering_time})
    built = build_rules({"l": chosen}, stage(zone=zone))[0]
    assert isinstance(built, Loitering)
    return built


def sits(start_s: float, stop_s: float, x: float = 500.0, track_id: int = 1) -> list[Tracks]:
    """Somebody who sits there, a little restless, one picture a second."""
    rng = np.random.default_rng(5)
    return filmed(
        lambda _: {track_id: person(x + rng.normal(0, 5), 500 + rng.normal(0, 5))},
        start_s,
        stop_s,
        fps=1.0,
    )


def test_a_stay_is_told_after_two_minutes_and_once() -> None:
    (new,) = play(rule(), sits(0, 500))
    assert (new.phase, new.at, new.since_s) == (Phase.NEW, 120.0, 0.0)
    assert new.severity is Severity.DETECTION
    assert (new.reasons[0].value, new.reasons[0].limit) == (120.0, 120.0)


def test_days_at_one_place_are_a_handful_of_heartbeats_and_a_matter_of_welfare() -> None:
    stay = rule()
    told = [
        t for at in range(0, 75 * 3600, 60) for t in stay.update(picture(at, {1: person(500, 500)}))
    ]
    moments = [120, 600, HOUR_S, 6 * HOUR_S, 24 * HOUR_S, 48 * HOUR_S, 72 * HOUR_S]
    assert [t.at for t in told] == pytest.approx(moments)
    assert [t.severity for t in told] == [Severity.DETECTION] * 2 + [Severity.WELFARE] * 5
    assert [t.escalates for t in told] == [False] * 2 + [True] * 5
    assert {t.episode for t in told} == {1}


def test_a_stay_ends_when_the_place_was_empty_for_a_minute() -> None:
    stay = rule()
    play(stay, sits(0, 200))
    told = play(stay, [picture(at) for at in times(201, 300, 1.0)])
    assert [(t.phase, t.outcome, t.until_s, t.at) for t in told] == [
        (Phase.END, "left", 200.0, 260.0)
    ]
    assert stay.state() == ()


def test_a_new_id_at_the_place_goes_on_with_the_stay() -> None:
    stay = rule()
    told = play(stay, sits(0, 100))
    told += play(stay, [picture(100.5, gone=[1])])
    told += play(stay, sits(103, 400, track_id=2))
    assert [(t.phase, t.at, t.since_s, t.track_ids) for t in told] == [
        (Phase.NEW, 120.0, 0.0, (2,))
    ]
    told = play(stay, [picture(430.0, gone=[2]), *sits(450, 700, track_id=3)])
    assert [(t.phase, t.track_ids) for t in told] == [(Phase.UPDATE, (3,))]


def test_an_untold_stay_outlives_only_a_short_gap() -> None:
    stay = rule()
    told = play(stay, sits(0, 100)) + play(stay, [picture(at) for at in (101.0, 110.0)])
    told += play(stay, sits(111, 300, track_id=2))
    assert [(t.at, t.since_s) for t in told] == [(231.0, 111.0)]


def test_who_goes_away_for_half_a_minute_comes_back_to_the_stay() -> None:
    stay = rule()
    told = play(stay, sits(0, 200) + sits(201, 230, x=650) + sits(231, 290))
    assert phases(told) == [Phase.NEW]


def test_who_walks_by_does_not_keep_a_stay_alive() -> None:
    stay = rule()
    play(stay, sits(0, 200))
    told = []
    for start in range(200, 300, 10):
        passing = walks((310, 500), (690, 500), track_id=start)
        told += [
            t
            for tracks in passing
            for t in stay.update(
                picture(start + tracks.at, {start: tuple(tracks.xyxy[0].tolist())})
            )
        ]
    assert [(t.phase, t.until_s) for t in told] == [(Phase.END, 200.0)]


def test_a_second_person_at_the_place_has_an_own_stay() -> None:
    def both(at: float) -> dict[int, Xyxy]:
        one = {1: person(500, 500)}
        return one | {2: person(540, 500)} if at >= 50 else one

    told = play(rule(), filmed(both, 0, 200, 1.0))
    assert [(t.track_ids, t.at) for t in told] == [((1,), 120.0), ((2,), 170.0)]


def test_two_ids_that_change_places_stay_one_person_each() -> None:
    def swap(at: float) -> dict[int, Xyxy]:
        left, right = person(500, 500), person(550, 500)
        return {1: left, 2: right} if at < 60 else {2: left, 1: right}

    told = play(rule(), filmed(swap, 0, 200, 1.0))
    assert len(told) == 2
    assert {t.at for t in told} == {120.0}


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_an_old_id_that_comes_back_beside_its_successor_is_a_second_person(
    order: tuple[int, int],
) -> None:
    stay = rule()
    play(stay, sits(0, 150))
    play(stay, sits(151, 160, track_id=2))
    where = {1: person(500, 500), 2: person(520, 500)}
    both = filmed(lambda _: {i: where[i] for i in order}, 161, 300, 1.0)
    told = play(stay, both)
    assert [t.track_ids for t in told] == [(1,)]
    assert told[0].at == pytest.approx(281.0)


def test_who_wanders_does_not_stay() -> None:
    wandering = filmed(lambda at: {1: person(500 + 150 * np.sin(at / 20), 500)}, 0, 600, 1.0)
    assert play(rule(), wandering) == []


def test_who_is_outside_the_zone_does_not_stay() -> None:
    assert play(rule(), sits(0, 300, x=200)) == []


def test_the_zone_may_say_how_long() -> None:
    assert [t.at for t in play(rule(loitering_time=30), sits(0, 60))] == [30.0]


@pytest.mark.parametrize("fps", [1.0, 5.0, 12.5])
def test_a_stay_counts_seconds_whatever_the_frame_rate(fps: float) -> None:
    still = filmed(lambda _: {1: person(500, 500)}, 0, 20, fps)
    (new,) = play(rule(stay_s=10), still)
    assert 10 <= new.at <= 10 + 1 / fps


# --- restart -----------------------------------------------------------------------------------


def test_a_stay_goes_on_after_a_restart_on_a_new_timeline() -> None:
    before = rule()
    play(before, sits(1000, 1300))
    (state,) = before.state()
    assert isinstance(state, Stay)
    after = rule()
    after.restore(before.state(), shift_s=-1400.0)  # the new stream's 0 is the old one's 1400
    told = play(after, sits(0, 300, track_id=77))
    (beat,) = told
    assert (beat.phase, beat.episode, beat.since_s) == (Phase.UPDATE, 1, -400.0)
    assert beat.at == 200.0
    second = play(after, sits(301, 500, x=650, track_id=78))
    assert [t.episode for t in second if t.phase is Phase.NEW] == [2]


def test_a_restored_stay_has_its_full_grace_and_then_ends() -> None:
    before = rule()
    play(before, sits(0, 300))
    after = rule()
    after.restore(before.state(), shift_s=-100_000.0)
    told = play(after, [picture(at) for at in times(0, 70, 1.0)])
    assert [(t.phase, t.at) for t in told] == [(Phase.END, 60.0)]


def test_closing_ends_told_stays_only() -> None:
    stay = rule()
    play(stay, sits(0, 150))
    stay.update(picture(151, {1: person(500, 500), 2: person(650, 650)}))
    assert [(t.outcome, t.track_ids) for t in stay.close(152, "stop")] == [("stop", (1,))]
    assert stay.state() == ()


def test_a_stay_longer_than_the_first_heartbeat_skips_it() -> None:
    told = play(rule(stay_s=1000), sits(0, 4000))
    assert [t.at for t in told] == [1000.0, 3600.0]


def test_gone_tracks_leave_nothing_behind() -> None:
    stay = rule()
    for track_id in range(300):
        x = 320 + track_id % 37 * 10
        stay.update(picture(track_id, {track_id: person(x, 500)}, gone=[track_id - 1]))
    play(stay, [picture(at, gone=[299]) for at in (301.0, 310.0)])
    assert stay.state() == ()
    assert not stay._where
    assert not stay._home
    assert not stay._known
