"""The life of a track, and the faults of the field that must not come back."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.tracking import LostBudget, Tracker, TrackingSettings
from detector.types import Detections, ObjectClass, Tracks

PERSON, LADDER = ObjectClass.PERSON, ObjectClass.LADDER
SCORES = {PERSON: (0.1, 0.5), LADDER: (0.1, 0.4)}


Box = tuple[float, float, float, float, float, int]


def tracker(**changes: object) -> Tracker:
    return Tracker(TrackingSettings.model_validate(changes), SCORES)


def person(x: float, y: float = 200.0, *, score: float = 0.9, height: float = 80.0) -> Box:
    """One person whose feet stand at (x, y)."""
    half = height * 0.19
    return (x - half, y - height, x + half, y, score, PERSON)


def ladder(x: float, y: float = 200.0, *, score: float = 0.9) -> Box:
    return (x - 10, y - 160, x + 10, y, score, LADDER)


def seen(*boxes: Box) -> Detections:
    rows = np.array(boxes, np.float64).reshape(-1, 6)
    return Detections(
        rows[:, :4].astype(np.float32),
        rows[:, 4].astype(np.float32),
        rows[:, 5].astype(np.int64),
    )


def feet(tracks: Tracks) -> dict[int, float]:
    """The x of every track's feet."""
    return {
        int(i): float(x1 + x2) / 2
        for i, (x1, _, x2, _) in zip(tracks.track_id, tracks.xyxy, strict=True)
    }


# --- birth ------------------------------------------------------------------------------------


def test_a_track_is_given_out_from_its_third_observation_on_with_id_1() -> None:
    it = tracker()
    counts = [len(it.update(seen(person(100 + 5 * k)), k / 10)) for k in range(4)]
    assert counts == [0, 0, 1, 1]
    assert it.update(seen(person(120)), 0.4).track_id.tolist() == [1]


def test_with_min_hits_1_a_sure_box_is_given_out_at_once() -> None:
    assert len(tracker(min_hits=1).update(seen(person(100)), 0.0)) == 1


def test_a_one_frame_false_positive_is_never_given_out() -> None:
    it = tracker()
    shown = [it.update(seen(person(300)) if k == 5 else seen(), k / 10) for k in range(40)]
    assert sum(map(len, shown)) == 0
    assert all(tracks.gone == () for tracks in shown)
    assert len(it) == 0


def test_a_box_below_the_threshold_starts_nothing() -> None:
    it = tracker()
    for k in range(20):
        assert len(it.update(seen(person(100, score=0.45)), k / 10)) == 0
    assert len(it) == 0


def test_a_track_whose_median_score_is_below_the_threshold_is_not_given_out() -> None:
    it = tracker()
    scores = [0.6, 0.3, 0.3, 0.3, 0.3]
    shown = [it.update(seen(person(100, score=s)), k / 10) for k, s in enumerate(scores)]
    assert sum(map(len, shown)) == 0


def test_a_track_once_given_out_stays_when_its_scores_fall() -> None:
    it = tracker()
    scores = [0.9] * 3 + [0.2] * 20
    shown = [it.update(seen(person(100, score=s)), k / 10) for k, s in enumerate(scores)]
    assert shown[-1].track_id.tolist() == [1]
    assert shown[-1].confidence.tolist() == pytest.approx([0.2])


def test_a_box_below_min_score_is_as_if_it_were_not_there() -> None:
    it = tracker()
    for k in range(3):
        it.update(seen(person(100)), k / 10)
    assert len(it.update(seen(person(100, score=0.05)), 0.3)) == 0


def test_each_class_has_its_own_threshold() -> None:
    it = tracker(min_hits=1)
    shown = it.update(seen(person(100, score=0.45), ladder(300, score=0.45)), 0.0)
    assert shown.class_id.tolist() == [LADDER]


def test_the_confidence_is_the_median_of_the_latest_scores() -> None:
    it = tracker()
    for k, score in enumerate([0.5, 0.9, 0.6, 0.8, 0.7]):
        shown = it.update(seen(person(100, score=score)), k / 10)
    assert shown.confidence.tolist() == pytest.approx([0.7])
    for k in range(10):
        shown = it.update(seen(person(100, score=0.95)), 0.5 + k / 10)
    assert shown.confidence.tolist() == pytest.approx([0.95])


# --- life -------------------------------------------------------------------------------------


def test_an_unsure_box_keeps_a_track_alive() -> None:
    it = tracker()
    for k in range(30):
        shown = it.update(seen(person(100 + 8 * k, score=0.9 if k < 5 else 0.2)), k / 10)
    assert shown.track_id.tolist() == [1]


def test_an_unsure_box_does_not_bring_back_a_track_that_was_lost() -> None:
    it = tracker()
    last = alive(it)
    assert len(it.update(seen(person(100, score=0.2)), last + 1.5)) == 0
    assert len(it.update(seen(person(100, score=0.9)), last + 1.6)) == 1


def test_a_track_does_not_live_on_unsure_boxes_for_ever() -> None:
    """A person walks past a lamp post that looks a little like one."""
    it = tracker(max_unsure_s=5)
    last = alive(it)
    gone_at = None
    for k in range(1, 200):
        shown = it.update(seen(person(100, score=0.2)), last + k / 10)
        gone_at = last + k / 10 if shown.gone else gone_at
    assert gone_at is not None
    assert gone_at - last == pytest.approx(5 + 3, abs=0.2)


def test_a_sure_box_is_preferred_to_an_unsure_one_at_the_same_place() -> None:
    it = tracker()
    for k in range(5):
        it.update(seen(person(100)), k / 10)
    shown = it.update(seen(person(102, score=0.2), person(104, score=0.9)), 0.5)
    assert feet(shown)[1] > 102


@pytest.mark.parametrize("fps", [2, 5, 10, 25])
def test_a_walk_of_twenty_seconds_is_one_track_at_every_rate(fps: int) -> None:
    it = tracker()
    ids = set()
    for k in range(20 * fps):
        shown = it.update(seen(person(50 + 60 * k / fps)), k / fps)
        ids.update(shown.track_id.tolist())
    assert ids == {1}


def test_a_walk_is_one_track_at_irregular_times() -> None:
    rng = np.random.default_rng(3)
    times = np.cumsum(rng.uniform(0.02, 0.9, 60))
    it = tracker()
    ids = set()
    for at in times:
        ids.update(it.update(seen(person(50 + 60 * at)), float(at)).track_id.tolist())
    assert ids == {1}


def test_a_gap_of_two_seconds_at_2_fps_keeps_the_id() -> None:
    it = tracker()
    for k in range(8):
        it.update(seen(person(100 + 25 * k)), k / 2)
    shown = it.update(seen(person(100 + 25 * 11)), 11 / 2)
    assert shown.track_id.tolist() == [1]


def test_a_person_behind_a_pole_for_1500_ms_keeps_the_id() -> None:
    it = tracker()
    ids = []
    for k in range(50):
        hidden = 20 <= k < 35
        shown = it.update(seen() if hidden else seen(person(100 + 8 * k)), k / 10)
        ids.append(shown.track_id.tolist())
        assert shown.gone == ()
    assert ids[2:20] == [[1]] * 18
    assert ids[20:35] == [[]] * 15
    assert ids[35:] == [[1]] * 15


@pytest.mark.parametrize("fps", [2, 5, 10])
@pytest.mark.parametrize("phase", [0.0, 0.37])
def test_two_persons_who_cross_keep_their_ids(fps: int, phase: float) -> None:
    it = tracker()
    for k in range(12 * fps):
        at = k / fps + phase
        shown = it.update(seen(person(100 + 50 * at, 200), person(700 - 50 * at, 208)), at)
        if at > 2:
            assert feet(shown)[1] == pytest.approx(100 + 50 * at, abs=25)
            assert feet(shown)[2] == pytest.approx(700 - 50 * at, abs=25)


def test_two_persons_who_cross_while_one_hides_the_other_keep_their_ids() -> None:
    it = tracker()
    for k in range(120):
        at = k / 10
        left, right = person(100 + 50 * at, 200), person(700 - 50 * at, 206)
        one_box = abs((100 + 50 * at) - (700 - 50 * at)) < 20
        shown = it.update(seen(right) if one_box else seen(left, right), at)
    assert feet(shown)[1] == pytest.approx(100 + 50 * at, abs=15)
    assert feet(shown)[2] == pytest.approx(700 - 50 * at, abs=15)


def test_a_person_in_front_of_a_ladder_takes_no_part_in_its_track() -> None:
    it = tracker()
    for k in range(20):
        both = seen(person(300), ladder(300)) if k % 3 else seen(person(300))
        shown = it.update(both, k / 10)
        kinds = dict(zip(shown.track_id.tolist(), shown.class_id.tolist(), strict=True))
        assert kinds.get(1, PERSON) == PERSON
        assert kinds.get(2, LADDER) == LADDER
    assert len(it) == 2


def test_a_ladder_found_in_every_third_picture_only_is_one_track() -> None:
    it = tracker()
    ids = set()
    for k in range(100):
        shown = it.update(seen(ladder(300, score=0.45)) if k % 3 == 0 else seen(), k / 5)
        ids.update(shown.track_id.tolist())
    assert ids == {1}


def test_feet_that_flicker_by_two_pixels_flicker_less_on_the_track() -> None:
    rng = np.random.default_rng(1)
    it = tracker()
    given_out, measured = [], []
    for k in range(200):
        y = 200 + rng.choice([-2.0, 2.0])
        shown = it.update(seen(person(300, y)), k / 10)
        if k > 20:
            given_out.append(shown.xyxy[0, 3])
            measured.append(y)
    assert np.std(given_out) < 0.7 * np.std(measured)


# --- end --------------------------------------------------------------------------------------


def alive(it: Tracker, at: float = 0.0, x: float = 100.0) -> float:
    """Let one person be confirmed; give the time it was last seen."""
    for k in range(3):
        it.update(seen(person(x)), at + k / 10)
    return at + 0.2


@pytest.mark.parametrize("fps", [2, 10, 25])
def test_the_lost_budget_is_seconds_not_frames(fps: int) -> None:
    it = tracker(max_lost_s=LostBudget(person=2.0))
    last = alive(it)
    for k in itertools.count(1):
        at = last + k / fps
        if it.update(seen(), at).gone:
            break
    assert 2.0 < at - last <= 2.0 + 1 / fps + 1e-9


def test_a_stream_that_stalls_beyond_the_budget_ends_the_track() -> None:
    it = tracker()
    last = alive(it)
    shown = it.update(seen(person(100)), last + 10)
    assert shown.gone == (1,)
    assert len(shown) == 0


def test_a_person_who_comes_back_too_late_gets_a_new_id() -> None:
    it = tracker()
    last = alive(it)
    it.update(seen(), last + 10)
    alive(it, last + 20)
    assert it.update(seen(person(100)), last + 21).track_id.tolist() == [2]


def test_a_lost_track_is_absent_but_not_gone() -> None:
    it = tracker()
    last = alive(it)
    shown = it.update(seen(), last + 1)
    assert (len(shown), shown.gone, len(it)) == (0, (), 1)


def test_closing_names_every_confirmed_track_once() -> None:
    it = tracker()
    for k in range(3):
        it.update(seen(person(100), person(400)), k / 10)
    it.update(seen(person(100), person(250)), 0.3)  # 400 is lost, 250 still tentative
    closed = it.close(0.4)
    assert (closed.at, len(closed), closed.gone) == (0.4, 0, (1, 2))
    assert it.close(0.5).gone == ()
    assert len(it) == 0


def test_a_new_timeline_after_closing_may_start_at_zero_and_goes_on_counting() -> None:
    it = tracker()
    alive(it, 1000.0)
    it.close(1001.0)
    alive(it, 0.0)
    assert it.update(seen(person(100)), 0.3).track_id.tolist() == [2]


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("detections", "at", "says"),
    [
        (seen(person(100)), 0.1, "expected 0.2 s or later"),
        (seen(person(100)), float("nan"), "expected seconds"),
        (seen(person(float("nan"))), 0.3, "finite"),
        (seen((*person(100)[:5], 7)), 0.3, r"found \[7\]"),
        (seen((*person(100)[:5], -1)), 0.3, r"found \[-1\]"),
    ],
)
def test_what_cannot_be_tracked_is_refused_and_changes_nothing(
    detections: Detections, at: float, says: str
) -> None:
    it = tracker()
    alive(it)
    with pytest.raises(ValueError, match=says):
        it.update(detections, at)
    assert it.update(seen(person(100)), 0.3).track_id.tolist() == [1]


def test_a_class_without_scores_is_refused() -> None:
    it = Tracker(TrackingSettings(), {PERSON: (0.1, 0.5)})
    with pytest.raises(ValueError, match=r"found \[1\]"):
        it.update(seen(ladder(100)), 0.0)


@pytest.mark.parametrize("pair", [(0.0, 0.5), (0.6, 0.5), (0.1, 1.0), (float("nan"), 0.5)])
def test_scores_that_make_no_sense_are_refused(pair: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="scores of person"):
        Tracker(TrackingSettings(), {PERSON: pair})


def test_the_same_time_twice_is_another_look_at_the_same_moment() -> None:
    it = tracker()
    last = alive(it)
    shown = it.update(seen(person(101)), last)
    assert shown.track_id.tolist() == [1]
    assert len(it.update(seen(), last)) == 0


def test_the_callers_arrays_are_left_alone() -> None:
    detections = seen(person(100), ladder(300))
    before = detections.xyxy.copy()
    it = tracker()
    for k in range(3):
        it.update(detections, k / 10)
    assert (detections.xyxy == before).all()


# --- faults of the field ----------------------------------------------------------------------


def test_regression_two_trackers_count_their_ids_independently() -> None:
    """SORT, ByteTrack and their descendants keep the counter on the class."""
    a, b = tracker(), tracker()
    alive(a)
    alive(b)
    assert a.update(seen(person(100)), 0.3).track_id.tolist() == [1]
    assert b.update(seen(person(100)), 0.3).track_id.tolist() == [1]
    b.close(0.4)
    for k in range(3):
        shown_a = a.update(seen(person(100), person(400)), 0.4 + k / 10)
        shown_b = b.update(seen(person(400)), 0.5 + k / 10)
    assert shown_a.track_id.tolist() == [1, 2]
    assert shown_b.track_id.tolist() == [2]


def test_regression_memory_does_not_grow_with_the_people_who_passed() -> None:
    """A tracker that never forgets holds 300 people here."""
    it = tracker()
    gone: list[int] = []
    for visit in range(300):
        for k in range(3):
            gone.extend(it.update(seen(person(100)), visit * 4 + k / 10).gone)
        assert len(it) == 1
    assert gone == list(range(1, 300))


def test_when_all_tracks_are_taken_no_new_one_starts_and_the_surest_come_first() -> None:
    it = tracker(max_tracks=2, min_hits=1)
    boxes = [person(100, score=0.6), person(300, score=0.9), person(500, score=0.8)]
    shown = it.update(seen(*boxes), 0.0)
    assert sorted(feet(shown).values()) == pytest.approx([300, 500])
    assert len(it.update(seen(*boxes), 0.1)) == 2


def test_regression_a_person_found_twice_is_one_track() -> None:
    """Networks without non-maximum suppression give a person two boxes now and then."""
    it = tracker()
    for k in range(40):
        boxes = [person(100), person(102, score=0.8)] if k % 4 > 1 else [person(100)]
        shown = it.update(seen(*boxes), k / 10)
    assert shown.track_id.tolist() == [1]
    assert len(it) == 1


def test_two_people_side_by_side_are_two_tracks() -> None:
    it = tracker()
    for k in range(5):
        shown = it.update(seen(person(100), person(112)), k / 10)
    assert shown.track_id.tolist() == [1, 2]


# --- laws -------------------------------------------------------------------------------------

Picture = tuple[list[Box], float]
box = st.tuples(
    st.floats(0, 800), st.floats(50, 600), st.floats(0.02, 0.99), st.sampled_from(ObjectClass)
).map(lambda b: (*person(b[0], b[1])[:4], b[2], b[3]))
picture = st.tuples(st.lists(box, max_size=6), st.floats(0, 4))


@settings(max_examples=60, deadline=None)
@given(st.lists(picture, max_size=40))
def test_ids_are_consecutive_and_each_ends_exactly_once(pictures: list[Picture]) -> None:
    it = tracker(max_tracks=12)
    known: set[int] = set()
    ended: list[int] = []
    at = 0.0
    for boxes, elapsed_s in pictures:
        at += elapsed_s
        shown = it.update(seen(*boxes), at)
        ids = shown.track_id.tolist()
        assert ids == sorted(set(ids))
        known.update(ids)
        ended.extend(shown.gone)
        assert not set(ids) & set(ended)
        assert set(ended) <= known
        assert len(it) <= 12
        assert np.isfinite(shown.xyxy).all()
        assert (shown.xyxy[:, 2:] >= shown.xyxy[:, :2]).all()
    ended.extend(it.close(at).gone)
    assert known == set(range(1, len(known) + 1))
    assert sorted(ended) == sorted(known)


@settings(max_examples=30, deadline=None)
@given(st.lists(picture, max_size=15), st.floats(-1e4, 1e6))
def test_tracks_do_not_depend_on_when_the_timeline_starts(
    pictures: list[Picture], start: float
) -> None:
    a, b, at = tracker(), tracker(), 0.0
    for boxes, elapsed_s in pictures:
        at += round(elapsed_s, 1) + 0.013  # never a budget to the last bit
        shown_a, shown_b = a.update(seen(*boxes), at), b.update(seen(*boxes), start + at)
        assert shown_a.track_id.tolist() == shown_b.track_id.tolist()
        np.testing.assert_allclose(shown_a.xyxy, shown_b.xyxy, atol=0.1)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.02, 3.5), max_size=15))
def test_a_tracker_replays_to_the_same_tracks(gaps: list[float]) -> None:
    def replay() -> Sequence[object]:
        it, at, result = tracker(), 0.0, []
        for k, gap in enumerate(gaps):
            at += gap
            shown = it.update(seen(person(100 + 10 * k), ladder(300)), at)
            result.append((shown.xyxy.tolist(), shown.track_id.tolist(), shown.gone))
        return result

    assert replay() == replay()
