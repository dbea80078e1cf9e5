"""A service on a small disk that fills up, killed with ``kill -9`` at random moments."""

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.faults.site import Site
from tests.site_folder import camera, make_recording

CAMERAS = 4
MIB = 2**20
Check = Callable[[Site], dict[str, int]]
"""Counts what is left when all is delivered; what is named ``*_wrong`` must be 0."""


@dataclass(frozen=True)
class Outcome:
    """What one run showed.

    Attributes:
        incidents: different incidents of the committed events.
        committed: events in the database at the end.
        lost: committed, never taken by the incident system.
        vanished: in the database after a kill, not any more at the end.
        kills: with ``kill -9``, some of them while the disk was full.
        kills_when_full: how many of them.
        full: how often the disk was filled to its last byte.
        unverified: requests whose signature was wrong.
        checks: counts of further checks, see ``Check``.
    """

    incidents: int
    committed: int
    lost: int
    vanished: int
    kills: int
    kills_when_full: int
    full: int
    unverified: int
    checks: dict[str, int]

    @property
    def clean(self) -> bool:
        """Nothing lost."""
        wrong = [number for name, number in self.checks.items() if name.endswith("_wrong")]
        return not any([self.lost, self.vanished, self.unverified, *wrong])


@contextmanager
def small_disk(folder: Path, mib: int) -> Iterator[Path]:
    """Mount a file system of ``mib`` MiB in memory; raises PermissionError without the right to."""
    if os.geteuid() != 0:
        raise PermissionError("expected root, who may mount a small disk")
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PermissionError(f"cannot mount a small disk: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take the last free byte; gives the file to be deleted."""
    ballast = disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("ab", buffering=0) as file:
        for size in (MIB, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"\0" * size):
                    pass
    return ballast


def incidents(site: Site) -> int:
    """Count the incidents of which the incident system took an event."""
    return len({entry["incident"] for entry in site.receiver.requests()})


def full_disk(folder: Path, wanted: int, seed: int, checks: tuple[Check, ...] = ()) -> Outcome:
    """Run until ``wanted`` incidents were told, with the disk full and kills now and then."""
    dice = random.Random(seed)  # noqa: S311  (moments)
    cameras: dict[str, Any] = {}
    for number in range(CAMERAS):
        name = f"c{number}"
        make_recording(folder / f"{name}.mp4", shown=(0.2 * number + 0.4, 0.2 * number + 2.0))
        cameras[name] = camera(str(folder / f"{name}.mp4"))
        cameras[name]["ffmpeg"]["inputs"][0]["loop"] = True
    with small_disk(folder / "disk", 64) as disk:
        site = Site(folder, cameras, disk)
        kills = kills_when_full = full = 0
        known: set[str] = set()
        try:
            site.start()
            while incidents(site) < wanted:
                time.sleep(dice.uniform(3.0, 8.0))
                ballast = fill(disk) if dice.random() < 0.6 else None
                full += ballast is not None
                time.sleep(dice.uniform(0.5, 3.0))
                if dice.random() < 0.5:
                    site.end(signal.SIGKILL)
                    kills, kills_when_full = kills + 1, kills_when_full + (ballast is not None)
                if ballast is not None:
                    ballast.unlink()
                if site.process is None:
                    known |= set(site.committed())
                    site.start()
            site.end(signal.SIGTERM)
            for settings in list(cameras.values())[1:]:  # the last run delivers
                settings["enabled"] = False
            site.configure(cameras)
            site.start()
            found = _compare(site, known)
            return Outcome(
                **found, kills=kills, kills_when_full=kills_when_full, full=full,
                checks={k: v for check in checks for k, v in check(site).items()},
            )  # fmt: skip
        finally:
            site.close()


def _compare(site: Site, known: set[str]) -> dict[str, int]:
    committed, lost = site.settle()
    return {
        "incidents": incidents(site),
        "committed": sum(committed.values()),
        "lost": sum(lost.values()),
        "vanished": len(known - set(site.committed())),
        "unverified": sum(not entry["verified"] for entry in site.receiver.requests()),
    }


def clips(site: Site) -> dict[str, int]:
    """Count clips that were announced and are not there, and those announced missing."""
    ready = missing = wrong = 0
    for entry in site.receiver.requests():
        data = json.loads(entry["body"])["data"]
        missing += data["rule"] == "evidence_missing"
        if data["rule"] == "evidence_ready":
            ready += 1
            incident = data["incident_id"]
            wrong += not any((site.data / "clips" / incident[:2]).glob(f"{incident}-*.mp4"))
    return {"clips_ready": ready, "clips_missing": missing, "clips_wrong": wrong}
