"""The families of networks that can be run; a new one is a file here and a line in the table."""

from collections.abc import Callable, Mapping

from detector.vision.families.end2end import UltralyticsEnd2End
from detector.vision.families.family import Family, Wanted
from detector.vision.families.raw import UltralyticsRaw
from detector.vision.manifest import Family as FamilyName

__all__ = ["FAMILIES", "Family", "Wanted"]

FAMILIES: Mapping[FamilyName, Callable[[tuple[int, int], Wanted], Family]] = {
    "ultralytics-raw": UltralyticsRaw,
    "ultralytics-end2end": UltralyticsEnd2End,
}
