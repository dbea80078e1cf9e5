"""``detector schema event|config|truth|tracks``: prints a published JSON Schema."""

import argparse
import json
from typing import Any

Subparsers = Any  # argparse's own type for it is private


def add_parser(commands: Subparsers) -> None:
    """Add the command's options."""
    parser = commands.add_parser(
        "schema", help="print the JSON Schema of events, config, truth or tracks"
    )
    parser.add_argument("what", choices=("event", "config", "truth", "tracks"))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the schema."""
    from detector.benchmark.truth import truth_schema
    from detector.config import config_schema
    from detector.events import event_schema
    from detector.evidence.tracks import tracks_schema

    makers = {
        "event": event_schema,
        "config": config_schema,
        "truth": truth_schema,
        "tracks": tracks_schema,
    }
    print(json.dumps(makers[options.what](), indent=2))
    return 0
