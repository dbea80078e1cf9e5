"""``detector bench accuracy SITE``: scores recordings; ``bench from-mot``: makes truth files."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from detector.benchmark.accuracy import Progress
    from detector.benchmark.report import AccuracyReport
    from detector.streams import InputSettings

WORSE = 5
"""Exit code of a comparison that found detection or false alarms worse than the baseline."""


def add_parser(commands: Any) -> None:
    """Add the command's options."""
    parser = commands.add_parser("bench", help="score recordings against truth files")
    kinds = parser.add_subparsers(dest="bench", required=True, metavar="WHAT")
    accuracy = kinds.add_parser("accuracy", help="events told, missed and invented, by condition")
    accuracy.add_argument("config", type=Path, metavar="SITE")
    accuracy.add_argument(
        "--camera", action="append", default=[], metavar="NAME", help="only these (default: all)"
    )
    accuracy.add_argument("--out", type=Path, metavar="DIR", help="write report.json, .md, .html")
    accuracy.add_argument("--baseline", type=Path, metavar="REPORT.json", help="fail if worse")
    accuracy.add_argument("--window", type=float, default=10.0, metavar="S", help="default: 10")
    accuracy.add_argument(
        "--late-is-false", action="store_true", help="count alarms after the window as false"
    )
    accuracy.set_defaults(run=run_accuracy)
    mot = kinds.add_parser("from-mot", help="make a truth file from MOTChallenge gt.txt and a line")
    mot.add_argument("gt", type=Path, metavar="GT.txt")
    mot.add_argument("media", type=Path, metavar="CLIP", help="the recording")
    mot.add_argument("--line", required=True, metavar="X1,Y1,X2,Y2", help="pixels")
    mot.add_argument("--where", default="line", metavar="NAME", help="the barrier's name")
    mot.add_argument("--tag", action="append", default=[], metavar="WORD")
    mot.set_defaults(run=run_from_mot)


def run_accuracy(options: argparse.Namespace) -> int:
    """Run every recording twice, print the summary, write the report, compare."""
    from rich.console import Console

    from detector.benchmark.accuracy import find_clips, measure
    from detector.benchmark.baseline import compare, read_report, to_text
    from detector.benchmark.matching import Protocol
    from detector.config import load_config
    from detector.vision.onnx_detector import load_detector

    loaded = load_config(options.config)
    clips = find_clips(loaded, options.camera)
    baseline = read_report(options.baseline) if options.baseline else None
    protocol = Protocol(window_s=options.window, late_is_fp=options.late_is_false)
    detector = load_detector(loaded.config.model)
    console = Console(stderr=True)
    console.print(f"[dim]{detector.info}[/]", soft_wrap=True, highlight=False)
    with _progress(console, passes=2 * len(clips)) as progress:
        report = measure(loaded, clips, detector, protocol, progress)
    if options.out is not None:
        inputs = {c.camera: loaded.config.cameras[c.camera].ffmpeg.detect for c in clips}
        _write(report, options.out, inputs)
    print(_summary(report))
    if baseline is None:
        return 0
    comparison = compare(baseline, report)
    print(to_text(comparison))
    return 0 if comparison.passed else WORSE


def run_from_mot(options: argparse.Namespace) -> int:
    """Write the truth file beside the recording."""
    from detector.benchmark.mot import Line, read_rows, to_truth
    from detector.benchmark.truth import truth_beside

    line = Line(*_line(options.line))
    truth = to_truth(
        read_rows(options.gt), _recording(options.media), options.where, line, options.tag
    )
    out = truth_beside(options.media)
    out.write_text(truth.model_dump_json(by_alias=True, exclude_defaults=True) + "\n", "utf-8")
    print(f"written: {out}, {len(truth.events)} crossings")
    return 0


def _line(text: str) -> "tuple[tuple[float, float], tuple[float, float]]":
    from detector.errors import ConfigError, Problem

    try:
        x1, y1, x2, y2 = (float(part) for part in text.split(","))
    except ValueError:
        raise ConfigError(Problem("--line", "X1,Y1,X2,Y2 in pixels", repr(text))) from None
    if (x1, y1) == (x2, y2):
        raise ConfigError(Problem("--line", "two different points", repr(text)))
    return (x1, y1), (x2, y2)


def _recording(media: Path) -> Any:
    """Ask the file for its rate, length and size."""
    from detector.benchmark.mot import Recording
    from detector.errors import SourceBroken
    from detector.streams import InputSettings, open_source
    from detector.types import CameraId

    settings = InputSettings.model_validate({"path": str(media), "pace": "fast"})
    with open_source(settings, CameraId(media.stem)) as source:
        size = next(iter(source)).size
        if source.fps is None or source.duration_s is None:
            raise SourceBroken(f"{media}: expected a rate and a length, the file does not say")
        return Recording(media.name, source.fps, round(source.duration_s * source.fps), size)


def _progress(console: Any, passes: int) -> Any:
    """Show how far the passes are."""
    from contextlib import contextmanager

    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())

    @contextmanager
    def shown() -> "Iterator[Progress]":
        with Bars(*columns, console=console) as bars:
            task = bars.add_task("", total=float(passes))
            done: dict[tuple[str, str], float] = {}

            def tell(camera: str, boxes: str, at_s: float, length_s: float) -> None:
                done[camera, boxes] = min(at_s / length_s, 1.0)
                words = f"{camera}, {boxes.replace('_', ' ')}"
                bars.update(task, description=words, completed=sum(done.values()))

            yield tell

    return shown()


def _write(report: "AccuracyReport", out: Path, inputs: "dict[str, InputSettings]") -> None:
    from detector.benchmark.markdown import to_markdown
    from detector.benchmark.page import to_html
    from detector.benchmark.strip import pictures
    from detector.benchmark.truth import ALERT_KINDS

    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(report.to_json(), "utf-8")
    (out / "report.md").write_text(to_markdown(report), "utf-8")
    strip = pictures(report.failures, inputs, ALERT_KINDS)
    (out / "report.html").write_text(to_html(report, strip), "utf-8")
    print(f"written: {out / 'report.html'}, report.md, report.json")


def _summary(report: "AccuracyReport") -> str:
    """Give what fits a terminal."""
    lines = []
    passes = {"with the network": report.detector, "with true boxes": report.true_boxes}
    for name, part in passes.items():
        if part is None:
            continue
        score = part.overall
        lines.append(
            f"{name}: {score.tp} of {score.events} events told within the window, "
            f"{score.fp} false alarms in {60 * score.camera_hours:.1f} camera-minutes"
        )
    return "\n".join(lines)
