"""Every second of a camera is told once, whatever the clocks do."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.incidents.coverage import Coverage, WatchSpan, WatchState, coverage
from detector.incidents.watch_ledger import EXTEND_S, SETTLED_S, Standing, WatchLedger
from detector.types import CameraId

GATE = CameraId("gate")
WELL = Standing(WatchState.WATCHED, "")
EPOCH = 1_700_000_000.0


class Desk:
    """A ledger with its clocks, and what a store would hold of it."""

    def __init__(self, last_ended_at: float | None = None) -> None:
        self.ledger = WatchLedger(GATE, 5.0, last_ended_at)
        self.at, self.utc = 100.0, EPOCH
        self.rows: dict[tuple[str, float], WatchSpan] = {}
        self.writes = 0

    def go(self, seconds: float, standing: Standing = WELL, *, seen: bool = True) -> None:
        for _ in range(round(seconds / 0.5)):
            self.at, self.utc = self.at + 0.5, self.utc + 0.5
            if seen:
                self.ledger.analysed(self.at)
            self.keep(self.ledger.note(self.at, self.utc, standing))

    def keep(self, spans: tuple[WatchSpan, ...]) -> None:
        self.writes += bool(spans)
        self.rows |= {(span.camera, span.began_at): span for span in spans}

    def told(self) -> list[tuple[str, str, float]]:
        return [
            (s.state.value, s.reason, round(s.ended_at - s.began_at, 3)) for s in self.rows.values()
        ]

    def covered(self, after: float, before: float) -> Coverage:
        return coverage(GATE, list(self.rows.values()), after, before)


def test_a_quiet_camera_is_one_row_that_is_written_every_ten_seconds() -> None:
    desk = Desk()
    desk.go(60.5)
    assert desk.told() == [("watched", "", 60.0)]
    assert desk.writes == 1 + 60 / EXTEND_S


def test_a_fault_counts_from_when_it_began_and_until_it_is_over() -> None:
    desk = Desk()
    desk.go(20.5)
    desk.go(10, Standing(WatchState.BLIND, "covered", desk.at - 3.0))
    desk.go(10.5)
    assert desk.told()[:2] == [("watched", "", 17.0), ("blind", "covered", 13.5)]


def test_a_lesser_fault_that_was_hidden_by_a_graver_one_is_not_dated_back() -> None:
    desk = Desk()
    desk.go(20.5)
    desk.go(10, Standing(WatchState.BLIND, "dark", desk.at))
    desk.go(10.5, Standing(WatchState.DEGRADED, "moved", desk.at - 15.0))
    assert [row[:2] for row in desk.told()] == [
        ("watched", ""),
        ("blind", "dark"),
        ("degraded", "moved"),
    ]
    seconds = desk.covered(EPOCH + 0.5, desk.utc).seconds()
    assert seconds[WatchState.BLIND, "dark"] == pytest.approx(10.5)


def test_before_its_first_picture_and_without_pictures_a_camera_is_blind() -> None:
    desk = Desk()
    desk.go(3, seen=False)
    desk.go(20)
    desk.go(10, seen=False)
    desk.keep(desk.ledger.close(desk.at, desk.utc))
    assert desk.told() == [
        ("blind", "starting", 3.0),
        ("watched", "", 19.5),
        ("blind", "no_picture", 10.0),
    ]


def test_the_time_between_two_runs_is_blind_because_the_service_was_down() -> None:
    desk = Desk(last_ended_at=EPOCH - 100.0)
    desk.go(20)
    assert desk.told()[0] == ("blind", "service_down", 100.5)


def test_a_kill_loses_at_most_ten_seconds_which_count_as_down() -> None:
    desk = Desk()
    desk.go(65)
    last = max(span.ended_at for span in desk.rows.values())
    assert desk.utc - last <= EXTEND_S
    again = Desk(last_ended_at=last)
    again.utc = desk.utc + 30.0
    again.rows = desk.rows
    again.go(20)
    seconds = again.covered(EPOCH + 0.5, desk.utc).seconds()
    assert seconds[WatchState.BLIND, "service_down"] == pytest.approx(desk.utc - last)


@pytest.mark.parametrize("jump_s", [-3600.0, 3600.0])
def test_a_clock_that_is_set_gives_neither_negative_nor_double_time(jump_s: float) -> None:
    desk = Desk()
    desk.go(30)
    before_jump = desk.utc
    desk.utc += jump_s
    desk.go(30)
    assert all(span.ended_at >= span.began_at for span in desk.rows.values())
    first, last = min(EPOCH, desk.utc - 30), max(before_jump, desk.utc)
    seconds = desk.covered(first, last).seconds()
    assert seconds[WatchState.WATCHED, ""] <= 60.0
    assert sum(seconds.values()) == pytest.approx(last - first)


def test_totals_never_shrink_and_follow_by_a_minute() -> None:
    desk = Desk()
    desk.go(100)
    total = desk.ledger.totals[WatchState.WATCHED, ""]
    assert 100 - SETTLED_S - EXTEND_S <= total <= 100
    desk.go(10, Standing(WatchState.BLIND, "frozen", desk.at - 30.0))
    assert desk.ledger.totals[WatchState.WATCHED, ""] >= total
    desk.go(100)
    assert sum(desk.ledger.totals.values()) <= 210


SPANS = st.lists(
    st.builds(
        lambda state, began, length: WatchSpan(GATE, state, state.value, began, began + length),
        st.sampled_from([WatchState.WATCHED, WatchState.DEGRADED, WatchState.BLIND]),
        st.floats(-100, 100),
        st.floats(0, 60),
    )
)


@given(spans=SPANS, after=st.floats(-120, 50), length=st.floats(0.001, 200))
def test_all_seconds_together_are_the_window(
    spans: list[WatchSpan], after: float, length: float
) -> None:
    told = coverage(GATE, spans, after, after + length)
    assert sum(told.seconds().values()) == pytest.approx(length)
    edges = [(span.began_at, span.ended_at) for span in told.spans]
    assert edges[0][0] == after
    assert edges[-1][1] == after + length
    assert all(a[1] == b[0] for a, b in pairwise(edges))


@given(spans=SPANS)
def test_what_is_worse_counts_where_spans_overlap(spans: list[WatchSpan]) -> None:
    told = coverage(GATE, spans, -100.0, 160.0)
    for part in told.spans:
        there = [s.state.rank for s in spans if s.began_at <= part.began_at < s.ended_at]
        assert part.state.rank == max(there, default=0)
