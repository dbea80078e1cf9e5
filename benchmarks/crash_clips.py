"""Kill the service with ``kill -9`` while it keeps clips of live cameras: is one lost, or untold?

    python -m benchmarks.crash_clips --incidents 200 --on-full-disk 60

First part: ten RTSP cameras, an incident every six seconds on each, and the service killed at
random moments, some of them just after it began to write a clip, and started again until so many
incidents are committed; now and then it is stopped as planned, with SIGTERM. Second part: the same
with its data on a disk of 160 MiB that is filled to its last byte now and then, which only root may
mount. At the end of a part the cameras are switched off, everything settles, and
``benchmarks.faults.aftermath`` looks at every event and every file. Writes ``crash-clips.md`` and
``.json``, anew after every restart.
"""

import argparse
import dataclasses
import hashlib
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.faults.aftermath import Aftermath, aftermath, rule_incidents
from benchmarks.faults.camera import RtspCamera, missing_gstreamer
from benchmarks.faults.film import make_film
from benchmarks.faults.full_disk import fill, small_disk
from benchmarks.faults.site import QUICK, Site
from benchmarks.machine import ROOT, stamp, write_result
from tests.site_folder import camera

CAMERAS = 10
FPS = 5
DISK_MIB = 160
"""A clip has about one: the disk is filled by us, not by the clips."""
RUNS_S = (2.0, 18.0)
"""How long the service runs before it is ended: 5.5 s are needed for the first clip."""
FULL_S = (2.0, 20.0)
GOES_ON = 0.3
"""Share of the times when the disk has room again and the service was not ended meanwhile."""
PLANNED = 0.2
AIMED = 0.4
AIMS_S = 8.0
SETTLES_S = 180.0
RECOVERS_S = 120.0
RECORD = {"pre_capture_s": 1.0, "post_capture_s": 1.0, "piece_s": 10.0}

Note = Callable[[dict[str, Any]], None]


class Part:
    """One part of the benchmark: a site that is ended again and again.

    Args:
        folder: for everything.
        data: where the service keeps its data.
        dice: moments and ways of ending it.
        disk: filled to its last byte now and then; None fills none.
    """

    def __init__(self, folder: Path, data: Path, dice: random.Random, disk: Path | None) -> None:
        film = make_film(folder / "film.h264", scale=4, fps=FPS, noise=12)
        self._servers = [RtspCamera(film, fps=FPS) for _ in range(CAMERAS)]
        live = {f"c{n}": _live(server.url()) for n, server in enumerate(self._servers)}
        self._site = Site(folder, live, data)
        self._dice, self._disk = dice, disk
        self._known: set[str] = set()
        self._ends: Counter[str] = Counter()
        self.model_sha256 = hashlib.sha256((folder / "model/model.onnx").read_bytes()).hexdigest()

    def run(self, wanted: int, note: Note) -> dict[str, Any]:
        """Go on until ``wanted`` incidents are committed, then settle and look."""
        began_s = time.monotonic()
        try:
            for server in self._servers:
                server.start()
            self._site.start()
            while (incidents := len(rule_incidents(self._site))) < wanted:
                note({"incidents": incidents, **self._ends})
                self._round()
            more = {"recovered_s": self._recovered_s(self._disk)} if self._disk else {}
            found = self._settled()
        finally:
            self._site.close()
            for server in self._servers:
                server.kill()
        took_s = round(time.monotonic() - began_s, 1)
        clean = found.clean and None not in more.values()
        told = {"took_s": took_s, "clean": clean, **more, **self._ends}
        return told | dataclasses.asdict(found)

    def _round(self) -> None:
        """Let it run, perhaps with a full disk, and end it one way or the other."""
        time.sleep(self._dice.uniform(*RUNS_S))
        if self._dice.random() < AIMED:
            self._wait_for_a_clip()
        ballast = None
        if self._disk and self._dice.random() < 0.6:
            ballast = fill(self._disk)
            self._ends["full"] += 1
            time.sleep(self._dice.uniform(*FULL_S))
            if self._dice.random() < GOES_ON:
                ballast.unlink()
                self._ends["went_on"] += 1
                return
        if self._dice.random() < PLANNED:
            self._site.end(signal.SIGTERM)
            self._ends["planned"] += 1
        else:
            self._site.end(signal.SIGKILL)
            self._ends["killed"] += 1
            if ballast is not None:
                self._ends["killed_when_full"] += 1
            self._ends["killed_while_writing"] += any(self._site.data.rglob("*.part"))
        if ballast is not None:
            ballast.unlink()
        self._known |= set(self._site.committed())
        self._site.start()

    def _wait_for_a_clip(self) -> None:
        """Come back at a random moment of, or just after, the writing of a clip."""
        give_up_s = time.monotonic() + AIMS_S
        while not any((self._site.data / "clips").glob("*/*.part")):
            if time.monotonic() > give_up_s:
                return
            time.sleep(0.01)
        time.sleep(self._dice.uniform(0.0, 0.1))

    def _recovered_s(self, disk: Path) -> float | None:
        """Fill the disk once more, and wait for the clip of an incident that began afterwards.

        The service runs on meanwhile. None: it never came.
        """
        ballast = fill(disk)
        time.sleep(FULL_S[1])
        ballast.unlink()
        began_s, before = time.monotonic(), {clip.incident for clip in self._site.clips()}
        while time.monotonic() - began_s < RECOVERS_S:
            if any(c.state == "ready" and c.incident not in before for c in self._site.clips()):
                return round(time.monotonic() - began_s, 1)
            time.sleep(0.5)
        return None

    def _settled(self) -> Aftermath:
        """End it as planned with nothing to see any more, and let the last run tell what is due."""
        self._site.end(signal.SIGTERM)
        self._ends["planned"] += 1
        self._known |= set(self._site.committed())
        for server in self._servers:
            server.kill()
        self._site.start()
        self._site.settle(SETTLES_S)
        return aftermath(self._site, self._known)


def _live(url: str) -> dict[str, Any]:
    given = camera(url) | {"reconnect": QUICK.reconnect, "record": RECORD}
    given["ffmpeg"]["inputs"][0]["stall_s"] = QUICK.stall_s
    return given


def on_this_disk(wanted: int, seed: int, note: Note) -> dict[str, Any]:
    """Run the first part."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        part = Part(folder, folder / "data", random.Random(seed), None)  # noqa: S311  (moments)
        return {"model_sha256": part.model_sha256, **part.run(wanted, note)}


def on_a_full_disk(wanted: int, seed: int, note: Note) -> dict[str, Any]:
    """Run the second part; without the right to mount a disk it says that it was skipped."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            with small_disk(folder / "disk", DISK_MIB) as disk:
                part = Part(folder, disk, random.Random(seed), disk)  # noqa: S311  (moments)
                return part.run(wanted, note)
        except PermissionError as error:
            return {"skipped": str(error), "clean": True}


_ROWS = {
    "incidents": "incidents committed",
    "killed": "ended with `kill -9`",
    "killed_while_writing": "… of these, while a file was being written",
    "killed_when_full": "… of these, while the disk was full",
    "planned": "ended as planned",
    "full": "disk filled to its last byte",
    "went_on": "… of these, room again without a restart",
    "recovered_s": "room again after 20 s: a new incident has its clip after, s",
    "committed": "events committed",
    "requests": "requests taken, repeated ones among them",
    "lost": "**events committed and not delivered**",
    "vanished": "**delivered or seen, and not in the database**",
    "altered": "**delivered with other bytes**",
    "unverified": "**requests with a wrong signature**",
    "clips_ready": "clips there: decoded again, SHA-256 as announced",
    "clips_missing": "clips announced missing",
    "clips_wrong": "**clips neither there nor announced missing**",
    "incidents_without_clip": "**incidents without a clip, there or missing**",
    "tracks_wrong": "**tracks that are not as announced**",
    "pictures_wrong": "**announced pictures that are not there**",
    "strangers": "**files beside the clips that belong to none**",
    "unfinished": "**temporary files left**",
    "database_faults": "**faults of the database file**",
    "pictures_without_event": "pictures whose event a kill took (the retention removes them)",
    "took_s": "took, s",
}


def markdown(result: dict[str, Any]) -> str:
    """Give the page of a result; what is bold has to be 0."""
    parts = [result["crash"], result["full_disk"]]
    machine = result["machine"]
    lines = [
        "# Clips through kills and a full disk",
        "",
        f"`{result['command']}`",
        "",
        f"{CAMERAS} RTSP cameras on the loopback, an incident every six seconds on each, clips of",
        "about four seconds. Some kills are aimed at the moment a clip is written.",
        "What is bold has to be 0.",
        "",
        f"{machine['processor']}, {machine['cores']} cores, other work beside, {result['date']},",
        f"commit {result['commit']}, network `squares` {result['model_sha256'][:12]}.",
        "",
        *([] if result["complete"] else ["**Not complete: cut off, or still running.**", ""]),
        f"| | kills | kills, and a disk of {DISK_MIB} MiB that fills up |",
        "|---|---|---|",
    ]
    for name, words in _ROWS.items():
        shown = [str(part.get(name, "-")) for part in parts]
        lines.append(f"| {words} | {' | '.join(shown)} |")
    lines += ["", "Why clips are missing:", ""]
    for title, part in zip(("kills", "full disk"), parts, strict=True):
        lines += [f"* {title}: {n} times {why}" for why, n in part.get("reasons", {}).items()]
        lines += [f"* {title}: skipped, {part['skipped']}"] if "skipped" in part else []
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run both parts; the exit code is 1 if one was not clean."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--incidents", type=int, default=200)
    parser.add_argument("--on-full-disk", type=int, default=60, metavar="INCIDENTS")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    given = parser.parse_args()
    if missing := missing_gstreamer():
        parser.error(f"gst-rtsp-server and its bindings (`make test-tools`): {missing}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # everything started is ended then
    command = (
        f"python -m benchmarks.crash_clips --incidents {given.incidents} "
        f"--on-full-disk {given.on_full_disk} --seed {given.seed}"
    )
    result: dict[str, Any] = {"command": command, **stamp(), "complete": False}
    result |= {"model_sha256": "", "crash": {}, "full_disk": {}}

    def noting(part: str) -> Note:
        def note(shown: dict[str, Any]) -> None:
            print(part, shown, flush=True)
            result[part] = shown
            write_result(given.out, "crash-clips", result, markdown(result))

        return note

    crash = on_this_disk(given.incidents, given.seed, noting("crash"))
    result["model_sha256"] = crash.pop("model_sha256")
    noting("crash")(crash)
    result["full_disk"] = on_a_full_disk(given.on_full_disk, given.seed, noting("full_disk"))
    result["complete"] = True
    noting("full_disk")(result["full_disk"])
    return 0 if crash["clean"] and result["full_disk"]["clean"] else 1


if __name__ == "__main__":
    sys.exit(main())
