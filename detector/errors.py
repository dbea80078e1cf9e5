"""Every error the service raises on purpose, and what a caller does with it.

::

    DetectorError
    ├── ConfigError      the configuration cannot be used        -> exit code 2, nothing starts
    ├── ModelError       the network cannot be run as configured -> exit code 3, nothing starts
    ├── StreamError      a source cannot be read (any more)      -> exit code 4, or reopen
    │   ├── SourceNotFound     the file, path or stream does not exist
    │   ├── SourceRefused      the server said no (wrong password, forbidden)
    │   ├── SourceTimeout      nothing came in the time allowed
    │   └── SourceBroken       it is no video, has no frames or broke off
    ├── StoreError       an event could not be committed         -> not ready, retry; no drop
    ├── EvidenceError    a clip could not be written or verified -> announced as missing
    ├── DeliveryError    an upstream system did not take an event -> retried on schedule
    ├── UnknownRecord    no event, incident or delivery has this id -> HTTP 404
    └── RefusedMove      the present state does not allow the change -> HTTP 409

Errors of libraries are translated where they enter the code base. Messages say where (file, key,
camera), what was expected and what was found, and never hold a password.
"""

from dataclasses import dataclass


class DetectorError(Exception):
    """Anything this package raises on purpose."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file: where it stands, what was expected, what was found."""

    where: str
    expected: str
    found: str

    def __str__(self) -> str:
        """Give the problem as one line."""
        return f"{self.where}: expected {self.expected}, found {self.found}"


class ConfigError(DetectorError):
    """The configuration cannot be used; holds every problem, not only the first."""

    exit_code = 2

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class ModelError(DetectorError):
    """The network cannot be run as configured: wrong hash, missing provider, other shapes."""

    exit_code = 3


class StreamError(DetectorError):
    """A source cannot be read (any more)."""

    exit_code = 4


class SourceNotFound(StreamError):  # noqa: N818  (it reads as what happened)
    """The file, path or stream does not exist."""


class SourceRefused(StreamError):  # noqa: N818
    """The server refused: wrong password, or forbidden."""


class SourceTimeout(StreamError):  # noqa: N818
    """Nothing came from the source in the time allowed."""


class SourceBroken(StreamError):  # noqa: N818
    """The source is no video, has no frames, or broke off."""


class StoreError(DetectorError):
    """An event could not be committed or read: disk full, locked, read-only, damaged."""


class EvidenceError(DetectorError):
    """A clip could not be written, or what was written is not whole; no file is left behind."""


class DeliveryError(DetectorError):
    """An upstream system did not take an event."""


class UnknownRecord(DetectorError):  # noqa: N818
    """No event, incident, delivery or sink has this id."""


class RefusedMove(DetectorError):  # noqa: N818
    """The present state does not allow the change, or a reason is missing."""
