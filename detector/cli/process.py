"""``detector process SOURCE…``: analyses recordings as fast as the machine can."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from detector.replay import Replay


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
    parser.add_argument("--report", type=Path, metavar="OUT.json", help="frames, speed, counts")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Analyse each source in turn; a broken one is said, the others go on."""
    import sys

    from rich.console import Console

    from detector.config import load_config
    from detector.errors import StreamError
    from detector.replay import Replay

    replay = Replay(load_config(options.config), options.camera)
    console = Console(stderr=True)
    console.print(f"[dim]{replay.info}[/]", soft_wrap=True, highlight=False)
    failure: StreamError | None = None
    reports = []
    with options.events.open("w", encoding="utf-8") as lines:
        for number, source in enumerate(options.sources):
            video = _video_path(options.video, number)
            try:
                reports.append(_one(replay, source, lines, video, console))
            except StreamError as error:
                failure = error
                print(f"detector: {error}", file=sys.stderr)
                reports.append({"source": source, "error": str(error)})
    if options.report is not None:
        options.report.write_text(json.dumps(replay.report(reports), indent=2) + "\n", "utf-8")
    return failure.exit_code if failure else 0


def _video_path(path: Path | None, number: int) -> Path | None:
    """Give the first source the name that was asked for, later ones a number behind it."""
    if path is None or number == 0:
        return path
    return path.with_stem(f"{path.stem}-{number + 1}")


def _one(replay: "Replay", source: str, lines: Any, video: Path | None, console: Any) -> Any:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(Path(source).name, total=None, speed="")
        for step in replay.run(source, video):
            for event in step.events:
                lines.write(event.to_json() + "\n")
            lines.flush()
            speed = f"{step.realtime_factor:.1f}x real time"
            progress.update(task, completed=step.pts_s, total=step.duration_s, speed=speed)
    return replay.last_report
