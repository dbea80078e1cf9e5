from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="needs the simulator extra (moderngl)")

from benchmarks.simulator.arrangements import LADDER, PERSON, SWIMMER, Item
from benchmarks.simulator.boxes import Seen
from benchmarks.simulator.meshes import VERTEX
from benchmarks.simulator.pictures import PictureMaker, label_lines
from benchmarks.simulator.recipe import RecipeError, read_recipe

TRAIN = Path(__file__).parents[3] / "benchmarks" / "scenes" / "train"


def lines_of(kind: str, visibility: float, size_px: tuple[int, int] = (100, 50)) -> list[str]:
    item: Item = (kind, np.zeros(0, VERTEX))
    look = Seen(1, (10.0, 10.0, 30.0, 40.0), (10.0, 10.0, 30.0, 40.0), visibility, 500)
    return label_lines([item], [look], [50.0], size_px)


def test_labels_are_class_and_relative_middle_and_size() -> None:
    assert lines_of(PERSON, 0.9) == ["0 0.200000 0.500000 0.200000 0.600000"]
    assert lines_of(LADDER, 0.9, (200, 100)) == ["1 0.100000 0.250000 0.100000 0.300000"]


def test_what_is_hardly_visible_is_not_labelled_but_a_swimmer_is() -> None:
    assert lines_of(PERSON, 0.15) == []
    assert lines_of(SWIMMER, 0.15) == ["0 0.200000 0.500000 0.200000 0.600000"]
    assert lines_of(SWIMMER, 0.05) == []


def test_pictures_are_not_made_with_the_seed_of_another_recipe(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"held_out: expected a seed in \[900, 999\], found 7"):
        PictureMaker(read_recipe(TRAIN / "held_out.yaml"), 7, tmp_path)
