"""The detector with tiny real networks that find red squares (persons) and blue ones (ladders)."""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detector.errors import ModelError
from detector.types import U8, ObjectClass, Xyxy
from detector.vision import ModelSettings
from detector.vision.onnx_detector import load_detector
from detector.vision.onnx_runtime import ort

MakeModel = Callable[..., Path]
RED, BLUE = (0, 0, 255), (220, 0, 0)  # BGR; blue is found with less confidence
HEADS = [("squares_raw.onnx", "ultralytics-raw"), ("squares_end2end.onnx", "ultralytics-end2end")]


def picture(size: tuple[int, int], *squares: tuple[Xyxy, tuple[int, int, int]]) -> U8:
    image = np.full((size[1], size[0], 3), 90, np.uint8)
    for (left, top, right, bottom), colour in squares:
        image[int(top) : int(bottom), int(left) : int(right)] = colour
    return image


def cpu(folder: Path, **changes: object) -> ModelSettings:
    return ModelSettings.model_validate({"path": folder, "provider": "cpu", "threads": 1} | changes)


@pytest.mark.parametrize(("network", "family"), HEADS)
def test_people_and_ladders_are_found_where_they_are(
    make_model: MakeModel, network: str, family: str
) -> None:
    detector = load_detector(cpu(make_model(network, family)))
    image = picture((192, 128), ((32, 64, 64, 96), RED), ((128, 0, 160, 32), BLUE))
    (found,) = detector.detect([image])
    by_class = {ObjectClass(c): box for c, box in zip(found.class_id, found.xyxy, strict=True)}
    assert len(found) == 2
    np.testing.assert_allclose(by_class[ObjectClass.PERSON], (32, 64, 64, 96), atol=0.01)
    np.testing.assert_allclose(by_class[ObjectClass.LADDER], (128, 0, 160, 32), atol=0.01)


@pytest.mark.parametrize(("network", "family"), HEADS)
def test_pictures_of_any_mix_of_sizes_get_boxes_in_their_own_pixels(
    make_model: MakeModel, network: str, family: str
) -> None:
    detector = load_detector(cpu(make_model(network, family)))
    tall = picture((64, 128), ((0, 32, 32, 64), RED))  # 32 x 64 in the input, at 32 from the left
    images = [tall, picture((192, 128)), tall[::2, ::2], picture((2, 400)), picture((1, 1))]
    found = detector.detect(images)
    assert [len(boxes) for boxes in found] == [1, 0, 1, 0, 0]
    np.testing.assert_allclose(found[0].xyxy[0], (0, 32, 32, 64), atol=0.01)
    np.testing.assert_allclose(found[2].xyxy[0], (0, 16, 16, 32), atol=0.01)
    assert detector.detect([]) == []


@pytest.mark.parametrize("batch", [1, 2, 3, 8])
def test_batches_find_what_single_pictures_do(make_model: MakeModel, batch: int) -> None:
    folder = make_model("squares_raw_dynamic.onnx", input={"dynamic": True})
    detector = load_detector(cpu(folder, batch=batch))
    assert detector.info.max_batch == batch
    images = [picture((96, 64), ((16 * n, 0, 16 * n + 16, 16), RED)) for n in range(5)]
    found = detector.detect(images)
    assert [boxes.xyxy[:, 0].round(2).tolist() for boxes in found] == [[16.0 * n] for n in range(5)]


def test_a_network_with_a_fixed_batch_takes_one_picture_at_a_time(make_model: MakeModel) -> None:
    detector = load_detector(cpu(make_model("squares_raw.onnx"), batch=4))
    assert detector.info.max_batch == 1
    assert len(detector.detect([picture((96, 64))] * 3)) == 3


def test_pictures_are_not_changed(make_model: MakeModel) -> None:
    detector = load_detector(cpu(make_model("squares_raw.onnx")))
    image = picture((192, 128), ((32, 64, 64, 96), RED))
    before = image.copy()
    image.setflags(write=False)
    detector.detect([image])
    assert (image == before).all()


def test_what_runs_is_told_and_logged(
    make_model: MakeModel, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        info = load_detector(cpu(make_model("squares_raw.onnx"))).info
    assert (info.provider, info.precision, info.threads) == ("cpu", "fp32", 1)
    assert (info.model, info.family, info.input_size) == (
        "squares_raw",
        "ultralytics-raw",
        (96, 64),
    )
    assert len(info.sha256) == 64
    assert info.classes == (ObjectClass.PERSON, ObjectClass.LADDER)
    assert "squares_raw 1" in caplog.text
    assert "on cpu fp32, 1 thread(s)" in caplog.text


def test_auto_tells_which_provider_was_taken_and_why(make_model: MakeModel) -> None:
    info = load_detector(ModelSettings(path=make_model("squares_raw.onnx"))).info
    assert info.provider in {"cpu", "openvino"}
    assert info.reason.startswith("auto: ")
    assert info.threads >= 1
    if info.provider == "cpu":
        assert "not OpenVINO, because" in info.reason


def test_a_named_openvino_that_offers_no_device_stops_the_start(make_model: MakeModel) -> None:
    """ONNX Runtime itself would take its CPU provider and say nothing."""
    folder = make_model("squares_raw.onnx")
    if load_detector(ModelSettings(path=folder)).info.provider == "openvino":
        pytest.skip("OpenVINO offers this processor")
    with pytest.raises(ModelError, match=r"expected .*(OpenVINOExecution|onnxruntime_ep_openvino)"):
        load_detector(cpu(folder, provider="openvino"))


@pytest.mark.parametrize(("network", "family"), HEADS)
def test_openvino_finds_what_the_cpu_provider_does(
    make_model: MakeModel, network: str, family: str
) -> None:
    folder = make_model(network, family)
    if load_detector(ModelSettings(path=folder)).info.provider != "openvino":
        pytest.skip("OpenVINO offers no device for this processor")
    image = picture((192, 128), ((32, 64, 64, 96), RED), ((128, 0, 160, 32), BLUE))
    (expected,) = load_detector(cpu(folder)).detect([image])
    for precision in ("fp32", "auto"):
        detector = load_detector(cpu(folder, provider="openvino", precision=precision))
        assert detector.info.provider == "openvino"
        (found,) = detector.detect([image])
        np.testing.assert_allclose(found.xyxy, expected.xyxy, atol=1)
        np.testing.assert_allclose(found.confidence, expected.confidence, atol=0.02)


def test_a_named_cuda_that_is_not_there_stops_the_start(make_model: MakeModel) -> None:
    if any(device.ep_name == "CUDAExecutionProvider" for device in ort.get_ep_devices()):
        pytest.skip("CUDA is here")
    with pytest.raises(ModelError, match=r"expected .*(CUDAExecution|onnxruntime_ep_cuda)"):
        load_detector(cpu(make_model("squares_raw.onnx"), provider="cuda"))


def test_a_precision_that_the_provider_cannot_do_is_refused(make_model: MakeModel) -> None:
    with pytest.raises(ModelError, match="expected precision fp32 or auto on provider cpu"):
        load_detector(cpu(make_model("squares_raw.onnx"), precision="bf16"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"input": {"width": 128}},
            r"input: expected one tensor\(float\) \[1, 3, 64, 128\], found",
        ),
        (
            {"family": "ultralytics-end2end"},
            r"output float32 \(1, \(any, 6\)\) of ultralytics-end2",
        ),
        (
            {"classes": {0: "person", 5: "ladder"}},
            r"output float32 \(1, \(10 or more, 126 or 156\)\)",
        ),
    ],
)
def test_a_network_of_other_shapes_than_its_manifest_stops_the_start(
    make_model: MakeModel, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        load_detector(cpu(make_model("squares_raw.onnx", **changes)))


def test_a_batch_axis_that_is_not_free_stops_the_start(make_model: MakeModel) -> None:
    folder = make_model("squares_raw.onnx", input={"dynamic": True})
    with pytest.raises(ModelError, match=r"expected one tensor\(float\) \[4, 3, 64, 96\], found"):
        load_detector(cpu(folder, batch=4))


def test_a_damaged_network_stops_the_start(make_model: MakeModel) -> None:
    folder = make_model("squares_raw.onnx")
    network = folder / "squares_raw.onnx"
    network.write_bytes(network.read_bytes()[:-100])
    with pytest.raises(ModelError, match="expected sha256"):
        load_detector(cpu(folder))


def test_a_file_that_is_no_network_stops_the_start(make_model: MakeModel, tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match="expected a network that ONNX Runtime can start"):
        load_detector(cpu(make_model(tmp_path / "text.onnx")))
