"""``detector schema event|config``: prints a published JSON Schema."""

import argparse
import json
from typing import Any

Subparsers = Any  # argparse's own type for it is private


def add_parser(commands: Subparsers) -> None:
    """Add the command's options."""
    parser = commands.add_parser("schema", help="print the JSON Schema of events or of the config")
    parser.add_argument("what", choices=("event", "config"))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the schema."""
    from detector.config import config_schema
    from detector.events import event_schema

    schema = event_schema() if options.what == "event" else config_schema()
    print(json.dumps(schema, indent=2))
    return 0
