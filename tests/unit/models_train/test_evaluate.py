"""How detectors are judged."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.train import labels
from models.train.evaluate import Judged, Sample, folder_samples, judge, match
from models.train.network import Found, iou_matrix, letterbox, nms
from models.train.thresholds import operating_point

BOX = np.array([[10, 10, 50, 90]], np.float32)


def judged(score: list[float], right: list[bool], truths: int) -> Judged:
    return Judged(np.array(score, np.float32), np.array(right), truths, pictures=10)


def test_a_perfect_detector_has_average_precision_one() -> None:
    assert judged([0.9, 0.8], [True, True], 2).average_precision() == pytest.approx(1)


def test_a_miss_costs_its_share_of_recall() -> None:
    assert judged([0.9], [True], 2).average_precision() == pytest.approx(0.5)


def test_a_false_box_above_a_right_one_halves_precision_there() -> None:
    assert judged([0.9, 0.8], [False, True], 1).average_precision() == pytest.approx(0.5)


def test_a_false_box_below_all_right_ones_costs_nothing() -> None:
    assert judged([0.9, 0.1], [True, False], 1).average_precision() == pytest.approx(1)


def test_without_truth_or_boxes_average_precision_is_zero() -> None:
    assert judged([], [], 3).average_precision() == 0
    assert judged([0.4], [False], 0).average_precision() == 0


def test_each_truth_is_found_once_and_by_the_best_score() -> None:
    twice = np.concatenate([BOX, BOX + 1])
    assert match(twice, np.array([0.5, 0.9], np.float32), BOX, 0.5).tolist() == [False, True]


def test_classes_are_judged_apart() -> None:
    sample = Sample(np.zeros((100, 100, 3), np.uint8), np.array([1]), BOX)
    found = Found(BOX, np.array([0.7], np.float32), np.array([0]))
    assert not judge([found], [sample], 0).right.any()
    assert judge([found], [sample], 1).truths == 1


def test_the_operating_point_prefers_precision() -> None:
    threshold, _ = operating_point(judged([0.9, 0.8, 0.3, 0.2, 0.1], [1, 1, 0, 0, 1], 3))
    assert threshold == pytest.approx(0.8)


def test_no_operating_point_has_more_than_one_false_box_in_ten_pictures() -> None:
    right = [True] + [False, False] + [True] * 30
    scores = list(np.linspace(0.9, 0.2, len(right)))
    assert operating_point(judged(scores, right, 31))[0] == pytest.approx(0.9)


def test_a_detector_that_is_only_wrong_has_no_operating_point() -> None:
    with pytest.raises(SystemExit, match="found none"):
        operating_point(judged([0.9], [False], 3))


def test_iou_of_equal_boxes_is_one_and_of_distant_ones_zero() -> None:
    assert iou_matrix(BOX, np.concatenate([BOX, BOX + 200])).tolist() == [[1, 0]]


def test_nms_keeps_the_best_of_a_heap_and_everything_apart() -> None:
    boxes = np.concatenate([BOX, BOX + 2, BOX + 200])
    assert sorted(nms(boxes, np.array([0.5, 0.9, 0.3], np.float32), 0.6)) == [1, 2]
    assert nms(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.6) == []


def test_a_letterboxed_picture_keeps_its_aspect_and_is_rgb() -> None:
    blue = np.zeros((100, 200, 3), np.uint8)
    blue[..., 0] = 255
    tensor, scale, left, top = letterbox(blue, (384, 640))
    assert tensor.shape == (1, 3, 384, 640)
    assert (scale, left, top) == (3.2, 0, 32)
    assert tensor[0, :, 192, 320].tolist() == [0, 0, 1]
    assert tensor[0, :, 0, 0] == pytest.approx([114 / 255] * 3)


def test_labels_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    labels.write(path, [(1, 10, 20, 110, 70)], 200, 100)
    class_id, xyxy = labels.read(path, 200, 100)
    assert class_id.tolist() == [1]
    assert xyxy[0] == pytest.approx([10, 20, 110, 70], abs=0.01)


def test_boxes_beyond_the_picture_are_cut_at_its_edge(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    labels.write(path, [(0, -50, -50, 50, 500)], 100, 100)
    assert labels.read(path, 100, 100)[1][0] == pytest.approx([0, 0, 50, 100], abs=0.01)


def test_labels_lie_in_the_folder_beside_the_pictures() -> None:
    assert labels.beside(Path("set/images/val/a.jpg")) == Path("set/labels/val/a.txt")
    assert labels.beside(Path("set/neg_images/a.jpg")) == Path("set/neg_labels/a.txt")
    assert labels.beside(Path("plain/a.jpg")) == Path("plain/a.txt")


def test_a_folder_gives_its_pictures_with_labels_and_a_missing_label_means_nothing_there(
    tmp_path: Path,
) -> None:
    (tmp_path / "images").mkdir()
    for name in "ab":
        cv2.imwrite(str(tmp_path / f"images/{name}.png"), np.zeros((50, 100, 3), np.uint8))
    labels.write(tmp_path / "labels/a.txt", [(0, 0, 0, 50, 50)], 100, 50)
    first, second = folder_samples(tmp_path / "images")
    assert first.xyxy[0] == pytest.approx([0, 0, 50, 50])
    assert len(second.class_id) == 0


def test_an_unreadable_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    with pytest.raises(SystemExit, match=r"broken\.jpg"):
        list(folder_samples(tmp_path))
