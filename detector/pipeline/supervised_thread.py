"""A thread that shows that it runs, and that ends when it is asked to."""

import threading
from collections.abc import Callable

from detector.pipeline.health import Heartbeats


class SupervisedThread:
    """A daemon thread whose beats are expected from its start until its work is done.

    A thread that an exception ended stays expected: the service is not ready from then on, and says
    which thread it misses. What may fail and be tried again is for the work to catch: it knows how
    to say so.

    Methods may be called from any thread.

    Args:
        name: of the thread and of its heartbeat.
        work: what it does; returns soon after ``stopping`` became true, or :meth:`pause` was.
        heartbeats: learn that it runs.
    """

    def __init__(self, name: str, work: Callable[[], object], heartbeats: Heartbeats) -> None:
        self._name = name
        self._work = work
        self._heartbeats = heartbeats
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self, beat_limit_s: float) -> None:
        """Start it; it is late when it shows no sign of life for ``beat_limit_s``."""
        self._heartbeats.expect(self._name, beat_limit_s)
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Ask it to end and wait for it; False if it did not in time.

        One that was never started has ended already: a start that failed half-way is undone alike.
        """
        self._stopping.set()
        return self._thread.ident is None or self.join(timeout_s)

    def join(self, timeout_s: float) -> bool:
        """Wait until its work is done, without asking it to end; False if it is not in time.

        Raises:
            RuntimeError: it was never started.
        """
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end."""
        return self._stopping.is_set()

    def beat(self) -> None:
        """Show that it runs.

        Raises:
            KeyError: no beat is expected, as before the start.
        """
        self._heartbeats.beat(self._name)

    def pause(self, seconds: float) -> bool:
        """Wait, but not once it is asked to end; True if it is."""
        return self._stopping.wait(seconds)

    def _run(self) -> None:
        self._work()
        self._heartbeats.forget(self._name)
