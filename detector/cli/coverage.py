"""``detector coverage``: prints how much of a time each camera of a running service watched."""

import argparse
import os
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "coverage", help="print how much of a time the cameras of a running service watched"
    )
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the service listens")
    parser.add_argument("--after", help="RFC 3339 or UTC epoch seconds; default: a day earlier")
    parser.add_argument("--before", help="likewise; default: now")
    parser.add_argument("--json", action="store_true", help="one JSON line for each camera")
    parser.add_argument("--key-env", default="DETECTOR_API_KEY", help="variable with the API key")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Ask once and print a line for each camera."""
    import json

    import httpx

    from detector.errors import DetectorError

    key = os.environ.get(options.key_env)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    wanted = {name: getattr(options, name) for name in ("after", "before")}
    asked = {name: value for name, value in wanted.items() if value is not None}
    try:
        with httpx.Client(base_url=options.url, headers=headers, timeout=10.0) as client:
            answer = client.get("/api/v1/coverage", params=asked)
    except httpx.HTTPError as error:
        raise DetectorError(f"{options.url}: expected the service, found: {error}") from error
    if answer.is_error:
        raise DetectorError(f"{options.url}: expected the coverage, found: {answer.text}")
    for camera in answer.json()["cameras"]:
        line = json.dumps(camera, separators=(",", ":")) if options.json else told(camera)
        print(line, flush=True)
    return 0


def told(camera: dict[str, Any]) -> str:
    """Say in one line how a camera watched.

    >>> told({"camera": "gate", "window_s": 100.0, "watched_s": 75.0, "reasons": [
    ...     {"state": "watched", "reason": "", "seconds": 75.0},
    ...     {"state": "blind", "reason": "covered", "seconds": 25.0}]})
    'gate  watched 75.0 % of 100 s, blind 25.0 s (covered)'
    """
    rest = [
        f"{part['state']} {part['seconds']:.1f} s"
        + (f" ({part['reason'].replace('_', ' ')})" if part["reason"] else "")
        for part in camera["reasons"]
        if part["state"] != "watched"
    ]
    share = 100 * camera["watched_s"] / camera["window_s"]
    whole = f"watched {share:.1f} % of {camera['window_s']:.0f} s"
    return f"{camera['camera']}  " + ", ".join([whole, *rest])
