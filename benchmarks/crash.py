"""Kill the sender with ``kill -9`` in the middle of 200 events, N times: is anything lost?

    python -m benchmarks.crash --rounds 25

Each round commits 200 events from two threads while the delivery thread posts them to a receiver in
a process of its own, which verifies every signature and writes down every id; a third thread reads
all the time. The sender is killed three times at random moments and started again; the receiver is
killed once. At the end every event that was announced as committed must be in the database, and
the receiver must have every event of the database, each with its own bytes and, within an incident,
in order. Repeated requests are allowed (delivery is at least once) and counted.

    python -m benchmarks.crash --full-disk 200

runs the whole service with its data on a disk of 64 MiB that is filled to its last byte now and
then, kills it at random moments, and goes on until that many incidents were told. Needs root, who
may mount such a disk. Clips are counted where the service makes them.
"""

import argparse
import csv
import dataclasses
import json
import platform
import random
import signal
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.faults.full_disk import clips, full_disk
from benchmarks.machine import stamp
from tests.crashes import CrashRound, crash_round

RESULTS = Path(__file__).parent / "results"
EVENTS = 200
KILLS = 3


def write(rounds: list[CrashRound], seed: int, took_s: float) -> None:
    """Write a table of all rounds and their sum."""
    RESULTS.mkdir(exist_ok=True)
    names = [field.name for field in dataclasses.fields(CrashRound)]
    with (RESULTS / "crash.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["round", *names])
        table.writerows(
            [number, *dataclasses.astuple(seen)] for number, seen in enumerate(rounds, 1)
        )
    summary = {
        "command": f"python -m benchmarks.crash --rounds {len(rounds)} --seed {seed}",
        "rounds": len(rounds),
        "clean_rounds": sum(seen.clean for seen in rounds),
        **{name: sum(getattr(seen, name) for seen in rounds) for name in names},
        "took_s": round(took_s, 1),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.platform(),
    }
    (RESULTS / "crash.json").write_text(json.dumps(summary, indent=1) + "\n")
    print(json.dumps(summary, indent=1))


def on_a_full_disk(incidents: int, seed: int) -> int:
    """Run the whole service on a disk that fills up; the exit code is 1 if anything was lost."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the disk is unmounted then, too
    try:
        with tempfile.TemporaryDirectory() as folder:
            seen = full_disk(Path(folder), incidents, seed, (clips,))
    except PermissionError as error:
        print(f"skipped: {error}")
        return 0
    command = f"python -m benchmarks.crash --full-disk {incidents} --seed {seed}"
    result = {"command": command, **stamp(), "clean": seen.clean, **dataclasses.asdict(seen)}
    (RESULTS / "full_disk.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))
    return 0 if seen.clean else 1


def main() -> int:
    """Run the rounds; the exit code is 1 if one was not clean."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--full-disk", type=int, metavar="INCIDENTS", default=0)
    arguments = parser.parse_args()
    if arguments.full_disk:
        return on_a_full_disk(arguments.full_disk, arguments.seed)
    dice = random.Random(arguments.seed)  # noqa: S311  (moments of a kill)
    rounds, began_s = [], time.monotonic()
    for number in range(1, arguments.rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            seen = crash_round(Path(folder), EVENTS, KILLS, dice)
        rounds.append(seen)
        print(f"round {number}: {'clean' if seen.clean else 'NOT CLEAN'} {seen}", flush=True)
    write(rounds, arguments.seed, time.monotonic() - began_s)
    return 0 if all(seen.clean for seen in rounds) else 1


if __name__ == "__main__":
    sys.exit(main())
