"""How rendered people are held against real ones: matching, bins, spreads, verdicts."""

from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.simulator.footage import REFERENCES, shrunk, stands_clear
from benchmarks.simulator.person_finder import PersonFinder, best_score
from benchmarks.simulator.realism import BINS, Spread, bin_of, compared, score, spread, verdict
from benchmarks.simulator.realism_report import markdown, plot, tally

PERSON = (10.0, 10.0, 30.0, 70.0)


def spread_of(low: float, median: float, high: float, people: int = 20) -> Spread:
    return Spread(people, low, low, median, high, high, 0.5)


class Told:
    """A detector that says what it was told to say."""

    name = "told"

    def __init__(self, boxes: list[tuple[float, ...]], scores: list[float]) -> None:
        self.answer = np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32)

    def __call__(self, _image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.answer


@pytest.mark.parametrize(
    ("height_px", "name"),
    [(15.9, None), (16, "16-24"), (23.9, "16-24"), (24, "24-32"), (200, "128+")],
)
def test_a_height_falls_into_the_bin_whose_lower_edge_it_reaches(
    height_px: float, name: str | None
) -> None:
    assert bin_of(height_px) == name


def test_a_person_scores_what_the_best_box_on_them_scores() -> None:
    boxes = np.array([PERSON, (12, 12, 30, 70), (200, 10, 220, 70)], np.float32)
    assert best_score(boxes, np.array([0.3, 0.6, 0.9], np.float32), PERSON) == pytest.approx(0.6)


def test_a_box_that_overlaps_too_little_scores_nothing() -> None:
    boxes = np.array([(10, 10, 30, 33)], np.float32)  # its 23 of 60 pixels of height are IoU 0.38
    assert best_score(boxes, np.array([0.9], np.float32), PERSON) == 0
    assert best_score(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), PERSON) == 0


def test_missed_people_count_as_zero_and_tiny_ones_not_at_all() -> None:
    out = defaultdict(list)
    missed, tiny = (100.0, 10.0, 120.0, 70.0), (300.0, 10.0, 305.0, 20.0)
    finder = Told([PERSON], [0.7])
    score([finder], np.zeros((90, 400, 3), np.uint8), [PERSON, missed, tiny], ("day", "sit"), out)
    assert out == {("told", "day", "sit", "48-64"): [pytest.approx(0.7), 0.0]}


def test_a_spread_tells_quantiles_and_the_share_found() -> None:
    seen = spread([k / 10 for k in range(11)])
    assert seen is not None
    assert (seen.people, seen.low, seen.median, seen.high) == (11, 0.1, 0.5, 0.9)
    assert seen.found == pytest.approx(8 / 11, abs=1e-3)
    assert spread([]) is None


@pytest.mark.parametrize(
    ("median", "expected"), [(0.19, "below"), (0.2, "within"), (0.8, "within"), (0.81, "above")]
)
def test_a_median_within_the_real_range_is_within(median: float, expected: str) -> None:
    assert verdict(spread_of(0.0, median, 1.0), spread_of(0.2, 0.5, 0.8)) == expected


def test_few_people_or_no_footage_give_no_verdict() -> None:
    enough, few = spread_of(0.2, 0.5, 0.8), spread_of(0.2, 0.5, 0.8, people=7)
    assert verdict(few, enough) == verdict(enough, few) == verdict(None, enough) == "too few"
    assert verdict(enough, None) == "no real reference"


def test_real_people_cut_by_the_edge_or_covered_by_a_quarter_are_left_out() -> None:
    assert stands_clear(PERSON, [PERSON], (100, 100))
    assert not stands_clear((0.0, 10.0, 20.0, 70.0), [], (100, 100))
    assert not stands_clear(PERSON, [PERSON, (24.0, 10.0, 60.0, 70.0)], (100, 100))
    assert stands_clear(PERSON, [PERSON, (26.0, 10.0, 60.0, 70.0)], (100, 100))


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.25])
def test_a_shrunk_picture_keeps_its_boxes_on_what_they_mark(scale: float) -> None:
    image = np.zeros((480, 960, 3), np.uint8)
    box = (300.0, 120.0, 420.0, 360.0)
    cv2.rectangle(image, (300, 120), (419, 359), (255, 255, 255), -1)
    small, (placed,) = shrunk(image, [box], scale)
    assert small.shape == (320, 640, 3)
    x0, y0, x1, y1 = (round(v) for v in placed)
    assert y1 - y0 == round(240 * 640 / 960 * scale)
    assert small[y0 + 3 : y1 - 3, x0 + 3 : x1 - 3].min() > 200
    assert small[y0 + 3, x0 - 6].max() < 60
    if scale < 1:
        assert abs(int(small[2, 2, 0]) - 114) < 5


def test_only_upright_people_are_compared_and_the_report_says_so(tmp_path: Path) -> None:
    rendered = {
        ("told", "day", "upright", "48-64"): [0.5] * 10,
        ("told", "day", "crawl", "48-64"): [0.1] * 10,
    }
    real = {("told", "pets_s2l1", "upright", "48-64"): [0.6] * 5 + [0.7] * 5}
    rows = compared(rendered, real, ["told"])
    assert len(rows) == len(REFERENCES) * 2 * len(BINS)
    told = {(r["sensor"], r["posture"], r["height_px"]): r["verdict"] for r in rows}
    assert told["day", "upright", "48-64"] == "below"
    assert told["day", "crawl", "48-64"] == "no real reference"
    assert tally(rows)["below"] == 1  # overcast has the same footage, and nobody rendered
    result = {
        "command": "x", "date": "d", "machine": {"processor": "p", "cores": 1}, "commit": "c",
        "cpu_s": 1, "models": [{"name": "told", "sha256": "0" * 64}], "rows": rows,
        "references": {s: {"sets": r.sets, "stand_in": r.stand_in} for s, r in REFERENCES.items()},
    }  # fmt: skip
    text = markdown(result)
    assert "| day | 48-64 | 0.50 (0.50-0.50) | 1.00 | 10 | 0.65 (0.60-0.70) | 1.00 | 10 |" in text
    assert "| day | crawl | - | - | - | 0.10, 0.00 (10) |" in text
    assert "| day | - / - | - / - | - / - | - / - | 0, 0, 1, 0 |" in text
    assert "| crawl | - | 0.00 (10) |" in text
    plot(result, rendered, tmp_path / "plot.png")
    assert cv2.imread(str(tmp_path / "plot.png")) is not None


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.onnx: expected an ONNX detector"):
        PersonFinder(tmp_path / "gone.onnx")
