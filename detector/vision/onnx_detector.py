"""Runs a network with ONNX Runtime, on the provider that was asked for or not at all.

ONNX Runtime falls back to its CPU provider without an error when a provider does not come up.
Here a provider is taken by its device, which must be offered, and proven with one inference.
"""

import importlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from detector.errors import ModelError, Problem
from detector.stages import Stage, StageClock
from detector.types import F32, U8, Detections
from detector.vision.base import Detector, DetectorInfo, Precision, Provider
from detector.vision.cpu import cores, cpu_flags
from detector.vision.families import FAMILIES, Family, Wanted
from detector.vision.manifest import Manifest, manifest_path, read_manifest, read_network
from detector.vision.onnx_runtime import ort, ort_errors
from detector.vision.preprocess import Letterbox, Preprocessor
from detector.vision.settings import ModelSettings, PrecisionChoice

log = logging.getLogger(__name__)

# The binding's exceptions have no common base of their own.
_RUNTIME_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    *(
        error
        for error in vars(ort_errors).values()
        if isinstance(error, type) and issubclass(error, Exception)
    ),
)
_MAX_AUTO_THREADS = 4  # decoding, tracking and the API want cores too
_BF16_FLAGS = frozenset({"amx_bf16", "avx512_bf16"})
_PLUGINS: Mapping[str, str] = {
    "OpenVINOExecutionProvider": "onnxruntime_ep_openvino",
    "CUDAExecutionProvider": "onnxruntime_ep_cuda",
}


def load_detector(settings: ModelSettings, stages: StageClock | None = None) -> Detector:
    """Read, check and start the network; ``stages`` counts the CPU of what it does.

    Raises:
        ModelError: manifest or file are wrong, the provider or precision is not to be had, or the
            graph's shapes are not those of the manifest.
    """
    path = manifest_path(settings.path)
    manifest = read_manifest(path)
    runtime = _start(read_network(manifest, path.parent), manifest, settings, str(path))
    return OnnxDetector(manifest, runtime, str(path), stages or StageClock())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runtime:
    """A session with what is known of it."""

    session: Any
    sha256: str
    provider: Provider
    precision: Precision
    threads: int
    max_batch: int
    reason: str


class OnnxDetector:
    """One network in one session; owned by one thread. Made by :func:`load_detector`."""

    def __init__(
        self, manifest: Manifest, runtime: _Runtime, where: str, stages: StageClock
    ) -> None:
        self._where = where
        self._stages = stages
        self._session = runtime.session
        self._info = DetectorInfo(
            model=manifest.name,
            version=manifest.version,
            sha256=runtime.sha256,
            family=manifest.family,
            provider=runtime.provider,
            precision=runtime.precision,
            threads=runtime.threads,
            input_size=manifest.input_size,
            max_batch=runtime.max_batch,
            scores=manifest.scores,
            reason=runtime.reason,
        )
        low = {label: scores.min_score for label, scores in manifest.scores.items()}
        wanted = Wanted(manifest.class_ids, low, manifest.nms_iou)
        self._family: Family = FAMILIES[manifest.family](manifest.input_size, wanted)
        self._preprocessor = Preprocessor(manifest.input_size)
        width, height = manifest.input_size
        self._input: F32 = np.zeros((runtime.max_batch, 3, height, width), np.float32)
        self._input_name = _check_input(self._session, self._input.shape, where)
        self._output_names = [output.name for output in self._session.get_outputs()]
        self._prove()
        log.info("model %s", self._info)

    @property
    def info(self) -> DetectorInfo:
        """What runs."""
        return self._info

    def detect(self, images: Sequence[U8]) -> list[Detections]:
        """Find boxes in each picture; see :class:`detector.vision.base.Detector`."""
        found: list[Detections] = []
        for start in range(0, len(images), self._info.max_batch):
            batch = images[start : start + self._info.max_batch]
            with self._stages.measure(Stage.PREPROCESS):
                boxes = [
                    self._preprocessor.write(image, tensor)
                    for image, tensor in zip(batch, self._input, strict=False)
                ]
            with self._stages.measure(Stage.INFERENCE):
                outputs = self._infer(self._input[: len(batch)])
            with self._stages.measure(Stage.POSTPROCESS):
                found += map(_onto_picture, map(self._family.decode, outputs), boxes)
        return found

    def _infer(self, tensor: F32) -> F32:
        try:
            outputs = self._session.run(self._output_names[:1], {self._input_name: tensor})
        except _RUNTIME_ERRORS as error:
            problem = Problem(self._where, "an inference", _one_line(error))
            raise ModelError(str(problem)) from error
        result: F32 = outputs[0]
        return result

    def _prove(self) -> None:
        """Run once and hold the output against the family."""
        for count in {1, self._info.max_batch}:
            output = self._infer(self._input[:count])
            expected = self._family.expected(output.shape[1:])
            if len(output) != count or expected or output.dtype != np.float32:
                found = f"{output.dtype} {output.shape}"
                wanted = f"output float32 ({count}, {expected or '...'}) of {self._info.family}"
                raise ModelError(str(Problem(self._where, wanted, found)))
            if not np.isfinite(output).all():
                problem = Problem(self._where, "finite numbers for a black picture", "inf or nan")
                raise ModelError(str(problem))


def _onto_picture(found: Detections, box: Letterbox) -> Detections:
    """Move boxes from the input onto the picture; those that lie in the border alone go."""
    xyxy = box.to_source(found.xyxy)
    inside = (xyxy[:, 2] > xyxy[:, 0]) & (xyxy[:, 3] > xyxy[:, 1])
    return Detections(xyxy, found.confidence, found.class_id)[inside]


def _check_input(session: Any, shape: tuple[int, ...], where: str) -> str:
    """Hold the graph's input against the manifest's and give its name."""
    inputs = session.get_inputs()
    first = inputs[0]
    fits = (
        len(inputs) == 1
        and first.type == "tensor(float)"
        and len(first.shape) == len(shape)
        and all(
            not isinstance(have, int) or have == want
            for have, want in zip(first.shape, shape, strict=True)
        )
    )  # a name or None stands for a free axis
    if not fits:
        found = ", ".join(f"{one.name} {one.type} {one.shape}" for one in inputs)
        problem = Problem(f"{where}: input", f"one tensor(float) {list(shape)}", found)
        raise ModelError(str(problem))
    name: str = first.name
    return name


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a provider needs to know to start a session."""

    network: bytes
    threads: int
    sizes: Mapping[str, int]
    precision: PrecisionChoice
    where: str

    def options(self) -> Any:
        """Give the session options that all providers share."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # Threads that spin while they wait took 1.8 times the processor time on a busy machine.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        for axis, size in self.sizes.items():  # fixed shapes let providers plan their memory
            options.add_free_dimension_override_by_name(axis, size)
        return options

    def missing(self, expected: str, found: str) -> ModelError:
        """Give the error for something that is not to be had here."""
        return ModelError(str(Problem(self.where, expected, found)))


def _start(network: bytes, manifest: Manifest, settings: ModelSettings, where: str) -> _Runtime:
    """Start a session on the provider that was chosen."""
    threads = settings.threads or min(cores(), _MAX_AUTO_THREADS)
    max_batch = settings.batch if manifest.input.dynamic else 1
    sizes = {"height": manifest.input.height, "width": manifest.input.width}
    if max_batch == 1:
        sizes["batch"] = 1
    plan = _Plan(network, threads, sizes, settings.precision, where)
    provider: Provider
    if settings.provider != "auto":
        provider, reason = settings.provider, "named in the settings"
        session, precision = _PROVIDERS[provider](plan)
    else:
        try:
            provider, reason = "openvino", "auto: OpenVINO computes in bf16 on this processor"
            session, precision = _on_openvino(_for_gain(plan))
        except ModelError as error:
            provider, reason = "cpu", f"auto: not OpenVINO, because {error}"
            session, precision = _on_cpu(plan)
    return _Runtime(
        session=session,
        sha256=manifest.sha256,
        provider=provider,
        precision=precision,
        threads=threads,
        max_batch=max_batch,
        reason=reason,
    )


def _for_gain(plan: _Plan) -> _Plan:
    """Insist on bf16: in fp32 OpenVINO was measured to be no cheaper than the CPU provider."""
    if plan.precision == "fp32":
        raise plan.missing("precision bf16 or auto, to gain by it", "fp32")
    return replace(plan, precision="bf16")


def _on_cpu(plan: _Plan) -> tuple[Any, Precision]:
    """Start on ONNX Runtime's own CPU provider, which computes in fp32."""
    if plan.precision == "bf16":
        raise plan.missing("precision fp32 or auto on provider cpu", "bf16")
    session = _session(plan, plan.options(), providers=["CPUExecutionProvider"])
    return session, "fp32"


def _on_openvino(plan: _Plan) -> tuple[Any, Precision]:
    """Start on the OpenVINO plug-in's CPU device, the whole graph or nothing."""
    device = _device(plan, "OpenVINOExecutionProvider", "CPU")
    bf16 = cpu_flags() & _BF16_FLAGS
    if plan.precision == "bf16" and not bf16:
        raise plan.missing(f"a processor with one of {sorted(_BF16_FLAGS)}", "none of them")
    precision: Precision = "fp32" if plan.precision == "fp32" or not bf16 else "bf16"
    config = {
        "CPU": {
            "INFERENCE_PRECISION_HINT": "f32" if precision == "fp32" else "bf16",
            "INFERENCE_NUM_THREADS": str(plan.threads),
            "PERFORMANCE_HINT": "LATENCY",
        }
    }
    options = plan.options()
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    options.add_provider_for_devices([device], {"load_config": json.dumps(config)})
    return _session(plan, options), precision


def _on_cuda(plan: _Plan) -> tuple[Any, Precision]:
    """Start on the CUDA provider; small integer work may stay on the CPU, as is its way."""
    if plan.precision == "bf16":
        raise plan.missing("precision fp32 or auto on provider cuda", "bf16")
    device = _device(plan, "CUDAExecutionProvider", None)
    options = plan.options()
    options.add_provider_for_devices([device], {})
    session = _session(plan, options)
    if session.get_providers()[0] != "CUDAExecutionProvider":
        raise plan.missing("a session on CUDAExecutionProvider", str(session.get_providers()))
    return session, "fp32"


_PROVIDERS: Mapping[str, Callable[[_Plan], tuple[Any, Precision]]] = {
    "cpu": _on_cpu,
    "openvino": _on_openvino,
    "cuda": _on_cuda,
}


@cache
def _register(provider: str) -> None:
    """Make a provider known to ONNX Runtime, once, unless its build brings it along."""
    if provider in {device.ep_name for device in ort.get_ep_devices()}:
        return
    plugin = importlib.import_module(_PLUGINS[provider])
    ort.register_execution_provider_library(provider, plugin.get_library_path())


def _device(plan: _Plan, provider: str, kind: str | None) -> Any:
    """Find the device on which a provider's plug-in would run."""
    try:
        _register(provider)
    except ImportError as error:
        raise plan.missing(f"the package {_PLUGINS[provider]}", f"none ({error})") from error
    except _RUNTIME_ERRORS as error:
        raise plan.missing(f"the plug-in of {_PLUGINS[provider]}", _one_line(error)) from error
    for device in ort.get_ep_devices():
        if device.ep_name == provider and kind in (None, device.ep_metadata.get("ov_device")):
            return device
    offered = sorted({device.ep_name for device in ort.get_ep_devices()})
    raise plan.missing(f"a device of {provider} on this machine", f"only those of {offered}")


def _session(plan: _Plan, options: Any, **providers: Any) -> Any:
    try:
        return ort.InferenceSession(plan.network, options, **providers)
    except _RUNTIME_ERRORS as error:
        raise plan.missing("a network that ONNX Runtime can start", _one_line(error)) from error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
