import json
from pathlib import Path

import pytest
import yaml

from benchmarks.sample_site import written
from benchmarks.simulator.rehearsal import rehearsed
from benchmarks.simulator.scene import read_scene
from detector.config import load_config

ROOT = Path(__file__).parents[2]


def test_the_shipped_site_is_what_the_samples_give(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    made = written(Path("samples"), "samples")
    assert made == (ROOT / "samples" / "site.yaml").read_text("utf-8")


def test_a_set_of_scenes_becomes_a_site_that_the_service_reads(tmp_path: Path) -> None:
    for name in ("river_near_day", "stay_middle_dusk"):
        scene = read_scene(ROOT / "benchmarks" / "scenes" / "dev" / f"{name}.yaml")
        truth = rehearsed(scene.model_copy(update={"duration_s": 2.0}))
        (tmp_path / f"{name}.truth.json").write_text(json.dumps(truth), "utf-8")
        (tmp_path / f"{name}.mp4").touch()
    path = tmp_path / "site.yaml"
    path.write_text(written(tmp_path, "dev"), "utf-8")
    camera = yaml.safe_load(path.read_text("utf-8"))["cameras"]["river_near_day"]
    assert list(camera["barriers"]) == ["fence"]
    assert camera["detect"] == {"fps": 5.0}
    assert {n: z.get("kind") for n, z in camera["zones"].items()} == {
        "strip": None,
        "river": "water",
    }
    assert "tiling" not in camera
    assert set(load_config(path).config.cameras) == {"river_near_day", "stay_middle_dusk"}


def test_a_folder_without_clips_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected rendered clips"):
        written(tmp_path, "dev")
