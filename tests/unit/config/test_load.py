import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from detector.config import config_schema, load_config
from detector.config.plan import camera_plan, camera_rules, missing_classes
from detector.errors import ConfigError
from detector.types import ObjectClass
from detector.vision.base import ClassScores, DetectorInfo
from tests.site_folder import camera, write

DOCS = Path(__file__).parents[3] / "docs"
PERSON_ONLY = DetectorInfo(
    model="coco",
    version="1",
    sha256="a" * 64,
    family="ultralytics-raw",
    provider="cpu",
    precision="fp32",
    threads=1,
    input_size=(640, 384),
    max_batch=1,
    scores={ObjectClass.PERSON: ClassScores(min_score=0.1, threshold=0.4)},
)


def config(**changes: object) -> dict[str, object]:
    return {"version": 1, "model": {"path": "m"}, "cameras": {"north": camera()}} | changes


def documented() -> str:
    text = (DOCS / "configuration.md").read_text("utf-8")
    found = re.search(r"```yaml\n(version: 1.*?)```", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_documented_example_is_a_valid_configuration(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text(documented(), "utf-8")
    environment = {"DETECTOR_GATE_PASSWORD": "secret"}
    loaded = load_config(path, environment)
    assert loaded.config.cameras["gate"].ffmpeg.detect.path.startswith("rtsp://guard:secret@")
    assert loaded.ignored == ()


def test_the_published_schema_accepts_the_documented_example() -> None:
    values = yaml.safe_load(documented())
    jsonschema.Draft202012Validator(config_schema()).validate(json.loads(json.dumps(values)))


def test_paths_are_relative_to_the_file_and_addresses_stay(tmp_path: Path) -> None:
    cameras = {"north": camera("clips/a.mp4"), "south": camera("rtsp://camera/1")}
    loaded = load_config(write(tmp_path, config(cameras=cameras)))
    inputs = [c.ffmpeg.detect.path for c in loaded.config.cameras.values()]
    assert inputs == [str(tmp_path / "clips" / "a.mp4"), "rtsp://camera/1"]
    assert loaded.config.model.path == tmp_path / "m"
    assert loaded.config.store_settings().path == tmp_path / "data" / "events.sqlite3"


def test_privacy_masks_take_the_same_points_as_zones(tmp_path: Path) -> None:
    masks = {
        "pairs": {"coordinates": [[0, 0], [0.5, 0], [0, 0.5]], "reason": "a window"},
        "text": {"coordinates": "0,0,0.5,0,0,0.5"},
    }
    cameras = {"north": camera("a.mp4") | {"privacy_masks": masks}}
    loaded = load_config(write(tmp_path, config(cameras=cameras)))
    triangle = ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5))
    assert loaded.config.cameras["north"].mask_polygons == (triangle, triangle)


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        ({"coordinates": "0,0,1,0"}, "at least 3 distinct points, found 2"),
        ({"coordinates": "0,0,1,1,1,0,0,1"}, "expected no crossing edges"),
        ({"coordinates": "0,0,640,0,0,480"}, "less than or equal to 1"),
        ({"points": "0,0,1,0,0,1"}, "expected a known key, found `points`"),
        ({"reason": "a window"}, "coordinates: expected this key, found nothing"),
    ],
)
def test_a_privacy_mask_that_is_none_is_said_and_nothing_starts(
    tmp_path: Path, mask: dict[str, Any], says: str
) -> None:
    """A mask that is left out in silence would be worse than no service."""
    cameras = {"north": camera("a.mp4") | {"privacy_masks": {"garden": mask}}}
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, config(cameras=cameras)))
    assert "cameras.north.privacy_masks.garden" in str(caught.value)
    assert says in str(caught.value)


def test_the_hash_is_that_of_the_file_and_knows_no_secret(tmp_path: Path) -> None:
    path = write(tmp_path, config(site="{DETECTOR_SITE}"))
    one = load_config(path, {"DETECTOR_SITE": "a"})
    two = load_config(path, {"DETECTOR_SITE": "b"})
    assert one.sha256 == two.sha256
    assert (one.config.site, two.config.site) == ("a", "b")


def test_no_rules_means_all_that_fit_and_an_empty_mapping_means_none(tmp_path: Path) -> None:
    without = camera()
    del without["rules"]
    cameras = {"all": without, "none": camera(rules={})}
    loaded = load_config(write(tmp_path, config(cameras=cameras)))
    kinds = {r.kind for r in camera_rules(loaded.config.cameras["all"]).values()}
    assert kinds == {"zone_intrusion", "loitering", "group_size", "person_down"}
    assert camera_rules(loaded.config.cameras["none"]) == {}


def test_frigates_counts_of_pictures_become_observations_and_seconds(tmp_path: Path) -> None:
    detect = {"fps": 5, "min_initialized": 2, "max_disappeared": 25}
    loaded = load_config(write(tmp_path, config(cameras={"north": camera(detect=detect)})))
    tracking = loaded.config.cameras["north"].tracker_settings()
    assert tracking.min_hits == 2
    assert tracking.max_lost_s.person == tracking.max_lost_s.ladder == 5.0


def test_a_track_may_not_be_lost_for_more_than_a_minute(tmp_path: Path) -> None:
    path = write(
        tmp_path, config(cameras={"north": camera(detect={"fps": 5, "max_disappeared": 301})})
    )
    with pytest.raises(ConfigError, match=r"cameras\.north\.detect.*at most 300 pictures"):
        load_config(path)


def test_a_class_the_network_does_not_know_is_named_and_left_out(tmp_path: Path) -> None:
    loaded = load_config(write(tmp_path, config()))
    north = loaded.config.cameras["north"]
    assert missing_classes(north, PERSON_ONLY) == (ObjectClass.LADDER,)
    assert set(camera_plan(north, PERSON_ONLY).scores) == {ObjectClass.PERSON}


def test_a_cameras_own_scores_win_over_the_models(tmp_path: Path) -> None:
    objects = {"filters": {"person": {"min_score": 0.3, "threshold": 0.7}}}
    loaded = load_config(write(tmp_path, config(cameras={"north": camera(objects=objects)})))
    plan = camera_plan(loaded.config.cameras["north"], PERSON_ONLY)
    assert plan.scores == {ObjectClass.PERSON: (0.3, 0.7)}


@pytest.mark.parametrize("roles", [[["detect"], ["detect"]], [["record"]]])
def test_exactly_one_input_is_analysed(tmp_path: Path, roles: list[list[str]]) -> None:
    inputs = [{"path": f"{n}.mp4", "roles": r} for n, r in enumerate(roles)]
    path = write(tmp_path, config(cameras={"north": camera(ffmpeg={"inputs": inputs})}))
    with pytest.raises(ConfigError, match="exactly one input with the role `detect`"):
        load_config(path)


def inputs_of(tmp_path: Path, *inputs: dict[str, object]) -> Path:
    return write(
        tmp_path, config(cameras={"north": camera(ffmpeg={"inputs": [dict(i) for i in inputs]})})
    )


def test_a_main_stream_may_be_recorded_beside_the_one_that_is_analysed(tmp_path: Path) -> None:
    sub, main = {"path": "rtsp://camera/sub"}, {"path": "rtsp://camera/main", "roles": ["record"]}
    both = {"path": "rtsp://camera/main", "roles": ["detect", "record"]}

    two = load_config(inputs_of(tmp_path, sub, main)).config.cameras["north"].ffmpeg
    one = load_config(inputs_of(tmp_path, both)).config.cameras["north"].ffmpeg
    none = load_config(inputs_of(tmp_path, sub)).config.cameras["north"].ffmpeg

    assert (two.detect.path, two.record and two.record.path) == (sub["path"], main["path"])
    assert one.record is one.detect
    assert none.record is None


@pytest.mark.parametrize(
    ("main", "says"),
    [
        (["rtsp://camera/main", "rtsp://camera/other"], "at most one input with the role `record`"),
        (["main.mp4"], "that is a live camera, found a recording"),
    ],
)
def test_what_cannot_be_recorded_is_refused(tmp_path: Path, main: list[str], says: str) -> None:
    recorded = [{"path": path, "roles": ["record"]} for path in main]
    with pytest.raises(ConfigError, match=says):
        load_config(inputs_of(tmp_path, {"path": "rtsp://camera/sub"}, *recorded))


def test_a_camera_that_shall_not_detect_is_to_be_switched_off_as_a_whole(tmp_path: Path) -> None:
    path = write(tmp_path, config(cameras={"north": camera(detect={"enabled": False})}))
    with pytest.raises(ConfigError, match=r"cameras\.north\.detect\.enabled"):
        load_config(path)


def test_a_rule_about_water_that_looks_at_land_is_an_error_with_its_line(tmp_path: Path) -> None:
    square = [[0, 0], [1, 0], [1, 1]]
    north = camera("rtsp://camera/1") | {
        "zones": {
            "yard": {"coordinates": square},
            "pond": {"coordinates": square, "kind": "water"},
        },
        "rules": {
            "a": {"kind": "person_in_water", "zone": "yard"},
            "b": {"kind": "arrival_from_water", "zone": "pond"},
        },
    }
    with pytest.raises(ConfigError) as caught:
        load_config(write(tmp_path, config(cameras={"north": north})))
    (problem,) = caught.value.problems
    assert str(problem).endswith(
        "cameras.north.rules.a.zone: expected a zone with kind: water, found 'yard', land"
    )


def test_a_cameras_record_keys_win_over_the_sites(tmp_path: Path) -> None:
    cameras = {"north": camera(record={"post_capture_s": 8}), "south": camera()}
    path = write(tmp_path, config(cameras=cameras, record={"pre_capture_s": 3, "piece_s": 60}))
    site = load_config(path).config
    north, south = site.record_settings("north"), site.record_settings("south")
    assert (north.pre_capture_s, north.post_capture_s, north.piece_s) == (3, 8, 60)
    assert (south.post_capture_s, south.enabled) == (5, True)


def test_frigates_record_switch_acts_and_its_retention_is_said_to_be_ignored(
    tmp_path: Path,
) -> None:
    record = {"enabled": False, "retain": {"days": 7}, "alerts": {"pre_capture": 5}}
    loaded = load_config(write(tmp_path, config(cameras={"north": camera(record=record)})))
    assert not loaded.config.record_settings("north").enabled
    assert [said.rpartition(".")[2] for said in loaded.ignored] == ["retain", "alerts"]


@pytest.mark.parametrize(
    ("site", "own", "where"),
    [
        ({"piece_s": 9}, {}, "record.piece_s: expected"),
        ({}, {"pre_capture_s": 30}, "cameras.north.record.piece_s: expected"),
    ],
)
def test_a_piece_must_hold_at_least_one_event(
    tmp_path: Path, site: dict[str, float], own: dict[str, float], where: str
) -> None:
    cameras = {"north": camera(record=own) if own else camera()}
    with pytest.raises(ConfigError, match=where):
        load_config(write(tmp_path, config(cameras=cameras, record=site)))


def test_idling_on_key_frames_is_asked_for_by_camera(tmp_path: Path) -> None:
    idling = {"idle": "keyframes", "idle_after_s": 30, "idle_gap_s": 2}
    cameras = {"north": camera() | {"detect": idling}, "south": camera()}
    loaded = load_config(write(tmp_path, config(cameras=cameras)))
    north, south = (c.detect.idling for c in loaded.config.cameras.values())
    assert north is not None
    assert (north.after_s, north.gap_s) == (30, 2)
    assert south is None
    cameras = {"north": camera() | {"detect": {"idle": "sometimes"}}}
    with pytest.raises(ConfigError, match=r"detect\.idle: expected Input should be 'keyframes'"):
        load_config(write(tmp_path, config(cameras=cameras)))
