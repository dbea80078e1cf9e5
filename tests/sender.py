"""A service reduced to commits and deliveries, to be killed.

``python -m tests.sender FOLDER URL N`` commits events up to the N-th from two threads, goes on
where an earlier run ended, prints the id of each event once it is committed, and ``idle`` when
everything is delivered. A third thread reads all the time, as the API does.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from detector.delivery import RetrySettings
from detector.pipeline.dispatcher import Dispatcher
from detector.sinks.webhook import WebhookSettings, WebhookSink
from detector.store import EventQuery, IncidentQuery, Store, StoreSettings, open_store
from tests.happenings import make_event, make_incident

KEY = "HOOK_KEY"
INCIDENTS = 10
RETRY = RetrySettings(delays_s=(0.05, 0.1, 0.2), expires_after_s=3600, hasten_gap_s=0.05)


def tell(line: str) -> None:
    """Say something to whoever started this process."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def commit(store: Store, sink: WebhookSink, numbers: Iterator[int], camera: str) -> None:
    """Commit one camera's events that are not there yet."""
    route = sink.settings.route(sink.name)
    for number in numbers:
        incident = 1 + number % INCIDENTS
        event = make_event(number, incident=incident, camera=camera)
        if store.event(event.id) is not None:
            continue
        store.append([event], [make_incident(incident, camera=camera)], [route], now=time.time())
        tell(str(event.id))


def read(store: Store) -> None:
    """Ask what a console asks."""
    while True:
        store.events(EventQuery(newest_first=True, limit=50))
        store.incidents(IncidentQuery(limit=50))
        time.sleep(0.01)


def main(folder: Path, url: str, wanted: int) -> None:
    """Run until everything is delivered, or until killed."""
    settings = WebhookSettings.model_validate(
        {"url": url, "secrets": [{"env": KEY}], "retry": RETRY, "concurrency": 8}
    )
    sink = WebhookSink("hook", settings)
    store = open_store(StoreSettings(path=folder / "events.sqlite3"))
    dispatcher = Dispatcher(store, [sink])
    dispatcher.start()
    threading.Thread(target=read, args=(store,), daemon=True).start()
    cameras = [
        threading.Thread(target=commit, args=(store, sink, iter(numbers), camera))
        for camera, numbers in (
            ("north", range(1, wanted + 1, 2)),
            ("south", range(2, wanted + 1, 2)),
        )
    ]
    for thread in cameras:
        thread.start()
    for thread in cameras:
        thread.join()
    while store.counts().pending:
        time.sleep(0.02)
    tell("idle")
    dispatcher.stop()
    os._exit(0)  # the reader is still at work


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
