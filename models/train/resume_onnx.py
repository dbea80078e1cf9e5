"""Makes a trainable checkpoint from an exported network, to train on from what is shipped.

    python -m models.train.resume_onnx --like yolo11n.pt --graph models/barrier-n/model.onnx \
        --branch people --out build/train/people.pt

An exported network has its batch normalisation folded into the convolutions. Here the convolutions
keep what was folded in, and the normalisation becomes the identity with trainable scale and shift.
Networks that are to be blended must all be in this form: a mean of weights in different forms means
nothing. Without ``--graph`` the checkpoint itself is brought into it. A graph of two branches
(`branches`) needs ``--branch``: `people` or `ladders`, each with the trunk they share.
"""

import argparse
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from torch import nn
from ultralytics import YOLO

from models.train.blend import save
from models.train.train import LEVELS_DROPPED, drop_finest, two_class_network


def folded(network: nn.Module) -> nn.Module:
    """The same function with every batch normalisation made the identity."""
    with torch.no_grad():
        for module in network.modules():
            conv, norm = getattr(module, "conv", None), getattr(module, "bn", None)
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
                conv.weight.mul_(gain.reshape(-1, 1, 1, 1))
                _identity(norm, norm.bias - norm.running_mean * gain)
    return network


def filled(network: nn.Module, graph: Path, branch: str | None = None) -> nn.Module:
    """The network with the weights of an export of the same architecture.

    Raises SystemExit where a weight is missing or has another shape.
    """
    written = _convolutions(graph, ("trunk", branch) if branch else ("model",))
    with torch.no_grad():
        for name, module in network.named_modules():
            if isinstance(module, nn.Conv2d):
                module.weight.copy_(_weight(written, f"{name}.weight", module.weight, graph))
                if module.bias is not None:
                    module.bias.copy_(_weight(written, f"{name}.bias", module.bias, graph))
        for name, module in network.named_modules():
            norm = getattr(module, "bn", None)
            if isinstance(norm, nn.BatchNorm2d):
                _identity(norm, _weight(written, f"{name}.conv.bias", norm.bias, graph))
    return network


def _convolutions(graph: Path, parts: tuple[str, ...]) -> dict[str, torch.Tensor]:
    """Weights and biases by the name that the convolution has in the network.

    Initializers are not named after modules where batch normalisation was folded in; nodes are.
    """
    model = onnx.load(graph).graph
    values = {one.name: one for one in model.initializer}
    written = {}
    for node in model.node:
        module = _module(node.name.removesuffix("/Conv"))
        part, _, rest = module.partition(".")
        if node.op_type == "Conv" and part in parts:
            for kind, value in zip(("weight", "bias"), node.input[1:], strict=False):
                array = numpy_helper.to_array(values[value]).copy()
                written[f"model.{rest}.{kind}"] = torch.from_numpy(array)
    return written


def _module(scope: str) -> str:
    """The module of a node's scope, which names a container again before its member.

    >>> _module("/people.23/cv3.1/cv3.1.0/cv3.1.0.0/conv"), _module("/trunk.8/m.0/m/m.1/cv1/conv")
    ('people.23.cv3.1.0.0.conv', 'trunk.8.m.0.m.1.cv1.conv')
    """
    parts: list[str] = []
    for part in scope.strip("/").split("/"):
        if parts and part.startswith(f"{parts[-1]}."):
            parts.pop()
        parts.append(part)
    return ".".join(parts)


def _identity(norm: nn.BatchNorm2d, shift: torch.Tensor) -> None:
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0 - norm.eps)
    norm.weight.fill_(1.0)
    norm.bias.copy_(shift)


def _weight(
    written: dict[str, torch.Tensor], name: str, like: torch.Tensor, graph: Path
) -> torch.Tensor:
    found = written.get(name)
    if found is None or found.shape != like.shape:
        shape = None if found is None else tuple(found.shape)
        raise SystemExit(f"{graph}: {name}: expected {tuple(like.shape)}, found {shape}")
    return found


def main() -> None:
    """Write the checkpoint."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--like", type=Path, required=True, help="checkpoint of the architecture")
    parser.add_argument("--graph", type=Path, help="the exported network")
    parser.add_argument(
        "--branch", choices=("people", "ladders"), help="of a graph of two branches"
    )
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    network = folded(two_class_network(YOLO(arguments.like).model))
    if arguments.branch == "ladders":
        drop_finest(network, LEVELS_DROPPED)
    if arguments.graph:
        network = filled(network, arguments.graph, arguments.branch)
    save(network, arguments.out)


if __name__ == "__main__":
    main()
