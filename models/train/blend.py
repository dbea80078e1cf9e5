"""Blends fine-tuned weights with the start weights, which gives back lost robustness (WiSE-FT).

python -m models.train.blend --start yolo11n.pt --tuned last.pt --share 0.7 --out blended.pt

Wortsman et al., Robust fine-tuning of zero-shot models, CVPR 2022, and Model soups, ICML 2022.
"""

import argparse
from pathlib import Path

import torch
from torch import nn
from ultralytics import YOLO

from models.train.train import NAMES, two_class_network

# Rows of the class layer that the start weights do not know are taken from the tuned network whole
LADDER_ROW = 1


def blend(
    start: nn.Module,
    tuned: list[nn.Module],
    share: float,
    ladder_logit: float = 0.0,
    first_module: int = 0,
) -> nn.Module:
    """`share` of the tuned and the rest of the start weights; the ladder's own row stays tuned.

    Several tuned networks are averaged first. The start weights hold ladders for unlikely, so a
    blend scores them low; `ladder_logit` is added to every ladder score before the sigmoid, which
    moves scores but never their order. Modules before `first_module` stay tuned, as a branch needs
    whose backbone is that of another (`branches`).
    """
    states = [network.float().state_dict() for network in tuned]
    with torch.no_grad():
        for name, value in start.state_dict().items():
            if not value.is_floating_point():
                continue
            mean = torch.stack([state[name] for state in states]).mean(dim=0)
            value.lerp_(mean, share if int(name.split(".")[1]) >= first_module else 1.0)
            if ".cv3." in name and value.shape[0] == len(NAMES):
                value[LADDER_ROW] = mean[LADDER_ROW]
                if value.ndim == 1:
                    value[LADDER_ROW] += ladder_logit
    return start


def save(network: nn.Module, checkpoint: Path) -> None:
    """Write a checkpoint that Ultralytics reads, not rounded to half precision as its own are."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": network.float(), "train_args": {"task": "detect"}}, checkpoint)


def main() -> None:
    """Write the blended checkpoint."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--tuned", type=Path, nargs="+", required=True)
    parser.add_argument("--share", type=float, required=True)
    parser.add_argument("--ladder-logit", type=float, default=0.0)
    parser.add_argument("--first-module", type=int, default=0, help="those before stay tuned")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    start = two_class_network(YOLO(arguments.start).model)
    tuned = [YOLO(path).model for path in arguments.tuned]
    blended = blend(start, tuned, arguments.share, arguments.ladder_logit, arguments.first_module)
    save(blended, arguments.out)


if __name__ == "__main__":
    main()
