"""How a detector is judged by condition, and how thresholds are chosen on tracks."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.benchmark.truth import Truth
from detector.types import Tracks
from detector.vision.tiles import Region
from models.train import climbers, condition_tables, heights, tracks
from models.train.conditions import Points, look_alike_rows
from models.train.evaluate import Judged, Sample
from models.train.network import Found
from models.train.rendered import Thing, clips, sensor_of, shots, things
from models.train.sheets import verdict, write_sheets
from models.train.slices import Picture, groups, judged, matched, score_at_false

BARRIER = {"name": "fence", "see_through": True, "points": [[0.1, 0.5], [0.9, 0.5]]}


def thing(
    x: float, class_id: int = 0, condition: str = "walk", *, counts: bool = True, high: float = 80
) -> Thing:
    box = np.array([x, 10, x + 40, 10 + high], np.float32)
    return Thing(f"clip/{x:g}", class_id, box, high, condition, behind=False, visibility=1.0,
                 counts=counts)  # fmt: skip


def found(*boxes: tuple[float, float], class_id: int = 0, high: float = 80) -> Found:
    """Boxes of 40 px width at x with a score."""
    xyxy = np.array([[x, 10, x + 40, 10 + high] for x, _ in boxes], np.float32).reshape(-1, 4)
    score = np.array([score for _, score in boxes], np.float32)
    return Found(xyxy, score, np.full(len(boxes), class_id, np.int64))


def walking(one: Thing) -> bool:
    return one.condition == "walk"


def truth(tags: tuple[str, ...], objects: list[dict[str, object]], frames: int = 1) -> Truth:
    return Truth.model_validate(
        {
            "schema": "barrier-truth/1",
            "media": "clip.mp4",
            "duration_s": 10,
            "events": [],
            "tags": tags,
            "size_px": (200, 100),
            "camera": {"eye_m": [0, -9, 4]},
            "barrier": BARRIER,
            "frames": [{"frame": i, "t_s": i, "objects": objects} for i in range(frames)],
        }
    )


def true_object(identity: int, label: str, state: str, **more: object) -> dict[str, object]:
    box = (10, 10, 50, 90)
    return {"id": identity, "class": label, "state": state, "visible": box, "amodal": box} | more


def test_a_slice_ignores_boxes_on_things_that_it_does_not_ask_for() -> None:
    picture = Picture(found((0, 0.9), (100, 0.8)), (thing(0), thing(100, condition="crawl")))
    result = judged([matched(picture, 0)], walking)
    assert (result.truths, result.right.tolist()) == (1, [True])


def test_a_box_on_nothing_is_wrong_in_every_slice() -> None:
    one = matched(Picture(found((300, 0.9)), (thing(0), thing(100, condition="crawl"))), 0)
    for asked in (walking, lambda t: t.condition == "crawl"):
        assert judged([one], asked).right.tolist() == [False]


def test_what_is_too_hidden_is_neither_asked_for_nor_wrong_however_often_it_is_found() -> None:
    one = matched(Picture(found((0, 0.9), (2, 0.8)), (thing(0, counts=False),)), 0)
    result = judged([one], walking)
    assert (result.truths, len(result.score)) == (0, 0)


def test_a_second_box_on_a_thing_is_wrong() -> None:
    one = matched(Picture(found((2, 0.8), (0, 0.9)), (thing(0),)), 0)
    assert judged([one], walking).right.tolist() == [True, False]
    assert one.row.tolist() == [1, 0]


def test_a_small_person_is_right_at_a_smaller_overlap() -> None:
    shifted = Found(
        np.array([[0, 16, 10, 32]], np.float32), np.ones(1, np.float32), np.zeros(1, int)
    )
    small = Thing("a", 0, np.array([0, 10, 10, 26], np.float32), 16, "walk", behind=False,
                  visibility=1, counts=True)  # fmt: skip
    assert matched(Picture(shifted, (small,)), 0).thing.tolist() == [0]
    tall = found((0, 0.9), high=35)
    assert matched(Picture(tall, (thing(0, high=80),)), 0).thing.tolist() == [-1]


def test_classes_do_not_take_each_others_things() -> None:
    one = Picture(found((0, 0.9), class_id=1), (thing(0),))
    assert matched(one, 1).thing.tolist() == [-1]
    assert not len(matched(one, 0).score)


def test_pictures_of_one_thing_are_one_thing() -> None:
    one = matched(Picture(found(), (thing(0), thing(100))), 0)
    assert groups([one, one], walking) == 2


def test_the_score_of_one_false_box_a_picture_lets_exactly_so_many_through() -> None:
    score = np.array([0.9, 0.8, 0.7, 0.6], np.float32)
    result = Judged(score, np.array([True, False, False, False]), truths=1, pictures=2)
    assert result.false_per_picture(score_at_false(result, 1.0)) == 1.0
    assert score_at_false(result, 2.0) == 0.0


def test_a_ladder_with_a_climber_upon_it_is_climbed_and_one_without_leans() -> None:
    objects = [true_object(1, "person", "climb"), true_object(2, "ladder", "leaning")]
    document = truth(("day",), objects)
    assert [t.condition for t in things(document.frames[0], document, "c")] == ["climb", "climbed"]
    document = truth(("day",), objects[1:])
    assert things(document.frames[0], document, "c")[0].condition == "leaning"


def test_behind_is_on_the_other_side_of_a_fence_that_can_be_seen_through() -> None:
    objects = [true_object(1, "person", "walk", distance_m=d) for d in (3.0, -3.0)]
    document = truth(("day",), objects)
    assert [t.behind for t in things(document.frames[0], document, "c")] == [True, False]


def test_hidden_small_and_unseen_things_do_not_count() -> None:
    objects = [
        true_object(1, "person", "walk", visibility=0.2),
        true_object(2, "person", "walk", visible=(0, 0, 3, 7)),
        true_object(3, "person", "walk", visible=None),
        true_object(4, "person", "walk"),
    ]
    document = truth(("day",), objects)
    seen = things(document.frames[0], document, "c")
    assert [t.counts for t in seen] == [False, False, True]


def test_an_unknown_state_is_named() -> None:
    document = truth(("day",), [true_object(1, "person", "fly")])
    with pytest.raises(SystemExit, match="'fly'"):
        things(document.frames[0], document, "c")


def test_a_clip_has_one_sensor() -> None:
    assert sensor_of(truth(("dusk", "rain"), []), Path("a")) == "day"
    with pytest.raises(SystemExit, match="expected a tag"):
        sensor_of(truth(("rain",), []), Path("a"))


def test_pictures_are_read_with_their_truth_and_a_clip_that_ends_early_is_named(
    tmp_path: Path,
) -> None:
    writer = cv2.VideoWriter(
        str(tmp_path / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 5, (64, 48)
    )
    for grey in (50, 100, 150):
        writer.write(np.full((48, 64, 3), grey, np.uint8))
    writer.release()
    for frames in (3, 4):
        document = truth(("nir",), [true_object(1, "person", "walk")], frames)
        (tmp_path / "clip.truth.json").write_text(document.model_dump_json(by_alias=True))
        ((media, read),) = clips(tmp_path)
        if frames == 3:
            seen = list(shots(media, read, 2))
            assert [round(float(one.image.mean()), -1) for one in seen] == [50, 150]
            assert seen[0].things[0].identity == "clip/1"
        else:
            with pytest.raises(SystemExit, match="expected 4 pictures, found 3"):
                list(shots(media, read))


def test_a_folder_without_clips_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="expected clips"):
        clips(tmp_path)


def test_a_climber_keeps_the_aspect_and_has_the_asked_height() -> None:
    sample = climbers.as_camera_picture(np.full((300, 150, 3), 90, np.uint8), 96)
    assert sample.image.shape == (384, 640, 3)
    left, top, right, bottom = sample.xyxy[0]
    assert (bottom - top, right - left) == (96, 48)
    assert abs(float(sample.image.mean()) - 90) < 2


def observed(found_from_px: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    px = np.repeat(np.arange(10.0, 50.0), 4)
    who = np.array([f"p{int(value)}" for value in px])
    chance = 1 / (1 + np.exp(-(np.log(px) - np.log(found_from_px)) * 12))
    drawn = np.random.default_rng(3).random(len(px)) < chance
    return who, px, drawn.astype(float)


def test_the_height_of_half_recall_is_found_again_with_an_interval_around_it() -> None:
    who, px, hit = observed(22)
    assert heights.rising_at(0.5, px, hit) == pytest.approx(22, abs=3)
    low, high = heights.interval(lambda h, f: heights.rising_at(0.5, h, f), who, px, hit) or (0, 0)
    assert low < 22 < high
    assert high - low < 8


def test_a_height_that_the_pictures_do_not_show_is_none() -> None:
    px = np.arange(10.0, 50.0)
    assert heights.rising_at(0.9, px, np.zeros(40)) is None
    assert heights.rising_at(0.9, px, np.ones(40)) is None
    assert heights.rising_at(0.9, np.zeros(0), np.zeros(0)) is None


def test_missed_tall_people_do_not_move_the_steps_as_long_as_they_stay_above_the_rate() -> None:
    px = np.arange(10.0, 60.0)
    hit = (px >= 20).astype(float)
    hit[-3] = 0
    assert heights.rising_at(0.9, px, hit) == 20


def test_only_upright_people_who_stand_apart_are_asked_for_height() -> None:
    assert heights.asked([thing(0), thing(100, condition="crouch")]) == [True, False]
    assert heights.asked([thing(0), thing(10)]) == [False, False]
    assert heights.asked([]) == []


def test_recall_in_a_bin_is_the_share_found() -> None:
    bins = heights.by_height(np.array([13.0, 14, 40]), np.array([0.0, 1, 1]))
    assert bins == {"12-16": (0.5, 2), "32-48": (1.0, 1)}


def test_native_squares_lie_within_the_picture_and_cover_the_planned_tiles() -> None:
    planned = [Region(700, 380, 1020, 570)]
    squares = heights.native_squares(planned, (1920, 1080), 416)
    shown = np.zeros((1080, 1920), np.bool_)
    for one in squares:
        assert one.size == (416, 416)
        shown[one.top : one.bottom, one.left : one.right] = True
    assert shown.shape == (1080, 1920)
    assert planned[0].cut(shown[..., None]).all()
    assert len(squares) < 8


def tracked(*boxes: tuple[int, float, float], at: float = 0.0, class_id: int = 0) -> Tracks:
    """Tracks (id, x, median score) of boxes 40 px wide."""
    return Tracks(
        at=at,
        xyxy=np.array([[x, 10, x + 40, 90] for _, x, _ in boxes], np.float32).reshape(-1, 4),
        confidence=np.array([score for *_, score in boxes], np.float32),
        class_id=np.full(len(boxes), class_id, np.int64),
        track_id=np.array([number for number, *_ in boxes], np.int64),
        gone=(),
    )


def test_a_threshold_lies_between_the_false_tracks_and_the_right_ones() -> None:
    followed = tracks.Followed()
    followed.add([((thing(0),), tracked((1, 0, 0.6), (2, 300, 0.3)))] * 4, 0)
    assert followed.found(0.2) == (1, 1)
    assert followed.found(0.5) == (1, 0)
    assert followed.found(0.7) == (0, 0)
    assert tracks.operating_point(followed) == pytest.approx(0.45)
    assert followed.f_score(0.45) == pytest.approx(1)


def test_a_thing_is_found_by_the_best_median_and_twice_is_once() -> None:
    followed = tracks.Followed()
    pictures = [((thing(0),), tracked((1, 0, score), (2, 2, 0.2))) for score in (0.3, 0.7, 0.4)]
    followed.add(pictures, 0)
    assert followed.found(0.7)[0] == 0  # as float32 the median is a little below
    assert followed.found(0.69)[0] == 1
    assert followed.found(0.1)[0] == 1


def test_a_ladder_is_asked_for_carried_and_set_up() -> None:
    followed = tracks.Followed()
    for condition, score in (("carried", 0.3), ("leaning", 0.8)):
        seen = (thing(0, 1, condition),)
        followed.add([(seen, tracked((1, 0, score), class_id=1))] * 3, 1)
    assert followed.asked() == {"clip/0 carried", "clip/0 set up"}
    assert followed.found(0.5) == (1, 0)


def test_what_is_seen_too_briefly_is_not_asked_for() -> None:
    followed = tracks.Followed()
    followed.add([((thing(0),), tracked())] * (tracks.SETTINGS.min_hits - 1), 0)
    assert not followed.asked()
    with pytest.raises(SystemExit, match="found none"):
        tracks.operating_point(followed)


def test_a_track_on_what_does_not_count_is_not_false() -> None:
    followed = tracks.Followed()
    followed.add([((thing(0, counts=False),), tracked((1, 0, 0.9)))] * 3, 0)
    assert followed.found(0.1) == (0, 0)


def test_points_come_from_dev_lines_or_the_manifest_or_are_fixed(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    assert Points.read(model, None).by_class["person"] == {"fixed": 0.25}
    dev = tmp_path / "dev.jsonl"
    dev.write_text('{"class": "person", "threshold": 0.6}\n  table\n')
    assert Points.read(model, dev).by_class["person"] == {"threshold": 0.6, "fixed": 0.25}
    shipped = Path(__file__).parents[3] / "models/barrier-n/model.onnx"
    assert 0 < Points.read(shipped, None).by_class["ladder"]["threshold"] < 1


class Stub:
    """Finds one ladder in every picture."""

    def find(self, _image: np.ndarray) -> Found:
        return found((0, 0.5), class_id=1)


def test_boxes_on_look_alikes_are_counted_per_hundred_pictures() -> None:
    blank = Sample(
        np.zeros((100, 100, 3), np.uint8), np.zeros(0, int), np.zeros((0, 4), np.float32)
    )
    points = Points({"ladder": {"threshold": 0.6, "fixed": 0.25}})
    strict, loose = look_alike_rows("made up", Stub(), [blank] * 20, points)  # type: ignore[arg-type]
    assert (strict["false_per_100"], loose["false_per_100"]) == (0, 100)
    with_one = Sample(blank.image, np.ones(1, int), np.array([[0, 10, 40, 90]], np.float32))
    with pytest.raises(SystemExit, match="without ladders"):
        list(look_alike_rows("made up", Stub(), [with_one], points))  # type: ignore[arg-type]
    with pytest.raises(SystemExit, match="found none"):
        list(look_alike_rows("made up", Stub(), [], points))  # type: ignore[arg-type]


def test_sheets_show_missed_false_and_good_pictures(tmp_path: Path) -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    sample = Sample(image, np.zeros(1, int), np.array([[0, 10, 40, 90]], np.float32))
    given = [found((0, 0.9)), found((0, 0.2)), found((100, 0.9))]
    assert [verdict(0, one, sample, 0).missed(0.5) for one in given] == [0, 1, 1]
    assert [verdict(0, one, sample, 0).false(0.5) for one in given] == [0, 0, 1]
    paths = write_sheets("set", given, [sample] * 3, (0.5, 0.5), tmp_path)
    assert {path.name for path in paths} == {
        f"set-person-{kind}.png" for kind in ("missed", "false", "worst", "best")
    }
    assert all(cv2.imread(str(path)) is not None for path in paths)


def test_the_tables_show_before_and_after_and_a_dash_where_nothing_was_measured() -> None:
    person = {"measure": "person", "sensor": "all", "condition": "walk", "things": 2, "boxes": 9}
    before = [person | {"ap50": 0.5, "tall_boxes": 0, "recall_at_1_false": None}]
    after = [person | {"ap50": 0.75, "tall_boxes": 4, "recall_at_1_false": 1.0}]
    table = condition_tables.people_table(before, after, "person")
    assert "| all | walk | 2 | 9 | 0.500 | 0.750 | 4 | - | 1.000 |" in table


def test_a_table_of_heights_puts_the_interval_in_brackets() -> None:
    row = {"measure": "heights", "way": "tiles", "tiles": 6.0, "sensor": "all", "score": 0.42,
           "h50_fit": 19.4, "h50_fit_95": [17.1, 21.3], "h90_fit": None, "h50_rising": 18.0,
           "h90_rising": 24.6, "false_per_picture": 0.4}  # fmt: skip
    line = condition_tables.height_table([], [row]).splitlines()[-1]
    assert "| after | 0.42 | all | 19 (17 to 21) | - | 18 | 25 | 0.40 |" in line


def test_lines_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "after.jsonl"
    path.write_text(json.dumps({"set": "pets"}))
    with pytest.raises(SystemExit, match=r"models\.train\.conditions"):
        condition_tables.read_lines(path)
