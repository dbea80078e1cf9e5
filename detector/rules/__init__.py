"""Questions asked of the tracks of one camera; each rule is one file and one line in the table."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from detector.rules.barrier_crossing import BarrierCrossing, BarrierCrossingSettings
from detector.rules.base import Rule
from detector.rules.zone_intrusion import ZoneIntrusion, ZoneIntrusionSettings
from detector.scene import Scene

__all__ = ["Rule", "RuleSettings", "build_rules"]

RuleSettings = Annotated[
    ZoneIntrusionSettings | BarrierCrossingSettings, Field(discriminator="kind")
]

_RULES: Mapping[str, Any] = {
    "zone_intrusion": ZoneIntrusion,
    "barrier_crossing": BarrierCrossing,
}


def build_rules(settings: Mapping[str, RuleSettings], scene: Scene) -> tuple[Rule, ...]:
    """Build the rules of one camera."""
    return tuple(_RULES[s.kind](name, s, scene) for name, s in settings.items() if s.enabled)
