import pytest

from detector.rules import (
    LadderAtBarrierSettings,
    LadderCarriedSettings,
    LadderLeftSettings,
    build_rules,
)
from detector.rules.base import Rule
from detector.scene import BarrierSettings
from detector.types import ObjectClass, Phase, Severity, Tracks, Xyxy
from tests.unit.rules.stage import PX_M, person, phases, picture, play, relative, stage, times

# Across the picture, 3 m high: foot at y 500, top at y 350.
FENCE = BarrierSettings(
    points=relative((100, 500), (900, 500)), top=relative((100, 350), (900, 350))
)
SPEED_PX_S = 1.2 * PX_M


def carried() -> Rule:
    return build_rules({"c": LadderCarriedSettings()}, stage(FENCE))[0]


def at_barrier() -> Rule:
    return build_rules({"b": LadderAtBarrierSettings(barrier="fence")}, stage(FENCE))[0]


def left(zone: str = "") -> Rule:
    return build_rules({"l": LadderLeftSettings(zone=zone)}, stage(FENCE))[0]


def lying(x: float, y: float) -> Xyxy:
    """A ladder across, 3 m long, whose lower edge is at y."""
    return (x - 75, y - 20, x + 75, y)


def leaning(x: float, foot: float, top: float) -> Xyxy:
    return (x - 20, top, x + 20, foot)


def carry(start_s: float, stop_s: float, x: float = 100.0) -> list[Tracks]:
    """A person and a ladder that move together to the right."""
    return [
        picture(
            at,
            {1: person(x + SPEED_PX_S * (at - start_s), 700)},
            {9: lying(x + SPEED_PX_S * (at - start_s), 650)},
        )
        for at in times(start_s, stop_s)
    ]


# --- carried -----------------------------------------------------------------------------------


def test_a_ladder_that_moves_with_a_person_is_carried() -> None:
    (new,) = play(carried(), carry(0, 3))
    assert (new.phase, new.severity, new.object_class) == (
        Phase.NEW,
        Severity.ALERT,
        ObjectClass.LADDER,
    )
    assert new.track_ids == (9, 1)
    assert new.at == pytest.approx(0.8, abs=0.15)  # 0.2 s to have a speed, 0.5 s to hold
    assert [r.limit for r in new.reasons] == [0.5, 0.3]
    assert all(isinstance(r.value, float) for r in new.reasons)


def test_a_ladder_that_is_put_down_is_told_after_two_seconds_apart() -> None:
    x = 100 + 3 * SPEED_PX_S
    away = [
        picture(at, {1: person(x + 60 * (at - 3), 700)}, {9: lying(x, 650)}) for at in times(3.1, 9)
    ]
    told = play(carried(), carry(0, 3) + away)
    assert phases(told) == [Phase.NEW, Phase.END]
    end = told[-1]
    assert end.outcome == "put_down"
    assert end.until_s is not None
    assert end.at - end.until_s == pytest.approx(2.0, abs=0.11)


def test_a_carrier_who_pauses_still_carries() -> None:
    pause = [picture(at, {1: person(280, 700)}, {9: lying(280, 650)}) for at in times(3.1, 13)]
    assert phases(play(carried(), carry(0, 3) + pause)) == [Phase.NEW]


def test_a_ladder_that_is_not_seen_for_a_while_is_still_carried() -> None:
    unseen = [picture(at, {1: person(280, 700)}) for at in times(3.1, 8)]
    assert phases(play(carried(), carry(0, 3) + unseen)) == [Phase.NEW]


def test_a_carried_ladder_that_is_gone_ends_the_carrying() -> None:
    rule = carried()
    play(rule, carry(0, 3))
    (end,) = rule.update(picture(6.0, gone=[9, 1]))
    assert (end.phase, end.outcome, end.track_ids) == (Phase.END, "lost", (9, 1))


def test_who_stands_or_passes_by_a_ladder_does_not_carry_it() -> None:
    still = [picture(at, {1: person(300, 700)}, {9: lying(300, 650)}) for at in times(0, 5)]
    passing = [
        picture(at, {1: person(100 + 60 * at, 700)}, {9: lying(300, 650)}) for at in times(0, 8)
    ]
    alone = [picture(at, {}, {9: lying(100 + 60 * at, 650)}) for at in times(0, 8)]
    beside = [
        picture(at, {1: person(400 + 60 * at, 700)}, {9: lying(100 + 60 * at, 650)})
        for at in times(0, 5)
    ]
    for pictures in (still, passing, alone, beside):
        assert play(carried(), pictures) == []


def test_two_carriers_are_counted() -> None:
    both = [
        picture(
            at,
            {1: person(100 + 60 * at, 700), 2: person(200 + 60 * at, 700)},
            {9: lying(150 + 60 * at, 650)},
        )
        for at in times(0, 2)
    ]
    (new,) = play(carried(), both)
    assert (new.count, new.track_ids) == (2, (9, 1, 2))


def test_a_ladder_outside_the_asked_zone_is_not_looked_at() -> None:
    rule = build_rules({"c": LadderCarriedSettings(zone="yard")}, stage(FENCE))[0]
    (new,) = play(rule, carry(0, 8))
    assert new.foot[0] >= 300
    assert new.place == "yard"


# --- at the barrier ----------------------------------------------------------------------------


def test_a_ladder_at_the_barrier_is_told_with_the_third_observation() -> None:
    rule = at_barrier()
    told = play(rule, [picture(at / 5, {}, {9: leaning(500, 520, 340)}) for at in range(20)])
    assert [(t.phase, t.at, t.since_s) for t in told] == [(Phase.NEW, 0.4, 0.0)]
    assert told[0].escalates
    assert told[0].distance_m is not None
    assert told[0].distance_m < 1.5


@pytest.mark.parametrize(
    "ladder", [leaning(500, 700, 520), lying(500, 650), leaning(500, 250, 100)]
)
def test_a_ladder_away_from_the_strip_is_silent(ladder: Xyxy) -> None:
    scene = [picture(at / 5, {1: person(800, 700)}, {9: ladder}) for at in range(20)]
    assert play(at_barrier(), scene) == []


def test_a_ladder_whose_foot_is_hidden_stands_on_the_face_and_over_the_top() -> None:
    person_near = {1: person(800, 700)}
    hidden = [picture(at / 5, person_near, {9: leaning(500, 400, 330)}) for at in range(5)]
    assert len(play(at_barrier(), hidden)) == 1
    behind = [picture(at / 5, person_near, {9: leaning(500, 400, 370)}) for at in range(5)]
    assert play(at_barrier(), behind) == []


def test_a_ladder_that_is_away_for_ten_seconds_is_gone() -> None:
    rule = at_barrier()
    play(rule, [picture(at, {}, {9: leaning(500, 520, 340)}) for at in times(0, 2)])
    told = play(rule, [picture(at) for at in times(2.1, 14)])
    assert [(t.phase, t.outcome, t.until_s) for t in told] == [(Phase.END, "gone", 2.0)]
    assert told[0].at == pytest.approx(12.0, abs=0.11)
    assert rule.close(15, "stop") == ()


def test_a_new_id_at_the_same_place_is_the_same_ladder() -> None:
    scenes = [
        picture(at, {}, {9 + int(at): leaning(500 + at, 520, 340)}, gone=[8 + int(at)])
        for at in times(0, 20)
    ]
    assert phases(play(at_barrier(), scenes)) == [Phase.NEW]


def test_two_ladders_are_two_episodes() -> None:
    both = {8: leaning(300, 520, 340), 9: leaning(700, 520, 340)}
    told = play(at_barrier(), [picture(at, {}, both) for at in times(0, 2)])
    assert [t.episode for t in told] == [1, 2]


def test_a_ladder_seen_now_and_then_is_not_told() -> None:
    rule = at_barrier()
    now_and_then = [
        picture(at, {}, {9: leaning(500, 520, 340)} if at % 3 == 0 else {}) for at in range(30)
    ]
    assert play(rule, now_and_then) == []


def test_closing_ends_a_ladder_at_the_barrier() -> None:
    rule = at_barrier()
    play(rule, [picture(at, {}, {9: leaning(500, 520, 340)}) for at in times(0, 2)])
    rule.update(picture(2.1, {}, {10: leaning(200, 520, 340)}))
    assert [(t.phase, t.outcome) for t in rule.close(2.2, "stop")] == [(Phase.END, "stop")]


# --- left --------------------------------------------------------------------------------------


def test_a_ladder_alone_for_twenty_seconds_was_left() -> None:
    beside = [picture(at, {1: person(350, 650)}, {9: lying(300, 650)}) for at in times(0, 5)]
    alone = [picture(at, {1: person(900, 650)}, {9: lying(300, 650)}) for at in times(5.1, 30)]
    (new,) = play(left(), beside + alone)
    assert new.phase is Phase.NEW
    assert new.since_s == pytest.approx(5.0)
    assert new.at == pytest.approx(25.0, abs=0.11)
    assert new.count == 0
    assert new.reasons[1].value == pytest.approx((900 - 375) / PX_M)


def test_a_ladder_with_nobody_in_view_was_left() -> None:
    (new,) = play(left(), [picture(at, {}, {9: lying(300, 650)}) for at in times(0, 21)])
    assert new.reasons[1].value == "nobody in view"


def left_for_good(rule: Rule) -> None:
    assert len(play(rule, [picture(at, {}, {9: lying(300, 650)}) for at in times(0, 21)])) == 1


def test_a_left_ladder_that_is_carried_off_is_picked_up() -> None:
    rule = left()
    left_for_good(rule)
    near = [picture(at, {1: person(350, 650)}, {9: lying(300, 650)}) for at in times(22, 26)]
    assert play(rule, near) == []  # somebody who only stands there did not pick it up
    off = [
        picture(at, {1: person(300 + 60 * (at - 27), 700)}, {9: lying(300 + 60 * (at - 27), 650)})
        for at in times(27, 30)
    ]
    (end,) = play(rule, off)
    assert (end.phase, end.outcome) == (Phase.END, "picked_up")


def test_a_left_ladder_that_is_no_longer_seen_is_gone() -> None:
    rule = left()
    left_for_good(rule)
    (end,) = play(rule, [picture(at) for at in times(21.1, 32)])
    assert (end.phase, end.outcome, end.until_s) == (Phase.END, "gone", 21.0)
    assert rule.close(33, "stop") == ()


def test_a_ladder_that_moves_or_has_company_is_not_left() -> None:
    moving = [picture(at, {}, {9: lying(100 + 20 * at, 650)}) for at in times(0, 40)]
    company = [picture(at, {1: person(450, 650)}, {9: lying(300, 650)}) for at in times(0, 40)]
    for pictures in (moving, company):
        assert play(left(), pictures) == []


def test_closing_ends_a_left_ladder_in_a_zone() -> None:
    rule = left("yard")
    scene = [picture(at, {}, {8: lying(200, 650), 9: lying(500, 650)}) for at in times(0, 21)]
    (new,) = play(rule, scene)
    assert (new.place, new.track_ids) == ("yard", (9,))
    assert [t.outcome for t in rule.close(22, "stop")] == ["stop"]


def test_closing_ends_a_carrying() -> None:
    rule = carried()
    play(rule, carry(0, 3))
    assert [(t.outcome, t.track_ids) for t in rule.close(4, "stop")] == [("stop", (9, 1))]
    assert rule.close(5, "stop") == ()
