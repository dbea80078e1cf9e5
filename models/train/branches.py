"""Gives ladders a branch of their own beside an unchanged person detector, in one graph.

    python -m models.train.branches start --people shipped.pt --ladders third.pt --out ladders.pt
    python -m models.train.train --weights ladders.pt --freeze 11 …
    python -m models.train.branches merge --people shipped.pt --ladders last.pt --out merged.onnx

Whatever is learnt for ladders in a network that finds people changes how it finds people. Here both
have the first ``SHARED`` modules in common, which training leaves alone, and then part: people
come out of the merged graph as out of their own network: its trunk is that of `--people`, as
Ultralytics rounds what it trains to fp16, which moves scores by up to 0.01. Ladders are large, so
their branch has no cells of stride 8, which are most of a head's cost.

The merged output is that of a raw head, (batch, 6, cells), with the cells of the second branch
behind those of the first: a cell of the person branch has no ladder score, and the other way round.
"""

import argparse
import copy
from pathlib import Path

import onnx
import onnxslim
import torch
from torch import nn
from ultralytics import YOLO

from models.train import labels
from models.train.blend import save
from models.train.export import OPSET, REAL, check, measured, table
from models.train.train import LEVELS_DROPPED, drop_finest, two_class_network

SHARED = 11
"""Modules in common: the backbone of YOLO11, up to its attention."""

TRACED_PX = (384, 640)


class Branches(nn.Module):
    """Two networks of one architecture that share their first modules.

    Raises:
        SystemExit: the modules that should be shared are not the same.
    """

    def __init__(self, people: nn.Module, ladders: nn.Module) -> None:
        super().__init__()
        hold_same(people, ladders)
        self.trunk = people.model[:SHARED]
        self.people = people.model[SHARED:]
        self.ladders = ladders.model[SHARED:]

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) RGB 0..1 to (B, 6, cells of both branches)."""
        shared = walk(self.trunk, [pictures])
        people, ladders = (
            plain(walk(branch, list(shared))[-1]) for branch in (self.people, self.ladders)
        )
        nobody, nothing = torch.zeros_like(ladders[:, 4:5]), torch.zeros_like(people[:, 5:6])
        return torch.cat(
            [
                torch.cat([people[:, :5], nothing], dim=1),
                torch.cat([ladders[:, :4], nobody, ladders[:, 5:6]], dim=1),
            ],
            dim=2,
        )


def walk(modules: nn.Module, outputs: list[torch.Tensor]) -> list[torch.Tensor]:
    """Append what each module makes; the picture comes first, so module n's is ``n + 1``."""
    for module in modules:
        source = [module.f] if isinstance(module.f, int) else module.f
        taken = [outputs[-1] if number == -1 else outputs[number + 1] for number in source]
        outputs.append(module(taken[0] if isinstance(module.f, int) else taken))
    return outputs


def plain(found: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
    """The decoded boxes alone: outside of an export the head gives its raw numbers too."""
    return found[0] if isinstance(found, tuple) else found


def hold_same(people: nn.Module, ladders: nn.Module) -> None:
    """Raise SystemExit where a shared weight differs by more than checkpoints, in fp16, round."""
    ours, theirs = (
        {
            name: value
            for name, value in network.state_dict().items()
            if int(name.split(".")[1]) < SHARED
        }
        for network in (people, ladders)
    )
    for name, value in ours.items():
        if name not in theirs or not torch.equal(value.half(), theirs[name].half()):
            raise SystemExit(
                f"branches: {name}: expected the same weights in both networks up to module "
                f"{SHARED - 1}, found others: train with --freeze {SHARED}"
            )


def started(people: nn.Module, ladders: nn.Module) -> nn.Module:
    """The ladder branch to train: the trunk of `people`, the rest of `ladders` without stride 8."""
    drop_finest(ladders, LEVELS_DROPPED)
    trunk = {
        name: value
        for name, value in people.state_dict().items()
        if int(name.split(".")[1]) < SHARED
    }
    ladders.load_state_dict(trunk, strict=False)
    return ladders


def exported(network: nn.Module, out: Path) -> None:
    """Write the ONNX file with free batch, height and width."""
    network = copy.deepcopy(network)
    for branch in (network.people, network.ladders):
        head = branch[-1]
        head.export, head.format, head.dynamic = True, "onnx", True
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        network,
        torch.zeros(1, 3, *TRACED_PX),
        out,
        opset_version=OPSET,
        input_names=["images"],
        output_names=["output0"],
        dynamic_axes={
            "images": {0: "batch", 2: "height", 3: "width"},
            "output0": {0: "batch", 2: "anchors"},
        },
        dynamo=False,
    )
    graph = onnxslim.slim(onnx.load(out))
    del graph.graph.value_info[:]  # shapes between nodes: a megabyte that a runtime infers anew
    onnx.save(graph, out)
    onnx.checker.check_model(str(out))


def loaded(checkpoint: Path) -> nn.Module:
    """The network of a checkpoint, ready to look at pictures."""
    return two_class_network(YOLO(checkpoint).model).float().eval()


def main() -> None:
    """Make the checkpoint to train from, or merge what was trained."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=("start", "merge"))
    for name in ("people", "ladders", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--pictures", type=Path, help="folder of real pictures for the check")
    arguments = parser.parse_args()
    people, ladders = loaded(arguments.people), loaded(arguments.ladders)
    if arguments.step == "start":
        save(started(people, ladders), arguments.out)
        return
    network = Branches(people, ladders).eval()
    exported(network, arguments.out)
    files = labels.pictures(arguments.pictures) if arguments.pictures else []
    gaps = measured(network, arguments.out, files[:: -(-len(files) // REAL) or 1])
    print(table(gaps))
    check(gaps, arguments.out)


if __name__ == "__main__":
    main()
