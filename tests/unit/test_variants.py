"""The comparisons of the network's variants and input shapes."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmarks.reshaped import model_of
from benchmarks.shapes import Plan, samples, starts
from benchmarks.variants import decide, given_out, judged_sets, variants
from benchmarks.variants_page import Row, as_markdown
from detector.types import Detections, ObjectClass
from detector.vision import ClassScores
from detector.vision.manifest import read_manifest
from detector.vision.scripted import ScriptedDetector

SHIPPED = Path(__file__).parents[2] / "models/barrier-n"


def row(name: str, cpu: float, ap50: float) -> Row:
    return Row(name, 1.0, cpu={"a": 1.0, "b": cpu}, wall={"a": 1, "b": 1}, ap50={"set": ap50})


def verdicts(*rows: Row) -> list[bool | None]:
    named = {one.name: one for one in (row("fp32", 1.0, 0.9), *rows)}
    decide(named)
    return [named[one.name].wins for one in rows]


def test_a_variant_wins_if_it_is_faster_everywhere_and_finds_as_much() -> None:
    slow_somewhere, worse = row("x", 0.95, 0.9), row("y", 0.5, 0.88)
    fast = row("z", 0.8, 0.895)
    fast.cpu["a"] = worse.cpu["a"] = 0.8
    assert verdicts(slow_somewhere, worse, fast) == [False, False, True]


def test_what_cannot_run_has_no_verdict_and_its_reason_on_the_page() -> None:
    missing = Row("OpenVINO", 1.0, missing="no device")
    assert verdicts(missing) == [None]
    page = as_markdown("head", [row("fp32", 1.0, 0.9), missing], "note")
    assert page.count("| OpenVINO | not available: no device |") == 2


def test_without_graphs_it_says_which_command_makes_them(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"models\.train\.quantise"):
        variants(SHIPPED / "model.onnx", tmp_path)


def test_a_set_without_pictures_is_an_error_and_not_a_perfect_score(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="found none"):
        judged_sets(tmp_path, 1)


def test_a_graph_gets_a_manifest_of_another_shape(tmp_path: Path) -> None:
    like = read_manifest(SHIPPED)
    path = model_of(SHIPPED / "model.onnx", like, (416, 320), tmp_path, min_score=0.01)
    made = read_manifest(path)
    assert made.input_size == (416, 320)
    assert made.sha256 == like.sha256
    assert {limits.min_score for limits in made.scores.values()} == {0.01}
    assert made.thresholds["ladder"].threshold == like.thresholds["ladder"].threshold


@pytest.mark.parametrize(("frame", "inner"), [(960, 416), (540, 320), (1920, 640), (541, 540)])
def test_tiles_cover_a_frame_and_overlap(frame: int, inner: int) -> None:
    found = starts(frame, inner)
    assert found[0] == 0
    assert found[-1] + inner == frame
    assert all(b - a <= inner - 64 for a, b in pairwise(found))


def test_a_frame_within_one_tile_has_one() -> None:
    assert starts(300, 416) == [0]


def test_scenes_without_a_truth_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"truth\.json"):
        list(samples(tmp_path, 2))


def test_what_a_tile_sees_lies_where_the_tile_lies_in_the_frame() -> None:
    box = Detections(
        np.array([[100, 100, 130, 180]], np.float32), np.array([0.9], np.float32), np.array([0])
    )
    whole = ScriptedDetector([])
    tile = ScriptedDetector([Detections.empty(), box])
    (found,) = Plan(whole, tile).look([np.zeros((540, 960, 3), np.uint8)])
    assert tile.shapes == [(384, 640, 3)] * 4
    assert found.xyxy.tolist() == [[420, 100, 450, 180]]


def test_agreement_is_of_the_boxes_that_the_service_would_see() -> None:
    boxes = Detections(
        np.zeros((3, 4), np.float32), np.array([0.5, 0.2, 0.02], np.float32), np.array([0, 1, 0])
    )
    scores = {ObjectClass.PERSON: ClassScores(0.1, 0.4), ObjectClass.LADDER: ClassScores(0.3, 0.4)}
    assert given_out(boxes, scores).confidence.tolist() == [0.5]
