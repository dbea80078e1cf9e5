"""``detector check CONFIG``: validates a file, opens model and sources, prints the plan."""

import argparse
from pathlib import Path
from typing import Any


def add_parser(commands: Any) -> None:
    """Add the command's options."""
    parser = commands.add_parser("check", help="validate a configuration and open its sources")
    parser.add_argument("config", type=Path, metavar="CONFIG")
    parser.add_argument(
        "--offline", action="store_true", help="do not open the sources, only check the file"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what the service would do; the first fault of a model or source ends it."""
    from detector.config import load_config
    from detector.config.plan import camera_rules
    from detector.errors import StreamError
    from detector.streams import open_source, redact
    from detector.types import CameraId
    from detector.vision.onnx_detector import load_detector

    loaded = load_config(options.config)
    for key in loaded.ignored:
        print(f"ignored  {key}: a Frigate key this service does not act on")
    detector = load_detector(loaded.config.model)
    print(f"model    {detector.info}")
    for line in loaded.config.retention.lines():
        print(f"keep     {line}")
    failure: StreamError | None = None
    for name, camera in loaded.config.cameras.items():
        source = camera.ffmpeg.detect
        print(
            f"camera   {name}  {redact(source.path)}" + ("" if camera.enabled else "  (disabled)")
        )
        for mask_name, mask in camera.privacy_masks.items():
            print(f"  mask   {mask_name}: {mask.reason or 'no reason given'}")
        for rule_name, rule in camera_rules(camera).items():
            print(f"  rule   {rule_name}: {rule.kind}, severity {rule.severity}")
        if options.offline or not camera.enabled:
            continue
        try:
            with open_source(source, CameraId(name), camera.detect.fps) as opened:
                frame = next(iter(opened))
                print(f"  source {opened.describe()}: first picture {frame.size}")
        except StreamError as error:
            failure = error
            print(f"  source FAILED {error}")
    if failure is not None:
        return failure.exit_code
    print("ok")
    return 0
