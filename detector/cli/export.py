"""``detector export INCIDENT… OUT.zip``: seals the evidence of incidents for somebody else."""

import argparse
from pathlib import Path
from typing import Any
from uuid import UUID


def add_parser(commands: Any) -> None:
    """Add the command's options."""
    parser = commands.add_parser("export", help="write a sealed evidence package of incidents")
    parser.add_argument("incidents", nargs="+", type=UUID, metavar="INCIDENT", help="their ids")
    parser.add_argument("out", type=Path, metavar="OUT.zip", help="must not be there yet")
    parser.add_argument("--config", type=Path, required=True, metavar="CONFIG")
    parser.add_argument("--purpose", required=True, metavar="TEXT", help="why; kept for ever")
    parser.add_argument("--recipient", default="", metavar="NAME", help="who will get it")
    parser.add_argument("--by", metavar="NAME", help="who exports it (default: the login name)")
    parser.add_argument(
        "--redacted",
        type=Path,
        metavar="COPY.zip",
        help="also a copy without pictures, video and tracks that refers to OUT.zip",
    )
    parser.add_argument(
        "--masked",
        type=Path,
        metavar="COPY.zip",
        help="also a copy with the people who were tracked masked in clips and snapshots",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the package and say what names it, what seals it and what it lacks."""
    import getpass
    import logging

    from detector.config import load_config
    from detector.config.packages import make_packager
    from detector.pipeline.packager import PackageOrder
    from detector.pipeline.redaction import LIMITS
    from detector.store import open_store

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    config = load_config(options.config).config
    order = PackageOrder(
        incident_ids=tuple(options.incidents),
        purpose=options.purpose,
        recipient=options.recipient,
        actor=options.by or getpass.getuser(),
        role="command line",
        redacted=options.redacted,
        masked=options.masked,
    )
    with open_store(config.store_settings()) as store:
        exported = make_packager(config, store).export(order, options.out)
    seal = exported.package
    print(f"written: {options.out}, {len(seal.entries)} files")
    if options.redacted:
        print(f"written: {options.redacted}, the same without pictures, video and tracks")
    if exported.masked:
        print(f"written: {options.masked}, {len(exported.masked.entries)} files: {LIMITS}")
    for lack in (exported.masked or seal).shortcomings:
        print(f"lacks:   {lack['what']} ({lack['state']}): {lack['reason']}")
    print(f"package: {seal.manifest_sha256}  (SHA-256 of its manifest)")
    print(f"key:     {seal.public_key}  (tell it the recipient on another way)")
    return 0
