import logging
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from detector.errors import ConfigError
from detector.evidence.signing_key import open_key
from detector.evidence.verify_package import signature_fits


def test_a_key_is_made_once_for_its_owner_alone_and_said_aloud(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "keys" / "evidence.pem"
    with caplog.at_level(logging.WARNING):
        key = open_key(path)
    assert key.public in caplog.text
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [p.name for p in path.parent.iterdir()] == ["evidence.pem"]
    assert open_key(path).public == key.public
    assert signature_fits(bytes.fromhex(key.public), key.sign(b"m"), b"m")


def test_a_key_that_others_may_read_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "evidence.pem"
    open_key(path)
    before = path.read_bytes()
    path.chmod(0o640)
    with pytest.raises(ConfigError, match=r"chmod 600.*found rights 640"):
        open_key(path)
    assert path.read_bytes() == before


def test_a_file_that_is_no_key_is_refused_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "evidence.pem"
    other = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for content in (b"", b"no key", b"\xff" * 40, other):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(ConfigError, match=r"evidence\.pem: expected an Ed25519 private key"):
            open_key(path)
        assert path.read_bytes() == content


def test_a_folder_in_which_no_key_can_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file")
    with pytest.raises(ConfigError, match="expected a file that can be read or made"):
        open_key(tmp_path / "keys" / "evidence.pem")
