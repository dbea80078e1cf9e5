"""``detector events``: prints the events of a running service as JSON lines, and follows them."""

import argparse
import os
from typing import Any

PAGE = 100


def add_parser(commands: Any) -> None:
    """Add the command's options."""
    parser = commands.add_parser("events", help="print the events of a running service")
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the service listens")
    parser.add_argument("--follow", action="store_true", help="go on as events come")
    parser.add_argument("--after-seq", type=int, default=0, help="only events after this number")
    parser.add_argument("--key-env", default="DETECTOR_API_KEY", help="variable with the API key")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Page through what is stored, then wait for more if asked to."""
    import time

    import httpx

    from detector.errors import DetectorError

    key = os.environ.get(options.key_env)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    after_seq, first, printed = options.after_seq, "", 0
    with httpx.Client(base_url=options.url, headers=headers, timeout=10.0) as client:
        while True:
            try:
                answer = client.get(
                    "/api/v1/events", params={"after_seq": after_seq, "limit": PAGE}
                )
                answer.raise_for_status()
            except httpx.HTTPError as error:
                raise DetectorError(
                    f"{options.url}: expected the service, found: {error}"
                ) from error
            page = answer.json()
            for event in page["events"]:
                first = first or event.get("time", "")
                print(_line(event), flush=True)
            printed += len(page["events"])
            after_seq = page["next_after_seq"]
            if len(page["events"]) == PAGE:
                continue
            if not options.follow:
                _tell_coverage(client, first, printed)
                return 0
            time.sleep(0.5)


def _tell_coverage(client: Any, first: str, printed: int) -> None:
    """Say beside the events, on stderr, how much was watched since the first of them."""
    import sys

    from detector.cli.coverage import told

    if not first:
        return
    answer = client.get("/api/v1/coverage", params={"after": first})
    if answer.is_success:
        print(f"{printed} events since {first}", file=sys.stderr)
        for camera in answer.json()["cameras"]:
            print(told(camera), file=sys.stderr)


def _line(event: dict[str, Any]) -> str:
    import json

    return json.dumps(event, separators=(",", ":"))
