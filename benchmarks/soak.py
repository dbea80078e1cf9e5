"""Many real RTSP cameras with random faults, then all dead: does anything grow or go missing?

    python -m benchmarks.soak [--cameras 8] [--minutes 30]

docs/faults.md says what is measured. Writes ``soak.md``, ``soak.json`` and ``soak.png``, the first
time after a minute and then every minute, so that a run that is cut off leaves what it has shown.
"""

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from benchmarks.faults.camera import RtspCamera, missing_gstreamer
from benchmarks.faults.campaign import Watcher, shows
from benchmarks.faults.film import make_film
from benchmarks.faults.kinds import BY_NAME, Rig, Sign
from benchmarks.faults.site import QUICK, Site, live_camera
from benchmarks.machine import ROOT, stamp, write_result
from benchmarks.soak_report import (
    BLINDING,
    HALVES,
    Samples,
    flatness,
    latency,
    markdown,
    plot,
    without_event,
)

FPS = 5
OTHERS = ("corrupt-bytes", "resolution", "same-picture", "no-keyframes", "loss-2-percent")
PAUSE_S = (10.0, 40.0)
HOLD_S = (6.0, 15.0)
WRITE_EVERY_S = 60.0


def disturb(site: Site, name: str, rig: Rig, over: threading.Event, told: list[Any]) -> None:
    """Make one random fault after the other until it is over; note whether each was shown."""
    dice, watcher = random.Random(name), Watcher(site, name)  # noqa: S311  (which fault, when)
    while not over.wait(dice.uniform(*PAUSE_S)):
        fault = BY_NAME[dice.choice(BLINDING if dice.random() < 0.5 else OTHERS)]
        before = watcher.since(0.0)[-1]
        made_s, made_at = time.monotonic(), time.time()
        fault.make(rig)
        cut_short = over.wait(dice.uniform(*HOLD_S))
        mended_at = time.time()
        looks = watcher.since(made_s)
        fault.mend(rig)
        if cut_short:
            return
        shown = fault.name not in BLINDING or any(shows(Sign.STATE, k, before) for k in looks)
        line = {"camera": name, "fault": fault.name, "made_at": made_at, "mended_at": mended_at}
        told.append(line | {"shown": shown})


class Soak:
    """One run: what stands in it, and what it has shown up to now.

    Args:
        folder: the service's.
        cameras: how many.
        minutes: of each half.
    """

    def __init__(self, folder: Path, cameras: int, minutes: float) -> None:
        self._minutes = minutes
        small = make_film(folder / "small.h264", scale=6, fps=FPS)
        large = make_film(folder / "large.h264", scale=8, fps=FPS)
        names = [f"c{number}" for number in range(cameras)]
        self._rigs = {name: Rig(RtspCamera(small, fps=FPS), small, large) for name in names}
        live = {name: live_camera(rig.url, QUICK) for name, rig in self._rigs.items()}
        self._site = Site(folder, live)
        self._samples, self._told, self._over = Samples(), list[Any](), threading.Event()
        self._dead: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def run(self, write: Callable[[dict[str, Any]], None]) -> None:
        """Run both halves; ``write`` gets the result every minute and at the end."""
        try:
            for rig in self._rigs.values():
                rig.camera.start()
            self._site.start()
            process = psutil.Process(self._site.process.pid if self._site.process else None)
            threads = [
                threading.Thread(
                    target=disturb, args=(self._site, name, rig, self._over, self._told)
                )
                for name, rig in self._rigs.items()
            ]
            for thread in threads:
                thread.start()
            began_s = time.monotonic()
            self._watch(process, began_s, self._minutes * 60, write)
            self._over.set()
            for thread in threads:
                thread.join()
            for rig in self._rigs.values():
                rig.close()
            self._watch(process, began_s, self._minutes * 120, write)
            self._dead = {name: looks[-1].state for name, looks in self._site.looks.items()}
            committed, lost = self._site.settle()
            fates = self._site.clips_by_fate()
            self._counts = {"committed": committed.total(), "lost": lost.total()} | {
                f"clips_{fate}": sum(n for (_, f), n in fates.items() if f == fate)
                for fate in ("ready", "missing", "lost")
            }
            write(self.result())
        finally:
            self._over.set()
            self._site.close()
            for rig in self._rigs.values():
                rig.close()

    def _watch(
        self,
        process: psutil.Process,
        began_s: float,
        until_s: float,
        write: Callable[[dict[str, Any]], None],
    ) -> None:
        written_s = time.monotonic()
        while (now_s := time.monotonic() - began_s) < until_s:
            self._samples.take(process, now_s)
            if time.monotonic() - written_s >= WRITE_EVERY_S:
                written_s = time.monotonic()
                write(self.result())
            time.sleep(1.0)

    def result(self) -> dict[str, Any]:
        """Give what was shown up to now; ``counts`` are made at the end."""
        samples, told = self._samples, list(self._told)
        requests = self._site.receiver.requests()
        ran_min = samples.at_s[-1] / 60 if samples.at_s else 0.0
        flat = {half: flatness(samples, half, self._minutes) for half in HALVES}
        return {
            "complete": bool(self._counts),
            "ran_minutes": round(ran_min, 1),
            "samples": vars(samples),
            "flat": {half: found for half, found in flat.items() if found},
            "faults": told,
            "silent": [line for line in told if not line["shown"]],
            "without_event": without_event(told, requests),
            "states_when_dead": self._dead,
            "counts": self._counts,
            "latency_s": {name: latency(requests, name) for name in self._rigs},
        }


def main() -> int:
    """Run it and write the results; the exit code is 1 if something was lost or silent."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cameras", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=30.0, help="of each half")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    given = parser.parse_args()
    if missing := missing_gstreamer():
        parser.error(f"gst-rtsp-server and its bindings (`make test-tools`): {missing}")
    command = f"python -m benchmarks.soak --cameras {given.cameras} --minutes {given.minutes:g}"
    head = {"command": command, **stamp(), "cameras": given.cameras, "minutes": given.minutes}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # everything started is ended then

    def write(shown: dict[str, Any]) -> None:
        result = head | shown
        write_result(given.out, "soak", result, markdown(result))
        plot(result, given.out / "soak.png")

    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), given.cameras, given.minutes)
        soak.run(write)
        result = head | soak.result()
    print(markdown(result))
    lost = result["counts"]["lost"] or result["counts"]["clips_lost"]
    return 1 if lost or result["silent"] or result["without_event"] else 0


if __name__ == "__main__":
    sys.exit(main())
