"""Runs a network over a clip once and keeps what it found under ``build/``."""

import hashlib
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import av
import numpy as np
import yaml

from benchmarks.mot import ROOT, SHARED_DATA, Boxes, Clip
from detector.types import ObjectClass
from detector.vision import ModelSettings
from detector.vision.manifest import Manifest, read_manifest
from detector.vision.onnx_detector import load_detector

COCO_NETWORK = SHARED_DATA / "weights" / "yolo26n_coco_deq_e2e_640.onnx"
"""A public network that was never trained on our clips: the same for everybody who compares."""


def model_folder(model: Path) -> Path:
    """Give the folder of a manifest; for a bare end-to-end COCO export of 640x640, make one."""
    if model.suffix != ".onnx":
        return model
    folder = ROOT / "build" / "models" / model.stem
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(model, folder / model.name)
    manifest = {
        "name": model.stem,
        "version": "coco",
        "file": model.name,
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "family": "ultralytics-end2end",
        "input": {
            "height": 640,
            "width": 640,
            "layout": "NCHW",
            "color": "RGB",
            "range": "0-1",
            "dynamic": False,
        },
        "classes": {0: "person"},
        "thresholds": {"person": {"min_score": 0.1, "threshold": 0.5}},
        "nms_iou": 0.7,
        "licence": "AGPL-3.0 (used for measuring only, not shipped)",
        "source": "COCO weights of Ultralytics",
        "created": date(2026, 11, 1),
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    return folder


def scores(manifest: Manifest) -> dict[ObjectClass, tuple[float, float]]:
    """Give the confidences as the tracker wants them."""
    return {cls: (limits.min_score, limits.threshold) for cls, limits in manifest.scores.items()}


def detect(clip: Clip, folder: Path) -> Boxes:
    """Find the people of a clip's labelled frames; from ``build/`` where that was done before."""
    manifest = read_manifest(folder)
    limit = manifest.scores[ObjectClass.PERSON].min_score
    kept = ROOT / "build" / "detections" / f"{clip.name}-{manifest.sha256[:12]}-{limit}.npz"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        began = datetime.now(UTC)
        found = _run(clip, folder)
        np.savez(kept, frame=found.frame, xyxy=found.xyxy, confidence=found.confidence)
        print(f"{clip.name}: detected in {(datetime.now(UTC) - began).seconds} s")
    with np.load(kept) as data:
        none = np.zeros(len(data["frame"]), np.int64)
        return Boxes(data["frame"], none, data["xyxy"], data["confidence"])


def _run(clip: Clip, folder: Path) -> Boxes:
    # Named and not "auto", so that every machine finds the same boxes.
    detector = load_detector(ModelSettings(path=folder, provider="cpu", precision="fp32"))
    frames, found = [], []
    with av.open(str(SHARED_DATA / clip.video)) as container:
        for number, picture in enumerate(container.decode(video=0), start=1):
            if number > clip.frames:
                break
            image = np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)
            boxes = detector.detect([image])[0]
            people = boxes[boxes.class_id == ObjectClass.PERSON]
            frames.append(np.full(len(people), number, np.int64))
            found.append(people)
    frame = np.concatenate(frames)
    return Boxes(
        frame,
        np.zeros(len(frame), np.int64),
        np.concatenate([f.xyxy for f in found]),
        np.concatenate([f.confidence for f in found]),
    )
