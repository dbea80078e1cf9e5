"""Fine-tunes a nano detector for {person, ladder} with Ultralytics.

    python -m models.train.train --weights yolo11n.pt --dataset build/train/dataset/dataset.yaml \
        --run build/train/runs/first --epochs 12

The same command goes on where a run was cut off. On a CPU tensors are channels-last, and the
forward pass runs in bfloat16 where the CPU has instructions for it (elsewhere that is ten times
slower than float32: 0.8 against 8.1 pictures a second on a CPU with AVX2 only); on a GPU
Ultralytics' own mixed precision is used.
"""

import argparse
import copy
from pathlib import Path
from typing import Any

import torch
from torch import nn
from ultralytics.engine import trainer as engine
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.nn.tasks import DetectionModel

NAMES = ("person", "ladder")
# The names under which public networks know our classes, most wanted first
ALIASES = {"person": ("person", "Person"), "ladder": ("ladder", "Ladder")}
# A class that the start weights lack begins as unlikely as a rare COCO class
UNKNOWN_BIAS = -6.0


class Trainer(DetectionTrainer):  # type: ignore[misc]  # ultralytics has no types
    """Ultralytics' trainer with a class head that starts from the rows of the old classes."""

    def get_model(
        self,
        cfg: Any = None,  # noqa: ARG002 - overrides
        weights: nn.Module | None = None,
        verbose: bool = True,  # noqa: ARG002, FBT001, FBT002 - overrides
    ) -> DetectionModel:
        """The network for our two classes with everything taken over that the weights know."""
        if weights is None:
            raise SystemExit("--weights: expected a checkpoint to start from")
        return two_class_network(weights)

    def final_eval(self) -> None:
        """Judge nothing here: `evaluate` and `thresholds` do, through ONNX Runtime."""

    def _model_train(self) -> None:
        """Train with the batch-norm statistics of the start weights.

        Those saw far more real pictures than ours; statistics of drawn ones would drift away.
        """
        self.model.train()
        for module in self.model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()


def two_class_network(weights: nn.Module) -> DetectionModel:
    """A fresh network for {person, ladder} holding the weights.

    The class branch keeps the width that it had for the old number of classes (Ultralytics makes
    it narrower for few classes, which would throw the learnt branch away); only the rows of its
    last convolution are chosen anew.
    """
    ours = tuple(weights.names.values()) == NAMES
    described = copy.deepcopy(weights.yaml)
    width = described.get("class_branch_made_for", len(weights.names))
    model = DetectionModel(described, nc=width, verbose=False)
    drop_finest(model, described.get("levels_dropped", 0))
    if ours:
        narrow_head(model, [None] * len(NAMES))
    model.load_state_dict(weights.float().state_dict())
    if not ours:
        numbers = {name: number for number, name in weights.names.items()}
        rows = [
            next((numbers[alias] for alias in ALIASES[name] if alias in numbers), None)
            for name in NAMES
        ]
        narrow_head(model, rows)
        origin = ["fresh" if row is None else weights.names[row] for row in rows]
        print("class head:", dict(zip(NAMES, origin, strict=True)))
    model.names = dict(enumerate(NAMES))
    model.yaml |= {"nc": len(NAMES), "class_branch_made_for": width}
    return model


LEVELS_DROPPED = 1
"""Of the ladder branch: it does without cells of stride 8."""


def drop_finest(model: DetectionModel, levels: int) -> None:
    """Take the finest levels out of the head, which is where most of its time goes.

    A branch for large things alone (see `branches`) does without stride 8.
    """
    head = model.model[-1]
    for name in ("cv2", "cv3", "stride", "f"):
        setattr(head, name, getattr(head, name)[levels:])
    head.nl -= levels
    model.stride = head.stride
    model.yaml |= {"levels_dropped": levels}


def narrow_head(model: DetectionModel, rows: list[int | None]) -> None:
    """Keep these rows of the last class convolutions; None makes a row that starts unlikely."""
    head = model.model[-1]
    for name in ("cv3", "one2one_cv3"):
        for branch in getattr(head, name, ()):
            old = branch[-1]
            new = nn.Conv2d(old.in_channels, len(rows), 1)
            with torch.no_grad():
                for number, row in enumerate(rows):
                    new.weight[number] = old.weight.mean(dim=0) if row is None else old.weight[row]
                    new.bias[number] = UNKNOWN_BIAS if row is None else old.bias[row]
            branch[-1] = new
    head.nc = len(rows)
    head.no = head.nc + 4 * head.reg_max


def cpu_has_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 by itself (AVX-512 BF16 or AMX)."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())  # noqa: SLF001  (no public way to ask)


def channels_last_on_cpu(trainer: Any) -> None:
    """Callback at the start of training: a tensor layout that CPUs are faster with."""
    if trainer.device.type == "cpu":
        trainer.model.to(memory_format=torch.channels_last)


def main() -> None:
    """Train, or go on with a run that was cut off."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument(
        "--freeze", type=int, default=0, help="keep the first N modules as they are"
    )
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--close-mosaic", type=int, default=2, help="last epochs without mosaics")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.device == "cpu" and cpu_has_bfloat16():
        engine.autocast = lambda *_, **__: torch.autocast("cpu", dtype=torch.bfloat16)
    last = arguments.run / "weights/last.pt"
    settings = {
        "model": str(last if last.exists() else arguments.weights),
        "data": str(arguments.dataset),
        "project": str(arguments.run.resolve().parent),
        "name": arguments.run.name,
        "exist_ok": True,
        "resume": str(last) if last.exists() else False,  # True alone finds no checkpoint
        "epochs": arguments.epochs,
        "batch": arguments.batch,
        "imgsz": arguments.size,
        "freeze": arguments.freeze,
        "device": arguments.device,
        "optimizer": "AdamW",
        "lr0": arguments.lr,
        "lrf": 0.05,
        "warmup_epochs": 0.5,
        "warmup_bias_lr": arguments.lr,
        "nbs": arguments.batch,
        "cos_lr": True,
        "workers": 1,
        "seed": 4,
        "amp": arguments.device != "cpu",
        "mosaic": 0.4,
        "close_mosaic": arguments.close_mosaic,
        "scale": 0.35,
        "degrees": 3.0,
        "hsv_h": 0.015,
        "hsv_s": 0.5,
        "hsv_v": 0.55,
        "erasing": 0.0,
        "plots": False,
        "val": False,
        "verbose": False,
    }
    run = Trainer(overrides=settings)
    run.add_callback("on_train_start", channels_last_on_cpu)
    run.train()


if __name__ == "__main__":
    main()
