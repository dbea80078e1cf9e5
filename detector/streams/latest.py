"""One slot per camera between reader and analysis: the newest frame wins, or none is lost."""

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Latest(Generic[K, T]):
    """Slots of several producers under one condition, emptied by one or more consumers.

    A live producer calls :meth:`put`, which replaces what was not taken yet; a recording calls
    :meth:`put_waiting`, which waits until its slot is free, so that nothing is lost. Both say what
    became of the item; nothing is dropped unseen. Memory is bounded by one item per producer.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._slots: dict[K, T] = {}  # in the order in which the producers began to wait
        self._producers: set[K] = set()
        self._closed = False

    def open(self, key: K) -> None:
        """Announce a producer; until it ends the slots are not drained."""
        with self._changed:
            self._producers.add(key)

    def end(self, key: K) -> None:
        """Say that ``key`` gives nothing more; what lies in its slot can still be taken."""
        with self._changed:
            self._producers.discard(key)
            self._changed.notify_all()

    def close(self) -> None:
        """Wake everybody; nothing is accepted any more, what lies in slots is thrown away."""
        with self._changed:
            self._closed = True
            self._slots.clear()
            self._producers.clear()
            self._changed.notify_all()

    def put(self, key: K, item: T) -> bool:
        """Put ``item``, replacing an untaken one; True if one was replaced (a drop to count)."""
        with self._changed:
            if key not in self._producers:
                return True
            replaced = key in self._slots
            self._slots[key] = item  # a replaced item keeps its place in the queue
            self._changed.notify_all()
            return replaced

    def put_waiting(self, key: K, item: T) -> bool:
        """Wait for the slot to be free, then put; False if the producer was ended or all closed."""
        with self._changed:
            self._changed.wait_for(lambda: key not in self._slots or key not in self._producers)
            if key not in self._producers:
                return False
            self._slots[key] = item
            self._changed.notify_all()
            return True

    def take(self, timeout_s: float, limit: int | None = None) -> list[T]:
        """Take the newest items of up to ``limit`` producers, those that wait longest first.

        Waits up to ``timeout_s`` for the first one. An empty list means that time ran out, that all
        producers have ended (see :attr:`drained`), or that the slots were closed.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._slots or self._closed or not self._producers, timeout_s
            )
            keys = list(self._slots)[:limit]
            items = [self._slots.pop(key) for key in keys]
            if items:
                self._changed.notify_all()
            return items

    @property
    def drained(self) -> bool:
        """Nothing lies here and nothing more will come."""
        with self._changed:
            return not self._slots and not self._producers
