from pathlib import Path

import pytest

from detector.vision.base import ClassScores
from detector.vision.cpu import cores, cpu_flags


def test_the_instruction_sets_are_those_of_the_first_processor(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text("processor : 0\nflags\t\t: fpu avx2 avx512_bf16\n\nprocessor : 1\nflags : x\n")
    assert cpu_flags(info) == {"fpu", "avx2", "avx512_bf16"}


def test_a_system_that_does_not_tell_has_none(tmp_path: Path) -> None:
    assert cpu_flags(tmp_path / "none") == frozenset()
    (tmp_path / "empty").write_text("")
    assert cpu_flags(tmp_path / "empty") == frozenset()


def test_there_is_a_core_to_run_on() -> None:
    assert cores() >= 1


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.5), (0.6, 0.5), (0.5, 1.0)])
def test_scores_that_are_not_in_order_are_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="min_score <= threshold"):
        ClassScores(low, high)
