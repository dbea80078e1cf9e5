"""The custody log: who did what with evidence, when and why; each entry seals the one before it.

The hash of an entry is SHA-256 over the hash of its predecessor, a line feed and the entry's body,
which is canonical JSON (sorted keys, no spaces, UTF-8). The first predecessor is :data:`GENESIS`.
When the oldest entries are too old, an entry that says up to which number and hash they were erased
takes the place of the beginning.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, or_, select

from detector.errors import RefusedMove
from detector.store.custody_records import (
    NEED_A_PURPOSE,
    CustodyAction,
    CustodyEntry,
    CustodyReport,
    NewCustody,
)
from detector.store.events import EVENT_SEQ
from detector.store.schema import counters, custody_log

GENESIS = "0" * 64
LOG = "custody_log"
"""How an entry about the log itself names its object."""


def seal(previous_hash: str, body: str) -> str:
    """Give the hash of an entry: 64 hexadecimal digits."""
    return hashlib.sha256(f"{previous_hash}\n{body}".encode()).hexdigest()


def canonical(value: dict[str, Any]) -> str:
    """Write JSON that has one form only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def append(
    connection: Connection, new: Iterable[NewCustody], now: float
) -> tuple[CustodyEntry, ...]:
    """Add entries to the end of the chain.

    Raises:
        RefusedMove: a consultation, disclosure or export without a purpose.
    """
    wanted = tuple(new)
    if not wanted:
        return ()
    # The counter's row stands for the end of the log: whoever holds it may append.
    connection.execute(select(counters).where(counters.c.name == EVENT_SEQ).with_for_update())
    newest = select(custody_log).order_by(custody_log.c.number.desc()).limit(1)
    last = connection.execute(newest).one_or_none()
    number, previous = (0, GENESIS) if last is None else (last.number, last.hash)
    entries = []
    for given in wanted:
        if given.action in NEED_A_PURPOSE and not given.purpose.strip():
            raise RefusedMove(f"{given.action} of {given.object}: expected a purpose, found none")
        number += 1
        body = canonical({"number": number, "at": round(now, 6)} | given.members())
        entry = CustodyEntry(
            number, now, given.action.value, given.object, body, previous, seal(previous, body)
        )
        entries.append(entry)
        previous = entry.hash
    connection.execute(insert(custody_log), [entry.row() for entry in entries])
    return tuple(entries)


def read(connection: Connection, after: int, limit: int) -> tuple[CustodyEntry, ...]:
    """Give entries with a number above ``after``, oldest first."""
    statement = select(custody_log).where(custody_log.c.number > after)
    rows = connection.execute(statement.order_by(custody_log.c.number).limit(limit))
    return tuple(_entry(row) for row in rows)


def concerning(connection: Connection, objects: Sequence[str]) -> tuple[CustodyEntry, ...]:
    """Give the chain from the first entry about one of ``objects`` to the end of the log.

    Entries about other things have an empty body: their hashes keep the chain whole without
    telling what they say.
    """
    column = custody_log.c
    about = [column.object == name for name in objects]
    about += [column.object.startswith(f"{name}/", autoescape=True) for name in objects]
    first = connection.scalar(select(func.min(column.number)).where(or_(*about)))
    if first is None:
        return ()
    rows = connection.execute(
        select(custody_log).where(column.number >= first).order_by(column.number)
    )
    entries = tuple(_entry(row) for row in rows)
    return tuple(entry if entry.is_about(objects) else entry.withheld() for entry in entries)


def verify(connection: Connection) -> CustodyReport:
    """Recompute the whole chain; names the first entry that does not fit."""
    expected_number, previous, count = None, GENESIS, 0
    beginnings = {(0, GENESIS)} | _erased_beginnings(connection)
    for row in connection.execute(select(custody_log).order_by(custody_log.c.number)):
        if expected_number is None:
            if (row.number - 1, row.previous_hash) not in beginnings:
                why = "the log does not begin where it should: earlier entries were removed"
                return CustodyReport(count, row.number, why)
            expected_number, previous = row.number, row.previous_hash
        why = _fault(_entry(row), expected_number, previous)
        if why:
            return CustodyReport(count, expected_number, why)
        expected_number, previous, count = row.number + 1, row.hash, count + 1
    return CustodyReport(count, None, "")


def _fault(entry: CustodyEntry, number: int, previous: str) -> str:
    if entry.number != number:
        return f"entry {number} is missing, the next one is {entry.number}"
    if entry.previous_hash != previous:
        return f"entry {number} does not follow the one before it"
    if seal(previous, entry.body) != entry.hash:
        return f"entry {number} was altered"
    said = json.loads(entry.body)
    if (said["number"], said["action"], said["object"]) != (number, entry.action, entry.object):
        return f"the columns of entry {number} were altered"
    return ""


def _erased_beginnings(connection: Connection) -> set[tuple[int, str]]:
    statement = select(custody_log.c.body).where(
        custody_log.c.object == LOG, custody_log.c.action == CustodyAction.ERASE.value
    )
    results = [json.loads(body)["result"].split() for body in connection.scalars(statement)]
    # An altered result is found by its own hash; here it only must not end the check.
    pairs = [words for words in results if len(words) == 2 and words[0].isdigit()]  # noqa: PLR2004
    return {(int(number), sealed) for number, sealed in pairs}


def erase_before(
    connection: Connection, before: float, now: float, keep_from: int | None = None
) -> int:
    """Remove the oldest entries, and say in a new one where the log begins now; gives how many.

    The log stays whole from entry ``keep_from`` on, whatever its age.
    """
    column = custody_log.c
    young = column.at >= before
    if keep_from is not None:
        young |= column.number >= keep_from
    kept = connection.scalar(select(func.min(column.number)).where(young))
    old = select(column.number, column.hash).where(column.at < before)
    if kept is not None:
        old = old.where(column.number < kept)
    last = connection.execute(old.order_by(column.number.desc()).limit(1)).one_or_none()
    if last is None:
        return 0
    result = f"{last.number} {last.hash}"
    append(connection, [NewCustody(CustodyAction.ERASE, LOG, result=result)], now)
    removed = connection.execute(delete(custody_log).where(column.number <= last.number))
    return removed.rowcount


def _entry(row: Row[Any]) -> CustodyEntry:
    return CustodyEntry(
        row.number, row.at, row.action, row.object, row.body, row.previous_hash, row.hash
    )
