"""Measures the checks of a camera's view: false alarms on quiet footage, time to notice faults.

    python -m benchmarks.integrity [FOLDER …] [--hours HOURS]

Takes all films in the folders, by default the samples, the rendered scenes and the shared footage,
as far as they are there. Each film is a fixed camera. It is reduced once to the small grey pictures
that the meter works on (the same ones it would make itself), and played over and over: the minutes
that differ are stated beside the hours played. Where a film begins again its people jump, its view
stays.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import count, islice
from pathlib import Path
from typing import Any
from uuid import UUID

import cv2
import numpy as np

from benchmarks.machine import ROOT, stamp, write_result
from detector.events import VIEW_KINDS, ConfigStamp, Context, ModelStamp, Moment
from detector.geometry import project
from detector.incidents.camera_watch import CameraWatch, Link
from detector.incidents.view import IntegritySettings
from detector.pipeline.view_follower import GeometryState, ViewFollower
from detector.types import F64, U8, CameraId, ClockSource
from detector.vision.integrity import HEIGHT_PX, WIDTH_PX, IntegrityMeter, small_grey

FOLDERS = (
    ROOT / "samples",
    ROOT / "build" / "scenes",
    ROOT.parent / "shared" / "data" / "video",
)
FPS = 5.0
FULL_PX = 1920
WELL_S, FAULT_S, AFTER_S = 60.0, 30.0, 30.0
SETTINGS = IntegritySettings()
SIZE = (WIDTH_PX, HEIGHT_PX)
_RUN = UUID(int=1)

HEAD = """\
# When a camera's view is at fault

{date}, {machine}, commit {commit}. Defaults of `integrity`, {fps:g} pictures a second.

## False alarms on quiet footage

{films} films of fixed cameras, {minutes:.1f} minutes that differ, each played over and over for
{each:.2f} h: {hours:.1f} h of play, in which nobody touched a camera. {real} films are real footage
({real_minutes:.1f} minutes), the others are rendered, with rain, fog, insects, shaking masts and
drifting brightness.

| said | events | films |
|---|--:|---|"""

FAULTS_HEAD = """
## Time to notice

Each film for {well:g} s, then the fault for {fault:g} s, then as before. Seconds from the first
picture of the fault to the event, and from the last one to `restored`. *others* are events of
another kind than the fault's, said meanwhile; *unnoticed* are films of which nothing was said.
*noise* is that of the fault's picture, in grey levels of the small picture: the night sample has
{noise[0]:g}, {noise[1]:g} is a camera with much gain.

| fault | noise | films | noticed | unnoticed | p50 s | max s | restored | max s | others |
|---|--:|--:|--:|--:|--:|--:|--:|--:|---|"""

MOVED_HEAD = """
## Zones and barriers that follow

The view turned about the camera, with 0.3 degrees of roll (70 degree lens); px are those of a
picture 1920 wide. *error* is the farthest that a place within both pictures lies from where it
should, once followed. *wrong* are followed with an error above {limit:g} px.

| turn px | films | said | followed | p50 s | max s | error px p50 | p95 | max | wrong |
|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"""
WRONG_PX = 20.0

ZOOM_ROLL_HEAD = """
## Zoom and roll

The view zoomed about its middle, or rolled about it. Nothing follows that: it is said, as above.

| fault | noise | films | noticed | unnoticed | p50 s | max s | restored | max s | others |
|---|--:|--:|--:|--:|--:|--:|--:|--:|---|"""

Fault = Callable[[U8], F64]


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """The small pictures of a film, (N, 180, 320) uint8, ``FPS`` of them a second."""

    name: str
    real: bool
    pictures: U8

    @property
    def minutes(self) -> float:
        """Give its length."""
        return len(self.pictures) / FPS / 60.0

    def play(self, begin: int = 0) -> Iterator[U8]:
        """Give its pictures for ever, from number ``begin`` on."""
        return (self.pictures[number % len(self.pictures)] for number in count(begin))


def read_film(path: Path, *, real: bool) -> Film | None:
    """Reduce a film; None where it is shorter than five seconds."""
    capture = cv2.VideoCapture(str(path))
    rate = capture.get(cv2.CAP_PROP_FPS) or FPS
    kept: list[U8] = []
    for number in count():
        if not capture.grab():
            break
        if number >= len(kept) * rate / FPS:
            kept.append(small_grey(np.asarray(capture.retrieve()[1], np.uint8)))
    capture.release()
    return Film(path.stem, real, np.stack(kept)) if len(kept) >= 5 * FPS else None


class Desk:
    """Meter, watch and follower of one camera, with what they said."""

    def __init__(self) -> None:
        model, config = ModelStamp(name="none", sha256="0" * 64), ConfigStamp(sha256="0" * 64)
        context = Context(
            site="bench",
            camera=CameraId("film"),
            run_id=_RUN,
            model=model,
            config=config,
            live=False,
        )
        self.meter = IntegrityMeter(SETTINGS.learn_s)
        self.watch = CameraWatch(context, SETTINGS)
        self.follower = ViewFollower(self.meter, SETTINGS.moved)
        self.number = 0
        self.said: list[tuple[float, str, str]] = []

    @property
    def at(self) -> float:
        """Seconds since the first picture."""
        return self.number / FPS

    def see(self, grey: U8) -> None:
        """Take one small picture."""
        self.number += 1
        measures = self.meter.measure(np.stack([grey] * 3, axis=-1), self.at)
        moment = Moment(
            pts=self.at, captured_at=self.at, clock=ClockSource.NONE, decoded_at=0.0, size=SIZE
        )
        outcome = self.watch.advance(moment, Link(up=True, state="live"), measures)
        self.said += [(self.at, e.data.rule.value, e.data.phase.value) for e in outcome.events]
        moved = "camera_moved" in self.watch.faults
        self.follower.update(self.at, moved=moved, measured=measures is not None)

    def first(self, kind: str, phase: str, after: float) -> float | None:
        """Say how long after a moment something was said first."""
        times = (at for at, k, p in self.said if (k, p) == (kind, phase) and at > after)
        return next((at - after for at in times), None)


@dataclass(slots=True)
class Tally:
    """What one fault came to, film by film."""

    noticed_s: list[float] = field(default_factory=list)
    restored_s: list[float] = field(default_factory=list)
    missed: dict[str, str] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)
    films: int = 0


NOISES_GREY = (0.9, 2.0)


def noise(seed: int, spread: float) -> F64:
    """Give the noise of a sensor."""
    return np.random.default_rng(seed).normal(0, spread, (HEIGHT_PX, WIDTH_PX))


def grained(grey: F64, seed: int, spread: float) -> U8:
    """Add noise to a picture without any."""
    return np.clip(grey + noise(seed, spread), 0, 255).astype(np.uint8)


def covered(grey: U8) -> F64:
    """Hold something over nine tenths of the view."""
    hidden = grey.astype(np.float64)
    hidden[:, : WIDTH_PX * 9 // 10] = 45
    return hidden


def blurred(grey: U8) -> F64:
    """Spread every point over about 50 pixels of a picture 1920 wide."""
    return np.asarray(cv2.GaussianBlur(grey, (0, 0), 4.0), np.float64)


def dark(grey: U8) -> F64:
    """Leave a twentieth of the light."""
    return grey.astype(np.float64) * 0.05


FAULTS: dict[str, Fault] = {
    "camera_covered": covered,
    "camera_blurred": blurred,
    "camera_dark": dark,
}
ZOOMS = (0.9, 1.02, 1.03, 1.05, 1.1, 1.3, 1.5, 2.0)
ROLLS_DEG = (1, 1.5, 2, 3, 5, 10, 45, 90)
TURNS_PX = (30, 60, 90, 120, 150, 180, 400)


def turned(pan_px: float) -> F64:
    """Map the small picture to that of the camera after a turn, by pixels of the small picture."""
    focus = WIDTH_PX / 2 / np.tan(np.radians(35.0))
    lens = np.array([[focus, 0, WIDTH_PX / 2 - 0.5], [0, focus, HEIGHT_PX / 2 - 0.5], [0, 0, 1.0]])
    pan = np.arctan(pan_px * WIDTH_PX / FULL_PX / focus)
    yaw = cv2.Rodrigues(np.array([0.0, pan, 0.0]))[0]
    nod = cv2.Rodrigues(np.array([0.25 * pan, 0.0, 0.0]))[0]
    roll = cv2.Rodrigues(np.array([0.0, 0.0, np.radians(0.3)]))[0]
    matrix = lens @ roll @ nod @ yaw @ np.linalg.inv(lens)
    return np.asarray(matrix / matrix[2, 2])


def quiet(films: Sequence[Film], hours: float) -> dict[str, dict[str, int]]:
    """Play every film; give what was said, by kind and film."""
    found: dict[str, dict[str, int]] = {}
    for film in films:
        desk = Desk()
        for grey in islice(film.play(), round(hours * 3600 * FPS)):
            desk.see(grey)
        for kind, number in Counter(k for _, k, p in desk.said if p == "new").items():
            found.setdefault(kind, {})[film.name] = number
    return found


def warmed(film: Film) -> Desk:
    """Play a film for ``WELL_S``; the meter has learnt it then."""
    desk = Desk()
    for grey in islice(film.play(), round(WELL_S * FPS)):
        desk.see(grey)
    return desk


def inject(film: Film, well: Desk, kind: str, fault: Callable[[U8, int], U8], tally: Tally) -> None:
    """Play a film on with a fault and count what was said about it."""
    desk = deepcopy(well)
    began, before, pictures = desk.at, len(desk.said), film.play(desk.number)
    for seed in range(round(FAULT_S * FPS)):
        desk.see(fault(next(pictures), seed))
    ended = desk.at
    tally.films += 1
    said = {k for _, k, phase in desk.said[before:] if phase == "new"}
    for other in said - {kind}:
        tally.others[other] = tally.others.get(other, 0) + 1
    noticed_s = desk.first(kind, "new", began)
    if noticed_s is None:
        tally.missed[film.name] = ", ".join(sorted(said))
        return
    tally.noticed_s.append(noticed_s)
    for _ in range(round(AFTER_S * FPS)):
        desk.see(next(pictures))
    restored_s = desk.first(kind, "end", ended)
    tally.restored_s += [] if restored_s is None else [restored_s]


def spoilt(fault: Fault, spread: float, grey: U8, seed: int) -> U8:
    """Give a picture with a fault and noise."""
    return grained(fault(grey), seed, spread)


def stand_still(film: Film, well: Desk, tally: Tally) -> None:
    """Repeat the picture that the film had when the fault began."""
    still = next(film.play(well.number))
    inject(film, well, "camera_frozen", lambda _grey, _seed: still, tally)


def zoom_roll(matrix: F64, grey: U8, _seed: int) -> U8:
    """Give a picture as the camera would after it was zoomed or rolled."""
    warped = cv2.warpAffine(
        grey, matrix, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(warped, np.uint8)


@dataclass(slots=True)
class TurnTally(Tally):
    """What a turn of the camera came to."""

    followed_s: list[float] = field(default_factory=list)
    errors_px: dict[str, float] = field(default_factory=dict)


def turn(film: Film, well: Desk, pan_px: float, tally: TurnTally) -> None:
    """Turn the camera of a film and see whether geometry follows."""
    truth = turned(pan_px)
    grid = np.stack(np.meshgrid(np.linspace(0.05, 0.95, 7), np.linspace(0.05, 0.95, 5)), -1)
    places = grid.reshape(-1, 2)
    wanted = (project(truth, places * SIZE - 0.5) + 0.5) / SIZE
    there = ((wanted > 0) & (wanted < 1)).all(axis=1)
    since: list[float] = []
    desk = deepcopy(well)
    began, pictures = desk.at, film.play(desk.number)
    for _ in range(round(FAULT_S * FPS)):
        grey = cv2.warpPerspective(next(pictures), truth, SIZE, borderMode=cv2.BORDER_REFLECT)
        desk.see(np.asarray(grey, np.uint8))
        if desk.follower.geometry.state is GeometryState.MOVED_ALONG:
            since.append(desk.at - began)
    tally.films += 1
    noticed_s = desk.first("camera_moved", "new", began)
    tally.noticed_s += [] if noticed_s is None else [noticed_s]
    shift = desk.follower.geometry.shift
    if shift is None:
        return
    tally.followed_s.append(since[0])
    off = (project(shift.matrix, places) - wanted)[there] * (FULL_PX, FULL_PX * 9 / 16)
    tally.errors_px[film.name] = float(np.linalg.norm(off, axis=1).max())


def _middle(values: Sequence[float], share: float = 0.5) -> str:
    return f"{np.quantile(values, share):.1f}" if values else ""


def fault_line(kind: str, spread: str, tally: Tally) -> str:
    """Give the row of one fault."""
    others = ", ".join(f"{name} {number}" for name, number in sorted(tally.others.items()))
    cells = (
        kind,
        spread,
        tally.films,
        len(tally.noticed_s),
        sum(not said for said in tally.missed.values()),
        _middle(tally.noticed_s),
        _middle(tally.noticed_s, 1.0),
        len(tally.restored_s),
        _middle(tally.restored_s, 1.0),
        others,
    )
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def turn_line(pan_px: float, tally: TurnTally) -> str:
    """Give the row of one turn."""
    errors = list(tally.errors_px.values())
    cells = (
        f"{pan_px:g}",
        tally.films,
        len(tally.noticed_s),
        len(tally.followed_s),
        _middle(tally.followed_s),
        _middle(tally.followed_s, 1.0),
        _middle(errors),
        _middle(errors, 0.95),
        _middle(errors, 1.0),
        sum(error > WRONG_PX for error in errors),
    )
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def films_in(folders: Iterable[Path]) -> list[Film]:
    """Read all films below the folders, each file name once."""
    paths: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.mp4")) + sorted(folder.rglob("*.avi")):
            paths.setdefault(path.name, path)
    real = {path.name for path in paths.values() if "video" in path.parts}
    found = (read_film(path, real=name in real) for name, path in paths.items())
    return [film for film in found if film is not None]


def report(films: Sequence[Film], each_h: float) -> tuple[dict[str, Any], str]:
    """Run everything; give the result and its table."""
    ran, footage = stamp(), [film for film in films if film.real]
    said = quiet(films, each_h)
    faults = {(kind, spread): Tally() for kind in FAULTS for spread in NOISES_GREY}
    frozen = Tally()
    turns = {pan_px: TurnTally() for pan_px in TURNS_PX}
    middle = ((WIDTH_PX - 1) / 2, (HEIGHT_PX - 1) / 2)
    cases = [(zoom, 0.0) for zoom in ZOOMS] + [(1.0, float(roll_deg)) for roll_deg in ROLLS_DEG]
    zoom_rolls = {
        f"zoom {zoom:g}" if roll_deg == 0 else f"roll {roll_deg:g}°": (
            Tally(),
            np.asarray(cv2.getRotationMatrix2D(middle, roll_deg, zoom)),
        )
        for zoom, roll_deg in cases
    }
    for film in films:
        well = warmed(film)
        for (kind, spread), told in faults.items():
            inject(film, well, kind, partial(spoilt, FAULTS[kind], spread), told)
        stand_still(film, well, frozen)
        for pan_px, tally in turns.items():
            turn(film, well, pan_px, tally)
        for told, matrix in zoom_rolls.values():
            inject(film, well, "camera_moved", partial(zoom_roll, matrix), told)
    lines = [
        HEAD.format(
            **(ran | {"machine": ", ".join(f"{v}" for v in ran["machine"].values()) + " cores"}),
            fps=FPS,
            films=len(films),
            minutes=sum(film.minutes for film in films),
            each=each_h,
            hours=each_h * len(films),
            real=len(footage),
            real_minutes=sum(film.minutes for film in footage),
        )
    ]
    for kind in sorted(VIEW_KINDS - {"camera_offline", "camera_clock"}):
        by_film = said.get(kind, {})
        names = ", ".join(f"{name} {number}" for name, number in by_film.items())
        lines.append(f"| {kind} | {sum(by_film.values())} | {names} |")
    lines.append(FAULTS_HEAD.format(well=WELL_S, fault=FAULT_S, noise=NOISES_GREY))
    lines += [fault_line(kind, f"{spread:g}", told) for (kind, spread), told in faults.items()]
    lines.append(fault_line("camera_frozen", "", frozen))
    lines.append(MOVED_HEAD.format(limit=WRONG_PX))
    lines += [turn_line(pan_px, tally) for pan_px, tally in turns.items()]
    lines.append(ZOOM_ROLL_HEAD)
    lines += [fault_line(name, "", told) for name, (told, _) in zoom_rolls.items()]
    result = ran | {
        "films": {film.name: round(film.minutes, 2) for film in films},
        "hours_each": each_h,
        "false_alarms": said,
        "faults": {f"{kind} {spread:g}": asdict(told) for (kind, spread), told in faults.items()}
        | {"camera_frozen": asdict(frozen)},
        "turns_px": {str(pan_px): asdict(tally) for pan_px, tally in turns.items()},
        "zoom_rolls": {name: asdict(told) for name, (told, _) in zoom_rolls.items()},
    }
    return result, "\n".join(lines) + "\n"


def main() -> None:
    """Read the films, run everything, write the result."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("folders", nargs="*", type=Path, default=FOLDERS, metavar="FOLDER")
    parser.add_argument("--hours", type=float, default=0.5, help="that each film is played")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    began_s = time.monotonic()
    films = films_in(options.folders)
    if not films:
        raise SystemExit("expected films in the folders, found none")
    result, table = report(films, options.hours)
    write_result(options.out, "integrity", result, table)
    print(table)
    print(f"took {time.monotonic() - began_s:.0f} s")


if __name__ == "__main__":
    main()
