"""The time during which a thread may deliver: one that hangs cannot be ended, but cut off.

A thread inside a library does not come back for being asked to. Whatever it would deliver when it
does come back, minutes later, is refused here, without a race: a delivery is either through before
the tenure ends, or never happens.
"""

import threading
from types import TracebackType

from detector.streams import PacketTaker
from detector.streams.packets import Packet


class Relieved(BaseException):
    """The thread's tenure is over: unwind, close what is open, deliver nothing.

    Not an Exception, for the reason that asyncio's CancelledError is none: whoever catches all
    failures of a connection to try again must not catch this one.
    """


class Tenure:
    """What a thread delivers, it delivers inside ``with tenure:``; Relieved once that is over.

    Deliveries must not wait for anything, as :meth:`end` waits for them, and must not be nested.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._over = False

    def end(self) -> None:
        """Refuse every delivery from now on; one that is under way is through after this."""
        with self._lock:
            self._over = True

    def check(self) -> None:
        """Raise Relieved if it is over."""
        with self:
            pass

    def __enter__(self) -> None:
        self._lock.acquire()
        if self._over:
            self._lock.release()
            raise Relieved

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()


class TenuredRing:
    """The way into ``ring`` for one thread, while its ``tenure`` lasts."""

    def __init__(self, ring: PacketTaker, tenure: Tenure) -> None:
        self._ring = ring
        self._tenure = tenure

    def add(self, packet: Packet) -> None:
        """Keep ``packet``; raises Relieved once the tenure is over."""
        with self._tenure:
            self._ring.add(packet)

    def join(self, rest: bytes) -> None:
        """Add ``rest`` to the newest packet; raises Relieved once the tenure is over."""
        with self._tenure:
            self._ring.join(rest)
