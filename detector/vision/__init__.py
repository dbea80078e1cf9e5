"""Pixels to detections; the runtime itself is only imported with ``onnx_detector``."""

from detector.vision.base import ClassScores, Detector, DetectorInfo
from detector.vision.settings import ModelSettings, TilingSettings

__all__ = ["ClassScores", "Detector", "DetectorInfo", "ModelSettings", "TilingSettings"]
