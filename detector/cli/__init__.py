"""The command line: ``detector COMMAND``; ``detector --help`` names the commands.

Exit codes: 0 done, 2 configuration, 3 model, 4 source, 5 worse than the baseline, 6 a package that
is not whole, 1 anything else; 130 after Ctrl-C.
"""

import argparse
import sys
from collections.abc import Callable, Sequence

from detector import __version__
from detector.cli import (
    bench,
    calibrate,
    check,
    coverage,
    discover,
    events,
    export,
    process,
    schema,
    serve,
    verify,
)
from detector.errors import DetectorError

Command = Callable[[argparse.Namespace], int]
COMMANDS = (
    serve,
    process,
    check,
    discover,
    calibrate,
    events,
    coverage,
    export,
    verify,
    bench,
    schema,
)
"""In the order of ``--help``."""
INTERRUPTED = 130
"""What a shell gives a program that was ended with Ctrl-C."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Turn arguments into the command and its options; ends the process on wrong ones."""
    parser = argparse.ArgumentParser(
        prog="detector",
        description="Watches fixed cameras along a barrier and reports what happens at the line.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add_parser(commands)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; errors become one clear message and an exit code."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    run: Command = options.run
    try:
        return run(options)
    except DetectorError as error:
        print(f"detector: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # `detector events | head`
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        return INTERRUPTED
