"""What idling on key frames saves, and how much later somebody is seen: side by side in one run.

``python -m benchmarks.idle`` plays one 1080p film over RTSP on the loopback. Two readers watch it
at the same time, one decoding everything, one idling; a red square that comes up at changing
phases of the group of pictures is the person, and finding red is the analysis. CPU is that of each
reader's own thread; the analysis is left out, as both could have the same.
"""

import json
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
from av.video.frame import VideoFrame

from benchmarks.faults.camera import RtspCamera, missing_gstreamer
from benchmarks.machine import stamp, write_result
from detector.pipeline.health import Heartbeats
from detector.pipeline.reader import Reader
from detector.pipeline.source_thread import ReaderPlan
from detector.streams import IdleSettings, IdleSwitch, InputSettings, Latest, open_source
from detector.types import CameraId, Frame

RESULTS = Path(__file__).with_name("results")
FPS = 25
SIZE = (1920, 1080)
CYCLE_S = 14
PHASES = 6  # somebody comes up at so many places of the group of pictures, one in each cycle
BEGIN_S = 6
SHOWN_S = 3
APPEARANCES = 13  # the first is not judged: nobody idles yet
RED_SHARE = 0.005
QUIET = (7.0, 10.5)
"""Seconds after an appearance between which nobody is in view and the camera idles (after 3 s)."""


@dataclass
class Watcher:
    """One reader, and what its analysis saw.

    Attributes:
        seen: when red came into view, by this machine's clock and by the camera's timestamps.
        pictures: analysed pictures with red in them, by the number of the appearance.
    """

    name: str
    reader: Reader
    slots: "Latest[CameraId, Frame]"
    switch: IdleSwitch | None
    seen: list[float] = field(default_factory=list)
    cpu_s: list[tuple[float, float]] = field(default_factory=list)

    def watch(self, over: threading.Event) -> None:
        """Look at every frame until it is over."""
        visible, gone_s = False, 0.0
        while not over.is_set():
            for frame in self.slots.take(0.5):
                now = time.time()
                if is_red(frame):
                    if self.switch:
                        self.switch.attend()
                    if not visible:
                        self.seen.append(now)
                    visible, gone_s = True, now
                elif now - gone_s > 1.0:
                    visible = False

    def sample(self) -> None:
        """Note the CPU seconds of the reader's thread."""
        native = self.reader._thread.native_id  # noqa: SLF001  (nobody else asks a reader this)
        threads = {t.id: t for t in psutil.Process().threads()}
        if native in threads:
            used = threads[native]
            self.cpu_s.append((time.time(), used.user_time + used.system_time))


def is_red(frame: Frame) -> bool:
    """Whether the square is in the picture; looks at every eighth pixel."""
    small = frame.image[::8, ::8].astype(np.int16)
    red = (small[..., 2] > 150) & (small[..., 0] < 90) & (small[..., 1] < 90)
    return float(red.mean()) > RED_SHARE


def make_film(path: Path, group_s: float) -> Path:
    """Write cycles of textured pictures with moving noise; in each the square comes for 3 s.

    It begins a sixth of a group later in each cycle than in the one before.
    """
    dice = np.random.default_rng(3)
    still = dice.integers(60, 120, (SIZE[1] // 4, SIZE[0] // 4, 3), np.uint8).repeat(4, 0)
    still = still.repeat(4, 1)
    group, cycle = round(group_s * FPS), CYCLE_S * FPS
    begins = [
        -(-(n * cycle + BEGIN_S * FPS) // group) * group + n * group // PHASES
        for n in range(PHASES)
    ]
    shown = {number for begin in begins for number in range(begin, begin + SHOWN_S * FPS)}
    options = {"g": str(group), "bf": "0", "preset": "ultrafast", "crf": "26"}
    options["x264-params"] = "aud=1:threads=1:slices=1:scenecut=0"
    with av.open(str(path), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(PHASES * cycle):
            image = still.copy()
            left = (number * 8) % (SIZE[0] - 200)
            image[100:400, left : left + 200] = dice.integers(40, 140, (300, 200, 1), np.uint8)
            if number in shown:
                image[500:800, 800:1100] = (220, 20, 20)
            picture = VideoFrame.from_ndarray(image, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def watcher(name: str, url: str, *, idle: bool) -> Watcher:
    """Begin to read the camera."""
    camera = CameraId(name)
    settings = InputSettings(path=url, stall_s=20.0)
    switch = IdleSwitch(camera, IdleSettings(3.0, 4.0), settings.stall_s) if idle else None
    slots = Latest[CameraId, Frame]()
    opener = partial(open_source, idle=switch)
    reader = Reader(ReaderPlan(camera, settings, 5.0), slots, Heartbeats(), opener=opener)
    reader.start()
    return Watcher(name, reader, slots, switch)


def measure(film: Path, group_s: float) -> dict[str, Any]:
    """Watch the film both ways at once."""
    camera = RtspCamera(film, fps=FPS)
    camera.start()
    over = threading.Event()
    both = [watcher("all", camera.url(), idle=False), watcher("idle", camera.url(), idle=True)]
    threads = [threading.Thread(target=w.watch, args=(over,)) for w in both]
    for thread in threads:
        thread.start()
    try:
        deadline_s = time.monotonic() + (APPEARANCES + 2) * CYCLE_S
        while len(both[1].seen) < APPEARANCES and time.monotonic() < deadline_s:
            for each in both:
                each.sample()
            time.sleep(0.5)
    finally:
        over.set()
        for each in both:
            each.reader.stop()
        for thread in threads:
            thread.join()
        for each in both:
            each.reader.join(10.0)
        camera.kill()
    return summary(both[0], both[1], group_s)


def summary(whole: Watcher, idle: Watcher, group_s: float) -> dict[str, Any]:
    """Compare the two."""
    quiet = [(seen + QUIET[0], seen + QUIET[1]) for seen in whole.seen]
    delays = []
    for seen in whole.seen[1:]:  # the first came while nobody idled yet
        later = [s - seen for s in idle.seen if -0.5 < s - seen < SHOWN_S]
        if later:
            delays.append(later[0])
    return {
        "group_s": group_s,
        "appearances": len(whole.seen) - 1,
        "seen_by_idle": len(delays),
        "delay_s": {
            "mean": round(statistics.mean(delays), 3),
            "p50": round(statistics.median(delays), 3),
            "max": round(max(delays), 3),
        },
        "cpu_quiet_pct": {w.name: cpu_pct(w, quiet) for w in (whole, idle)},
        "cpu_always_pct": {w.name: cpu_pct(w, [(0.0, float("inf"))]) for w in (whole, idle)},
        "corrupt": {w.name: w.reader.monitor.snapshot().corrupt for w in (whole, idle)},
    }


def cpu_pct(who: Watcher, spans: list[tuple[float, float]]) -> float:
    """CPU of the reader's thread within ``spans``, percent of one core."""
    used = elapsed = 0.0
    for begin, end in spans:
        inside = [(at, cpu) for at, cpu in who.cpu_s if begin <= at <= end]
        if len(inside) > 1:
            elapsed += inside[-1][0] - inside[0][0]
            used += inside[-1][1] - inside[0][1]
    return round(100 * used / elapsed, 1) if elapsed else float("nan")


HEAD = """# Idling on key frames

`python -m benchmarks.idle`: 1080p H.264 at {fps} pictures a second over RTSP (TCP) on the loopback,
watched at the same time by a reader that decodes everything and one that idles. CPU is that of the
reader's thread (receiving, decoding, 5 conversions to BGR a second), percent of one core; analysis
is not in it. Delay: how much later than the other one the idling reader hands over the first
picture of somebody.

{processor}, {cores} cores, other work beside, {date}, commit {commit}.

| key frame every | CPU, nobody in view: all / idle | CPU, whole run: all / idle | seen \
| delay mean / p50 / max |
|---|---|---|---|---|
"""


def table(results: list[dict[str, Any]], about: dict[str, Any]) -> str:
    """Write what was measured as Markdown."""
    lines = []
    for r in results:
        quiet, always, delay = r["cpu_quiet_pct"], r["cpu_always_pct"], r["delay_s"]
        lines.append(
            f"| {r['group_s']:g} s | {quiet['all']} % / {quiet['idle']} % | "
            f"{always['all']} % / {always['idle']} % | {r['seen_by_idle']} of {r['appearances']} | "
            f"{delay['mean']} / {delay['p50']} / {delay['max']} s |\n"
        )
    said = {"date": about["date"], "commit": about["commit"], **about["machine"]}
    return HEAD.format(fps=FPS, **said) + "".join(lines)


def main() -> None:
    """Measure two lengths of groups, write JSON and Markdown."""
    if missing := missing_gstreamer():
        raise SystemExit(f"needs gst-rtsp-server (make test-tools): {missing}")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for group_s in (0.96, 2.04):
            film = make_film(Path(folder) / "film.h264", group_s)
            results.append(measure(film, group_s))
            print(json.dumps(results[-1]))
    about = stamp()
    write_result(RESULTS, "idle", {**about, "results": results}, table(results, about))


if __name__ == "__main__":
    main()
