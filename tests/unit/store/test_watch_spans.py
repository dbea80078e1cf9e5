"""What the store keeps of the ledger."""

from dataclasses import replace

from detector.incidents.coverage import WatchSpan, WatchState
from detector.store import Store
from detector.types import CameraId

GATE = CameraId("gate")
SPAN = WatchSpan(GATE, WatchState.WATCHED, "", 100.0, 110.0)


def test_a_span_that_goes_on_is_the_same_row_with_a_later_end(store: Store) -> None:
    store.write_watch([SPAN])
    store.write_watch([replace(SPAN, ended_at=120.0)])
    assert store.watch(0.0, 1000.0) == [replace(SPAN, ended_at=120.0)]


def test_only_spans_that_reach_into_the_window_are_found(store: Store) -> None:
    other = replace(SPAN, camera="north")
    store.write_watch([SPAN, other])
    assert store.watch(109.0, 200.0) == [SPAN, other]
    assert store.watch(109.0, 200.0, GATE) == [SPAN]
    assert store.watch(110.0, 200.0) == []
    assert store.watch(0.0, 100.0) == []


def test_what_was_written_last_tells_until_when_a_camera_was_watched(store: Store) -> None:
    assert store.watched_until(GATE) is None
    late = replace(SPAN, began_at=9000.0, ended_at=9100.0)
    store.write_watch([late, SPAN])  # the clock was set back in between
    assert store.watched_until(GATE) == 110.0
