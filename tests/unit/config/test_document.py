import pytest

from detector.config.document import dotted, parse
from detector.errors import ConfigError

NO_ENVIRONMENT: dict[str, str] = {}


def problems(text: str, environment: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, "site.yaml", environment or {})
    return str(caught.value).splitlines()


def test_values_remember_the_line_they_stand_on() -> None:
    document = parse("version: 1\ncameras:\n  north:\n    fps: 5\n", "site.yaml", NO_ENVIRONMENT)
    assert document.values == {"version": 1, "cameras": {"north": {"fps": 5}}}
    assert document.where(("cameras", "north", "fps")) == "site.yaml:4 cameras.north.fps"


def test_a_key_that_is_missing_is_placed_at_its_parent() -> None:
    document = parse("cameras:\n  north:\n    fps: 5\n", "site.yaml", NO_ENVIRONMENT)
    assert document.where(("cameras", "north", "ffmpeg")) == "site.yaml:2 cameras.north.ffmpeg"


def test_a_name_given_twice_is_refused_with_both_lines() -> None:
    text = "cameras:\n  north:\n    fps: 5\n  north:\n    fps: 6\n"
    assert problems(text) == [
        "site.yaml:4 cameras.north: expected each name once, found the same name as in line 2"
    ]


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words"])
def test_a_file_that_is_no_mapping_is_refused(text: str) -> None:
    assert "expected a mapping" in problems(text)[0]


def test_broken_yaml_is_refused_with_its_line() -> None:
    assert problems("a: 1\nb: [1, 2\nc: 3\n")[0].startswith("site.yaml:3: expected valid YAML")


def test_secrets_come_from_the_environment() -> None:
    text = "path: rtsp://guard:{DETECTOR_CAM_PASSWORD}@cam/1\nother: '{not_ours}'\n"
    document = parse(text, "site.yaml", {"DETECTOR_CAM_PASSWORD": "geheim"})
    assert document.values["path"] == "rtsp://guard:geheim@cam/1"
    assert document.values["other"] == "{not_ours}"


def test_a_secret_that_is_not_set_is_named_with_its_place() -> None:
    assert problems("a:\n  - 'x{DETECTOR_X}'\n") == [
        "site.yaml:2 a[0]: expected environment variable DETECTOR_X to be set, found nothing"
    ]


def test_paths_are_written_the_way_people_do() -> None:
    assert dotted(("a", 0, "b")) == "a[0].b"
