from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.events import EventKind, Moment
from detector.incidents.clip_plan import ClipWish, Piece, RecordSettings, clip_wishes, next_piece
from detector.incidents.recording_clips import RecordingClips
from detector.types import ClockSource
from tests.happenings import make_event

SETTINGS = RecordSettings(pre_capture_s=5, post_capture_s=5, piece_s=30)


def wish(at: float) -> ClipWish:
    return ClipWish(UUID(int=1), UUID(int=2), "gate", at, at - 5, at + 5, 30)


def moment(pts: float, decoded_at: float, captured_at: float) -> Moment:
    return Moment(
        pts=pts,
        captured_at=captured_at,
        clock=ClockSource.CAMERA,
        decoded_at=decoded_at,
        size=(80, 60),
    )


def test_an_event_asks_for_the_time_around_it_by_this_machines_clock() -> None:
    event = make_event(pts_s=98.0)
    (asked,) = clip_wishes([event], moment(100.0, 5000.0, captured_at=9000.0), SETTINGS)
    assert (asked.event_id, asked.incident_id) == (event.id, event.data.incident_id)
    assert (asked.begin_at, asked.at, asked.end_at) == (4993.0, 4998.0, 5003.0)


@pytest.mark.parametrize(
    "kind", [EventKind.INCIDENT, EventKind.CAMERA_OFFLINE, EventKind.EVIDENCE_READY]
)
def test_what_no_rule_saw_asks_for_no_video(kind: EventKind) -> None:
    assert clip_wishes([make_event(rule=kind)], moment(1.0, 1.0, 1.0), SETTINGS) == ()


def test_the_first_event_begins_the_first_piece() -> None:
    assert next_piece(None, wish(100), is_open=False) == Piece(1, 95, 105)


@pytest.mark.parametrize(("at", "end"), [(103, 108), (110, 115), (120, 125)])
def test_an_event_that_touches_the_open_piece_extends_it(at: float, end: float) -> None:
    last = Piece(1, 95, 115)
    expected = Piece(1, 95, end) if end > 115 else None
    assert next_piece(last, wish(at), is_open=True) == expected


def test_a_piece_grows_to_its_limit_and_the_next_begins_where_it_ends() -> None:
    full = Piece(1, 95, 125)
    assert next_piece(Piece(1, 95, 120), wish(120), is_open=True) == full
    assert next_piece(full, wish(121), is_open=True) == Piece(2, 125, 126)


def test_a_later_event_that_touches_nothing_begins_the_next_piece() -> None:
    assert next_piece(Piece(1, 95, 105), wish(200), is_open=True) == Piece(2, 195, 205)


def test_a_finished_piece_is_never_extended() -> None:
    assert next_piece(Piece(3, 95, 105), wish(103), is_open=False) == Piece(4, 105, 108)
    assert next_piece(Piece(3, 95, 115), wish(103), is_open=False) is None


@given(
    pauses_s=st.lists(st.floats(0, 40), min_size=1, max_size=40),
    around_s=st.tuples(st.floats(0, 60), st.floats(0, 60)),
    piece_s=st.floats(1, 300),
)
def test_pieces_follow_each_other_without_overlap_and_hold_all_that_was_asked_for(
    pauses_s: list[float], around_s: tuple[float, float], piece_s: float
) -> None:
    planned, asked, at = RecordingClips(), [], 1000.0
    for pause_s in pauses_s:
        at += pause_s
        begin_at, end_at = at - around_s[0], at + around_s[1]
        asked.append(ClipWish(UUID(int=1), UUID(int=2), "gate", at, begin_at, end_at, piece_s))
        planned.want(asked[-1:], at)
    pieces = [clip.piece for clip in planned.planned()]
    assert [piece.number for piece in pieces] == list(range(1, len(pieces) + 1))
    assert all(a.end_at <= b.begin_at for a, b in pairwise(pieces))
    assert all(p.end_at - p.begin_at <= max(piece_s, sum(around_s)) + 1e-6 for p in pieces)
    for wish in asked:
        reached = wish.begin_at
        for piece in pieces:
            if piece.begin_at <= reached:
                reached = max(reached, piece.end_at)
        assert reached >= wish.end_at
