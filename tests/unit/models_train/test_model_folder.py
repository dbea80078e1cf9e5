"""What lies in a model's folder, and what the training keeps of the start weights."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import yaml

from detector.vision.onnx_runtime import ort
from models.train.assets import is_dev
from models.train.import_weights import BASELINES, import_baseline
from models.train.manifest import Manifest, Thresholds, write

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "models/barrier-n"


def test_a_manifest_says_what_the_service_needs(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"graph")
    write(
        tmp_path,
        Manifest(
            name="tiny",
            version="1.0.0",
            family="ultralytics-raw",
            height=384,
            width=640,
            dynamic=True,
            classes={0: "person", 1: "ladder"},
            thresholds={"person": Thresholds(0.2, 0.4)},
            source="made up",
            licence="AGPL-3.0",
        ),
    )
    read = yaml.safe_load((tmp_path / "model.yaml").read_text())
    assert read["sha256"] == hashlib.sha256(b"graph").hexdigest()
    assert read["input"] == {
        "height": 384,
        "width": 640,
        "layout": "NCHW",
        "color": "RGB",
        "range": "0-1",
        "dynamic": True,
    }
    assert read["thresholds"]["person"] == {"min_score": 0.2, "threshold": 0.4}


def test_the_shipped_model_is_the_one_its_manifest_describes() -> None:
    manifest = yaml.safe_load((SHIPPED / "model.yaml").read_text())
    graph = (SHIPPED / manifest["file"]).read_bytes()
    assert hashlib.sha256(graph).hexdigest() == manifest["sha256"]
    assert manifest["classes"] == {0: "person", 1: "ladder"}
    for point in manifest["thresholds"].values():
        assert 0 < point["min_score"] <= point["threshold"] < 1


def test_the_shipped_model_takes_any_batch_and_any_multiple_of_32() -> None:
    session = ort.InferenceSession(SHIPPED / "model.onnx", providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    for shape in ((1, 3, 64, 96), (2, 3, 128, 64)):
        output = session.run(None, {name: np.zeros(shape, np.float32)})[0]
        cells = sum(shape[2] * shape[3] // stride**2 for stride in (8, 16, 32))
        branch = sum(shape[2] * shape[3] // stride**2 for stride in (16, 32))
        assert output.shape[:2] == (shape[0], 6)
        assert output.shape[2] in (cells, cells + branch)


def test_importing_a_missing_baseline_says_which_file(tmp_path: Path) -> None:
    name, (file, _) = next(iter(BASELINES.items()))
    with pytest.raises(SystemExit, match=file):
        import_baseline(name, tmp_path, tmp_path)


def test_a_baseline_folder_holds_graph_and_manifest(tmp_path: Path) -> None:
    file, family = BASELINES["yolo11n-coco"]
    (tmp_path / file).write_bytes(b"graph")
    folder = import_baseline("yolo11n-coco", tmp_path, tmp_path / "out")
    manifest = yaml.safe_load((folder / "model.yaml").read_text())
    assert manifest["family"] == family
    assert manifest["classes"] == {0: "person"}
    assert (folder / manifest["file"]).read_bytes() == b"graph"


def test_frames_of_one_clip_fall_into_one_split() -> None:
    for clip in ("yard", "gate", "river"):
        assert len({is_dev(f"{clip}@{index:05d}.jpg") for index in range(50)}) == 1


@pytest.mark.train
def test_a_two_class_network_scores_people_as_its_start_weights_do() -> None:
    torch = pytest.importorskip("torch", reason="needs the training extra")
    tasks = pytest.importorskip("ultralytics.nn.tasks", reason="needs the training extra")
    from models.train.train import two_class_network  # noqa: PLC0415 - needs the extra

    torch.manual_seed(0)
    start = tasks.DetectionModel("yolo11n.yaml", nc=80, verbose=False).eval()
    start.names = {number: f"thing {number}" for number in range(80)} | {0: "person"}
    ours = two_class_network(start).eval()
    again = two_class_network(ours).eval()
    picture = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        expected, found, reloaded = (net(picture)[0] for net in (start, ours, again))
    assert found.shape[1] == 6
    assert torch.allclose(found[:, :5], expected[:, :5], atol=1e-5)
    assert torch.equal(found, reloaded)


@pytest.mark.train
def test_a_blend_lies_between_its_parts_and_keeps_the_learnt_ladder_row() -> None:
    torch = pytest.importorskip("torch", reason="needs the training extra")
    tasks = pytest.importorskip("ultralytics.nn.tasks", reason="needs the training extra")
    from models.train.blend import LADDER_ROW, blend  # noqa: PLC0415 - needs the extra

    start, tuned = (tasks.DetectionModel("yolo11n.yaml", nc=2, verbose=False) for _ in range(2))
    name = "model.0.conv.weight"
    expected = torch.lerp(start.state_dict()[name], tuned.state_dict()[name], 0.7)
    bias = "model.23.cv3.0.2.bias"
    learnt = tuned.state_dict()[bias][LADDER_ROW].clone()
    blended = blend(start, [tuned, tuned], 0.7, ladder_logit=0.5).state_dict()
    assert torch.allclose(blended[name], expected, atol=1e-6)
    assert float(blended[bias][LADDER_ROW]) == pytest.approx(float(learnt) + 0.5, abs=1e-5)


@pytest.mark.train
def test_a_blend_leaves_the_modules_before_the_first_as_they_were_tuned() -> None:
    torch = pytest.importorskip("torch", reason="needs the training extra")
    tasks = pytest.importorskip("ultralytics.nn.tasks", reason="needs the training extra")
    from models.train.blend import blend  # noqa: PLC0415 - needs the extra

    start, tuned = (tasks.DetectionModel("yolo11n.yaml", nc=2, verbose=False) for _ in range(2))
    shared, first = "model.10.cv1.conv.weight", "model.13.cv1.conv.weight"
    expected = torch.lerp(start.state_dict()[first], tuned.state_dict()[first], 0.5)
    blended = blend(start, [tuned], 0.5, first_module=11).state_dict()
    assert torch.equal(blended[shared], tuned.state_dict()[shared])
    assert torch.allclose(blended[first], expected, atol=1e-6)


@pytest.mark.train
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the exporter of torch
def test_training_goes_on_from_either_branch_of_a_merged_graph(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="needs the training extra")
    tasks = pytest.importorskip("ultralytics.nn.tasks", reason="needs the training extra")
    from models.train import branches  # noqa: PLC0415 - needs the extra
    from models.train.resume_onnx import filled, folded  # noqa: PLC0415 - needs the extra

    def network() -> "torch.nn.Module":
        return tasks.DetectionModel("yolo11n.yaml", nc=2, verbose=False).eval()

    people, ladders = network(), network()
    ladders = branches.started(people, ladders)
    branches.exported(branches.Branches(people, ladders), tmp_path / "merged.onnx")
    people_again, ladders_again = folded(network()), folded(branches.started(network(), network()))
    filled(people_again, tmp_path / "merged.onnx", "people")
    filled(ladders_again, tmp_path / "merged.onnx", "ladders")
    picture = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        for expected, found in ((people, people_again), (ladders, ladders_again)):
            assert torch.allclose(found(picture)[0], expected(picture)[0], rtol=1e-4, atol=1e-4)
    with pytest.raises(SystemExit, match=r"expected \(16, 3, 3, 3\), found None"):
        filled(network(), tmp_path / "merged.onnx")


@pytest.mark.train
def test_merged_branches_give_people_of_one_network_and_ladders_of_the_other() -> None:
    torch = pytest.importorskip("torch", reason="needs the training extra")
    tasks = pytest.importorskip("ultralytics.nn.tasks", reason="needs the training extra")
    from models.train import branches  # noqa: PLC0415 - needs the extra

    torch.manual_seed(0)
    people, other = (tasks.DetectionModel("yolo11n.yaml", nc=2, verbose=False) for _ in range(2))
    ladders = branches.started(people, other).eval()
    picture = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        found = branches.Branches(people.eval(), ladders)(picture)
        alone, branch = people(picture)[0], ladders(picture)[0]
    fine, coarse = 96 + 24 + 6, 24 + 6
    assert found.shape == (1, 6, fine + coarse)
    assert torch.allclose(found[:, :5, :fine], alone[:, :5], atol=1e-4)
    assert torch.allclose(found[:, [0, 1, 2, 3, 5], fine:], branch[:, [0, 1, 2, 3, 5]], atol=1e-4)
    assert not found[:, 5, :fine].any()
    assert not found[:, 4, fine:].any()


@pytest.mark.train
def test_branches_whose_shared_modules_differ_are_not_merged() -> None:
    pytest.importorskip("torch", reason="needs the training extra")
    tasks = pytest.importorskip("ultralytics.nn.tasks", reason="needs the training extra")
    from models.train import branches  # noqa: PLC0415 - needs the extra

    people, other = (tasks.DetectionModel("yolo11n.yaml", nc=2, verbose=False) for _ in range(2))
    with pytest.raises(SystemExit, match=r"model\.0\.conv\.weight: expected the same weights"):
        branches.Branches(people, other)
