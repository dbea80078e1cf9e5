from dataclasses import replace

import numpy as np
import pytest

from benchmarks.simulator.happenings import (
    Happening,
    LadderTrack,
    PersonTrack,
    ladder_happenings,
    person_happenings,
    runs,
    zone_happenings,
)

FPS = 10.0


def track(
    ys: list[float] | np.ndarray,
    *,
    identity: int = 1,
    x: float = 5.0,
    sole: np.ndarray | None = None,
    state: str = "walk",
    visible: np.ndarray | None = None,
) -> PersonTrack:
    y = np.asarray(ys, float)
    return PersonTrack(
        identity,
        np.full(len(y), x),
        y,
        np.zeros(len(y)) if sole is None else sole,
        (state,) * len(y),
        np.ones(len(y), bool) if visible is None else visible,
    )


def kinds(found: list[Happening]) -> list[str]:
    return [h.kind for h in found]


def test_runs_bridge_short_gaps_only() -> None:
    flags = np.array([1, 1, 0, 1, 0, 0, 0, 1], bool)
    assert list(runs(flags)) == [(0, 1), (3, 3), (7, 7)]
    assert list(runs(flags, bridge=1)) == [(0, 3), (7, 7)]


def test_somebody_who_comes_and_goes_back_has_turned_back() -> None:
    y = np.concatenate([np.linspace(-12, -3, 90), np.linspace(-3, -12, 90)])
    found = person_happenings(track(y), FPS, "b")
    assert kinds(found) == ["approach"]
    assert found[0].details["outcome"] == "turned_back"
    assert found[0].details["nearest_m"] == 3.0
    assert found[0].end_s == pytest.approx(9.0 + 5.0, abs=0.3)


def test_somebody_who_walks_along_the_barrier_does_not_approach() -> None:
    assert person_happenings(track(np.full(200, -4.0)), FPS, "b") == []


def test_somebody_farther_than_near_does_not_approach_yet() -> None:
    found = person_happenings(track(np.linspace(-20, -10, 100)), FPS, "b")
    assert found[0].start_s == pytest.approx(5.0, abs=0.2)
    assert found[0].details["outcome"] == "lost"


@pytest.mark.parametrize(
    ("start", "end", "direction"), [(-3.0, 3.0, "right_to_left"), (3.0, -3.0, "left_to_right")]
)
def test_a_crossing_names_its_direction_and_is_true_beyond_the_line(
    start: float, end: float, direction: str
) -> None:
    found = person_happenings(track(np.linspace(start, end, 61)), FPS, "b")
    crossing = next(h for h in found if h.kind == "barrier_crossing")
    assert crossing.details["direction"] == direction
    assert crossing.start_s == pytest.approx(3.0, abs=0.11)
    assert crossing.true_s == pytest.approx(3.3, abs=0.11)
    assert next(h for h in found if h.kind == "approach").details["outcome"] == "crossed"


def test_stepping_over_the_line_by_less_than_the_margin_is_no_crossing() -> None:
    y = np.concatenate([np.linspace(-2, 0.2, 30), np.linspace(0.2, -2, 30)])
    assert "barrier_crossing" not in kinds(person_happenings(track(y), FPS, "b"))


def test_a_crossing_that_nobody_could_see_is_not_claimed() -> None:
    y = np.linspace(-3, 3, 61)
    found = person_happenings(track(y, visible=np.zeros(61, bool)), FPS, "b")
    assert found == []


def test_climbing_ends_over_or_down() -> None:
    up = np.concatenate(
        [np.zeros(10), np.linspace(0, 2.5, 40), np.linspace(2.5, 0, 30), np.zeros(20)]
    )
    over = np.concatenate([np.full(45, -0.5), np.full(55, 0.5)])
    first = next(
        h for h in person_happenings(track(over, sole=up), FPS, "b") if h.kind == "climbing"
    )
    assert first.details == {"outcome": "over", "top_m": 2.5}
    stays = track(np.full(100, -0.5), sole=up)
    second = next(h for h in person_happenings(stays, FPS, "b") if h.kind == "climbing")
    assert second.details["outcome"] == "down_same_side"


@pytest.mark.parametrize(("seconds", "expected"), [(19, []), (25, ["fence_work"])])
def test_work_at_the_fence_counts_from_twenty_seconds(seconds: int, expected: list[str]) -> None:
    y = np.full(int(seconds * FPS), -0.6)
    found = person_happenings(track(y, state="work"), FPS, "b")
    assert kinds(found) == expected
    if found:
        assert found[0].true_s == pytest.approx(found[0].start_s + 20)


def test_a_stay_of_two_minutes_is_loitering() -> None:
    found = person_happenings(track(np.full(1300, -4.0), state="sit"), FPS, "b")
    assert kinds(found) == ["loitering"]
    assert found[0].true_s == 120.0


def ladder(states: list[str], y_m: float = -1.0, holder: int = 0) -> LadderTrack:
    n = len(states)
    return LadderTrack(
        9,
        np.full(n, 5.0),
        np.full(n, y_m),
        tuple(states),
        np.full(n, holder),
        np.ones(n, bool),
    )


def test_a_ladder_is_carried_then_at_the_barrier_then_left() -> None:
    states = ["carried"] * 30 + ["leaning"] * 300
    person = track(np.concatenate([np.full(30, -1.0), np.full(300, -8.0)]))
    came = replace(
        ladder(states, holder=1), y_m=np.concatenate([np.full(30, -4.0), np.full(300, -1.0)])
    )
    found = ladder_happenings(came, [person], FPS, "b")
    assert kinds(found) == ["ladder_carried", "ladder_at_barrier", "ladder_left"]
    assert found[0].tracks == (9, 1)
    assert found[1].start_s == 3.0
    assert found[2].true_s == pytest.approx(found[2].start_s + 20)


def test_a_ladder_with_somebody_near_is_not_left() -> None:
    person = track(np.full(300, -2.0))
    found = ladder_happenings(ladder(["leaning"] * 300), [person], FPS, "b")
    assert kinds(found) == ["ladder_at_barrier"]


def test_a_ladder_is_at_the_barrier_in_whatever_hands_but_not_farther_than_the_strip() -> None:
    for y_m, at_barrier in ((-1.5, True), (-1.6, False), (1.0, True)):
        found = ladder_happenings(ladder(["carried"] * 50, y_m, holder=1), [], FPS, "b")
        assert ("ladder_at_barrier" in kinds(found)) is at_barrier


def test_a_growing_group_is_reported_per_bin() -> None:
    people = []
    for k, enters in enumerate((0, 0, 50, 80, 80)):
        seen = np.zeros(150, bool)
        seen[enters:] = True
        people.append(track(np.full(150, -2.0), identity=k + 1, visible=seen))
    found = zone_happenings(people, lambda _x, y: y > -3, FPS, "strip")
    sizes = [(h.details["size"], h.start_s) for h in found if h.kind == "group_size"]
    assert sizes == [(2, 0.0), (3, 5.0), (5, 8.0)]
    assert kinds(found).count("zone_intrusion") == 5


def test_a_short_step_out_of_a_zone_does_not_end_the_intrusion() -> None:
    y = np.full(100, -2.0)
    y[40:50] = -9.0
    found = zone_happenings([track(y)], lambda _x, y: y > -3, FPS, "strip")
    assert kinds(found) == ["zone_intrusion"]
    assert found[0].end_s == 9.9
