"""Boxes of one picture in, tracks over time out."""

from detector.tracking.settings import LostBudget, TrackingSettings
from detector.tracking.tracker import Tracker

__all__ = ["LostBudget", "Tracker", "TrackingSettings"]
