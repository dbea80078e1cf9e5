"""The rendered people that realism is measured on; needs EGL and moderngl, else it skips."""

import pytest

pytest.importorskip("moderngl", reason="needs the simulator extra (moderngl)")

from benchmarks.simulator import lineup
from benchmarks.simulator.programs import GraphicsError


def test_a_lineup_shows_each_posture_whole_and_large_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lineup, "SENSORS", ("thermal",))
    monkeypatch.setattr(lineup, "POSES", ("upright", "crawl", "climb"))
    monkeypatch.setattr(lineup, "_LENSES", ((48.0, 14.0),))
    monkeypatch.setattr(lineup, "_PICTURES", {"upright": 1, "crawl": 1, "climb": 1})
    try:
        samples = list(lineup.lineup(seed=4, worlds=1))
    except GraphicsError as error:
        pytest.skip(str(error))
    assert [s.pose for s in samples] == ["upright", "crawl", "climb"]
    for sample in samples:
        assert sample.image.shape == (360, 640, 3)
        assert sample.boxes
        for x0, y0, x1, y1 in sample.boxes:
            assert 0 <= x0 < x1 <= 640
            assert 0 <= y0 < y1 <= 360
    tall = [(y1 - y0) / (x1 - x0) for x0, y0, x1, y1 in samples[0].boxes]
    flat = [(y1 - y0) / (x1 - x0) for x0, y0, x1, y1 in samples[1].boxes]
    assert min(tall) > 1.2
    assert sum(flat) / len(flat) < sum(tall) / len(tall)
