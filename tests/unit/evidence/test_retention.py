from pathlib import Path

import pytest
from pydantic import ValidationError

from detector.config import load_config
from detector.errors import ConfigError
from detector.evidence.evidence_files import EvidenceKind
from detector.evidence.retention import RetentionSettings


def test_the_defaults_are_72_hours_30_days_and_a_year() -> None:
    policy = RetentionSettings()
    assert [policy.age_s(kind) for kind in EvidenceKind] == [72 * 3600, 72 * 3600]
    assert (policy.events_d, policy.audit_d) == (30, 366)
    assert (policy.floor_bytes, policy.most_bytes) == (2**30, None)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"audit_d": 183}, "audit_d: expected at least six months, 184, found 183"),
        ({"events_d": 2}, "as long as clips and snapshots are kept, 3, found 2"),
        ({"clips_h": 24 * 31}, "as long as clips and snapshots are kept, 31, found 30"),
        ({"events_d": 400}, "audit_d: expected at least events_d, 400, found 366"),
        ({"clips_h": 0}, "greater than 0"),
        ({"clips_h": float("nan")}, "finite"),
        ({"evidence_gib": -1}, "greater than 0"),
        ({"free_space_floor_gib": float("inf")}, "finite"),
        ({"clips_d": 3}, "not permitted"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(given: dict[str, float], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        RetentionSettings.model_validate(given)


def test_the_file_names_the_line_of_a_policy_that_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("version: 1\nretention:\n  audit_d: 90\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"site.yaml:2 retention: .*six months, 184, found 90"):
        load_config(path, {})
