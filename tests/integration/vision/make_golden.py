"""Writes what Ultralytics predicts on the pictures of the tests, to compare without Ultralytics.

Run ``python -m tests.integration.vision.make_golden WEIGHTS_FOLDER`` with the training extra.
"""

import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

from tests.integration.vision.parity import (
    GOLDEN,
    MIN_SCORE,
    NMS_IOU,
    PICTURES,
    WEIGHTS,
    read,
    ultralytics_persons,
)


def main() -> None:
    """Write the golden file."""
    folder = Path(sys.argv[1])
    files = sorted(PICTURES.glob("*.jpg"))
    networks = {}
    for weights in WEIGHTS:
        network = folder / weights.file
        rows = ultralytics_persons(network, weights.side, [read(file) for file in files])
        networks[weights.file] = {
            "sha256": hashlib.sha256(network.read_bytes()).hexdigest(),
            "persons": {
                file.name: [[round(float(value), 4) for value in row] for row in found]
                for file, found in zip(files, rows, strict=True)
            },
        }
    record = {
        "ultralytics": version("ultralytics-opencv-headless"),
        "min_score": MIN_SCORE,
        "nms_iou": NMS_IOU,
        "networks": networks,
    }
    GOLDEN.parent.mkdir(exist_ok=True)
    GOLDEN.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
