"""The fault campaign: every fault many times on real RTSP cameras, told as a table.

    python -m benchmarks.faults [--repeat 20] [--only killed,404] [--profile quick|default]

Each fault has a camera of its own; all run beside each other under one service. Every repetition
is written down at once, and those that are written down already are not repeated: run it again
after it was cut off, or empty its folder to begin anew. docs/faults.md defines the columns.
"""

import argparse
import dataclasses
import json
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.faults.camera import RtspCamera, missing_gstreamer
from benchmarks.faults.campaign import Worker, repeat
from benchmarks.faults.film import make_film
from benchmarks.faults.kinds import (
    BY_NAME,
    LOGIN,
    NEEDS_LOGIN,
    NEEDS_PACKETS,
    NEEDS_PROXY,
    Fault,
    Rig,
)
from benchmarks.faults.proxy import ClockProxy
from benchmarks.faults.report import report
from benchmarks.faults.site import PROFILES, Profile, Site, live_camera
from benchmarks.machine import ROOT

FPS = 10


class Record:
    """One JSON line for each repetition, and one for the events of each fault and run."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._lock = path, threading.Lock()

    def add(self, line: dict[str, Any]) -> None:
        """Write it down and say it."""
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(json.dumps(line), flush=True)

    def lines(self) -> list[dict[str, Any]]:
        """Give all that was written down."""
        if not self._path.exists():
            return []
        return [json.loads(line) for line in self._path.read_text(encoding="utf-8").splitlines()]


def make_rig(fault: Fault, small: Path, large: Path) -> Rig:
    """Start the camera for one fault."""
    login = LOGIN if fault.name in NEEDS_LOGIN else ""
    clip = large if fault.name in NEEDS_PACKETS else small
    camera = RtspCamera(clip, login=login, fps=FPS)
    camera.start()
    proxy = ClockProxy(camera.port) if fault.name in NEEDS_PROXY else None
    return Rig(camera, small, large, proxy)


def campaign(folder: Path, names: dict[str, range], profile: Profile, record: Record) -> bool:
    """Run the repetitions of ``names`` beside each other; True if every one came to its end.

    What an earlier run left in ``folder`` is gone on with.
    """
    small = make_film(folder / "small.h264", scale=2, fps=FPS)
    large = make_film(folder / "large.h264", scale=4, fps=FPS, noise=25)
    rigs = {name: make_rig(BY_NAME[name], small, large) for name in names}
    cameras = {n: live_camera(r.url, profile, BY_NAME[n].transport) for n, r in rigs.items()}
    site = Site(folder, cameras)
    site.start()
    try:

        def work(name: str, number: int) -> None:
            seen = repeat(site, name, rigs[name], BY_NAME[name], profile, number)
            record.add(dataclasses.asdict(seen))

        workers = [
            Worker(lambda number, name=name: work(name, number), numbers, name)
            for name, numbers in names.items()
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        site.end()  # no more events; what is still to be delivered, the next run delivers
        for rig in rigs.values():
            rig.close()
        site.configure({n: c | {"enabled": n == next(iter(cameras))} for n, c in cameras.items()})
        site.start()
        _note_events(site, list(names), profile, record)
    finally:
        site.close()
        for rig in rigs.values():
            rig.close()
    for worker in workers:
        if worker.failure is not None:
            print(f"{worker.name}: {worker.failure!r}", file=sys.stderr)
    return all(worker.failure is None for worker in workers)


def _note_events(site: Site, names: list[str], profile: Profile, record: Record) -> None:
    """Count over all runs in this folder, as the database does."""
    committed, lost = site.settle()
    clips = site.clips_by_fate()
    for name in names:
        line = {"events": name, "profile": profile.name}
        fates = {f"clips_{fate}": clips[name, fate] for fate in ("ready", "missing", "lost")}
        record.add(line | {"committed": committed[name], "lost": lost[name]} | fates)


def main() -> int:
    """Run what is still to be run, then write the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=20)
    parser.add_argument("--only", default=",".join(BY_NAME), help="names, separated by commas")
    parser.add_argument("--profile", choices=list(PROFILES), default="quick")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "faults")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # everything started is ended then
    names = given.only.split(",")
    if unknown := set(names) - set(BY_NAME):
        parser.error(f"--only: expected some of {', '.join(BY_NAME)}, found {sorted(unknown)}")
    if missing := missing_gstreamer():
        parser.error(f"gst-rtsp-server and its bindings (`make test-tools`): {missing}")
    folder = given.folder / given.profile
    record = Record(folder / "record.jsonl")
    done = Counter(
        line["fault"] for line in record.lines() if line.get("profile") == given.profile
        and "fault" in line
    )  # fmt: skip
    left = {n: range(done[n], given.repeat) for n in names if done[n] < given.repeat}
    whole = True
    if left:
        whole = campaign(folder, left, PROFILES[given.profile], record)
    report(
        [n for p in PROFILES for n in Record(given.folder / p / "record.jsonl").lines()], given.out
    )
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
