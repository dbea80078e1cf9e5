"""Entries of the custody log: frozen values."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any
from uuid import UUID


class CustodyAction(StrEnum):
    """What is done with evidence (Directive (EU) 2016/680, Article 25, and our own)."""

    COLLECT = "collect"
    ALTER = "alter"
    CONSULT = "consult"
    DISCLOSE = "disclose"
    COMBINE = "combine"
    ERASE = "erase"
    CONFIGURE = "configure"
    EXPORT = "export"
    HOLD = "hold"
    RELEASE = "release"


NEED_A_PURPOSE = frozenset({CustodyAction.CONSULT, CustodyAction.DISCLOSE, CustodyAction.EXPORT})


def incident_object(incident_id: UUID, part: str = "") -> str:
    """Name an incident, or a part of its evidence, as object of an entry.

    >>> incident_object(UUID(int=7), "snapshots")
    'incident/00000000-0000-0000-0000-000000000007/snapshots'
    """
    return f"incident/{incident_id}/{part}" if part else f"incident/{incident_id}"


@dataclass(frozen=True, slots=True)
class NewCustody:
    """What is to be written down.

    Attributes:
        action: what was done.
        object: with what; see :func:`incident_object`.
        actor: who did it; the service itself by default.
        role: what the actor may do (scope of the API key); "service" for the service.
        purpose: why; a consultation, disclosure or export needs one.
        recipient: who got it; "" where nobody did.
        result: what came of it, without the content.
        request_id: finds the request in the log of the service; "" where there was none.
    """

    action: CustodyAction
    object: str
    actor: str = "service"
    role: str = "service"
    purpose: str = ""
    recipient: str = ""
    result: str = "done"
    request_id: str = ""

    def members(self) -> dict[str, str]:
        """Give the members of the body but for number and time."""
        return {name: str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class CustodyEntry:
    """An entry as it is stored.

    Attributes:
        number: 1 for the first ever, without gaps.
        at: UTC epoch seconds.
        action: as in the body.
        object: as in the body.
        body: canonical JSON; "" where it is withheld from a reader.
        previous_hash: of the entry before.
        hash: seal of this one.
    """

    number: int
    at: float
    action: str
    object: str
    body: str
    previous_hash: str
    hash: str

    def row(self) -> dict[str, Any]:
        """Give the columns of the table."""
        return asdict(self)

    def is_about(self, objects: Sequence[str]) -> bool:
        """Whether its object is one of these or a part of one."""
        return any(self.object == name or self.object.startswith(f"{name}/") for name in objects)

    def withheld(self) -> "CustodyEntry":
        """Give the links of the chain without what the entry says."""
        return replace(self, at=0.0, action="", object="", body="")


@dataclass(frozen=True, slots=True)
class CustodyReport:
    """What checking the log came to.

    Attributes:
        entries: how many are whole, from the beginning.
        broken_at: number of the first that is not; None if all are.
        why: what is wrong there; "" if nothing is.
    """

    entries: int
    broken_at: int | None
    why: str
