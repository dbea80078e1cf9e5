import json
from pathlib import Path

import jsonschema
import pytest

from detector.benchmark.truth import read_truth, truth_beside, truth_schema
from detector.errors import ConfigError

ROOT = Path(__file__).parents[3]
SAMPLES = sorted((ROOT / "samples").glob("*.truth.json"))
BY_HAND = {
    "schema": "barrier-truth/1",
    "media": "gate.mp4",
    "duration_s": 60.0,
    "events": [{"kind": "climbing", "start_s": 10, "end_s": 20}],
}


def written(folder: Path, **changes: object) -> Path:
    path = folder / "gate.truth.json"
    path.write_text(json.dumps(BY_HAND | changes), "utf-8")
    return path


@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name)
def test_the_truth_of_a_sample_is_read_and_fits_the_published_schema(path: Path) -> None:
    truth = read_truth(path)
    assert (path.parent / truth.media).exists()
    assert truth.frames
    jsonschema.validate(json.loads(path.read_text("utf-8")), truth_schema())


def test_the_published_schema_is_the_one_in_the_docs() -> None:
    published = json.loads((ROOT / "docs" / "schema" / "truth-1.schema.json").read_text("utf-8"))
    assert published == json.loads(json.dumps(truth_schema()))


def test_what_is_not_allowed_is_not_allowed_by_the_schema_either(tmp_path: Path) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(BY_HAND | {"color": "red"}, truth_schema())


def test_a_truth_file_needs_nothing_but_media_duration_and_events(tmp_path: Path) -> None:
    (event,) = read_truth(written(tmp_path)).events
    assert (event.due_s, event.where, event.ignore) == (10.0, "", False)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"events": [{"kind": "climb", "start_s": 1, "end_s": 2}]}, "events.0.kind"),
        ({"events": [{"kind": "climbing", "start_s": 5, "end_s": 2}]}, "start_s <= true_s <= end"),
        ({"events": [{"kind": "climbing", "start_s": 70, "end_s": 72}]}, "within duration_s 60.0"),
        ({"events": [{"kind": "group_size", "start_s": 1, "end_s": 2}]}, "a `size`"),
        ({"duration_s": 0}, "duration_s"),
        (
            {"frames": [{"frame": n, "t_s": t, "objects": []} for n, t in ((0, 0.2), (1, 0.0))]},
            "found 0.0 after 0.2",
        ),
        ({"color": "red"}, "color"),
        ({"schema": "barrier-truth/9"}, "barrier-truth/1"),
    ],
)
def test_a_fault_is_said_with_file_and_key(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    path = written(tmp_path, **changes)
    with pytest.raises(ConfigError) as raised:
        read_truth(path)
    assert str(path) in str(raised.value)
    assert said in str(raised.value)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_truth(tmp_path / "gate.truth.json")


def test_a_file_that_is_no_json_is_said(tmp_path: Path) -> None:
    path = tmp_path / "gate.truth.json"
    path.write_text("{", "utf-8")
    with pytest.raises(ConfigError, match=r"gate\.truth\.json"):
        read_truth(path)


def test_the_truth_lies_beside_its_recording() -> None:
    assert truth_beside(Path("a/b.avi")) == Path("a/b.truth.json")
