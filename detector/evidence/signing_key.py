"""The key that seals evidence packages: one file, made once, never replaced."""

import logging
import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from detector.errors import ConfigError, Problem

OTHERS = 0o077
"""Rights of the group and of everybody else."""
log = logging.getLogger(__name__)


class SigningKey:
    """An Ed25519 key.

    Attributes:
        public: the public key as 64 hexadecimal digits; so short that it is its own fingerprint.
    """

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()

    def sign(self, message: bytes) -> bytes:
        """Give the 64 bytes of the signature."""
        return self._private.sign(message)


def open_key(path: Path) -> SigningKey:
    """Load the key; where there is no file make one, for its owner alone, and say its public half.

    Raises:
        ConfigError: the file is no such key, others may read it, or it cannot be read or made.
    """
    try:
        if not path.exists():
            _make(path)
        rights = path.stat().st_mode & 0o777
        pem = path.read_bytes()
    except OSError as error:
        raise _unusable(path, "a file that can be read or made", str(error)) from error
    if rights & OTHERS:
        raise _unusable(path, "a file for its owner alone (chmod 600)", f"rights {rights:o}")
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        found = f"something else ({type(error).__name__})"
        raise _unusable(path, "an Ed25519 private key (PEM, no password)", found) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise _unusable(path, "an Ed25519 private key", type(private).__name__)
    return SigningKey(private)


def _make(path: Path) -> None:
    """Write a new key durably; one that another process made meanwhile stays."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(part)  # fails where there is a file, unlike a rename
        except FileExistsError:
            return
    finally:
        part.unlink(missing_ok=True)
    public = SigningKey(private).public
    log.warning("made the key that seals evidence packages, %s; its public key is %s", path, public)


def _unusable(path: Path, expected: str, found: str) -> ConfigError:
    return ConfigError(Problem(str(path), expected, found))
