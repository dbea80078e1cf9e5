"""What holds for every rule."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from detector import rules as rules_package
from detector.errors import ConfigError
from detector.rules import RuleSettings, build_rules, default_rules
from detector.rules.base import CommonSettings, Rule
from detector.scene import BarrierSettings, Scene
from detector.types import Phase, RuleKind, Severity, Tracks
from tests.unit.rules.stage import (
    DEAR_LAW,
    FENCE,
    LAW,
    POND,
    SIZE,
    SQUARE,
    person,
    picture,
    play,
    relative,
    stage,
)

CLASSES: tuple[type[CommonSettings], ...] = get_args(get_args(RuleSettings)[0])
WALL = BarrierSettings(
    points=relative((100, 500), (900, 500)), top=relative((100, 350), (900, 350))
)
PRODUCT_DEFAULTS = {
    "zone_intrusion": ("detection", {"dwell_s": 0.5, "leave_grace_s": 2}),
    "approach": ("detection", {"near_m": 15, "hysteresis_m": 1, "turned_back_m": 5}),
    "barrier_crossing": ("alert", {"observations": 3, "past_m": 0.3}),
    "climbing": ("alert", {}),
    "ladder_carried": ("alert", {"hold_s": 0.5, "apart_s": 2}),
    "ladder_at_barrier": ("alert", {"observations": 3, "gone_s": 10}),
    "ladder_left": ("detection", {"alone_m": 3, "alone_s": 20}),
    "loitering": (
        "detection",
        {"stay_s": 120, "leave_s": 60, "heartbeats_s": (600, 3600, 21600, 86400)},
    ),
    "group_size": ("detection", {}),
    "person_in_water": ("welfare", {"dwell_s": 0.5, "leave_grace_s": 2}),
    "arrival_from_water": ("detection", {"ashore_m": 0.5, "ashore_s": 0.5, "heir_m": 1.5}),
    "person_down": ("welfare", {"down_s": 10, "still_m": 0.5, "zone": ""}),
    "fence_work": ("alert", {"work_s": 20, "still_m_s": 0.2, "pause_s": 2}),
}


def kind_of(settings: type[CommonSettings]) -> str:
    return str(settings.model_fields["kind"].default)


def all_rules(barrier: BarrierSettings = WALL) -> tuple[Rule, ...]:
    zones = {"yard": SQUARE, "pond": POND}
    scene = Scene.build(SIZE, zones, {"fence": barrier})
    return build_rules(default_rules({"fence": barrier}, zones), scene)


def test_every_kind_has_one_rule_with_the_defaults_of_the_product() -> None:
    assert {kind_of(c) for c in CLASSES} == set(PRODUCT_DEFAULTS) == {k.value for k in RuleKind}
    for settings in CLASSES:
        severity, defaults = PRODUCT_DEFAULTS[kind_of(settings)]
        assert settings.model_fields["severity"].default is Severity(severity)
        for name, value in defaults.items():
            assert settings.model_fields[name].default == value, (kind_of(settings), name)


def test_default_rules_ask_everything_that_fits_what_is_drawn() -> None:
    kinds = [str(rule.kind) for rule in all_rules()]
    assert set(kinds) == set(PRODUCT_DEFAULTS)
    assert all(rule.kind in RuleKind for rule in all_rules())
    assert [r.kind for r in default_rules({}, {"yard": SQUARE}).values()] == [
        "person_down",
        "zone_intrusion",
        "loitering",
        "group_size",
    ]
    assert [r.kind for r in default_rules({}, {"pond": POND}).values()] == [
        "person_down",
        "person_in_water",
        "arrival_from_water",
        "loitering",
        "group_size",
    ]
    bare = default_rules({"fence": FENCE}, {}, ladders=False)
    assert {name: rule.kind for name, rule in bare.items()} == {
        "fence_approach": "approach",
        "fence_crossing": "barrier_crossing",
        "fence_work": "fence_work",
        "person_down": "person_down",
    }
    assert default_rules({}, {}) == {}


def test_a_rule_is_chosen_by_its_kind_and_unknown_keys_are_refused() -> None:
    adapter: TypeAdapter[RuleSettings] = TypeAdapter(RuleSettings)
    chosen = adapter.validate_python({"kind": "approach", "barrier": "fence", "near_m": 8})
    assert (chosen.kind, chosen.severity) == ("approach", Severity.DETECTION)
    for wrong, message in (
        ({"kind": "fly_over", "barrier": "fence"}, "kind"),
        ({"kind": "approach"}, "barrier"),
        ({"kind": "approach", "barrier": "fence", "nearm": 8}, "Extra inputs"),
        ({"kind": "approach", "barrier": "fence", "near_m": -8}, "greater than 0"),
        ({"kind": "loitering", "zone": "yard", "heartbeats_s": []}, "at least 1"),
    ):
        with pytest.raises(ValidationError, match=message):
            adapter.validate_python(wrong)


def test_a_rule_about_a_place_that_is_not_drawn_is_a_config_error() -> None:
    adapter = TypeAdapter(dict[str, RuleSettings])
    settings = adapter.validate_python(
        {
            "one": {"kind": "approach", "barrier": "wall"},
            "two": {"kind": "ladder_left", "zone": "garden"},
            "three": {"kind": "ladder_left"},
        }
    )
    with pytest.raises(ConfigError) as caught:
        build_rules(settings, stage())
    assert [str(problem) for problem in caught.value.problems] == [
        "rules.one.barrier: expected one of the barriers fence, found 'wall'",
        "rules.two.zone: expected one of the zones yard, found 'garden'",
    ]
    with pytest.raises(ConfigError, match="there are none"):
        build_rules(settings, Scene.build(SIZE, {}, {}))


def test_a_rule_about_water_needs_a_zone_of_water() -> None:
    adapter = TypeAdapter(dict[str, RuleSettings])
    settings = adapter.validate_python({"one": {"kind": "person_in_water", "zone": "yard"}})
    with pytest.raises(ConfigError) as caught:
        build_rules(settings, stage())
    assert [str(problem) for problem in caught.value.problems] == [
        "rules.one.zone: expected a zone with kind: water, found 'yard', land"
    ]
    assert len(build_rules(settings, stage(zone=POND))) == 1


def test_what_is_disabled_is_not_asked() -> None:
    off = {"enabled": False}
    fence, yard = FENCE.model_copy(update=off), SQUARE.model_copy(update=off)
    settings = default_rules({"fence": fence}, {"yard": yard}, ladders=False)
    assert build_rules(settings, stage(fence, yard)) == ()
    settings = default_rules({"fence": FENCE}, {"yard": SQUARE}, ladders=False)
    one_off = {name: rule.model_copy(update=off) for name, rule in settings.items()}
    assert build_rules(one_off, stage()) == ()


def test_rules_do_not_import_each_other() -> None:
    folder = Path(str(rules_package.__file__)).parent
    names = {kind.value for kind in RuleKind}
    for name in names:
        text = (folder / f"{name}.py").read_text(encoding="utf-8")
        others = [other for other in names - {name} if f"detector.rules.{other} " in text]
        assert not others, (name, others)


# --- laws --------------------------------------------------------------------------------------

box = st.builds(
    person, st.floats(-50, 1050), st.floats(50, 850), st.floats(10, 200), st.floats(5, 150)
)
scenes = st.lists(
    st.tuples(
        st.dictionaries(st.integers(1, 4), box, max_size=4),
        st.dictionaries(st.integers(5, 6), box, max_size=2),
        st.sets(st.integers(1, 6), max_size=1),
        st.floats(0.02, 8.0),
        st.dictionaries(st.integers(1, 4), st.floats(0, 1), max_size=4),
    ),
    min_size=1,
    max_size=40,
)


@LAW
@given(scenes, st.sampled_from([WALL, FENCE, WALL.model_copy(update={"see_through": False})]))
def test_whatever_happens_each_episode_is_told_in_order_and_ends_once(
    acts: list[tuple[dict, dict, set[int], float, dict]], barrier: BarrierSettings
) -> None:
    at = 0.0
    asked = all_rules(barrier)
    told = []
    for people, ladders, gone, step_s, stir in acts:
        at += step_s
        tracks = picture(at, people, ladders, gone - {*people, *ladders}, stir)
        told += [t for rule in asked for t in rule.update(tracks)]
        assert all(t.at == at for t in told[len(told) :])
    told += [t for rule in asked for t in rule.close(at, "stop")]
    episodes: dict[tuple[str, int], list] = {}
    for transition in told:
        episodes.setdefault((transition.rule, transition.episode), []).append(transition)
    for (_, number), said in episodes.items():
        assert number >= 1
        assert said[0].phase is Phase.NEW
        if said[0].kind is RuleKind.BARRIER_CROSSING:
            assert len(said) == 1
            assert said[0].until_s == said[0].since_s
            continue
        if said[0].kind is RuleKind.ARRIVAL_FROM_WATER:
            assert len(said) == 1
            assert said[0].since_s < said[0].at == said[0].until_s
            assert said[0].reasons
            continue
        assert [t.phase for t in said[1:-1]] == [Phase.UPDATE] * (len(said) - 2)
        assert said[-1].phase is Phase.END
        assert len(said) > 1
        assert said[-1].outcome
        assert said[-1].until_s is not None
        assert {t.since_s for t in said} == {said[0].since_s}
        ranks = [t.severity.rank for t in said]
        assert ranks == sorted(ranks)
        assert all(t.since_s <= t.at for t in said)
        assert said[0].reasons
    for rule in asked:
        assert rule.close(at, "stop") == ()


@DEAR_LAW
@given(st.integers(0, 2**32 - 1))
def test_the_same_tracks_give_the_same_transitions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pictures: list[Tracks] = []
    for n in range(60):
        shown = rng.random(3) < 0.9
        pictures.append(
            picture(
                n / 5,
                {i: person(*rng.uniform(100, 800, 2)) for i in range(1, 3) if shown[i]},
                {9: person(*rng.uniform(100, 800, 2), width=90)} if shown[0] else {},
            )
        )
    one, other = ([play(rule, pictures) for rule in all_rules()] for _ in range(2))
    assert one == other


def test_an_empty_picture_is_fine_for_every_rule() -> None:
    for rule in all_rules():
        assert rule.update(picture(0.0)) == ()
        assert rule.update(picture(1.0, gone=[1, 2])) == ()
        assert rule.close(2.0, "stop") == ()


# --- docs --------------------------------------------------------------------------------------

DOCS = Path(__file__).parents[3] / "docs" / "rules.md"


def shown(value: object) -> str:
    """How a default is written in the docs."""
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return str(value)


@pytest.mark.parametrize("settings", CLASSES, ids=kind_of)
def test_the_docs_have_a_diagram_and_every_setting_with_its_default(
    settings: type[CommonSettings],
) -> None:
    chapter = DOCS.read_text(encoding="utf-8").split(f"\n## {kind_of(settings)}\n")[1]
    chapter = chapter.split("\n## ")[0]
    assert "stateDiagram-v2" in chapter
    rows = [line.split("|") for line in chapter.splitlines() if line.startswith("| `")]
    written = {row[1].strip(" `"): row[2].strip() for row in rows}
    expected = {
        name: shown(field.default)
        for name, field in settings.model_fields.items()
        if name not in {"kind", "enabled"} and not field.is_required()
    }
    assert written == expected
