"""The shipped samples through the shipped model: what `make run` shows is what happened."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from detector.config import load_config
from detector.events import Event
from detector.replay import Replay

SAMPLES = Path(__file__).parents[2] / "samples"
SITE = SAMPLES / "site.yaml"
EARLY_S, LATE_S = 2.0, 5.0


def truth(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / f"{name}.truth.json").read_text("utf-8"))
    return found


@cache
def told(name: str) -> list[Event]:
    replay = Replay(load_config(SITE), name)
    return [e for step in replay.run(str(SAMPLES / f"{name}.mp4")) for e in step.events]


def first(events: list[Event], rule: str) -> float:
    return min(e.data.pts_s for e in events if e.data.rule == rule)


def test_every_sample_has_its_camera_and_its_truth() -> None:
    clips = {path.stem for path in SAMPLES.glob("*.mp4")}
    assert clips == set(load_config(SITE).config.cameras)
    assert clips == {path.name.removesuffix(".truth.json") for path in SAMPLES.glob("*.truth.json")}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("ladder_day", "approach"),
        ("ladder_day", "ladder_carried"),
        ("ladder_day", "ladder_at_barrier"),
        ("ladder_day", "climbing"),
        ("turn_back", "approach"),
        ("turn_back", "zone_intrusion"),
        ("fence_cutting", "zone_intrusion"),
        ("group_grows", "group_size"),
    ],
)
def test_what_happens_in_a_sample_is_told_in_time(name: str, rule: str) -> None:
    happened = min(e["start_s"] for e in truth(name)["events"] if e["kind"] == rule)
    at = first(told(name), rule)
    assert happened - EARLY_S <= at <= happened + LATE_S


def test_who_works_at_the_fence_is_told_after_twenty_seconds() -> None:
    (works,) = [e for e in truth("fence_cutting")["events"] if e["kind"] == "fence_work"]
    at = first(told("fence_cutting"), "fence_work")
    assert works["true_s"] - EARLY_S <= at <= works["true_s"] + LATE_S


def test_over_a_wall_and_over_a_fence_one_crosses_once() -> None:
    for name in ("ladder_day", "climb_night"):
        crossed = [e for e in told(name) if e.data.rule == "barrier_crossing"]
        (happened,) = [e for e in truth(name)["events"] if e["kind"] == "barrier_crossing"]
        assert [e.data.direction for e in crossed] == [happened["direction"]]
        assert happened["true_s"] - EARLY_S <= crossed[0].data.pts_s <= happened["true_s"] + LATE_S


@pytest.mark.parametrize("name", ["ladder_day", "climb_night"])
def test_who_climbs_over_is_told_to_be_over(name: str) -> None:
    outcomes = {e.data.outcome for e in told(name) if e.data.rule == "climbing"}
    assert "over" in outcomes


@pytest.mark.parametrize("name", ["turn_back", "fence_cutting", "group_grows"])
def test_nobody_gets_over_where_nobody_climbs(name: str) -> None:
    kinds = {e.data.rule for e in told(name)}
    assert kinds.isdisjoint({"barrier_crossing", "climbing"})


def test_who_turns_back_is_told_to_have_turned_back() -> None:
    events = told("turn_back")
    outcomes = [e.data.outcome for e in events if e.data.rule == "approach" and e.data.outcome]
    assert outcomes == ["turned_back"]


def test_nobody_crosses_where_nobody_is() -> None:
    kinds = {e.data.rule for e in told("quiet_nuisances")}
    assert kinds.isdisjoint(
        {"barrier_crossing", "climbing", "approach", "zone_intrusion", "group_size"}
    )
