import numpy as np

from benchmarks.simulator.happenings import PersonTrack
from benchmarks.simulator.welfare import Water, down_happenings, water_happenings

FPS = 10.0
WATER = Water("river", lambda _x, y: y < -6, lambda _x, y: y + 6)


def track(ys: np.ndarray, states: tuple[str, ...] | None = None) -> PersonTrack:
    n = len(ys)
    return PersonTrack(
        1, np.full(n, 5.0), ys, np.zeros(n), states or ("walk",) * n, np.ones(n, bool)
    )


def test_in_the_water_is_true_after_half_a_second() -> None:
    found = list(water_happenings(track(np.full(100, -8.0)), FPS, WATER))
    assert [(h.kind, h.start_s, h.true_s, h.end_s) for h in found] == [
        ("person_in_water", 0.0, 0.5, 9.9)
    ]


def test_arriving_takes_half_a_metre_for_half_a_second() -> None:
    y = np.concatenate([np.linspace(-9, -6.1, 30), np.linspace(-6.0, -4.0, 21), np.full(30, -4.0)])
    arrival = list(water_happenings(track(y), FPS, WATER))[1]
    assert arrival.kind == "arrival_from_water"
    assert arrival.start_s == 3.0
    assert arrival.true_s == 4.0  # at -5.5 after 0.5 s more, held for 0.5 s


def test_standing_at_the_edge_is_no_arrival() -> None:
    y = np.concatenate([np.full(30, -7.0), np.full(60, -5.7)])
    assert [h.kind for h in water_happenings(track(y), FPS, WATER)] == ["person_in_water"]


def test_who_lies_for_ten_seconds_after_standing_is_down() -> None:
    states = ("walk",) * 20 + ("lie",) * 110 + ("stand",) * 20
    found = list(down_happenings(track(np.full(150, -3.0), states), FPS))
    assert [(h.kind, h.start_s, h.true_s, h.end_s) for h in found] == [
        ("person_down", 2.0, 12.0, 12.9)
    ]


def test_who_lies_shortly_or_never_stood_is_not_down() -> None:
    short = ("walk",) * 20 + ("lie",) * 90 + ("stand",) * 40
    assert list(down_happenings(track(np.full(150, -3.0), short), FPS)) == []
    always = ("lie",) * 150
    assert list(down_happenings(track(np.full(150, -3.0), always), FPS)) == []
