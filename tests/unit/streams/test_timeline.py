import math

from hypothesis import given
from hypothesis import strategies as st

from detector.streams.timeline import SamplingGrid, Timeline

raw = st.one_of(st.none(), st.floats(-1e6, 1e6))


@given(
    st.lists(st.tuples(raw, st.floats(0.0, 60.0)), max_size=40), st.sampled_from([10.0, math.inf])
)
def test_stream_time_never_goes_back_whatever_the_source_says(
    stamps: list[tuple[float | None, float]], limit_s: float
) -> None:
    timeline = Timeline(limit_s)
    timeline.connect(0.0)

    placed = [timeline.place(raw_s, elapsed_s) for raw_s, elapsed_s in stamps]

    assert placed == sorted(placed)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=40, unique=True).map(sorted))
def test_a_recording_keeps_its_own_timestamps_exactly(stamps_ms: list[int]) -> None:
    timeline = Timeline()
    timeline.connect(0.0, origin_s=0.0)

    assert [timeline.place(ms / 1000, 0.04) for ms in stamps_ms] == [ms / 1000 for ms in stamps_ms]


def test_a_reconnected_camera_goes_on_where_the_clock_on_the_wall_is() -> None:
    timeline = Timeline(10.0)
    timeline.connect(0.0)
    before = timeline.place(7200.0, 0.0)

    timeline.connect(65.0)

    assert before == 0.0
    assert timeline.place(0.0, 0.5) == 65.5
    assert timeline.place(0.25, 0.25) == 65.75


def test_a_camera_clock_that_leaps_an_hour_ahead_moves_stream_time_by_the_time_that_passed() -> (
    None
):
    timeline = Timeline(10.0)
    timeline.connect(0.0)
    for n in range(3):
        timeline.place(n * 0.5, 0.5)

    assert timeline.place(3601.5, 0.5) == 2.0
    assert timeline.place(3602.0, 0.5) == 2.5
    assert timeline.breaks == 1


def test_an_hour_long_gap_in_a_recording_is_real() -> None:
    timeline = Timeline()
    timeline.connect(0.0, origin_s=0.0)
    timeline.place(0.0, 0.0)

    assert timeline.place(3600.0, 0.04) == 3600.0


def test_a_looped_recording_goes_on_rising() -> None:
    timeline = Timeline()
    placed = []
    for _ in range(2):
        timeline.connect(timeline.last_s + 0.5 if placed else 0.0, origin_s=10.0)
        placed += [timeline.place(raw_s, 0.5) for raw_s in (10.0, 10.5, 11.0)]

    assert placed == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]


@given(
    st.lists(st.floats(0.0, 2.0), min_size=1, max_size=60),
    st.floats(0.5, 30.0),
)
def test_a_grid_never_takes_more_than_one_picture_a_period(gaps_s: list[float], fps: float) -> None:
    grid, pts, due = SamplingGrid(fps), 0.0, []
    for gap_s in gaps_s:
        pts += gap_s
        if grid.due(pts):
            due.append(pts)

    assert due[0] == gaps_s[0]
    assert len(due) <= (due[-1] - due[0]) * fps + 1.26


@given(st.integers(5, 60), st.sampled_from([1.0, 2.0, 5.0]))
def test_an_even_stream_gives_the_wanted_rate(camera_fps: int, fps: float) -> None:
    grid = SamplingGrid(fps)

    due = sum(grid.due(n / camera_fps) for n in range(camera_fps * 20))

    assert abs(due - 20 * fps) <= 1


@given(st.lists(st.floats(-0.04, 0.04), min_size=2, max_size=100))
def test_a_camera_that_jitters_around_the_wanted_rate_loses_no_picture(
    jitter_s: list[float],
) -> None:
    grid = SamplingGrid(5.0)
    grid.due(0.0)

    assert all(grid.due(n * 0.2 + by_s) for n, by_s in enumerate(jitter_s, 1))


def test_without_a_rate_every_picture_is_due() -> None:
    assert all(SamplingGrid(None).due(pts) for pts in (0.0, 0.0, 0.001))


def test_after_a_gap_the_first_picture_is_due() -> None:
    grid = SamplingGrid(2.0)

    assert [pts for pts in (0.0, 0.1, 7.3, 7.4, 7.6) if grid.due(pts)] == [0.0, 7.3, 7.6]
