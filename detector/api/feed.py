"""Live events: the store is the truth, a commit in another thread is only a wake-up call.

Nothing is queued per client. Each stream reads from the store where it stopped, so a slow client
costs a cursor, loses nothing, and holds up nobody.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Self

from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool

from detector.errors import StoreError
from detector.store.records import EventQuery, StoredEvent
from detector.store.store import Store

BATCH = 100
_log = logging.getLogger(__name__)


class Feed:
    """Bridges commits, which happen in threads, to the streams of one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._pulse = asyncio.Event()
        self.streams = 0
        self.closed = False

    async def __aenter__(self) -> Self:
        """Begin to listen; in the event loop of the streams."""
        self._loop = asyncio.get_running_loop()
        self._stop_listening = self._store.listen(self._committed)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening and end all streams."""
        self._stop_listening()
        self.close()

    def close(self) -> None:
        """End all streams; in the event loop."""
        self.closed = True
        self._wake()

    def _committed(self, _seq: int) -> None:
        try:
            self._loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            _log.debug("a commit came after the event loop had ended")

    def _wake(self) -> None:
        pulse, self._pulse = self._pulse, asyncio.Event()
        pulse.set()

    async def follow(self, query: EventQuery, cursor: int | None) -> AsyncIterator[ServerSentEvent]:
        """Give matching events after ``cursor`` (None: from now on) until the feed is closed.

        A ``gap`` notice comes first when events after the cursor are no longer stored, or when the
        cursor is from another store.
        """
        self.streams += 1
        try:
            seq, notice = await run_in_threadpool(self._begin, cursor)
            if notice is not None:
                yield notice
            while not self.closed:
                pulse = self._pulse  # taken before reading: a commit in between sets it
                found, seq_read = await run_in_threadpool(self._read, query, seq)
                for event in found:
                    yield ServerSentEvent(event.body, id=str(event.seq))
                seq = seq_read
                if len(found) < BATCH and not self.closed:
                    await pulse.wait()
        except StoreError as error:
            _log.warning("ending a stream, its client may come back: %s", error)
        finally:
            self.streams -= 1

    def _begin(self, cursor: int | None) -> tuple[int, ServerSentEvent | None]:
        first, last = self._store.first_seq(), self._store.last_seq()
        if cursor is None:
            return last, None
        if first - 1 <= cursor <= last:
            return cursor, None
        missing = {"after_seq": cursor, "first_seq": first, "last_seq": last}
        return first - 1, ServerSentEvent(json.dumps(missing), event="gap")

    def _read(self, query: EventQuery, seq: int) -> tuple[tuple[StoredEvent, ...], int]:
        last = self._store.last_seq()
        found = self._store.events(replace(query, after_seq=seq, limit=BATCH))
        # Numbers come in commit order: what is not found up to ``last`` will never match.
        newest = found[-1].seq if found else seq
        return found, newest if len(found) == BATCH else max(newest, last)
