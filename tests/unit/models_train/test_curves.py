"""What a training run's curves are drawn from."""

from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="needs the bench extra")

from models.train.curves import draw, read

HEADER = "epoch, train/box_loss, train/cls_loss, train/dfl_loss, metrics/mAP50(B), val/box_loss\n"


def run_folder(folder: Path, rows: str) -> Path:
    (folder / "results.csv").write_text(HEADER + rows)
    (folder / "train.txt").write_text("a.jpg\nb.jpg\n\n")
    (folder / "dataset.yaml").write_text("train: train.txt\n")
    (folder / "args.yaml").write_text(f"data: {folder / 'dataset.yaml'}\nfraction: 1.0\n")
    return folder


def test_an_epoch_shows_as_many_pictures_as_the_training_list_has(tmp_path: Path) -> None:
    run = read(run_folder(tmp_path, "1, 1.5, 1.4, 1.3, 0, 0\n2, 1.2, 1.1, 1.0, 0.6, 1.3\n"))
    assert run.pictures.tolist() == [2, 4]
    assert run.columns["train/cls_loss"].tolist() == [1.4, 1.1]


def test_the_number_of_pictures_can_be_given(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, "1, 1.5, 1.4, 1.3, 0, 0\n")
    (folder / "dataset.yaml").unlink()
    assert read(folder, 100).pictures.tolist() == [100]


def test_epochs_at_which_nothing_was_measured_are_not_drawn_as_zero(tmp_path: Path) -> None:
    run = read(run_folder(tmp_path, "1, 1.5, 1.4, 1.3, 0, 0\n2, 1.2, 1.1, 1.0, 0.6, 1.3\n"))
    panels = draw(run).axes
    assert [len(line.get_xdata()) for line in panels[0].lines] == [2, 1]
    assert panels[3].lines[0].get_ydata().tolist() == [0.6]


def test_without_measurements_there_is_no_panel_for_them(tmp_path: Path) -> None:
    assert len(draw(read(run_folder(tmp_path, "1, 1.5, 1.4, 1.3, 0, 0\n"))).axes) == 3


def test_a_run_without_an_epoch_or_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"results\.csv: expected a file"):
        read(tmp_path)
    with pytest.raises(SystemExit, match="at least one epoch"):
        read(run_folder(tmp_path, ""))
    (tmp_path / "results.csv").write_text("epoch,loss\n1,2\n")
    with pytest.raises(SystemExit, match="train/box_loss"):
        read(tmp_path)
