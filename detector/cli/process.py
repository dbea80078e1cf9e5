"""``detector process SOURCE…``: analyses recordings as fast as the machine can."""

import argparse
import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from detector.replay import ReplayStep


def add_parser(commands: Any) -> None:
    """Add the command's options."""
    parser = commands.add_parser("process", help="analyse recordings, write events as JSON lines")
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="video file, folder or URL")
    parser.add_argument("--config", type=Path, required=True, metavar="CONFIG")
    parser.add_argument(
        "--camera", metavar="NAME", help="whose geometry and rules (default: only one)"
    )
    parser.add_argument("--events", type=Path, required=True, metavar="OUT.jsonl")
    parser.add_argument(
        "--video", type=Path, metavar="OUT.mp4", help="with boxes and barrier drawn"
    )
    parser.add_argument(
        "--detections",
        type=Path,
        metavar="OUT.jsonl",
        help="every analysed frame's boxes and tracks",
    )
    parser.add_argument(
        "--evidence",
        type=Path,
        metavar="DIR",
        help="snapshots and clips of what happened, as the service keeps them",
    )
    parser.add_argument("--report", type=Path, metavar="OUT.json", help="frames, speed, counts")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Analyse each source in turn; a broken one is said, the others go on."""
    import sys

    from rich.console import Console

    from detector.config import load_config
    from detector.errors import StreamError
    from detector.replay import Replay

    _make_folder(options.evidence)
    replay = Replay(load_config(options.config), options.camera)
    console = Console(stderr=True)
    console.print(f"[dim]{replay.info}[/]", soft_wrap=True, highlight=False)
    failure: StreamError | None = None
    reports = []
    with _opened(options.events) as events, _opened(options.detections) as seen:
        for number, source in enumerate(options.sources):
            video = _video_path(options.video, number)
            steps = replay.run(source, video, options.evidence)
            try:
                for step in _with_progress(steps, Path(source).name, console):
                    _write(events, *(event.to_json() for event in step.events))
                    if seen is not None and step.detections is not None:
                        _write(seen, json.dumps({"source": Path(source).name, **step.seen()}))
                told = replay.last_report
            except StreamError as error:
                failure = error
                print(f"detector: {error}", file=sys.stderr)
                told = replay.last_report or {"source": source, "error": str(error)}
            reports.append(told)
            if "evidence" in told:
                console.print(_kept(told["evidence"]), soft_wrap=True, highlight=False)
    if options.report is not None:
        options.report.write_text(json.dumps(replay.report(reports), indent=2) + "\n", "utf-8")
    return failure.exit_code if failure else 0


def _opened(path: Path | None) -> "AbstractContextManager[TextIO | None]":
    """Open a file to write; nothing for no path."""
    from detector.errors import DetectorError

    if path is None:
        return nullcontext()
    try:
        return path.open("w", encoding="utf-8")
    except OSError as error:
        raise DetectorError(f"{path}: expected a file to write, found: {error}") from error


def _kept(evidence: "Mapping[str, Any]") -> str:
    """Say in lines what there is to show, and what is missing."""
    told = (
        f"evidence: snapshots {evidence['snapshots']} (failed {evidence['snapshots_failed']}), "
        f"clips {evidence['clips_ready']} (missing {evidence['clips_missing']})"
    )
    missing = [
        f"missing: clip {clip['number']} of incident {clip['incident_id']}: {clip['reason']}"
        for clip in evidence["clips"]
        if not clip["ready"]
    ]
    return "\n".join([told, *missing])


def _make_folder(path: Path | None) -> None:
    from detector.errors import DetectorError

    try:
        if path is not None:
            path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DetectorError(f"{path}: expected a folder to write, found: {error}") from error


def _write(file: TextIO | None, *lines: str) -> None:
    if file is not None and lines:
        file.writelines(line + "\n" for line in lines)
        file.flush()


def _video_path(path: Path | None, number: int) -> Path | None:
    """Give the first source the name that was asked for, later ones a number behind it."""
    if path is None or number == 0:
        return path
    return path.with_stem(f"{path.stem}-{number + 1}")


def _with_progress(
    steps: "Iterator[ReplayStep]", name: str, console: Any
) -> "Iterator[ReplayStep]":
    """Pass the steps on and show how far they are."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(name, total=None, speed="")
        for step in steps:
            yield step
            speed = f"{step.realtime_factor:.1f}x real time"
            progress.update(task, completed=step.pts_s, total=step.duration_s, speed=speed)
