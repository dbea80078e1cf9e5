"""``detector calibrate CONFIG --camera NAME``: shows distances on a frame, for checking by eye."""

import argparse
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the command's options."""
    parser = commands.add_parser("calibrate", help="print and draw distances on a frame")
    parser.add_argument("config", type=Path, metavar="CONFIG")
    parser.add_argument("--camera", metavar="NAME", help="default: the only one")
    parser.add_argument("--out", type=Path, metavar="OUT.png", help="default: calibration-NAME.png")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Take the camera's next frame, draw the scene and a grid of persons, print the table."""
    import cv2

    from detector.config import load_config
    from detector.errors import DetectorError
    from detector.evidence.calibration_sheet import draw_spots, spots, summary
    from detector.evidence.overlay import Picture, draw
    from detector.replay import choose_camera
    from detector.scene import Scene
    from detector.streams import PrivacyMasks, open_source
    from detector.types import CameraId, Tracks

    loaded = load_config(options.config)
    name = CameraId(choose_camera(loaded, options.camera))
    camera = loaded.config.cameras[name]
    masks = PrivacyMasks(camera.mask_polygons)
    with open_source(camera.ffmpeg.detect, name, masks=masks) as source:
        frame = next(iter(source))
    scene = Scene.build(frame.size, camera.zones, camera.barriers, camera.calibration)
    image = draw(Picture(frame=frame, tracks=Tracks.empty(frame.pts), scene=scene))
    found = spots(scene)
    draw_spots(image, found, estimated=scene.estimated)
    out = options.out or Path(f"calibration-{name}.png")
    if not cv2.imwrite(str(out), image):
        raise DetectorError(f"{out}: expected a picture file to write, e.g. calibration.png")
    for line in summary(scene):
        print(line)
    if found:
        print(f"{'x':>6} {'y':>6} {'person px':>10} {'distance m':>11}  side")
    for spot in found:
        distance = "" if spot.distance_m is None else f"{spot.distance_m:.2f}"
        where = f"{spot.foot[0]:6.0f} {spot.foot[1]:6.0f} {spot.person_px:10.0f} {distance:>11}"
        print(f"{where}  {spot.side} {spot.barrier}".rstrip())
    print(f"written: {out}")
    return 0
