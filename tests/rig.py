"""A store, the delivery thread and an incident system, wired for a test."""

import base64
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from detector.delivery import EVERYTHING, RetrySettings, SinkRoute
from detector.pipeline.dispatcher import Dispatcher, DispatchSettings
from detector.sinks.base import Sink
from detector.sinks.webhook import WebhookSettings, WebhookSink
from detector.store import Store, StoreSettings, open_store
from tests.happenings import make_event, make_incident
from tests.receiver import Receiver

KEY = "HOOK_KEY"
SECRET = "whsec_" + base64.b64encode(os.urandom(24)).decode()
QUICK_RETRY = RetrySettings(
    delays_s=(0.05, 0.1, 0.2), jitter=0.1, expires_after_s=60, hasten_gap_s=0.01
)
QUICK = DispatchSettings(poll_s=0.5, store_pause_s=0.05, stop_grace_s=1)


def until(condition: Callable[[], object], patience_s: float = 30) -> None:
    """Wait until something is true."""
    deadline_s = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"it did not become true within {patience_s:g} s")
        time.sleep(0.01)


class Rig:
    """Everything between a commit and the upstream system, within one folder."""

    def __init__(self, folder: Path) -> None:
        self.receiver = Receiver(folder / "received.jsonl", SECRET)
        self.store: Store = open_store(StoreSettings(path=folder / "events.sqlite3"))
        self._dispatchers: list[Dispatcher] = []

    def hook(self, **changes: object) -> WebhookSink:
        """Make the sink "hook" that posts to the receiver; its key is in the environment."""
        given = {"url": self.receiver.url, "secrets": [{"env": KEY}], "retry": QUICK_RETRY}
        return WebhookSink("hook", WebhookSettings.model_validate(given | changes))

    def deliver(self, *sinks: Sink) -> Dispatcher:
        """Start the delivery thread; it is stopped after the test."""
        dispatcher = Dispatcher(self.store, sinks, settings=QUICK)
        dispatcher.start()
        self._dispatchers.append(dispatcher)
        return dispatcher

    def happen(
        self, first: int, last: int, *, incidents: int = 1, sinks: tuple[str, ...] = ("hook",)
    ) -> None:
        """Commit the events ``first`` to ``last``, spread over some incidents."""
        for number in range(first, last + 1):
            incident = 1 + number % incidents
            self.store.append(
                [make_event(number, incident=incident)],
                [make_incident(incident)],
                [SinkRoute(sink, EVERYTHING, hasten_gap_s=0.01) for sink in sinks],
                now=time.time(),
            )

    def until_delivered(self, number: int) -> None:
        """Wait until so many deliveries are made."""
        until(lambda: self.store.counts().delivered == number)

    def close(self) -> None:
        """Stop everything."""
        for dispatcher in self._dispatchers:
            dispatcher.stop()
        self.store.close()
        self.receiver.kill()


@contextmanager
def rigged(folder: Path) -> Iterator[Rig]:
    """Give a rig and stop it."""
    rig = Rig(folder)
    try:
        yield rig
    finally:
        rig.close()
