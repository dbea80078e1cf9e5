"""``detector verify PACKAGE.zip``: checks a sealed evidence package."""

import argparse
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the command's options."""
    parser = commands.add_parser("verify", help="check a sealed evidence package")
    parser.add_argument("package", type=Path, metavar="PACKAGE.zip")
    parser.add_argument(
        "--public-key", default="", metavar="KEY", help="the 64 digits it must be sealed with"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Say whether it is whole, else which file was altered first."""
    from detector.errors import DetectorError
    from detector.evidence.verify_package import ALTERED, check, describe

    try:
        with options.package.open("rb") as file:
            report = check(file, options.public_key.strip().lower())
    except OSError as error:
        raise DetectorError(
            f"{options.package}: expected a package that can be read, found: {error}"
        ) from error
    print(describe(report, options.public_key))
    return ALTERED if report.findings else 0
