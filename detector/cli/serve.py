"""``detector serve CONFIG``: cameras in, events out, until Ctrl-C."""

import argparse
import logging
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the command's options."""
    parser = commands.add_parser("serve", help="run the service: cameras, HTTP API, deliveries")
    parser.add_argument("config", type=Path, metavar="CONFIG")
    parser.add_argument("-v", "--verbose", action="store_true", help="log more")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Start everything, say the address, serve until a signal comes, stop in order."""
    from detector.api.app import create_app
    from detector.api.server import address, bind, serve
    from detector.config import load_config
    from detector.service import Service

    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(message)s",
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    loaded = load_config(options.config)
    log = logging.getLogger("detector")
    for key in loaded.ignored:
        log.warning("%s: a Frigate key this service does not act on", key)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # systemd stops it like Ctrl-C does
    listener = bind(loaded.config.api)
    # The server raises the signal again when it is done; one that comes during the start ends here.
    with suppress(KeyboardInterrupt), listener, Service(loaded) as service:
        app = create_app(service, loaded.config.api)
        said = f"detector: {len(service.cameras())} cameras, {address(listener)}"
        serve(app, listener, lambda: print(said, flush=True))
    print("detector: stopped", flush=True)
    return 0
