"""Questions asked of the tracks of one camera; each rule is one file and one line in the table."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field

from detector.errors import ConfigError, Problem
from detector.rules.approach import Approach, ApproachSettings
from detector.rules.arrival_from_water import ArrivalFromWater, ArrivalFromWaterSettings
from detector.rules.barrier_crossing import BarrierCrossing, BarrierCrossingSettings
from detector.rules.base import CommonSettings, Rule
from detector.rules.climbing import Climbing, ClimbingSettings
from detector.rules.fence_work import FenceWork, FenceWorkSettings
from detector.rules.group_size import GroupSize, GroupSizeSettings
from detector.rules.ladder_at_barrier import LadderAtBarrier, LadderAtBarrierSettings
from detector.rules.ladder_carried import LadderCarried, LadderCarriedSettings
from detector.rules.ladder_left import LadderLeft, LadderLeftSettings
from detector.rules.loitering import Loitering, LoiteringSettings, Stay
from detector.rules.person_down import PersonDown, PersonDownSettings
from detector.rules.person_in_water import PersonInWater, PersonInWaterSettings
from detector.rules.water import WaterRuleSettings
from detector.rules.zone_intrusion import ZoneIntrusion, ZoneIntrusionSettings
from detector.scene import BarrierSettings, Scene, ZoneSettings

__all__ = [
    "WATER_EXPECTED",
    "ApproachSettings",
    "ArrivalFromWaterSettings",
    "BarrierCrossingSettings",
    "ClimbingSettings",
    "FenceWorkSettings",
    "GroupSizeSettings",
    "LadderAtBarrierSettings",
    "LadderCarriedSettings",
    "LadderLeftSettings",
    "Loitering",
    "LoiteringSettings",
    "PersonDownSettings",
    "PersonInWaterSettings",
    "Rule",
    "RuleSettings",
    "Stay",
    "ZoneIntrusionSettings",
    "asks_land_about_water",
    "build_rules",
    "default_rules",
]

RuleSettings = Annotated[
    ZoneIntrusionSettings
    | ApproachSettings
    | BarrierCrossingSettings
    | ClimbingSettings
    | FenceWorkSettings
    | LadderCarriedSettings
    | LadderAtBarrierSettings
    | LadderLeftSettings
    | LoiteringSettings
    | GroupSizeSettings
    | PersonInWaterSettings
    | ArrivalFromWaterSettings
    | PersonDownSettings,
    Field(discriminator="kind"),
]

_RULES: Mapping[type[CommonSettings], Callable[[str, Any, Scene], Rule]] = {
    ZoneIntrusionSettings: ZoneIntrusion,
    ApproachSettings: Approach,
    BarrierCrossingSettings: BarrierCrossing,
    ClimbingSettings: Climbing,
    FenceWorkSettings: FenceWork,
    LadderCarriedSettings: LadderCarried,
    LadderAtBarrierSettings: LadderAtBarrier,
    LadderLeftSettings: LadderLeft,
    LoiteringSettings: Loitering,
    GroupSizeSettings: GroupSize,
    PersonInWaterSettings: PersonInWater,
    ArrivalFromWaterSettings: ArrivalFromWater,
    PersonDownSettings: PersonDown,
}

WATER_EXPECTED = "a zone with kind: water"
"""What a rule about water expects, for error messages."""


def build_rules(settings: Mapping[str, RuleSettings], scene: Scene) -> tuple[Rule, ...]:
    """Build the rules of one camera, without those that are or whose place is disabled.

    Raises:
        ConfigError: rules that name zones or barriers the scene does not have, or ask land about
            water.
    """
    problems = [
        problem for name, rule in settings.items() for problem in _missing(name, rule, scene)
    ]
    if problems:
        raise ConfigError(*problems)
    return tuple(
        _RULES[type(rule)](name, rule, scene)
        for name, rule in settings.items()
        if rule.enabled and _is_place_enabled(rule, scene)
    )


def default_rules(
    barriers: Mapping[str, BarrierSettings],
    zones: Mapping[str, ZoneSettings],
    *,
    ladders: bool = True,
) -> dict[str, RuleSettings]:
    """Give what a camera is asked that configures no rules: all that fits what is drawn.

    Climbing needs a barrier with a top line: there is nothing to climb on a line on the ground. Who
    lies down is asked of the whole picture, where anything is drawn: help is not a matter of zones.
    ``ladders`` says whether ladders are tracked.
    """
    rules: dict[str, RuleSettings] = {}
    for name, barrier in barriers.items():
        rules[f"{name}_approach"] = ApproachSettings(barrier=name)
        rules[f"{name}_crossing"] = BarrierCrossingSettings(barrier=name)
        if barrier.top:
            rules[f"{name}_climbing"] = ClimbingSettings(barrier=name)
        rules[f"{name}_work"] = FenceWorkSettings(barrier=name)
        if ladders:
            rules[f"{name}_ladder"] = LadderAtBarrierSettings(barrier=name)
    if ladders and barriers:
        rules["ladder_carried"] = LadderCarriedSettings()
        rules["ladder_left"] = LadderLeftSettings()
    watched = [b.enabled for b in barriers.values()] + [z.enabled for z in zones.values()]
    if any(watched):
        rules["person_down"] = PersonDownSettings()
    for name, zone in zones.items():
        if zone.kind == "water":
            rules[f"{name}_water"] = PersonInWaterSettings(zone=name)
            rules[f"{name}_arrival"] = ArrivalFromWaterSettings(zone=name)
        else:
            rules[f"{name}_intrusion"] = ZoneIntrusionSettings(zone=name)
        rules[f"{name}_loitering"] = LoiteringSettings(zone=name)
        rules[f"{name}_group"] = GroupSizeSettings(zone=name)
    return rules


def _missing(name: str, rule: RuleSettings, scene: Scene) -> list[Problem]:
    """Find the places a rule names that are not drawn, or are no water where it needs some."""
    drawn: dict[str, Mapping[str, object]] = {"zone": scene.zones, "barrier": scene.barriers}
    problems = [
        Problem(
            f"rules.{name}.{key}",
            f"one of the {key}s {', '.join(sorted(places)) or '(there are none)'}",
            repr(place),
        )
        for key, places in drawn.items()
        if (place := getattr(rule, key, "")) and place not in places
    ]
    zone = scene.zones.get(getattr(rule, "zone", ""))
    if zone is not None and asks_land_about_water(rule, zone.settings):
        problems.append(Problem(f"rules.{name}.zone", WATER_EXPECTED, f"{zone.name!r}, land"))
    return problems


def asks_land_about_water(rule: CommonSettings, zone: ZoneSettings) -> bool:
    """Tell whether a rule about water looks at a zone of another kind."""
    return isinstance(rule, WaterRuleSettings) and zone.kind != "water"


def _is_place_enabled(rule: RuleSettings, scene: Scene) -> bool:
    zone = scene.zones.get(getattr(rule, "zone", ""))
    barrier = scene.barriers.get(getattr(rule, "barrier", ""))
    return not any(place and not place.settings.enabled for place in (zone, barrier))
