"""Who looked at stored pictures and clips: noted in the custody log, after the answer.

Directive (EU) 2016/680, Article 25, asks who consulted what, when and why. A player asks for a clip
in dozens of parts and a page for its pictures again and again, so one entry stands for all that a
caller sees of one thing within ten minutes. Guards must see the picture also while the store cannot
write: what could not be noted is said in the service's log, kept, and noted with the next one.
"""

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

from fastapi import BackgroundTasks, Depends, Header, Request

from detector.api.auth import Caller, Reader
from detector.errors import StoreError
from detector.store.custody_records import CustodyAction, NewCustody, incident_object
from detector.store.store import Store

ONE_LOOK_S = 600.0
MOST_REMEMBERED = 10_000
MOST_WAITING = 1_000
NO_PURPOSE = "not given"
Purpose = Annotated[
    str | None,
    Header(
        alias="X-Purpose",
        max_length=200,
        description="why you look; stands in the custody log",
    ),
]
log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class _Waiting:
    look: NewCustody
    at: float
    is_told: bool = False


class Consultations:
    """Writes down who looked at what; any thread may call.

    Args:
        store: holds the custody log.
        clock: UTC epoch seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        """Whose turn it is to write; nobody waits for it."""
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._waiting: deque[_Waiting] = deque()

    def note(self, look: NewCustody) -> None:
        """Write down a look, unless the same caller looked at the same thing a short while ago.

        Never raises: what the store does not take is logged and tried again with the next look.
        """
        now = self._clock()
        with self._lock:
            if not self._is_new((look.actor, look.object), now):
                return
            if len(self._waiting) == MOST_WAITING:
                lost = self._waiting.pop().look
                log.error("too many wait, not noted: %s looked at %s", lost.actor, lost.object)
            self._waiting.append(_Waiting(look, now))
        self._write()

    def _write(self) -> None:
        """Write what waits; returns at once while another thread is at it."""
        while self._waiting and self._turn.acquire(blocking=False):
            try:
                while (oldest := self._oldest()) is not None:
                    self._store.log_custody([oldest.look], now=oldest.at)
                    with self._lock:
                        self._waiting.remove(oldest)
            except StoreError as error:
                log.error("the custody log cannot be written: %s", error)  # noqa: TRY400
                self._tell_waiting()
                return
            finally:
                self._turn.release()

    def _tell_waiting(self) -> None:
        with self._lock:
            for one in self._waiting:
                if not one.is_told:
                    look, one.is_told = one.look, True
                    log.error(
                        "not in the custody log yet: %s looked at %s", look.actor, look.object
                    )

    def _oldest(self) -> _Waiting | None:
        with self._lock:
            return self._waiting[0] if self._waiting else None

    def note_snapshot(self, event_id: UUID, look: NewCustody) -> None:
        """Write down a look at an event's snapshot, whose incident is not known yet."""
        try:
            stored = self._store.event(event_id)
        except StoreError:
            stored = None
        part = f"snapshots/{event_id}"
        name = incident_object(stored.event().data.incident_id, part) if stored else part
        self.note(replace(look, object=name))

    def _is_new(self, look: tuple[str, str], now: float) -> bool:
        last = self._seen.get(look)
        if last is not None and 0 <= now - last < ONE_LOOK_S:
            return False
        self._seen[look] = now
        self._seen.move_to_end(look)
        while len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)
        return True


class Looking:
    """A caller who may look; what is looked at is noted once the answer is sent."""

    def __init__(
        self, request: Request, caller: Reader, later: BackgroundTasks, purpose: Purpose = None
    ) -> None:
        self._consultations: Consultations = request.app.state.consultations
        self._caller: Caller = caller
        self._later = later
        self._purpose = (purpose or "").strip() or NO_PURPOSE
        self._request_id: str = request.state.trace_id

    def looks_at(self, name: str) -> None:
        """Note that this part of an incident's evidence is shown."""
        self._later.add_task(self._consultations.note, self._look(name))

    def looks_at_snapshot(self, event_id: UUID) -> None:
        """Note that the picture of an event is shown."""
        self._later.add_task(self._consultations.note_snapshot, event_id, self._look(""))

    def _look(self, name: str) -> NewCustody:
        return NewCustody(
            CustodyAction.CONSULT,
            name,
            self._caller.signs_as(""),
            self._caller.scope.value,
            self._purpose,
            result="shown",
            request_id=self._request_id,
        )


Viewer = Annotated[Looking, Depends()]
