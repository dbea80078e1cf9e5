"""Command line: `python -m benchmarks.simulator pictures|render|preview …`."""

import argparse
import json
from pathlib import Path

import cv2

from benchmarks.simulator.contact_sheets import contact_sheet, write_sheet
from benchmarks.simulator.coverage import tables
from benchmarks.simulator.recipe import read_recipe
from benchmarks.simulator.retell import retold
from benchmarks.simulator.scene import read_scene
from benchmarks.simulator.scene_set import render_set

GENERAL = Path("benchmarks/scenes/train/general.yaml")


def _pictures(args: argparse.Namespace) -> None:
    from benchmarks.simulator.pictures import PictureMaker  # noqa: PLC0415 - needs EGL, the others may not

    PictureMaker(read_recipe(args.recipe), args.seed, args.out).run(args.count)


def _sheet(args: argparse.Namespace) -> None:
    from benchmarks.simulator.pictures import contact_sheet  # noqa: PLC0415

    names = sorted(p.stem for p in (args.folder / "labels").glob("*.txt"))[args.start :: args.step][
        : args.number
    ]
    cv2.imwrite(str(args.out), contact_sheet(args.folder, names, args.columns))


def _render(args: argparse.Namespace) -> None:
    from benchmarks.simulator.render import render  # noqa: PLC0415

    render(read_scene(args.scene), args.out)


def _render_set(args: argparse.Namespace) -> None:
    render_set(args.folder, args.out)


def _contact_sheets(args: argparse.Namespace) -> None:
    write_sheet(contact_sheet(args.folder), args.out)


def _coverage(args: argparse.Namespace) -> None:
    print(tables(args.folder), end="")


def _events(args: argparse.Namespace) -> None:
    document = json.loads(args.truth.read_text())
    text = json.dumps(retold(read_scene(args.scene), document), separators=(",", ":"))
    args.truth.write_text(text + "\n")


def _preview(args: argparse.Namespace) -> None:
    from benchmarks.simulator.render import preview  # noqa: PLC0415

    out = args.out or Path(f"{args.scene.stem}.png")
    cv2.imwrite(str(out), preview(read_scene(args.scene), args.frames))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulator", description=__doc__)
    commands = parser.add_subparsers(required=True)
    pictures = commands.add_parser("pictures", help="labelled pictures to train on (YOLO layout)")
    pictures.add_argument("--seed", type=int, required=True)
    pictures.add_argument("--count", type=int, required=True)
    pictures.add_argument("--out", type=Path, required=True)
    pictures.add_argument("--recipe", type=Path, default=GENERAL, help="default: %(default)s")
    pictures.set_defaults(run=_pictures)
    sheet = commands.add_parser("sheet", help="contact sheet of labelled pictures")
    sheet.add_argument("folder", type=Path)
    sheet.add_argument("out", type=Path)
    sheet.add_argument("--number", type=int, default=16)
    sheet.add_argument("--start", type=int, default=0)
    sheet.add_argument("--step", type=int, default=1)
    sheet.add_argument("--columns", type=int, default=4)
    sheet.set_defaults(run=_sheet)
    clip = commands.add_parser("render", help="a scene file to OUT/<name>.mp4 and .truth.json")
    clip.add_argument("scene", type=Path)
    clip.add_argument("out", type=Path)
    clip.set_defaults(run=_render)
    clips = commands.add_parser("render-set", help="a folder of scenes; skips what is unchanged")
    clips.add_argument("folder", type=Path)
    clips.add_argument("out", type=Path)
    clips.set_defaults(run=_render_set)
    overview = commands.add_parser("contact-sheets", help="a JPEG with a row for each clip")
    overview.add_argument("folder", type=Path, help="what render-set wrote")
    overview.add_argument("out", type=Path)
    overview.set_defaults(run=_contact_sheets)
    counts = commands.add_parser("coverage", help="tables of what the scenes cover, as Markdown")
    counts.add_argument("folder", type=Path, help="with the groups as folders: dev/, test/")
    counts.set_defaults(run=_coverage)
    events = commands.add_parser("events", help="a truth file anew, without rendering")
    events.add_argument("scene", type=Path)
    events.add_argument("truth", type=Path)
    events.set_defaults(run=_events)
    look = commands.add_parser("preview", help="a contact sheet of a scene file")
    look.add_argument("scene", type=Path)
    look.add_argument("--out", type=Path)
    look.add_argument("--frames", type=int, default=12)
    look.set_defaults(run=_preview)
    return parser


def main() -> None:
    """Runs the command line."""
    args = _parser().parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
