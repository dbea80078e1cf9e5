"""How training data is laid out and how results are written down."""

import json
from argparse import Namespace
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from models.train import labels
from models.train.card import dev_table, read_rows, results_table
from models.train.prepare import darken, dataset, scene_of, tile, tile_picture
from models.train.ship import ship


def picture(path: Path, width: int = 768, height: int = 432) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))
    return path


def test_consecutive_pictures_of_one_scene_share_its_name() -> None:
    assert scene_of("000100_000016", 8) == scene_of("000100_000023", 8)
    assert scene_of("000100_000016", 8) != scene_of("000100_000024", 8)
    assert scene_of("gate", 1) == "gate"


def test_a_tile_keeps_the_boxes_that_lie_mostly_in_it(tmp_path: Path) -> None:
    path = picture(tmp_path / "images/a.jpg")
    labels.write(
        tmp_path / "labels/a.txt", [(1, 10, 20, 60, 120), (0, 700, 20, 760, 120)], 768, 432
    )
    tile_picture(path, tmp_path / "out")
    left = labels.read(tmp_path / "out/labels/a@0000.txt", 512, 432)
    right = labels.read(tmp_path / "out/labels/a@0256.txt", 512, 432)
    assert left[0].tolist() == [1]
    assert left[1][0] == pytest.approx([10, 20, 60, 120], abs=0.1)
    assert right[0].tolist() == [0]
    assert right[1][0] == pytest.approx([444, 20, 504, 120], abs=0.1)


def test_nights_are_darker_and_keep_the_boxes_of_the_day(tmp_path: Path) -> None:
    path = tmp_path / "day/images/a.jpg"
    path.parent.mkdir(parents=True)
    cv2.imwrite(str(path), np.full((120, 160, 3), 140, np.uint8))
    labels.write(tmp_path / "day/labels/a.txt", [(0, 10, 20, 60, 100)], 160, 120)
    darken(Namespace(pictures=path.parent, times=3, out=tmp_path / "nights"))
    nights = labels.pictures(tmp_path / "nights/images")
    assert [night.stem for night in nights] == ["a-night0", "a-night1", "a-night2"]
    for night in nights:
        assert cv2.imread(str(night)).mean() < 100
        assert labels.read(labels.beside(night), 160, 120)[1][0] == pytest.approx(
            [10, 20, 60, 100], abs=0.1
        )


def test_all_tiles_of_a_scene_go_to_one_split_and_are_not_cut_twice(tmp_path: Path) -> None:
    for number in range(8):
        picture(tmp_path / f"images/s_{number:06d}.jpg")
    command = Namespace(
        pictures=tmp_path / "images",
        out=tmp_path / "train",
        dev_out=tmp_path / "dev",
        scene_size=8,
    )
    tile(command)
    made = {path: path.stat().st_mtime_ns for path in labels.pictures(tmp_path) if "@" in path.name}
    assert len(made) == 16
    assert len({path.parts[-3] for path in made}) == 1
    tile(command)
    assert all(path.stat().st_mtime_ns == when for path, when in made.items())


def test_a_data_set_repeats_its_sources_as_told(tmp_path: Path) -> None:
    for name in "ab":
        picture(tmp_path / f"mine/images/{name}.jpg", 32, 32)
    picture(tmp_path / "dev/images/c.jpg", 32, 32)
    command = Namespace(
        out=tmp_path / "set",
        source=[f"{tmp_path}/mine/images*3"],
        dev_source=[f"{tmp_path}/dev/images"],
        limit=0,
    )
    dataset(command)
    described = yaml.safe_load((tmp_path / "set/dataset.yaml").read_text())
    assert described["names"] == {0: "person", 1: "ladder"}
    assert len((tmp_path / "set/train.txt").read_text().split()) == 6
    assert (tmp_path / "set/val.txt").read_text().strip().endswith("c.jpg")


def test_an_empty_source_is_named(tmp_path: Path) -> None:
    command = Namespace(out=tmp_path / "set", source=[str(tmp_path)], dev_source=[], limit=0)
    with pytest.raises(SystemExit, match="expected pictures"):
        dataset(command)


def test_the_card_shows_before_and_after() -> None:
    before = {"pets": {"person_ap50": 0.9}}
    after = {"pets": {"person_ap50": 0.91, "person_recall25": 0.8, "person_false25": 0.5}}
    assert "| person | 0.900 | 0.910 | 0.800 | 0.500 |" in results_table(before, after)


def test_measured_operating_points_become_the_manifest_and_the_card(tmp_path: Path) -> None:
    rows = [
        {
            "class": name,
            "threshold": 0.4,
            "f0.65": 0.7,
            "things": 8,
            "found": 5,
            "false_tracks": 1,
            "hours": 0.25,
        }
        for name in ("person", "ladder")
    ]
    dev = tmp_path / "dev.jsonl"
    dev.write_text("some warning\n" + "\n".join(map(json.dumps, rows)))
    graph = tmp_path / "graph.onnx"
    graph.write_bytes(b"graph")
    ship(graph, dev, "0.1.0", tmp_path / "tiny")
    manifest = yaml.safe_load((tmp_path / "tiny/model.yaml").read_text())
    assert manifest["thresholds"]["ladder"] == {"min_score": 0.2, "threshold": 0.4}
    assert "| ladder | 0.400 | 0.700 | 8 | 5 | 1 | 0.25 |" in dev_table(read_rows(dev))


def test_a_card_is_not_made_of_thresholds_chosen_on_single_pictures() -> None:
    row = {"threshold": 0.4, "f0.65": 0.7, "recall": 0.5, "false_per_picture": 0.1}
    with pytest.raises(SystemExit, match=r"models\.train\.tracks"):
        dev_table({"person": row, "ladder": row})
