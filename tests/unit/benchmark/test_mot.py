from pathlib import Path

import numpy as np
import pytest

from detector.benchmark.mot import Line, Recording, read_rows, to_truth
from detector.errors import ConfigError

LINE = Line((100, 0), (100, 200))
CLIP = Recording("clip.avi", 10.0, 30, (200, 200))


def walk(who: int, x_from: float, x_to: float, foot_y: float = 150) -> np.ndarray:
    rows = np.empty((30, 6))
    rows[:, 0], rows[:, 1] = np.arange(1, 31), who
    rows[:, 2], rows[:, 3] = np.linspace(x_from, x_to, 30) - 10, foot_y - 60
    rows[:, 4:] = 20, 60
    return rows


def test_who_walks_over_the_line_crosses_it_once_in_the_right_direction() -> None:
    rows = np.concatenate([walk(7, 50, 150), walk(8, 150, 50), walk(9, 20, 90)])
    truth = to_truth(rows, CLIP, "lawn", LINE, ("day",))
    # Whoever walks down the line on the screen has larger x on the left.
    assert [(e.tracks, e.direction, e.where) for e in truth.events] == [
        ((7,), "right_to_left", "lawn"),
        ((8,), "left_to_right", "lawn"),
    ]
    # 8 px past the line: 58 of 100 px, of 2.9 s.
    assert truth.events[0].start_s == pytest.approx(1.7, abs=0.11)


def test_who_passes_beyond_its_end_does_not_cross() -> None:
    short = Line((100, 0), (100, 100))
    assert to_truth(walk(7, 50, 150), CLIP, "lawn", short, ()).events == ()


def test_who_sways_on_the_line_does_not_cross() -> None:
    rows = walk(7, 94, 106)
    assert to_truth(rows, CLIP, "lawn", LINE, ()).events == ()


def test_every_picture_has_its_boxes_and_the_first_is_at_nought() -> None:
    truth = to_truth(walk(7, 50, 150), CLIP, "lawn", LINE, ())
    assert len(truth.frames) == 30
    assert truth.frames[0].t_s == 0
    (person,) = truth.frames[0].objects
    assert person.visible == (40, 90, 60, 150)
    assert truth.duration_s == 3.0
    assert truth.barrier is not None
    assert truth.barrier["points"] == [[0.5, 0.0], [0.5, 1.0]]


def test_rows_of_mot_files_are_read_and_others_refused(tmp_path: Path) -> None:
    gt = tmp_path / "gt.txt"
    gt.write_text("1,1,10,20,30,40,1,-1,-1,-1\n2,1,11,20,30,40,1,-1,-1,-1\n")
    assert read_rows(gt).shape == (2, 6)
    gt.write_text("1,1,10\n")
    with pytest.raises(ConfigError, match="3 columns"):
        read_rows(gt)
    gt.write_text("hello\n")
    with pytest.raises(ConfigError, match="MOTChallenge rows"):
        read_rows(gt)
    with pytest.raises(ConfigError, match="MOTChallenge rows"):
        read_rows(tmp_path / "none.txt")
