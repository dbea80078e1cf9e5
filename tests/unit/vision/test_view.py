import numpy as np

from detector.types import Detections, ObjectClass
from detector.vision.base import ClassScores
from detector.vision.scripted import ScriptedDetector
from detector.vision.tiles import Region
from detector.vision.view import View, detect_views


def one(x: float) -> Detections:
    box = np.array([[x, 10, x + 20, 60]], np.float32)
    return Detections(box, np.array([0.7], np.float32), np.array([0]))


def picture(width: int, height: int) -> View:
    return View.whole(np.zeros((height, width, 3), np.uint8))


def test_each_view_gets_what_was_found_in_its_own_regions() -> None:
    far = Region(320, 0, 640, 192)
    wide = View(np.zeros((480, 640, 3), np.uint8), (Region.whole((640, 480)), far))
    detector = ScriptedDetector([one(5), one(100), one(200)])
    found = detect_views(detector, [picture(300, 200), wide])
    assert [boxes.xyxy[:, 0].tolist() for boxes in found] == [[5], [100, 520]]
    assert detector.shapes == [(200, 300, 3), (480, 640, 3), (192, 320, 3)]


def test_no_views_need_no_inference() -> None:
    detector = ScriptedDetector([])
    assert detect_views(detector, []) == []
    assert detector.shapes == []


def test_a_script_that_is_over_shows_nobody() -> None:
    found = detect_views(ScriptedDetector([one(5)]), [picture(300, 200), picture(300, 200)])
    assert [len(boxes) for boxes in found] == [1, 0]


def test_a_scripted_detector_claims_the_classes_it_is_given() -> None:
    scores = {ObjectClass.PERSON: ClassScores(0.2, 0.6)}
    info = ScriptedDetector([], scores).info
    assert info.classes == (ObjectClass.PERSON,)
    assert info.scores[ObjectClass.PERSON].threshold == 0.6
    assert "scripted" in str(info)
