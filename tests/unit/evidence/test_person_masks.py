"""Where people are hidden in copies for others: around their tracks, and everywhere in doubt."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.errors import EvidenceError
from detector.evidence.overlay import encode_jpeg
from detector.evidence.person_masks import (
    APART_S,
    CLOCK_SLACK_S,
    GROWTH_HEIGHTS_PER_S,
    HOLD_S,
    MARGIN_HEIGHTS,
    PersonMasks,
    mask_snapshot,
)
from detector.evidence.tracks import ClipTrack, ClipTracks, TrackBox, TracksPicture
from detector.geometry import Bools
from detector.types import ClockSource
from tests.happenings import GATE, START, incident_id

WIDTH, HEIGHT = 400, 200
RIM_PX = 2
TALL = 0.2
"""Height of every box, in shares of the picture."""
Box = tuple[float, float, float, float]


def tracks(
    seen: Mapping[float, Mapping[int, Box]], ladders: Sequence[int] = (), begun_at: float = START
) -> ClipTracks:
    """Tracks of a clip from its analysed pictures: second, then boxes by track."""
    ids = sorted({track_id for boxes in seen.values() for track_id in boxes})
    begun = datetime.fromtimestamp(begun_at, UTC)
    return ClipTracks(
        incident_id=incident_id(1),
        clip=1,
        camera=GATE,
        first_picture_at=begun,
        last_picture_at=begun,
        incident_track_ids=(),
        tracks=tuple(
            ClipTrack(track_id=i, object_class="ladder" if i in ladders else "person") for i in ids
        ),
        pictures=tuple(
            TracksPicture(
                t_s=at_s,
                at=datetime.fromtimestamp(begun_at + at_s, UTC),
                clock=ClockSource.ARRIVAL,
                boxes=tuple(TrackBox(track_id=i, box=box, score=0.9) for i, box in boxes.items()),
            )
            for at_s, boxes in seen.items()
        ),
    )


def standing(x: float = 0.5) -> Box:
    return (x - 0.05, 0.4, x + 0.05, 0.4 + TALL)


def hidden(masks: PersonMasks, at_s: float) -> Bools:
    """Which pixels of a white picture are hidden."""
    image = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    masks.burn_at(image, START + at_s)
    return np.asarray(image[:, :, 1] == 0)


def reach_px(masks: PersonMasks, at_s: float) -> float:
    """How far beyond ``standing()`` is hidden, in pixels, the same on all sides."""
    ys, xs = np.nonzero(hidden(masks, at_s))
    left, right = 0.45 * WIDTH - xs.min(), xs.max() + 1 - 0.55 * WIDTH
    top, bottom = 0.4 * HEIGHT - ys.min(), ys.max() + 1 - 0.6 * HEIGHT
    assert np.ptp([left, right, top, bottom]) <= 2 * RIM_PX
    return float(left)


def test_a_box_is_hidden_with_a_margin_and_nothing_else() -> None:
    masks = PersonMasks(tracks({1.0: {4: standing()}}))
    margin_px = MARGIN_HEIGHTS * TALL * HEIGHT
    assert margin_px <= reach_px(masks, 1.0) <= margin_px + 2 * RIM_PX
    assert (masks.persons, masks.pictures, masks.pictures_masked, masks.pictures_black) == (
        1,
        1,
        1,
        0,
    )


def test_before_a_track_begins_and_after_it_ends_a_person_may_have_walked_so_far() -> None:
    seen = {n / 5: {4: standing()} if 20 <= n <= 30 else {} for n in range(51)}
    masks = PersonMasks(tracks(seen))
    for away_s in (0.5, 1.0, HOLD_S):
        walked_px = (MARGIN_HEIGHTS + GROWTH_HEIGHTS_PER_S * away_s) * TALL * HEIGHT
        assert reach_px(masks, 4.0 - away_s) == pytest.approx(walked_px, abs=2 * RIM_PX)
        assert reach_px(masks, 6.0 + away_s) == pytest.approx(walked_px, abs=2 * RIM_PX)
    assert not hidden(masks, 4.0 - HOLD_S - 0.1).any()
    assert not hidden(masks, 6.0 + HOLD_S + 0.1).any()


def test_who_goes_from_one_analysed_picture_to_the_next_is_hidden_on_the_way() -> None:
    masks = PersonMasks(tracks({0.0: {4: standing(0.2)}, 0.5: {4: standing(0.8)}}))
    for at_s in (0.0, 0.2, 0.3, 0.5):
        assert hidden(masks, at_s)[90:110, int(0.2 * WIDTH) : int(0.8 * WIDTH)].all()


def test_who_is_lost_for_seconds_may_be_anywhere_around() -> None:
    seen = {n / 2: {} if 0 < n < 8 else {4: standing()} for n in range(9)}
    walked_px = (MARGIN_HEIGHTS + GROWTH_HEIGHTS_PER_S * 2.0) * TALL * HEIGHT
    assert reach_px(PersonMasks(tracks(seen)), 2.0) == pytest.approx(walked_px, abs=2 * RIM_PX)


def test_who_is_seen_just_before_or_after_in_another_clip_of_the_incident_is_hidden() -> None:
    """The clip has ten seconds; its neighbours' tracks have the same numbers for somebody else."""
    empty = {n / 2: {} for n in range(21)}
    before = tracks({9.0: {4: standing(0.2)}}, begun_at=START - 10)
    after = tracks({1.0: {4: standing(0.8)}}, begun_at=START + 10)
    masks = PersonMasks(tracks(empty), [before, after])
    columns = [
        [hidden(masks, at_s)[100, round(x * WIDTH)] for x in (0.2, 0.8)] for at_s in (0.5, 5, 9.5)
    ]
    assert columns == [[True, False], [False, False], [False, True]]
    assert masks.persons == 0


def test_boxes_may_be_shown_a_little_too_early_or_too_late() -> None:
    """A person who walks: where they were and will be ``CLOCK_SLACK_S`` away is hidden as well."""
    places = {n / 10: {4: standing(0.2 + n / 50)} for n in range(31)}
    masks = PersonMasks(tracks(places))
    at = hidden(masks, 1.5)[100]
    for n in (15 - round(10 * CLOCK_SLACK_S), 15 + round(10 * CLOCK_SLACK_S)):
        x1, _, x2, _ = places[n / 10][4]
        assert at[int(x1 * WIDTH) : int(x2 * WIDTH)].all()


def test_where_pictures_were_analysed_too_rarely_all_is_hidden() -> None:
    """No track begins there, so that nobody has a box says nothing."""
    masks = PersonMasks(tracks({5.0: {}, 5.2: {}, 6.2: {4: standing()}, 6.4: {4: standing()}}))
    shown_s = (5.0 - APART_S + 0.1, 5.1, 6.3, 6.4 + APART_S - 0.1)
    dark_s = (5.0 - APART_S - 0.1, 5.3, 6.1, 6.4 + APART_S + 0.1)
    assert [hidden(masks, at_s).all() for at_s in (*shown_s, *dark_s)] == 4 * [False] + 4 * [True]
    assert (masks.pictures, masks.pictures_black) == (8, 4)


def test_ladders_stay_to_be_seen_and_people_beside_them_do_not() -> None:
    masks = PersonMasks(tracks({1.0: {4: standing(0.2), 5: standing(0.8)}}, ladders=[5]))
    at = hidden(masks, 1.0)[100]
    assert (at[int(0.2 * WIDTH)], at[int(0.8 * WIDTH)]) == (True, False)
    assert masks.persons == 1


def test_people_at_the_edge_and_over_each_other_are_all_hidden() -> None:
    boxes: dict[int, Box] = {
        1: (0.0, 0.0, 0.1, 0.3),
        2: (0.05, 0.1, 0.2, 0.5),
        3: (0.9, 0.8, 1.0, 1.0),
    }
    shown = hidden(PersonMasks(tracks({1.0: boxes})), 1.0)
    for x1, y1, x2, y2 in boxes.values():
        assert shown[int(y1 * HEIGHT) : int(y2 * HEIGHT), int(x1 * WIDTH) : int(x2 * WIDTH)].all()


def test_tracks_without_an_analysed_picture_or_a_date_hide_nobody_and_are_refused() -> None:
    undated = tracks({1.0: {}}).model_copy(update={"first_picture_at": None})
    for useless in (tracks({}), undated):
        with pytest.raises(EvidenceError, match="expected tracks with pictures and a date"):
            PersonMasks(useless)


def test_a_snapshot_is_written_with_its_people_hidden(tmp_path: Path) -> None:
    clean, out = tmp_path / "a.raw.jpg", tmp_path / "copy" / "a.masked.jpg"
    clean.write_bytes(encode_jpeg(np.full((HEIGHT, WIDTH, 3), 200, np.uint8)))
    seen = tracks({1.0: {4: standing(0.2)}, 1.2: {4: standing(0.2), 5: standing(0.8)}})
    assert mask_snapshot(clean, out, PersonMasks(seen), 1.2) == 2
    image = cv2.imread(str(out))
    assert image is not None
    assert image[90:110, [int(0.2 * WIDTH), int(0.8 * WIDTH)]].max() < 16
    assert abs(image[:40].astype(int) - 200).max() < 4


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    masks = PersonMasks(tracks({1.0: {}}))
    for content in (b"", b"no picture"):
        (tmp_path / "a.jpg").write_bytes(content)
        with pytest.raises(EvidenceError, match="expected a"):
            mask_snapshot(tmp_path / "a.jpg", tmp_path / "b.jpg", masks, 1.0)
    with pytest.raises(EvidenceError, match="expected a picture to mask"):
        mask_snapshot(tmp_path / "gone.jpg", tmp_path / "b.jpg", masks, 1.0)
    with pytest.raises(EvidenceError, match="too few pictures were analysed around it"):
        mask_snapshot(tmp_path / "a.jpg", tmp_path / "b.jpg", masks, 1.0 + APART_S + 0.1)
    assert not (tmp_path / "b.jpg").exists()
