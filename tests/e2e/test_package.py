"""The evidence of a stored incident, from the command line to the verifier."""

from pathlib import Path
from uuid import uuid4

import pytest

from detector.cli import main
from detector.evidence.verify_package import ALTERED
from detector.store import StoreSettings, open_store
from tests.happenings import START, incident_id, make_event, make_incident
from tests.site_folder import make_config, write

FIRST = str(incident_id(1))


@pytest.fixture
def config(tmp_path: Path) -> str:
    settings = make_config(tmp_path)
    with open_store(StoreSettings(path=tmp_path / "data" / "events.sqlite3")) as store:
        store.append([make_event()], [make_incident()], [], now=START)
    return str(write(tmp_path, settings | {"data_dir": "data"}))


def test_a_package_is_exported_verified_and_found_altered(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.zip"
    asked = ["export", FIRST, str(out), "--config", config, "--purpose", "case 7"]
    assert main(asked) == 0
    told = capsys.readouterr().out
    assert f"lacks:   incidents/{FIRST}/clips (none)" in told
    key = told.split("key: ")[1].split()[0]
    assert (tmp_path / "data" / "keys" / "evidence.pem").stat().st_mode & 0o777 == 0o600

    assert main(["verify", str(out), "--public-key", key.upper()]) == 0
    assert "which is the key you gave" in capsys.readouterr().out
    assert main(["verify", str(out), "--public-key", "0" * 64]) == ALTERED
    assert "First fault: public_key.txt" in capsys.readouterr().out

    content = out.read_bytes()
    place = content.index(b"case 7")
    out.write_bytes(content[:place] + b"CASE 7" + content[place + 6 :])
    assert main(["verify", str(out)]) == ALTERED
    assert "First fault: custody.jsonl: entry 1 was altered" in capsys.readouterr().out

    assert main(asked) == 1
    assert "expected a name that is free" in capsys.readouterr().err


def test_an_unknown_incident_and_an_absent_package_are_said(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    unknown, out = str(uuid4()), tmp_path / "out.zip"
    assert main(["export", unknown, str(out), "--config", config, "--purpose", "case 7"]) == 1
    assert f"incident {unknown}: expected one that is stored" in capsys.readouterr().err
    assert not out.exists()
    assert main(["verify", str(out)]) == 1
    assert "expected a package that can be read" in capsys.readouterr().err


def test_no_package_without_a_purpose(
    tmp_path: Path, config: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out.zip")
    with pytest.raises(SystemExit, match="2"):
        main(["export", FIRST, out, "--config", config])
    assert main(["export", FIRST, out, "--config", config, "--purpose", " "]) == 1
    assert "expected a purpose" in capsys.readouterr().err
